/* Plain text messages in CPIM; see plain.h. Holds message text: used in the plaintext room only. */
#include "codecs/rcs/plain.h"

#include "codecs/rcs/bodies_words.h"
#include "codecs/rcs/field.h"
#include "codecs/utf8.h"

static teal_result refuse(teal_result result, const char *rule, const teal_cpim *m, teal_diag *why)
{
    return teal_refuse(result, rule, m->body_at, why);
}

/* The charset parameter, without its quotes; empty where there is none. */
static teal_bytes charset_of(teal_bytes content_type)
{
    teal_bytes piece, rest, name, value;
    teal_field_split(content_type, ';', &piece, &rest);
    while (rest.len > 0) {
        teal_field_split(rest, ';', &piece, &rest);
        teal_field_split(piece, '=', &name, &value);
        value = teal_field_trim(value);
        if (!teal_ascii_same(teal_field_trim(name), teal_text("charset")))
            continue;
        if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
            value = (teal_bytes){ value.at + 1, value.len - 2 };
        return value;
    }
    return (teal_bytes){ 0 };
}

bool teal_plain_charset_is_utf8(teal_bytes content_type)
{
    static const char *const charsets[] = { "utf-8", "utf8", "us-ascii" };
    teal_bytes charset = charset_of(content_type);
    bool utf8 = charset.len == 0;
    for (size_t i = 0; i < sizeof charsets / sizeof charsets[0]; i++)
        utf8 = utf8 || teal_ascii_same(charset, teal_text(charsets[i]));
    return utf8;
}

static teal_result check_type(const teal_cpim *m, teal_diag *why)
{
    if (!teal_cpim_type_is(m, "text/plain"))
        return refuse(TEAL_UNSUPPORTED, "REQ-CPIM-50 part is not text/plain", m, why);
    if (!teal_plain_charset_is_utf8(m->content_type))
        return refuse(TEAL_UNSUPPORTED, "REQ-CPIM-52 charset is not UTF-8", m, why);
    return TEAL_OK;
}

/* What a text must be, whichever way it goes. */
static teal_result check_text(teal_bytes text, size_t at, teal_diag *why)
{
    if (text.len > TEAL_PLAIN_MAX_TEXT_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-CPIM-54 text too long", at, why);
    if (text.len == 0 || memchr(text.at, 0, text.len) != NULL || !teal_utf8_valid(text))
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-54 text is empty or not UTF-8", at, why);
    return TEAL_OK;
}

/* The level, and what the text says too, is all that e2ee headers may say of a plain message. */
static teal_result check_level(const teal_cpim *m, teal_diag *why)
{
    for (size_t i = 0; i < m->n_headers; i++) {
        const teal_cpim_header *h = &m->headers[i];
        if (!teal_bytes_equal(h->ns, teal_text(TEAL_NS_E2EE)))
            continue;
        bool level = teal_ascii_same(h->name, teal_text("Level")) &&
                     teal_ascii_same(h->value, teal_text("transport"));
        if (!level && teal_body_find(h->name) == TEAL_BODY_HEADERS)
            return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-51 e2ee header in a plain message", h->at,
                               why);
    }
    return TEAL_OK;
}

teal_result teal_plain_read(const teal_cpim *m, teal_arena *arena, teal_rcs_routing *routing,
                            teal_plain *out, teal_diag *why)
{
    teal_rcs_routing found = routing != NULL ? *routing : (teal_rcs_routing){ 0 };
    teal_rcs_head head;
    teal_bytes text = { 0 };
    teal_result result = check_level(m, why);
    if (result == TEAL_OK)
        result = check_type(m, why);
    if (result == TEAL_OK)
        result = teal_rcs_content(m, arena, &text, why);
    if (result == TEAL_OK)
        result = check_text(text, m->body_at, why);
    if (result == TEAL_OK)
        result = teal_rcs_head_read(m, arena, &found, &head, why);
    if (result == TEAL_OK && !head.has_sent_at)
        result = teal_refuse(TEAL_MALFORMED, "REQ-CPIM-32 no DateTime", 0, why);
    if (result == TEAL_OK && head.n_to != 1)
        result = teal_refuse(TEAL_UNSUPPORTED, "REQ-CPIM-55 plain message to several recipients", 0,
                             why);
    if (result != TEAL_OK)
        return result;
    *out =
        (teal_plain){ head.from, head.to[0], head.message_id, head.sent_at_ms, head.wants, text };
    if (routing != NULL)
        *routing = found;
    return TEAL_OK;
}

teal_result teal_plain_decode(teal_bytes in, teal_arena *arena, teal_rcs_routing *routing,
                              teal_plain *out, teal_diag *why)
{
    teal_cpim m;
    teal_result result = teal_cpim_decode(in, arena, &m, why);
    if (result != TEAL_OK)
        return result;
    return teal_plain_read(&m, arena, routing, out, why);
}

teal_result teal_plain_encode(const teal_plain *p, const teal_rcs_routing *routing,
                              teal_writer *out)
{
    teal_cpim_writer w = { .out = out };
    const teal_rcs_head head = { .from = p->from,
                                 .to = &p->to,
                                 .n_to = 1,
                                 .sent_at_ms = p->sent_at_ms,
                                 .message_id = p->message_id,
                                 .wants = p->wants };
    teal_result result = check_text(p->text, 0, NULL);
    if (result != TEAL_OK)
        return result;
    teal_rcs_head_write(&w, &head, routing);
    teal_cpim_put_ns(&w, "e2ee", TEAL_NS_E2EE);
    teal_cpim_put(&w, "e2ee.Level", teal_text("transport"));
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", teal_text("text/plain;charset=UTF-8"));
    teal_cpim_put_body(&w, p->text);
    return teal_cpim_finish(&w);
}
