/* The headers that all RCS messages share; see message.h. */
#include "codecs/rcs/message.h"

#include "codecs/base64.h"
#include "codecs/handle.h"
#include "codecs/rcs/datetime.h"

typedef struct head_reader {
    const teal_cpim *m;
    teal_arena *arena;
    const teal_rcs_routing *routing; /* may be NULL */
    teal_diag *why;
    teal_rcs_head head;
    teal_bytes *to;
    bool hides_from, hides_to;
} head_reader;

/* The canonical handle of an address; `routed` in place of the anonymous one. */
static teal_result read_address(head_reader *r, teal_bytes uri, size_t at, teal_bytes routed,
                                bool *hides, teal_bytes *handle)
{
    uint8_t canonical[TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { canonical, sizeof canonical, 0 };
    if (teal_handle_canonicalize(uri, &w, NULL) != TEAL_OK)
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-30 address is no handle", at, r->why);
    *handle = teal_written(&w);
    *hides = teal_handle_is_anonymous(*handle);
    if (*hides && routed.len == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-31 anonymous address without routing", at,
                           r->why);
    if (*hides && (!teal_handle_is_canonical(routed) || teal_handle_is_anonymous(routed)))
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-31 routing names no canonical handle", at,
                           r->why);
    *handle = *hides ? routed : teal_arena_copy(r->arena, *handle);
    if (handle->at == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, at, r->why);
    return TEAL_OK;
}

static teal_result read_from(head_reader *r)
{
    const teal_cpim_header *h = teal_cpim_find(r->m, TEAL_NS_CPIM, "From");
    teal_bytes uri, list = h != NULL ? h->raw : (teal_bytes){ 0 };
    if (h == NULL)
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-32 no From", 0, r->why);
    if (!teal_cpim_next_uri(&list, &uri) || list.len > 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-30 From is not one address", h->at, r->why);
    teal_bytes routed = r->routing != NULL ? r->routing->from : (teal_bytes){ 0 };
    return read_address(r, uri, h->at, routed, &r->hides_from, &r->head.from);
}

/* Adds the addresses of every header of that name. */
static teal_result read_recipients(head_reader *r, const char *name)
{
    teal_bytes routed = r->routing != NULL ? r->routing->to : (teal_bytes){ 0 };
    teal_result result = TEAL_OK;
    for (size_t i = 0; i < r->m->n_headers && result == TEAL_OK; i++) {
        const teal_cpim_header *h = &r->m->headers[i];
        if (!teal_cpim_header_is(h, TEAL_NS_CPIM, name))
            continue;
        teal_bytes uri, list = h->raw;
        while (result == TEAL_OK && teal_cpim_next_uri(&list, &uri)) {
            bool hides = false;
            if (r->head.n_to == TEAL_MAX_RECIPIENTS)
                return teal_refuse(TEAL_LIMIT, "REQ-CPIM-33 too many recipients", h->at, r->why);
            result = read_address(r, uri, h->at, routed, &hides, &r->to[r->head.n_to++]);
            r->hides_to = r->hides_to || hides;
        }
        if (result == TEAL_OK && list.len > 0)
            result = teal_refuse(TEAL_MALFORMED, "REQ-CPIM-30 no list of addresses", h->at, r->why);
    }
    return result;
}

static teal_result read_to(head_reader *r)
{
    r->to = teal_arena_take(r->arena, TEAL_MAX_RECIPIENTS * sizeof *r->to);
    if (r->to == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, r->why);
    r->head.to = r->to;
    teal_result result = read_recipients(r, "To");
    if (result == TEAL_OK)
        result = read_recipients(r, "cc");
    if (result == TEAL_OK && r->head.n_to == 0)
        result = teal_refuse(TEAL_MALFORMED, "REQ-CPIM-32 no To", 0, r->why);
    if (result == TEAL_OK && r->hides_to && r->head.n_to > 1)
        result = teal_refuse(TEAL_MALFORMED, "REQ-CPIM-31 anonymous To among several recipients", 0,
                             r->why);
    return result;
}

static teal_result read_sent_at(head_reader *r)
{
    const teal_cpim_header *h = teal_cpim_find(r->m, TEAL_NS_CPIM, "DateTime");
    teal_diag inner = { 0 };
    int64_t ms;
    if (h == NULL)
        return TEAL_OK;
    teal_result result = teal_datetime_decode(h->value, &ms, &inner);
    if (result != TEAL_OK)
        return teal_refuse(result, inner.rule, h->at, r->why);
    if (ms < 0)
        return teal_refuse(TEAL_LIMIT, "REQ-CPIM-34 DateTime before 1970", h->at, r->why);
    r->head.has_sent_at = true;
    r->head.sent_at_ms = (uint64_t)ms;
    return TEAL_OK;
}

static teal_result read_message_id(head_reader *r)
{
    const teal_cpim_header *h = teal_cpim_find(r->m, TEAL_NS_IMDN, "Message-ID");
    if (h == NULL || h->value.len == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-32 no imdn.Message-ID", 0, r->why);
    if (h->value.len > TEAL_MAX_ID_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-CPIM-35 imdn.Message-ID too long", h->at, r->why);
    if (!teal_ascii_is_visible(h->value))
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-35 imdn.Message-ID is not visible ASCII",
                           h->at, r->why);
    r->head.message_id = h->value;
    return TEAL_OK;
}

/* Asking for negative reports alone asks for nothing: a failure is always reported. */
static void read_wants(head_reader *r)
{
    const teal_cpim_header *h = teal_cpim_find(r->m, TEAL_NS_IMDN, "Disposition-Notification");
    if (h != NULL && teal_cpim_has_token(h->value, "positive-delivery"))
        r->head.wants |= TEAL_WANTS_DELIVERED;
    if (h != NULL && teal_cpim_has_token(h->value, "display"))
        r->head.wants |= TEAL_WANTS_DISPLAYED;
}

teal_result teal_rcs_head_read(const teal_cpim *m, teal_arena *arena, teal_rcs_routing *routing,
                               teal_rcs_head *out, teal_diag *why)
{
    head_reader r = { .m = m, .arena = arena, .routing = routing, .why = why };
    teal_result result = read_from(&r);
    if (result == TEAL_OK)
        result = read_to(&r);
    if (result == TEAL_OK)
        result = read_sent_at(&r);
    if (result == TEAL_OK)
        result = read_message_id(&r);
    if (result != TEAL_OK)
        return result;
    read_wants(&r);
    *out = r.head;
    if (routing != NULL) {
        routing->hides_from = r.hides_from;
        routing->hides_to = r.hides_to;
    }
    return TEAL_OK;
}

static void put_address(teal_cpim_writer *w, const char *name, teal_bytes handle, bool hides)
{
    if (teal_handle_is_anonymous(
            handle)) /* nobody's handle: it would come back as what routing says */
        w->failed = true;
    teal_cpim_put_uri(w, name, hides ? teal_text(TEAL_HANDLE_ANONYMOUS) : handle);
}

void teal_rcs_head_write(teal_cpim_writer *w, const teal_rcs_head *head,
                         const teal_rcs_routing *routing)
{
    static const char *const asked[] = {
        [TEAL_WANTS_DELIVERED] = "positive-delivery, negative-delivery",
        [TEAL_WANTS_DISPLAYED] = "display",
        [TEAL_WANTS_DELIVERED | TEAL_WANTS_DISPLAYED] =
            "positive-delivery, negative-delivery, display",
    };
    bool hides_to = routing != NULL && routing->hides_to;
    uint8_t sent_at[24];
    teal_writer date = { sent_at, sizeof sent_at, 0 };
    if (head->sent_at_ms > TEAL_DATETIME_MAX_MS || head->n_to == 0 ||
        (hides_to && head->n_to != 1) || head->wants >= sizeof asked / sizeof asked[0] ||
        head->message_id.len == 0 || head->message_id.len > TEAL_MAX_ID_BYTES ||
        !teal_ascii_is_visible(head->message_id)) {
        w->failed = true;
        return;
    }
    (void)!teal_datetime_encode((int64_t)head->sent_at_ms, &date); /* within its limit: see above */
    put_address(w, "From", head->from, routing != NULL && routing->hides_from);
    for (size_t i = 0; i < head->n_to; i++)
        put_address(w, "To", head->to[i], hides_to);
    teal_cpim_put(w, "DateTime", teal_written(&date));
    teal_cpim_put_ns(w, "imdn", TEAL_NS_IMDN);
    teal_cpim_put(w, "imdn.Message-ID", head->message_id);
    if (head->wants != 0)
        teal_cpim_put(w, "imdn.Disposition-Notification", teal_text(asked[head->wants]));
}

/* Base64 as MIME has it, in lines. */
static teal_result read_base64(const teal_cpim *m, teal_arena *arena, teal_bytes *out,
                               teal_diag *why)
{
    uint8_t *digits = teal_arena_take(arena, m->body.len);
    uint8_t *value = teal_arena_take(arena, m->body.len);
    if (digits == NULL || value == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, m->body_at, why);
    teal_writer joined = { digits, m->body.len, 0 }, w = { value, m->body.len, 0 };
    for (size_t i = 0; i < m->body.len; i++) {
        if (m->body.at[i] != '\r' && m->body.at[i] != '\n')
            teal_write_u8(&joined, m->body.at[i]);
    }
    if (teal_base64_decode(teal_written(&joined), &w, NULL) != TEAL_OK)
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-53 body is not base64", m->body_at, why);
    *out = teal_written(&w);
    return TEAL_OK;
}

teal_result teal_rcs_content(const teal_cpim *m, teal_arena *arena, teal_bytes *out, teal_diag *why)
{
    if (teal_cpim_is_identity(m)) {
        *out = m->body;
        return TEAL_OK;
    }
    if (!teal_ascii_same(teal_cpim_mime(m, "Content-Transfer-Encoding"), teal_text("base64")))
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-CPIM-53 unknown transfer encoding", m->body_at,
                           why);
    return read_base64(m, arena, out, why);
}

teal_rcs_form teal_rcs_form_of(const teal_cpim *m)
{
    static const struct {
        const char *type;
        teal_rcs_form form;
    } types[] = {
        { "application/vnd.teal.sealed", TEAL_RCS_E2EE },
        { "text/plain", TEAL_RCS_PLAIN },
        { "message/imdn+xml", TEAL_RCS_IMDN },
        { "message/mls", TEAL_RCS_MLS },
        { "message/mls-ft", TEAL_RCS_MLS },
        { "message/mls-rcs-file-info", TEAL_RCS_MLS },
        { "message/mls-rcs-client", TEAL_RCS_MLS },
        { "message/mls-rcs-server", TEAL_RCS_MLS },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (teal_cpim_type_is(m, types[i].type))
            return types[i].form;
    }
    return TEAL_RCS_OTHER;
}
