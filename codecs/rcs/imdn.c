/* Reads message/imdn+xml; see imdn.h. */
#include "codecs/rcs/imdn.h"

#include "codecs/ascii.h"
#include "codecs/base64.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/imdn_words.h"
#include "codecs/xml.h"

typedef struct imdn_reader {
    const teal_xml_element *root;
    teal_diag *why;
    teal_imdn out;
} imdn_reader;

static teal_result refuse(const imdn_reader *r, teal_result result, const char *rule,
                          const teal_xml_element *at)
{
    return teal_refuse(result, rule, at->at, r->why);
}

static teal_result check_root(const imdn_reader *r)
{
    const teal_bytes known = teal_text(TEAL_XMLNS_IMDN), none = { 0 };
    if (teal_xml_is(r->root, known, "imdn") || teal_xml_is(r->root, none, "imdn"))
        return TEAL_OK;
    return refuse(r, TEAL_UNSUPPORTED, "REQ-IMDN-3 root is not imdn", r->root);
}

/* Text of a child of the root; empty where it is not there. */
static teal_result read_text(const imdn_reader *r, const char *name, teal_bytes *text)
{
    const teal_xml_element *e;
    *text = (teal_bytes){ 0 };
    if (!teal_xml_child(r->root, &r->root->ns, name, &e))
        return refuse(r, TEAL_MALFORMED, "REQ-IMDN-4 element twice", r->root);
    if (e == NULL)
        return TEAL_OK;
    if (e->text.len > TEAL_IMDN_MAX_TEXT_BYTES)
        return refuse(r, TEAL_LIMIT, "REQ-IMDN-2 text too long", e);
    *text = e->text;
    return TEAL_OK;
}

static teal_result read_texts(imdn_reader *r)
{
    teal_imdn *n = &r->out;
    teal_bytes sent_at = { 0 };
    teal_result result = read_text(r, "message-id", &n->message_id);
    if (result == TEAL_OK)
        result = read_text(r, "datetime", &sent_at);
    if (result == TEAL_OK)
        result = read_text(r, "recipient-uri", &n->recipient_uri);
    if (result == TEAL_OK)
        result = read_text(r, "original-recipient-uri", &n->original_recipient_uri);
    if (result == TEAL_OK)
        result = read_text(r, "subject", &n->subject);
    if (result != TEAL_OK)
        return result;
    n->has_sent_at = teal_datetime_decode(sent_at, &n->sent_at_ms, NULL) == TEAL_OK;
    if (n->message_id.len == 0 || n->message_id.len > TEAL_MAX_ID_BYTES ||
        !teal_ascii_is_visible(n->message_id))
        return refuse(r, TEAL_MALFORMED, "REQ-IMDN-5 no message-id of visible ASCII", r->root);
    if (!teal_ascii_is_visible(n->recipient_uri) ||
        !teal_ascii_is_visible(n->original_recipient_uri))
        return refuse(r, TEAL_MALFORMED, "REQ-IMDN-5 recipient is no URI", r->root);
    return TEAL_OK;
}

/* Names of other namespaces are not ours to read, save interworking. */
static teal_imdn_kind kind_of(const imdn_reader *r, const teal_xml_element *e)
{
    bool own = teal_bytes_equal(e->ns, r->root->ns);
    for (unsigned k = 1; k < TEAL_IMDN_KINDS; k++) {
        if (teal_bytes_equal(e->name, teal_text(teal_imdn_kinds[k])) &&
            (own || k == TEAL_IMDN_INTERWORKING))
            return (teal_imdn_kind)k;
    }
    return 0;
}

static teal_result find_notification(imdn_reader *r, const teal_xml_element **notification)
{
    *notification = NULL;
    for (const teal_xml_element *e = r->root->child; e != NULL; e = e->next) {
        teal_imdn_kind kind = kind_of(r, e);
        if (kind == 0)
            continue;
        if (*notification != NULL)
            return refuse(r, TEAL_MALFORMED, "REQ-IMDN-4 more than one notification", e);
        *notification = e;
        r->out.kind = kind;
    }
    if (*notification == NULL)
        return refuse(r, TEAL_UNSUPPORTED, "REQ-IMDN-6 no notification that is known", r->root);
    return TEAL_OK;
}

static teal_imdn_status status_of(const imdn_reader *r, const teal_xml_element *e)
{
    for (unsigned s = 1; s < TEAL_IMDN_STATUSES; s++) {
        if (teal_bytes_equal(e->name, teal_text(teal_imdn_statuses[s].name)) &&
            (teal_imdn_statuses[s].kinds >> r->out.kind & 1) != 0)
            return (teal_imdn_status)s;
    }
    return 0;
}

static teal_result find_status(imdn_reader *r, const teal_xml_element *notification,
                               const teal_xml_element **value)
{
    const teal_xml_element *status;
    *value = NULL;
    if (!teal_xml_child(notification, NULL, "status", &status))
        return refuse(r, TEAL_MALFORMED, "REQ-IMDN-4 more than one status", notification);
    for (const teal_xml_element *e = status != NULL ? status->child : NULL; e != NULL;
         e = e->next) {
        teal_imdn_status s = status_of(r, e);
        if (s == 0)
            continue;
        if (*value != NULL)
            return refuse(r, TEAL_MALFORMED, "REQ-IMDN-4 more than one status", e);
        *value = e;
        r->out.status = s;
    }
    if (*value == NULL)
        return refuse(r, TEAL_UNSUPPORTED, "REQ-IMDN-6 no status that is known", notification);
    return TEAL_OK;
}

/* `<mls-client-failure-reason><failed-to-decrypt/></…>` below a failure: at most one arm, and one
 * reason in it, whose name is the reason, known or not. */
static teal_result read_reason(imdn_reader *r, const teal_xml_element *status)
{
    for (const teal_xml_element *e = status->child; e != NULL; e = e->next) {
        teal_imdn_reason_of of = TEAL_IMDN_NO_REASON;
        for (unsigned i = 1; i < TEAL_IMDN_REASONS; i++) {
            if (teal_bytes_equal(e->name, teal_text(teal_imdn_reasons[i])))
                of = (teal_imdn_reason_of)i;
        }
        if (of == TEAL_IMDN_NO_REASON)
            continue;
        if (r->out.status != TEAL_IMDN_FAILED || r->out.reason_of != TEAL_IMDN_NO_REASON ||
            e->child == NULL || e->child->next != NULL)
            return refuse(r, TEAL_MALFORMED, "REQ-IMDN-10 reason that is not one of one failure",
                          e);
        if (!teal_imdn_is_reason(e->child->name))
            return refuse(r, TEAL_LIMIT, "REQ-IMDN-10 reason is not a short ASCII name", e);
        r->out.reason_of = of;
        r->out.reason = e->child->name;
    }
    return TEAL_OK;
}

teal_result teal_imdn_decode(teal_bytes in, teal_arena *arena, teal_imdn *out, teal_diag *why)
{
    imdn_reader r = { .why = why };
    const teal_xml_element *notification, *status;
    teal_result result = teal_xml_read(in, arena, &r.root, why);
    if (result == TEAL_OK)
        result = check_root(&r);
    if (result == TEAL_OK)
        result = read_texts(&r);
    if (result == TEAL_OK)
        result = find_notification(&r, &notification);
    if (result == TEAL_OK)
        result = find_status(&r, notification, &status);
    if (result == TEAL_OK)
        result = read_reason(&r, status);
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
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, h->at, why);
    if (h->value.len == 0 || teal_base64url_decode(h->value, &w, NULL) != TEAL_OK)
        return teal_refuse(TEAL_MALFORMED, "REQ-IMDN-8 e2ee.Receipt is not base64url", h->at, why);
    *out = teal_written(&w);
    return TEAL_OK;
}
