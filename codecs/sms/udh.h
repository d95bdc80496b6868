/* User data header: what makes several short messages one. Only the concatenation elements are
 * read. PROTOCOL.md REQ-SMS-10..13. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_UDH_H
#define TEAL_CODECS_SMS_UDH_H

#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_UDH_CONCAT_OCTETS      6 /* encoded length with an 8-bit reference */
#define TEAL_UDH_CONCAT_WIDE_OCTETS 7

/* ref: 0..255, or 0..65535 if wide. total: 1..255; 0 = not concatenated. seq: 1..total. */
typedef struct teal_udh_concat {
    uint16_t ref;
    uint8_t total, seq;
    bool wide;
} teal_udh_concat;

/* Cuts user data (esm_class or TP-UDHI says that it starts with a header) into the header, length
 * octet included, and what follows. Both are views of `in`.
 * Returns: TEAL_OK; TEAL_MORE if the header is cut short. Source: 3GPP TS 23.040 §9.2.3.24. */
__attribute__((warn_unused_result))
teal_result teal_udh_split(teal_bytes in, teal_bytes *header, teal_bytes *rest, teal_diag *why);

/* Decodes one user data header, length octet first; `in` holds it and nothing else.
 * in:      borrowed for the call, at most 256 bytes.
 * out:     zeroed, then filled; holds no pointers. Unknown elements skipped, last of equals wins,
 *          concatenation elements with impossible counts ignored (§9.2.3.24.1).
 * why:     may be NULL; written unless the result is TEAL_OK.
 * Returns: TEAL_OK; TEAL_MORE if cut short; TEAL_MALFORMED if an element crosses the end or bytes
 *          follow it. Source: 3GPP TS 23.040 §9.2.3.24, .1, .8. Never allocates; any thread. */
__attribute__((warn_unused_result))
teal_result teal_udh_decode(teal_bytes in, teal_udh_concat *out, teal_diag *why);

/* Inverse: 6 bytes, 7 if wide, to buf[0..cap). *len: size needed, set on TEAL_SPACE too.
 * *c: concatenated and consistent (asserted). Returns TEAL_OK or TEAL_SPACE. */
__attribute__((warn_unused_result))
teal_result teal_udh_encode(const teal_udh_concat *c, uint8_t *buf, size_t cap, size_t *len);

#endif
