/* Heap copies of exactly the size of what they copy, so that AddressSanitizer sees one byte too
 * far. */
#ifndef TEAL_TESTS_SUPPORT_EXACT_H
#define TEAL_TESTS_SUPPORT_EXACT_H

#include "codecs/arena.h"

#include <stdlib.h>

/* The caller frees; aborts when there is no memory. */
static inline uint8_t *exact_copy(const void *at, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    if (len > 0)
        memcpy(copy, at, len);
    return copy;
}

/* What decode(in, &arena, out, why) answers to such a copy, which is gone afterwards: nothing of it
 * may be kept. arena: by value, of the size that the decoder promises to be enough. */
#define exact_decode(decode, in, length, arena, out, why)                                          \
    ({                                                                                             \
        uint8_t *exact_input = exact_copy(in, length);                                             \
        teal_arena exact_arena = arena;                                                            \
        teal_result exact_result =                                                                 \
            decode((teal_bytes){ exact_input, length }, &exact_arena, out, why);                   \
        free(exact_input);                                                                         \
        exact_result;                                                                              \
    })

#endif
