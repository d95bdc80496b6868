/* The log of look-ups, in SQLite. */
#include "gateway/store/sqlite_store.h"

store_result sqlite_put_lookup(store *s, const store_lookup *l)
{
    query q = query_start(s, "INSERT INTO lookups(caller, handle, at_ms) VALUES(?1, ?2, ?3)");
    query_text(&q, 1, l->caller);
    query_text(&q, 2, l->handle);
    query_int(&q, 3, l->at_ms);
    return query_run(&q);
}

store_result sqlite_drop_lookups(store *s, int64_t before_ms, size_t max, size_t *n)
{
    query q = query_start(s, "DELETE FROM lookups WHERE id IN (SELECT id FROM lookups"
                             " WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)");
    query_int(&q, 1, before_ms);
    query_int(&q, 2, (int64_t)max);
    store_result result = query_run(&q);
    *n = result == STORE_OK ? (size_t)sqlite3_changes64(q.s->db) : 0;
    return result;
}
