/* Deliveries and the lanes that keep their order, in SQLite. A lane is one recipient in one
 * conversation; only its head, the earliest that is WAITING or LEAVING, is ever due. */
#include "gateway/store/sqlite_store.h"

/* *id: the lane of this message and recipient, made where it is missing. */
static store_result find_lane(store *s, int64_t message_seq, teal_bytes recipient, int64_t *id)
{
    query q = query_start(s, "SELECT lanes.id FROM messages JOIN lanes"
                             " ON lanes.conversation_id = messages.conversation_id"
                             " AND lanes.recipient = ?2 WHERE messages.seq = ?1");
    query_int(&q, 1, message_seq);
    query_text(&q, 2, recipient);
    *id = query_row(&q) ? row_int(&q, 0) : 0;
    store_result result = query_end(&q);
    if (result != STORE_OK || *id != 0)
        return result;
    q = query_start(s, "INSERT INTO lanes(conversation_id, recipient)"
                       " SELECT conversation_id, ?2 FROM messages WHERE seq = ?1");
    query_int(&q, 1, message_seq);
    query_text(&q, 2, recipient);
    result = query_change(&q);
    if (result == STORE_OK)
        *id = sqlite3_last_insert_rowid(q.s->db);
    return result;
}

store_result sqlite_put_delivery(store *s, store_delivery *d)
{
    int64_t lane = 0;
    store_result result = find_lane(s, d->message_seq, d->recipient, &lane);
    if (result != STORE_OK)
        return result;
    query q = query_start(s, "INSERT INTO deliveries(message_seq, lane, path, network, state, head,"
                             " attempts, due_ms, failing_since_ms, generation, expires_ms)"
                             " SELECT ?1, ?2, ?3, ?4, ?5, ?5 <= 2 AND NOT EXISTS("
                             "  SELECT 1 FROM deliveries WHERE lane = ?2 AND state <= 2),"
                             " ?6, ?7, ?8, ?9, expires_ms FROM messages WHERE seq = ?1");
    query_int(&q, 1, d->message_seq);
    query_int(&q, 2, lane);
    query_int(&q, 3, d->path);
    query_text(&q, 4, d->network);
    query_int(&q, 5, d->state);
    query_int(&q, 6, d->attempts);
    query_int(&q, 7, d->due_ms);
    query_int(&q, 8, d->failing_since_ms);
    query_blob(&q, 9, (teal_bytes){ d->generation, sizeof d->generation });
    result = query_change(&q);
    if (result == STORE_OK)
        d->id = sqlite3_last_insert_rowid(q.s->db);
    return result;
}

#define DELIVERY                                                                                   \
    "SELECT deliveries.id, message_seq, recipient, path, network, state, attempts, due_ms,"        \
    " failing_since_ms, generation FROM deliveries JOIN lanes ON lanes.id = lane "

static void read_delivery(query *q, teal_arena *a, store_delivery *out)
{
    *out = (store_delivery){
        .id = row_int(q, 0),
        .message_seq = row_int(q, 1),
        .recipient = row_bytes(q, 2, a),
        .path = (store_path)row_int(q, 3),
        .network = row_bytes(q, 4, a),
        .state = (store_state)row_int(q, 5),
        .attempts = (uint32_t)row_int(q, 6),
        .due_ms = row_int(q, 7),
        .failing_since_ms = row_int(q, 8),
    };
    row_fixed(q, 9, out->generation, sizeof out->generation);
}

store_result sqlite_get_delivery(store *s, int64_t id, teal_arena *a, store_delivery *out)
{
    query q = query_start(s, DELIVERY "WHERE deliveries.id = ?1");
    query_int(&q, 1, id);
    bool found = query_row(&q);
    if (found)
        read_delivery(&q, a, out);
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

/* Where a delivery stood before an update. */
typedef struct standing {
    int64_t lane;
    bool active; /* WAITING or LEAVING */
} standing;

static store_result get_standing(store *s, int64_t id, standing *out)
{
    query q = query_start(s, "SELECT lane, state <= 2 FROM deliveries WHERE id = ?1");
    query_int(&q, 1, id);
    bool found = query_row(&q);
    *out = (standing){ row_int(&q, 0), row_int(&q, 1) != 0 };
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

static store_result update_row(store *s, const store_delivery *d)
{
    query q = query_start(s, "UPDATE deliveries SET path = ?2, network = ?3, state = ?4,"
                             " head = head AND ?4 <= 2, attempts = ?5, due_ms = ?6,"
                             " failing_since_ms = ?7, generation = ?8 WHERE id = ?1");
    query_int(&q, 1, d->id);
    query_int(&q, 2, d->path);
    query_text(&q, 3, d->network);
    query_int(&q, 4, d->state);
    query_int(&q, 5, d->attempts);
    query_int(&q, 6, d->due_ms);
    query_int(&q, 7, d->failing_since_ms);
    query_blob(&q, 8, (teal_bytes){ d->generation, sizeof d->generation });
    return query_run(&q);
}

/* `id` became active again: whoever was the head steps down, for set_head to decide anew. */
static store_result unset_head(store *s, int64_t lane, int64_t id)
{
    query q = query_start(s, "UPDATE deliveries SET head = 0 WHERE id = (SELECT min(id)"
                             " FROM deliveries WHERE lane = ?1 AND state <= 2 AND id <> ?2)");
    query_int(&q, 1, lane);
    query_int(&q, 2, id);
    return query_run(&q);
}

static store_result set_head(store *s, int64_t lane)
{
    query q = query_start(s, "UPDATE deliveries SET head = 1 WHERE head = 0 AND id = ("
                             "SELECT min(id) FROM deliveries WHERE lane = ?1 AND state <= 2)");
    query_int(&q, 1, lane);
    return query_run(&q);
}

store_result sqlite_update_delivery(store *s, const store_delivery *d)
{
    standing before;
    store_result result = get_standing(s, d->id, &before);
    if (result == STORE_OK)
        result = update_row(s, d);
    bool active = d->state == STATE_WAITING || d->state == STATE_LEAVING;
    if (result != STORE_OK || active == before.active)
        return result;
    if (active)
        result = unset_head(s, before.lane, d->id);
    return result == STORE_OK ? set_head(s, before.lane) : result;
}

/* Ends q. */
static store_result take_deliveries(query *q, teal_arena *a, store_delivery *out, size_t max,
                                    size_t *n)
{
    for (*n = 0; *n < max && query_row(q); *n += q->result == STORE_OK)
        read_delivery(q, a, &out[*n]);
    return query_end(q);
}

store_result sqlite_list_deliveries(store *s, int64_t message_seq, teal_arena *a,
                                    store_delivery *out, size_t max, size_t *n)
{
    query q = query_start(s, DELIVERY "WHERE message_seq = ?1 ORDER BY deliveries.id");
    query_int(&q, 1, message_seq);
    return take_deliveries(&q, a, out, max, n);
}

store_result sqlite_list_due(store *s, store_path path, teal_bytes network, int64_t now_ms,
                             teal_arena *a, store_delivery *out, size_t max, size_t *n)
{
    query q = query_start(s, DELIVERY "WHERE path = ?1 AND network = ?2 AND due_ms <= ?3"
                                      " AND head = 1 AND state = 1"
                                      " ORDER BY due_ms, deliveries.id");
    query_int(&q, 1, path);
    query_text(&q, 2, network);
    query_int(&q, 3, now_ms);
    return take_deliveries(&q, a, out, max, n);
}

/* `state <= 2` names the index of what is active; the rest of the condition is looked at. */
store_result sqlite_list_expired(store *s, int64_t now_ms, teal_arena *a, store_delivery *out,
                                 size_t max, size_t *n)
{
    query q = query_start(s, DELIVERY "WHERE expires_ms < ?1 AND state <= 2 AND state = 1"
                                      " ORDER BY expires_ms, deliveries.id");
    query_int(&q, 1, now_ms);
    return take_deliveries(&q, a, out, max, n);
}

/* Likewise, from the index's start until one is WAITING. */
store_result sqlite_next_expiry(store *s, int64_t *expires_ms)
{
    query q = query_start(s, "SELECT expires_ms FROM deliveries WHERE state <= 2 AND state = 1"
                             " ORDER BY expires_ms");
    bool found = query_row(&q);
    *expires_ms = found ? row_int(&q, 0) : 0;
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_list_active(store *s, teal_bytes network, teal_arena *a, store_delivery *out,
                                size_t max, size_t *n)
{
    query q = query_start(s, DELIVERY "WHERE network = ?1 AND state <= 2 ORDER BY deliveries.id");
    query_text(&q, 1, network);
    return take_deliveries(&q, a, out, max, n);
}

store_result sqlite_list_leaving(store *s, teal_arena *a, store_delivery *out, size_t max,
                                 size_t *n)
{
    query q = query_start(s, DELIVERY "WHERE state = 2 ORDER BY deliveries.id");
    return take_deliveries(&q, a, out, max, n);
}

store_result sqlite_next_due(store *s, store_path path, teal_bytes network, int64_t *due_ms)
{
    query q = query_start(s, "SELECT due_ms FROM deliveries WHERE path = ?1 AND network = ?2"
                             " AND head = 1 AND state = 1 ORDER BY due_ms");
    query_int(&q, 1, path);
    query_text(&q, 2, network);
    bool found = query_row(&q);
    *due_ms = row_int(&q, 0);
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_mark_e2ee(store *s, teal_bytes conversation_id, teal_bytes recipient)
{
    query q = query_start(s, "INSERT INTO lanes(conversation_id, recipient, e2ee) VALUES(?1, ?2, 1)"
                             " ON CONFLICT DO UPDATE SET e2ee = 1 WHERE e2ee = 0");
    query_blob(&q, 1, conversation_id);
    query_text(&q, 2, recipient);
    return query_run(&q);
}

store_result sqlite_seen_e2ee(store *s, teal_bytes conversation_id, teal_bytes recipient,
                              bool *seen)
{
    query q =
        query_start(s, "SELECT e2ee FROM lanes WHERE conversation_id = ?1 AND recipient = ?2");
    query_blob(&q, 1, conversation_id);
    query_text(&q, 2, recipient);
    *seen = query_row(&q) && row_int(&q, 0) != 0;
    return query_end(&q);
}
