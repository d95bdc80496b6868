/* The two clocks, in milliseconds. Only the outermost parts read them: everything below is given
 * the time as an argument. */
#ifndef TEAL_GATEWAY_CLOCK_H
#define TEAL_GATEWAY_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Unix time: for messages. May jump. */
static inline int64_t clock_unix_ms(void)
{
    return clock_read_ms(CLOCK_REALTIME);
}

/* For time-outs and pauses. Never goes back. */
static inline int64_t clock_monotonic_ms(void)
{
    return clock_read_ms(CLOCK_MONOTONIC);
}

#endif
