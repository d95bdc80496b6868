/* Random contents that RCS bodies can say, with texts that are hard to carry. */
#ifndef TEAL_TESTS_SUPPORT_CONTENTS_H
#define TEAL_TESTS_SUPPORT_CONTENTS_H

#include "codecs/native/content.h"
#include "tests/support/random.h"

/* A message of 1 to 4 parts, of the arena, which has room for it (64 KiB) or the test aborts. */
Teal__V1__Content *test_content_random(test_random *r, teal_arena *arena);
/* Only a reaction. */
Teal__V1__Content *test_reaction_random(test_random *r, teal_arena *arena);

#endif
