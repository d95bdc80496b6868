/* Accounts, and what is remembered of other networks' handles, in SQLite. */
#include "gateway/store/sqlite_store.h"

/* *id: 0 where there is none. key: bound as a blob, handles as text. */
static store_result find_id(store *s, const char *sql, bool text, teal_bytes key, int64_t *id)
{
    query q = query_start(s, sql);
    (text ? query_text : query_blob)(&q, 1, key);
    *id = query_row(&q) ? row_int(&q, 0) : 0;
    return query_end(&q);
}

static store_result check_owner(store *s, const char *sql, bool text, teal_bytes key,
                                int64_t account)
{
    int64_t owner = 0;
    store_result result = find_id(s, sql, text, key, &owner);
    return result == STORE_OK && owner != 0 && owner != account ? STORE_EXISTS : result;
}

/* STORE_EXISTS where a handle or a device belongs to an account other than `account`. */
static store_result check_owners(store *s, const teal_manifest *m, int64_t account)
{
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < m->n_handles; i++)
        result = check_owner(s, "SELECT account FROM handles WHERE handle = ?1", true,
                             m->handles[i], account);
    for (size_t i = 0; result == STORE_OK && i < m->n_devices; i++)
        result = check_owner(s, "SELECT account FROM devices WHERE id = ?1", false,
                             device_bytes(m->devices[i].id), account);
    return result;
}

static store_result put_account(store *s, const teal_manifest *m, teal_bytes encoded, int64_t *id)
{
    query q = query_start(s, "INSERT INTO accounts(account_key, manifest) VALUES(?1, ?2)"
                             " ON CONFLICT(account_key) DO UPDATE SET manifest = excluded.manifest"
                             " RETURNING id");
    query_blob(&q, 1, (teal_bytes){ m->account_key, TEAL_KEY_BYTES });
    query_blob(&q, 2, encoded);
    *id = query_row(&q) ? row_int(&q, 0) : 0;
    return query_run(&q);
}

static store_result put_handles(store *s, const teal_manifest *m, int64_t account)
{
    query q = query_start(s, "DELETE FROM handles WHERE account = ?1");
    query_int(&q, 1, account);
    store_result result = query_run(&q);
    for (size_t i = 0; result == STORE_OK && i < m->n_handles; i++) {
        q = query_start(s, "INSERT INTO handles(handle, account) VALUES(?1, ?2)");
        query_text(&q, 1, m->handles[i]);
        query_int(&q, 2, account);
        result = query_run(&q);
    }
    return result;
}

static store_result remove_device(store *s, const uint8_t id[static TEAL_DEVICE_BYTES])
{
    query q = query_start(s, "DELETE FROM items WHERE device = ?1");
    query_blob(&q, 1, device_bytes(id));
    store_result result = query_run(&q);
    if (result != STORE_OK)
        return result;
    q = query_start(s, "DELETE FROM devices WHERE id = ?1"); /* its prekeys go with it */
    query_blob(&q, 1, device_bytes(id));
    return query_run(&q);
}

static store_result remove_devices_that_left(store *s, const teal_manifest *m, int64_t account)
{
    uint8_t left[TEAL_MAX_DEVICES][TEAL_DEVICE_BYTES];
    size_t n = 0;
    query q = query_start(s, "SELECT id FROM devices WHERE account = ?1");
    query_int(&q, 1, account);
    while (n < TEAL_MAX_DEVICES && query_row(&q)) {
        row_fixed(&q, 0, left[n], TEAL_DEVICE_BYTES);
        if (teal_manifest_device(m, left[n]) == NULL)
            n++;
    }
    store_result result = query_end(&q);
    for (size_t i = 0; result == STORE_OK && i < n; i++)
        result = remove_device(s, left[i]);
    return result;
}

/* Without what came for one that had the id before, after that one had left: another account may
 * take it, for ids are no secret. */
static store_result put_device(store *s, const uint8_t id[static TEAL_DEVICE_BYTES],
                               int64_t account)
{
    query q = query_start(s, "DELETE FROM items WHERE device = ?1"
                             " AND NOT EXISTS (SELECT 1 FROM devices WHERE id = ?1)");
    query_blob(&q, 1, device_bytes(id));
    store_result result = query_run(&q);
    if (result != STORE_OK)
        return result;
    q = query_start(s, "INSERT INTO devices(id, account) VALUES(?1, ?2) ON CONFLICT DO NOTHING");
    query_blob(&q, 1, device_bytes(id));
    query_int(&q, 2, account);
    return query_run(&q);
}

static store_result put_devices(store *s, const teal_manifest *m, int64_t account)
{
    store_result result = remove_devices_that_left(s, m, account);
    for (size_t i = 0; result == STORE_OK && i < m->n_devices; i++)
        result = put_device(s, m->devices[i].id, account);
    return result;
}

store_result sqlite_put_manifest(store *s, const teal_manifest *m, teal_bytes encoded)
{
    int64_t account = 0;
    store_result result = find_id(s, "SELECT id FROM accounts WHERE account_key = ?1", false,
                                  (teal_bytes){ m->account_key, TEAL_KEY_BYTES }, &account);
    if (result == STORE_OK)
        result = check_owners(s, m, account);
    if (result == STORE_OK)
        result = put_account(s, m, encoded, &account);
    if (result == STORE_OK)
        result = put_handles(s, m, account);
    if (result == STORE_OK)
        result = put_devices(s, m, account);
    return result;
}

store_result sqlite_get_manifest(store *s, teal_bytes handle, teal_arena *a, teal_bytes *encoded)
{
    query q = query_start(s, "SELECT manifest FROM handles JOIN accounts ON accounts.id = account"
                             " WHERE handle = ?1");
    query_text(&q, 1, handle);
    return query_blob_of_one(&q, a, encoded);
}

store_result sqlite_get_account(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                teal_arena *a, teal_bytes *encoded)
{
    query q = query_start(s, "SELECT manifest FROM accounts WHERE account_key = ?1");
    query_blob(&q, 1, (teal_bytes){ account_key, TEAL_KEY_BYTES });
    return query_blob_of_one(&q, a, encoded);
}

store_result sqlite_get_device(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               teal_arena *a, teal_bytes *encoded)
{
    query q = query_start(s, "SELECT manifest FROM devices JOIN accounts ON accounts.id = account"
                             " WHERE devices.id = ?1");
    query_blob(&q, 1, device_bytes(device));
    return query_blob_of_one(&q, a, encoded);
}

/* More than one, so that there are fewer in the end. A manifest is of use for longer than to the
 * directory: a message that was accepted on it may still have to leave. */
static store_result drop_old_remotes(store *s, int64_t now_ms)
{
    query q = query_start(s, "DELETE FROM remotes WHERE rowid IN (SELECT rowid FROM remotes"
                             " WHERE manifest = x'' AND expires_ms < ?1 LIMIT 4)");
    query_int(&q, 1, now_ms);
    return query_run(&q);
}

store_result sqlite_put_remote(store *s, const store_remote *r, int64_t now_ms)
{
    store_result result = drop_old_remotes(s, now_ms);
    if (result != STORE_OK)
        return result;
    query q =
        query_start(s, "INSERT INTO remotes(handle, network, capability, manifest, expires_ms)"
                       " VALUES(?1, ?2, ?3, ?4, ?5)"
                       " ON CONFLICT(handle) DO UPDATE SET network = excluded.network,"
                       " capability = excluded.capability, manifest = excluded.manifest,"
                       " expires_ms = excluded.expires_ms");
    query_text(&q, 1, r->handle);
    query_text(&q, 2, r->network);
    query_text(&q, 3, r->capability);
    query_blob(&q, 4, r->manifest);
    query_int(&q, 5, r->expires_ms);
    return query_run(&q);
}

store_result sqlite_get_remote(store *s, teal_bytes handle, int64_t now_ms, teal_arena *a,
                               store_remote *out)
{
    query q = query_start(s, "SELECT handle, network, capability, manifest, expires_ms FROM remotes"
                             " WHERE handle = ?1 AND expires_ms > ?2");
    query_text(&q, 1, handle);
    query_int(&q, 2, now_ms);
    bool found = query_row(&q);
    if (found) {
        out->handle = row_bytes(&q, 0, a);
        out->network = row_bytes(&q, 1, a);
        out->capability = row_bytes(&q, 2, a);
        out->manifest = row_bytes(&q, 3, a);
        out->expires_ms = row_int(&q, 4);
    }
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_drop_remote(store *s, teal_bytes handle)
{
    query q = query_start(s, "DELETE FROM remotes WHERE handle = ?1");
    query_text(&q, 1, handle);
    return query_run(&q);
}

store_result sqlite_get_pin(store *s, teal_bytes handle, uint8_t key[static TEAL_KEY_BYTES])
{
    query q = query_start(s, "SELECT account_key FROM pins WHERE handle = ?1");
    query_text(&q, 1, handle);
    bool found = query_row(&q);
    if (found)
        row_fixed(&q, 0, key, TEAL_KEY_BYTES);
    store_result result = query_end(&q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}

store_result sqlite_pin_key(store *s, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES])
{
    uint8_t pinned[TEAL_KEY_BYTES];
    store_result result = sqlite_get_pin(s, handle, pinned);
    if (result == STORE_OK)
        return memcmp(pinned, key, TEAL_KEY_BYTES) == 0 ? STORE_OK : STORE_EXISTS;
    if (result != STORE_NONE)
        return result;
    query q = query_start(s, "INSERT INTO pins(handle, account_key) VALUES(?1, ?2)");
    query_text(&q, 1, handle);
    query_blob(&q, 2, (teal_bytes){ key, TEAL_KEY_BYTES });
    return query_run(&q);
}

store_result sqlite_drop_pin(store *s, teal_bytes handle)
{
    query q = query_start(s, "DELETE FROM pins WHERE handle = ?1");
    query_text(&q, 1, handle);
    return query_run(&q);
}
