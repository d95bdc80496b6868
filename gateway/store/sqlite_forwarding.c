/* Grants of text forwarding, in SQLite: all that were ever signed, so that none comes back. */
#include "gateway/store/sqlite_store.h"

store_result sqlite_put_grant(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                              const store_grant *g)
{
    query q = query_start(s, "INSERT INTO forwarding_grants"
                             "(account, handle, device, sequence, leaf, encoded)"
                             " SELECT id, ?2, ?3, ?4, ?5, ?6 FROM accounts WHERE account_key = ?1");
    query_blob(&q, 1, (teal_bytes){ account_key, TEAL_KEY_BYTES });
    query_text(&q, 2, g->handle);
    query_blob(&q, 3, device_bytes(g->device));
    query_int(&q, 4, (int64_t)g->sequence);
    query_int(&q, 5, (int64_t)g->leaf);
    query_blob(&q, 6, g->encoded);
    return query_change(&q);
}

/* sequence is what max() makes of it: the other columns are of that row. */
store_result sqlite_list_grants(store *s, teal_bytes handle, teal_arena *a, store_grant *out,
                                size_t max, size_t *n)
{
    query q =
        query_start(s, "SELECT g.handle, g.device, max(g.sequence), g.leaf, g.encoded"
                       " FROM handles"
                       " JOIN forwarding_grants g ON g.account = handles.account"
                       " AND g.handle = handles.handle"
                       " JOIN devices ON devices.id = g.device AND devices.account = g.account"
                       " WHERE handles.handle = ?1 GROUP BY g.device LIMIT ?2");
    query_text(&q, 1, handle);
    query_int(&q, 2, (int64_t)max);
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK) {
        out[*n] = (store_grant){ .handle = row_bytes(&q, 0, a),
                                 .sequence = (uint64_t)row_int(&q, 2),
                                 .leaf = (uint64_t)row_int(&q, 3),
                                 .encoded = row_bytes(&q, 4, a) };
        row_fixed(&q, 1, out[*n].device, sizeof out[*n].device);
    }
    return query_end(&q);
}
