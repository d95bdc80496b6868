/* Makes a failing case of a property smaller, by what its generator drew and whatever it made of
 * that: no type needs a shrinker of its own. */
#ifndef TEAL_TESTS_SUPPORT_SHRINK_H
#define TEAL_TESTS_SUPPORT_SHRINK_H

#include "tests/support/random.h"

/* Whether the case that these choices make fails too; *used: those that were drawn. */
typedef bool (*shrink_fails)(const test_choices *choices, test_choices *used, void *context);

/* *best: of a failing case; of the last that failed and was smaller when the call returns. Fewer
 * choices are smaller, then the lesser at the first that differs; zeros at the end are left out.
 * Returns: how often `fails` was asked, at most max_tries. Not for several threads. */
size_t shrink(test_choices *best, shrink_fails fails, void *context, size_t max_tries);

#endif
