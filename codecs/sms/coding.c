/* Octets of a short message to text, by data_coding. Never guesses a character set. */
#include "codecs/sms/coding.h"

#include "codecs/sms/ucs2.h"
#include "codecs/utf8.h"

/* 1111 x0cc: message class cc, default alphabet. TS 23.038 §4. */
static bool is_class_gsm7(uint8_t data_coding)
{
    return (data_coding & 0xF4) == 0xF0;
}

bool teal_coding_is_text(uint8_t data_coding)
{
    return data_coding == TEAL_CODING_GSM7 || data_coding == TEAL_CODING_ASCII ||
           data_coding == TEAL_CODING_LATIN1 || data_coding == TEAL_CODING_UCS2 ||
           is_class_gsm7(data_coding);
}

/* ASCII and Latin-1 are the first code points of Unicode. */
static teal_result decode_direct(teal_bytes octets, uint8_t last, teal_writer *text, teal_diag *why)
{
    teal_reader r = teal_reader_of(octets);
    size_t before = text->len;
    while (teal_read_left(&r) > 0) {
        uint8_t octet = teal_read_u8(&r);
        if (octet > last) {
            text->len = before;
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-8 octet outside the data_coding",
                               octets.len - teal_read_left(&r) - 1, why);
        }
        teal_utf8_write(text, octet);
    }
    if (!teal_write_fits(text))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

/* What no text in ASCII has: §6.2.1 puts letters there, and the escape. */
static bool has_control(teal_bytes octets)
{
    bool found = false;
    for (size_t i = 0; i < octets.len && !found; i++) {
        uint8_t octet = octets.at[i];
        found = octet < 0x20 && octet != '\n' && octet != '\r' && octet != '\t';
    }
    return found;
}

/* Some peers, the npm package smpp among them, say ASCII where they mean GSM 7 bit. */
static bool is_gsm7(uint8_t data_coding, teal_gsm7_shift shift, teal_bytes octets)
{
    bool shifted = shift.locking != TEAL_GSM7_DEFAULT || shift.single != TEAL_GSM7_DEFAULT;
    return data_coding == TEAL_CODING_GSM7 || is_class_gsm7(data_coding) ||
           (data_coding == TEAL_CODING_ASCII && (shifted || has_control(octets)));
}

teal_result teal_coding_decode(uint8_t data_coding, teal_gsm7_shift shift, teal_bytes octets,
                               teal_writer *text, teal_diag *why)
{
    if (is_gsm7(data_coding, shift, octets)) {
        teal_gsm7_alphabet alphabet = teal_gsm7_alphabet_of(shift);
        return teal_gsm7_decode(&alphabet, octets, text, why);
    }
    if (data_coding == TEAL_CODING_UCS2)
        return teal_ucs2_decode(octets, text, why);
    if (data_coding == TEAL_CODING_ASCII)
        return decode_direct(octets, 0x7F, text, why);
    if (data_coding == TEAL_CODING_LATIN1)
        return decode_direct(octets, 0xFF, text, why);
    return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMS-8 data_coding is not text", 0, why);
}
