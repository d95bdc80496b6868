/* SMPP optional parameters: tag, length, value. Kept as bytes, so that unknown ones pass through.
 * Source: SMPP v3.4 §3.2.4, §5.3. PROTOCOL.md REQ-SMPP-10..12. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_SMPP_TLV_H
#define TEAL_CODECS_SMS_SMPP_TLV_H

#include "codecs/cursor.h"
#include "codecs/result.h"

enum {
    TEAL_TLV_RECEIPTED_MESSAGE_ID = 0x001E,   /* C-octet string, 1..65 with its NUL */
    TEAL_TLV_USER_MESSAGE_REFERENCE = 0x0204, /* 2 */
    TEAL_TLV_SAR_MSG_REF_NUM = 0x020C,        /* 2 */
    TEAL_TLV_SAR_TOTAL_SEGMENTS = 0x020E,     /* 1 */
    TEAL_TLV_SAR_SEGMENT_SEQNUM = 0x020F,     /* 1 */
    TEAL_TLV_SC_INTERFACE_VERSION = 0x0210,   /* 1 */
    TEAL_TLV_NETWORK_ERROR_CODE = 0x0423,     /* 3: network type, error */
    TEAL_TLV_MESSAGE_PAYLOAD = 0x0424,        /* any */
    TEAL_TLV_MESSAGE_STATE = 0x0427,          /* 1 */
};

typedef struct teal_smpp_tlv {
    uint16_t tag;
    teal_bytes value;
} teal_smpp_tlv;

/* Checks a whole list: nothing crosses the end, and those above have their length.
 * Returns TEAL_OK or TEAL_MALFORMED. */
__attribute__((warn_unused_result))
teal_result teal_smpp_tlv_check(teal_bytes tlvs, teal_diag *why);

/* Next parameter of a reader over a checked list; false at the end. */
bool teal_smpp_tlv_next(teal_reader *tlvs, teal_smpp_tlv *out);

/* First parameter with that tag; false, and an empty view, if there is none. */
bool teal_smpp_tlv_find(teal_bytes tlvs, uint16_t tag, teal_bytes *value);

/* The same for a number of 1 to 4 octets, big-endian; false, and 0, if there is none or its length
 * is not `octets`. */
bool teal_smpp_tlv_find_uint(teal_bytes tlvs, uint16_t tag, size_t octets, uint32_t *value);

/* Appends one parameter; value.len at most 65535 (asserted). */
void teal_smpp_tlv_write(teal_writer *w, uint16_t tag, teal_bytes value);
void teal_smpp_tlv_write_uint(teal_writer *w, uint16_t tag, uint32_t value, size_t octets);

#endif
