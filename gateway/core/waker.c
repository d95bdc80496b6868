/* A condition with memory. */
#include "gateway/core/waker.h"

#include "gateway/log.h"

#include <time.h>

void waker_open(waker *w)
{
    *w = (waker){ 0 };
    if (pthread_mutex_init(&w->lock, NULL) != 0 || pthread_cond_init(&w->changed, NULL) != 0)
        bug("out of memory");
}

void waker_close(waker *w)
{
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
}

static void set(waker *w, bool *flag)
{
    pthread_mutex_lock(&w->lock);
    *flag = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void waker_ring(waker *w)
{
    set(w, &w->rung);
}

void waker_stop(waker *w)
{
    set(w, &w->stopping);
}

bool waker_stopping(waker *w)
{
    pthread_mutex_lock(&w->lock);
    bool stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
}

/* False: until_ms has come. */
static bool wait_change(waker *w, int64_t until_ms)
{
    if (until_ms == INT64_MAX)
        return pthread_cond_wait(&w->changed, &w->lock) == 0;
    if (until_ms < 0)
        return false;
    struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
                              .tv_nsec = (long)(until_ms % 1000) * 1000000 };
    return pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0;
}

bool waker_sleep(waker *w, int64_t until_ms)
{
    pthread_mutex_lock(&w->lock);
    while (!w->rung && !w->stopping && wait_change(w, until_ms))
        ;
    w->rung = false;
    bool goes_on = !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return goes_on;
}
