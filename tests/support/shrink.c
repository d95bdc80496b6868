/* See shrink.h. After Hypothesis: "Test-Case Reduction via Test-Case Generation" (MacIver and
 * Donaldson, ECOOP 2020). */
#include "tests/support/shrink.h"

enum {
    MAX_ELEMENT = 4, /* choices of which one element of a list is taken to be made */
    MAX_MIDDLE = 64  /* elements of a list that are tried one by one */
};

typedef struct shrinker {
    test_choices *best;
    shrink_fails fails;
    void *context;
    size_t tries, max_tries;
} shrinker;

static test_choices candidate, used;

static void copy(test_choices *to, const test_choices *from)
{
    memcpy(to->at, from->at, from->n * sizeof from->at[0]);
    to->n = from->n;
}

static bool smaller(const test_choices *a, const test_choices *b)
{
    size_t i = 0;
    if (a->n != b->n)
        return a->n < b->n;
    while (i < a->n && a->at[i] == b->at[i])
        i++;
    return i < a->n && a->at[i] < b->at[i];
}

static void trim(test_choices *c)
{
    while (c->n > 0 && c->at[c->n - 1] == 0)
        c->n--;
}

/* Takes the candidate where it fails and is smaller. */
static bool take_candidate(shrinker *s)
{
    trim(&candidate);
    if (s->tries == s->max_tries || !smaller(&candidate, s->best))
        return false;
    s->tries++;
    if (!s->fails(&candidate, &used, s->context))
        return false;
    trim(&used);
    if (!smaller(&used, s->best))
        return false;
    copy(s->best, &used);
    return true;
}

static void cut(size_t at, size_t len)
{
    memmove(candidate.at + at, candidate.at + at + len,
            (candidate.n - at - len) * sizeof candidate.at[0]);
    candidate.n -= len;
}

static size_t half_of(size_t n)
{
    size_t power = 1;
    while (power <= n / 4)
        power *= 2;
    return power;
}

/* From the end, so that what has been drawn before keeps its meaning. */
static void delete_blocks(shrinker *s)
{
    for (size_t len = half_of(s->best->n); len > 0; len /= 2) {
        size_t end = s->best->n;
        while (end >= len) {
            copy(&candidate, s->best);
            cut(end - len, len);
            (void)take_candidate(s);
            end = end - len < s->best->n ? end - len : s->best->n;
        }
    }
}

static void zero_blocks(shrinker *s)
{
    for (size_t len = half_of(s->best->n); len > 0; len /= 2)
        for (size_t at = 0; at + len <= s->best->n; at += len) {
            copy(&candidate, s->best);
            memset(candidate.at + at, 0, len * sizeof candidate.at[0]);
            (void)take_candidate(s);
        }
}

static bool try_value(shrinker *s, size_t at, uint64_t value)
{
    copy(&candidate, s->best);
    candidate.at[at] = value;
    return take_candidate(s);
}

/* To the least that fails, as if all above it did. */
static void lower_values(shrinker *s)
{
    for (size_t i = 0; i < s->best->n; i++) {
        if (s->best->at[i] == 0 || try_value(s, i, 0))
            continue;
        uint64_t holds = 0;
        while (i < s->best->n && s->best->at[i] > holds + 1) {
            uint64_t middle = holds + (s->best->at[i] - holds) / 2;
            if (!try_value(s, i, middle))
                holds = middle;
        }
    }
}

/* Where not all above the least fails: each bit that the failure does not need. */
static void clear_bits(shrinker *s)
{
    for (size_t i = 0; i < s->best->n; i++)
        for (uint64_t bit = UINT64_C(1) << 63; bit > 0 && i < s->best->n; bit >>= 1)
            if (s->best->at[i] & bit)
                (void)try_value(s, i, s->best->at[i] & ~bit);
}

/* As if the choice at `at` were the length of a list: so many elements less, from the `skip`th. */
static bool try_shorter(shrinker *s, size_t at, uint64_t less, uint64_t skip, size_t element)
{
    size_t behind = s->best->n - at - 1;
    if (less > behind || skip > behind || (skip + less) * element > behind)
        return false;
    copy(&candidate, s->best);
    candidate.at[at] -= less;
    cut(at + 1 + (size_t)skip * element, (size_t)less * element);
    return take_candidate(s);
}

static bool shorten_list(shrinker *s, size_t at, size_t element)
{
    uint64_t length = s->best->at[at], half = length / 2;
    if (try_shorter(s, at, length, 0, element) || try_shorter(s, at, length - half, 0, element) ||
        try_shorter(s, at, length - half, half, element))
        return true;
    for (uint64_t skip = 0; skip < length && skip < MAX_MIDDLE; skip++)
        if (try_shorter(s, at, 1, skip, element))
            return true;
    return false;
}

static void shorten_lists(shrinker *s)
{
    for (size_t i = 0; i < s->best->n; i++)
        for (size_t element = 1; element <= MAX_ELEMENT; element++)
            while (i < s->best->n && s->best->at[i] > 0 && shorten_list(s, i, element))
                continue;
}

size_t shrink(test_choices *best, shrink_fails fails, void *context, size_t max_tries)
{
    static test_choices before;
    shrinker s = { best, fails, context, 0, max_tries };
    trim(best);
    do {
        copy(&before, best);
        delete_blocks(&s);
        shorten_lists(&s);
        zero_blocks(&s);
        lower_values(&s);
        clear_bits(&s);
    } while (smaller(best, &before) && s.tries < max_tries);
    return s.tries;
}
