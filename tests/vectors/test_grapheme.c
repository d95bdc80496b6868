/* User-perceived characters: the rules of UAX #29 one by one, and libunistring's own reading of a
 * whole string against ours of one code point after the other. */
#include "codecs/sms/grapheme.h"
#include "codecs/utf8.h"
#include "tests/support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unigbrk.h>

#include <cmocka.h>

/* `|` stands where a cluster begins, as `÷` does in GraphemeBreakTest.txt. */
static const struct {
    const char *name, *marked;
} rows[] = {
    { "GB1", "|a" },
    { "GB3", "|\r\n|a" },
    { "GB4", "|\n|\u0301|a" },
    { "GB5", "|a|\r|\r\n|b" },
    { "GB6", "|\u1100\u1160|\u1100" },
    { "GB7", "|\uAC00\u11A8|\uAC00|\u1100" },
    { "GB8", "|\uAC01\u11A8|\u1160" },
    { "GB9", "|a\u0308\u200D|b" },
    { "GB9a", "|a\u0903|b" },
    { "GB9b", "|\u0600a|\u0600\u0600b" },
    { "GB11", "|👩‍👩‍👧|👩" },
    { "GB11, with a variation selector", "|🏳\uFE0F‍🌈|🌈" },
    { "GB11 wants an emoji before the joiner", "|a\u200D|🌈" },
    { "GB11 wants the joiner last", "|👩\u200D\u0308|🌈" },
    { "GB12", "|🇨🇭|🇩🇪|🇦" },
    { "GB13", "|a|🇨🇭|🇩" },
    { "GB12, a mark between", "|🇨\u0308|🇭🇩" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        teal_reader r = teal_reader_of(teal_text(rows[i].marked));
        teal_grapheme g = { 0 };
        uint32_t cp;
        while (teal_utf8_read(&r, &cp) == TEAL_OK) {
            bool begins = cp == '|';
            if (begins)
                assert_int_equal(teal_utf8_read(&r, &cp), TEAL_OK);
            assert_int_equal(teal_grapheme_begins(&g, cp), begins);
        }
    }
}

static void test_random_values(void **state)
{
    (void)state;
    static const uint32_t kinds[] = { 'a',    '\r',   '\n',   0x301,   0x200D, 0x1F468, 0x1F1E6,
                                      0x1100, 0x1160, 0x11A8, 0xAC00,  0xAC01, 0x903,   0x600,
                                      0xFE0F, 0x2764, 0xAD,   0x1F3FD, 0x20E3, 0x915,   0x94D };
    test_random s = test_random_of(test_seed());
    for (unsigned run = 0; run < 20000; run++) {
        uint32_t text[24];
        char breaks[24];
        size_t len = 1 + test_random_below(&s, 24);
        teal_grapheme g = { 0 };
        for (size_t i = 0; i < len; i++)
            text[i] = test_random_below(&s, 10) == 0
                          ? (uint32_t)test_random_below(&s, 0xD800)
                          : kinds[test_random_below(&s, sizeof kinds / sizeof *kinds)];
        uc_grapheme_breaks(text, len, breaks);
        for (size_t i = 0; i < len; i++)
            if (teal_grapheme_begins(&g, text[i]) != (breaks[i] != 0)) {
                for (size_t n = 0; n <= i; n++)
                    print_message("U+%04X ", (unsigned)text[n]);
                fail_msg("another boundary than libunistring's before the last");
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_random_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
