/* Threads that post, and the two queues between them and the loop. */
#include "gateway/plaintext/courier.h"

#include "gateway/http_client.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ANSWER_MAX_BYTES = 64 << 10 };

typedef struct parcel {
    struct parcel *next;
    teal_bytes body;
    courier_result result;
} parcel;

typedef struct queue {
    parcel *first, **last;
} queue;

/* One peer's thread. */
typedef struct rider {
    courier *owner;
    const config_peer *peer;
    pthread_t thread;
    pthread_cond_t waked;
    queue parcels;
    bool started;
} rider;

struct courier {
    const config *config;
    request_signer signer;
    pthread_mutex_t lock; /* of all below */
    rider riders[CONFIG_MAX_PEERS];
    queue done;
    parcel *spare; /* of `parcels`, chained */
    parcel *parcels;
    bool stopping;
    int wake_fd;
};

static void queue_init(queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static void queue_put(queue *q, parcel *p)
{
    p->next = NULL;
    *q->last = p;
    q->last = &p->next;
}

static parcel *queue_take(queue *q)
{
    parcel *p = q->first;
    if (p == NULL)
        return NULL;
    q->first = p->next;
    if (q->first == NULL)
        q->last = &q->first;
    return p;
}

static courier_outcome judge(const http_answer *a)
{
    if (a->status == 0)
        return a->sent ? COURIER_UNKNOWN : COURIER_NOT_SENT;
    if (a->status >= 200 && a->status < 300)
        return COURIER_ACCEPTED;
    if (a->status == 401 || a->status == 408 || a->status == 425 || a->status == 429 ||
        a->status == 503)
        return COURIER_LATER;
    return a->status >= 500 && a->status < 600 ? COURIER_UNKNOWN : COURIER_REFUSED;
}

/* A connection of its own for each: on one that is kept alive and turns out to be closed, libcurl
 * sends the request a second time by itself. */
static void deliver(const rider *r, parcel *p)
{
    char url[1024];
    http_answer answer;
    const http_credentials credentials = { .ca = r->peer->ca,
                                           .certificate = r->peer->certificate,
                                           .key = r->peer->key };
    http_client *client = http_client_open(ANSWER_MAX_BYTES);
    http_client_use(client, &credentials);
    http_client_sign(client, &r->owner->signer);
    snprintf(url, sizeof url, "%s/v1/messages", r->peer->url);
    http_client_call(client, "POST", url, "message/cpim", p->body,
                     r->owner->config->peer_timeout_ms, &answer);
    p->result.outcome = judge(&answer);
    p->result.retry_after_ms = answer.retry_after_ms;
    if (p->result.outcome != COURIER_ACCEPTED) {
        char status[24];
        log_event(LOG_WARN, "room.peer_post", "peer", r->peer->name, "status",
                  log_number(status, answer.status), "error", answer.error, NULL);
    }
    http_client_close(&client);
}

static void *walk(void *arg)
{
    rider *r = arg;
    courier *c = r->owner;
    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        parcel *p = queue_take(&r->parcels);
        if (p == NULL) {
            pthread_cond_wait(&r->waked, &c->lock);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        deliver(r, p);
        pthread_mutex_lock(&c->lock);
        queue_put(&c->done, p);
        if (eventfd_write(c->wake_fd, 1) != 0)
            bug("eventfd");
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

courier *courier_open(const config *settings, const request_signer *signer, size_t max)
{
    courier *c = calloc(1, sizeof *c);
    if (c == NULL || (c->parcels = calloc(max, sizeof *c->parcels)) == NULL)
        bug("out of memory");
    c->config = settings;
    c->signer = *signer;
    pthread_mutex_init(&c->lock, NULL);
    for (size_t i = 0; i < max; i++) {
        c->parcels[i].next = c->spare;
        c->spare = &c->parcels[i];
    }
    for (size_t i = 0; i < settings->n_peers; i++) {
        c->riders[i].owner = c;
        c->riders[i].peer = &settings->peers[i];
        pthread_cond_init(&c->riders[i].waked, NULL);
        queue_init(&c->riders[i].parcels);
    }
    queue_init(&c->done);
    c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (c->wake_fd < 0)
        bug("no eventfd");
    return c;
}

void courier_close(courier **courier_)
{
    courier *c = *courier_;
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    for (size_t i = 0; i < c->config->n_peers; i++)
        pthread_cond_signal(&c->riders[i].waked);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < c->config->n_peers; i++) {
        if (c->riders[i].started)
            pthread_join(c->riders[i].thread, NULL);
        pthread_cond_destroy(&c->riders[i].waked);
    }
    pthread_mutex_destroy(&c->lock);
    close(c->wake_fd);
    free(c->parcels);
    free(c);
    *courier_ = NULL;
}

void courier_post(courier *c, const config_peer *peer, uint64_t token, teal_bytes body)
{
    rider *r = &c->riders[peer - c->config->peers];
    pthread_mutex_lock(&c->lock);
    parcel *p = c->spare;
    if (p == NULL)
        bug("more parcels than were agreed on");
    c->spare = p->next;
    p->body = body;
    p->result = (courier_result){ .token = token };
    queue_put(&r->parcels, p);
    pthread_cond_signal(&r->waked);
    pthread_mutex_unlock(&c->lock);
    if (!r->started && pthread_create(&r->thread, NULL, walk, r) != 0)
        bug("no thread for a peer");
    r->started = true;
}

int courier_fd(const courier *c)
{
    return c->wake_fd;
}

bool courier_collect(courier *c, courier_result *out)
{
    eventfd_t count;
    eventfd_read(c->wake_fd, &count); /* before the look: what comes after it wakes again */
    pthread_mutex_lock(&c->lock);
    parcel *p = queue_take(&c->done);
    if (p != NULL) {
        *out = p->result;
        p->next = c->spare;
        c->spare = p;
    }
    pthread_mutex_unlock(&c->lock);
    return p != NULL;
}
