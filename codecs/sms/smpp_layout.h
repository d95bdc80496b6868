/* Which fields stand between the header and the optional parameters of each command: one table that
 * the decoder and the encoder walk. For smpp.c only.
 * Source: SMPP v3.4 §4.1..§4.12. */
#ifndef TEAL_CODECS_SMS_SMPP_LAYOUT_H
#define TEAL_CODECS_SMS_SMPP_LAYOUT_H

#include "codecs/sms/smpp.h"

typedef enum teal_smpp_kind {
    TEAL_SMPP_OCTET,        /* a uint8_t */
    TEAL_SMPP_STRING,       /* a teal_bytes; on the wire up to max octets, then NUL */
    TEAL_SMPP_TIME,         /* a teal_bytes of 0 or 16, §7.1.1 */
    TEAL_SMPP_SHORT,        /* a teal_bytes; on the wire behind an octet of length */
    TEAL_SMPP_DESTINATIONS, /* a teal_smpp_list of one or more */
    TEAL_SMPP_FAILURES,     /* a teal_smpp_list */
} teal_smpp_kind;

typedef struct teal_smpp_field {
    teal_smpp_kind kind;
    uint8_t max; /* of a string, its NUL not counted */
    uint16_t at; /* offset of the member in teal_smpp_pdu */
} teal_smpp_field;

typedef struct teal_smpp_layout {
    uint32_t command;
    const char *name;
    const teal_smpp_field *fields;
    size_t count;
} teal_smpp_layout;

/* NULL for a command that is not taken. */
const teal_smpp_layout *teal_smpp_layout_of(uint32_t command);

#endif
