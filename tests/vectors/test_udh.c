/* User data headers against 3GPP TS 23.040 §9.2.3.24. */
#include "codecs/sms/udh.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOTHING                                                                                    \
    {                                                                                              \
        .concat = { 0 }                                                                            \
    }

static const struct {
    const char *name;
    uint8_t in[20];
    size_t len;
    teal_result want;
    size_t at;
    teal_udh udh;
    bool canonical;
} rows[] = {
    { "§9.2.3.24.1, 8-bit ref",
      { 5, 0, 3, 42, 2, 1 },
      6,
      TEAL_OK,
      0,
      { .concat = { 42, 2, 1, false } },
      true },
    { "§9.2.3.24.8, 16-bit ref",
      { 6, 8, 4, 1, 42, 2, 2 },
      7,
      TEAL_OK,
      0,
      { .concat = { 298, 2, 2, true } },
      true },
    { "no element", { 0 }, 1, TEAL_OK, 0, NOTHING, false },
    { "ports before it",
      { 11, 5, 4, 11, 132, 0, 0, 0, 3, 9, 3, 2 },
      12,
      TEAL_OK,
      0,
      { .concat = { 9, 3, 2, false }, .ports = { 2948, 0, true, true } },
      false },
    { "national shift before, unknown after",
      { 11, 0x24, 1, 1, 0, 3, 9, 3, 3, 0x70, 1, 0 },
      12,
      TEAL_OK,
      0,
      { .concat = { 9, 3, 3, false }, .shift = { .single = 1 } },
      false },
    { "§9.2.3.24, last of equals",
      { 10, 0, 3, 1, 2, 1, 0, 3, 7, 2, 2 },
      11,
      TEAL_OK,
      0,
      { .concat = { 7, 2, 2, false } },
      false },
    { "§9.2.3.24.1, total 0 ignored", { 5, 0, 3, 42, 0, 0 }, 6, TEAL_OK, 0, NOTHING, false },
    { "§9.2.3.24.1, seq 0 ignored", { 5, 0, 3, 42, 2, 0 }, 6, TEAL_OK, 0, NOTHING, false },
    { "§9.2.3.24.1, seq over total ignored", { 5, 0, 3, 42, 2, 3 }, 6, TEAL_OK, 0, NOTHING, false },
    { "§9.2.3.24, wrong element length ignored",
      { 6, 0, 4, 42, 2, 1, 0 },
      7,
      TEAL_OK,
      0,
      NOTHING,
      false },
    { "an impossible one does not undo a good one",
      { 10, 0, 3, 7, 2, 1, 0, 3, 7, 2, 9 },
      11,
      TEAL_OK,
      0,
      { .concat = { 7, 2, 1, false } },
      false },
    { "element past the end", { 5, 0, 4, 7, 2, 1 }, 6, TEAL_MALFORMED, 1, NOTHING, false },
    { "second element past the end",
      { 7, 0, 3, 7, 2, 1, 5, 4 },
      8,
      TEAL_MALFORMED,
      6,
      NOTHING,
      false },
    { "identifier without a length", { 1, 0 }, 2, TEAL_MALFORMED, 1, NOTHING, false },
    { "octets behind", { 5, 0, 3, 42, 2, 1, 'a' }, 7, TEAL_MALFORMED, 6, NOTHING, false },
    { "§9.2.3.24.15, .16: Turkish single, Hindi locking",
      { 6, 0x24, 1, 1, 0x25, 1, 6 },
      7,
      TEAL_OK,
      0,
      { .shift = { .locking = 6, .single = 1 } },
      true },
    { "a reserved language is kept",
      { 3, 0x25, 1, 200 },
      4,
      TEAL_OK,
      0,
      { .shift = { .locking = 200 } },
      true },
    { "language of two octets ignored", { 4, 0x24, 2, 1, 1 }, 5, TEAL_OK, 0, NOTHING, false },
    { "language of no octet ignored", { 2, 0x25, 0 }, 3, TEAL_OK, 0, NOTHING, false },
    { "§9.2.3.24.3, 8-bit ports",
      { 4, 4, 2, 240, 241 },
      5,
      TEAL_OK,
      0,
      { .ports = { 240, 241, true, false } },
      true },
    { "§9.2.3.24.4, 16-bit ports 9200 and 49999 behind a 16-bit ref",
      { 12, 8, 4, 0, 7, 3, 1, 5, 4, 0x23, 0xF0, 0xC3, 0x4F },
      13,
      TEAL_OK,
      0,
      { .concat = { 7, 3, 1, true }, .ports = { 9200, 49999, true, true } },
      true },
    { "ports of another length ignored", { 5, 5, 3, 1, 2, 3 }, 6, TEAL_OK, 0, NOTHING, false },
    { "everything, the longest that is written",
      { 18, 8, 4, 1, 0, 255, 255, 5, 4, 0, 1, 0, 2, 0x24, 1, 13, 0x25, 1, 13 },
      19,
      TEAL_OK,
      0,
      { { 256, 255, 255, true }, { 13, 13 }, { 1, 2, true, true } },
      true },
};

static bool equal(const teal_udh *a, const teal_udh *b)
{
    return a->concat.ref == b->concat.ref && a->concat.total == b->concat.total &&
           a->concat.seq == b->concat.seq && a->concat.wide == b->concat.wide &&
           a->shift.locking == b->shift.locking && a->shift.single == b->shift.single &&
           a->ports.destination == b->ports.destination && a->ports.source == b->ports.source &&
           a->ports.present == b->ports.present && a->ports.wide == b->ports.wide;
}

static teal_result decode(const uint8_t *in, size_t len, teal_udh *out, teal_diag *why)
{
    uint8_t *copy = exact_copy(in, len);
    teal_result result = teal_udh_decode((teal_bytes){ copy, len }, out, why);
    free(copy);
    return result;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        const teal_udh before = { { 1, 1, 1, true }, { 1, 1 }, { 1, 1, true, true } };
        teal_udh got = before;
        teal_diag why = { 0 };
        assert_int_equal(decode(rows[i].in, rows[i].len, &got, &why), rows[i].want);
        assert_int_equal(why.at, rows[i].at);
        assert_true(equal(&got, rows[i].want == TEAL_OK ? &rows[i].udh : &before));
        if (rows[i].want != TEAL_OK) {
            assert_memory_equal(why.rule, "REQ-SMS-1", 9);
            continue;
        }
        for (size_t cut = 0; cut < rows[i].len; cut++) {
            assert_int_equal(decode(rows[i].in, cut, &got, &why), TEAL_MORE);
            assert_int_equal(why.at, cut);
        }
    }
}

static void test_encode(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].canonical)
            continue;
        print_message("%s\n", rows[i].name);
        uint8_t buf[TEAL_UDH_MAX_OCTETS];
        size_t len = 0;
        assert_int_equal(teal_udh_encode(&rows[i].udh, buf, sizeof buf, &len), TEAL_OK);
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(buf, rows[i].in, len);
        assert_int_equal(teal_udh_encode(&rows[i].udh, buf, len - 1, &len), TEAL_SPACE);
        assert_int_equal(len, rows[i].len);
        assert_int_equal(teal_udh_encode(&rows[i].udh, NULL, 0, &len), TEAL_SPACE);
    }
}

static void check_round_trip(const teal_udh *u)
{
    uint8_t buf[TEAL_UDH_MAX_OCTETS];
    size_t len;
    teal_udh back;
    assert_int_equal(teal_udh_encode(u, buf, sizeof buf, &len), TEAL_OK);
    assert_int_equal(teal_udh_decode((teal_bytes){ buf, len }, &back, NULL), TEAL_OK);
    assert_true(equal(u, &back));
}

static void test_every_concat(void **state)
{
    (void)state;
    for (unsigned total = 1; total <= 255; total++)
        for (unsigned seq = 1; seq <= total; seq++) {
            teal_udh u = { .concat = { (uint16_t)(total * 257 ^ seq), (uint8_t)total, (uint8_t)seq,
                                       true } };
            check_round_trip(&u);
            u.concat.wide = false;
            u.concat.ref &= 0xFF;
            check_round_trip(&u);
        }
}

static void test_nothing_to_say(void **state)
{
    (void)state;
    size_t len = 1;
    assert_int_equal(teal_udh_encode(&(teal_udh){ 0 }, NULL, 0, &len), TEAL_OK);
    assert_int_equal(len, 0);
}

static void test_split(void **state)
{
    (void)state;
    const uint8_t in[] = { 5, 0, 3, 42, 2, 1, 'h', 'i' };
    teal_bytes header, rest;
    teal_diag why = { 0 };
    assert_int_equal(teal_udh_split((teal_bytes){ in, sizeof in }, &header, &rest, &why), TEAL_OK);
    assert_int_equal(header.len, 6);
    assert_true(teal_bytes_equal(rest, teal_text("hi")));
    assert_int_equal(teal_udh_split((teal_bytes){ in, 6 }, &header, &rest, &why), TEAL_OK);
    assert_int_equal(rest.len, 0);
    for (size_t cut = 0; cut < 6; cut++) {
        uint8_t *copy = exact_copy(in, cut);
        assert_int_equal(teal_udh_split((teal_bytes){ copy, cut }, &header, &rest, &why),
                         TEAL_MORE);
        assert_int_equal(header.len, 6); /* as before */
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_encode),
        cmocka_unit_test(test_every_concat), cmocka_unit_test(test_nothing_to_say),
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
