/* Random inputs that can be had again: everything follows from one printed seed, or from the
 * choices that were drawn from it. */
#ifndef TEAL_TESTS_SUPPORT_RANDOM_H
#define TEAL_TESTS_SUPPORT_RANDOM_H

#include "codecs/arena.h"

enum { TEST_MAX_CHOICES = 64 << 10 };

/* What a generator drew, in order. 0 is the simplest answer to any question, and the answer to
 * those that come after the last: a generator should make its plainest value of zeros alone, and no
 * loop of it may wait for anything else. */
typedef struct test_choices {
    uint64_t at[TEST_MAX_CHOICES];
    size_t n;
} test_choices;

typedef struct test_random {
    uint8_t seed[32];
    uint64_t block[8];
    size_t left;                /* of block */
    const test_choices *replay; /* NULL: draws from the seed */
    size_t next;                /* of replay */
    test_choices *record;       /* NULL: keeps nothing */
} test_random;

/* TEAL_SEED of the environment, else one that differs; printed the first time either way. */
uint64_t test_seed(void);

test_random test_random_of(uint64_t number);

/* The same source, with every choice kept in *record, and with more of the least and greatest
 * values, where codecs break. Aborts when the record is full. */
test_random test_random_recorded(uint64_t number, test_choices *record);
/* Draws the given choices, each cut to the bound that is asked for; *record is what was used. */
test_random test_random_replayed(const test_choices *replay, test_choices *record);

uint64_t test_random_u64(test_random *r);
uint8_t test_random_u8(test_random *r);
bool test_random_bool(test_random *r);
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
