/* Views of the bridged networks: who is asked for, and how a new one is made of configuration and
 * store. */
#include "gateway/directory/networks_own.h"

#include "gateway/config_value.h"

#include <gnutls/x509.h>
#include <stdlib.h>

enum { LOAD_BYTES = 4 << 20, MAX_STORED_KEYS = NETWORKS_MAX * NETWORK_MAX_KEYS };

/* ---- what is asked --------------------------------------------------------------------------- */

const bridged_network *networks_in_slot(const networks_view *v, size_t slot)
{
    return v->slots[slot];
}

const bridged_network *networks_named(const networks_view *v, teal_bytes name)
{
    for (size_t i = 0; i < NETWORKS_MAX; i++)
        if (v->slots[i] != NULL && teal_bytes_equal(name, teal_text(v->slots[i]->name)))
            return v->slots[i];
    return NULL;
}

/* The best claim among them; *best NULL: there is none. */
static size_t claim(const networks_view *v, teal_bytes handle, const bridged_network **best)
{
    size_t longest = 0;
    *best = NULL;
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        const bridged_network *n = v->slots[i];
        size_t len = n != NULL ? config_claim(&n->domains, &n->numbers, handle) : 0;
        if (len > longest) {
            longest = len;
            *best = n;
        }
    }
    return longest;
}

static size_t native_claim(const networks_view *v, teal_bytes handle)
{
    return config_claim(&v->config->native_domains, &v->config->native_numbers, handle);
}

const bridged_network *networks_for(const networks_view *v, teal_bytes handle)
{
    const bridged_network *best;
    return claim(v, handle, &best) > native_claim(v, handle) ? best : NULL;
}

bool networks_is_native(const networks_view *v, teal_bytes handle)
{
    const bridged_network *best;
    return native_claim(v, handle) > claim(v, handle, &best);
}

static network_key *find_key(bridged_network *n, const uint8_t *key)
{
    for (size_t i = 0; i < n->n_keys; i++)
        if (memcmp(n->keys[i].key, key, TEAL_KEY_BYTES) == 0)
            return &n->keys[i];
    return NULL;
}

const bridged_network *networks_with_key(const networks_view *v,
                                         const uint8_t key[static TEAL_KEY_BYTES])
{
    for (size_t i = 0; i < NETWORKS_MAX; i++)
        if (v->slots[i] != NULL && find_key(v->slots[i], key) != NULL)
            return v->slots[i];
    return NULL;
}

const bridged_network *networks_of_key(const networks_view *v,
                                       const uint8_t key[static TEAL_KEY_BYTES], int64_t now_ms)
{
    const bridged_network *n = networks_with_key(v, key);
    const network_key *k = n != NULL ? find_key(v->slots[n->slot], key) : NULL;
    return k != NULL && k->from_ms <= now_ms && now_ms < k->until_ms ? n : NULL;
}

/* ---- what fits together ---------------------------------------------------------------------- */

static const char *find_common(const config_list *a, const config_list *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (strcmp(a->at[i], b->at[j]) == 0)
                return b->at[j];
    return NULL;
}

static bool overlaps(const bridged_network *candidate, const config_list *domains,
                     const config_list *numbers, const char *owner, networks_clash *out)
{
    const char *element = find_common(&candidate->domains, domains);
    if (element == NULL)
        element = find_common(&candidate->numbers, numbers);
    *out = (networks_clash){ element, owner };
    return element != NULL;
}

bool networks_clashes(const networks_view *v, const bridged_network *candidate, networks_clash *out)
{
    const config *c = v->config;
    bool clashes = overlaps(candidate, &c->native_domains, &c->native_numbers, "native", out);
    for (size_t i = 0; !clashes && i < NETWORKS_MAX; i++) {
        const bridged_network *n = v->slots[i];
        clashes = n != NULL && strcmp(n->name, candidate->name) != 0 &&
                  overlaps(candidate, &n->domains, &n->numbers, n->name, out);
    }
    return clashes;
}

/* ---- one network ----------------------------------------------------------------------------- */

static const config_rule as_domains = { .at = offsetof(bridged_network, domains) },
                         as_numbers = { .at = offsetof(bridged_network, numbers) },
                         as_url = { .at = offsetof(bridged_network, url), .most = 300 };

static char *text(teal_bytes b)
{
    char *copy = strndup(b.len > 0 ? (const char *)b.at : "", b.len);
    if (copy == NULL)
        bug("out of memory");
    return copy;
}

static bool read_field(const config_type *type, const config_rule *as, teal_bytes from,
                       bridged_network *out)
{
    char *value = text(from);
    bool good = strlen(value) == from.len && type->read(as, value, out);
    free(value);
    return good;
}

/* Certificates, and nothing but them. */
static bool are_certificates(const char *pem)
{
    gnutls_x509_crt_t *all = NULL;
    unsigned n = 0;
    const gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem) };
    bool good = gnutls_x509_crt_list_import2(&all, &n, &data, GNUTLS_X509_FMT_PEM, 0) == 0 && n > 0;
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit(all[i]);
    gnutls_free(all);
    return good && strstr(pem, "PRIVATE KEY") == NULL;
}

static bool read_ca(teal_bytes from, char **out)
{
    if (from.len > NETWORK_MAX_CA_BYTES)
        return false;
    *out = text(from);
    return strlen(*out) == from.len && (from.len == 0 || are_certificates(*out));
}

bool network_read(const store_peer *p, bridged_network *out)
{
    *out = (bridged_network){ .name = text(p->name) };
    return strlen(out->name) == p->name.len && config_is_peer_name(out->name) &&
           read_field(&config_url, &as_url, p->url, out) &&
           read_field(&config_hosts, &as_domains, p->domains, out) &&
           read_field(&config_prefixes, &as_numbers, p->numbers, out) &&
           out->domains.n + out->numbers.n > 0 && read_ca(p->ca, &out->ca);
}

static void clear_list(config_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i]);
    list->n = 0;
}

void network_clear(bridged_network *n)
{
    free(n->name);
    free(n->url);
    free(n->ca);
    clear_list(&n->domains);
    clear_list(&n->numbers);
    *n = (bridged_network){ 0 };
}

static void copy_list(const config_list *from, config_list *to)
{
    for (size_t i = 0; i < from->n; i++)
        to->at[to->n++] = text(teal_text(from->at[i]));
}

static void copy_configured(const config_peer *from, bridged_network *to)
{
    *to = (bridged_network){
        .name = text(teal_text(from->name)),
        .url = text(teal_text(from->url)),
        .credentials = { .ca = from->ca, .certificate = from->certificate, .key = from->key },
        .n_keys = from->keys.n,
        .configured = true
    };
    copy_list(&from->domains, &to->domains);
    copy_list(&from->numbers, &to->numbers);
    for (size_t i = 0; i < from->keys.n; i++) {
        to->keys[i].until_ms = INT64_MAX;
        memcpy(to->keys[i].key, from->keys.at[i], TEAL_KEY_BYTES);
    }
}

/* ---- a view ---------------------------------------------------------------------------------- */

static void free_view(networks_view *v)
{
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        if (v->slots[i] != NULL)
            network_clear(v->slots[i]);
        free(v->slots[i]);
    }
    free(v);
}

static void place(networks_view *v, const bridged_network *n, size_t slot)
{
    bridged_network *placed = malloc(sizeof *placed);
    if (placed == NULL)
        bug("out of memory");
    *placed = *n;
    placed->slot = slot;
    v->slots[slot] = placed;
}

/* With what the configuration says, in the first slots. */
static networks_view *make_view(const config *c)
{
    networks_view *v = calloc(1, sizeof *v);
    if (v == NULL)
        bug("out of memory");
    v->config = c;
    for (size_t i = 0; i < c->n_peers; i++) {
        bridged_network n;
        copy_configured(&c->peers[i], &n);
        place(v, &n, i);
    }
    return v;
}

/* The one that it had, else one that nobody had or has; NETWORKS_MAX: there is none. */
static size_t choose_slot(const networks_view *v, const networks_view *before, const char *name)
{
    const bridged_network *was = networks_named(before, teal_text(name));
    if (was != NULL && v->slots[was->slot] == NULL)
        return was->slot;
    size_t slot = 0;
    while (slot < NETWORKS_MAX && (v->slots[slot] != NULL || before->slots[slot] != NULL))
        slot++;
    return slot;
}

static void leave_out(const char *name, const char *what)
{
    log_event(LOG_WARN, "networks.left_out", "network", name, "what", what, NULL);
}

static void add_peer(networks_view *v, const networks_view *before, const store_peer *p)
{
    bridged_network n;
    networks_clash clash;
    bool read = network_read(p, &n);
    size_t slot = choose_slot(v, before, n.name);
    const char *wrong = NULL;
    if (!read)
        wrong = "the store's record cannot be read";
    else if (networks_named(v, p->name) != NULL)
        wrong = "the configuration has one of that name";
    else if (networks_clashes(v, &n, &clash))
        wrong = "another network has one of its domains or numbers";
    else if (slot == NETWORKS_MAX)
        wrong = "there are too many networks";
    if (wrong == NULL) {
        n.credentials = (http_credentials){ .certificate = v->config->tls_certificate,
                                            .key = v->config->tls_key,
                                            .ca_pem = n.ca };
        place(v, &n, slot);
        return;
    }
    leave_out(n.name, wrong);
    network_clear(&n);
}

static void add_key(networks_view *v, const store_peer_key *k)
{
    const bridged_network *named = networks_named(v, k->peer),
                          *owner = networks_with_key(v, k->key);
    if (named == NULL)
        return; /* was left out, or is no longer configured */
    bridged_network *n = v->slots[named->slot];
    network_key *key = find_key(n, k->key);
    if (key == NULL && owner == NULL && n->n_keys < NETWORK_MAX_KEYS)
        key = &n->keys[n->n_keys++];
    if (key == NULL) {
        leave_out(n->name, "a key is another network's, or one too many");
        return;
    }
    *key = (network_key){ .from_ms = k->from_ms, .until_ms = k->until_ms };
    memcpy(key->key, k->key, TEAL_KEY_BYTES);
}

typedef struct stored {
    store_peer peers[NETWORKS_MAX];
    store_peer_key keys[MAX_STORED_KEYS];
    teal_bytes suspended[NETWORKS_MAX];
    size_t n_peers, n_keys, n_suspended;
} stored;

static store_result read_store(store *s, teal_arena *arena, stored *out)
{
    const store_ops *ops = s->ops;
    store_result result = ops->list_peers(s, arena, out->peers, NETWORKS_MAX, &out->n_peers);
    if (result == STORE_OK)
        result = ops->list_peer_keys(s, arena, out->keys, MAX_STORED_KEYS, &out->n_keys);
    if (result == STORE_OK)
        result = ops->list_suspended(s, arena, out->suspended, NETWORKS_MAX, &out->n_suspended);
    return result;
}

static networks_view *merge(const config *c, const networks_view *before, const stored *from)
{
    networks_view *v = make_view(c);
    for (size_t i = 0; i < from->n_peers; i++)
        add_peer(v, before, &from->peers[i]);
    for (size_t i = 0; i < from->n_keys; i++)
        add_key(v, &from->keys[i]);
    for (size_t i = 0; i < from->n_suspended; i++) {
        const bridged_network *n = networks_named(v, from->suspended[i]);
        if (n != NULL)
            v->slots[n->slot]->suspended = true;
    }
    return v;
}

/* ---- the newest ------------------------------------------------------------------------------ */

const networks_view *networks_hold(networks *n)
{
    pthread_mutex_lock(&n->lock);
    networks_view *v = n->newest;
    v->held++;
    pthread_mutex_unlock(&n->lock);
    return v;
}

void networks_let_go(networks *n, const networks_view **v)
{
    networks_view *it = (networks_view *)(uintptr_t)*v;
    if (it == NULL)
        return;
    pthread_mutex_lock(&n->lock);
    bool last = --it->held == 0 && it != n->newest;
    pthread_mutex_unlock(&n->lock);
    if (last)
        free_view(it);
    *v = NULL;
}

bool networks_is_newest(networks *n, const networks_view *v)
{
    pthread_mutex_lock(&n->lock);
    bool newest = v == n->newest;
    pthread_mutex_unlock(&n->lock);
    return newest;
}

static void publish(networks *n, networks_view *v)
{
    pthread_mutex_lock(&n->lock);
    networks_view *before = n->newest;
    n->newest = v;
    bool last = before->held == 0;
    pthread_mutex_unlock(&n->lock);
    if (last)
        free_view(before);
}

store_result networks_reload(networks *n, store *s)
{
    teal_arena arena = { malloc(LOAD_BYTES), LOAD_BYTES, 0 };
    stored *from = calloc(1, sizeof *from);
    if (arena.base == NULL || from == NULL)
        bug("out of memory");
    store_result result = read_store(s, &arena, from);
    if (result == STORE_OK)
        publish(n, merge(n->config, n->newest, from)); /* which nobody else replaces */
    else
        log_event(LOG_ERROR, "networks.store", "result", store_result_name(result), NULL);
    free(from);
    free(arena.base);
    return result;
}

void networks_tell(networks *n)
{
    if (n->changed != NULL)
        n->changed(n->arg);
}

store_result networks_load(networks *n, store *s)
{
    pthread_mutex_lock(&n->changing);
    store_result result = networks_reload(n, s);
    pthread_mutex_unlock(&n->changing);
    if (result == STORE_OK)
        networks_tell(n);
    return result;
}

void networks_listen(networks *n, void (*changed)(void *arg), void *arg)
{
    n->changed = changed;
    n->arg = arg;
}

networks *networks_open(const config *c)
{
    networks *n = calloc(1, sizeof *n);
    if (n == NULL)
        bug("out of memory");
    n->config = c;
    n->newest = make_view(c);
    pthread_mutex_init(&n->changing, NULL);
    pthread_mutex_init(&n->lock, NULL);
    return n;
}

void networks_close(networks **n)
{
    if (*n == NULL)
        return;
    free_view((*n)->newest);
    pthread_mutex_destroy(&(*n)->lock);
    pthread_mutex_destroy(&(*n)->changing);
    free(*n);
    *n = NULL;
}
