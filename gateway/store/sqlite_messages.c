/* Messages, their fallbacks and receipts, and downgrades that left, in SQLite. */
#include "gateway/store/sqlite_store.h"

#include <stdlib.h>

store_result sqlite_put_message(store *s, store_message *m)
{
    query q = query_start(s, "INSERT INTO messages(sender_device, message_id, conversation_id,"
                             " sender, network, transcript_hash, kind, accepted_ms, expires_ms,"
                             " envelope) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                             " ON CONFLICT(sender_device, message_id, sender) DO NOTHING");
    query_blob(&q, 1, device_bytes(m->sender_device));
    query_text(&q, 2, m->message_id);
    query_blob(&q, 3, m->conversation_id);
    query_text(&q, 4, m->sender);
    query_text(&q, 5, m->network);
    query_blob(&q, 6, (teal_bytes){ m->transcript_hash.at, TEAL_HASH_BYTES });
    query_int(&q, 7, m->kind);
    query_int(&q, 8, m->accepted_ms);
    query_int(&q, 9, m->expires_ms);
    query_blob(&q, 10, m->envelope);
    store_result result = query_put(&q);
    if (result == STORE_OK)
        m->seq = sqlite3_last_insert_rowid(q.s->db);
    return result;
}

#define MESSAGE                                                                                    \
    "SELECT seq, sender_device, message_id, conversation_id, sender, network, transcript_hash,"    \
    " kind, accepted_ms, expires_ms, envelope FROM messages "

/* Ends q. */
static store_result take_message(query *q, teal_arena *a, store_message *out)
{
    bool found = query_row(q);
    if (found) {
        *out = (store_message){ .seq = row_int(q, 0) };
        row_fixed(q, 1, out->sender_device, TEAL_DEVICE_BYTES);
        out->message_id = row_bytes(q, 2, a);
        out->conversation_id = row_bytes(q, 3, a);
        out->sender = row_bytes(q, 4, a);
        out->network = row_bytes(q, 5, a);
        row_fixed(q, 6, out->transcript_hash.at, TEAL_HASH_BYTES);
        out->kind = (teal_kind)row_int(q, 7);
        out->accepted_ms = row_int(q, 8);
        out->expires_ms = row_int(q, 9);
        out->envelope = row_bytes(q, 10, a);
    }
    store_result result = query_end(q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_find_message(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                 teal_bytes sender, teal_bytes message_id, teal_arena *a,
                                 store_message *out)
{
    query q = query_start(s, MESSAGE "WHERE sender_device = ?1 AND message_id = ?2"
                                     " AND sender = ?3");
    query_blob(&q, 1, device_bytes(device));
    query_text(&q, 2, message_id);
    query_text(&q, 3, sender);
    return take_message(&q, a, out);
}

/* Of several handles' messages with one id, the first one. */
store_result sqlite_find_sent(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                              teal_bytes message_id, teal_arena *a, store_message *out)
{
    query q = query_start(s, MESSAGE "WHERE sender_device = ?1 AND message_id = ?2"
                                     " AND sender IN (SELECT handle FROM handles WHERE account ="
                                     " (SELECT account FROM devices WHERE id = ?1))"
                                     " ORDER BY seq");
    query_blob(&q, 1, device_bytes(device));
    query_text(&q, 2, message_id);
    return take_message(&q, a, out);
}

store_result sqlite_get_message(store *s, int64_t seq, teal_arena *a, store_message *out)
{
    query q = query_start(s, MESSAGE "WHERE seq = ?1");
    query_int(&q, 1, seq);
    return take_message(&q, a, out);
}

store_result sqlite_put_fallback(store *s, int64_t message_seq, teal_bytes enc, teal_bytes sealed)
{
    query q = query_start(s, "INSERT INTO fallbacks(message_seq, enc, sealed) VALUES(?1, ?2, ?3)");
    query_int(&q, 1, message_seq);
    query_blob(&q, 2, enc);
    query_blob(&q, 3, sealed);
    return query_run(&q);
}

store_result sqlite_get_fallback(store *s, int64_t message_seq, teal_arena *a, teal_bytes *enc,
                                 teal_bytes *sealed)
{
    query q = query_start(s, "SELECT enc, sealed FROM fallbacks WHERE message_seq = ?1");
    query_int(&q, 1, message_seq);
    bool found = query_row(&q);
    *enc = found ? row_bytes(&q, 0, a) : (teal_bytes){ 0 };
    *sealed = found ? row_bytes(&q, 1, a) : (teal_bytes){ 0 };
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_drop_fallback(store *s, int64_t message_seq)
{
    query q = query_start(s, "DELETE FROM fallbacks WHERE message_seq = ?1"); /* secure_delete */
    query_int(&q, 1, message_seq);
    store_result result = query_run(&q);
    if (result == STORE_OK && sqlite3_changes(q.s->db) > 0)
        q.s->to_scrub = true;
    return result;
}

store_result sqlite_put_receipt(store *s, const store_receipt *r)
{
    query q = query_start(s, "INSERT INTO receipts(message_seq, recipient, data)"
                             " VALUES(?1, ?2, ?3)");
    query_int(&q, 1, r->message_seq);
    query_text(&q, 2, r->recipient);
    query_blob(&q, 3, r->data);
    return query_run(&q);
}

store_result sqlite_list_receipts(store *s, int64_t message_seq, teal_arena *a, store_receipt *out,
                                  size_t max, size_t *n)
{
    query q = query_start(s, "SELECT message_seq, recipient, data FROM receipts"
                             " WHERE message_seq = ?1 ORDER BY id");
    query_int(&q, 1, message_seq);
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK) {
        out[*n].message_seq = row_int(&q, 0);
        out[*n].recipient = row_bytes(&q, 1, a);
        out[*n].data = row_bytes(&q, 2, a);
    }
    return query_end(&q);
}

/* Remote ids as one blob: 2 octets of length, then the id, each. */
static void write_ids(const store_outstanding *o, teal_writer *w)
{
    for (size_t i = 0; i < o->n_remote_ids; i++) {
        teal_write_u16(w, (uint16_t)o->remote_ids[i].len);
        teal_write_bytes(w, o->remote_ids[i]);
    }
}

static bool read_ids(teal_bytes packed, teal_arena *a, store_outstanding *o)
{
    size_t n = 0;
    teal_reader r = teal_reader_of(packed);
    for (; teal_read_left(&r) > 0; n++)
        teal_read_bytes(&r, teal_read_u16(&r));
    teal_bytes *ids = teal_arena_array(a, n, sizeof *ids);
    if (ids == NULL)
        return false;
    r = teal_reader_of(packed);
    for (size_t i = 0; i < n; i++)
        ids[i] = teal_read_bytes(&r, teal_read_u16(&r));
    o->remote_ids = ids;
    o->n_remote_ids = n;
    return true;
}

store_result sqlite_put_outstanding(store *s, const store_outstanding *o)
{
    teal_writer packed = { 0 };
    write_ids(o, &packed);
    packed = (teal_writer){ malloc(packed.len + 1), packed.len, 0 };
    if (packed.base == NULL)
        return STORE_BROKEN;
    write_ids(o, &packed);
    query q = query_start(s, "INSERT INTO outstanding(delivery_id, receipt, remote_ids,"
                             " subject) VALUES(?1, ?2, ?3, ?4)");
    query_int(&q, 1, o->delivery_id);
    query_blob(&q, 2, o->receipt);
    query_blob(&q, 3, teal_written(&packed));
    query_blob(&q, 4, (teal_bytes){ o->subject.at, sizeof o->subject.at });
    store_result result = query_run(&q);
    free(packed.base);
    return result;
}

store_result sqlite_drop_outstanding(store *s, int64_t delivery_id)
{
    query q = query_start(s, "DELETE FROM outstanding WHERE delivery_id = ?1");
    query_int(&q, 1, delivery_id);
    return query_run(&q);
}

store_result sqlite_find_outstanding(store *s, const teal_hash *subject, int64_t *delivery_id)
{
    query q = query_start(s, "SELECT delivery_id FROM outstanding WHERE subject = ?1"
                             " ORDER BY delivery_id");
    query_blob(&q, 1, (teal_bytes){ subject->at, sizeof subject->at });
    bool found = query_row(&q);
    *delivery_id = found ? row_int(&q, 0) : 0;
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_list_outstanding(store *s, int64_t after_delivery_id, teal_arena *a,
                                     store_outstanding *out, size_t max, size_t *n)
{
    query q = query_start(s, "SELECT delivery_id, receipt, remote_ids, subject"
                             " FROM outstanding WHERE delivery_id > ?1 ORDER BY delivery_id");
    query_int(&q, 1, after_delivery_id);
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK) {
        out[*n].delivery_id = row_int(&q, 0);
        out[*n].receipt = row_bytes(&q, 1, a);
        row_fixed(&q, 3, out[*n].subject.at, TEAL_HASH_BYTES);
        if (!read_ids(row_bytes(&q, 2, a), a, &out[*n]))
            q.result = STORE_SPACE;
    }
    return query_end(&q);
}
