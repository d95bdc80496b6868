/* UTF-8 against RFC 3629: every scalar value there and back, and everything else refused. */
#include "codecs/utf8.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static teal_result read_all(const void *at, size_t len, uint32_t *code_point)
{
    uint8_t *copy = exact_copy(at, len);
    teal_reader r = teal_reader_of((teal_bytes){ copy, len });
    teal_result result = teal_utf8_read(&r, code_point);
    assert_int_equal(r.at - copy, result == TEAL_OK ? (ptrdiff_t)len : 0);
    free(copy);
    return result;
}

static void test_every_scalar(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        uint8_t buf[TEAL_UTF8_MAX_BYTES];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_utf8_write(&w, cp);
        teal_reader r = teal_reader_of(teal_written(&w));
        uint32_t back;
        if (teal_utf8_read(&r, &back) != TEAL_OK || back != cp || !teal_read_done(&r))
            fail_msg("U+%04X", (unsigned)cp);
        for (size_t cut = 0; cut < w.len; cut++) {
            r = teal_reader_of((teal_bytes){ buf, cut });
            if (teal_utf8_read(&r, &back) != TEAL_MORE || back != 0)
                fail_msg("U+%04X cut at %zu", (unsigned)cp, cut);
        }
    }
}

/* What RFC 3629 §3 says of four octets, worked out from the bits instead of the ranges. */
static bool is_good(const uint8_t o[static 4], size_t *len)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    *len = o[0] < 0x80 ? 1 : o[0] >> 5 == 6 ? 2 : o[0] >> 4 == 14 ? 3 : o[0] >> 3 == 30 ? 4 : 0;
    if (*len == 0)
        return false;
    uint32_t value = *len == 1 ? o[0] : o[0] & (0x7FU >> *len);
    for (size_t i = 1; i < *len; i++) {
        if (o[i] >> 6 != 2)
            return false;
        value = value << 6 | (o[i] & 0x3FU);
    }
    return value >= least[*len] && value <= 0x10FFFF && value >> 11 != 0x1B;
}

static void test_every_start(void **state)
{
    (void)state;
    static const uint8_t edges[] = { 0x00, 0x7F, 0x80, 0x8F, 0x90, 0xBF, 0xC0, 0xFF };
    for (unsigned start = 0; start < 0x10000; start++)
        for (size_t i = 0; i < sizeof edges; i++)
            for (size_t j = 0; j < sizeof edges; j++) {
                uint8_t in[4] = { (uint8_t)(start >> 8), (uint8_t)start, edges[i], edges[j] };
                size_t len;
                bool good = is_good(in, &len);
                teal_reader r = teal_reader_of((teal_bytes){ in, sizeof in });
                uint32_t cp;
                if (teal_utf8_read(&r, &cp) != (good ? TEAL_OK : TEAL_MALFORMED) ||
                    r.at != in + (good ? len : 0))
                    fail_msg("%02X %02X %02X %02X", in[0], in[1], in[2], in[3]);
            }
}

static const struct {
    const char *name;
    uint8_t in[4];
    size_t len;
    teal_result want;
    uint32_t code_point;
} rows[] = {
    { "3629 §7, A", { 0x41 }, 1, TEAL_OK, 0x41 },
    { "3629 §7, not identical to", { 0xE2, 0x89, 0xA2 }, 3, TEAL_OK, 0x2262 },
    { "3629 §7, stump of tree", { 0xF0, 0xA3, 0x8E, 0xB4 }, 4, TEAL_OK, 0x233B4 },
    { "3629 §10, overlong NUL", { 0xC0, 0x80 }, 2, TEAL_MALFORMED, 0 },
    { "3629 §10, overlong full stop", { 0xC0, 0xAE }, 2, TEAL_MALFORMED, 0 },
    { "overlong in three", { 0xE0, 0x9F, 0xBF }, 3, TEAL_MALFORMED, 0 },
    { "overlong in four", { 0xF0, 0x8F, 0xBF, 0xBF }, 4, TEAL_MALFORMED, 0 },
    { "3629 §3, surrogate D800", { 0xED, 0xA0, 0x80 }, 3, TEAL_MALFORMED, 0 },
    { "3629 §3, surrogate DFFF", { 0xED, 0xBF, 0xBF }, 3, TEAL_MALFORMED, 0 },
    { "3629 §3, U+110000", { 0xF4, 0x90, 0x80, 0x80 }, 4, TEAL_MALFORMED, 0 },
    { "five octets", { 0xF8, 0x88, 0x80, 0x80 }, 4, TEAL_MALFORMED, 0 },
    { "continuation first", { 0x80 }, 1, TEAL_MALFORMED, 0 },
    { "bad already before the cut", { 0xE0, 0x80 }, 2, TEAL_MALFORMED, 0 },
    { "good so far", { 0xF0, 0x9F, 0x98 }, 3, TEAL_MORE, 0 },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        uint32_t cp = 1;
        assert_int_equal(read_all(rows[i].in, rows[i].len, &cp), rows[i].want);
        assert_int_equal(cp, rows[i].code_point);
        teal_bytes in = { rows[i].in, rows[i].len };
        assert_int_equal(teal_utf8_valid(in), rows[i].want == TEAL_OK);
    }
    assert_true(teal_utf8_valid((teal_bytes){ 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_scalar),
        cmocka_unit_test(test_every_start),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
