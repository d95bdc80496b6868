/* Splits a text into short messages. Never cuts inside a character and never cuts one off. */
#include "codecs/sms/segment.h"

#include "codecs/sms/gsm7.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/ucs2.h"
#include "codecs/utf8.h"

#include <assert.h>

/* Octets of text in a segment as SMPP carries it: TS 23.040 §9.2.3.24.1, TS 23.038 §4. */
enum {
    GSM7_ALONE = 160, /* septets in 140 octets */
    GSM7_EACH = 153,  /* septets behind 6 octets of header and 1 fill bit */
    UCS2_ALONE = 140,
    UCS2_EACH = 134,
};

/* The segment being filled; `out` NULL counts only. */
typedef struct layout {
    teal_segment *out;
    size_t segments, used, room;
    uint8_t data_coding, ref, total;
} layout;

/* Finds the coding that has every character; checks the UTF-8 on the way, to its end. */
static teal_result choose_coding(teal_bytes text, uint8_t *data_coding, teal_diag *why)
{
    teal_reader r = teal_reader_of(text);
    *data_coding = TEAL_CODING_GSM7;
    while (teal_read_left(&r) > 0) {
        size_t at = text.len - teal_read_left(&r);
        uint32_t code_point;
        uint8_t septets[2];
        if (teal_utf8_read(&r, &code_point) != TEAL_OK)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-1 text is not UTF-8", at, why);
        if (*data_coding == TEAL_CODING_GSM7 &&
            teal_gsm7_septets(&teal_gsm7_default, code_point, septets) == 0)
            *data_coding = TEAL_CODING_UCS2;
    }
    return TEAL_OK;
}

/* The octets of one character: what must never be cut. */
static teal_bytes encode_character(uint8_t data_coding, uint32_t code_point, uint8_t buf[static 4])
{
    teal_writer w = { buf, 4, 0 };
    if (data_coding == TEAL_CODING_UCS2)
        teal_ucs2_write(&w, code_point);
    else
        w.len = teal_gsm7_septets(&teal_gsm7_default, code_point, buf);
    return teal_written(&w);
}

static void begin_segment(layout *l)
{
    l->segments++;
    l->used = 0;
    if (l->out == NULL)
        return;
    teal_segment *s = &l->out[l->segments - 1];
    *s = (teal_segment){ .data_coding = l->data_coding,
                         .seq = (uint8_t)l->segments,
                         .total = l->total };
    if (l->total == 1)
        return;
    teal_udh udh = { .concat = { .ref = l->ref, .total = l->total, .seq = s->seq } };
    size_t len;
    teal_result result = teal_udh_encode(&udh, s->octets, sizeof s->octets, &len);
    assert(result == TEAL_OK);
    (void)result;
    s->len = (uint8_t)len;
    s->esm_class = TEAL_ESM_UDHI;
}

static void append(layout *l, teal_bytes character)
{
    if (character.len > l->room - l->used)
        begin_segment(l);
    l->used += character.len;
    if (l->out == NULL)
        return;
    teal_segment *s = &l->out[l->segments - 1];
    teal_writer w = { s->octets, sizeof s->octets, s->len };
    teal_write_bytes(&w, character);
    assert(teal_write_fits(&w));
    s->len = (uint8_t)w.len;
}

/* Lays checked text out and returns the segments it takes, each of l->room octets. */
static size_t lay_out(layout *l, teal_bytes text)
{
    teal_reader r = teal_reader_of(text);
    uint32_t code_point;
    uint8_t buf[4];
    begin_segment(l);
    while (teal_utf8_read(&r, &code_point) == TEAL_OK)
        append(l, encode_character(l->data_coding, code_point, buf));
    return l->segments;
}

teal_result teal_segment_split(teal_bytes text, uint8_t ref, teal_segment *out, size_t limit,
                               size_t *count, teal_diag *why)
{
    assert(limit >= 1 && limit <= TEAL_SEGMENTS_MAX);
    *count = 0;
    uint8_t data_coding;
    teal_result result = choose_coding(text, &data_coding, why);
    if (result != TEAL_OK)
        return result;
    bool gsm7 = data_coding == TEAL_CODING_GSM7;
    layout plan = { .data_coding = data_coding, .ref = ref, .total = 1 };
    plan.room = gsm7 ? GSM7_ALONE : UCS2_ALONE;
    layout attempt = plan;
    *count = lay_out(&attempt, text);
    if (*count > 1) {
        plan.room = gsm7 ? GSM7_EACH : UCS2_EACH;
        attempt = plan;
        *count = lay_out(&attempt, text);
    }
    if (*count > limit)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-22 text needs too many segments", 0, why);
    if (out != NULL) {
        plan.out = out;
        plan.total = (uint8_t)*count;
        lay_out(&plan, text);
    }
    return TEAL_OK;
}
