/* Random texts that are hard to carry: what XML, vCard, headers and bidirectional display treat
 * apart, and any other character. */
#ifndef TEAL_TESTS_SUPPORT_TEXTS_H
#define TEAL_TESTS_SUPPORT_TEXTS_H

#include "tests/support/random.h"

/* UTF-8 of 1 to max characters, from the arena; the first and last are letters, so that white space
 * around it is no question. lines: with tabs and line ends, else without control characters. */
teal_bytes test_hard_text(test_random *r, teal_arena *arena, size_t max, bool lines);

#endif
