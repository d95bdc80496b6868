/* User data header: what makes several short messages one, which alphabet they are in, and which
 * application they are for. PROTOCOL.md REQ-SMS-10..14. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_UDH_H
#define TEAL_CODECS_SMS_UDH_H

#include "codecs/cursor.h"
#include "codecs/result.h"
#include "codecs/sms/gsm7_language.h"

#define TEAL_UDH_MAX_OCTETS 19 /* of what teal_udh_encode writes */

/* ref: 0..255, or 0..65535 if wide. total: 1..255; 0 = not concatenated. seq: 1..total. */
typedef struct teal_udh_concat {
    uint16_t ref;
    uint8_t total, seq;
    bool wide;
} teal_udh_concat;

/* 0..255, or 0..65535 if wide. */
typedef struct teal_udh_ports {
    uint16_t destination, source;
    bool present, wide;
} teal_udh_ports;

typedef struct teal_udh {
    teal_udh_concat concat;
    teal_gsm7_shift shift; /* means nothing unless the text is GSM 7 bit */
    teal_udh_ports ports;
} teal_udh;

/* Cuts user data (esm_class or TP-UDHI says that it starts with a header) into the header, length
 * octet included, and what follows. Both are views of `in`, written on TEAL_OK only.
 * Returns: TEAL_OK; TEAL_MORE if the header is cut short. Source: 3GPP TS 23.040 §9.2.3.24. */
__attribute__((warn_unused_result)) teal_result teal_udh_split(teal_bytes in, teal_bytes *header,
                                                               teal_bytes *rest, teal_diag *why);

/* Decodes one user data header, length octet first; `in` holds it and nothing else.
 * in:      borrowed for the call, at most 256 bytes.
 * out:     written on TEAL_OK only; holds no pointers. Unknown elements skipped, last of equals wins,
 *          concatenation elements with impossible counts (§9.2.3.24.1) and elements of another
 *          length than theirs ignored.
 * why:     may be NULL; written unless the result is TEAL_OK.
 * Returns: TEAL_OK; TEAL_MORE if cut short; TEAL_MALFORMED if an element crosses the end or bytes
 *          follow it. Source: 3GPP TS 23.040 §9.2.3.24, .1, .3, .4, .8, .15, .16. Never allocates;
 *          any thread. */
__attribute__((warn_unused_result)) teal_result teal_udh_decode(teal_bytes in, teal_udh *out,
                                                                teal_diag *why);

/* Inverse: at most TEAL_UDH_MAX_OCTETS to buf[0..cap), nothing at all if *u says nothing.
 * *len: size needed, set on TEAL_SPACE too. *u: consistent (asserted).
 * Returns TEAL_OK or TEAL_SPACE. */
__attribute__((warn_unused_result)) teal_result teal_udh_encode(const teal_udh *u, uint8_t *buf,
                                                                size_t cap, size_t *len);

#endif
