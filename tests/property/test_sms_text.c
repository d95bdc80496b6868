/* Properties of texts as short messages: alphabets, UCS-2, packing, cutting, and joining. */
#include "codecs/sms/coding.h"
#include "codecs/sms/gsm7.h"
#include "codecs/sms/gsm7_language.h"
#include "codecs/sms/reassembly.h"
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/ucs2.h"
#include "codecs/utf8.h"
#include "tests/support/recode.h"
#include "tests/support/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[32 << 10];
static uint8_t text_room[8 << 10];

static teal_arena fresh(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

/* Letters of the alphabet, now and then one from behind the escape. */
static teal_bytes random_letters(test_random *r, const teal_gsm7_alphabet *a, size_t max)
{
    teal_writer w = { text_room, sizeof text_room, 0 };
    for (size_t n = test_random_below(r, max + 1); n > 0; n--) {
        const uint16_t *table = test_random_below(r, 4) == 3 ? a->extension : a->basic;
        uint16_t point = table[test_random_below(r, 128)];
        teal_utf8_write(&w, point != 0 ? point : 'a');
    }
    return teal_written(&w);
}

/* --- GSM 7 bit ---------------------------------------------------------------------------------
 */

static teal_gsm7_shift random_shift(test_random *r)
{
    return (teal_gsm7_shift){ (uint8_t)test_random_below(r, TEAL_GSM7_LANGUAGES),
                              (uint8_t)test_random_below(r, TEAL_GSM7_LANGUAGES) };
}

static const char *letters_come_back_of(teal_gsm7_shift shift, test_random *r)
{
    uint8_t septets[512], back[1024];
    teal_writer w = { septets, sizeof septets, 0 }, b = { back, sizeof back, 0 };
    teal_gsm7_alphabet a = teal_gsm7_alphabet_of(shift);
    teal_bytes text = random_letters(r, &a, 100);
    const char *wrong = property_ok(teal_gsm7_encode(&a, text, &w, NULL), NULL)
                            ?: property_ok(teal_gsm7_decode(&a, teal_written(&w), &b, NULL), NULL)
                            ?: property_differ(teal_written(&b), text);
    for (size_t i = 0; i < w.len && wrong == NULL; i++)
        wrong = property_that(septets[i] < 0x80);
    return wrong;
}

/* Of every national table, and of every pair of them. */
static const char *letters_come_back(test_random *r)
{
    return letters_come_back_of(random_shift(r), r);
}

/* What octets say in an alphabet has one way to be written, which says the same. */
static const char *septets_have_a_canonical_form(test_random *r)
{
    uint8_t first[1024], septets[1024], second[1024], again[1024];
    teal_arena arena = fresh();
    teal_gsm7_alphabet a = teal_gsm7_alphabet_of(random_shift(r));
    teal_writer f = { first, sizeof first, 0 }, w = { septets, sizeof septets, 0 };
    teal_writer s = { second, sizeof second, 0 }, x = { again, sizeof again, 0 };
    size_t n = test_random_below(r, 200);
    uint8_t *at = teal_arena_take(&arena, n);
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)test_random_below(r, 0x80);
    return property_ok(teal_gsm7_decode(&a, (teal_bytes){ at, n }, &f, NULL), NULL)
               ?: property_that(teal_utf8_valid(teal_written(&f)))
               ?: property_ok(teal_gsm7_encode(&a, teal_written(&f), &w, NULL), NULL)
               ?: property_ok(teal_gsm7_decode(&a, teal_written(&w), &s, NULL), NULL)
               ?: property_differ(teal_written(&s), teal_written(&f))
               ?: property_ok(teal_gsm7_encode(&a, teal_written(&s), &x, NULL), NULL)
               ?: property_differ(teal_written(&x), teal_written(&w));
}

/* One bit after the other, to check against. */
static void pack_slowly(teal_bytes septets, unsigned fill_bits, uint8_t *out)
{
    for (size_t bit = 0; bit < septets.len * 7; bit++)
        if (septets.at[bit / 7] >> (bit % 7) & 1)
            out[(bit + fill_bits) / 8] |= (uint8_t)(1U << ((bit + fill_bits) % 8));
}

static const char *packed_septets_come_back(test_random *r)
{
    uint8_t septets[64], slow[64] = { 0 }, fast[64], back[64];
    teal_writer w = { fast, sizeof fast, 0 }, b = { back, sizeof back, 0 };
    unsigned fill_bits = (unsigned)test_random_below(r, 7);
    teal_bytes in = { septets, test_random_below(r, sizeof septets) };
    size_t want = in.len == 0 ? 0 : (in.len * 7 + fill_bits + 7) / 8;
    for (size_t i = 0; i < in.len; i++)
        septets[i] = (uint8_t)test_random_below(r, 128);
    pack_slowly(in, fill_bits, slow);
    const char *wrong =
        property_ok(teal_gsm7_pack(in, fill_bits, &w), NULL)
            ?: property_differ(teal_written(&w), (teal_bytes){ slow, want })
            ?: property_ok(teal_gsm7_unpack(teal_written(&w), fill_bits, in.len, &b, NULL), NULL)
            ?: property_differ(teal_written(&b), in);
    teal_bytes cut = { fast, w.len - 1 };
    if (wrong == NULL && in.len > 0)
        wrong = property_that(teal_gsm7_unpack(cut, fill_bits, in.len, &b, NULL) == TEAL_MORE);
    return wrong;
}

static void test_gsm7(void **state)
{
    (void)state;
    assert_property(letters_come_back, 10000);
    assert_property(septets_have_a_canonical_form, 10000);
    assert_property(packed_septets_come_back, 2000);
}

/* --- UCS-2 and the other codings ---------------------------------------------------------------
 */

static recoded recode_ucs2(teal_bytes in, teal_writer *out)
{
    uint8_t text[4096];
    teal_writer w = { text, sizeof text, 0 };
    recoded what = { 0 };
    what.decoded = teal_ucs2_decode(in, &w, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_ucs2_encode(teal_written(&w), out, NULL);
    return what;
}

static const char *ucs2_comes_back(test_random *r)
{
    uint8_t octets[1024], back[1024];
    teal_arena arena = fresh();
    teal_writer w = { octets, sizeof octets, 0 }, b = { back, sizeof back, 0 };
    teal_bytes text = test_hard_text(r, &arena, 70, true);
    return property_ok(teal_ucs2_encode(text, &w, NULL), NULL)
               ?: property_ok(teal_ucs2_decode(teal_written(&w), &b, NULL), NULL)
               ?: property_differ(teal_written(&b), text)
               ?: recode_canonical(recode_ucs2, teal_written(&w));
}

/* Half of the units are surrogates, most of them alone. */
static const char *any_units_become_text(test_random *r)
{
    uint8_t in[32], octets[64], text[64];
    teal_writer t = { text, sizeof text, 0 }, w = { octets, sizeof octets, 0 };
    size_t len = 2 * test_random_below(r, 17);
    for (size_t i = 0; i < len; i += 2) {
        in[i] = (uint8_t)(test_random_bool(r) ? 0xD8 + test_random_below(r, 8) : test_random_u8(r));
        in[i + 1] = test_random_u8(r);
    }
    return property_ok(teal_ucs2_decode((teal_bytes){ in, len }, &t, NULL), NULL)
               ?: property_that(t.len <= len / 2 * 3)
               ?: property_that(teal_utf8_valid(teal_written(&t)))
               ?: property_ok(teal_ucs2_encode(teal_written(&t), &w, NULL), NULL)
               ?: property_that(w.len == len)
               ?: recode_canonical(recode_ucs2, teal_written(&w));
}

/* Any octets in any coding: text within its bound, or a rule. */
static const char *any_octets_are_text_or_refused(test_random *r)
{
    uint8_t text[3 * 160];
    teal_arena arena = fresh();
    teal_writer w = { text, sizeof text, 0 };
    uint8_t coding = test_random_u8(r);
    teal_gsm7_shift shift = { test_random_u8(r), test_random_u8(r) };
    teal_bytes octets = test_random_bytes(r, &arena, 0, 160);
    teal_diag why = { 0 };
    teal_result result = teal_coding_decode(coding, shift, octets, &w, &why);
    if (result == TEAL_UNSUPPORTED)
        return property_that(!teal_coding_is_text(coding)) ?: property_that(why.rule != NULL);
    return property_that(teal_coding_is_text(coding))
               ?: property_that(result == TEAL_OK || result == TEAL_MALFORMED)
               ?: property_that(result == TEAL_OK || (why.rule != NULL && w.len == 0))
               ?: property_that(teal_utf8_valid(teal_written(&w)));
}

static void test_codings(void **state)
{
    (void)state;
    assert_property(ucs2_comes_back, 3000);
    assert_property(any_units_become_text, 5000);
    assert_property(any_octets_are_text_or_refused, 10000);
}

/* --- cut and joined again ----------------------------------------------------------------------
 */

static teal_bytes random_text(test_random *r, teal_arena *arena, size_t max)
{
    teal_gsm7_alphabet a = teal_gsm7_alphabet_of(random_shift(r));
    return test_random_bool(r) ? test_hard_text(r, arena, max, true) : random_letters(r, &a, max);
}

static teal_segment_options random_options(test_random *r)
{
    teal_segment_options o = { .wide_ref = test_random_bool(r) };
    o.ref = (uint16_t)test_random_below(r, o.wide_ref ? 0x10000 : 0x100);
    o.languages = (uint16_t)(test_random_u64(r) & TEAL_GSM7_ALL_LANGUAGES);
    return o;
}

/* The user data header of a segment, and what is behind it. */
static const char *take_apart(const teal_segment *s, teal_udh *udh, teal_bytes *data)
{
    teal_bytes header;
    *udh = (teal_udh){ 0 };
    *data = (teal_bytes){ s->octets, s->len };
    if (!(s->esm_class & TEAL_ESM_UDHI))
        return NULL;
    return property_ok(teal_udh_split(*data, &header, data, NULL), NULL)
               ?: property_ok(teal_udh_decode(header, udh, NULL), NULL);
}

/* 140 octets on the air are what there is (TS 23.040 §9.2.3.16). */
static size_t air_octets(const teal_segment *s, size_t text_octets)
{
    size_t header = s->len - text_octets;
    if (s->data_coding != TEAL_CODING_GSM7)
        return s->len;
    return header + (text_octets * 7 + teal_gsm7_fill_bits(header) + 7) / 8;
}

static const char *fits_and_reads(const teal_segment *s, const teal_segment *first, size_t seq,
                                  size_t total, uint16_t ref, teal_writer *joined)
{
    teal_udh udh;
    teal_bytes data;
    return property_that(s->seq == seq && s->total == total)
               ?: property_that(s->data_coding == first->data_coding)
               ?: take_apart(s, &udh, &data)
               ?: property_that(total == 1 || udh.concat.ref == ref)
               ?: property_that(total == 1 || udh.concat.seq == seq)
               ?: property_that(total == 1 || udh.concat.total == total)
               ?: property_that(air_octets(s, data.len) <= 140)
               ?: property_ok(teal_coding_decode(s->data_coding, udh.shift, data, joined, NULL),
                              NULL);
}

/* Each segment fits and can be read alone; together they are the text. */
static const char *segments_join(test_random *r)
{
    static teal_segment out[TEAL_SEGMENTS_MAX];
    static uint8_t joined[sizeof text_room];
    teal_arena arena = fresh();
    teal_writer w = { joined, sizeof joined, 0 };
    teal_segment_options o = random_options(r);
    teal_bytes text = random_text(r, &arena, 500);
    size_t count = 0;
    const char *wrong =
        property_ok(teal_segment_split(text, &o, out, TEAL_SEGMENTS_MAX, &count, NULL), NULL);
    for (size_t i = 0; i < count && wrong == NULL; i++)
        wrong = fits_and_reads(&out[i], out, i + 1, count, o.ref, &w);
    return wrong ?: property_differ(teal_written(&w), text);
}

enum { MESSAGES = 3, LIMIT = TEAL_REASSEMBLY_PARTS };

typedef struct sent {
    teal_bytes text;
    teal_segment parts[LIMIT];
    size_t n;
    bool arrived;
} sent;

static const char *add_part(teal_reassembly *table, sent *all, size_t m, size_t n, int64_t now_ms)
{
    static const char *const sources[MESSAGES] = { "1", "2", "3" };
    static uint8_t text[TEAL_REASSEMBLY_TEXT_BYTES];
    teal_writer w = { text, sizeof text, 0 };
    teal_reassembly_part p = { .source = teal_text(sources[m]), .destination = teal_text("900") };
    teal_reassembly_state said;
    teal_reassembly_loss lost;
    teal_diag why = { 0 };
    p.data_coding = all[m].parts[n].data_coding;
    const char *wrong = take_apart(&all[m].parts[n], &p.udh, &p.octets)
                            ?: property_ok(teal_reassembly_add(table, &p, now_ms, &w, &said, &lost,
                                                               &why),
                                           &why)
                            ?: property_that(lost.have == 0);
    if (wrong != NULL || said != TEAL_REASSEMBLY_COMPLETE)
        return wrong;
    wrong = property_that(!all[m].arrived) ?: property_differ(teal_written(&w), all[m].text);
    all[m].arrived = true;
    return wrong;
}

/* Parts of several messages, shuffled, some of them twice: every text arrives, once. */
static const char *shuffled_parts_join(test_random *r)
{
    static teal_reassembly_slot slots[MESSAGES];
    static sent all[MESSAGES];
    static uint8_t texts[MESSAGES][2048];
    size_t order[2 * MESSAGES * LIMIT], total = 0;
    teal_reassembly table = { .slots = slots, .count = MESSAGES, .timeout_ms = 1000 };
    memset(slots, 0, sizeof slots);
    const char *wrong = NULL;
    teal_segment_options o = random_options(r);
    for (size_t m = 0; m < MESSAGES && wrong == NULL; m++) {
        teal_arena arena = fresh();
        teal_bytes text = random_text(r, &arena, 400);
        if (text.len > 0) /* none is drawn into room that the next one is */
            memcpy(texts[m], text.at, text.len);
        all[m] = (sent){ .text = { texts[m], text.len } };
        wrong = property_ok(
            teal_segment_split(all[m].text, &o, all[m].parts, LIMIT, &all[m].n, NULL), NULL);
        for (size_t n = 0; n < all[m].n; n++)
            for (size_t times = all[m].n > 1 && test_random_bool(r) ? 2 : 1; times > 0; times--)
                order[total++] = m * LIMIT + n;
    }
    for (size_t i = total; i > 1; i--) {
        size_t j = test_random_below(r, i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < total && wrong == NULL; i++)
        wrong = add_part(&table, all, order[i] / LIMIT, order[i] % LIMIT, (int64_t)i);
    for (size_t m = 0; m < MESSAGES && wrong == NULL; m++)
        wrong = property_that(all[m].arrived);
    return wrong;
}

static void test_segments(void **state)
{
    (void)state;
    assert_property(segments_join, 2000);
    assert_property(shuffled_parts_join, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gsm7),
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
