/* GSM 7 bit against 3GPP TS 23.038: the whole table both ways, what is outside it, packing. */
#include "codecs/sms/gsm7.h"
#include "codecs/utf8.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* §6.2.1 as it is printed there, column by column. */
static const char *const columns[8] = {
    "@£$¥èéùìòÇ\nØø\rÅå", "Δ_ΦΓΛΩΠΨΣΘΞ\x1BÆæßÉ", " !\"#¤%&'()*+,-./", "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",   "PQRSTUVWXYZÄÖÑÜ§",    "¿abcdefghijklmno",  "pqrstuvwxyzäöñüà",
};

/* §6.2.1.1. */
static const struct {
    uint8_t septet;
    const char *text;
} extensions[] = {
    { 0x0A, "\f" }, { 0x14, "^" }, { 0x28, "{" }, { 0x29, "}" }, { 0x2F, "\\" },
    { 0x3C, "[" },  { 0x3D, "~" }, { 0x3E, "]" }, { 0x40, "|" }, { 0x65, "€" },
};

enum { EXTENSIONS = sizeof extensions / sizeof *extensions };

/* The code point that the specification gives to a septet of the basic table. */
static void expected_table(uint32_t table[static 128])
{
    for (size_t c = 0; c < 8; c++) {
        teal_reader r = teal_reader_of(teal_text(columns[c]));
        for (size_t i = 0; i < 16; i++)
            assert_int_equal(teal_utf8_read(&r, &table[c * 16 + i]), TEAL_OK);
        assert_true(teal_read_done(&r));
    }
}

static teal_result decode(const uint8_t *septets, size_t len, char *text, size_t cap)
{
    uint8_t *copy = exact_copy(septets, len);
    teal_writer w = { (uint8_t *)text, cap - 1, 0 };
    teal_result result = teal_gsm7_decode(&teal_gsm7_default, (teal_bytes){ copy, len }, &w, NULL);
    text[result == TEAL_OK ? w.len : 0] = '\0';
    free(copy);
    return result;
}

static void test_basic_table(void **state)
{
    (void)state;
    uint32_t table[128];
    expected_table(table);
    for (unsigned septet = 0; septet < 128; septet++) {
        if (septet == TEAL_GSM7_ESCAPE)
            continue;
        uint8_t buf[4], got[2] = { 0 };
        char text[8];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_utf8_write(&w, table[septet]);
        assert_int_equal(teal_gsm7_septets(&teal_gsm7_default, table[septet], got), 1);
        assert_int_equal(got[0], septet);
        assert_int_equal(decode(&got[0], 1, text, sizeof text), TEAL_OK);
        assert_true(teal_bytes_equal(teal_text(text), teal_written(&w)));
    }
}

static void test_extension_table(void **state)
{
    (void)state;
    size_t found = 0;
    uint32_t table[128];
    expected_table(table);
    for (uint8_t septet = 0; septet < 128; septet++) {
        uint8_t pair[2] = { TEAL_GSM7_ESCAPE, septet }, buf[4], got[2];
        char text[8];
        assert_int_equal(decode(pair, 2, text, sizeof text), TEAL_OK);
        if (septet == TEAL_GSM7_ESCAPE) {
            assert_string_equal(text, " "); /* reserved for another table */
        } else if (found < EXTENSIONS && extensions[found].septet == septet) {
            assert_string_equal(text, extensions[found].text);
            teal_reader r = teal_reader_of(teal_text(text));
            uint32_t cp;
            assert_int_equal(teal_utf8_read(&r, &cp), TEAL_OK);
            assert_int_equal(teal_gsm7_septets(&teal_gsm7_default, cp, got), 2);
            assert_memory_equal(got, pair, 2);
            found++;
        } else { /* the character of the basic table */
            teal_writer w = { buf, sizeof buf, 0 };
            teal_utf8_write(&w, table[septet]);
            assert_true(teal_bytes_equal(teal_text(text), teal_written(&w)));
        }
    }
    assert_int_equal(found, EXTENSIONS);
}

static void test_nothing_else_encodes(void **state)
{
    (void)state;
    size_t one = 0, two = 0;
    uint8_t got[2];
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        size_t septets = teal_gsm7_septets(&teal_gsm7_default, cp, got);
        one += septets == 1;
        two += septets == 2;
    }
    assert_int_equal(one, 127);
    assert_int_equal(two, EXTENSIONS);
}

static void test_reserved_escapes(void **state)
{
    static const struct {
        const char *name;
        uint8_t septets[5];
        size_t len;
        const char *want;
    } rows[] = {
        { "23.038 §6.2.1 escape at the end", { 'a', 0x1B }, 2, "a " },
        { "23.038 §6.2.1.1 code 1B of the extension", { 0x1B, 0x1B, 'e' }, 3, " e" },
        { "23.038 §6.2.1.1 the next escape begins anew", { 0x1B, 0x1B, 0x1B, 'e' }, 4, " €" },
        { "both", { 0x1B, 0x1B, 0x1B }, 3, "  " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[16];
        print_message("%s\n", rows[i].name);
        assert_int_equal(decode(rows[i].septets, rows[i].len, text, sizeof text), TEAL_OK);
        assert_string_equal(text, rows[i].want);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t buf[16];
    teal_diag why = { 0 };
    teal_writer w = { buf, sizeof buf, 0 };
    assert_int_equal(teal_gsm7_encode(&teal_gsm7_default, teal_text("a€ç"), &w, &why),
                     TEAL_UNSUPPORTED); /* small c with cedilla is not in the table */
    assert_int_equal(why.at, 4);
    assert_memory_equal(why.rule, "REQ-SMS-2 ", 10);
    assert_int_equal(teal_gsm7_encode(&teal_gsm7_default, teal_text("ab\xC0\x80"), &w, &why),
                     TEAL_MALFORMED);
    assert_int_equal(why.at, 2);
    assert_memory_equal(why.rule, "REQ-SMS-1 ", 10);
    const uint8_t high[] = { 'a', 0x80 };
    assert_int_equal(teal_gsm7_decode(&teal_gsm7_default, (teal_bytes){ high, 2 }, &w, &why),
                     TEAL_MALFORMED);
    assert_int_equal(why.at, 1);
    const uint8_t behind_escape[] = { 0x1B, 0xE5 };
    w.len = 0;
    assert_int_equal(
        teal_gsm7_decode(&teal_gsm7_default, (teal_bytes){ behind_escape, 2 }, &w, &why),
        TEAL_MALFORMED);
    assert_int_equal(why.at, 1);
    teal_writer none = { NULL, 0, 0 };
    assert_int_equal(teal_gsm7_encode(&teal_gsm7_default, teal_text("{}a"), &none, &why),
                     TEAL_SPACE);
    assert_int_equal(none.len, 5);
}

static const struct {
    const char *name, *septets, *packed;
    size_t octets;
    unsigned fill_bits;
} packings[] = {
    { "23.038 §6.1.2.1.1, one", "\x01", "\x01", 1, 0 },
    { "23.038 §6.1.2.1.1, seven: the eighth octet's bits are free", "1234567",
      "\x31\xD9\x8C\x56\xB3\xDD\x00", 7, 0 },
    { "23.038 §6.1.2.1.1, eight in seven", "12345678", "\x31\xD9\x8C\x56\xB3\xDD\x70", 7, 0 },
    { "hellohello", "hellohello", "\xE8\x32\x9B\xFD\x46\x97\xD9\xEC\x37", 9, 0 },
    { "How are you?", "How are you?", "\xC8\xF7\x1D\x14\x96\x97\x41\xF9\x77\xFD\x07", 11, 0 },
    { "23.040 §9.2.3.24, one fill bit", "A", "\x82", 1, 1 },
    { "six fill bits", "A", "\x40\x10", 2, 6 },
    { "nothing", "", "", 0, 3 },
};

static void test_packing_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof packings / sizeof *packings; i++) {
        print_message("%s\n", packings[i].name);
        uint8_t buf[32];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_bytes septets = teal_text(packings[i].septets);
        assert_int_equal(teal_gsm7_pack(septets, packings[i].fill_bits, &w), TEAL_OK);
        assert_int_equal(w.len, packings[i].octets);
        assert_memory_equal(buf, packings[i].packed, w.len);
    }
}

static void test_packing_space(void **state)
{
    (void)state;
    uint8_t buf[8];
    teal_diag why = { 0 };
    teal_writer small = { buf, 6, 0 }, none = { NULL, 0, 0 };
    assert_int_equal(teal_gsm7_pack(teal_text("12345678"), 0, &small), TEAL_SPACE);
    assert_int_equal(small.len, 7);
    const uint8_t packed[] = { 0x31, 0xD9, 0x8C };
    assert_int_equal(teal_gsm7_unpack((teal_bytes){ packed, 3 }, 0, 3, &none, &why), TEAL_SPACE);
    assert_int_equal(none.len, 3);
    assert_string_equal(why.rule, TEAL_BUFFER_TOO_SMALL);
}

static void test_fill_bits(void **state)
{
    (void)state;
    assert_int_equal(teal_gsm7_fill_bits(0), 0);
    assert_int_equal(teal_gsm7_fill_bits(6), 1); /* 8-bit reference: 153 septets are left */
    assert_int_equal(teal_gsm7_fill_bits(7), 0); /* 16-bit reference: 152 */
    for (size_t octets = 0; octets <= 256; octets++) {
        unsigned fill = teal_gsm7_fill_bits(octets);
        assert_true(fill < 7);
        assert_int_equal((octets * 8 + fill) % 7, 0);
    }
}

/* A table of peers, to see that nothing depends on the default one. */
static void test_other_alphabet(void **state)
{
    (void)state;
    static const uint16_t basic[128] = { [0x41] = 0x0905 }, extension[128] = { [0x42] = 0x0906 };
    const teal_gsm7_alphabet other = { basic, extension };
    uint8_t buf[8];
    teal_writer w = { buf, sizeof buf, 0 };
    assert_int_equal(teal_gsm7_encode(&other, teal_text("अआ"), &w, NULL), TEAL_OK);
    assert_int_equal(w.len, 3);
    assert_memory_equal(buf, "\x41\x1B\x42", 3);
    uint8_t text[8];
    teal_writer t = { text, sizeof text, 0 };
    assert_int_equal(teal_gsm7_decode(&other, teal_written(&w), &t, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(teal_written(&t), teal_text("अआ")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basic_table),
        cmocka_unit_test(test_extension_table),
        cmocka_unit_test(test_nothing_else_encodes),
        cmocka_unit_test(test_reserved_escapes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_packing_vectors),
        cmocka_unit_test(test_packing_space),
        cmocka_unit_test(test_fill_bits),
        cmocka_unit_test(test_other_alphabet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
