/* UTF-16BE as SMS carries it. Never writes a lone surrogate in either direction. */
#include "codecs/sms/ucs2.h"

#include "codecs/utf8.h"

#include <assert.h>

#define REPLACEMENT 0xFFFDU

void teal_ucs2_write(teal_writer *out, uint32_t code_point)
{
    assert(code_point <= 0x10FFFF && !(code_point >= 0xD800 && code_point <= 0xDFFF));
    if (code_point >= 0x10000) {
        teal_write_u16(out, (uint16_t)(0xD800 + ((code_point - 0x10000) >> 10)));
        teal_write_u16(out, (uint16_t)(0xDC00 + (code_point & 0x3FF)));
    } else
        teal_write_u16(out, (uint16_t)code_point);
}

teal_result teal_ucs2_encode(teal_bytes text, teal_writer *out, teal_diag *why)
{
    teal_reader r = teal_reader_of(text);
    while (teal_read_left(&r) > 0) {
        size_t at = text.len - teal_read_left(&r);
        uint32_t code_point;
        if (teal_utf8_read(&r, &code_point) != TEAL_OK)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-1 text is not UTF-8", at, why);
        teal_ucs2_write(out, code_point);
    }
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

/* Reads one code point; r holds whole units and at least one. */
static uint32_t read_code_point(teal_reader *r)
{
    uint32_t unit = teal_read_u16(r);
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    teal_reader ahead = *r;
    uint32_t low = teal_read_u16(&ahead);
    if (unit > 0xDBFF || ahead.failed || low < 0xDC00 || low > 0xDFFF)
        return REPLACEMENT;
    *r = ahead;
    return 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF);
}

teal_result teal_ucs2_decode(teal_bytes octets, teal_writer *text, teal_diag *why)
{
    if (octets.len % 2 != 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-6 half a UCS-2 unit", octets.len - 1, why);
    teal_reader r = teal_reader_of(octets);
    while (teal_read_left(&r) > 0)
        teal_utf8_write(text, read_code_point(&r));
    if (!teal_write_fits(text))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}
