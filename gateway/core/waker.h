/* What a thread sleeps on until it is woken, its time has come, or it has to stop. A wake-up that
 * comes while the thread works is kept: none is ever lost. */
#ifndef TEAL_GATEWAY_CORE_WAKER_H
#define TEAL_GATEWAY_CORE_WAKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { WAKER_SOON_MS = 1000 }; /* after a failure of our own: the store is full, or busy */

typedef struct waker {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool rung, stopping;
} waker;

void waker_open(waker *w);
void waker_close(waker *w);

void waker_ring(waker *w); /* any thread */
void waker_stop(waker *w); /* any thread */
bool waker_stopping(waker *w);

/* Sleeps until rung or until_ms (Unix time, because that is what the store's times are; INT64_MAX:
 * only until rung), takes the ring. False: the thread has to stop. */
bool waker_sleep(waker *w, int64_t until_ms);

#endif
