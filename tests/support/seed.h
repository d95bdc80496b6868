/* Random inputs that can be had again: the seed is printed, and TEAL_SEED=N sets it. */
#ifndef TEAL_TESTS_SUPPORT_SEED_H
#define TEAL_TESTS_SUPPORT_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct seed {
    uint64_t state;
} seed;

static inline seed seed_open(const char *test)
{
    const char *given = getenv("TEAL_SEED");
    uint64_t value = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    fprintf(stderr, "%s: TEAL_SEED=%llu\n", test, (unsigned long long)value);
    return (seed){ value };
}

static inline uint64_t seed_next(seed *s) /* splitmix64 */
{
    uint64_t z = s->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0..bound-1; bound is not 0. */
static inline size_t seed_below(seed *s, size_t bound)
{
    return (size_t)(seed_next(s) % bound);
}

#endif
