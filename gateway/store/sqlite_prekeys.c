/* Prekeys of devices, in SQLite. Must never hand a one-time prekey out twice, nor take one back
 * that was claimed. */
#include "gateway/store/sqlite_store.h"

/* Raises the highest id that there was. STORE_EXISTS: `id` is not above it; STORE_NONE: no device.
 */
static store_result raise_last(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               uint32_t id)
{
    query q = query_start(s, "SELECT last_prekey FROM devices WHERE id = ?1");
    query_blob(&q, 1, device_bytes(device));
    bool found = query_row(&q);
    int64_t last = found ? row_int(&q, 0) : 0;
    store_result result = query_end(&q);
    if (result != STORE_OK || !found || id <= last)
        return result != STORE_OK ? result : found ? STORE_EXISTS : STORE_NONE;
    q = query_start(s, "UPDATE devices SET last_prekey = ?2 WHERE id = ?1");
    query_blob(&q, 1, device_bytes(device));
    query_int(&q, 2, id);
    return query_run(&q);
}

store_result sqlite_put_prekey(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               uint32_t id, teal_bytes encoded)
{
    store_result result = id != 0 ? raise_last(s, device, id) : STORE_OK;
    if (result != STORE_OK)
        return result;
    query q = query_start(s, "INSERT INTO prekeys(device, id, prekey) VALUES(?1, ?2, ?3)"
                             " ON CONFLICT DO UPDATE SET prekey = excluded.prekey");
    query_blob(&q, 1, device_bytes(device));
    query_int(&q, 2, id);
    query_blob(&q, 3, encoded);
    return query_run(&q);
}

store_result sqlite_get_last_resort(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                    teal_arena *a, teal_bytes *encoded)
{
    query q = query_start(s, "SELECT prekey FROM prekeys WHERE device = ?1 AND id = 0");
    query_blob(&q, 1, device_bytes(device));
    return query_blob_of_one(&q, a, encoded);
}

store_result sqlite_claim_prekey(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                 teal_arena *a, teal_bytes *encoded)
{
    query q = query_start(s, "DELETE FROM prekeys WHERE device = ?1 AND id ="
                             " (SELECT min(id) FROM prekeys WHERE device = ?1 AND id > 0)"
                             " RETURNING prekey");
    query_blob(&q, 1, device_bytes(device));
    store_result result = query_blob_of_one(&q, a, encoded);
    return result == STORE_NONE ? sqlite_get_last_resort(s, device, a, encoded) : result;
}

store_result sqlite_count_prekeys(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                  store_prekeys_left *left)
{
    query q = query_start(s, "SELECT (SELECT count(*) FROM prekeys WHERE device = ?1 AND id > 0),"
                             " coalesce((SELECT last_prekey FROM devices WHERE id = ?1), 0)");
    query_blob(&q, 1, device_bytes(device));
    *left = (store_prekeys_left){ 0 };
    if (query_row(&q))
        *left = (store_prekeys_left){ (size_t)row_int(&q, 0), (uint32_t)row_int(&q, 1) };
    return query_end(&q);
}

store_result sqlite_renew_device(store *s, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    static const char *const steps[] = {
        "DELETE FROM items WHERE device = ?1",
        "DELETE FROM prekeys WHERE device = ?1",
        "UPDATE devices SET last_prekey = 0 WHERE id = ?1",
    };
    store_result result = STORE_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && result == STORE_OK; i++) {
        query q = query_start(s, steps[i]);
        query_blob(&q, 1, device_bytes(device));
        result = query_run(&q);
    }
    return result;
}
