/* The GSM 7 bit alphabet: UTF-8 to septets and back, and septets packed into octets.
 * Source: 3GPP TS 23.038 §6.1.2.1, §6.2.1. PROTOCOL.md REQ-SMS-1..5. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_GSM7_H
#define TEAL_CODECS_SMS_GSM7_H

#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_GSM7_ESCAPE 0x1B

/* Two tables of 128 Unicode code points, 0 = unassigned: the one in use (default or a locking
 * shift) and the one behind the escape (default extension or a single shift). */
typedef struct teal_gsm7_alphabet {
    const uint16_t *basic, *extension;
} teal_gsm7_alphabet;

extern const teal_gsm7_alphabet teal_gsm7_default; /* §6.2.1 and §6.2.1.1 */

/* Septets of one code point, escape first: returns 1 or 2, or 0 if the alphabet lacks it. */
size_t teal_gsm7_septets(const teal_gsm7_alphabet *a, uint32_t code_point, uint8_t out[static 2]);

/* Appends one septet per octet, as SMPP carries data_coding 0; never substitutes a character.
 * Returns TEAL_OK; TEAL_MALFORMED if `text` is not UTF-8; TEAL_UNSUPPORTED at the first character
 * that the alphabet lacks; TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result)) teal_result teal_gsm7_encode(const teal_gsm7_alphabet *a,
                                                                 teal_bytes text, teal_writer *out,
                                                                 teal_diag *why);

/* Inverse. An escape before a code that the extension lacks is skipped and the basic character
 * shown; an escape at the end is a space, and so are two of them together (§6.2.1.1).
 * Returns TEAL_OK; TEAL_MALFORMED at an octet above 127, text->len as before; TEAL_SPACE
 * (text->len: need, at most 3 bytes per septet). */
__attribute__((warn_unused_result)) teal_result teal_gsm7_decode(const teal_gsm7_alphabet *a,
                                                                 teal_bytes septets,
                                                                 teal_writer *text, teal_diag *why);

/* Bits, 0..6, between a user data header of that many octets (its length octet counted) and the
 * first septet: TS 23.040 §9.2.3.24. */
unsigned teal_gsm7_fill_bits(size_t header_octets);

/* Packs septets (each 0..127, asserted) after `fill_bits` zero bits, least significant bit first.
 * Unused bits of the last octet are zero. Returns TEAL_OK or TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result)) teal_result teal_gsm7_pack(teal_bytes septets,
                                                               unsigned fill_bits,
                                                               teal_writer *out);

/* Inverse: exactly `count` septets; what follows them in `packed` is ignored.
 * Returns TEAL_OK; TEAL_MORE if `packed` is too short, out->len as before; TEAL_SPACE (out->len:
 * need). */
__attribute__((warn_unused_result)) teal_result teal_gsm7_unpack(teal_bytes packed,
                                                                 unsigned fill_bits, size_t count,
                                                                 teal_writer *out, teal_diag *why);

#endif
