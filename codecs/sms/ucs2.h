/* UCS-2 as SMS means it today: UTF-16, big-endian, without a byte order mark.
 * Source: 3GPP TS 23.038 §4, RFC 2781. PROTOCOL.md REQ-SMS-1, 6, 7. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_UCS2_H
#define TEAL_CODECS_SMS_UCS2_H

#include "codecs/cursor.h"
#include "codecs/result.h"

/* Appends one code point (a Unicode scalar value, asserted) as 2 or 4 octets. */
void teal_ucs2_write(teal_writer *out, uint32_t code_point);

/* Returns TEAL_OK; TEAL_MALFORMED if `text` is not UTF-8, so no lone surrogate is ever written;
 * TEAL_SPACE (out->len: need, at most 2 octets per byte of text). */
__attribute__((warn_unused_result))
teal_result teal_ucs2_encode(teal_bytes text, teal_writer *out, teal_diag *why);

/* Inverse, for what peers wrote: a lone surrogate becomes U+FFFD, because phones do cut pairs and
 * the rest of the text is worth showing.
 * Returns TEAL_OK; TEAL_MALFORMED if the count of octets is odd; TEAL_SPACE (text->len: need, at
 * most 3 bytes per 2 octets). */
__attribute__((warn_unused_result))
teal_result teal_ucs2_decode(teal_bytes octets, teal_writer *text, teal_diag *why);

#endif
