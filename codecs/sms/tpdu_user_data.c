/* User data: octets as they are, septets packed behind the header's fill bits. Never puts more on
 * the air than 140 octets. */
#include "codecs/sms/tpdu_user_data.h"

#include "codecs/sms/gsm7.h"
#include "codecs/sms/udh.h"

#include <assert.h>

/* Septets that a header of so many octets takes, its fill bits counted. */
static size_t header_septets(size_t header_octets)
{
    return (header_octets * 8 + 6) / 7;
}

static size_t octets_of(size_t septets)
{
    return (septets * 7 + 7) / 8;
}

/* The header in front of `data`, length octet included; none if there is none. False if it crosses
 * the end. */
static bool split_header(bool has_header, teal_bytes data, teal_bytes *header, teal_bytes *rest)
{
    *header = (teal_bytes){ 0 };
    *rest = data;
    return !has_header || teal_udh_split(data, header, rest, NULL) == TEAL_OK;
}

static teal_result read_septets(teal_bytes packed, size_t septets, teal_tpdu *t, teal_diag *why)
{
    teal_bytes header, rest;
    if (!split_header(t->has_header, packed, &header, &rest) ||
        header_septets(header.len) > septets)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-63 header crosses the end of user data", 0,
                           why);
    teal_writer w = { t->user_data, sizeof t->user_data, 0 };
    teal_write_bytes(&w, header);
    teal_result result = teal_gsm7_unpack(rest, teal_gsm7_fill_bits(header.len),
                                          septets - header_septets(header.len), &w, why);
    t->len = (uint8_t)w.len;
    return result;
}

static teal_result read_octets(teal_bytes data, teal_tpdu *t, teal_diag *why)
{
    teal_bytes header, rest;
    if (!split_header(t->has_header, data, &header, &rest))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-63 header crosses the end of user data", 0,
                           why);
    teal_writer w = { t->user_data, sizeof t->user_data, 0 };
    teal_write_bytes(&w, data);
    t->len = (uint8_t)w.len;
    return TEAL_OK;
}

teal_result teal_tpdu_user_data_read(teal_reader *r, teal_tpdu *t, teal_diag *why)
{
    bool gsm7 = teal_tpdu_coding(t->data_coding) == TEAL_CODING_GSM7;
    size_t length = teal_read_u8(r);
    size_t octets = gsm7 ? octets_of(length) : length;
    if (!r->failed && octets > TEAL_TPDU_AIR_OCTETS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-63 user data is over 140 octets", 0, why);
    teal_bytes data = teal_read_bytes(r, octets);
    if (r->failed)
        return teal_refuse(TEAL_MORE, "REQ-SMS-63 user data is cut short", 0, why);
    return gsm7 ? read_septets(data, length, t, why) : read_octets(data, t, why);
}

static bool are_septets(teal_bytes data)
{
    teal_reader r = teal_reader_of(data);
    bool fine = true;
    while (teal_read_left(&r) > 0 && fine)
        fine = teal_read_u8(&r) < 128;
    return fine;
}

static void pack(teal_bytes septets, unsigned fill_bits, teal_writer *w)
{
    teal_result result = teal_gsm7_pack(septets, fill_bits, w);
    assert(result == TEAL_OK); /* 140 octets are what the caller has room for */
    (void)result;
}

teal_result teal_tpdu_user_data_write(const teal_tpdu *t, teal_writer *w, teal_diag *why)
{
    bool gsm7 = teal_tpdu_coding(t->data_coding) == TEAL_CODING_GSM7;
    teal_bytes data = { t->user_data, t->len }, header, rest;
    if (t->len > sizeof t->user_data)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-63 user data is over 140 octets", 0, why);
    if (!split_header(t->has_header, data, &header, &rest))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-63 header crosses the end of user data", 0,
                           why);
    if (gsm7 && !are_septets(rest))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-3 octet is not a septet", 0, why);
    size_t length = gsm7 ? header_septets(header.len) + rest.len : data.len;
    if ((gsm7 ? octets_of(length) : length) > TEAL_TPDU_AIR_OCTETS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-63 user data is over 140 octets", 0, why);
    teal_write_u8(w, (uint8_t)length);
    teal_write_bytes(w, header);
    if (!gsm7)
        teal_write_bytes(w, rest);
    else if (rest.len > 0)
        pack(rest, teal_gsm7_fill_bits(header.len), w);
    else if (octets_of(length) > header.len)
        teal_write_u8(w, 0); /* fill bits alone */
    return TEAL_OK;
}
