/* Paths and keys of recipients; see route.h. */
#include "gateway/core/route.h"

#include "gateway/core/delivery.h"
#include "gateway/core/state.h"

#include <stdlib.h>

store_result route_decide(route *r, store *reader, const teal_envelope *e,
                          const uint8_t *gateway_key, int64_t now_ms)
{
    const directory_entry *entry = &r->entry;
    store_result result = STORE_OK;
    r->answer = (policy_answer){ .verdict = POLICY_UNROUTABLE };
    if (r->found != DIRECTORY_OK)
        return STORE_OK;
    policy_case c = {
        .kind = e->kind,
        .consent = e->has_downgrade ? &e->downgrade : NULL,
        .has_native = entry->has_native,
        .has_rcs = entry->has_rcs,
        .has_plain = entry->has_plain,
        .has_sms = entry->has_sms,
        .gateway_key = gateway_key,
        .now_ms = now_ms,
    };
    if (!c.has_native && !c.has_rcs) /* it counts only then */
        result = reader->ops->seen_e2ee(reader, e->conversation_id, r->recipient, &c.e2ee_before);
    if (result == STORE_OK)
        r->answer = policy_decide(&c);
    return result;
}

teal_bytes route_network(const route *r)
{
    return r->answer.path == PATH_SMS ? teal_text(CORE_SMS) : r->entry.network;
}

bool route_is_e2ee(const route *r)
{
    return r->answer.verdict == POLICY_GO && r->answer.level == TEAL_E2EE;
}

/* ---- keys ---- */

/* Device ids in order, to be searched. */
typedef struct id_set {
    const uint8_t **at;
    size_t n;
} id_set;

static int compare(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, TEAL_DEVICE_BYTES);
}

static bool has(const id_set *set, const uint8_t *id)
{
    return bsearch(&id, set->at, set->n, sizeof *set->at, compare) != NULL;
}

static void sort(id_set *set)
{
    if (set->n > 1)
        qsort(set->at, set->n, sizeof *set->at, compare);
}

static bool list_keys(const teal_envelope *e, teal_arena *arena, id_set *out)
{
    *out = (id_set){ teal_arena_array(arena, e->n_keys, sizeof *out->at), e->n_keys };
    for (size_t i = 0; out->at != NULL && i < e->n_keys; i++)
        out->at[i] = e->keys[i].device;
    if (out->at != NULL)
        sort(out);
    return out->at != NULL;
}

static void add_devices(id_set *set, const teal_manifest *m)
{
    for (size_t i = 0; i < m->n_devices; i++)
        set->at[set->n++] = m->devices[i].id;
}

/* Who may have a key. */
static bool list_owners(const route *routes, size_t n, const teal_manifest *sender,
                        teal_arena *arena, id_set *out)
{
    size_t most = sender->n_devices;
    for (size_t i = 0; i < n; i++)
        most += route_is_e2ee(&routes[i]) ? routes[i].entry.manifest.n_devices : 0;
    *out = (id_set){ teal_arena_array(arena, most, sizeof *out->at), 0 };
    if (out->at == NULL)
        return false;
    add_devices(out, sender);
    for (size_t i = 0; i < n; i++)
        if (route_is_e2ee(&routes[i]))
            add_devices(out, &routes[i].entry.manifest);
    sort(out);
    return true;
}

static bool misses_key(const route *r, const id_set *keys)
{
    const teal_manifest *m = &r->entry.manifest;
    bool misses = false;
    for (size_t i = 0; !misses && i < m->n_devices; i++)
        misses = !has(keys, m->devices[i].id);
    return misses;
}

store_result route_check_keys(route *routes, size_t n, const teal_manifest *sender,
                              const teal_envelope *e, bool complete, teal_arena *arena)
{
    id_set keys, owners;
    bool foreign = false, stale = false;
    if (!list_keys(e, arena, &keys) || !list_owners(routes, n, sender, arena, &owners))
        return STORE_SPACE;
    for (size_t i = 0; complete && !foreign && i < keys.n; i++)
        foreign = !has(&owners, keys.at[i]);
    for (size_t i = 0; i < n; i++) {
        routes[i].stale = route_is_e2ee(&routes[i]) && (foreign || misses_key(&routes[i], &keys));
        stale = stale || routes[i].stale;
    }
    return stale || foreign ? STORE_NONE : STORE_OK;
}
