/* Splits a text into short messages. Never cuts inside a character and never cuts one off. */
#include "codecs/sms/segment.h"

#include "codecs/sms/grapheme.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/ucs2.h"
#include "codecs/utf8.h"

#include <assert.h>

enum { AIR_OCTETS = 140 }; /* TS 23.040 §9.2.3.16 */

/* How a text is written. */
typedef struct coding {
    uint8_t data_coding;
    teal_gsm7_shift shift;
} coding;

/* The segments being filled; `out` NULL counts only. */
typedef struct layout {
    const teal_segment_options *options;
    coding coding;
    teal_gsm7_alphabet alphabet;
    teal_segment *out;
    size_t segments;
    size_t used, room; /* octets, or septets, of text in the present segment */
    uint8_t total;
    bool whole; /* does not cut user-perceived characters */
} layout;

static teal_udh header_of(const layout *l, uint8_t seq)
{
    teal_udh udh = { .shift = l->coding.shift, .ports = l->options->ports };
    if (l->total > 1)
        udh.concat = (teal_udh_concat){
            .ref = l->options->ref, .total = l->total, .seq = seq, .wide = l->options->wide_ref
        };
    return udh;
}

/* What is left for text behind the header: §9.2.3.24, fill bits included. */
static size_t room_of(const layout *l)
{
    teal_udh udh = header_of(l, 1);
    size_t header;
    teal_result measured = teal_udh_encode(&udh, NULL, 0, &header);
    (void)measured; /* no room, as meant */
    size_t octets = AIR_OCTETS - header;
    switch (l->coding.data_coding) {
    case TEAL_CODING_GSM7:
        return octets * 8 / 7;
    case TEAL_CODING_UCS2:
        return octets & ~(size_t)1;
    default:
        return octets;
    }
}

/* A layout for one segment, or for each of `total`. */
static layout layout_of(const teal_segment_options *options, coding c, uint8_t total)
{
    layout l = {
        .options = options, .coding = c, .alphabet = teal_gsm7_alphabet_of(c.shift), .total = total
    };
    l.room = room_of(&l);
    return l;
}

static void begin_segment(layout *l)
{
    l->segments++;
    l->used = 0;
    if (l->out == NULL)
        return;
    teal_segment *s = &l->out[l->segments - 1];
    *s = (teal_segment){ .data_coding = l->coding.data_coding,
                         .seq = (uint8_t)l->segments,
                         .total = l->total };
    teal_udh udh = header_of(l, s->seq);
    size_t len;
    teal_result result = teal_udh_encode(&udh, s->octets, sizeof s->octets, &len);
    assert(result == TEAL_OK);
    (void)result;
    s->len = (uint8_t)len;
    s->esm_class = len > 0 ? TEAL_ESM_UDHI : 0;
}

static void append(layout *l, teal_bytes octets)
{
    l->used += octets.len;
    if (l->out == NULL)
        return;
    teal_segment *s = &l->out[l->segments - 1];
    teal_writer w = { s->octets, sizeof s->octets, s->len };
    teal_write_bytes(&w, octets);
    assert(teal_write_fits(&w));
    s->len = (uint8_t)w.len;
}

/* Takes the last octets of the present segment out again. */
static void take_back(layout *l, size_t octets)
{
    l->used -= octets;
    if (l->out != NULL)
        l->out[l->segments - 1].len = (uint8_t)(l->out[l->segments - 1].len - octets);
}

/* The octets of one character: what must never be cut. */
static teal_bytes encode_character(const layout *l, uint32_t code_point, uint8_t buf[static 4])
{
    teal_writer w = { buf, 4, 0 };
    if (l->coding.data_coding == TEAL_CODING_UCS2)
        teal_ucs2_write(&w, code_point);
    else
        w.len = teal_gsm7_septets(&l->alphabet, code_point, buf);
    return teal_written(&w);
}

/* What does not fit the only one is of no interest any more. */
static bool goes_on(const layout *l)
{
    return l->total > 1 || l->segments == 1;
}

/* Lays checked text out and returns the segments it takes. A user-perceived character that does not
 * fit goes to the next segment as a whole, unless it fills this one from its beginning. */
static size_t lay_out(layout *l, teal_bytes text)
{
    teal_reader r = teal_reader_of(text), cluster = r;
    teal_grapheme grapheme = { 0 };
    size_t cluster_used = 0; /* of the segment, when its last cluster began; 0: with the segment */
    uint32_t code_point;
    begin_segment(l);
    for (teal_reader next = r; goes_on(l) && teal_utf8_read(&next, &code_point) == TEAL_OK;
         r = next) {
        uint8_t buf[4];
        teal_bytes octets = encode_character(l, code_point, buf);
        if (l->whole && teal_grapheme_begins(&grapheme, code_point)) {
            cluster = r;
            cluster_used = l->used;
        }
        if (octets.len <= l->room - l->used) {
            append(l, octets);
        } else if (cluster_used > 0) {
            take_back(l, l->used - cluster_used);
            begin_segment(l);
            next = cluster;
            grapheme = (teal_grapheme){ 0 };
            cluster_used = 0;
        } else {
            begin_segment(l);
            append(l, octets);
        }
    }
    return l->segments;
}

/* Of a text that does not fit one. */
static size_t count_several(teal_bytes text, const teal_segment_options *options, coding c,
                            bool whole)
{
    layout each = layout_of(options, c, 2);
    each.whole = whole;
    return lay_out(&each, text);
}

static size_t count_segments(teal_bytes text, const teal_segment_options *options, coding c)
{
    layout alone = layout_of(options, c, 1);
    return lay_out(&alone, text) == 1 ? 1 : count_several(text, options, c, false);
}

/* The best so far; no segments: none. */
typedef struct plan {
    coding coding;
    size_t segments;
} plan;

static void consider(plan *best, teal_bytes text, const teal_segment_options *options, coding c)
{
    if (best->segments == 1)
        return;
    size_t segments = count_segments(text, options, c);
    if (best->segments == 0 || segments < best->segments)
        *best = (plan){ c, segments };
}

/* Every coding that can write the text, in order of preference. UCS-2, at two octets a character,
 * never beats the default alphabet, at two septets at most. */
static plan choose(teal_bytes text, const teal_segment_options *options,
                   const teal_gsm7_choice *choice)
{
    plan best = { 0 };
    if ((choice->singles[TEAL_GSM7_DEFAULT] & TEAL_GSM7_BIT(TEAL_GSM7_DEFAULT)) != 0)
        consider(&best, text, options, (coding){ .data_coding = TEAL_CODING_GSM7 });
    else
        consider(&best, text, options, (coding){ .data_coding = TEAL_CODING_UCS2 });
    for (uint8_t locking = 0; locking < TEAL_GSM7_LANGUAGES; locking++) {
        uint16_t singles = choice->singles[locking];
        if (singles == 0)
            continue;
        uint8_t single = (uint8_t)__builtin_ctz(singles); /* the default, if that does */
        consider(&best, text, options,
                 (coding){ TEAL_CODING_GSM7, { .locking = locking, .single = single } });
    }
    return best;
}

teal_result teal_segment_split(teal_bytes text, const teal_segment_options *options,
                               teal_segment *out, size_t limit, size_t *count, teal_diag *why)
{
    assert(limit >= 1 && limit <= TEAL_SEGMENTS_MAX);
    *count = 0;
    teal_gsm7_choice choice;
    teal_result result = teal_gsm7_choose(text, options->languages, &choice, why);
    if (result != TEAL_OK)
        return result;
    plan best = choose(text, options, &choice);
    *count = best.segments;
    if (best.segments > limit)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-22 text needs too many segments", 0, why);
    if (out != NULL) {
        layout l = layout_of(options, best.coding, (uint8_t)best.segments);
        l.out = out;
        l.whole =
            best.segments > 1 && count_several(text, options, best.coding, true) == best.segments;
        lay_out(&l, text);
    }
    return TEAL_OK;
}

teal_result teal_segment_split_binary(teal_bytes data, const teal_segment_options *options,
                                      teal_segment *out, size_t limit, size_t *count,
                                      teal_diag *why)
{
    assert(limit >= 1 && limit <= TEAL_SEGMENTS_MAX);
    const coding binary = { .data_coding = TEAL_CODING_BINARY };
    *count = 1;
    layout l = layout_of(options, binary, 1);
    if (data.len > l.room) {
        l = layout_of(options, binary, 2);
        *count = (data.len - 1) / l.room + 1;
    }
    if (*count > limit)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-22 data needs too many segments", 0, why);
    l.total = (uint8_t)*count;
    l.out = out;
    teal_reader r = teal_reader_of(data);
    for (size_t i = 0; i < *count; i++) {
        size_t left = teal_read_left(&r);
        begin_segment(&l);
        append(&l, teal_read_bytes(&r, left < l.room ? left : l.room));
    }
    return TEAL_OK;
}
