/* Base64 over tables of 256 entries; see base64.h. */
#include "codecs/base64.h"

enum { OTHER = 0x80, CHUNK = 16 }; /* CHUNK: groups handled between two bounded writes */

typedef struct alphabet {
    const char *digits; /* 64 */
    bool padded;
    uint8_t value_of[256];
} alphabet;

#define LETTERS_AND_DIGITS                                                                         \
    ['A'] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,  \
    24, 25, ['a'] = 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,    \
    45, 46, 47, 48, 49, 50, 51, ['0'] = 52, 53, 54, 55, 56, 57, 58, 59, 60, 61

static const alphabet standard = {
    .digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    .padded = true,
    .value_of = { [0 ... '+' - 1] = OTHER,
                  ['+'] = 62,
                  [',' ... '.'] = OTHER,
                  ['/'] = 63,
                  [':' ... '@'] = OTHER,
                  ['[' ... '`'] = OTHER,
                  ['{' ... 255] = OTHER,
                  LETTERS_AND_DIGITS },
};

static const alphabet url_safe = {
    .digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    .padded = false,
    .value_of = { [0 ... '-' - 1] = OTHER,
                  ['-'] = 62,
                  ['.' ... '/'] = OTHER,
                  [':' ... '@'] = OTHER,
                  ['[' ... '^'] = OTHER,
                  ['_'] = 63,
                  ['`'] = OTHER,
                  ['{' ... 255] = OTHER,
                  LETTERS_AND_DIGITS },
};

static void write_group(const alphabet *a, uint32_t group, uint8_t text[static 4])
{
    text[0] = (uint8_t)a->digits[group >> 18];
    text[1] = (uint8_t)a->digits[group >> 12 & 63];
    text[2] = (uint8_t)a->digits[group >> 6 & 63];
    text[3] = (uint8_t)a->digits[group & 63];
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void encode(const alphabet *a, teal_bytes in, teal_writer *out)
{
    teal_reader r = teal_reader_of(in);
    uint8_t text[4 * CHUNK];
    while (teal_read_left(&r) >= 3) {
        size_t groups = smaller(teal_read_left(&r) / 3, CHUNK);
        const uint8_t *octets = teal_read_bytes(&r, 3 * groups).at;
        for (size_t g = 0; g < groups; g++, octets += 3)
            write_group(a, (uint32_t)(octets[0] << 16 | octets[1] << 8 | octets[2]), text + 4 * g);
        teal_write_bytes(out, (teal_bytes){ text, 4 * groups });
    }
    size_t last = teal_read_left(&r);
    if (last > 0) {
        write_group(a, (uint32_t)(teal_read_uint(&r, last) << 8 * (3 - last)), text);
        memset(text + last + 1, '=', 3 - last);
        teal_write_bytes(out, (teal_bytes){ text, a->padded ? 4 : last + 1 });
    }
}

/* Takes the padding off; false where there is not as much of it as the length asks for. */
static bool take_padding(const alphabet *a, teal_bytes *in)
{
    if (!a->padded)
        return true;
    if (in->len % 4 != 0)
        return false;
    for (size_t i = 0; i < 2 && in->len > 0 && in->at[in->len - 1] == '='; i++)
        in->len--;
    return true;
}

/* Three octets of each four digits. False where a digit is foreign. */
static bool read_groups(const alphabet *a, teal_bytes digits, uint8_t *octets)
{
    unsigned seen = 0;
    const uint8_t *d = digits.at;
    for (size_t g = 0; g < digits.len / 4; g++, d += 4, octets += 3) {
        unsigned v0 = a->value_of[d[0]], v1 = a->value_of[d[1]];
        unsigned v2 = a->value_of[d[2]], v3 = a->value_of[d[3]];
        unsigned group = v0 << 18 | v1 << 12 | v2 << 6 | v3;
        seen |= v0 | v1 | v2 | v3;
        octets[0] = (uint8_t)(group >> 16);
        octets[1] = (uint8_t)(group >> 8);
        octets[2] = (uint8_t)group;
    }
    return (seen & OTHER) == 0;
}

static size_t first_foreign(const alphabet *a, teal_bytes digits)
{
    size_t i = 0;
    while (i < digits.len && a->value_of[digits.at[i]] != OTHER)
        i++;
    return i;
}

static const char foreign[] =
    "REQ-B64-1 character outside of the alphabet, or padding out of place";
static const char untidy[] = "REQ-B64-2 length or trailing bits that no value is written with";

/* The two or three digits behind all groups of four: the bits that are left over are zero. */
static teal_result decode_tail(const alphabet *a, teal_bytes digits, size_t at, teal_writer *out,
                               teal_diag *why)
{
    uint8_t whole[4] = { 'A', 'A', 'A', 'A' }, octets[3]; /* A: no bits */
    memcpy(whole, digits.at, digits.len);
    if (!read_groups(a, TEAL_VIEW(whole), octets))
        return teal_refuse(TEAL_MALFORMED, foreign, at + first_foreign(a, digits), why);
    if (octets[digits.len - 1] != 0)
        return teal_refuse(TEAL_MALFORMED, untidy, at + digits.len - 1, why);
    teal_write_bytes(out, (teal_bytes){ octets, digits.len - 1 });
    return TEAL_OK;
}

static teal_result decode_digits(const alphabet *a, teal_bytes in, teal_writer *out, teal_diag *why)
{
    teal_reader r = teal_reader_of(in);
    uint8_t octets[3 * CHUNK];
    while (teal_read_left(&r) >= 4) {
        size_t at = in.len - teal_read_left(&r);
        size_t groups = smaller(teal_read_left(&r) / 4, CHUNK);
        teal_bytes digits = teal_read_bytes(&r, 4 * groups);
        if (!read_groups(a, digits, octets))
            return teal_refuse(TEAL_MALFORMED, foreign, at + first_foreign(a, digits), why);
        teal_write_bytes(out, (teal_bytes){ octets, 3 * groups });
    }
    size_t last = teal_read_left(&r);
    if (last == 0)
        return TEAL_OK;
    return decode_tail(a, teal_read_bytes(&r, last), in.len - last, out, why);
}

static teal_result decode(const alphabet *a, teal_bytes in, teal_writer *out, teal_diag *why)
{
    size_t whole = in.len, before = out->len;
    if (!take_padding(a, &in))
        return teal_refuse(TEAL_MALFORMED, foreign, whole, why);
    if (in.len % 4 == 1)
        return teal_refuse(TEAL_MALFORMED, untidy, whole, why);
    teal_result result = decode_digits(a, in, out, why);
    if (result != TEAL_OK)
        out->len = before;
    else if (!teal_write_fits(out))
        result = teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return result;
}

void teal_base64_encode(teal_bytes in, teal_writer *out)
{
    encode(&standard, in, out);
}

void teal_base64url_encode(teal_bytes in, teal_writer *out)
{
    encode(&url_safe, in, out);
}

teal_result teal_base64_decode(teal_bytes in, teal_writer *out, teal_diag *why)
{
    return decode(&standard, in, out, why);
}

teal_result teal_base64url_decode(teal_bytes in, teal_writer *out, teal_diag *why)
{
    return decode(&url_safe, in, out, why);
}

teal_result teal_base64url_decode_exact(teal_bytes in, uint8_t *out, size_t len, teal_diag *why)
{
    teal_writer w = { out, len, 0 };
    teal_result result = decode(&url_safe, in, &w, why);
    if (result == TEAL_SPACE || (result == TEAL_OK && w.len != len))
        result = teal_refuse(TEAL_MALFORMED, "REQ-B64-3 value of another length", 0, why);
    if (result != TEAL_OK && len > 0)
        memset(out, 0, len);
    return result;
}
