/* Changes; see networks_change.h. Each is decided on the newest view, which nobody replaces
 * meanwhile. */
#include "gateway/directory/networks_change.h"

#include "gateway/directory/networks_own.h"
#include "gateway/ledger/key_log.h"

#include <sodium.h>
#include <stdlib.h>

enum { COUNT_MAX = 256, COUNT_BYTES = 512 << 10 };

static const networks_refusal network_malformed = {
    .problem = "network-malformed",
    .status = 422,
    .rule =
        "REQ-NET-9 its name, URL, domains, numbers or ca are nothing that a configuration takes",
    .remedy =
        "Name it by a-z, 0-9 and \"-\"; give a URL of scheme, host and port alone, lower-case "
        "hosts, prefixes like +4477, and at least one of either; ca is at most 16 KiB of "
        "certificates "
        "in PEM."
};
static const networks_refusal network_unknown = {
    .problem = "network-unknown",
    .status = 404,
    .rule = "REQ-NET-9 there is no network of that name",
    .remedy = "See GET /v1/peers for those that there are."
};
static const networks_refusal network_configured = {
    .problem = "network-configured",
    .status = 409,
    .rule = "REQ-NET-3 the network stands in the gateway's configuration",
    .remedy = "Change it there; its keys and its suspension can be changed here."
};
static const networks_refusal network_overlap = {
    .problem = "network-overlap",
    .status = 409,
    .rule = "REQ-NET-1 another network has one of its domains or number prefixes",
    .remedy = "Leave `element` to one of them; a longer prefix of the same number may be another's."
};
static const networks_refusal networks_full = {
    .problem = "networks-full",
    .status = 409,
    .rule = "REQ-NET-9 the gateway bridges as many networks as it can",
    .remedy = "Remove one."
};
static const networks_refusal network_busy = {
    .problem = "network-busy",
    .status = 409,
    .rule = "REQ-NET-8 something is under way to the network",
    .remedy = "Wait until it has arrived, or end it with force=1."
};
static const networks_refusal key_weak = {
    .problem = "key-weak",
    .status = 422,
    .rule = "REQ-NET-1 the key is no point of the prime-order group in its canonical form",
    .remedy = "Give a key that was made as RFC 8032 says."
};
static const networks_refusal key_taken = { .problem = "key-taken",
                                            .status = 409,
                                            .rule = "REQ-NET-1 the key is another network's",
                                            .remedy = "Give each network keys of its own." };
static const networks_refusal key_times = { .problem = "key-times",
                                            .status = 422,
                                            .rule =
                                                "REQ-NET-5 the key's time ends before it begins",
                                            .remedy = "Give an until_ms that is after from_ms." };
static const networks_refusal keys_full = { .problem = "keys-full",
                                            .status = 409,
                                            .rule =
                                                "REQ-NET-5 the network has as many keys as it may",
                                            .remedy = "Retire one first." };
static const networks_refusal key_unknown = { .problem = "key-unknown",
                                              .status = 404,
                                              .rule = "REQ-NET-5 the network has no such key",
                                              .remedy =
                                                  "See GET /v1/peers for those that it has." };

static networks_result refuse(const networks_refusal *because, networks_refusal *why)
{
    *why = *because;
    return NETWORKS_REFUSED;
}

/* ---- what all changes have ------------------------------------------------------------------- */

typedef struct change {
    const networks_tools *tools;
    const networks_view *view; /* the newest */
    teal_bytes name;
    const bridged_network *network; /* of that name; NULL: there is none */
    const store_peer *peer;
    store_peer_key key;
    uint8_t expired[NETWORK_MAX_KEYS][TEAL_KEY_BYTES]; /* that make room for another one */
    size_t n_expired;
    teal_key_log_change logged;
    int64_t now_ms;
    size_t under_way;
    networks_refusal *why;
} change;

static void begin(change *c)
{
    networks *n = c->tools->networks;
    pthread_mutex_lock(&n->changing);
    c->view = networks_hold(n);
    c->network = networks_named(c->view, c->name);
}

static void log_change(const change *c, const char *what)
{
    char name[CONFIG_MAX_PEER_NAME + 1];
    snprintf(name, sizeof name, "%.*s", (int)c->name.len, (const char *)c->name.at);
    log_event(LOG_INFO, "networks.changed", "network", name, "what", what, NULL);
}

/* A change that is durable is one, also where it cannot be read back now: the next one, or the next
 * start, does so. */
static networks_result commit(change *c, store_result (*write)(store *s, void *arg),
                              const char *what)
{
    const networks_tools *t = c->tools;
    store_result result = writer_do(t->writer, write, c);
    if (result == STORE_EXISTS)
        return NETWORKS_REFUSED;
    if (result != STORE_OK)
        return NETWORKS_BUSY;
    networks_reload(t->networks, t->reader);
    log_change(c, what);
    return NETWORKS_CHANGED;
}

static networks_result end(change *c, networks_result result)
{
    networks *n = c->tools->networks;
    networks_let_go(n, &c->view);
    pthread_mutex_unlock(&n->changing);
    if (result == NETWORKS_NEW || result == NETWORKS_CHANGED)
        networks_tell(n);
    return result;
}

/* ---- networks -------------------------------------------------------------------------------- */

static store_result write_peer(store *s, void *arg)
{
    const change *c = arg;
    return s->ops->put_peer(s, c->peer);
}

static bool has_free_slot(const networks_view *v)
{
    bool found = false;
    for (size_t i = 0; !found && i < NETWORKS_MAX; i++)
        found = networks_in_slot(v, i) == NULL;
    return found;
}

static networks_result refuse_overlap(const networks_clash *clash, networks_refusal *why)
{
    *why = network_overlap;
    snprintf(why->element, sizeof why->element, "%s", clash->element);
    snprintf(why->network, sizeof why->network, "%s", clash->owner);
    return NETWORKS_REFUSED;
}

static networks_result put(change *c)
{
    bridged_network read;
    networks_clash clash;
    networks_result result = NETWORKS_CHANGED;
    if (!network_read(c->peer, &read))
        result = refuse(&network_malformed, c->why);
    else if (c->network != NULL && c->network->configured)
        result = refuse(&network_configured, c->why);
    else if (networks_clashes(c->view, &read, &clash))
        result = refuse_overlap(&clash, c->why);
    else if (c->network == NULL && !has_free_slot(c->view))
        result = refuse(&networks_full, c->why);
    network_clear(&read);
    if (result == NETWORKS_CHANGED)
        result = commit(c, write_peer, c->network == NULL ? "added" : "changed");
    return result == NETWORKS_CHANGED && c->network == NULL ? NETWORKS_NEW : result;
}

networks_result networks_put(const networks_tools *t, const store_peer *p, networks_refusal *why)
{
    change c = { .tools = t, .name = p->name, .peer = p, .why = why };
    begin(&c);
    return end(&c, put(&c));
}

/* Inside the transaction: nothing can be put under way behind its back. */
static store_result count_under_way(change *c, store *s)
{
    teal_arena arena = { malloc(COUNT_BYTES), COUNT_BYTES, 0 };
    if (arena.base == NULL)
        bug("out of memory");
    store_delivery *found = teal_arena_array(&arena, COUNT_MAX, sizeof *found);
    store_result result = s->ops->list_active(s, c->name, &arena, found, COUNT_MAX, &c->under_way);
    free(arena.base);
    return result == STORE_SPACE ? STORE_OK : result;
}

/* Keys that were retired before are in the log as that. */
static store_result log_end_of_keys(const change *c, store *s)
{
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < c->network->n_keys; i++)
        if (c->network->keys[i].until_ms == INT64_MAX)
            result = key_log_put_peer_key(s, c->name, c->network->keys[i].key, TEAL_KEY_LOG_RETIRED,
                                          c->now_ms);
    return result;
}

static store_result drop_peer(store *s, void *arg)
{
    change *c = arg;
    store_result result = count_under_way(c, s);
    if (result == STORE_OK && c->under_way > 0)
        return STORE_EXISTS;
    if (result == STORE_OK)
        result = log_end_of_keys(c, s);
    return result == STORE_OK ? s->ops->drop_peer(s, c->name) : result;
}

static networks_result check_removal(change *c)
{
    if (c->network == NULL)
        return refuse(&network_unknown, c->why);
    return c->network->configured ? refuse(&network_configured, c->why) : NETWORKS_CHANGED;
}

networks_result networks_check_removal(const networks_tools *t, teal_bytes name,
                                       networks_refusal *why)
{
    change c = { .tools = t, .why = why };
    c.view = networks_hold(t->networks);
    c.network = networks_named(c.view, name);
    networks_result result = check_removal(&c);
    networks_let_go(t->networks, &c.view);
    return result;
}

networks_result networks_remove(const networks_tools *t, teal_bytes name, int64_t now_ms,
                                networks_refusal *why)
{
    change c = { .tools = t, .name = name, .now_ms = now_ms, .why = why };
    begin(&c);
    networks_result result = check_removal(&c);
    if (result == NETWORKS_CHANGED)
        result = commit(&c, drop_peer, "removed");
    if (result == NETWORKS_REFUSED && c.under_way > 0) {
        *why = network_busy;
        why->deliveries = c.under_way;
    }
    return end(&c, result);
}

/* ---- suspension ------------------------------------------------------------------------------ */

static store_result write_suspension(store *s, void *arg)
{
    const change *c = arg;
    return s->ops->suspend_peer(s, c->name, c->now_ms);
}

static store_result drop_suspension(store *s, void *arg)
{
    const change *c = arg;
    return s->ops->resume_peer(s, c->name);
}

networks_result networks_suspend(const networks_tools *t, teal_bytes name, int64_t now_ms,
                                 networks_refusal *why)
{
    change c = { .tools = t, .name = name, .now_ms = now_ms, .why = why };
    begin(&c);
    return end(&c, c.network == NULL ? refuse(&network_unknown, why)
                                     : commit(&c, write_suspension, "suspended"));
}

networks_result networks_resume(const networks_tools *t, teal_bytes name, networks_refusal *why)
{
    change c = { .tools = t, .name = name, .why = why };
    begin(&c);
    return end(&c, c.network == NULL ? refuse(&network_unknown, why)
                                     : commit(&c, drop_suspension, "resumed"));
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const network_key *find_key(const bridged_network *n, const uint8_t *key)
{
    for (size_t i = 0; i < n->n_keys; i++)
        if (memcmp(n->keys[i].key, key, TEAL_KEY_BYTES) == 0)
            return &n->keys[i];
    return NULL;
}

/* What the store says of a key of the configuration goes on to hold for it. */
static bool is_configured(const config *c, const uint8_t *key)
{
    bool found = false;
    for (size_t i = 0; !found && i < c->n_peers; i++)
        for (size_t j = 0; !found && j < c->peers[i].keys.n; j++)
            found = memcmp(c->peers[i].keys.at[j], key, TEAL_KEY_BYTES) == 0;
    return found;
}

/* With the key log's entry. */
static store_result write_key(store *s, void *arg)
{
    const change *c = arg;
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < c->n_expired; i++)
        result = s->ops->drop_peer_key(s, c->expired[i]);
    if (result == STORE_OK)
        result = s->ops->put_peer_key(s, &c->key);
    return result == STORE_OK ? key_log_put_peer_key(s, c->name, c->key.key, c->logged, c->now_ms)
                              : result;
}

static networks_result set_key(change *c, const uint8_t *key, int64_t from_ms, int64_t until_ms,
                               teal_key_log_change logged)
{
    c->logged = logged;
    c->key = (store_peer_key){ .peer = c->name, .from_ms = from_ms, .until_ms = until_ms };
    memcpy(c->key.key, key, TEAL_KEY_BYTES);
    networks_result result =
        commit(c, write_key, logged == TEAL_KEY_LOG_ADDED ? "key-set" : "key-retired");
    return result == NETWORKS_REFUSED ? refuse(&key_taken, c->why) : result;
}

/* False: all that it has are of use still. */
static bool make_room(change *c)
{
    const bridged_network *n = c->network;
    for (size_t i = 0; i < n->n_keys && n->n_keys - c->n_expired == NETWORK_MAX_KEYS; i++)
        if (n->keys[i].until_ms <= c->now_ms && !is_configured(c->view->config, n->keys[i].key))
            memcpy(c->expired[c->n_expired++], n->keys[i].key, TEAL_KEY_BYTES);
    return n->n_keys - c->n_expired < NETWORK_MAX_KEYS;
}

static networks_result refuse_taken(const bridged_network *owner, networks_refusal *why)
{
    *why = key_taken;
    snprintf(why->network, sizeof why->network, "%s", owner->name);
    return NETWORKS_REFUSED;
}

static networks_result put_key(change *c, const network_key *k)
{
    const bridged_network *owner = networks_with_key(c->view, k->key);
    if (c->network == NULL)
        return refuse(&network_unknown, c->why);
    if (crypto_core_ed25519_is_valid_point(k->key) != 1)
        return refuse(&key_weak, c->why);
    if (owner != NULL && owner != c->network)
        return refuse_taken(owner, c->why);
    if (k->until_ms <= k->from_ms)
        return refuse(&key_times, c->why);
    if (owner == NULL && !make_room(c))
        return refuse(&keys_full, c->why);
    networks_result result = set_key(c, k->key, k->from_ms, k->until_ms, TEAL_KEY_LOG_ADDED);
    return result == NETWORKS_CHANGED && owner == NULL ? NETWORKS_NEW : result;
}

networks_result networks_put_key(const networks_tools *t, teal_bytes name, const network_key *k,
                                 int64_t now_ms, networks_refusal *why)
{
    change c = { .tools = t, .name = name, .now_ms = now_ms, .why = why };
    begin(&c);
    return end(&c, put_key(&c, k));
}

static networks_result retire_key(change *c, const uint8_t *key, int64_t at_ms)
{
    if (c->network == NULL)
        return refuse(&network_unknown, c->why);
    const network_key *k = find_key(c->network, key);
    if (k == NULL)
        return refuse(&key_unknown, c->why);
    int64_t until_ms = at_ms < k->until_ms ? at_ms : k->until_ms; /* once over, it stays so */
    return set_key(c, key, k->from_ms, until_ms, TEAL_KEY_LOG_RETIRED);
}

networks_result networks_retire_key(const networks_tools *t, teal_bytes name,
                                    const uint8_t key[static TEAL_KEY_BYTES], int64_t at_ms,
                                    int64_t now_ms, networks_refusal *why)
{
    change c = { .tools = t, .name = name, .now_ms = now_ms, .why = why };
    begin(&c);
    return end(&c, retire_key(&c, key, at_ms));
}
