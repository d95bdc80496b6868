/* Envelopes that must not be taken, verified or opened. */
#ifndef TEAL_TESTS_SUPPORT_PUBLISHED_REFUSED_H
#define TEAL_TESTS_SUPPORT_PUBLISHED_REFUSED_H

#include "tests/support/published/cases.h"

/* One thing that is changed in a good envelope. */
typedef struct refused_row {
    const char *name, *rule;
    size_t of; /* of sealed_cases */
    void (*spoil)(sealed *s);
} refused_row;

/* Lists of objects with `name`, `encoded`, `rule`: what no decoder takes ... */
json_t *refused_encodings(teal_arena *a);
json_t *refused_values(teal_arena *a);
/* ... what decodes, and does not verify under `signing_key` ... */
json_t *refused_signatures(teal_arena *a);
/* ... and what verifies, and does not open with `prekey_private` for `device`, `prekey_id`. */
json_t *refused_openings(teal_arena *a);

#endif
