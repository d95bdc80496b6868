/* The downgrade decision in the vectors. */
#ifndef TEAL_TESTS_SUPPORT_PUBLISHED_DECISIONS_H
#define TEAL_TESTS_SUPPORT_PUBLISHED_DECISIONS_H

#include "tests/support/published/parts.h"

json_t *decision_vectors(void);

#endif
