/* Prekeys in the vectors. */
#ifndef TEAL_TESTS_SUPPORT_PUBLISHED_PREKEYS_H
#define TEAL_TESTS_SUPPORT_PUBLISHED_PREKEYS_H

#include "tests/support/published/parts.h"

/* Adds prekeys, uploads, refused_uploads and forged_prekeys to the object. */
void vector_prekeys(json_t *out, teal_arena *a);

#endif
