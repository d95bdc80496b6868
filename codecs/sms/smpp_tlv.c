/* SMPP optional parameters. Never changes or reorders what it passes through. */
#include "codecs/sms/smpp_tlv.h"

#include <assert.h>

/* Lengths of the parameters that this library reads; others may have any. */
static const struct {
    uint16_t tag, min, max;
} known[] = {
    { TEAL_TLV_RECEIPTED_MESSAGE_ID, 1, 65 }, { TEAL_TLV_USER_MESSAGE_REFERENCE, 2, 2 },
    { TEAL_TLV_SAR_MSG_REF_NUM, 2, 2 },       { TEAL_TLV_SAR_TOTAL_SEGMENTS, 1, 1 },
    { TEAL_TLV_SAR_SEGMENT_SEQNUM, 1, 1 },    { TEAL_TLV_SC_INTERFACE_VERSION, 1, 1 },
    { TEAL_TLV_NETWORK_ERROR_CODE, 3, 3 },    { TEAL_TLV_MESSAGE_STATE, 1, 1 },
};

static bool length_is_right(const teal_smpp_tlv *tlv)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].tag == tlv->tag)
            return tlv->value.len >= known[i].min && tlv->value.len <= known[i].max;
    return true;
}

static teal_smpp_tlv read_tlv(teal_reader *r)
{
    teal_smpp_tlv tlv = { .tag = teal_read_u16(r) };
    tlv.value = teal_read_bytes(r, teal_read_u16(r));
    return tlv;
}

teal_result teal_smpp_tlv_check(teal_bytes tlvs, teal_diag *why)
{
    teal_reader r = teal_reader_of(tlvs);
    while (teal_read_left(&r) > 0) {
        size_t at = tlvs.len - teal_read_left(&r);
        teal_smpp_tlv tlv = read_tlv(&r);
        if (r.failed)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-10 optional parameter crosses the end", at,
                               why);
        if (!length_is_right(&tlv))
            return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-11 optional parameter has a wrong length",
                               at, why);
    }
    return TEAL_OK;
}

bool teal_smpp_tlv_next(teal_reader *tlvs, teal_smpp_tlv *out)
{
    *out = (teal_smpp_tlv){ 0 };
    if (teal_read_left(tlvs) == 0)
        return false;
    *out = read_tlv(tlvs);
    return !tlvs->failed;
}

bool teal_smpp_tlv_find(teal_bytes tlvs, uint16_t tag, teal_bytes *value)
{
    teal_reader r = teal_reader_of(tlvs);
    teal_smpp_tlv tlv;
    *value = (teal_bytes){ 0 };
    while (teal_smpp_tlv_next(&r, &tlv))
        if (tlv.tag == tag) {
            *value = tlv.value;
            return true;
        }
    return false;
}

bool teal_smpp_tlv_find_uint(teal_bytes tlvs, uint16_t tag, size_t octets, uint32_t *value)
{
    assert(octets >= 1 && octets <= 4);
    teal_bytes found;
    *value = 0;
    if (!teal_smpp_tlv_find(tlvs, tag, &found) || found.len != octets)
        return false;
    teal_reader r = teal_reader_of(found);
    *value = (uint32_t)teal_read_uint(&r, octets);
    return true;
}

void teal_smpp_tlv_write(teal_writer *w, uint16_t tag, teal_bytes value)
{
    assert(value.len <= UINT16_MAX);
    teal_write_u16(w, tag);
    teal_write_u16(w, (uint16_t)value.len);
    teal_write_bytes(w, value);
}

void teal_smpp_tlv_write_uint(teal_writer *w, uint16_t tag, uint32_t value, size_t octets)
{
    assert(octets >= 1 && octets <= 4);
    teal_write_u16(w, tag);
    teal_write_u16(w, (uint16_t)octets);
    teal_write_uint(w, value, octets);
}
