/* Append-only logs and the versions of manifests, in SQLite. What was put is never changed. */
#include "gateway/store/sqlite_store.h"

store_result sqlite_get_log(store *s, teal_bytes log, uint64_t *size, teal_hash *root)
{
    query q = query_start(s, "SELECT size, root FROM logs WHERE name = ?1");
    query_text(&q, 1, log);
    const bool found = query_row(&q);
    if (found) {
        *size = (uint64_t)row_int(&q, 0);
        row_fixed(&q, 1, root->at, sizeof root->at);
    }
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

static store_result put_leaf(store *s, teal_bytes log, uint64_t index, teal_bytes entry)
{
    query q = query_start(s, "INSERT INTO log_leaves(log, leaf, entry) VALUES(?1, ?2, ?3)");
    query_text(&q, 1, log);
    query_int(&q, 2, (int64_t)index);
    query_blob(&q, 3, entry);
    return query_run(&q);
}

static store_result put_node(store *s, teal_bytes log, unsigned level, uint64_t node,
                             const teal_hash *hash)
{
    query q = query_start(s, "INSERT INTO log_nodes(log, level, node, hash)"
                             " VALUES(?1, ?2, ?3, ?4)");
    query_text(&q, 1, log);
    query_int(&q, 2, level);
    query_int(&q, 3, (int64_t)node);
    query_blob(&q, 4, TEAL_VIEW(hash->at));
    return query_run(&q);
}

static store_result put_log(store *s, teal_bytes log, uint64_t size, const teal_hash *root)
{
    query q = query_start(s, "INSERT INTO logs(name, size, root) VALUES(?1, ?2, ?3)"
                             " ON CONFLICT(name) DO UPDATE SET size = excluded.size,"
                             " root = excluded.root");
    query_text(&q, 1, log);
    query_int(&q, 2, (int64_t)size);
    query_blob(&q, 3, TEAL_VIEW(root->at));
    return query_run(&q);
}

store_result sqlite_append_log(store *s, teal_bytes log, const store_leaf *leaf)
{
    store_result result = put_leaf(s, log, leaf->index, leaf->entry);
    for (unsigned level = 0; result == STORE_OK && level < leaf->n_nodes; level++)
        result = put_node(s, log, level, leaf->index >> level, &leaf->nodes[level]);
    return result == STORE_OK ? put_log(s, log, leaf->index + 1, &leaf->root) : result;
}

store_result sqlite_get_node(store *s, teal_bytes log, unsigned level, uint64_t node,
                             teal_hash *hash)
{
    query q = query_start(s, "SELECT hash FROM log_nodes WHERE log = ?1 AND level = ?2"
                             " AND node = ?3");
    query_text(&q, 1, log);
    query_int(&q, 2, level);
    query_int(&q, 3, (int64_t)node);
    const bool found = query_row(&q);
    if (found)
        row_fixed(&q, 0, hash->at, sizeof hash->at);
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_list_leaves(store *s, teal_bytes log, uint64_t from, teal_arena *a,
                                teal_bytes *out, size_t max, size_t *n)
{
    query q = query_start(s, "SELECT entry FROM log_leaves WHERE log = ?1 AND leaf >= ?2"
                             " ORDER BY leaf LIMIT ?3");
    query_text(&q, 1, log);
    query_int(&q, 2, (int64_t)from);
    query_int(&q, 3, (int64_t)max);
    *n = 0;
    while (*n < max && query_row(&q)) {
        out[*n] = row_bytes(&q, 0, a);
        *n += q.result == STORE_OK;
    }
    return query_end(&q);
}

/* ---- networks' keys --------------------------------------------------------------------------
 */

store_result sqlite_log_peer_key(store *s, const store_logged_key *k)
{
    query q = query_start(s, "INSERT INTO logged_keys(peer, key, change) VALUES(?1, ?2, ?3)"
                             " ON CONFLICT(peer, key) DO UPDATE SET change = ?3"
                             " WHERE change <> ?3");
    query_text(&q, 1, k->peer);
    query_blob(&q, 2, TEAL_VIEW(k->key));
    query_int(&q, 3, k->change);
    return query_put(&q);
}

store_result sqlite_list_logged_keys(store *s, teal_arena *a, store_logged_key *out, size_t max,
                                     size_t *n)
{
    query q = query_start(s, "SELECT peer, key, change FROM logged_keys WHERE change = 1 LIMIT ?1");
    query_int(&q, 1, (int64_t)max);
    for (*n = 0; *n < max && query_row(&q); *n += q.result == STORE_OK) {
        out[*n].peer = row_bytes(&q, 0, a);
        row_fixed(&q, 1, out[*n].key, TEAL_KEY_BYTES);
        out[*n].change = (uint32_t)row_int(&q, 2);
    }
    return query_end(&q);
}

/* ---- versions -------------------------------------------------------------------------------- */

store_result sqlite_put_version(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                const store_version *v)
{
    query q = query_start(s, "INSERT INTO versions(account, version, leaf, manifest)"
                             " SELECT id, ?2, ?3, ?4 FROM accounts WHERE account_key = ?1");
    query_blob(&q, 1, (teal_bytes){ account_key, TEAL_KEY_BYTES });
    query_int(&q, 2, (int64_t)v->version);
    query_int(&q, 3, (int64_t)v->leaf);
    query_blob(&q, 4, v->encoded);
    return query_change(&q);
}

static void read_version(query *q, teal_arena *a, store_version *out)
{
    out->version = (uint64_t)row_int(q, 0);
    out->leaf = (uint64_t)row_int(q, 1);
    out->encoded = row_bytes(q, 2, a);
}

static store_result read_versions(query *q, teal_arena *a, store_version *out, size_t max,
                                  size_t *n)
{
    *n = 0;
    while (*n < max && query_row(q)) {
        read_version(q, a, &out[*n]);
        *n += q->result == STORE_OK;
    }
    return query_end(q);
}

store_result sqlite_list_versions(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                  uint64_t from, teal_arena *a, store_version *out, size_t max,
                                  size_t *n)
{
    query q = query_start(s, "SELECT version, leaf, versions.manifest FROM versions"
                             " JOIN accounts ON accounts.id = account"
                             " WHERE account_key = ?1 AND version >= ?2"
                             " ORDER BY version LIMIT ?3");
    query_blob(&q, 1, (teal_bytes){ account_key, TEAL_KEY_BYTES });
    query_int(&q, 2, (int64_t)from);
    query_int(&q, 3, (int64_t)max);
    return read_versions(&q, a, out, max, n);
}

store_result sqlite_list_unlogged(store *s, teal_arena *a, teal_bytes *out, size_t max, size_t *n)
{
    query q = query_start(s, "SELECT manifest FROM accounts WHERE id NOT IN"
                             " (SELECT account FROM versions) ORDER BY id LIMIT ?1");
    query_int(&q, 1, (int64_t)max);
    *n = 0;
    while (*n < max && query_row(&q)) {
        out[*n] = row_bytes(&q, 0, a);
        *n += q.result == STORE_OK;
    }
    return query_end(&q);
}

store_result sqlite_put_own_version(store *s, const store_version *v)
{
    query q = query_start(s, "INSERT INTO own_versions(version, leaf, manifest) VALUES(?1, ?2, ?3)"
                             " ON CONFLICT DO NOTHING");
    query_int(&q, 1, (int64_t)v->version);
    query_int(&q, 2, (int64_t)v->leaf);
    query_blob(&q, 3, v->encoded);
    return query_put(&q);
}

store_result sqlite_list_own_versions(store *s, uint64_t from, teal_arena *a, store_version *out,
                                      size_t max, size_t *n)
{
    query q = query_start(s, "SELECT version, leaf, manifest FROM own_versions"
                             " WHERE version >= ?1 ORDER BY version LIMIT ?2");
    query_int(&q, 1, (int64_t)from);
    query_int(&q, 2, (int64_t)max);
    return read_versions(&q, a, out, max, n);
}
