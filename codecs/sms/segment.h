/* Cuts one text into the short messages that carry it, in the coding that takes the fewest. Never
 * loses, replaces or halves a character, and refuses a text that is too long instead of cutting it
 * off. Source: 3GPP TS 23.040 §9.2.3.24, 23.038. PROTOCOL.md REQ-SMS-20..24. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_SEGMENT_H
#define TEAL_CODECS_SMS_SEGMENT_H

#include "codecs/sms/coding.h"
#include "codecs/sms/gsm7_choice.h"
#include "codecs/sms/udh.h"

/* 140 octets on the air; SMPP carries GSM 7 bit text one septet per octet, so up to 160. */
#define TEAL_SEGMENT_MAX_OCTETS 160
#define TEAL_SEGMENTS_MAX       255

/* What goes into one submit_sm. octets: short_message, user data header first if esm_class has
 * TEAL_ESM_UDHI. data_coding: the same in all. */
typedef struct teal_segment {
    uint8_t octets[TEAL_SEGMENT_MAX_OCTETS];
    uint8_t len, data_coding, esm_class;
    uint8_t seq, total; /* 1 of 1 if not concatenated */
} teal_segment;

/* Zeroed: an 8-bit reference 0, no shift tables, no ports. */
typedef struct teal_segment_options {
    uint16_t ref;       /* of the concatenation, unused if there is one segment; should differ from
                         * the sender's last ones to the same recipient; 0..255 unless wide_ref */
    bool wide_ref;      /* costs an octet, takes longer to come round */
    uint16_t languages; /* set of TEAL_GSM7_BIT whose shift tables may be used: not every phone and
                         * centre has them */
    teal_udh_ports ports;
} teal_segment_options;

/* Splits `text`, which teal_nfc should have seen first. The coding is the one that takes the fewest
 * segments; of equals, the first of: the default alphabet, UCS-2, a single shift, a locking shift,
 * both. Segments end between user-perceived characters where that takes no more of them, else
 * between characters. An empty text is one empty segment.
 * out:     limit elements, or NULL to count only. Not meaningful unless TEAL_OK.
 * limit:   1..TEAL_SEGMENTS_MAX.
 * count:   segments that the text needs, set on TEAL_LIMIT too.
 * Returns: TEAL_OK; TEAL_MALFORMED if not UTF-8; TEAL_LIMIT if it needs more than `limit`. */
__attribute__((warn_unused_result)) teal_result teal_segment_split(
    teal_bytes text, const teal_segment_options *options, teal_segment *out, size_t limit,
    size_t *count, teal_diag *why);

/* The same for octets that are no text: TEAL_CODING_BINARY, 140 in one or 134 in each of several.
 */
__attribute__((warn_unused_result)) teal_result teal_segment_split_binary(
    teal_bytes data, const teal_segment_options *options, teal_segment *out, size_t limit,
    size_t *count, teal_diag *why);

#endif
