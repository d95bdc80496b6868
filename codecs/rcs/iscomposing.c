/* Reads and writes application/im-iscomposing+xml; see iscomposing.h. */
#include "codecs/rcs/iscomposing.h"

#include "codecs/rcs/datetime.h"

typedef struct composing_texts {
    teal_bytes state, content_type, refresh, last_active;
} composing_texts;

static teal_result read_text(const teal_xml_element *root, const char *name, teal_bytes *text,
                             teal_diag *why)
{
    const teal_xml_element *e;
    *text = (teal_bytes){ 0 };
    if (!teal_xml_child(root, &root->ns, name, &e))
        return teal_refuse(TEAL_MALFORMED, "REQ-CMP-2 element twice", root->at, why);
    if (e != NULL && e->text.len > TEAL_ISCOMPOSING_MAX_TEXT_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-CMP-2 text too long", e->at, why);
    if (e != NULL)
        *text = e->text;
    return TEAL_OK;
}

static teal_result read_texts(const teal_xml_element *root, composing_texts *t, teal_diag *why)
{
    const teal_bytes known = teal_text(TEAL_XMLNS_ISCOMPOSING), none = { 0 };
    if (!teal_xml_is(root, known, "isComposing") && !teal_xml_is(root, none, "isComposing"))
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-CMP-1 root is not isComposing", root->at, why);
    teal_result result = read_text(root, "state", &t->state, why);
    if (result == TEAL_OK)
        result = read_text(root, "contenttype", &t->content_type, why);
    if (result == TEAL_OK)
        result = read_text(root, "refresh", &t->refresh, why);
    if (result == TEAL_OK)
        result = read_text(root, "lastactive", &t->last_active, why);
    if (result == TEAL_OK && t->state.len == 0)
        result = teal_refuse(TEAL_MALFORMED, "REQ-CMP-2 no state", root->at, why);
    return result;
}

teal_result teal_iscomposing_decode(teal_bytes in, teal_arena *arena, teal_iscomposing *out,
                                    teal_diag *why)
{
    const teal_xml_element *root;
    composing_texts t;
    uint64_t refresh_s = 0;
    teal_result result = teal_xml_read(in, arena, &root, why);
    if (result == TEAL_OK)
        result = read_texts(root, &t, why);
    if (result != TEAL_OK)
        return result;
    *out = (teal_iscomposing){ .active = teal_bytes_equal(t.state, teal_text("active")),
                               .content_type = t.content_type };
    if (teal_xml_number(t.refresh, UINT32_MAX, &refresh_s))
        out->refresh_s = (uint32_t)refresh_s;
    out->has_last_active =
        teal_datetime_decode(t.last_active, &out->last_active_ms, NULL) == TEAL_OK;
    return TEAL_OK;
}

teal_result teal_iscomposing_encode(const teal_iscomposing *c, teal_writer *out)
{
    uint8_t text[24];
    teal_writer last_active = { text, sizeof text, 0 };
    if (c->content_type.len > TEAL_ISCOMPOSING_MAX_TEXT_BYTES ||
        (c->has_last_active && teal_datetime_encode(c->last_active_ms, &last_active) != TEAL_OK))
        return TEAL_LIMIT;
    teal_write_text(out, TEAL_XML_DECLARATION "<isComposing xmlns=\"" TEAL_XMLNS_ISCOMPOSING "\">");
    teal_xml_put_element(out, "state", teal_text(c->active ? "active" : "idle"));
    teal_xml_put_element(out, "lastactive", teal_written(&last_active));
    teal_xml_put_element(out, "contenttype", c->content_type);
    if (c->refresh_s > 0)
        teal_xml_put_number(out, "refresh", c->refresh_s);
    teal_write_text(out, "</isComposing>\r\n");
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}
