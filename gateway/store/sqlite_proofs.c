/* Proofs of numbers, in SQLite. */
#include "gateway/store/sqlite_store.h"

/* A proof whose handle stands in a manifest is kept as long as it does. */
static store_result drop_unused(store *s, int64_t now_ms)
{
    query q = query_start(s, "DELETE FROM handle_proofs WHERE expires_ms < ?1"
                             " AND handle NOT IN (SELECT handle FROM handles)");
    query_int(&q, 1, now_ms);
    return query_run(&q);
}

store_result sqlite_put_proof(store *s, const teal_handle_proof *p, int64_t now_ms)
{
    store_result result = drop_unused(s, now_ms);
    if (result != STORE_OK)
        return result;
    query q = query_start(s, "INSERT OR REPLACE INTO handle_proofs"
                             "(handle, account_key, proven_ms, expires_ms, signature)"
                             " VALUES(?1, ?2, ?3, ?4, ?5)");
    query_text(&q, 1, p->handle);
    query_blob(&q, 2, (teal_bytes){ p->account_key, sizeof p->account_key });
    query_int(&q, 3, (int64_t)p->proven_at_ms);
    query_int(&q, 4, (int64_t)p->expires_at_ms);
    query_blob(&q, 5, (teal_bytes){ p->signature, sizeof p->signature });
    return query_run(&q);
}

store_result sqlite_get_proof(store *s, teal_bytes handle, teal_arena *a, teal_handle_proof *out)
{
    query q = query_start(s, "SELECT handle, account_key, proven_ms, expires_ms, signature"
                             " FROM handle_proofs WHERE handle = ?1");
    query_text(&q, 1, handle);
    bool found = query_row(&q);
    if (found) {
        out->handle = row_bytes(&q, 0, a);
        row_fixed(&q, 1, out->account_key, sizeof out->account_key);
        out->proven_at_ms = (uint64_t)row_int(&q, 2);
        out->expires_at_ms = (uint64_t)row_int(&q, 3);
        row_fixed(&q, 4, out->signature, sizeof out->signature);
    }
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_drop_proof(store *s, teal_bytes handle)
{
    query q = query_start(s, "DELETE FROM handle_proofs WHERE handle = ?1");
    query_text(&q, 1, handle);
    return query_run(&q);
}
