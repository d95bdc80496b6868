/* A list of entries under a lock, and the thread that has them written and old ones dropped. Must
 * never drop an entry that the store may still take. */
#include "gateway/directory/lookup_log.h"

#include "gateway/clock.h"
#include "gateway/log.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    GATHER_MS = 1000,
    FULL_ENOUGH = LOOKUP_LOG_MAX_WAITING / 4, /* so many do not wait to be more */
    DROP_EVERY_MS = 60 * 60 * 1000,
    DROP_AT_ONCE = 500, /* in one of the writer's jobs, which others wait for */
};
static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

typedef struct entry {
    struct entry *next;
    int64_t at_ms;
    size_t caller_len, handle_len;
    uint8_t octets[]; /* caller, then handle */
} entry;

struct lookup_log {
    writer *writer;
    uint32_t days;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t changed;
    entry *first, **end;
    size_t n_waiting;
    bool stopping;

    /* the thread's own */
    int64_t drop_at_ms; /* of clock_monotonic_ms */
    bool failing;       /* the store did not take entries the last time */
};

static store_lookup lookup_of(const entry *e)
{
    return (store_lookup){ { e->octets, e->caller_len },
                           { e->octets + e->caller_len, e->handle_len },
                           e->at_ms };
}

static store_result put_all(store *s, void *arg)
{
    store_result result = STORE_OK;
    for (const entry *e = arg; e != NULL && result == STORE_OK; e = e->next) {
        const store_lookup l = lookup_of(e);
        result = s->ops->put_lookup(s, &l);
    }
    return result;
}

/* Takes all that waits; counted as waiting until they are written. *end: where the list ends. */
static entry *take(lookup_log *l, entry ***end)
{
    pthread_mutex_lock(&l->lock);
    entry *first = l->first;
    *end = l->end;
    l->first = NULL;
    l->end = &l->first;
    pthread_mutex_unlock(&l->lock);
    return first;
}

static void put_back(lookup_log *l, entry *first, entry **end)
{
    pthread_mutex_lock(&l->lock);
    *end = l->first;
    if (l->first == NULL)
        l->end = end;
    l->first = first;
    pthread_mutex_unlock(&l->lock);
}

static void release(lookup_log *l, entry *first)
{
    size_t n = 0;
    for (entry *e = first, *next; e != NULL; e = next, n++) {
        next = e->next;
        free(e);
    }
    pthread_mutex_lock(&l->lock);
    l->n_waiting -= n;
    pthread_mutex_unlock(&l->lock);
}

static void write_entries(lookup_log *l)
{
    entry **end, *first = take(l, &end);
    if (first == NULL)
        return;
    store_result result = writer_do(l->writer, put_all, first);
    l->failing = result != STORE_OK;
    if (!l->failing) {
        release(l, first);
        return;
    }
    log_event(LOG_WARN, "lookups.waiting", "result", store_result_name(result), NULL);
    put_back(l, first, end);
}

typedef struct drop {
    int64_t before_ms;
    size_t n;
} drop;

static store_result drop_some(store *s, void *arg)
{
    drop *d = arg;
    return s->ops->drop_lookups(s, d->before_ms, DROP_AT_ONCE, &d->n);
}

static void drop_old(lookup_log *l)
{
    drop d = { .before_ms = l->days == 0 ? INT64_MAX : clock_unix_ms() - l->days * day_ms };
    store_result result;
    do
        result = writer_do(l->writer, drop_some, &d);
    while (result == STORE_OK && d.n == DROP_AT_ONCE);
    l->drop_at_ms = clock_monotonic_ms() + (result == STORE_OK ? DROP_EVERY_MS : GATHER_MS);
}

/* Until entries have gathered, or it is time to drop old ones. False: it is to stop. */
static bool await_work(lookup_log *l)
{
    int64_t until_ms = l->drop_at_ms;
    bool gathering = false;
    pthread_mutex_lock(&l->lock);
    while (!l->stopping && (l->n_waiting < FULL_ENOUGH || l->failing)) {
        if (l->n_waiting > 0 && !gathering) {
            int64_t gathered_ms = clock_monotonic_ms() + GATHER_MS;
            until_ms = gathered_ms < until_ms ? gathered_ms : until_ms;
            gathering = true;
        }
        const struct timespec until = { until_ms / 1000, until_ms % 1000 * 1000000 };
        if (pthread_cond_timedwait(&l->changed, &l->lock, &until) != 0)
            break;
    }
    bool goes_on = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return goes_on;
}

static void *keep(void *arg)
{
    lookup_log *l = arg;
    bool goes_on;
    do {
        goes_on = await_work(l);
        write_entries(l);
        if (!goes_on || clock_monotonic_ms() >= l->drop_at_ms)
            drop_old(l);
    } while (goes_on);
    return NULL;
}

lookup_log *lookup_log_open(writer *w, uint32_t days)
{
    lookup_log *l = calloc(1, sizeof *l);
    if (l == NULL)
        bug("out of memory");
    l->writer = w;
    l->days = days;
    l->end = &l->first;
    l->drop_at_ms = clock_monotonic_ms(); /* what grew old while nothing ran */
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&l->lock, NULL);
    if (pthread_create(&l->thread, NULL, keep, l) != 0) {
        pthread_mutex_destroy(&l->lock);
        pthread_cond_destroy(&l->changed);
        free(l);
        return NULL;
    }
    return l;
}

void lookup_log_close(lookup_log **log)
{
    lookup_log *l = *log;
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    if (l->n_waiting > 0)
        log_event(LOG_ERROR, "lookups.lost", "what", "the store does not take them", NULL);
    release(l, l->first);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->changed);
    free(l);
    *log = NULL;
}

static entry *make_entry(teal_bytes caller, teal_bytes handle, int64_t now_ms)
{
    entry *e = malloc(sizeof *e + caller.len + handle.len);
    if (e == NULL)
        return NULL;
    *e = (entry){ .at_ms = now_ms, .caller_len = caller.len, .handle_len = handle.len };
    teal_writer w = { e->octets, caller.len + handle.len, 0 };
    teal_write_bytes(&w, caller);
    teal_write_bytes(&w, handle);
    return e;
}

bool lookup_log_note(lookup_log *l, teal_bytes caller, teal_bytes handle, int64_t now_ms)
{
    if (l->days == 0)
        return true;
    entry *e = make_entry(caller, handle, now_ms);
    if (e == NULL)
        return false;
    pthread_mutex_lock(&l->lock);
    bool fits = l->n_waiting < LOOKUP_LOG_MAX_WAITING;
    if (fits) {
        *l->end = e;
        l->end = &e->next;
        l->n_waiting++;
        if (l->n_waiting == 1 || l->n_waiting == FULL_ENOUGH)
            pthread_cond_signal(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    if (!fits)
        free(e);
    return fits;
}
