/* Inside the SQLite back end: the handle, how a statement is asked, and what its files share.
 * Values are bound, never written into SQL. */
#ifndef TEAL_GATEWAY_STORE_SQLITE_STORE_H
#define TEAL_GATEWAY_STORE_SQLITE_STORE_H

#include "gateway/store/store.h"

#include <sqlite3.h>

enum { SQLITE_STORE_STATEMENTS = 128 }; /* a power of two, well over the number of statements */

typedef struct sqlite_statement {
    const char *sql; /* which literal: its address, not its text */
    sqlite3_stmt *stmt;
} sqlite_statement;

typedef struct sqlite_store {
    store base;
    sqlite3 *db;
    sqlite_statement statements[SQLITE_STORE_STATEMENTS];
    store_result failed; /* FULL until the next begin, BROKEN for ever: nothing is done meanwhile */
    bool to_scrub;       /* a fallback was dropped since the log was emptied */
} sqlite_store;

/* What an SQLite code means to the caller; what it breaks is marked in the handle and logged. */
store_result sqlite_failure(sqlite_store *s, int code);

/* One use of a cached statement. Parameters count from 1, columns from 0. The first failure stays
 * in `result`, and nothing after it does anything, so ask once: query_end. */
typedef struct query {
    sqlite_store *s;
    sqlite3_stmt *stmt;
    store_result result;
} query;

/* sql: a literal. */
query query_start(store *s, const char *sql);
void query_int(query *q, int at, int64_t value);
void query_text(query *q, int at, teal_bytes value); /* no copy: lives until query_end */
void query_blob(query *q, int at, teal_bytes value); /* likewise */

/* Steps; true: there is a row. */
bool query_row(query *q);
int64_t row_int(query *q, int column);
/* A copy in the arena; STORE_SPACE where it does not fit. NULL is empty. */
teal_bytes row_bytes(query *q, int column, teal_arena *a);
/* Exactly len bytes: anything else in the database is damage. */
void row_fixed(query *q, int column, uint8_t *out, size_t len);

/* Ends the use. */
store_result query_end(query *q);
/* Steps to the end, rows left unread, and ends. */
store_result query_run(query *q);
/* The same, for what must change a row: STORE_NONE where none was there, STORE_EXISTS where
 * ON CONFLICT left the one that was. */
store_result query_change(query *q);
store_result query_put(query *q);
/* The blob of the one row; STORE_NONE where there is none. */
store_result query_blob_of_one(query *q, teal_arena *a, teal_bytes *out);

static inline teal_bytes device_bytes(const uint8_t device[static TEAL_DEVICE_BYTES])
{
    return (teal_bytes){ device, TEAL_DEVICE_BYTES };
}

/* sqlite_proofs.c */
store_result sqlite_put_proof(store *s, const teal_handle_proof *p, int64_t now_ms);
store_result sqlite_get_proof(store *s, teal_bytes handle, teal_arena *a, teal_handle_proof *out);
store_result sqlite_drop_proof(store *s, teal_bytes handle);

/* sqlite_forwarding.c */
store_result sqlite_put_grant(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                              const store_grant *g);
store_result sqlite_list_grants(store *s, teal_bytes handle, teal_arena *a, store_grant *out,
                                size_t max, size_t *n);

/* sqlite_accounts.c */
store_result sqlite_put_manifest(store *s, const teal_manifest *m, teal_bytes encoded);
store_result sqlite_get_manifest(store *s, teal_bytes handle, teal_arena *a, teal_bytes *encoded);
store_result sqlite_get_device(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               teal_arena *a, teal_bytes *encoded);
store_result sqlite_get_account(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                teal_arena *a, teal_bytes *encoded);
store_result sqlite_put_remote(store *s, const store_remote *r, int64_t now_ms);
store_result sqlite_get_remote(store *s, teal_bytes handle, int64_t now_ms, teal_arena *a,
                               store_remote *out);
store_result sqlite_drop_remote(store *s, teal_bytes handle);
store_result sqlite_pin_key(store *s, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES]);
store_result sqlite_get_pin(store *s, teal_bytes handle, uint8_t key[static TEAL_KEY_BYTES]);
store_result sqlite_drop_pin(store *s, teal_bytes handle);

/* sqlite_prekeys.c */
store_result sqlite_put_prekey(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               uint32_t id, teal_bytes encoded);
store_result sqlite_claim_prekey(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                 teal_arena *a, teal_bytes *encoded);
store_result sqlite_get_last_resort(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                    teal_arena *a, teal_bytes *encoded);
store_result sqlite_count_prekeys(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                  store_prekeys_left *left);
store_result sqlite_renew_device(store *s, const uint8_t device[static TEAL_DEVICE_BYTES]);

/* sqlite_lookups.c */
store_result sqlite_put_lookup(store *s, const store_lookup *l);
store_result sqlite_drop_lookups(store *s, int64_t before_ms, size_t max, size_t *n);

/* sqlite_logs.c */
store_result sqlite_append_log(store *s, teal_bytes log, const store_leaf *leaf);
store_result sqlite_get_log(store *s, teal_bytes log, uint64_t *size, teal_hash *root);
store_result sqlite_get_node(store *s, teal_bytes log, unsigned level, uint64_t node,
                             teal_hash *hash);
store_result sqlite_list_leaves(store *s, teal_bytes log, uint64_t from, teal_arena *a,
                                teal_bytes *out, size_t max, size_t *n);
store_result sqlite_log_peer_key(store *s, const store_logged_key *k);
store_result sqlite_list_logged_keys(store *s, teal_arena *a, store_logged_key *out, size_t max,
                                     size_t *n);
store_result sqlite_put_version(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                const store_version *v);
store_result sqlite_list_versions(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                  uint64_t from, teal_arena *a, store_version *out, size_t max,
                                  size_t *n);
store_result sqlite_list_unlogged(store *s, teal_arena *a, teal_bytes *out, size_t max, size_t *n);
store_result sqlite_put_own_version(store *s, const store_version *v);
store_result sqlite_list_own_versions(store *s, uint64_t from, teal_arena *a, store_version *out,
                                      size_t max, size_t *n);

/* sqlite_messages.c */
store_result sqlite_put_message(store *s, store_message *m);
store_result sqlite_find_message(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                 teal_bytes sender, teal_bytes message_id, teal_arena *a,
                                 store_message *out);
store_result sqlite_find_sent(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                              teal_bytes message_id, teal_arena *a, store_message *out);
store_result sqlite_get_message(store *s, int64_t seq, teal_arena *a, store_message *out);
store_result sqlite_put_fallback(store *s, int64_t message_seq, teal_bytes enc, teal_bytes sealed);
store_result sqlite_get_fallback(store *s, int64_t message_seq, teal_arena *a, teal_bytes *enc,
                                 teal_bytes *sealed);
store_result sqlite_drop_fallback(store *s, int64_t message_seq);
store_result sqlite_put_receipt(store *s, const store_receipt *r);
store_result sqlite_list_receipts(store *s, int64_t message_seq, teal_arena *a, store_receipt *out,
                                  size_t max, size_t *n);
store_result sqlite_put_outstanding(store *s, const store_outstanding *o);
store_result sqlite_drop_outstanding(store *s, int64_t delivery_id);
store_result sqlite_find_outstanding(store *s, const teal_hash *subject, int64_t *delivery_id);
store_result sqlite_list_outstanding(store *s, int64_t after_delivery_id, teal_arena *a,
                                     store_outstanding *out, size_t max, size_t *n);

/* sqlite_queue.c */
store_result sqlite_put_delivery(store *s, store_delivery *d);
store_result sqlite_get_delivery(store *s, int64_t id, teal_arena *a, store_delivery *out);
store_result sqlite_update_delivery(store *s, const store_delivery *d);
store_result sqlite_list_deliveries(store *s, int64_t message_seq, teal_arena *a,
                                    store_delivery *out, size_t max, size_t *n);
store_result sqlite_list_due(store *s, store_path path, teal_bytes network, int64_t now_ms,
                             teal_arena *a, store_delivery *out, size_t max, size_t *n);
store_result sqlite_list_expired(store *s, int64_t now_ms, teal_arena *a, store_delivery *out,
                                 size_t max, size_t *n);
store_result sqlite_next_expiry(store *s, int64_t *expires_ms);
store_result sqlite_list_leaving(store *s, teal_arena *a, store_delivery *out, size_t max,
                                 size_t *n);
store_result sqlite_next_due(store *s, store_path path, teal_bytes network, int64_t *due_ms);
store_result sqlite_mark_e2ee(store *s, teal_bytes conversation_id, teal_bytes recipient);
store_result sqlite_seen_e2ee(store *s, teal_bytes conversation_id, teal_bytes recipient,
                              bool *seen);

store_result sqlite_list_active(store *s, teal_bytes network, teal_arena *a, store_delivery *out,
                                size_t max, size_t *n);

/* sqlite_peers.c */
store_result sqlite_put_peer(store *s, const store_peer *p);
store_result sqlite_drop_peer(store *s, teal_bytes name);
store_result sqlite_list_peers(store *s, teal_arena *a, store_peer *out, size_t max, size_t *n);
store_result sqlite_put_peer_key(store *s, const store_peer_key *k);
store_result sqlite_drop_peer_key(store *s, const uint8_t key[static TEAL_KEY_BYTES]);
store_result sqlite_list_peer_keys(store *s, teal_arena *a, store_peer_key *out, size_t max,
                                   size_t *n);
store_result sqlite_suspend_peer(store *s, teal_bytes name, int64_t since_ms);
store_result sqlite_resume_peer(store *s, teal_bytes name);
store_result sqlite_list_suspended(store *s, teal_arena *a, teal_bytes *out, size_t max, size_t *n);

/* sqlite_inbox.c */
store_result sqlite_put_item(store *s, store_item *item);
store_result sqlite_list_items(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               int64_t after, teal_arena *a, store_item *out, size_t max,
                               size_t *n);
store_result sqlite_ack_item(store *s, const uint8_t device[static TEAL_DEVICE_BYTES], int64_t seq,
                             store_item *out);
store_result sqlite_drop_items(store *s, int64_t delivery_id);
store_result sqlite_put_outbox(store *s, teal_bytes network, teal_bytes cpim, int64_t due_ms);
store_result sqlite_list_outbox(store *s, teal_bytes network, int64_t now_ms, teal_arena *a,
                                int64_t *ids, teal_bytes *cpims, size_t max, size_t *n);
store_result sqlite_next_outbox(store *s, teal_bytes network, int64_t *due_ms);
store_result sqlite_delay_outbox(store *s, int64_t id, int64_t due_ms);
store_result sqlite_drop_outbox(store *s, int64_t id);

#endif
