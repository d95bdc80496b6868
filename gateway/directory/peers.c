/* Asks other networks about their handles, two at a time each, and leaves one alone that failed. */
#include "gateway/directory/peers.h"

#include "gateway/http_client.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    CLIENTS = 2, /* of one peer at a time */
    WAIT_FOR_CLIENT_MS = 500,
    BACK_OFF_FIRST_MS = 2000, /* after a failure; doubled after each that follows */
    BACK_OFF_MAX_MS = 30000,
    MAX_ANSWER_BYTES = 64 << 10, /* a manifest and a prekey for each of its devices, as text */
    MAX_URL_BYTES = 2048,
};

typedef struct peer_link {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    http_client *clients[CLIENTS]; /* NULL until the first question */
    char *url;                     /* of the network that was asked last */
    bool taken[CLIENTS];
    int64_t back_off_ms;  /* since failed_at_ms; 0: the last question did not fail */
    int64_t failed_at_ms; /* on the clock that callers pass in */
} peer_link;

struct peers {
    const config *config;
    request_signer signer;
    peer_link links[NETWORKS_MAX]; /* one for each slot */
};

peers *peers_open(const config *c, const request_signer *signer)
{
    peers *p = calloc(1, sizeof *p);
    if (p == NULL)
        bug("out of memory");
    p->config = c;
    p->signer = *signer;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        pthread_mutex_init(&p->links[i].lock, NULL);
        pthread_cond_init(&p->links[i].freed, &monotonic);
    }
    pthread_condattr_destroy(&monotonic);
    return p;
}

void peers_close(peers **p)
{
    if (*p == NULL)
        return;
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        for (size_t k = 0; k < CLIENTS; k++)
            http_client_close(&(*p)->links[i].clients[k]);
        free((*p)->links[i].url);
        pthread_cond_destroy(&(*p)->links[i].freed);
        pthread_mutex_destroy(&(*p)->links[i].lock);
    }
    free(*p);
    *p = NULL;
}

static struct timespec monotonic_after(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += ms % 1000 * 1000000;
    at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static int64_t monotonic_ms(void)
{
    struct timespec now = monotonic_after(0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Callers that came in before the failure are turned away too; a clock that was set back is not
 * waited for. */
static bool is_backing_off(const peers *p, const peer_link *l, int64_t now_ms)
{
    int64_t before_ms = p->config->peer_timeout_ms + BACK_OFF_FIRST_MS;
    return l->back_off_ms > 0 && now_ms < l->failed_at_ms + l->back_off_ms &&
           now_ms > l->failed_at_ms - before_ms;
}

static bool take_free(peer_link *l, size_t *which)
{
    for (*which = 0; *which < CLIENTS; ++*which) {
        if (!l->taken[*which]) {
            l->taken[*which] = true;
            return true;
        }
    }
    return false;
}

/* A network that failed is tried by one; whoever else comes is turned away, not kept waiting. */
static bool is_tried(const peer_link *l)
{
    bool taken = false;
    for (size_t i = 0; i < CLIENTS; i++)
        taken = taken || l->taken[i];
    return l->back_off_ms > 0 && taken;
}

/* What is known of the link holds for one URL: another network may have the slot now, or the
 * network be elsewhere. */
static void turn_to(peer_link *l, const bridged_network *peer)
{
    if (l->url != NULL && strcmp(l->url, peer->url) == 0)
        return;
    free(l->url);
    l->url = strdup(peer->url);
    if (l->url == NULL)
        bug("out of memory");
    l->back_off_ms = 0;
}

/* One that trusts whom the network says now. */
static void fit(const peers *p, http_client **client, const bridged_network *peer)
{
    if (*client != NULL && http_client_uses(*client, &peer->credentials))
        return;
    http_client_close(client);
    *client = http_client_open(MAX_ANSWER_BYTES);
    http_client_use(*client, &peer->credentials);
    http_client_sign(*client, &p->signer);
}

static bool take_client(const peers *p, peer_link *l, const bridged_network *peer, int64_t now_ms,
                        size_t *which)
{
    struct timespec until = monotonic_after(WAIT_FOR_CLIENT_MS);
    bool takes = false, waits = true;
    pthread_mutex_lock(&l->lock);
    turn_to(l, peer);
    while (waits && !is_backing_off(p, l, now_ms) && !is_tried(l) && !(takes = take_free(l, which)))
        waits = pthread_cond_timedwait(&l->freed, &l->lock, &until) == 0;
    if (takes)
        fit(p, &l->clients[*which], peer);
    pthread_mutex_unlock(&l->lock);
    return takes;
}

static int64_t longer(int64_t back_off_ms)
{
    if (back_off_ms == 0)
        return BACK_OFF_FIRST_MS;
    return back_off_ms < BACK_OFF_MAX_MS / 2 ? 2 * back_off_ms : BACK_OFF_MAX_MS;
}

static void give_back(peer_link *l, const bridged_network *peer, size_t which, bool failed,
                      int64_t at_ms)
{
    pthread_mutex_lock(&l->lock);
    l->taken[which] = false;
    if (strcmp(l->url, peer->url) == 0) {
        l->back_off_ms = failed ? longer(l->back_off_ms) : 0;
        l->failed_at_ms = failed ? at_ms : l->failed_at_ms;
    }
    pthread_cond_broadcast(&l->freed);
    pthread_mutex_unlock(&l->lock);
}

static bool write_url(const bridged_network *peer, teal_bytes handle, const char *suffix,
                      char url[static MAX_URL_BYTES])
{
    teal_writer w = { (uint8_t *)url, MAX_URL_BYTES, 0 };
    teal_write_text(&w, peer->url);
    teal_write_text(&w, "/v1/directory/");
    http_write_path_segment(&w, handle);
    teal_write_text(&w, suffix);
    teal_write_u8(&w, 0);
    return teal_write_fits(&w);
}

static peers_result complain(const bridged_network *peer, const char *what)
{
    log_event(LOG_WARN, "directory.peer", "peer", peer->name, "what", what, NULL);
    return PEERS_UNREACHABLE;
}

/* Whether the network itself fails, rather than this one question. */
static bool is_failure(const http_answer *a)
{
    return a->status == 0 || a->status == 408 || a->status == 429 || a->status >= 500;
}

static peers_result read_answer(const bridged_network *peer, const http_answer *a, json_t **out)
{
    char status[24];
    if (a->status == 0)
        return complain(peer, a->error);
    if (a->status == 404)
        return PEERS_NONE;
    if (a->status != 200)
        return complain(peer, log_number(status, a->status));
    *out = json_loadb((const char *)a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
    if (*out != NULL && json_is_object(*out))
        return PEERS_OK;
    json_decref(*out);
    *out = NULL;
    return complain(peer, "the answer is no JSON object");
}

peers_result peers_ask(peers *p, const bridged_network *peer, const char *method, teal_bytes handle,
                       const char *suffix, int64_t now_ms, json_t **out)
{
    peer_link *l = &p->links[peer->slot];
    char url[MAX_URL_BYTES];
    size_t which;
    *out = NULL;
    if (!write_url(peer, handle, suffix, url))
        return complain(peer, "its URL is too long");
    if (!take_client(p, l, peer, now_ms, &which))
        return PEERS_UNREACHABLE;

    http_answer answer;
    int64_t started_ms = monotonic_ms();
    http_client_call(l->clients[which], method, url, NULL, (teal_bytes){ 0 },
                     p->config->peer_timeout_ms, &answer);
    peers_result result = read_answer(peer, &answer, out);
    give_back(l, peer, which, is_failure(&answer), now_ms + monotonic_ms() - started_ms);
    return result;
}
