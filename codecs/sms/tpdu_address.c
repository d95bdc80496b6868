/* TPDU addresses. Never takes more digits than the specification's ten octets hold. */
#include "codecs/sms/tpdu_address.h"

#include "codecs/sms/gsm7.h"

enum {
    EXTENSION = 0x80, /* bit 7 of the type: always set */
    FILLER = 0x0F,
    MAX_SEPTETS = 11,
};

static const char digits[] = "0123456789*#abc"; /* by semi-octet; 15 is the filler */

static size_t octets_of(size_t semi_octets)
{
    return (semi_octets + 1) / 2;
}

static teal_result read_name(teal_bytes packed, size_t semi_octets, teal_writer *text,
                             teal_diag *why)
{
    uint8_t septets[MAX_SEPTETS];
    teal_writer w = { septets, sizeof septets, 0 };
    teal_result result = teal_gsm7_unpack(packed, 0, semi_octets * 4 / 7, &w, why);
    if (result == TEAL_OK)
        result = teal_gsm7_decode(&teal_gsm7_default, teal_written(&w), text, why);
    return result;
}

static teal_result read_digits(teal_bytes packed, size_t semi_octets, teal_writer *text,
                               teal_diag *why)
{
    teal_reader r = teal_reader_of(packed);
    uint8_t octet = 0;
    for (size_t i = 0; i < semi_octets; i++) {
        octet = i % 2 == 0 ? teal_read_u8(&r) : octet >> 4;
        if ((octet & 0x0F) == FILLER)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-61 filler inside the digits", 2 + i / 2,
                               why);
        teal_write_u8(text, (uint8_t)digits[octet & 0x0F]);
    }
    return TEAL_OK;
}

teal_result teal_tpdu_address_read(teal_reader *r, teal_tpdu_address *out, teal_diag *why)
{
    *out = (teal_tpdu_address){ 0 };
    size_t semi_octets = teal_read_u8(r);
    uint8_t type = teal_read_u8(r);
    if (!r->failed && semi_octets > TEAL_TPDU_ADDRESS_DIGITS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-61 address is over 20 semi-octets", 0, why);
    teal_bytes packed = teal_read_bytes(r, octets_of(semi_octets));
    if (r->failed)
        return teal_refuse(TEAL_MORE, "REQ-SMS-61 address is cut short", 0, why);
    out->ton = type >> 4 & 7;
    out->npi = type & 0x0F;
    teal_writer text = { out->text, sizeof out->text, 0 };
    teal_result result = out->ton == TEAL_TPDU_TON_ALPHANUMERIC
                             ? read_name(packed, semi_octets, &text, why)
                             : read_digits(packed, semi_octets, &text, why);
    out->len = (uint8_t)text.len;
    return result;
}

/* Packs into `packed`; *semi_octets counts what is useful of it. */
static teal_result pack_name(teal_bytes text, teal_writer *packed, size_t *semi_octets,
                             teal_diag *why)
{
    uint8_t septets[MAX_SEPTETS];
    teal_writer w = { septets, sizeof septets, 0 };
    teal_result result = teal_gsm7_encode(&teal_gsm7_default, text, &w, why);
    if (result == TEAL_SPACE)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-61 name is over 11 septets", 0, why);
    if (result != TEAL_OK)
        return result;
    *semi_octets = (w.len * 7 + 3) / 4;
    return teal_gsm7_pack(teal_written(&w), 0, packed);
}

static teal_result pack_digits(teal_bytes text, teal_writer *packed, size_t *semi_octets,
                               teal_diag *why)
{
    if (text.len > TEAL_TPDU_ADDRESS_DIGITS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-61 address is over 20 semi-octets", 0, why);
    uint8_t low = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.at[i] != 0 ? strchr(digits, text.at[i]) : NULL;
        if (digit == NULL)
            return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMS-61 character is no digit", i, why);
        uint8_t semi_octet = (uint8_t)(digit - digits);
        if (i % 2 == 0)
            low = semi_octet;
        else
            teal_write_u8(packed, (uint8_t)(low | semi_octet << 4));
    }
    if (text.len % 2 == 1)
        teal_write_u8(packed, (uint8_t)(low | FILLER << 4));
    *semi_octets = text.len;
    return TEAL_OK;
}

teal_result teal_tpdu_address_write(const teal_tpdu_address *a, teal_writer *w, teal_diag *why)
{
    if (a->ton > 7 || a->npi > 15 || a->len > sizeof a->text)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-61 type or length out of range", 0, why);
    uint8_t room[(TEAL_TPDU_ADDRESS_DIGITS + 1) / 2];
    teal_writer packed = { room, sizeof room, 0 };
    teal_bytes text = { a->text, a->len };
    size_t semi_octets = 0;
    teal_result result = a->ton == TEAL_TPDU_TON_ALPHANUMERIC
                             ? pack_name(text, &packed, &semi_octets, why)
                             : pack_digits(text, &packed, &semi_octets, why);
    if (result != TEAL_OK)
        return result;
    teal_write_u8(w, (uint8_t)semi_octets);
    teal_write_u8(w, (uint8_t)(EXTENSION | a->ton << 4 | a->npi));
    teal_write_bytes(w, teal_written(&packed));
    return TEAL_OK;
}
