/* Vectors are written as the RFCs print them: in hexadecimal. */
#ifndef TEAL_TESTS_SUPPORT_HEX_H
#define TEAL_TESTS_SUPPORT_HEX_H

#include "codecs/cursor.h"

/* View of `room` that holds the bytes of `hex`; fails the test if they do not fit or are no hex. */
teal_bytes test_hex(const char *hex, uint8_t *room, size_t cap);

/* Fails the test unless `got` is what `hex` says. */
void test_assert_hex(teal_bytes got, const char *hex);

#endif
