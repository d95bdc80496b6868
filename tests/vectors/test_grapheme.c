/* User-perceived characters: the rules of UAX #29 one by one. */
#include "codecs/sms/grapheme.h"
#include "codecs/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
