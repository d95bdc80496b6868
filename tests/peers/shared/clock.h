/* The two clocks, in milliseconds. */
#ifndef TEAL_TESTS_PEERS_CLOCK_H
#define TEAL_TESTS_PEERS_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Unix time: for messages. */
static inline int64_t clock_unix_ms(void)
{
    return clock_read_ms(CLOCK_REALTIME);
}

/* For pauses. Never goes back. */
static inline int64_t clock_monotonic_ms(void)
{
    return clock_read_ms(CLOCK_MONOTONIC);
}

/* For pthread_cond_timedwait on a condition of CLOCK_MONOTONIC. */
static inline struct timespec clock_timespec(int64_t monotonic_ms)
{
    return (struct timespec){ .tv_sec = monotonic_ms / 1000,
                              .tv_nsec = monotonic_ms % 1000 * 1000000 };
}

#endif
