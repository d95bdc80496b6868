/* Strict UTF-8, one code point at a time: RFC 3629 §4. Never yields what Unicode forbids. */
#include "codecs/utf8.h"

#include <assert.h>

/* What may follow a lead octet: how many octets, and the range of the first of them, which is
 * where overlong forms, surrogates and values above U+10FFFF are told apart. 0: not a lead. */
typedef struct tail {
    uint8_t octets, first_low, first_high;
} tail;

static tail tail_of(uint8_t lead)
{
    if (lead >= 0xC2 && lead <= 0xDF)
        return (tail){ 1, 0x80, 0xBF };
    if (lead == 0xE0)
        return (tail){ 2, 0xA0, 0xBF };
    if (lead == 0xED)
        return (tail){ 2, 0x80, 0x9F };
    if (lead >= 0xE1 && lead <= 0xEF)
        return (tail){ 2, 0x80, 0xBF };
    if (lead == 0xF0)
        return (tail){ 3, 0x90, 0xBF };
    if (lead >= 0xF1 && lead <= 0xF3)
        return (tail){ 3, 0x80, 0xBF };
    if (lead == 0xF4)
        return (tail){ 3, 0x80, 0x8F };
    return (tail){ 0 };
}

/* Continues after a lead octet that is not ASCII. */
static teal_result read_tail(teal_reader *r, uint8_t lead, uint32_t *code_point)
{
    tail t = tail_of(lead);
    if (t.octets == 0)
        return TEAL_MALFORMED;
    uint32_t value = lead & (0x3FU >> t.octets);
    for (unsigned i = 0; i < t.octets; i++) {
        if (teal_read_left(r) == 0)
            return TEAL_MORE;
        uint8_t octet = teal_read_u8(r);
        uint8_t low = i == 0 ? t.first_low : 0x80;
        uint8_t high = i == 0 ? t.first_high : 0xBF;
        if (octet < low || octet > high)
            return TEAL_MALFORMED;
        value = value << 6 | (octet & 0x3FU);
    }
    *code_point = value;
    return TEAL_OK;
}

teal_result teal_utf8_read_long(teal_reader *r, uint32_t *code_point)
{
    *code_point = 0;
    if (teal_read_left(r) == 0)
        return TEAL_MORE;
    teal_reader ahead = *r;
    teal_result result = read_tail(&ahead, teal_read_u8(&ahead), code_point);
    if (result == TEAL_OK)
        *r = ahead;
    return result;
}

void teal_utf8_write(teal_writer *w, uint32_t code_point)
{
    assert(code_point <= 0x10FFFF && !(code_point >= 0xD800 && code_point <= 0xDFFF));
    uint8_t octets[TEAL_UTF8_MAX_BYTES];
    size_t len;
    if (code_point < 0x80) {
        octets[0] = (uint8_t)code_point;
        len = 1;
    } else if (code_point < 0x800) {
        octets[0] = (uint8_t)(0xC0 | code_point >> 6);
        len = 2;
    } else if (code_point < 0x10000) {
        octets[0] = (uint8_t)(0xE0 | code_point >> 12);
        len = 3;
    } else {
        octets[0] = (uint8_t)(0xF0 | code_point >> 18);
        len = 4;
    }
    for (size_t i = 1; i < len; i++)
        octets[i] = (uint8_t)(0x80 | (code_point >> (6 * (len - 1 - i)) & 0x3F));
    teal_write_bytes(w, (teal_bytes){ octets, len });
}

/* Eight octets at a time. */
void teal_utf8_skip_ascii(teal_reader *r)
{
    uint64_t eight = 0;
    while (teal_read_left(r) >= sizeof eight) {
        teal_reader ahead = *r;
        memcpy(&eight, teal_read_bytes(&ahead, sizeof eight).at, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            return;
        *r = ahead;
    }
}

bool teal_utf8_valid(teal_bytes text)
{
    teal_reader r = teal_reader_of(text);
    uint32_t code_point;
    for (teal_utf8_skip_ascii(&r); teal_read_left(&r) > 0; teal_utf8_skip_ascii(&r))
        if (teal_utf8_read(&r, &code_point) != TEAL_OK)
            return false;
    return true;
}
