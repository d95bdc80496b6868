/* Heap copies of exactly the size of what they copy, so that AddressSanitizer sees one byte too
 * far. */
#ifndef TEAL_TESTS_SUPPORT_EXACT_H
#define TEAL_TESTS_SUPPORT_EXACT_H

#include "codecs/cursor.h"

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

#endif
