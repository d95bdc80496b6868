/* User data header: concatenation elements. Never reads past the header that it was given. */
#include "codecs/sms/udh.h"

#include <assert.h>

/* 3GPP TS 23.040 §9.2.3.24. */
enum { IEI_CONCAT_8 = 0x00, IEI_CONCAT_16 = 0x08 };

teal_result teal_udh_split(teal_bytes in, teal_bytes *header, teal_bytes *rest, teal_diag *why)
{
    *header = *rest = (teal_bytes){ 0 };
    teal_reader r = teal_reader_of(in);
    teal_reader ahead = r;
    size_t octets = 1U + teal_read_u8(&ahead);
    teal_bytes head = teal_read_bytes(&r, octets);
    if (r.failed)
        return teal_refuse(TEAL_MORE, "REQ-SMS-10 user data header is cut short", in.len, why);
    *header = head;
    *rest = teal_read_bytes(&r, teal_read_left(&r));
    return TEAL_OK;
}

/* Impossible counts, or an element of another length, are as if it were not there: §9.2.3.24.1. */
static void read_concat(teal_reader element, bool wide, teal_udh_concat *out)
{
    teal_udh_concat c = { .wide = wide };
    c.ref = wide ? teal_read_u16(&element) : teal_read_u8(&element);
    c.total = teal_read_u8(&element);
    c.seq = teal_read_u8(&element);
    if (teal_read_done(&element) && c.seq >= 1 && c.seq <= c.total)
        *out = c;
}

teal_result teal_udh_decode(teal_bytes in, teal_udh_concat *out, teal_diag *why)
{
    *out = (teal_udh_concat){ 0 };
    teal_reader r = teal_reader_of(in);
    teal_reader elements = teal_read_sub(&r, teal_read_u8(&r));
    if (r.failed)
        return teal_refuse(TEAL_MORE, "REQ-SMS-10 user data header is cut short", in.len, why);
    if (!teal_read_done(&r))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-11 octets behind the user data header",
                           in.len - teal_read_left(&r), why);
    teal_udh_concat found = { 0 };
    while (teal_read_left(&elements) > 0) {
        size_t at = in.len - teal_read_left(&elements);
        uint8_t iei = teal_read_u8(&elements);
        teal_reader element = teal_read_sub(&elements, teal_read_u8(&elements));
        if (elements.failed)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-13 element crosses the end", at, why);
        if (iei == IEI_CONCAT_8 || iei == IEI_CONCAT_16)
            read_concat(element, iei == IEI_CONCAT_16, &found);
    }
    *out = found;
    return TEAL_OK;
}

teal_result teal_udh_encode(const teal_udh_concat *c, uint8_t *buf, size_t cap, size_t *len)
{
    assert(c->seq >= 1 && c->seq <= c->total && (c->wide || c->ref <= UINT8_MAX));
    uint8_t ref_octets = c->wide ? 2 : 1;
    teal_writer w = { buf, cap, 0 };
    teal_write_u8(&w, (uint8_t)(4 + ref_octets));
    teal_write_u8(&w, c->wide ? IEI_CONCAT_16 : IEI_CONCAT_8);
    teal_write_u8(&w, (uint8_t)(2 + ref_octets));
    teal_write_uint(&w, c->ref, ref_octets);
    teal_write_u8(&w, c->total);
    teal_write_u8(&w, c->seq);
    *len = w.len;
    return teal_write_fits(&w) ? TEAL_OK : TEAL_SPACE;
}
