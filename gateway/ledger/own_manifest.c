/* See own_manifest.h. */
#include "gateway/ledger/own_manifest.h"

#include "gateway/keys.h"
#include "gateway/ledger/key_log.h"
#include "gateway/log.h"

enum { ARENA_BYTES = 2 * TEAL_MAX_MANIFEST_BYTES };

static store_result refuse(uint64_t version, store_result result, const char *why)
{
    char number[24];
    log_event(LOG_ERROR, "key_log.own_manifest", "version", log_number(number, (int64_t)version),
              "why", why, NULL);
    return result;
}

/* *begun: whether a version before it is in the log. */
static store_result enter(store *s, const config *c, uint64_t version, bool *begun, int64_t now_ms)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES], room[ARENA_BYTES];
    teal_arena arena = { room, sizeof room, 0 };
    teal_manifest m;
    size_t len;
    if (!keys_load_manifest_version(c, version, buf, &len)) /* versions begin where the keys did */
        return *begun ? refuse(version, STORE_NONE, "the state folder does not have it") : STORE_OK;
    const teal_bytes encoded = { buf, len };
    if (teal_manifest_decode(encoded, &arena, &m, NULL) != TEAL_OK)
        bug("a manifest that was read before does not decode");
    store_result result = key_log_put_own(s, &m, encoded, now_ms);
    *begun = true;
    return result == STORE_EXISTS ? refuse(version, result, "the key log has another one") : result;
}

/* The first version from there on that is in the log; otherwise: what to say where none is. */
static store_result first_logged(store *s, uint64_t from, uint64_t otherwise, uint64_t *out)
{
    uint8_t room[ARENA_BYTES];
    teal_arena arena = { room, sizeof room, 0 };
    store_version v;
    size_t n = 0;
    store_result result = s->ops->list_own_versions(s, from, &arena, &v, 1, &n);
    *out = n > 0 ? v.version : otherwise;
    return result;
}

/* A state folder from before the log's newest entry. */
static store_result refuse_newer(store *s, uint64_t newest)
{
    uint64_t newer;
    store_result result = first_logged(s, newest + 1, 0, &newer);
    return result == STORE_OK && newer > 0
               ? refuse(newer, STORE_EXISTS, "the key log has it, the state folder does not")
               : result;
}

static bool newest_version(const config *c, uint64_t *out)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES], room[ARENA_BYTES];
    teal_arena arena = { room, sizeof room, 0 };
    teal_manifest m;
    size_t len;
    bool found = keys_load_manifest(c, buf, &len, stderr) &&
                 teal_manifest_decode((teal_bytes){ buf, len }, &arena, &m, NULL) == TEAL_OK;
    *out = found ? m.version : 0;
    return found;
}

store_result own_manifest_start(store *s, const config *c, int64_t now_ms)
{
    uint64_t first = 1, newest;
    bool begun = false;
    if (!newest_version(c, &newest))
        return STORE_NONE;
    store_result result = s->ops->begin(s);
    if (result == STORE_OK)
        result = first_logged(s, 1, 1, &first);
    for (uint64_t v = first; result == STORE_OK && v <= newest; v++)
        result = enter(s, c, v, &begun, now_ms);
    if (result == STORE_OK)
        result = refuse_newer(s, newest);
    if (result == STORE_OK)
        result = s->ops->commit(s);
    s->ops->rollback(s);
    return result;
}
