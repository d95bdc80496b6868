/* Reads message/imdn+xml with expat; see imdn.h. Nothing outside of the document is ever fetched: a
 * document type is refused as soon as it begins. */
#include "codecs/rcs/imdn.h"

#include "codecs/base64.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/imdn_words.h"

#include <expat.h>

/* Between namespace and name in what expat hands over; stands in no name. */
#define SEPARATOR '\n'

enum { ROOT_DEPTH = 1, ITEM_DEPTH, STATUS_DEPTH, VALUE_DEPTH };

typedef enum field { MESSAGE_ID, DATETIME, RECIPIENT, ORIGINAL_RECIPIENT, SUBJECT, FIELDS } field;

static const char *const field_names[FIELDS] = {
    [MESSAGE_ID] = "message-id",   [DATETIME] = "datetime",
    [RECIPIENT] = "recipient-uri", [ORIGINAL_RECIPIENT] = "original-recipient-uri",
    [SUBJECT] = "subject",
};

typedef struct imdn_reader {
    XML_Parser parser;
    teal_arena *arena;
    teal_diag *why;
    teal_result result;
    unsigned depth;
    teal_bytes root_ns; /* empty, or TEAL_XMLNS_IMDN */
    field open;         /* FIELDS: none */
    bool in_notification, in_status;
    teal_writer texts[FIELDS]; /* base is NULL where the element was not there */
    teal_imdn out;
} imdn_reader;

static size_t position(const imdn_reader *r)
{
    XML_Index at = XML_GetCurrentByteIndex(r->parser);
    return at > 0 ? (size_t)at : 0;
}

/* The first refusal stands; expat is told to go no further. */
static void refuse(imdn_reader *r, teal_result result, const char *rule)
{
    if (r->result == TEAL_OK)
        r->result = teal_refuse(result, rule, position(r), r->why);
    XML_StopParser(r->parser, XML_FALSE);
}

static void split_name(const char *qualified, teal_bytes *ns, teal_bytes *local)
{
    const char *mark = strrchr(qualified, SEPARATOR);
    *local = teal_text(mark != NULL ? mark + 1 : qualified);
    *ns = (teal_bytes){ (const uint8_t *)qualified, mark != NULL ? (size_t)(mark - qualified) : 0 };
}

static void begin_root(imdn_reader *r, teal_bytes ns, teal_bytes local)
{
    bool known = ns.len == 0 || teal_bytes_equal(ns, teal_text(TEAL_XMLNS_IMDN));
    if (!known || !teal_bytes_equal(local, teal_text("imdn")))
        refuse(r, TEAL_UNSUPPORTED, "REQ-IMDN-3 root is not imdn");
    r->root_ns = ns.len == 0 ? ns : teal_text(TEAL_XMLNS_IMDN);
}

static void begin_text(imdn_reader *r, field f)
{
    if (r->texts[f].base != NULL) {
        refuse(r, TEAL_MALFORMED, "REQ-IMDN-4 element twice");
        return;
    }
    r->texts[f].base = teal_arena_take(r->arena, TEAL_IMDN_MAX_TEXT_BYTES);
    r->texts[f].cap = TEAL_IMDN_MAX_TEXT_BYTES;
    if (r->texts[f].base == NULL)
        refuse(r, TEAL_SPACE, "REQ-IMDN-2 arena full");
    else
        r->open = f;
}

/* Child of the root. Names of other namespaces are not ours to read, save interworking. */
static void begin_item(imdn_reader *r, teal_bytes ns, teal_bytes local)
{
    bool own = teal_bytes_equal(ns, r->root_ns);
    for (field f = 0; f < FIELDS && own; f++) {
        if (teal_bytes_equal(local, teal_text(field_names[f])))
            begin_text(r, f);
    }
    for (unsigned k = 1; k < TEAL_IMDN_KINDS; k++) {
        if (!teal_bytes_equal(local, teal_text(teal_imdn_kinds[k])) ||
            (!own && k != TEAL_IMDN_INTERWORKING))
            continue;
        if (r->out.kind != 0)
            refuse(r, TEAL_MALFORMED, "REQ-IMDN-4 more than one notification");
        r->out.kind = (teal_imdn_kind)k;
        r->in_notification = true;
    }
}

static void begin_value(imdn_reader *r, teal_bytes local)
{
    for (unsigned s = 1; s < TEAL_IMDN_STATUSES; s++) {
        if (!teal_bytes_equal(local, teal_text(teal_imdn_statuses[s].name)) ||
            (teal_imdn_statuses[s].kinds >> r->out.kind & 1) == 0)
            continue;
        if (r->out.status != 0)
            refuse(r, TEAL_MALFORMED, "REQ-IMDN-4 more than one status");
        r->out.status = (teal_imdn_status)s;
    }
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    imdn_reader *r = user;
    teal_bytes ns, local;
    (void)attributes;
    split_name(name, &ns, &local);
    switch (++r->depth) {
    case ROOT_DEPTH:
        begin_root(r, ns, local);
        break;
    case ITEM_DEPTH:
        begin_item(r, ns, local);
        break;
    case STATUS_DEPTH:
        r->in_status = r->in_notification && teal_bytes_equal(local, teal_text("status"));
        break;
    case VALUE_DEPTH:
        if (r->in_status)
            begin_value(r, local);
        break;
    default:
        if (r->depth > TEAL_IMDN_MAX_DEPTH)
            refuse(r, TEAL_LIMIT, "REQ-IMDN-2 nested too deep");
    }
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    imdn_reader *r = user;
    (void)name;
    if (r->depth == ITEM_DEPTH) {
        r->open = FIELDS;
        r->in_notification = false;
    } else if (r->depth == STATUS_DEPTH) {
        r->in_status = false;
    }
    r->depth--;
}

static void XMLCALL on_text(void *user, const XML_Char *at, int len)
{
    imdn_reader *r = user;
    if (r->depth != ITEM_DEPTH || r->open == FIELDS)
        return;
    teal_writer *w = &r->texts[r->open];
    teal_write_bytes(w, (teal_bytes){ (const uint8_t *)at, (size_t)len });
    if (!teal_write_fits(w))
        refuse(r, TEAL_LIMIT, "REQ-IMDN-2 text too long");
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    refuse(user, TEAL_MALFORMED, "REQ-IMDN-1 document type declaration");
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static teal_bytes text_of(const imdn_reader *r, field f)
{
    teal_bytes b = { r->texts[f].base, r->texts[f].len };
    while (b.len > 0 && is_space(b.at[b.len - 1]))
        b.len--;
    while (b.len > 0 && is_space(b.at[0]))
        b = (teal_bytes){ b.at + 1, b.len - 1 };
    return b;
}

static bool is_visible(teal_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] <= ' ' || b.at[i] >= 0x7f)
            return false;
    }
    return true;
}

/* What the document as a whole must have. */
static teal_result finish(imdn_reader *r)
{
    teal_imdn *n = &r->out;
    n->message_id = text_of(r, MESSAGE_ID);
    n->recipient_uri = text_of(r, RECIPIENT);
    n->original_recipient_uri = text_of(r, ORIGINAL_RECIPIENT);
    n->subject = text_of(r, SUBJECT);
    n->has_sent_at = teal_datetime_decode(text_of(r, DATETIME), &n->sent_at_ms, NULL) == TEAL_OK;
    if (n->message_id.len == 0 || n->message_id.len > TEAL_MAX_ID_BYTES ||
        !is_visible(n->message_id))
        return teal_refuse(TEAL_MALFORMED, "REQ-IMDN-5 no message-id of visible ASCII", 0, r->why);
    if (!is_visible(n->recipient_uri) || !is_visible(n->original_recipient_uri))
        return teal_refuse(TEAL_MALFORMED, "REQ-IMDN-5 recipient is no URI", 0, r->why);
    if (n->kind == 0)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-IMDN-6 no notification that is known", 0, r->why);
    if (n->status == 0)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-IMDN-6 no status that is known", 0, r->why);
    return TEAL_OK;
}

static teal_result parse(imdn_reader *r, teal_bytes in)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    enum XML_Status status = XML_Parse(r->parser, (const char *)in.at, (int)in.len, XML_TRUE);
    if (r->result != TEAL_OK)
        return r->result;
    if (status == XML_STATUS_OK)
        return finish(r);
    if (XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY)
        return teal_refuse(TEAL_SPACE, "REQ-IMDN-2 no memory", position(r), r->why);
    return teal_refuse(TEAL_MALFORMED, "REQ-IMDN-1 not well-formed XML in UTF-8", position(r),
                       r->why);
}

teal_result teal_imdn_decode(teal_bytes in, teal_arena *arena, teal_imdn *out, teal_diag *why)
{
    imdn_reader r = { .arena = arena, .why = why, .open = FIELDS };
    if (in.len == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-IMDN-1 empty document", 0, why);
    if (in.len > TEAL_IMDN_MAX_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-IMDN-2 document too large", 0, why);
    r.parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (r.parser == NULL)
        return teal_refuse(TEAL_SPACE, "REQ-IMDN-2 no memory", 0, why);
    teal_result result = parse(&r, in);
    XML_ParserFree(r.parser);
    if (result == TEAL_OK)
        *out = r.out;
    return result;
}

teal_result teal_imdn_read(const teal_cpim *m, teal_arena *arena, teal_imdn *out, teal_diag *why)
{
    teal_bytes document;
    if (!teal_cpim_type_is(m, TEAL_IMDN_TYPE))
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-IMDN-7 part is not message/imdn+xml", m->body_at,
                           why);
    teal_result result = teal_rcs_content(m, arena, &document, why);
    if (result == TEAL_OK)
        result = teal_imdn_decode(document, arena, out, why);
    return result;
}

teal_result teal_imdn_receipt(const teal_cpim *m, teal_arena *arena, teal_bytes *out,
                              teal_diag *why)
{
    const teal_cpim_header *h = teal_cpim_find(m, TEAL_NS_E2EE, "Receipt");
    *out = (teal_bytes){ 0 };
    if (h == NULL)
        return TEAL_OK;
    teal_writer w = { teal_arena_take(arena, h->value.len), h->value.len, 0 };
    if (w.base == NULL)
        return teal_refuse(TEAL_SPACE, "REQ-CPIM-2 arena full", h->at, why);
    if (h->value.len == 0 || teal_base64url_decode(h->value, &w, NULL) != TEAL_OK)
        return teal_refuse(TEAL_MALFORMED, "REQ-IMDN-8 e2ee.Receipt is not base64url", h->at, why);
    *out = teal_written(&w);
    return TEAL_OK;
}
