/* Writes message/imdn+xml, and the message around it; see imdn.h. */
#include "codecs/base64.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/imdn_words.h"
#include "codecs/utf8.h"

enum { REPLACEMENT = 0xfffd };

/* XML 1.0 section 2.2: what a document may hold, entity or not. */
static bool is_xml_character(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c != 0xfffe && c != 0xffff);
}

/* A carriage return would come back as a line feed, and `]]>` may not stand in text. */
static void write_character(teal_writer *out, uint32_t c)
{
    switch (c) {
    case '&':
        teal_write_text(out, "&amp;");
        break;
    case '<':
        teal_write_text(out, "&lt;");
        break;
    case '>':
        teal_write_text(out, "&gt;");
        break;
    case '\r':
        teal_write_text(out, "&#13;");
        break;
    default:
        teal_utf8_write(out, is_xml_character(c) ? c : REPLACEMENT);
    }
}

static void write_text(teal_writer *out, teal_bytes text)
{
    teal_reader r = teal_reader_of(text);
    while (teal_read_left(&r) > 0) {
        uint32_t c;
        if (teal_utf8_read(&r, &c) != TEAL_OK) {
            teal_read_u8(&r);
            c = REPLACEMENT;
        }
        write_character(out, c);
    }
}

/* Left out where there is no text. */
static void write_element(teal_writer *out, const char *name, teal_bytes text)
{
    if (text.len == 0)
        return;
    teal_write_text(out, "<");
    teal_write_text(out, name);
    teal_write_text(out, ">");
    write_text(out, text);
    teal_write_text(out, "</");
    teal_write_text(out, name);
    teal_write_text(out, ">");
}

static void write_notification(teal_writer *out, const teal_imdn *n)
{
    bool oma = n->kind == TEAL_IMDN_INTERWORKING;
    const char *const pieces[] = {
        oma ? "<c:" : "<",
        teal_imdn_kinds[n->kind],
        oma ? " xmlns:c=\"" TEAL_XMLNS_INTERWORKING "\"><c:status><c:" : "><status><",
        teal_imdn_statuses[n->status].name,
        oma ? "/></c:status></c:" : "/></status></",
        teal_imdn_kinds[n->kind],
        ">",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        teal_write_text(out, pieces[i]);
}

static bool is_notification(const teal_imdn *n)
{
    return n->kind >= TEAL_IMDN_DELIVERY && n->kind <= TEAL_IMDN_INTERWORKING &&
           n->status >= TEAL_IMDN_DELIVERED && n->status <= TEAL_IMDN_LEGACY_MMS &&
           (teal_imdn_statuses[n->status].kinds >> n->kind & 1) != 0;
}

teal_result teal_imdn_encode(const teal_imdn *n, teal_writer *out)
{
    uint8_t text[24];
    teal_writer sent_at = { text, sizeof text, 0 };
    if (!is_notification(n) || n->message_id.len == 0)
        return TEAL_MALFORMED;
    if (n->message_id.len > TEAL_MAX_ID_BYTES || n->recipient_uri.len > TEAL_IMDN_MAX_TEXT_BYTES ||
        n->original_recipient_uri.len > TEAL_IMDN_MAX_TEXT_BYTES ||
        n->subject.len > TEAL_IMDN_MAX_TEXT_BYTES ||
        (n->has_sent_at && teal_datetime_encode(n->sent_at_ms, &sent_at) != TEAL_OK))
        return TEAL_LIMIT;
    teal_write_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                         "<imdn xmlns=\"" TEAL_XMLNS_IMDN "\">");
    write_element(out, "message-id", n->message_id);
    write_element(out, "datetime", teal_written(&sent_at));
    write_element(out, "recipient-uri", n->recipient_uri);
    write_element(out, "original-recipient-uri", n->original_recipient_uri);
    write_element(out, "subject", n->subject);
    write_notification(out, n);
    teal_write_text(out, "</imdn>\r\n");
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

static void put_receipt(teal_cpim_writer *w, teal_bytes receipt)
{
    teal_cpim_put_ns(w, "e2ee", TEAL_NS_E2EE);
    teal_write_text(w->out, "e2ee.Receipt: ");
    teal_base64url_encode(receipt, w->out);
    teal_write_text(w->out, "\r\n");
}

teal_result teal_imdn_message_encode(const teal_rcs_head *head, const teal_rcs_routing *routing,
                                     const teal_imdn *n, teal_bytes receipt, teal_writer *out)
{
    teal_cpim_writer w = { .out = out };
    if (head->wants != 0) /* a notification of a notification would never end */
        return TEAL_MALFORMED;
    teal_rcs_head_write(&w, head, routing);
    if (receipt.len > 0)
        put_receipt(&w, receipt);
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", TEAL_IMDN_TYPE);
    teal_cpim_put_mime(&w, "Content-Disposition", "notification");
    teal_cpim_put_body(&w, (teal_bytes){ 0 });
    teal_result result = teal_imdn_encode(n, out);
    return w.failed ? TEAL_MALFORMED : result;
}
