/* Long poll and acknowledgement. Items stay in the store until they are acknowledged, so an answer
 * that a device never got is given again. */
#include "gateway/core/forward.h"
#include "gateway/edge/field.h"

enum {
    MAX_WAIT_S = 60,
    MAX_ITEMS = 100,
    MAX_SEQS = 1000,
    ACK_MAX_BODY = 32 << 10,
    ITEMS_BYTES = 4 << 20, /* of one answer; the largest envelope fits twice */
};

/* Lists what fits one answer: fewer than max where they are large. */
static store_result list(rest_call *c, const uint8_t *device, size_t max, store_item *items,
                         size_t *n)
{
    teal_arena part = { teal_arena_take(c->arena, ITEMS_BYTES), ITEMS_BYTES, 0 };
    if (part.base == NULL)
        return STORE_SPACE;
    store_result r = c->reader->ops->list_items(c->reader, device, 0, &part, items, max, n);
    return (r == STORE_SPACE && *n > 0) || r == STORE_NONE ? STORE_OK : r;
}

/* The envelope as that device is given it; empty: it does not decode, or the arena is too small. */
static teal_bytes envelope_for(rest_call *c, const uint8_t *device, teal_bytes stored)
{
    teal_envelope whole, own;
    teal_diag why = { 0 };
    size_t cap = stored.len + (size_t)TEAL_MAX_KEYS * (TEAL_HASH_BYTES + 4) + 16;
    teal_writer w = { teal_arena_take(c->arena, cap), cap, 0 };
    if (w.base != NULL && teal_envelope_decode(stored, c->arena, &whole, &why) == TEAL_OK &&
        forward_to_device(&whole, device, c->arena, &own) &&
        teal_envelope_encode(&own, &w) == TEAL_OK)
        return teal_written(&w);
    log_event(LOG_ERROR, "inbox.unreadable", "rule", why.rule != NULL ? why.rule : "", NULL);
    return (teal_bytes){ 0 };
}

/* Each item has the rest of the arena to itself: one after the other, any number fits. */
static void append_item(rest_call *c, const store_item *item, json_t *items)
{
    const size_t mark = c->arena->used;
    static const char *const kinds[] = {
        [ITEM_ENVELOPE] = "envelope",
        [ITEM_RECEIPT] = "receipt",
        [ITEM_MANIFEST] = "manifest",
        [ITEM_GRANT] = "forwarding",
    };
    bool is_envelope = item->kind == ITEM_ENVELOPE;
    teal_bytes data = is_envelope ? envelope_for(c, item->device, item->data) : item->data;
    if (data.len > 0)
        json_array_append_new(items, json_pack("{s:I, s:s, s:o}", "seq", (json_int_t)item->seq,
                                               "kind", kinds[item->kind], "data",
                                               field_base64url(data, c->arena)));
    c->arena->used = mark;
}

static rest_next inbox_get(rest_call *c)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    int64_t wait_s, max;
    if (!field_device(rest_query(c, "device"), device))
        return field_refuse_device(c);
    if (!field_is_caller(c, device))
        return field_refuse_other_device(c);
    if (!field_number(rest_query(c, "wait_s"), 0, MAX_WAIT_S, 0, &wait_s) ||
        !field_number(rest_query(c, "max"), 1, MAX_ITEMS, MAX_ITEMS, &max))
        return field_refuse_query(c, "Give wait_s within 0 and 60, max within 1 and 100.");
    uint64_t ticket = rest_ticket(c, device); /* before the look, or a wake could be lost */
    store_item found[MAX_ITEMS];
    size_t n = 0;
    store_result r = list(c, device, (size_t)max, found, &n);
    if (r != STORE_OK)
        return field_refuse_store(c, r);
    if (n == 0 && wait_s > 0 && c->turn != REST_TIMED_OUT)
        return rest_park(c, device, ticket, wait_s * 1000);
    store_prekeys_left left;
    r = c->reader->ops->count_prekeys(c->reader, device, &left);
    if (r != STORE_OK)
        return field_refuse_store(c, r);
    json_t *items = json_array();
    for (size_t i = 0; i < n; i++)
        append_item(c, &found[i], items);
    return rest_json(
        c, 200, json_pack("{s:o, s:I}", "items", items, "prekeys_left", (json_int_t)left.one_time));
}

/* The numbers of {"seqs"}; NULL: it is no list of at most MAX_SEQS numbers. */
static int64_t *read_seqs(rest_call *c, const json_t *list_json, size_t *n)
{
    *n = json_array_size(list_json);
    if (!json_is_array(list_json) || *n > MAX_SEQS)
        return NULL;
    int64_t *seqs = teal_arena_array(c->arena, *n, sizeof *seqs);
    for (size_t i = 0; seqs != NULL && i < *n; i++) {
        const json_t *seq = json_array_get(list_json, i);
        if (!json_is_integer(seq) || json_integer_value(seq) < 1)
            return NULL;
        seqs[i] = json_integer_value(seq);
    }
    return seqs;
}

static rest_next inbox_ack(rest_call *c)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    json_t *body = field_object(c);
    size_t n = 0;
    int64_t *seqs = read_seqs(c, json_object_get(body, "seqs"), &n);
    bool named = field_device(json_string_value(json_object_get(body, "device")), device);
    json_decref(body);
    if (seqs == NULL)
        return field_refuse_json(c, "Send {\"device\":HEX,\"seqs\":[N,...]} with up to 1000 seqs.");
    if (!named)
        return field_refuse_device(c);
    if (!field_is_caller(c, device))
        return field_refuse_other_device(c);
    store_result r = core_acknowledge(c->services->core, device, seqs, n, c->now_ms);
    if (r != STORE_OK && r != STORE_NONE)
        return field_refuse_store(c, r);
    return rest_empty(c, 204);
}

const rest_route inbox_routes[] = {
    { "GET", "/v1/inbox", 0, NULL, CALLER_DEVICE, inbox_get },
    { "POST", "/v1/inbox/ack", ACK_MAX_BODY, "application/json", CALLER_DEVICE, inbox_ack },
    { 0 },
};
