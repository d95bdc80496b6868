/* Which coding a text goes out in, where it is cut between the characters that a person sees, and
 * what options cost: 3GPP TS 23.038 §6.2.1.2, 23.040 §9.2.3.24, UAX #29. */
#include "codecs/sms/gsm7.h"
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/ucs2.h"
#include "codecs/utf8.h"
#include "tests/support/property.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unigbrk.h>

#include <cmocka.h>

enum { MAX_TEXT = 65536 };

#define TR TEAL_GSM7_BIT(TEAL_GSM7_TURKISH)
#define ES TEAL_GSM7_BIT(TEAL_GSM7_SPANISH)
#define HI TEAL_GSM7_BIT(TEAL_GSM7_HINDI)
#define PA TEAL_GSM7_BIT(TEAL_GSM7_PUNJABI)

/* Each text is `unit` so many times, then `tail`. */
static const struct {
    const char *name, *unit;
    size_t times;
    const char *tail;
    uint16_t languages;
    bool wide_ref;
    uint8_t data_coding;
    teal_gsm7_shift shift;
    size_t segments, first_octets; /* of text in the first segment */
} rows[] = {
    { "none allowed", "ş", 71, "", 0, false, TEAL_CODING_UCS2, { 0, 0 }, 2, 134 },
    { "UCS-2 is enough", "ş", 70, "", TR, false, TEAL_CODING_UCS2, { 0, 0 }, 1, 140 },
    { "locking: 155 septets behind 4 octets", "ş", 155, "", TR, false, 0, { 1, 0 }, 1, 155 },
    { "locking: one more", "ş", 156, "", TR, false, 0, { 1, 0 }, 2, 149 },
    { "locking: 2 * 149 septets behind 9 octets", "ş", 298, "", TR, false, 0, { 1, 0 }, 2, 149 },
    { "locking: 3", "ş", 299, "", TR, false, 0, { 1, 0 }, 3, 149 },
    { "single is enough", "a", 153, "ş", TR, false, 0, { 0, 1 }, 1, 155 },
    { "single would take two", "a", 154, "ş", TR, false, 0, { 1, 0 }, 1, 155 },
    { "single only, for want of a locking table", "á", 77, "", ES, false, 0, { 0, 2 }, 1, 154 },
    { "and one more is as dear in UCS-2",
      "á",
      78,
      "",
      ES,
      false,
      TEAL_CODING_UCS2,
      { 0, 0 },
      2,
      134 },
    { "default before all", "a", 160, "", TR | ES | HI, false, 0, { 0, 0 }, 1, 160 },
    { "default has é and €", "é", 158, "€", TR | ES, false, 0, { 0, 0 }, 1, 160 },
    { "locking for € alone", "€", 150, "", TR, false, 0, { 1, 0 }, 1, 150 },
    { "Hindi", "न", 155, "", HI, false, 0, { 6, 0 }, 1, 155 },
    { "Hindi digits are in its single table", "न", 140, "\u0967", HI, false, 0, { 6, 6 }, 1, 142 },
    { "both: 151 septets behind 7 octets", "न", 150, "", HI, false, 0, { 6, 0 }, 1, 150 },
    { "both, full", "न", 150, "A", HI, false, 0, { 6, 6 }, 1, 152 },
    { "both, over", "न", 151, "A", HI, false, 0, { 6, 6 }, 2, 146 },
    { "of two languages", "न", 148, "\u0A59", HI | PA, false, 0, { 6, 10 }, 1, 150 },
    { "of two locking tables",
      "न",
      148,
      "\u0A74",
      HI | PA,
      false,
      TEAL_CODING_UCS2,
      { 0, 0 },
      3,
      134 },
    { "a letter in no table", "न", 155, "日", HI, false, TEAL_CODING_UCS2, { 0, 0 }, 3, 134 },
    { "16-bit reference", "a", 161, "", 0, true, 0, { 0, 0 }, 2, 152 },
    { "16-bit reference, UCS-2", "я", 71, "", 0, true, TEAL_CODING_UCS2, { 0, 0 }, 2, 132 },
    { "16-bit reference, locking: 148 septets behind 10 octets",
      "ş",
      156,
      "",
      TR,
      true,
      0,
      { 1, 0 },
      2,
      148 },
};

/* The text of a segment behind its header, which must say what is expected. */
static teal_bytes user_data(const teal_segment *s, const teal_segment_options *o,
                            teal_gsm7_shift shift)
{
    teal_bytes all = { s->octets, s->len }, header, rest = all;
    teal_udh udh = { 0 };
    if (s->esm_class & TEAL_ESM_UDHI) {
        assert_int_equal(teal_udh_split(all, &header, &rest, NULL), TEAL_OK);
        assert_int_equal(teal_udh_decode(header, &udh, NULL), TEAL_OK);
    }
    assert_int_equal(udh.shift.locking, shift.locking);
    assert_int_equal(udh.shift.single, shift.single);
    assert_int_equal(udh.concat.total, s->total > 1 ? s->total : 0);
    assert_int_equal(udh.concat.seq, s->total > 1 ? s->seq : 0);
    assert_int_equal(udh.concat.ref, s->total > 1 ? o->ref : 0);
    assert_int_equal(udh.concat.wide, s->total > 1 && o->wide_ref);
    size_t header_octets = all.len - rest.len, octets = rest.len;
    if (s->data_coding == TEAL_CODING_GSM7)
        octets = (rest.len * 7 + teal_gsm7_fill_bits(header_octets) + 7) / 8;
    assert_true(header_octets + octets <= 140);
    return rest;
}

static void check_joined(teal_bytes text, const teal_segment *s, size_t count,
                         const teal_segment_options *o, teal_gsm7_shift shift)
{
    static uint8_t joined[MAX_TEXT];
    teal_writer w = { joined, sizeof joined, 0 };
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            teal_coding_decode(s[i].data_coding, shift, user_data(&s[i], o, shift), &w, NULL),
            TEAL_OK);
    assert_true(teal_bytes_equal(teal_written(&w), text));
}

static void test_rows(void **state)
{
    (void)state;
    static uint8_t buf[MAX_TEXT];
    static teal_segment out[TEAL_SEGMENTS_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        teal_writer w = { buf, sizeof buf, 0 };
        for (size_t n = 0; n < rows[i].times; n++)
            teal_write_text(&w, rows[i].unit);
        teal_write_text(&w, rows[i].tail);
        teal_segment_options o = { .ref = rows[i].wide_ref ? 0xABCD : 0xC3,
                                   .wide_ref = rows[i].wide_ref,
                                   .languages = rows[i].languages };
        size_t count = 0;
        assert_int_equal(
            teal_segment_split(teal_written(&w), &o, out, TEAL_SEGMENTS_MAX, &count, NULL),
            TEAL_OK);
        assert_int_equal(count, rows[i].segments);
        assert_int_equal(out[0].data_coding, rows[i].data_coding);
        assert_int_equal(user_data(&out[0], &o, rows[i].shift).len, rows[i].first_octets);
        check_joined(teal_written(&w), out, count, &o, rows[i].shift);
    }
}

/* --- against a count that knows nothing of how the choice is made ------------------------------
 */

/* Segments of so much room each that a text takes in an alphabet; 0 if it cannot be written. */
static size_t plain_count(teal_bytes text, const teal_gsm7_alphabet *a, size_t room)
{
    teal_reader r = teal_reader_of(text);
    size_t segments = 1, used = 0;
    uint32_t cp;
    while (teal_utf8_read(&r, &cp) == TEAL_OK) {
        uint8_t septets[2];
        size_t need = a != NULL ? teal_gsm7_septets(a, cp, septets) : (cp > 0xFFFF ? 4U : 2U);
        if (need == 0)
            return 0;
        if (used + need > room) {
            segments++;
            used = 0;
        }
        used += need;
    }
    return segments;
}

static size_t fewest(teal_bytes text, uint16_t languages)
{
    size_t best = plain_count(text, NULL, 140);
    if (best > 1)
        best = plain_count(text, NULL, 134);
    for (uint8_t l = 0; l < TEAL_GSM7_LANGUAGES; l++)
        for (uint8_t s = 0; s < TEAL_GSM7_LANGUAGES; s++) {
            bool allowed = (l == 0 || (languages >> l & 1)) && (s == 0 || (languages >> s & 1));
            if (!allowed || l == TEAL_GSM7_SPANISH)
                continue;
            teal_gsm7_alphabet a = teal_gsm7_alphabet_of((teal_gsm7_shift){ l, s });
            size_t shifts = (l > 0) * 3U + (s > 0) * 3U;
            size_t alone = (140 - (shifts > 0 ? shifts + 1 : 0)) * 8 / 7;
            size_t count = plain_count(text, &a, alone);
            if (count > 1)
                count = plain_count(text, &a, (140 - 6 - shifts) * 8 / 7);
            if (count > 0 && count < best)
                best = count;
        }
    return best;
}

/* Random texts of a few letters of some alphabet, with now and then one of another. */
static teal_bytes random_text(test_random *s, uint8_t *buf)
{
    teal_writer w = { buf, MAX_TEXT, 0 };
    teal_gsm7_shift main = { (uint8_t)test_random_below(s, 14), (uint8_t)test_random_below(s, 14) };
    teal_gsm7_alphabet a = teal_gsm7_alphabet_of(main);
    teal_gsm7_alphabet other = teal_gsm7_alphabet_of(
        (teal_gsm7_shift){ (uint8_t)test_random_below(s, 14), (uint8_t)test_random_below(s, 14) });
    size_t chars = test_random_below(s, 500), escaped = 1 + test_random_below(s, 30);
    bool mixed = test_random_below(s, 4) == 3;
    for (size_t i = 0; i < chars; i++) {
        const teal_gsm7_alphabet *from = mixed && test_random_below(s, 20) == 19 ? &other : &a;
        const uint16_t *table = test_random_below(s, escaped) > 0 ? from->basic : from->extension;
        uint16_t cp = table[test_random_below(s, 128)];
        teal_utf8_write(&w, cp != 0 ? cp : 'a');
    }
    return teal_written(&w);
}

static const char *nothing_is_cheaper(test_random *r)
{
    static uint8_t buf[MAX_TEXT];
    teal_segment_options o = { .languages = TEAL_GSM7_ALL_LANGUAGES };
    if (test_random_bool(r))
        o.languages &= (uint16_t)(test_random_u64(r) & test_random_u64(r));
    teal_bytes text = random_text(r, buf);
    size_t count = 0, enough = fewest(text, o.languages);
    const char *wrong =
        property_ok(teal_segment_split(text, &o, NULL, TEAL_SEGMENTS_MAX, &count, NULL), NULL);
    if (wrong == NULL && count != enough)
        wrong = property_wrong("%zu segments, %zu would do", count, enough);
    return wrong;
}

static void test_nothing_is_cheaper(void **state)
{
    (void)state;
    assert_property(nothing_is_cheaper, 600);
}

/* --- user-perceived characters -----------------------------------------------------------------
 */

static const struct {
    const char *name, *cluster;
    size_t before, after; /* letters on either side */
    size_t units;         /* in the first segment: 67 if the cluster is cut */
} clusters[] = {
    { "UAX #29 GB9: a letter and its mark", "я\u0301", 66, 20, 66 },
    { "GB11: a family", "👩‍👩‍👧‍👦", 60, 20, 60 },
    { "GB12: a flag", "🇨🇭", 65, 20, 65 },
    { "GB9: skin tone", "👍🏽", 65, 20, 65 },
    { "GB9: a keycap", "1\uFE0F\u20E3", 65, 20, 65 },
    { "GB3: CR LF", "\r\n", 66, 20, 66 },
    { "GB6: a Hangul syllable in parts", "\u1112\u1161\u11AB", 65, 20, 65 },
    { "GB9a: a vowel sign", "क\u093F", 66, 20, 66 },
    { "whole would take a segment more", "👩‍👩‍👧‍👦", 61, 62, 67 },
    { "whole takes no segment more", "👩‍👩‍👧‍👦", 60, 56, 60 },
};

static void test_clusters(void **state)
{
    (void)state;
    static uint8_t buf[MAX_TEXT];
    teal_segment out[4];
    for (size_t i = 0; i < sizeof clusters / sizeof *clusters; i++) {
        print_message("%s\n", clusters[i].name);
        teal_writer w = { buf, sizeof buf, 0 };
        teal_segment_options o = { .ref = 1 };
        size_t count = 0;
        for (size_t n = 0; n < clusters[i].before; n++)
            teal_write_text(&w, "я");
        teal_write_text(&w, clusters[i].cluster);
        for (size_t n = 0; n < clusters[i].after; n++)
            teal_write_text(&w, "я");
        assert_int_equal(teal_segment_split(teal_written(&w), &o, out, 4, &count, NULL), TEAL_OK);
        assert_int_equal(user_data(&out[0], &o, (teal_gsm7_shift){ 0 }).len, 2 * clusters[i].units);
        check_joined(teal_written(&w), out, count, &o, (teal_gsm7_shift){ 0 });
    }
}

/* A cluster that is longer than a segment is cut between its code points. */
static void test_endless_cluster(void **state)
{
    (void)state;
    static uint8_t buf[MAX_TEXT];
    teal_segment out[5];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_segment_options o = { 0 };
    size_t count = 0;
    teal_write_text(&w, "яя");
    for (size_t n = 0; n < 200; n++)
        teal_write_text(&w, "\u0301");
    assert_int_equal(teal_segment_split(teal_written(&w), &o, out, 5, &count, NULL), TEAL_OK);
    assert_int_equal(count, 4);
    check_joined(teal_written(&w), out, count, &o, (teal_gsm7_shift){ 0 });
}

/* Whether every segment begins with a cluster; then none could have taken one more. */
static bool cuts_are_boundaries(teal_bytes text, const char *breaks, const teal_segment *s,
                                size_t count)
{
    static uint8_t decoded[MAX_TEXT];
    const teal_segment_options o = { 0 };
    size_t starts[TEAL_SEGMENTS_MAX] = { 0 }, room[TEAL_SEGMENTS_MAX];
    teal_writer d = { decoded, sizeof decoded, 0 };
    for (size_t i = 0; i < count; i++) {
        teal_bytes data = user_data(&s[i], &o, (teal_gsm7_shift){ 0 });
        starts[i] = d.len;
        room[i] = 134 - data.len;
        if (breaks[d.len] == 0)
            return false;
        assert_int_equal(teal_ucs2_decode(data, &d, NULL), TEAL_OK);
    }
    for (size_t i = 1; i < count; i++) {
        size_t len = 1;
        while (breaks[starts[i] + len] == 0)
            len++;
        uint8_t units[MAX_TEXT / 8];
        teal_writer w = { units, sizeof units, 0 };
        teal_bytes cluster = { text.at + starts[i], len };
        assert_int_equal(teal_ucs2_encode(cluster, &w, NULL), TEAL_OK);
        assert_true(w.len > room[i - 1]);
    }
    return true;
}

/* Every cut of a random text of clusters falls on a boundary of libunistring's, unless cutting
 * anywhere saves a segment. */
static void test_random_clusters(void **state)
{
    (void)state;
    static const char *const pieces[] = { "a",
                                          "é",
                                          "e\u0301",
                                          "👩‍👩‍👧",
                                          "🇨🇭",
                                          "👍🏽",
                                          "क्षि",
                                          "각",
                                          "\r\n",
                                          "1\uFE0F\u20E3",
                                          " ",
                                          "日",
                                          "🏳️‍🌈",
                                          "\u200D",
                                          "\u0600x" };
    test_random s = test_random_of(test_seed());
    static uint8_t buf[MAX_TEXT];
    static char breaks[MAX_TEXT + 1];
    static teal_segment out[TEAL_SEGMENTS_MAX];
    size_t on_boundaries = 0;
    for (unsigned run = 0; run < 1000; run++) {
        teal_writer w = { buf, sizeof buf, 0 };
        teal_write_text(&w, "日");
        for (size_t n = test_random_below(&s, 200); n > 0; n--)
            teal_write_text(&w, pieces[test_random_below(&s, sizeof pieces / sizeof *pieces)]);
        teal_bytes text = teal_written(&w);
        teal_segment_options o = { 0 };
        size_t count = 0;
        assert_int_equal(teal_segment_split(text, &o, out, TEAL_SEGMENTS_MAX, &count, NULL),
                         TEAL_OK);
        check_joined(text, out, count, &o, (teal_gsm7_shift){ 0 });
        u8_grapheme_breaks(text.at, text.len, breaks);
        breaks[text.len] = 1;
        on_boundaries += cuts_are_boundaries(text, breaks, out, count);
    }
    assert_true(on_boundaries > 700);
}

/* --- binary and ports --------------------------------------------------------------------------
 */

static void test_binary(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        teal_segment_options options;
        size_t segments, first_octets;
    } sizes[] = {
        { 0, { 0 }, 1, 0 },
        { 140, { 0 }, 1, 140 },
        { 141, { 0 }, 2, 134 },
        { 268, { 0 }, 2, 134 },
        { 269, { 0 }, 3, 134 },
        { 141, { .wide_ref = true, .ref = 300 }, 2, 133 },
        { 133, { .ports = { 2948, 9200, true, true } }, 1, 133 },
        { 134, { .ports = { 2948, 9200, true, true } }, 2, 128 },
        { 135, { .ports = { 240, 241, true, false } }, 1, 135 },
        { 255 * 134, { 0 }, 255, 134 },
    };
    static uint8_t data[255 * 134], joined[255 * 134];
    static teal_segment out[TEAL_SEGMENTS_MAX];
    test_random s = test_random_of(test_seed());
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)test_random_u64(&s);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const teal_segment_options *o = &sizes[i].options;
        teal_bytes all = { data, sizes[i].len };
        teal_writer w = { joined, sizeof joined, 0 };
        size_t count = 0;
        print_message("%zu octets\n", all.len);
        assert_int_equal(teal_segment_split_binary(all, o, out, TEAL_SEGMENTS_MAX, &count, NULL),
                         TEAL_OK);
        assert_int_equal(count, sizes[i].segments);
        for (size_t n = 0; n < count; n++) {
            assert_int_equal(out[n].data_coding, TEAL_CODING_BINARY);
            teal_bytes part = user_data(&out[n], o, (teal_gsm7_shift){ 0 });
            teal_write_bytes(&w, part);
            if (n == 0)
                assert_int_equal(part.len, sizes[i].first_octets);
        }
        assert_true(teal_bytes_equal(teal_written(&w), all));
    }
    size_t count = 0;
    teal_diag why = { 0 };
    assert_int_equal(teal_segment_split_binary((teal_bytes){ data, 269 },
                                               &(teal_segment_options){ 0 }, out, 2, &count, &why),
                     TEAL_LIMIT);
    assert_int_equal(count, 3);
    assert_memory_equal(why.rule, "REQ-SMS-22 ", 11);
}

static void test_text_with_ports(void **state)
{
    (void)state;
    teal_segment out[1];
    teal_segment_options o = { .ports = { 9204, 0, true, true } };
    size_t count = 0;
    assert_int_equal(teal_segment_split(teal_text("BEGIN:VCARD"), &o, out, 1, &count, NULL),
                     TEAL_OK);
    teal_bytes header, rest;
    teal_udh udh;
    assert_int_equal(out[0].esm_class, TEAL_ESM_UDHI);
    assert_int_equal(
        teal_udh_split((teal_bytes){ out[0].octets, out[0].len }, &header, &rest, NULL), TEAL_OK);
    assert_int_equal(teal_udh_decode(header, &udh, NULL), TEAL_OK);
    assert_int_equal(udh.ports.destination, 9204);
    assert_true(teal_bytes_equal(rest, teal_text("BEGIN:VCARD")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_nothing_is_cheaper),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_endless_cluster),
        cmocka_unit_test(test_random_clusters),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_text_with_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
