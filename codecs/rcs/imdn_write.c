/* Writes message/imdn+xml, and the message around it; see imdn.h. */
#include "codecs/base64.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/imdn_words.h"

/* From behind the name of the status on. */
static void write_reason(teal_writer *out, const teal_imdn *n)
{
    teal_write_text(out, "><");
    teal_write_text(out, teal_imdn_reasons[n->reason_of]);
    teal_write_text(out, "><");
    teal_write_bytes(out, n->reason);
    teal_write_text(out, "/></");
    teal_write_text(out, teal_imdn_reasons[n->reason_of]);
    teal_write_text(out, "></");
    teal_write_text(out, teal_imdn_statuses[n->status].name);
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
    };
    const char *const ends[] = {
        oma ? "</c:status></c:" : "</status></",
        teal_imdn_kinds[n->kind],
        ">",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        teal_write_text(out, pieces[i]);
    if (n->reason_of != TEAL_IMDN_NO_REASON)
        write_reason(out, n);
    else
        teal_write_text(out, "/>");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        teal_write_text(out, ends[i]);
}

static bool is_notification(const teal_imdn *n)
{
    return n->kind >= TEAL_IMDN_DELIVERY && n->kind <= TEAL_IMDN_INTERWORKING &&
           n->status >= TEAL_IMDN_DELIVERED && n->status <= TEAL_IMDN_LEGACY_MMS &&
           (teal_imdn_statuses[n->status].kinds >> n->kind & 1) != 0;
}

static bool has_good_reason(const teal_imdn *n)
{
    if (n->reason_of == TEAL_IMDN_NO_REASON)
        return n->reason.len == 0;
    return n->reason_of <= TEAL_IMDN_MLS_SERVER && n->status == TEAL_IMDN_FAILED &&
           teal_imdn_is_reason(n->reason);
}

teal_result teal_imdn_encode(const teal_imdn *n, teal_writer *out)
{
    uint8_t text[24];
    teal_writer sent_at = { text, sizeof text, 0 };
    if (!is_notification(n) || !has_good_reason(n) || n->message_id.len == 0 ||
        !teal_ascii_is_visible(n->message_id) || !teal_ascii_is_visible(n->recipient_uri) ||
        !teal_ascii_is_visible(n->original_recipient_uri))
        return TEAL_MALFORMED;
    if (n->message_id.len > TEAL_MAX_ID_BYTES || n->recipient_uri.len > TEAL_IMDN_MAX_TEXT_BYTES ||
        n->original_recipient_uri.len > TEAL_IMDN_MAX_TEXT_BYTES ||
        n->subject.len > TEAL_IMDN_MAX_TEXT_BYTES ||
        (n->has_sent_at && teal_datetime_encode(n->sent_at_ms, &sent_at) != TEAL_OK))
        return TEAL_LIMIT;
    teal_write_text(out, TEAL_XML_DECLARATION "<imdn xmlns=\"" TEAL_XMLNS_IMDN "\">");
    teal_xml_put_element(out, "message-id", n->message_id);
    teal_xml_put_element(out, "datetime", teal_written(&sent_at));
    teal_xml_put_element(out, "recipient-uri", n->recipient_uri);
    teal_xml_put_element(out, "original-recipient-uri", n->original_recipient_uri);
    teal_xml_put_element(out, "subject", n->subject);
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
    teal_cpim_put_mime(&w, "Content-Type", teal_text(TEAL_IMDN_TYPE));
    teal_cpim_put_mime(&w, "Content-Disposition", teal_text("notification"));
    teal_cpim_put_body(&w, (teal_bytes){ 0 });
    teal_result result = teal_imdn_encode(n, out);
    return w.failed ? TEAL_MALFORMED : result;
}
