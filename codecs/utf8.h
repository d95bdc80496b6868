/* UTF-8 (RFC 3629), strictly: no overlong form, no surrogate, nothing above U+10FFFF gets through.
 * PROTOCOL.md REQ-SMS-1. Pure, any thread. */
#ifndef TEAL_CODECS_UTF8_H
#define TEAL_CODECS_UTF8_H

#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_UTF8_MAX_BYTES 4 /* of one code point */

/* What teal_utf8_read does where it is no ASCII. */
__attribute__((warn_unused_result))
teal_result teal_utf8_read_long(teal_reader *r, uint32_t *code_point);

/* Reads one code point. On any other result than TEAL_OK `r` has not moved and *code_point is 0.
 * Returns TEAL_OK; TEAL_MORE if the input ends inside a sequence that is good so far, or is empty;
 * TEAL_MALFORMED. */
__attribute__((warn_unused_result))
static inline teal_result teal_utf8_read(teal_reader *r, uint32_t *code_point)
{
    teal_reader ahead = *r;
    uint8_t first = teal_read_u8(&ahead);
    if (ahead.failed || first >= 0x80)
        return teal_utf8_read_long(r, code_point);
    *r = ahead;
    *code_point = first;
    return TEAL_OK;
}

/* code_point: a Unicode scalar value (asserted). */
void teal_utf8_write(teal_writer *w, uint32_t code_point);

/* Passes over ASCII, most of it: up to seven octets in front of what is none, or of the end, stay.
 */
void teal_utf8_skip_ascii(teal_reader *r);

/* The whole of `text`; empty text is valid. */
bool teal_utf8_valid(teal_bytes text);

#endif
