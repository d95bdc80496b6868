/* UCS-2 (3GPP TS 23.038 §4, RFC 2781) and the choice by data_coding (SMPP 3.4 §5.2.19). */
#include "codecs/sms/coding.h"
#include "codecs/sms/ucs2.h"
#include "codecs/utf8.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *name;
    uint8_t data_coding;
    uint8_t octets[8];
    size_t len;
    teal_result want;
    size_t at;
    const char *text;
} rows[] = {
    { "23.038 §6.2.1", 0x00, { 'H', 0x02, 0x1B, 0x65 }, 4, TEAL_OK, 0, "H$€" },
    { "23.038 §4, class 0", 0xF0, { 0x00 }, 1, TEAL_OK, 0, "@" },
    { "23.038 §4, class 3, reserved bit", 0xFB, { 0x00 }, 1, TEAL_OK, 0, "@" },
    { "23.038 §4, class 0, 8 bit data", 0xF4, { 'a' }, 1, TEAL_UNSUPPORTED, 0, NULL },
    { "not a septet", 0x00, { 'a', 0xE9 }, 2, TEAL_MALFORMED, 1, NULL },
    { "5.2.19, ASCII", 0x01, { 'a', '@', '_' }, 3, TEAL_OK, 0, "a@_" },
    { "5.2.19, above ASCII", 0x01, { 'a', 0x80 }, 2, TEAL_MALFORMED, 1, NULL },
    { "5.2.19, octets unspecified", 0x02, { 'a' }, 1, TEAL_UNSUPPORTED, 0, NULL },
    { "5.2.19, Latin-1", 0x03, { 'n', 0xE9, 0xFF }, 3, TEAL_OK, 0, "néÿ" },
    { "5.2.19, binary", 0x04, { 'a' }, 1, TEAL_UNSUPPORTED, 0, NULL },
    { "5.2.19, JIS", 0x05, { 'a' }, 1, TEAL_UNSUPPORTED, 0, NULL },
    { "5.2.19, UCS-2", 0x08, { 0x00, 'a', 0x20, 0xAC }, 4, TEAL_OK, 0, "a€" },
    { "2781 §2.1, pair", 0x08, { 0xD8, 0x08, 0xDF, 0x45 }, 4, TEAL_OK, 0, "\xF0\x92\x8D\x85" },
    { "last pair", 0x08, { 0xDB, 0xFF, 0xDF, 0xFF }, 4, TEAL_OK, 0, "\xF4\x8F\xBF\xBF" },
    { "high surrogate at the end", 0x08, { 0, 'a', 0xD8, 0x3D }, 4, TEAL_OK, 0, "a\uFFFD" },
    { "high surrogate before a letter", 0x08, { 0xD8, 0x3D, 0, 'a' }, 4, TEAL_OK, 0, "\uFFFDa" },
    { "low surrogate first", 0x08, { 0xDC, 0, 0, 'a' }, 4, TEAL_OK, 0, "\uFFFDa" },
    { "two high ones, then a pair's low",
      0x08,
      { 0xD8, 0x3D, 0xD8, 0x3D, 0xDE, 0 },
      6,
      TEAL_OK,
      0,
      "\uFFFD\U0001F600" },
    { "half a unit", 0x08, { 0, 'a', 0 }, 3, TEAL_MALFORMED, 2, NULL },
    { "nothing", 0x08, { 0 }, 0, TEAL_OK, 0, "" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t buf[32], *copy = exact_copy(rows[i].octets, rows[i].len);
        teal_writer w = { buf, sizeof buf, 0 };
        teal_diag why = { 0 };
        teal_bytes octets = { copy, rows[i].len };
        assert_int_equal(
            teal_coding_decode(rows[i].data_coding, (teal_gsm7_shift){ 0 }, octets, &w, &why),
            rows[i].want);
        assert_int_equal(teal_coding_is_text(rows[i].data_coding),
                         rows[i].want != TEAL_UNSUPPORTED);
        if (rows[i].want == TEAL_OK)
            assert_true(teal_bytes_equal(teal_written(&w), teal_text(rows[i].text)));
        else {
            assert_int_equal(why.at, rows[i].at);
            assert_memory_equal(why.rule, "REQ-SMS-", 8);
        }
        free(copy);
    }
}

/* What the shift elements of the user data header change. */
static const struct {
    const char *name;
    uint8_t data_coding;
    teal_gsm7_shift shift;
    const char *septets, *text;
} shifted[] = {
    { "23.038 §A.3.1", 0x00, { .locking = 1 }, "\x04\x0B\x1B\x65", "€Ğ€" },
    { "23.038 §A.2.1, class 1", 0xF1, { .single = 1 }, "S\x1BS", "SŞ" },
    { "23.038 §A.3.6 with §A.2.10", 0x00, { 6, 10 }, "\x15\x1B\x26\x1BZ", "\u0915\u0A59Z" },
    { "23.040 §9.2.3.24.16, Spanish has no locking table", 0x00, { 2, 0 }, "\x09", "Ç" },
    { "23.040 §9.2.3.24.15, reserved languages", 0x00, { 14, 255 }, "\x1B\x65\x09", "€Ç" },
    { "npm smpp: said to be ASCII, but under a shift", 0x01, { 1, 0 }, "\x07\x1D\x07l", "ışıl" },
    { "npm smpp: said to be ASCII, but with escapes", 0x01, { 0, 0 }, "\x1B<\x1B\x65 @", "[€ ¡" },
    { "in ASCII what can be", 0x01, { 0, 0 }, "a@_[\t\r\n$", "a@_[\t\r\n$" },
    { "not in Latin-1", 0x03, { 1, 1 }, "@", "@" },
};

static void test_shifts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shifted / sizeof *shifted; i++) {
        print_message("%s\n", shifted[i].name);
        uint8_t buf[32];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_bytes septets = teal_text(shifted[i].septets);
        assert_int_equal(
            teal_coding_decode(shifted[i].data_coding, shifted[i].shift, septets, &w, NULL),
            TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), teal_text(shifted[i].text)));
    }
}

static void test_space(void **state)
{
    (void)state;
    static const uint8_t codings[] = { 0x00, 0x01, 0x03, 0x08 };
    for (size_t i = 0; i < sizeof codings; i++) {
        teal_writer none = { NULL, 0, 0 };
        teal_bytes octets = { (const uint8_t *)"\0a\0b", 4 };
        assert_int_equal(
            teal_coding_decode(codings[i], (teal_gsm7_shift){ 0 }, octets, &none, NULL),
            TEAL_SPACE);
        assert_true(none.len > 0);
    }
}

static void test_encode_refuses_surrogates(void **state)
{
    (void)state;
    uint8_t buf[16];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_diag why = { 0 };
    assert_int_equal(teal_ucs2_encode(teal_text("a\xED\xA0\xBD"), &w, &why), TEAL_MALFORMED);
    assert_int_equal(why.at, 1);
    teal_writer none = { NULL, 0, 0 };
    assert_int_equal(teal_ucs2_encode(teal_text("\U0001F600a"), &none, &why), TEAL_SPACE);
    assert_int_equal(none.len, 6);
}

static void test_every_scalar(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        uint8_t utf8[4], ucs2[4], back[4];
        teal_writer u = { utf8, sizeof utf8, 0 }, w = { ucs2, sizeof ucs2, 0 };
        teal_writer b = { back, sizeof back, 0 };
        teal_utf8_write(&u, cp);
        if (teal_ucs2_encode(teal_written(&u), &w, NULL) != TEAL_OK ||
            teal_ucs2_decode(teal_written(&w), &b, NULL) != TEAL_OK ||
            !teal_bytes_equal(teal_written(&b), teal_written(&u)))
            fail_msg("U+%04X", (unsigned)cp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_shifts),
        cmocka_unit_test(test_space),        cmocka_unit_test(test_encode_refuses_surrogates),
        cmocka_unit_test(test_every_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
