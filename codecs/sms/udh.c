/* User data header elements. Never reads past the header that it was given. */
#include "codecs/sms/udh.h"

#include <assert.h>

/* 3GPP TS 23.040 §9.2.3.24. */
enum {
    IEI_CONCAT_8 = 0x00,
    IEI_PORTS_8 = 0x04,
    IEI_PORTS_16 = 0x05,
    IEI_CONCAT_16 = 0x08,
    IEI_SINGLE_SHIFT = 0x24,
    IEI_LOCKING_SHIFT = 0x25,
};

teal_result teal_udh_split(teal_bytes in, teal_bytes *header, teal_bytes *rest, teal_diag *why)
{
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

static void read_ports(teal_reader element, bool wide, teal_udh_ports *out)
{
    teal_udh_ports p = { .present = true, .wide = wide };
    p.destination = wide ? teal_read_u16(&element) : teal_read_u8(&element);
    p.source = wide ? teal_read_u16(&element) : teal_read_u8(&element);
    if (teal_read_done(&element))
        *out = p;
}

static void read_language(teal_reader element, uint8_t *out)
{
    uint8_t language = teal_read_u8(&element);
    if (teal_read_done(&element))
        *out = language;
}

static void read_element(uint8_t iei, teal_reader element, teal_udh *out)
{
    switch (iei) {
    case IEI_CONCAT_8:
    case IEI_CONCAT_16:
        read_concat(element, iei == IEI_CONCAT_16, &out->concat);
        break;
    case IEI_PORTS_8:
    case IEI_PORTS_16:
        read_ports(element, iei == IEI_PORTS_16, &out->ports);
        break;
    case IEI_SINGLE_SHIFT:
        read_language(element, &out->shift.single);
        break;
    case IEI_LOCKING_SHIFT:
        read_language(element, &out->shift.locking);
        break;
    default: /* not ours to understand: §9.2.3.24 */
        break;
    }
}

teal_result teal_udh_decode(teal_bytes in, teal_udh *out, teal_diag *why)
{
    teal_reader r = teal_reader_of(in);
    teal_reader elements = teal_read_sub(&r, teal_read_u8(&r));
    if (r.failed)
        return teal_refuse(TEAL_MORE, "REQ-SMS-10 user data header is cut short", in.len, why);
    if (!teal_read_done(&r))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-11 octets behind the user data header",
                           in.len - teal_read_left(&r), why);
    teal_udh found = { 0 };
    while (teal_read_left(&elements) > 0) {
        size_t at = in.len - teal_read_left(&elements);
        uint8_t iei = teal_read_u8(&elements);
        teal_reader element = teal_read_sub(&elements, teal_read_u8(&elements));
        if (elements.failed)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-13 element crosses the end", at, why);
        read_element(iei, element, &found);
    }
    *out = found;
    return TEAL_OK;
}

/* Identifier and length, and the octets that each number of the element takes. */
static uint8_t begin_element(teal_writer *w, bool wide, uint8_t iei_narrow, uint8_t iei_wide,
                             uint8_t octets_narrow, uint8_t octets_wide)
{
    teal_write_u8(w, wide ? iei_wide : iei_narrow);
    teal_write_u8(w, wide ? octets_wide : octets_narrow);
    return wide ? 2 : 1;
}

static void write_concat(teal_writer *w, const teal_udh_concat *c)
{
    assert(c->seq >= 1 && c->seq <= c->total && (c->wide || c->ref <= UINT8_MAX));
    uint8_t octets = begin_element(w, c->wide, IEI_CONCAT_8, IEI_CONCAT_16, 3, 4);
    teal_write_uint(w, c->ref, octets);
    teal_write_u8(w, c->total);
    teal_write_u8(w, c->seq);
}

static void write_ports(teal_writer *w, const teal_udh_ports *p)
{
    assert(p->wide || (p->destination <= UINT8_MAX && p->source <= UINT8_MAX));
    uint8_t octets = begin_element(w, p->wide, IEI_PORTS_8, IEI_PORTS_16, 2, 4);
    teal_write_uint(w, p->destination, octets);
    teal_write_uint(w, p->source, octets);
}

static void write_language(teal_writer *w, uint8_t iei, uint8_t language)
{
    teal_write_u8(w, iei);
    teal_write_u8(w, 1);
    teal_write_u8(w, language);
}

teal_result teal_udh_encode(const teal_udh *u, uint8_t *buf, size_t cap, size_t *len)
{
    uint8_t room[TEAL_UDH_MAX_OCTETS];
    teal_writer elements = { room, sizeof room, 0 }, w = { buf, cap, 0 };
    if (u->concat.total > 0)
        write_concat(&elements, &u->concat);
    if (u->ports.present)
        write_ports(&elements, &u->ports);
    if (u->shift.single != TEAL_GSM7_DEFAULT)
        write_language(&elements, IEI_SINGLE_SHIFT, u->shift.single);
    if (u->shift.locking != TEAL_GSM7_DEFAULT)
        write_language(&elements, IEI_LOCKING_SHIFT, u->shift.locking);
    assert(teal_write_fits(&elements));
    if (elements.len > 0) {
        teal_write_u8(&w, (uint8_t)elements.len);
        teal_write_bytes(&w, teal_written(&elements));
    }
    *len = w.len;
    return teal_write_fits(&w) ? TEAL_OK : TEAL_SPACE;
}
