/* Normalisation form C: rows of UAX #15 and its NormalizationTest.txt, and that it stays off the
 * heap. */
#include "codecs/nfc.h"
#include "codecs/utf8.h"
#include "tests/support/property.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_TEXT = 4096 };

static const struct {
    const char *name, *text, *want;
} rows[] = {
    { "nothing", "", "" },
    { "ASCII", "Hello\r\n", "Hello\r\n" },
    { "UAX #15 table 1, composed already", "\u00C5", "\u00C5" },
    { "figure 3, singletons", "\u212B\u2126", "\u00C5\u03A9" },
    { "figure 4, composition", "A\u030A o\u0302", "\u00C5 \u00F4" },
    { "figure 5, many marks", "s\u0323\u0307 \u1E0B\u0323", "\u1E69 \u1E0D\u0307" },
    { "marks in another order", "s\u0307\u0323", "\u1E69" },
    { "composition exclusion", "\u0958", "\u0915\u093C" },
    { "Hangul", "\u1112\u1161\u11AB", "\uD55C" },
    { "NormalizationTest part 1, U+0344", "\u0344", "\u0308\u0301" },
    { "U+FB2C, three from one", "\uFB2C", "\u05E9\u05BC\u05C1" },
    { "above the basic plane", "\U0001D15E", "\U0001D157\U0001D165" },
    { "the largest growth", "\U0001D160", "\U0001D158\U0001D165\U0001D16E" },
    { "emoji", "👩‍👩‍👧", "👩‍👩‍👧" },
    { "Turkish", "g\u0306 i\u0307 s\u0327", "\u011F i\u0307 \u015F" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t buf[64] = "before";
        teal_writer w = { buf, sizeof buf, 6 };
        assert_int_equal(teal_nfc(teal_text(rows[i].text), &w, NULL), TEAL_OK);
        assert_memory_equal(buf, "before", 6);
        assert_true(teal_bytes_equal((teal_bytes){ buf + 6, w.len - 6 }, teal_text(rows[i].want)));
    }
}

/* With 30 marks it is put in order; with 31 it is left as it came. */
static void test_run_of_marks(void **state)
{
    (void)state;
    for (size_t marks = TEAL_NFC_MAX_MARKS; marks <= TEAL_NFC_MAX_MARKS + 1; marks++) {
        uint8_t text[128], buf[512];
        teal_writer t = { text, sizeof text, 0 }, w = { buf, sizeof buf, 0 };
        teal_write_text(&t, "e");
        for (size_t i = 0; i < marks; i++)
            teal_write_text(&t, "\u0301");
        assert_int_equal(teal_nfc(teal_written(&t), &w, NULL), TEAL_OK);
        assert_int_equal(w.len, t.len - (marks == TEAL_NFC_MAX_MARKS ? 1 : 0));
    }
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t buf[64];
    teal_diag why = { 0 };
    teal_writer w = { buf, sizeof buf, 3 };
    assert_int_equal(teal_nfc(teal_text("ab\xC0\x80"), &w, &why), TEAL_MALFORMED);
    assert_int_equal(why.at, 2);
    assert_int_equal(w.len, 3);
    w = (teal_writer){ buf, 8, 0 };
    assert_int_equal(teal_nfc(teal_text("abc"), &w, &why), TEAL_SPACE);
    assert_string_equal(why.rule, TEAL_BUFFER_TOO_SMALL);
    assert_int_equal(w.len, 0);
    w.len = 9; /* full already, and more */
    assert_int_equal(teal_nfc(teal_text(""), &w, &why), TEAL_SPACE);
    w = (teal_writer){ buf, 9, 0 };
    assert_int_equal(teal_nfc(teal_text("abc"), &w, &why), TEAL_OK);
}

static size_t allocations;

static void count_allocation(const volatile void *at, size_t size)
{
    (void)at;
    (void)size;
    allocations++;
}

static void ignore_free(const volatile void *at)
{
    (void)at;
}

/* AddressSanitizer's; NULL without it. */
__attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));

/* Whatever the text: the result is in form C, at most three times as long, and made without heap.
 */
static const char *form_c_stays(test_random *r)
{
    static const uint32_t starts[] = { 0x61,  0xC5,   0x300,  0x900,   0xAC00,
                                       0x5D0, 0x1100, 0x2120, 0x1D150, 0xFB20 };
    static uint8_t text[MAX_TEXT], once[3 * MAX_TEXT], twice[9 * MAX_TEXT];
    teal_writer t = { text, sizeof text, 0 }, o = { once, 0, 0 }, w = { twice, sizeof twice, 0 };
    for (size_t n = test_random_below(r, 100); n > 0; n--)
        teal_utf8_write(&t, starts[test_random_below(r, sizeof starts / sizeof *starts)] +
                                (uint32_t)test_random_below(r, 0x60));
    o.cap = TEAL_NFC_MAX_GROWTH * t.len;
    size_t before = allocations;
    teal_result result = teal_nfc(teal_written(&t), &o, NULL);
    return property_that(allocations == before)
               ?: property_ok(result, NULL)
               ?: property_that(teal_write_fits(&o))
               ?: property_ok(teal_nfc(teal_written(&o), &w, NULL), NULL)
               ?: property_differ(teal_written(&w), teal_written(&o));
}

static void test_any_text(void **state)
{
    (void)state;
    if (__sanitizer_install_malloc_and_free_hooks != NULL)
        __sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free);
    assert_property(form_c_stays, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_run_of_marks),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
