/* GSM 7 bit alphabet and its packing. Never substitutes what the alphabet lacks. */
#include "codecs/sms/gsm7.h"

#include "codecs/utf8.h"

#include <assert.h>

/* 3GPP TS 23.038 §6.2.1, by septet. 0x1B is the escape. */
static const uint16_t default_basic[128] = {
    0x0040, 0x00A3, 0x0024, 0x00A5, 0x00E8, 0x00E9, 0x00F9, 0x00EC, /* @ £ $ ¥ è é ù ì */
    0x00F2, 0x00C7, 0x000A, 0x00D8, 0x00F8, 0x000D, 0x00C5, 0x00E5, /* ò Ç LF Ø ø CR Å å */
    0x0394, 0x005F, 0x03A6, 0x0393, 0x039B, 0x03A9, 0x03A0, 0x03A8, /* Δ _ Φ Γ Λ Ω Π Ψ */
    0x03A3, 0x0398, 0x039E, 0x0000, 0x00C6, 0x00E6, 0x00DF, 0x00C9, /* Σ Θ Ξ ESC Æ æ ß É */
    0x0020, 0x0021, 0x0022, 0x0023, 0x00A4, 0x0025, 0x0026, 0x0027, /* SP ! " # ¤ % & ' */
    0x0028, 0x0029, 0x002A, 0x002B, 0x002C, 0x002D, 0x002E, 0x002F, /* ( ) * + , - . / */
    0x0030, 0x0031, 0x0032, 0x0033, 0x0034, 0x0035, 0x0036, 0x0037, /* 0 1 2 3 4 5 6 7 */
    0x0038, 0x0039, 0x003A, 0x003B, 0x003C, 0x003D, 0x003E, 0x003F, /* 8 9 : ; < = > ? */
    0x00A1, 0x0041, 0x0042, 0x0043, 0x0044, 0x0045, 0x0046, 0x0047, /* ¡ A B C D E F G */
    0x0048, 0x0049, 0x004A, 0x004B, 0x004C, 0x004D, 0x004E, 0x004F, /* H I J K L M N O */
    0x0050, 0x0051, 0x0052, 0x0053, 0x0054, 0x0055, 0x0056, 0x0057, /* P Q R S T U V W */
    0x0058, 0x0059, 0x005A, 0x00C4, 0x00D6, 0x00D1, 0x00DC, 0x00A7, /* X Y Z Ä Ö Ñ Ü § */
    0x00BF, 0x0061, 0x0062, 0x0063, 0x0064, 0x0065, 0x0066, 0x0067, /* ¿ a b c d e f g */
    0x0068, 0x0069, 0x006A, 0x006B, 0x006C, 0x006D, 0x006E, 0x006F, /* h i j k l m n o */
    0x0070, 0x0071, 0x0072, 0x0073, 0x0074, 0x0075, 0x0076, 0x0077, /* p q r s t u v w */
    0x0078, 0x0079, 0x007A, 0x00E4, 0x00F6, 0x00F1, 0x00FC, 0x00E0, /* x y z ä ö ñ ü à */
};

/* §6.2.1.1, by the septet behind the escape. */
static const uint16_t default_extension[128] = {
    [0x0A] = 0x000C, /* page break, as Unicode's form feed */
    [0x14] = '^',    [0x28] = '{', [0x29] = '}', [0x2F] = '\\',   [0x3C] = '[',
    [0x3D] = '~',    [0x3E] = ']', [0x40] = '|', [0x65] = 0x20AC,
};

const teal_gsm7_alphabet teal_gsm7_default = { default_basic, default_extension };

/* Position of a code point in a table of 128, or 128. Most letters stand at their own number. */
static unsigned position(const uint16_t *table, uint32_t code_point)
{
    if (code_point < 128 && table[code_point] == code_point)
        return (unsigned)code_point;
    unsigned i = 0;
    while (i < 128 && table[i] != code_point)
        i++;
    return i;
}

size_t teal_gsm7_septets(const teal_gsm7_alphabet *a, uint32_t code_point, uint8_t out[static 2])
{
    if (code_point == 0 || code_point > UINT16_MAX) /* 0 stands for unassigned */
        return 0;
    unsigned at = position(a->basic, code_point);
    if (at < 128) {
        out[0] = (uint8_t)at;
        return 1;
    }
    at = position(a->extension, code_point);
    if (at < 128) {
        out[0] = TEAL_GSM7_ESCAPE;
        out[1] = (uint8_t)at;
        return 2;
    }
    return 0;
}

teal_result teal_gsm7_encode(const teal_gsm7_alphabet *a, teal_bytes text, teal_writer *out,
                             teal_diag *why)
{
    teal_reader r = teal_reader_of(text);
    while (teal_read_left(&r) > 0) {
        size_t at = text.len - teal_read_left(&r);
        uint32_t code_point;
        if (teal_utf8_read(&r, &code_point) != TEAL_OK)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-1 text is not UTF-8", at, why);
        uint8_t septets[2];
        size_t count = teal_gsm7_septets(a, code_point, septets);
        if (count == 0)
            return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMS-2 character outside the alphabet", at,
                               why);
        teal_write_bytes(out, (teal_bytes){ septets, count });
    }
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

/* The code point behind an escape; consumes the septet that it uses. */
static uint32_t read_extension(const teal_gsm7_alphabet *a, teal_reader *r)
{
    teal_reader ahead = *r;
    uint8_t septet = teal_read_u8(&ahead);
    if (ahead.failed || septet > 127)
        return ' '; /* the caller meets what follows */
    *r = ahead;
    if (septet == TEAL_GSM7_ESCAPE)
        return ' '; /* reserved for another extension table */
    return a->extension[septet] != 0 ? a->extension[septet] : a->basic[septet];
}

teal_result teal_gsm7_decode(const teal_gsm7_alphabet *a, teal_bytes septets, teal_writer *text,
                             teal_diag *why)
{
    teal_reader r = teal_reader_of(septets);
    size_t before = text->len;
    while (teal_read_left(&r) > 0) {
        size_t at = septets.len - teal_read_left(&r);
        uint8_t septet = teal_read_u8(&r);
        if (septet > 127) {
            text->len = before;
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-3 octet is not a septet", at, why);
        }
        bool escape = septet == TEAL_GSM7_ESCAPE;
        uint32_t code_point = escape ? read_extension(a, &r) : a->basic[septet];
        teal_utf8_write(text, code_point != 0 ? code_point : ' ');
    }
    if (!teal_write_fits(text))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

unsigned teal_gsm7_fill_bits(size_t header_octets)
{
    return (unsigned)((7 - header_octets % 7 * 8 % 7) % 7);
}

teal_result teal_gsm7_pack(teal_bytes septets, unsigned fill_bits, teal_writer *out)
{
    assert(fill_bits < 7);
    teal_reader r = teal_reader_of(septets);
    unsigned pending = 0, bits = septets.len > 0 ? fill_bits : 0;
    while (teal_read_left(&r) > 0) {
        uint8_t septet = teal_read_u8(&r);
        assert(septet < 128);
        pending |= (unsigned)septet << bits;
        bits += 7;
        if (bits >= 8) {
            teal_write_u8(out, (uint8_t)pending);
            pending >>= 8;
            bits -= 8;
        }
    }
    if (bits > 0)
        teal_write_u8(out, (uint8_t)pending);
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

teal_result teal_gsm7_unpack(teal_bytes packed, unsigned fill_bits, size_t count, teal_writer *out,
                             teal_diag *why)
{
    assert(fill_bits < 7);
    teal_reader r = teal_reader_of(packed);
    size_t before = out->len;
    unsigned pending = 0, bits = 0, skip = fill_bits;
    for (size_t done = 0; done < count;) {
        if (bits < 7 + skip) {
            if (teal_read_left(&r) == 0) {
                out->len = before;
                return teal_refuse(TEAL_MORE, "REQ-SMS-5 fewer septets than announced", packed.len,
                                   why);
            }
            pending |= (unsigned)teal_read_u8(&r) << bits;
            bits += 8;
            continue;
        }
        pending >>= skip;
        teal_write_u8(out, (uint8_t)(pending & 0x7F));
        pending >>= 7;
        bits -= 7 + skip;
        skip = 0;
        done++;
    }
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}
