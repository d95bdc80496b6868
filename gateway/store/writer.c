/* The store's one writer: takes what waits as one batch, runs each job under a savepoint, commits
 * once. Must never tell a maker that its job is done before the commit has returned. */
#include "gateway/store/writer.h"

#include "gateway/log.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

enum {
    MAX_BATCH = 512,       /* beyond it a commit gets no cheaper, only later */
    BUSY_TRIES = 8,        /* of begin; each waits a little inside the store */
    SCRUB_AFTER_MS = 5000, /* how long a dropped fallback may linger in the database's log */
};

struct writer {
    store *s;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows up to `stopping` */
    pthread_cond_t changed;
    writer_job *first, **end;
    size_t n_waiting, max_waiting;
    bool stopping;

    /* the thread's own */
    writer_job *batch[MAX_BATCH];
    store_result results[MAX_BATCH];
    struct timespec scrub_at;
    bool to_scrub;
};

static struct timespec scrub_time(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += SCRUB_AFTER_MS / 1000;
    return at;
}

static bool is_past(const struct timespec *at)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}

static bool ruins_batch(store_result result)
{
    return result == STORE_FULL || result == STORE_BROKEN;
}

static store_result begin_batch(store *s)
{
    store_result result = STORE_BUSY;
    for (int i = 0; i < BUSY_TRIES && result == STORE_BUSY; i++)
        result = s->ops->begin(s);
    return result;
}

static store_result run_job(store *s, const writer_job *job)
{
    store_result result = s->ops->savepoint(s);
    if (result != STORE_OK)
        return result;
    result = job->run(s, job->arg);
    if (ruins_batch(result))
        return result;
    bool keeps = result == STORE_OK || result == STORE_EXISTS || result == STORE_NONE;
    store_result ended = keeps ? s->ops->release(s) : s->ops->undo(s);
    return ended == STORE_OK ? result : ended;
}

static void run_batch(writer *w, size_t n)
{
    store_result whole = begin_batch(w->s);
    for (size_t i = 0; i < n && whole == STORE_OK; i++) {
        w->results[i] = run_job(w->s, w->batch[i]);
        if (ruins_batch(w->results[i]))
            whole = w->results[i];
    }
    if (whole == STORE_OK)
        whole = w->s->ops->commit(w->s);
    else
        w->s->ops->rollback(w->s);
    if (whole != STORE_OK)
        log_event(LOG_WARN, "writer.batch", "result", store_result_name(whole), NULL);
    for (size_t i = 0; i < n; i++)
        w->batch[i]->done(w->batch[i]->arg, whole == STORE_OK ? w->results[i] : whole);
}

static void scrub(writer *w)
{
    w->to_scrub = w->s->ops->scrub(w->s) == STORE_BUSY;
    w->scrub_at = scrub_time();
}

/* Waits for jobs, or for the time to scrub. 0: stopping, and nothing is left. */
static size_t take_batch(writer *w)
{
    size_t n = 0;
    pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->stopping) {
        if (!w->to_scrub) {
            pthread_cond_wait(&w->changed, &w->lock);
        } else if (pthread_cond_timedwait(&w->changed, &w->lock, &w->scrub_at) != 0) {
            pthread_mutex_unlock(&w->lock);
            scrub(w);
            pthread_mutex_lock(&w->lock);
        }
    }
    for (; n < MAX_BATCH && w->first != NULL; n++) {
        w->batch[n] = w->first;
        w->first = w->first->next;
    }
    if (w->first == NULL)
        w->end = &w->first;
    w->n_waiting -= n;
    pthread_mutex_unlock(&w->lock);
    return n;
}

static void *write_all(void *arg)
{
    writer *w = arg;
    size_t n;
    while ((n = take_batch(w)) > 0) {
        run_batch(w, n);
        if (!w->to_scrub) {
            w->to_scrub = true;
            w->scrub_at = scrub_time();
        } else if (is_past(&w->scrub_at)) {
            scrub(w);
        }
    }
    scrub(w);
    return NULL;
}

writer *writer_start(store *s, size_t max_waiting)
{
    writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->s = s;
    w->end = &w->first;
    w->max_waiting = max_waiting;
    w->to_scrub = true; /* what the last run dropped */
    w->scrub_at = scrub_time();
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&w->lock, NULL);
    if (pthread_create(&w->thread, NULL, write_all, w) != 0) {
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->changed);
        free(w);
        return NULL;
    }
    return w;
}

bool writer_submit(writer *w, writer_job *job)
{
    pthread_mutex_lock(&w->lock);
    bool takes = !w->stopping && w->n_waiting < w->max_waiting;
    if (takes) {
        job->next = NULL;
        *w->end = job;
        w->end = &job->next;
        w->n_waiting++;
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return takes;
}

typedef struct waiter {
    store_result (*run)(store *s, void *arg);
    void *arg;
    store_result result;
    sem_t done;
} waiter;

static store_result run_for_waiter(store *s, void *arg)
{
    waiter *it = arg;
    return it->run(s, it->arg);
}

static void wake_waiter(void *arg, store_result result)
{
    waiter *it = arg;
    it->result = result;
    sem_post(&it->done);
}

store_result writer_do(writer *w, store_result (*run)(store *s, void *arg), void *arg)
{
    waiter it = { .run = run, .arg = arg, .result = STORE_BUSY };
    writer_job job = { run_for_waiter, wake_waiter, &it, NULL };
    sem_init(&it.done, 0, 0);
    if (writer_submit(w, &job)) {
        while (sem_wait(&it.done) != 0) /* a signal came between */
            ;
    }
    sem_destroy(&it.done);
    return it.result;
}

void writer_stop(writer **w)
{
    writer *it = *w;
    if (it == NULL)
        return;
    pthread_mutex_lock(&it->lock);
    it->stopping = true;
    pthread_cond_signal(&it->changed);
    pthread_mutex_unlock(&it->lock);
    pthread_join(it->thread, NULL);
    it->s->ops->close(&it->s);
    pthread_mutex_destroy(&it->lock);
    pthread_cond_destroy(&it->changed);
    free(it);
    *w = NULL;
}
