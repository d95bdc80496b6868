/* See hex.h. */
#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

teal_bytes test_hex(const char *hex, uint8_t *room, size_t cap)
{
    size_t len = 0;
    const char *end = NULL;
    assert_int_equal(sodium_hex2bin(room, cap, hex, strlen(hex), " ", &len, &end), 0);
    assert_int_equal(*end, '\0');
    return (teal_bytes){ room, len };
}

void test_assert_hex(teal_bytes got, const char *hex)
{
    char text[2 * 1024 + 1];
    assert_true(got.len <= 1024);
    sodium_bin2hex(text, sizeof text, got.at, got.len);
    assert_string_equal(text, hex);
}
