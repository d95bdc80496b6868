/* The mark is there and shows; a text beside it cannot hide it and loses nothing that people
 * write. */
#include "codecs/sms/mark.h"
#include "codecs/utf8.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MARK "[SMS, not encrypted]"

static const struct {
    const char *name, *in, *want;
} rows[] = {
    { "nothing", "", "" },
    { "newline and tab stay", "a\n\tb", "a\n\tb" },
    { "CR LF", "a\r\nb", "a\nb" },
    { "lone CR cannot write over the mark", "secret\rMARK", "secret\nMARK" },
    { "CR at the end", "a\r", "a\n" },
    { "CR CR LF", "a\r\r\nb", "a\n\nb" },
    { "C0: backspace, escape", "a\b\b\x1B[2Jb", "a[2Jb" },
    { "form feed of GSM 7 bit", "a\fb", "ab" },
    { "DEL and C1", "a\x7F\xC2\x85\xC2\x9B-", "a-" },
    { "line and paragraph separator", "a\u2028b\u2029c", "a\nb\nc" },
    { "right-to-left override", "\u202E]detpyrcne[\u202C", "]detpyrcne[" },
    { "embeddings", "\u202Aa\u202Bb\u202Dc\u202C", "abc" },
    { "isolates", "\u2066a\u2067b\u2068c\u2069", "abc" },
    { "deprecated shaping controls", "a\u206Ab\u206Fc", "abc" },
    { "zero width space", "[SM\u200BS]", "[SMS]" },
    { "word joiner, invisible operators", "a\u2060b\u2063c", "abc" },
    { "zero width no-break space", "\uFEFFa\uFEFF", "a" },
    { "soft hyphen", "a\u00ADb", "ab" },
    { "Mongolian vowel separator", "a\u180Eb", "ab" },
    { "interlinear annotation", "a\uFFF9b\uFFFAc\uFFFBd", "abcd" },
    { "noncharacters", "a\uFFFE\uFDD0\U0001FFFF\U0010FFFFb", "ab" },
    { "tag letters", "a\U000E0041\U000E0042b", "ab" },
    { "replacement character stays", "a\uFFFDb", "a\uFFFDb" },
    { "Hebrew and Arabic", "שלום עולם, مرحبا 123", "שלום עולם, مرحبا 123" },
    { "LRM, RLM, ALM", "a\u200Eb\u200Fc\u061Cd", "a\u200Eb\u200Fc\u061Cd" },
    { "Persian with ZWNJ", "می\u200Cخواهم", "می\u200Cخواهم" },
    { "Devanagari with ZWJ", "क्\u200Dष", "क्\u200Dष" },
    { "Hebrew points with CGJ", "לִ\u034Fַ", "לִ\u034Fַ" },
    { "family", "👩\u200D👩\u200D👧\u200D👦", "👩\u200D👩\u200D👧\u200D👦" },
    { "heart with selector, skin tone", "❤\uFE0F👍🏽", "❤\uFE0F👍🏽" },
    { "rainbow flag", "🏳\uFE0F\u200D🌈", "🏳\uFE0F\u200D🌈" },
    { "country flag", "🇩🇪", "🇩🇪" },
    { "keycap", "1\uFE0F\u20E3", "1\uFE0F\u20E3" },
    { "flag of Scotland", "🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007Fx",
      "🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007Fx" },
    { "flag without an end", "🏴\U000E0067\U000E0062x", "🏴x" },
    { "flag with nothing but an end", "🏴\U000E007Fx", "🏴x" },
    { "flag with a message in it",
      "🏴\U000E0068\U000E0069\U000E0064\U000E0064\U000E0065\U000E006E\U000E0021\U000E007F",
      "🏴" },
    { "flag with a tag before the digits", "🏴\U000E0020\U000E007F", "🏴" },
    { "flag with a tag between digits and letters", "🏴\U000E0040\U000E007F", "🏴" },
    { "flag with a tag behind the letters", "🏴\U000E007B\U000E007F", "🏴" },
    { "flag with digits in it", "🏴\U000E0031\U000E0039\U000E007F",
      "🏴\U000E0031\U000E0039\U000E007F" },
    { "flag with too much in it",
      "🏴\U000E0061\U000E0061\U000E0061\U000E0061\U000E0061\U000E0061\U000E0061\U000E007F",
      "🏴" },
    { "ideographic variation", "葛\U000E0100", "葛\U000E0100" },
};

static teal_result tame(teal_bytes in, uint8_t *buf, size_t cap, teal_bytes *out, teal_diag *why)
{
    uint8_t *copy = exact_copy(in.at, in.len);
    teal_writer w = { buf, cap, 0 };
    teal_result result = teal_text_tame((teal_bytes){ copy, in.len }, &w, why);
    *out = teal_written(&w);
    free(copy);
    return result;
}

static void test_tame(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t buf[256], again_buf[256];
        teal_bytes once, again;
        assert_int_equal(tame(teal_text(rows[i].in), buf, sizeof buf, &once, NULL), TEAL_OK);
        assert_true(teal_bytes_equal(once, teal_text(rows[i].want)));
        assert_int_equal(tame(once, again_buf, sizeof again_buf, &again, NULL), TEAL_OK);
        assert_true(teal_bytes_equal(again, once));
    }
}

static void test_tame_refusals(void **state)
{
    (void)state;
    uint8_t buf[8];
    teal_bytes out;
    teal_diag why = { 0 };
    assert_int_equal(tame(teal_text("ab\xE2\x80"), buf, sizeof buf, &out, &why), TEAL_MALFORMED);
    assert_int_equal(why.at, 2);
    assert_int_equal(tame(teal_text("abcdefghi"), buf, sizeof buf, &out, &why), TEAL_SPACE);
    assert_int_equal(out.len, 9);
}

static void test_apply(void **state)
{
    (void)state;
    uint8_t buf[64];
    teal_writer w = { buf, sizeof buf, 0 };
    assert_int_equal(teal_mark_apply(teal_text(MARK), teal_text("hi"), &w, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(teal_written(&w), teal_text(MARK " hi")));
    w.len = 0;
    assert_int_equal(teal_mark_apply(teal_text(MARK), teal_text(""), &w, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(teal_written(&w), teal_text(MARK " ")));
    teal_writer none = { NULL, 0, 0 };
    assert_int_equal(teal_mark_apply(teal_text(MARK), teal_text("hi"), &none, NULL), TEAL_SPACE);
    assert_int_equal(none.len, strlen(MARK " hi"));
    w.len = 0;
    assert_int_equal(teal_mark_apply(teal_text("🔓"), teal_text("hi"), &w, NULL), TEAL_OK);
}

static void test_mark_must_show(void **state)
{
    (void)state;
    static const char *const marks[] = {
        "",
        " ",
        " \n\t",
        "\u00A0\u3000",
        "\u200B",
        "\u200D\u200E\uFE0F",
        "\u202E\u202C",
        "\x1B",
        "\uFEFF",
        "\u2800\u3164",
        "\U000E0041",
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        uint8_t buf[64];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_diag why = { 0 };
        print_message("mark %zu\n", i);
        assert_int_equal(teal_mark_apply(teal_text(marks[i]), teal_text("hi"), &w, &why),
                         TEAL_MALFORMED);
        assert_memory_equal(why.rule, "REQ-SMS-50 ", 11);
        assert_int_equal(w.len, 0);
    }
}

static void test_apply_refuses_bad_utf8(void **state)
{
    (void)state;
    uint8_t buf[64];
    teal_writer w = { buf, sizeof buf, 0 };
    assert_int_equal(teal_mark_apply(teal_text("\xFF"), teal_text("hi"), &w, NULL), TEAL_MALFORMED);
    assert_int_equal(teal_mark_apply(teal_text(MARK), teal_text("\xC0\x80"), &w, NULL),
                     TEAL_MALFORMED);
    assert_int_equal(w.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tame),
        cmocka_unit_test(test_tame_refusals),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_mark_must_show),
        cmocka_unit_test(test_apply_refuses_bad_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
