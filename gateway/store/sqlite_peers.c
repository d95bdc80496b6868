/* Networks that were added at run time, keys and suspensions of all, in SQLite. */
#include "gateway/store/sqlite_store.h"

store_result sqlite_put_peer(store *s, const store_peer *p)
{
    query q = query_start(s, "INSERT INTO peers(name, url, domains, numbers, ca)"
                             " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE"
                             " SET url = ?2, domains = ?3, numbers = ?4, ca = ?5");
    query_text(&q, 1, p->name);
    query_text(&q, 2, p->url);
    query_text(&q, 3, p->domains);
    query_text(&q, 4, p->numbers);
    query_text(&q, 5, p->ca);
    return query_run(&q);
}

/* sql: a statement whose only parameter is the name. */
static store_result run_for(store *s, const char *sql, teal_bytes name)
{
    query q = query_start(s, sql);
    query_text(&q, 1, name);
    return query_run(&q);
}

store_result sqlite_drop_peer(store *s, teal_bytes name)
{
    static const char *const all[] = {
        "DELETE FROM outbox WHERE network = ?1",
        "DELETE FROM peer_suspensions WHERE peer = ?1",
        "DELETE FROM peer_keys WHERE peer = ?1",
        "DELETE FROM peers WHERE name = ?1",
    };
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < sizeof all / sizeof all[0]; i++)
        result = run_for(s, all[i], name);
    return result;
}

store_result sqlite_list_peers(store *s, teal_arena *a, store_peer *out, size_t max, size_t *n)
{
    query q = query_start(s, "SELECT name, url, domains, numbers, ca FROM peers ORDER BY name");
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK)
        out[*n] = (store_peer){ row_bytes(&q, 0, a), row_bytes(&q, 1, a), row_bytes(&q, 2, a),
                                row_bytes(&q, 3, a), row_bytes(&q, 4, a) };
    return query_end(&q);
}

store_result sqlite_put_peer_key(store *s, const store_peer_key *k)
{
    query q = query_start(s, "INSERT INTO peer_keys(key, peer, from_ms, until_ms)"
                             " VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
                             " SET from_ms = ?3, until_ms = ?4 WHERE peer = ?2");
    query_blob(&q, 1, (teal_bytes){ k->key, sizeof k->key });
    query_text(&q, 2, k->peer);
    query_int(&q, 3, k->from_ms);
    query_int(&q, 4, k->until_ms);
    return query_put(&q);
}

store_result sqlite_drop_peer_key(store *s, const uint8_t key[static TEAL_KEY_BYTES])
{
    query q = query_start(s, "DELETE FROM peer_keys WHERE key = ?1");
    query_blob(&q, 1, (teal_bytes){ key, TEAL_KEY_BYTES });
    return query_run(&q);
}

store_result sqlite_list_peer_keys(store *s, teal_arena *a, store_peer_key *out, size_t max,
                                   size_t *n)
{
    query q = query_start(s, "SELECT key, peer, from_ms, until_ms FROM peer_keys"
                             " ORDER BY peer, from_ms, key");
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK) {
        out[*n] = (store_peer_key){ .peer = row_bytes(&q, 1, a),
                                    .from_ms = row_int(&q, 2),
                                    .until_ms = row_int(&q, 3) };
        row_fixed(&q, 0, out[*n].key, sizeof out[*n].key);
    }
    return query_end(&q);
}

store_result sqlite_suspend_peer(store *s, teal_bytes name, int64_t since_ms)
{
    query q = query_start(s, "INSERT INTO peer_suspensions(peer, since_ms) VALUES(?1, ?2)"
                             " ON CONFLICT DO NOTHING");
    query_text(&q, 1, name);
    query_int(&q, 2, since_ms);
    return query_run(&q);
}

store_result sqlite_resume_peer(store *s, teal_bytes name)
{
    return run_for(s, "DELETE FROM peer_suspensions WHERE peer = ?1", name);
}

store_result sqlite_list_suspended(store *s, teal_arena *a, teal_bytes *out, size_t max, size_t *n)
{
    query q = query_start(s, "SELECT peer FROM peer_suspensions ORDER BY peer");
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK)
        out[*n] = row_bytes(&q, 0, a);
    return query_end(&q);
}
