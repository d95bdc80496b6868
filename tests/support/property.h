/* Property tests: a claim about random values, tried many times. A case for which it is false is
 * made as small as it goes (shrink.h) and reported with what replays it:
 *
 *     static const char *text_comes_back(test_random *r)
 *     {
 *         teal_bytes text = ...;                       drawn from r, and from nothing else
 *         if (teal_x_encode(...) != TEAL_OK)
 *             return property_wrong("refused: %s", why.rule);
 *         return property_differ(back, text);
 *     }
 *     assert_property(text_comes_back, 1000);          in a cmocka test
 *
 * TEAL_SEED=N draws the same cases again, TEAL_CHOICES=property:choices one case alone. */
#ifndef TEAL_TESTS_SUPPORT_PROPERTY_H
#define TEAL_TESTS_SUPPORT_PROPERTY_H

#include "codecs/result.h"
#include "tests/support/random.h"

/* NULL where the claim holds for the value drawn, else what is wrong. It returns rather than
 * asserts: cmocka leaves a failed test for good, and a smaller case is yet to be looked for. */
typedef const char *(*property)(test_random *r);

/* Returned where the claim is not about the value drawn. A run in which that is nearly always so
 * proves nothing, and fails. */
extern const char property_moot[];

/* What is wrong, as printf would say it; lives until the next call. */
const char *property_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* NULL where they are equal, else both, as hexadecimal or text, around the first difference. */
const char *property_differ(teal_bytes got, teal_bytes want);

/* NULL if the result is TEAL_OK, else it and why (may be NULL). */
const char *property_ok(teal_result result, const teal_diag *why);
/* NULL if the claim is true, else its words. All of these chain with ?: */
#define property_that(claim) ((claim) ? NULL : property_wrong("not so: %s", #claim))

/* Fails the test unless the property holds for so many random values. */
#define assert_property(claim, times) property_assert(#claim, claim, times)
void property_assert(const char *name, property claim, size_t times);

typedef struct property_failure {
    size_t number; /* of the case that failed, from 0 */
    size_t tries;  /* to make it smaller */
    bool flaky;    /* it failed, and with the same choices did not */
    test_choices choices;
    char wrong[2048]; /* of the smallest case */
} property_failure;

/* What property_assert does, without failing the test. False where the claim held; then *out is
 * not written, and *moot (may be NULL) says for how many values it was moot. */
bool property_refute(property claim, uint64_t seed, size_t times, size_t *moot,
                     property_failure *out);

/* As TEAL_CHOICES has them: "3,0*31,7", where n*times stands for a run. */
void property_choices_write(const test_choices *choices, teal_writer *out);
/* False unless `text` is that and they fit. */
bool property_choices_read(const char *text, test_choices *out);

#endif
