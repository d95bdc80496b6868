/* See random.h. */
#include "tests/support/random.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t test_seed(void)
{
    static bool known;
    static uint64_t number;
    if (!known) {
        const char *given = getenv("TEAL_SEED");
        number = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
        fprintf(stderr, "TEAL_SEED=%llu\n", (unsigned long long)number);
        known = true;
    }
    return number;
}

test_random test_random_of(uint64_t number)
{
    test_random r = { 0 };
    memcpy(r.seed, &number, sizeof number);
    return r;
}

test_random test_random_recorded(uint64_t number, test_choices *record)
{
    test_random r = test_random_of(number);
    r.record = record;
    record->n = 0;
    return r;
}

test_random test_random_replayed(const test_choices *replay, test_choices *record)
{
    record->n = 0;
    return (test_random){ .replay = replay, .record = record };
}

static uint64_t next_of_block(test_random *r)
{
    const size_t n = sizeof r->block / sizeof r->block[0];
    if (r->left == 0) {
        randombytes_buf_deterministic(r->block, sizeof r->block, r->seed);
        sodium_increment(r->seed, sizeof r->seed);
        /* Seeds that follow each other must not share blocks. */
        memcpy(r->seed + 8, &r->block[n - 1], sizeof r->block[0]);
        r->left = n - 1;
    }
    return r->block[--r->left];
}

/* 0 .. most, one time in sixteen one of the two. */
static uint64_t fresh_at_bounds(test_random *r, uint64_t most)
{
    uint64_t how = next_of_block(r) % 32;
    uint64_t value = next_of_block(r);
    if (how < 2)
        return how == 0 ? 0 : most;
    return most == UINT64_MAX ? value : value % (most + 1);
}

static uint64_t replayed(test_random *r, uint64_t most)
{
    uint64_t value = r->next < r->replay->n ? r->replay->at[r->next++] : 0;
    return value < most ? value : most;
}

/* Every draw: 0 .. most. */
static uint64_t choose(test_random *r, uint64_t most)
{
    if (r->record == NULL)
        return most == UINT64_MAX ? next_of_block(r) : next_of_block(r) % (most + 1);
    uint64_t value = r->replay != NULL ? replayed(r, most) : fresh_at_bounds(r, most);
    if (r->record->n == TEST_MAX_CHOICES) {
        fprintf(stderr, "a generator draws more than %d choices\n", TEST_MAX_CHOICES);
        abort();
    }
    r->record->at[r->record->n++] = value;
    return value;
}

uint64_t test_random_u64(test_random *r)
{
    return choose(r, UINT64_MAX);
}

uint8_t test_random_u8(test_random *r)
{
    return (uint8_t)choose(r, UINT8_MAX);
}

bool test_random_bool(test_random *r)
{
    return choose(r, 1) == 1;
}

uint64_t test_random_below(test_random *r, uint64_t n)
{
    assert(n > 0);
    return choose(r, n - 1);
}

uint64_t test_random_between(test_random *r, uint64_t low, uint64_t high)
{
    assert(low <= high);
    return low + choose(r, high - low);
}

void test_random_fill(test_random *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = test_random_u8(r);
}

static uint8_t *take(test_random *r, teal_arena *arena, size_t low, size_t high, size_t *len)
{
    *len = test_random_between(r, low, high);
    uint8_t *at = teal_arena_array(arena, *len, 1);
    assert(at != NULL);
    return at;
}

teal_bytes test_random_bytes(test_random *r, teal_arena *arena, size_t low, size_t high)
{
    size_t len;
    uint8_t *at = take(r, arena, low, high, &len);
    test_random_fill(r, at, len);
    return (teal_bytes){ at, len };
}

teal_bytes test_random_text(test_random *r, teal_arena *arena, size_t low, size_t high,
                            const char *alphabet)
{
    size_t len;
    uint8_t *at = take(r, arena, low, high, &len);
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)alphabet[test_random_below(r, strlen(alphabet))];
    return (teal_bytes){ at, len };
}
