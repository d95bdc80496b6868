/* What is true of every codec, whatever its type: bytes that it wrote come out of it as they went
 * in, and bytes that it takes have one canonical form. */
#ifndef TEAL_TESTS_SUPPORT_RECODE_H
#define TEAL_TESTS_SUPPORT_RECODE_H

#include "tests/support/property.h"

/* What became of an input; `encoded` counts where `decoded` is TEAL_OK. */
typedef struct recoded {
    teal_result decoded, encoded;
    teal_diag why; /* of decoded */
} recoded;

/* Decodes, and appends what encode makes of that. */
typedef recoded (*recoder)(teal_bytes in, teal_writer *out);

/* Properties of one value, as property.h has them: encode(decode(b)) = b. */
const char *recode_canonical(recoder again, teal_bytes canonical);

/* The bytes are changed in a few places. If they are taken, what comes out is canonical; if not, a
 * rule says why, and it is moot. */
const char *recode_mutated(recoder again, teal_bytes canonical, test_random *r);

#endif
