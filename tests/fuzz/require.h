/* What a fuzz target claims of every input. */
#ifndef TEAL_TESTS_FUZZ_REQUIRE_H
#define TEAL_TESTS_FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stdlib.h>

/* Ends the run where the claim is false: the fuzzer keeps the input. */
static inline void require(bool claim)
{
    if (!claim)
        abort();
}

#endif
