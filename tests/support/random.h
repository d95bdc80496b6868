/* Random inputs that can be had again: everything follows from one printed seed. */
#ifndef TEAL_TESTS_SUPPORT_RANDOM_H
#define TEAL_TESTS_SUPPORT_RANDOM_H

#include "codecs/arena.h"

typedef struct test_random {
    uint8_t seed[32];
    uint64_t block[8];
    size_t left; /* of block */
} test_random;

/* As in seed.h: TEAL_SEED of the environment, else one that differs; printed either way. */
uint64_t test_seed(void);

test_random test_random_of(uint64_t number);

uint64_t test_random_u64(test_random *r);
/* 0 .. n - 1 */
uint64_t test_random_below(test_random *r, uint64_t n);
/* low .. high */
uint64_t test_random_between(test_random *r, uint64_t low, uint64_t high);
void test_random_fill(test_random *r, uint8_t *out, size_t len);

/* low .. high octets from the arena: any, or each one of `alphabet`. Aborts when it is full. */
teal_bytes test_random_bytes(test_random *r, teal_arena *arena, size_t low, size_t high);
teal_bytes test_random_text(test_random *r, teal_arena *arena, size_t low, size_t high,
                            const char *alphabet);

#endif
