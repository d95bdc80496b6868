/* One lock over a queue and the parked calls, which are listed by deadline and found by key. */
#include "gateway/edge/calls.h"

#include "gateway/clock.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 256 }; /* keys that share one wake each other for nothing: rare, and harmless */

typedef struct slot {
    calls_entry *parked;
    uint64_t wakes;
} slot;

struct calls {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    calls_entry ready, parked; /* list heads: rings; parked is in order of deadline */
    size_t n_ready, max_ready;
    bool expires_all, stopped;
    slot slots[SLOTS];
};

static void insert_before(calls_entry *at, calls_entry *e)
{
    e->prev = at->prev;
    e->next = at;
    at->prev->next = e;
    at->prev = e;
}

static void unlink_entry(calls_entry *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
}

/* Device ids are random, but chosen by clients: one who makes them collide only wakes himself. */
static slot *slot_of(calls *c, const uint8_t *key)
{
    unsigned mixed = 0;
    for (size_t i = 0; i < REST_KEY_BYTES; i++)
        mixed = mixed * 31 + key[i];
    return &c->slots[mixed % SLOTS];
}

static void make_ready(calls *c, calls_entry *e, rest_turn turn)
{
    e->turn = turn;
    insert_before(&c->ready, e);
    c->n_ready++;
    pthread_cond_signal(&c->changed);
}

/* Takes e, which `link` points to, out of its slot and the list of deadlines. */
static void unpark(calls *c, calls_entry **link, rest_turn turn)
{
    calls_entry *e = *link;
    *link = e->same;
    unlink_entry(e);
    make_ready(c, e, turn);
}

static void expire(calls *c, int64_t now_ms)
{
    while (c->parked.next != &c->parked &&
           (c->expires_all || c->parked.next->deadline_ms <= now_ms)) {
        calls_entry **link = &slot_of(c, c->parked.next->key)->parked;
        while (*link != c->parked.next)
            link = &(*link)->same;
        unpark(c, link, REST_TIMED_OUT);
    }
}

calls *calls_open(size_t max_ready)
{
    calls *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&c->lock, NULL);
    c->ready.prev = c->ready.next = &c->ready;
    c->parked.prev = c->parked.next = &c->parked;
    c->max_ready = max_ready;
    return c;
}

void calls_close(calls **c)
{
    if (*c == NULL)
        return;
    pthread_cond_destroy(&(*c)->changed);
    pthread_mutex_destroy(&(*c)->lock);
    free(*c);
    *c = NULL;
}

bool calls_push(calls *c, calls_entry *e)
{
    pthread_mutex_lock(&c->lock);
    bool fits = c->n_ready < c->max_ready && !c->stopped;
    if (fits)
        make_ready(c, e, REST_FIRST);
    pthread_mutex_unlock(&c->lock);
    return fits;
}

static void wait_for_change(calls *c)
{
    if (c->parked.next == &c->parked) {
        pthread_cond_wait(&c->changed, &c->lock);
        return;
    }
    int64_t until_ms = c->parked.next->deadline_ms;
    struct timespec until = { until_ms / 1000, until_ms % 1000 * 1000000 };
    pthread_cond_timedwait(&c->changed, &c->lock, &until);
}

calls_entry *calls_next(calls *c)
{
    calls_entry *taken = NULL;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        expire(c, clock_monotonic_ms());
        if (c->n_ready > 0 || c->stopped)
            break;
        wait_for_change(c);
    }
    if (c->n_ready > 0) {
        taken = c->ready.next;
        unlink_entry(taken);
        c->n_ready--;
    }
    pthread_mutex_unlock(&c->lock);
    return taken;
}

uint64_t calls_ticket(calls *c, const uint8_t key[static REST_KEY_BYTES])
{
    pthread_mutex_lock(&c->lock);
    uint64_t wakes = slot_of(c, key)->wakes;
    pthread_mutex_unlock(&c->lock);
    return wakes;
}

void calls_park(calls *c, calls_entry *e, uint64_t ticket)
{
    pthread_mutex_lock(&c->lock);
    slot *s = slot_of(c, e->key);
    if (s->wakes != ticket) {
        make_ready(c, e, REST_WOKEN);
    } else {
        /* Calls mostly wait equally long: the place is near the end. */
        calls_entry *before = c->parked.prev;
        while (before != &c->parked && before->deadline_ms > e->deadline_ms)
            before = before->prev;
        insert_before(before->next, e);
        e->same = s->parked;
        s->parked = e;
        pthread_cond_signal(&c->changed); /* the next deadline may have become an earlier one */
    }
    pthread_mutex_unlock(&c->lock);
}

void calls_wake(calls *c, const uint8_t key[static REST_KEY_BYTES])
{
    pthread_mutex_lock(&c->lock);
    slot *s = slot_of(c, key);
    s->wakes++;
    calls_entry **link = &s->parked;
    while (*link != NULL) {
        if (memcmp((*link)->key, key, REST_KEY_BYTES) == 0)
            unpark(c, link, REST_WOKEN);
        else
            link = &(*link)->same;
    }
    pthread_mutex_unlock(&c->lock);
}

void calls_expire_all(calls *c)
{
    pthread_mutex_lock(&c->lock);
    c->expires_all = true;
    expire(c, 0);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void calls_stop(calls *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopped = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}
