/* A slot's thread: what is due to its network, then sleep until something is. */
#include "gateway/core/queue.h"

#include "gateway/clock.h"
#include "gateway/core/attempt.h"
#include "gateway/core/state.h"
#include "gateway/core/waker.h"

#include <stdlib.h>

enum { BATCH = 32 }; /* POSTs whose outcome is made durable together */

struct queue {
    attempt_peer peer;
    size_t slot;
    pthread_t thread;
    bool started;
    waker waker;
    teal_arena arena;
    pthread_mutex_t lock;   /* over what follows */
    int64_t in_hand[BATCH]; /* messages */
    size_t n_in_hand;
};

typedef enum turn { TURN_IDLE, TURN_BUSY, TURN_FAILED } turn;

/* One POST speaks for all recipients of a message: what it led to is settled before the next. */
static bool was_posted(const attempt *all, size_t n, int64_t message_seq)
{
    bool posted = false;
    for (size_t i = 0; !posted && i < n; i++)
        posted = all[i].posted && all[i].d.message_seq == message_seq;
    return posted;
}

static void take_in_hand(queue *q, int64_t message_seq)
{
    pthread_mutex_lock(&q->lock);
    q->in_hand[q->n_in_hand++] = message_seq;
    pthread_mutex_unlock(&q->lock);
}

static void let_go(queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->n_in_hand = 0;
    pthread_mutex_unlock(&q->lock);
}

bool queue_has_in_hand(queue *q, int64_t message_seq)
{
    bool found = false;
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; !found && i < q->n_in_hand; i++)
        found = q->in_hand[i] == message_seq;
    pthread_mutex_unlock(&q->lock);
    return found;
}

/* Whoever suspends the network, or takes it away, does not wait for the end of a batch. */
static bool goes_on(queue *q)
{
    return !waker_stopping(&q->waker) &&
           networks_is_newest(q->peer.c->parts.networks, q->peer.view);
}

static turn run_deliveries(queue *q)
{
    attempt_peer *p = &q->peer;
    q->arena.used = 0;
    store_delivery due[BATCH];
    attempt made[BATCH];
    size_t n = 0, n_made = 0;
    store_result result = p->reader->ops->list_due(p->reader, PATH_RCS, teal_text(p->peer->name),
                                                   clock_unix_ms(), &q->arena, due, BATCH, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++) {
        if (was_posted(made, n_made, due[i].message_seq))
            continue;
        take_in_hand(q, due[i].message_seq); /* before its expiry, and its network, is looked at */
        if (!goes_on(q))
            break;
        made[n_made] = (attempt){ .d = due[i] };
        attempt_make(p, &made[n_made++], clock_unix_ms(), &q->arena);
    }
    if (result == STORE_OK && n_made > 0)
        result = attempt_settle(p, made, n_made, clock_unix_ms());
    let_go(q);
    if (result != STORE_OK)
        return TURN_FAILED;
    return n > 0 ? TURN_BUSY : TURN_IDLE;
}

/* ---- receipts on their way to the peer ---- */

typedef struct notice_batch {
    int64_t ids[BATCH];
    bool gone[BATCH]; /* taken, or refused for good */
    size_t n;
    int64_t due_ms; /* of the others */
} notice_batch;

static store_result settle_notices(store *s, void *arg)
{
    const notice_batch *b = arg;
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < b->n; i++)
        result = b->gone[i] ? s->ops->drop_outbox(s, b->ids[i])
                            : s->ops->delay_outbox(s, b->ids[i], b->due_ms);
    return result;
}

static bool post_notice(queue *q, teal_bytes cpim)
{
    rcs_http_answer answer;
    rcs_http_post(q->peer.link, cpim, &answer);
    attempt_judge_peer(&q->peer, &answer, clock_unix_ms());
    if (answer.outcome == RCS_HTTP_REFUSED || answer.outcome == RCS_HTTP_KEYS_STALE)
        log_event(LOG_WARN, "queue.receipt_refused", "peer", q->peer.peer->name, "why", answer.why,
                  NULL);
    return answer.outcome != RCS_HTTP_FAILED && answer.outcome != RCS_HTTP_UNKNOWN;
}

/* Ends at the first that fails: the rest would wait for the same time-out one by one. */
static turn run_notices(queue *q)
{
    attempt_peer *p = &q->peer;
    q->arena.used = 0;
    notice_batch b = { .n = 0 };
    teal_bytes cpims[BATCH];
    size_t n = 0;
    bool gets_through = clock_unix_ms() >= p->paused_until_ms;
    store_result result = STORE_OK;
    if (gets_through)
        result = p->reader->ops->list_outbox(p->reader, teal_text(p->peer->name), clock_unix_ms(),
                                             &q->arena, b.ids, cpims, BATCH, &n);
    for (; gets_through && b.n < n && goes_on(q); b.n++) {
        gets_through = post_notice(q, cpims[b.n]);
        b.gone[b.n] = gets_through;
    }
    b.due_ms = clock_unix_ms() + attempt_pause_ms(p->c->parts.config, p->failures);
    if (result == STORE_OK && b.n > 0)
        result = writer_do(p->c->parts.writer, settle_notices, &b);
    if (result != STORE_OK)
        return TURN_FAILED;
    return n > 0 ? TURN_BUSY : TURN_IDLE;
}

/* ---- the thread ---- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* When something is due next; INT64_MAX: not before somebody rings. */
static int64_t find_next(const queue *q)
{
    const attempt_peer *p = &q->peer;
    teal_bytes name = teal_text(p->peer->name);
    int64_t due_ms, notice_ms;
    store_result result = p->reader->ops->next_due(p->reader, PATH_RCS, name, &due_ms);
    if (result == STORE_NONE)
        due_ms = INT64_MAX;
    else if (result != STORE_OK)
        due_ms = clock_unix_ms() + WAKER_SOON_MS;
    result = p->reader->ops->next_outbox(p->reader, name, &notice_ms);
    if (result == STORE_NONE)
        return due_ms;
    if (result != STORE_OK)
        notice_ms = clock_unix_ms() + WAKER_SOON_MS;
    notice_ms = later(notice_ms, p->paused_until_ms);
    return due_ms < notice_ms ? due_ms : notice_ms;
}

/* That a link failed says nothing of another one. */
static void turn_to(attempt_peer *p, const bridged_network *peer)
{
    p->peer = peer;
    if (p->link != NULL && rcs_http_leads_to(p->link, peer->url, &peer->credentials))
        return;
    rcs_http_close(&p->link);
    const request_signer signer = { .kind = REQUEST_KEY, .sk = p->c->parts.keys->sk };
    p->link =
        rcs_http_open(peer->url, &peer->credentials, &signer, p->c->parts.config->peer_timeout_ms);
    p->failures = 0;
    p->paused_until_ms = 0;
}

/* When to look again. */
static int64_t take_turn(queue *q)
{
    turn deliveries = run_deliveries(q), notices = run_notices(q);
    if (deliveries == TURN_FAILED || notices == TURN_FAILED)
        return clock_unix_ms() + WAKER_SOON_MS;
    return deliveries == TURN_BUSY || notices == TURN_BUSY ? 0 : find_next(q);
}

static void *run(void *arg)
{
    queue *q = arg;
    networks *all = q->peer.c->parts.networks;
    int64_t next_ms;
    do {
        q->peer.view = networks_hold(all);
        const bridged_network *peer = networks_in_slot(q->peer.view, q->slot);
        next_ms = INT64_MAX;
        if (peer != NULL && !peer->suspended) {
            turn_to(&q->peer, peer);
            next_ms = take_turn(q);
        }
        networks_let_go(all, &q->peer.view);
    } while (next_ms == 0 ? !waker_stopping(&q->waker) : waker_sleep(&q->waker, next_ms));
    return NULL;
}

queue *queue_open(core *c, size_t slot)
{
    queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        bug("out of memory");
    q->slot = slot;
    q->peer = (attempt_peer){ .c = c, .reader = core_open_reader(c) };
    waker_open(&q->waker);
    pthread_mutex_init(&q->lock, NULL);
    q->arena = core_arena_make();
    if (q->peer.reader == NULL)
        queue_close(&q);
    return q;
}

void queue_close(queue **q)
{
    queue *it = *q;
    if (it == NULL)
        return;
    rcs_http_close(&it->peer.link);
    if (it->peer.reader != NULL)
        it->peer.reader->ops->close(&it->peer.reader);
    core_arena_free(&it->arena);
    pthread_mutex_destroy(&it->lock);
    waker_close(&it->waker);
    free(it);
    *q = NULL;
}

void queue_start(queue *q)
{
    if (pthread_create(&q->thread, NULL, run, q) != 0)
        bug("no thread");
    q->started = true;
}

void queue_halt(queue *q)
{
    if (q != NULL)
        waker_stop(&q->waker);
}

void queue_stop(queue *q)
{
    if (q == NULL || !q->started)
        return;
    queue_halt(q);
    pthread_join(q->thread, NULL);
}

void queue_wake(queue *q)
{
    waker_ring(&q->waker);
}
