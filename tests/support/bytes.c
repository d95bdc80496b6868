/* See bytes.h. */
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

void assert_text(teal_bytes got, const char *want)
{
    if (!teal_bytes_equal(got, teal_text(want)))
        fail_msg("got \"%.*s\", not \"%s\"", (int)got.len, (const char *)got.at, want);
}
