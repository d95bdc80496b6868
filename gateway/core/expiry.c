/* One thread that sleeps until the first waiting message expires. What is LEAVING is left alone:
 * only the room knows whether it left. */
#include "gateway/core/expiry.h"

#include "gateway/clock.h"
#include "gateway/core/give_up.h"
#include "gateway/core/state.h"
#include "gateway/core/waker.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BATCH = 512 };

struct expiry {
    core *c;
    store *reader;
    pthread_t thread;
    bool started;
    waker waker;
    _Atomic int64_t next_ms; /* when the thread looks again */
    teal_arena arena;
};

typedef struct sweep {
    core *c;
    const store_delivery *found;
    size_t n, n_ended;
    int64_t now_ms;
    news news;
} sweep;

static store_result expire(sweep *w, store *s, int64_t id, teal_arena *arena)
{
    bool ended = false;
    store_result result = give_up(w->c, s, id, "expired", w->now_ms, arena, &w->news, &ended);
    w->n_ended += ended;
    return result;
}

static store_result expire_all(store *s, void *arg)
{
    sweep *w = arg;
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < w->n; i++)
        result = expire(w, s, w->found[i].id, core_scratch(w->c));
    return result;
}

/* How many were ended. *again: some were not, so look again soon. */
static size_t run_sweep(expiry *e, int64_t now_ms, bool *again)
{
    sweep w = { .c = e->c, .now_ms = now_ms };
    e->arena.used = 0;
    store_delivery *found = teal_arena_take(&e->arena, BATCH * sizeof *found);
    store_result result =
        e->reader->ops->list_expired(e->reader, now_ms, &e->arena, found, BATCH, &w.n);
    w.found = found;
    if (result == STORE_OK && w.n > 0)
        result = writer_do(e->c->parts.writer, expire_all, &w);
    *again = result != STORE_OK || w.n_ended < w.n;
    if (result != STORE_OK)
        news_drop(&w.news);
    else
        news_tell(&w.news, e->c);
    return result == STORE_OK ? w.n_ended : 0;
}

/* Says what it will sleep until before it looks: what comes after the look wakes it. */
static int64_t find_next(expiry *e)
{
    int64_t next_ms;
    atomic_store(&e->next_ms, INT64_MAX);
    store_result result = e->reader->ops->next_expiry(e->reader, &next_ms);
    if (result == STORE_NONE)
        return INT64_MAX;
    if (result != STORE_OK)
        return clock_unix_ms() + WAKER_SOON_MS;
    atomic_store(&e->next_ms, next_ms);
    return next_ms + 1;
}

static void *run(void *arg)
{
    expiry *e = arg;
    bool goes_on = true;
    while (goes_on) {
        bool again;
        size_t n = run_sweep(e, clock_unix_ms(), &again);
        if (n > 0)
            goes_on = !waker_stopping(&e->waker);
        else if (again)
            goes_on = waker_sleep(&e->waker, clock_unix_ms() + WAKER_SOON_MS);
        else
            goes_on = waker_sleep(&e->waker, find_next(e));
    }
    return NULL;
}

expiry *expiry_open(core *c)
{
    expiry *e = calloc(1, sizeof *e);
    if (e == NULL)
        bug("out of memory");
    e->c = c;
    waker_open(&e->waker);
    e->arena = core_arena_make();
    e->reader = core_open_reader(c);
    if (e->reader == NULL)
        expiry_close(&e);
    return e;
}

void expiry_close(expiry **e)
{
    expiry *it = *e;
    if (it == NULL)
        return;
    if (it->reader != NULL)
        it->reader->ops->close(&it->reader);
    core_arena_free(&it->arena);
    waker_close(&it->waker);
    free(it);
    *e = NULL;
}

void expiry_start(expiry *e)
{
    if (pthread_create(&e->thread, NULL, run, e) != 0)
        bug("no thread");
    e->started = true;
}

void expiry_stop(expiry *e)
{
    if (e == NULL || !e->started)
        return;
    waker_stop(&e->waker);
    pthread_join(e->thread, NULL);
}

void expiry_expect(expiry *e, int64_t expires_ms)
{
    if (expires_ms < atomic_load(&e->next_ms))
        waker_ring(&e->waker);
}
