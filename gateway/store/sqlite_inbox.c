/* What waits for native devices, and receipts on their way to peers, in SQLite. */
#include "gateway/store/sqlite_store.h"

/* Of an account's manifests only the newest waits: it says all that the earlier ones said. */
static store_result drop_older(store *s, const store_item *item)
{
    if (item->kind != ITEM_MANIFEST)
        return STORE_OK;
    query q = query_start(s, "DELETE FROM items WHERE device = ?1 AND kind = ?2");
    query_blob(&q, 1, device_bytes(item->device));
    query_int(&q, 2, item->kind);
    return query_run(&q);
}

store_result sqlite_put_item(store *s, store_item *item)
{
    store_result dropped = drop_older(s, item);
    if (dropped != STORE_OK)
        return dropped;
    query q = query_start(s, "INSERT INTO items(device, kind, delivery_id, message_seq, data)"
                             " VALUES(?1, ?2, ?3, ?4, ?5)");
    query_blob(&q, 1, device_bytes(item->device));
    query_int(&q, 2, item->kind);
    query_int(&q, 3, item->delivery_id);
    query_int(&q, 4, item->message_seq);
    if (item->kind != ITEM_ENVELOPE) /* which lies with its message, once for all devices */
        query_blob(&q, 5, item->data);
    store_result result = query_run(&q);
    if (result == STORE_OK)
        item->seq = sqlite3_last_insert_rowid(q.s->db);
    return result;
}

static void read_item(query *q, store_item *out)
{
    *out = (store_item){
        .seq = row_int(q, 0),
        .kind = (store_item_kind)row_int(q, 2),
        .delivery_id = row_int(q, 3),
        .message_seq = row_int(q, 4),
    };
    row_fixed(q, 1, out->device, TEAL_DEVICE_BYTES);
}

store_result sqlite_list_items(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               int64_t after, teal_arena *a, store_item *out, size_t max, size_t *n)
{
    query q = query_start(s, "SELECT items.seq, device, items.kind, delivery_id, message_seq,"
                             " coalesce(data, envelope)"
                             " FROM items LEFT JOIN messages ON messages.seq = message_seq"
                             " WHERE device = ?1 AND items.seq > ?2 ORDER BY items.seq");
    query_blob(&q, 1, device_bytes(device));
    query_int(&q, 2, after);
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK) {
        read_item(&q, &out[*n]);
        out[*n].data = row_bytes(&q, 5, a);
    }
    return query_end(&q);
}

store_result sqlite_ack_item(store *s, const uint8_t device[static TEAL_DEVICE_BYTES], int64_t seq,
                             store_item *out)
{
    query q = query_start(s, "DELETE FROM items WHERE seq = ?2 AND device = ?1"
                             " RETURNING seq, device, kind, delivery_id, message_seq");
    query_blob(&q, 1, device_bytes(device));
    query_int(&q, 2, seq);
    bool found = query_row(&q);
    if (found)
        read_item(&q, out);
    store_result result = query_run(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_drop_items(store *s, int64_t delivery_id)
{
    query q = query_start(s, "DELETE FROM items WHERE delivery_id = ?1 AND delivery_id > 0");
    query_int(&q, 1, delivery_id);
    return query_run(&q);
}

store_result sqlite_put_outbox(store *s, teal_bytes network, teal_bytes cpim, int64_t due_ms)
{
    query q = query_start(s, "INSERT INTO outbox(network, due_ms, cpim) VALUES(?1, ?2, ?3)");
    query_text(&q, 1, network);
    query_int(&q, 2, due_ms);
    query_blob(&q, 3, cpim);
    return query_run(&q);
}

store_result sqlite_list_outbox(store *s, teal_bytes network, int64_t now_ms, teal_arena *a,
                                int64_t *ids, teal_bytes *cpims, size_t max, size_t *n)
{
    query q = query_start(s, "SELECT id, cpim FROM outbox WHERE network = ?1 AND due_ms <= ?2"
                             " ORDER BY due_ms, id");
    query_text(&q, 1, network);
    query_int(&q, 2, now_ms);
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK) {
        ids[*n] = row_int(&q, 0);
        cpims[*n] = row_bytes(&q, 1, a);
    }
    return query_end(&q);
}

store_result sqlite_next_outbox(store *s, teal_bytes network, int64_t *due_ms)
{
    query q = query_start(s, "SELECT due_ms FROM outbox WHERE network = ?1 ORDER BY due_ms");
    query_text(&q, 1, network);
    bool found = query_row(&q);
    *due_ms = found ? row_int(&q, 0) : 0;
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_delay_outbox(store *s, int64_t id, int64_t due_ms)
{
    query q = query_start(s, "UPDATE outbox SET due_ms = ?2 WHERE id = ?1");
    query_int(&q, 1, id);
    query_int(&q, 2, due_ms);
    return query_change(&q);
}

store_result sqlite_drop_outbox(store *s, int64_t id)
{
    query q = query_start(s, "DELETE FROM outbox WHERE id = ?1");
    query_int(&q, 1, id);
    return query_run(&q);
}
