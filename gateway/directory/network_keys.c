/* See network_keys.h. */
#include "gateway/directory/network_keys.h"

#include "gateway/ledger/key_log.h"
#include "gateway/log.h"

#include <stdlib.h>

enum { LOGGED_MAX = NETWORKS_MAX * NETWORK_MAX_KEYS, LOGGED_BYTES = LOGGED_MAX * 256 };

/* Those with an end have been entered as retired when they got it. */
static store_result log_all(store *s, const networks_view *v, int64_t now_ms)
{
    store_result result = STORE_OK;
    for (size_t slot = 0; slot < NETWORKS_MAX; slot++) {
        const bridged_network *n = networks_in_slot(v, slot);
        for (size_t i = 0; n != NULL && result == STORE_OK && i < n->n_keys; i++)
            if (n->keys[i].until_ms == INT64_MAX)
                result = key_log_put_peer_key(s, teal_text(n->name), n->keys[i].key,
                                              TEAL_KEY_LOG_ADDED, now_ms);
    }
    return result;
}

static bool has_key(const networks_view *v, const store_logged_key *k)
{
    const bridged_network *n = networks_named(v, k->peer);
    bool found = false;
    for (size_t i = 0; n != NULL && !found && i < n->n_keys; i++)
        found = memcmp(n->keys[i].key, k->key, sizeof k->key) == 0;
    return found;
}

/* Those that the log still counts, of networks or keys that are no more. */
static store_result end_others(store *s, const networks_view *v, int64_t now_ms, teal_arena *arena)
{
    size_t n = 0;
    store_logged_key *logged = teal_arena_array(arena, LOGGED_MAX, sizeof *logged);
    if (logged == NULL)
        return STORE_SPACE;
    store_result result = s->ops->list_logged_keys(s, arena, logged, LOGGED_MAX, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++)
        if (!has_key(v, &logged[i]))
            result = key_log_put_peer_key(s, logged[i].peer, logged[i].key, TEAL_KEY_LOG_RETIRED,
                                          now_ms);
    return result;
}

store_result network_keys_start(networks *n, store *s, int64_t now_ms)
{
    teal_arena arena = { malloc(LOGGED_BYTES), LOGGED_BYTES, 0 };
    const networks_view *v = networks_hold(n);
    if (arena.base == NULL)
        bug("out of memory");
    store_result result = s->ops->begin(s);
    if (result == STORE_OK)
        result = log_all(s, v, now_ms);
    if (result == STORE_OK)
        result = end_others(s, v, now_ms, &arena);
    if (result == STORE_OK)
        result = s->ops->commit(s);
    s->ops->rollback(s);
    networks_let_go(n, &v);
    free(arena.base);
    return result;
}
