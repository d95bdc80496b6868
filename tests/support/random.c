/* See random.h. */
#include "tests/support/random.h"

#include "tests/support/seed.h"

#include <assert.h>
#include <sodium.h>

uint64_t test_seed(void)
{
    return seed_open("random").state;
}

test_random test_random_of(uint64_t number)
{
    test_random r = { 0 };
    memcpy(r.seed, &number, sizeof number);
    return r;
}

uint64_t test_random_u64(test_random *r)
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

uint64_t test_random_below(test_random *r, uint64_t n)
{
    return test_random_u64(r) % n;
}

uint64_t test_random_between(test_random *r, uint64_t low, uint64_t high)
{
    return low + test_random_below(r, high - low + 1);
}

void test_random_fill(test_random *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)test_random_u64(r);
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
