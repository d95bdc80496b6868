/* Cuts one text into the short messages that carry it. Never loses, replaces or halves a
 * character, and refuses a text that is too long instead of cutting it off.
 * Source: 3GPP TS 23.040 §9.2.3.24.1, 23.038. PROTOCOL.md REQ-SMS-20..23. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_SEGMENT_H
#define TEAL_CODECS_SMS_SEGMENT_H

#include "codecs/sms/coding.h"
#include "codecs/sms/udh.h"

/* 140 octets on the air; SMPP carries GSM 7 bit text one septet per octet, so up to 160. */
#define TEAL_SEGMENT_MAX_OCTETS 160
#define TEAL_SEGMENTS_MAX       255

/* What goes into one submit_sm. octets: short_message, user data header first if esm_class has
 * TEAL_ESM_UDHI. data_coding: TEAL_CODING_GSM7 or TEAL_CODING_UCS2, the same in all. */
typedef struct teal_segment {
    uint8_t octets[TEAL_SEGMENT_MAX_OCTETS];
    uint8_t len, data_coding, esm_class;
    uint8_t seq, total; /* 1 of 1 if not concatenated */
} teal_segment;

/* Splits `text`: GSM 7 bit (160 septets, or 153 in each of several) if the default alphabet has
 * every character of it, else UCS-2 (70 or 67 units). An empty text is one empty segment.
 * ref:     of the concatenation, ignored if there is one segment; should differ from the sender's
 *          last ones to the same recipient.
 * out:     limit elements, or NULL to count only. Not meaningful unless TEAL_OK.
 * limit:   1..TEAL_SEGMENTS_MAX.
 * count:   segments that the text needs, set on TEAL_LIMIT too.
 * Returns: TEAL_OK; TEAL_MALFORMED if not UTF-8; TEAL_LIMIT if it needs more than `limit`. */
__attribute__((warn_unused_result))
teal_result teal_segment_split(teal_bytes text, uint8_t ref, teal_segment *out, size_t limit,
                               size_t *count, teal_diag *why);

#endif
