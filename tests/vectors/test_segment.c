/* Where texts are cut: sizes of 3GPP TS 23.038 §4 and 23.040 §9.2.3.24.1, and no cut inside a
 * character. */
#include "codecs/sms/gsm7.h"
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/utf8.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { REF = 0xC3, MAX_TEXT = 65536 };

static const teal_segment_options options = { .ref = REF };

static const struct {
    const char *name;
    struct {
        const char *unit;
        size_t times;
    } parts[3];
    uint8_t data_coding;
    size_t segments;
    size_t first_octets; /* of text in the first segment */
} rows[] = {
    { "nothing", { { "", 0 } }, TEAL_CODING_GSM7, 1, 0 },
    { "160 septets", { { "a", 160 } }, TEAL_CODING_GSM7, 1, 160 },
    { "161 septets", { { "a", 161 } }, TEAL_CODING_GSM7, 2, 153 },
    { "2 * 153 septets", { { "a", 306 } }, TEAL_CODING_GSM7, 2, 153 },
    { "2 * 153 + 1 septets", { { "a", 307 } }, TEAL_CODING_GSM7, 3, 153 },
    { "9 * 153 septets", { { "a", 1377 } }, TEAL_CODING_GSM7, 9, 153 },
    { "9 * 153 + 1 septets", { { "a", 1378 } }, TEAL_CODING_GSM7, 10, 153 },
    { "255 * 153 septets", { { "a", 39015 } }, TEAL_CODING_GSM7, 255, 153 },
    { "80 escape pairs", { { "€", 80 } }, TEAL_CODING_GSM7, 1, 160 },
    { "81 escape pairs", { { "€", 81 } }, TEAL_CODING_GSM7, 2, 152 },
    { "152 escape pairs: one septet of each segment unused",
      { { "€", 152 } },
      TEAL_CODING_GSM7,
      2,
      152 },
    { "153 escape pairs", { { "€", 153 } }, TEAL_CODING_GSM7, 3, 152 },
    { "escape pair at the end of 160", { { "a", 158 }, { "{", 1 } }, TEAL_CODING_GSM7, 1, 160 },
    { "escape pair over the end of 160", { { "a", 159 }, { "{", 1 } }, TEAL_CODING_GSM7, 2, 153 },
    { "escape pair at the cut",
      { { "a", 152 }, { "|", 1 }, { "a", 7 } },
      TEAL_CODING_GSM7,
      2,
      152 },
    { "escape pair just before the cut",
      { { "a", 151 }, { "|", 1 }, { "a", 8 } },
      TEAL_CODING_GSM7,
      2,
      153 },
    { "70 units", { { "я", 70 } }, TEAL_CODING_UCS2, 1, 140 },
    { "71 units", { { "я", 71 } }, TEAL_CODING_UCS2, 2, 134 },
    { "2 * 67 units", { { "я", 134 } }, TEAL_CODING_UCS2, 2, 134 },
    { "2 * 67 + 1 units", { { "я", 135 } }, TEAL_CODING_UCS2, 3, 134 },
    { "35 emoji", { { "😀", 35 } }, TEAL_CODING_UCS2, 1, 140 },
    { "36 emoji", { { "😀", 36 } }, TEAL_CODING_UCS2, 2, 132 },
    { "66 emoji: one unit of each segment unused", { { "😀", 66 } }, TEAL_CODING_UCS2, 2, 132 },
    { "67 emoji", { { "😀", 67 } }, TEAL_CODING_UCS2, 3, 132 },
    { "emoji at the cut", { { "я", 66 }, { "😀", 1 }, { "я", 3 } }, TEAL_CODING_UCS2, 2, 132 },
    { "emoji just before the cut",
      { { "я", 65 }, { "😀", 1 }, { "я", 4 } },
      TEAL_CODING_UCS2,
      2,
      134 },
    { "emoji over the end of 70", { { "a", 69 }, { "😀", 1 } }, TEAL_CODING_UCS2, 2, 134 },
    { "one letter outside the alphabet", { { "a", 161 }, { "ж", 1 } }, TEAL_CODING_UCS2, 3, 134 },
    { "a tab is outside it too", { { "a", 70 }, { "\t", 1 } }, TEAL_CODING_UCS2, 2, 134 },
};

static teal_bytes user_data(const teal_segment *s)
{
    teal_bytes all = { s->octets, s->len }, header, rest;
    if (!(s->esm_class & TEAL_ESM_UDHI))
        return all;
    assert_int_equal(teal_udh_split(all, &header, &rest, NULL), TEAL_OK);
    teal_udh udh;
    assert_int_equal(teal_udh_decode(header, &udh, NULL), TEAL_OK);
    teal_udh_concat c = udh.concat;
    assert_int_equal(c.ref, REF);
    assert_int_equal(c.total, s->total);
    assert_int_equal(c.seq, s->seq);
    assert_false(c.wide);
    return rest;
}

/* What it takes on the air: 140 octets are what there is (TS 23.040 §9.2.3.16). */
static size_t air_octets(const teal_segment *s, size_t text_octets)
{
    size_t header = s->len - text_octets;
    if (s->data_coding == TEAL_CODING_UCS2)
        return header + text_octets;
    return header + (text_octets * 7 + teal_gsm7_fill_bits(header) + 7) / 8;
}

/* Each segment decodes on its own, together they are the text, and none has room for the first
 * character of the next. */
static void check_segments(teal_bytes text, const teal_segment *s, size_t count)
{
    static uint8_t joined[MAX_TEXT];
    teal_writer w = { joined, sizeof joined, 0 };
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        teal_bytes data = user_data(&s[i]);
        assert_int_equal(s[i].seq, i + 1);
        assert_int_equal(s[i].total, count);
        assert_int_equal(s[i].data_coding, s[0].data_coding);
        assert_int_equal(s[i].esm_class, count > 1 ? TEAL_ESM_UDHI : 0);
        assert_true(air_octets(&s[i], data.len) <= 140);
        size_t before = w.len;
        assert_int_equal(
            teal_coding_decode(s[i].data_coding, (teal_gsm7_shift){ 0 }, data, &w, NULL), TEAL_OK);
        if (i > 0) {
            size_t first = data.at[0] == TEAL_GSM7_ESCAPE ? 2 : 1;
            if (s[i].data_coding == TEAL_CODING_UCS2)
                first = data.at[0] >> 2 == 0x36 ? 4 : 2;
            assert_true(room < first);
            assert_true(w.len > before);
        }
        room = (s[i].data_coding == TEAL_CODING_UCS2 ? 134 : 153) - data.len;
    }
    assert_true(teal_bytes_equal(teal_written(&w), text));
}

static teal_bytes text_of_row(size_t row, uint8_t *buf)
{
    teal_writer w = { buf, MAX_TEXT, 0 };
    for (size_t p = 0; p < 3; p++)
        for (size_t n = 0; n < rows[row].parts[p].times; n++)
            teal_write_text(&w, rows[row].parts[p].unit);
    assert_true(teal_write_fits(&w));
    return teal_written(&w);
}

static void test_rows(void **state)
{
    (void)state;
    static uint8_t buf[MAX_TEXT];
    static teal_segment out[TEAL_SEGMENTS_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        teal_bytes text = text_of_row(i, buf);
        size_t count = 0, counted = 0;
        assert_int_equal(teal_segment_split(text, &options, out, TEAL_SEGMENTS_MAX, &count, NULL),
                         TEAL_OK);
        assert_int_equal(count, rows[i].segments);
        assert_int_equal(out[0].data_coding, rows[i].data_coding);
        assert_int_equal(user_data(&out[0]).len, rows[i].first_octets);
        check_segments(text, out, count);
        assert_int_equal(
            teal_segment_split(text, &options, NULL, TEAL_SEGMENTS_MAX, &counted, NULL), TEAL_OK);
        assert_int_equal(counted, count);
    }
}

static void test_limit(void **state)
{
    (void)state;
    static uint8_t buf[MAX_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t limit = rows[i].segments, count = 0;
        teal_bytes text = text_of_row(i, buf);
        teal_segment *out = calloc(limit, sizeof *out);
        assert_non_null(out);
        assert_int_equal(teal_segment_split(text, &options, out, limit, &count, NULL), TEAL_OK);
        if (limit > 1) {
            teal_diag why = { 0 };
            print_message("%s\n", rows[i].name);
            memset(out, 0, limit * sizeof *out);
            assert_int_equal(teal_segment_split(text, &options, out, limit - 1, &count, &why),
                             TEAL_LIMIT);
            assert_int_equal(count, limit);
            assert_memory_equal(why.rule, "REQ-SMS-22 ", 11);
            for (size_t n = 0; n < limit; n++) /* refused, not cut: nothing to send by mistake */
                assert_int_equal(out[n].len, 0);
        }
        free(out);
    }
}

static void test_over_255(void **state)
{
    (void)state;
    static uint8_t text[255 * 153 + 1];
    size_t count = 0;
    memset(text, 'a', sizeof text);
    assert_int_equal(teal_segment_split((teal_bytes){ text, sizeof text }, &options, NULL,
                                        TEAL_SEGMENTS_MAX, &count, NULL),
                     TEAL_LIMIT);
    assert_int_equal(count, 256);
}

static void test_not_utf8(void **state)
{
    (void)state;
    teal_segment out[2];
    size_t count = 0;
    teal_diag why = { 0 };
    /* behind a letter that has settled the coding already */
    assert_int_equal(
        teal_segment_split(teal_text("жa\xF0\x9F\x98"), &options, out, 2, &count, &why),
        TEAL_MALFORMED);
    assert_int_equal(why.at, 3);
    assert_memory_equal(why.rule, "REQ-SMS-1 ", 10);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_over_255),
        cmocka_unit_test(test_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
