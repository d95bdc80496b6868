/* See key_log.h. */
#include "gateway/ledger/key_log.h"

#include "gateway/log.h"

#include <stdlib.h>

enum {
    AT_ONCE = 64, /* manifests that are entered in one transaction at start */
    START_ARENA_BYTES = 4 * AT_ONCE * TEAL_MAX_MANIFEST_BYTES,
};

static store_result append(store *s, const teal_key_log_entry *e, uint64_t *index)
{
    uint8_t encoded[TEAL_MAX_KEY_LOG_ENTRY_BYTES];
    teal_writer w = { encoded, sizeof encoded, 0 };
    if (teal_key_log_entry_encode(e, &w) != TEAL_OK)
        bug("an entry of the key log outgrew its buffer");
    return ledger_append(s, KEY_LOG, teal_written(&w), index);
}

static store_result enter(store *s, const teal_manifest *m, teal_bytes encoded, int64_t now_ms)
{
    teal_key_log_entry e;
    store_version v = { .version = m->version, .encoded = encoded };
    teal_key_log_of_manifest(m, (uint64_t)now_ms, &e);
    store_result result = append(s, &e, &v.leaf);
    return result == STORE_OK ? s->ops->put_version(s, m->account_key, &v) : result;
}

/* Failures of the second part are not those of the first: the writer undoes both. */
store_result key_log_put_manifest(store *s, const teal_manifest *m, teal_bytes encoded,
                                  int64_t now_ms)
{
    store_result result = s->ops->put_manifest(s, m, encoded);
    if (result != STORE_OK)
        return result;
    result = enter(s, m, encoded, now_ms);
    return result == STORE_EXISTS || result == STORE_NONE ? STORE_BROKEN : result;
}

store_result key_log_put_peer_key(store *s, teal_bytes peer,
                                  const uint8_t key[static TEAL_KEY_BYTES],
                                  teal_key_log_change change, int64_t now_ms)
{
    uint64_t index;
    store_logged_key logged = { .peer = peer, .change = change };
    teal_key_log_entry e = {
        .kind = TEAL_KEY_LOG_PEER_KEY, .time_ms = (uint64_t)now_ms, .peer = peer, .change = change
    };
    memcpy(e.peer_key, key, sizeof e.peer_key);
    memcpy(logged.key, key, sizeof logged.key);
    store_result result = s->ops->log_peer_key(s, &logged);
    if (result == STORE_EXISTS)
        return STORE_OK;
    return result == STORE_OK ? append(s, &e, &index) : result;
}

store_result key_log_put_grant(store *s, const teal_forwarding_grant *g, teal_bytes encoded,
                               const uint8_t account_key[static TEAL_KEY_BYTES], int64_t now_ms)
{
    store_grant stored = { .handle = g->handle, .sequence = g->sequence, .encoded = encoded };
    teal_key_log_entry e = { .kind = TEAL_KEY_LOG_FORWARDING,
                             .time_ms = (uint64_t)now_ms,
                             .n_handle_hashes = 1,
                             .change = g->revoked ? TEAL_KEY_LOG_RETIRED : TEAL_KEY_LOG_ADDED };
    teal_key_log_handle(g->handle, &e.handle_hashes[0]);
    memcpy(e.account_key, account_key, sizeof e.account_key);
    teal_forwarding_grant_hash(g, &e.signed_hash);
    memcpy(stored.device, g->device, sizeof stored.device);
    store_result result = append(s, &e, &stored.leaf);
    return result == STORE_OK ? s->ops->put_grant(s, account_key, &stored) : result;
}

store_result key_log_put_own(store *s, const teal_manifest *m, teal_bytes encoded, int64_t now_ms)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES];
    teal_arena arena = { buf, sizeof buf, 0 };
    store_version there, v = { .version = m->version, .encoded = encoded };
    teal_key_log_entry e;
    size_t n = 0;
    store_result result = s->ops->list_own_versions(s, m->version, &arena, &there, 1, &n);
    if (result != STORE_OK)
        return result;
    if (n > 0)
        return teal_bytes_equal(there.encoded, encoded) ? STORE_OK : STORE_EXISTS;
    teal_key_log_of_manifest(m, (uint64_t)now_ms, &e);
    result = append(s, &e, &v.leaf);
    return result == STORE_OK ? s->ops->put_own_version(s, &v) : result;
}

/* ---- at start -------------------------------------------------------------------------------- */

static store_result enter_encoded(store *s, teal_bytes encoded, int64_t now_ms, teal_arena *arena)
{
    teal_manifest m;
    if (teal_manifest_decode(encoded, arena, &m, NULL) != TEAL_OK)
        return STORE_BROKEN;
    return enter(s, &m, encoded, now_ms);
}

/* *n: how many were entered; 0 when all are. */
static store_result enter_some(store *s, int64_t now_ms, teal_arena *arena, size_t *n)
{
    teal_bytes all[AT_ONCE];
    arena->used = 0;
    store_result result = s->ops->begin(s);
    if (result == STORE_OK)
        result = s->ops->list_unlogged(s, arena, all, AT_ONCE, n);
    for (size_t i = 0; result == STORE_OK && i < *n; i++)
        result = enter_encoded(s, all[i], now_ms, arena);
    if (result == STORE_OK)
        result = s->ops->commit(s);
    s->ops->rollback(s);
    return result;
}

store_result key_log_start(store *s, int64_t now_ms)
{
    teal_arena arena = { malloc(START_ARENA_BYTES), START_ARENA_BYTES, 0 };
    size_t n = 1;
    if (arena.base == NULL)
        bug("out of memory");
    store_result result = ledger_check(s, KEY_LOG);
    while (result == STORE_OK && n > 0)
        result = enter_some(s, now_ms, &arena, &n);
    free(arena.base);
    return result;
}
