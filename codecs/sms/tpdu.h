/* SMS transfer protocol data units, what a short message is between a phone and its centre:
 * SMS-SUBMIT, SMS-DELIVER and SMS-STATUS-REPORT, both ways. User data stands in them as in SMPP's
 * short_message: header, then octets or one septet per octet, so that everything else here reads
 * it. Source: 3GPP TS 23.040 §9.2.2, §9.2.3. PROTOCOL.md REQ-SMS-60..66. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_TPDU_H
#define TEAL_CODECS_SMS_TPDU_H

#include "codecs/sms/coding.h"
#include "codecs/sms/tpdu_address.h"
#include "codecs/sms/tpdu_time.h"

#define TEAL_TPDU_MAX_OCTETS      176 /* of a whole unit, the longest STATUS-REPORT */
#define TEAL_TPDU_USER_DATA_MAX   160 /* octets in a teal_tpdu: 160 septets */
#define TEAL_TPDU_AIR_OCTETS      140 /* of user data on the wire */
#define TEAL_TPDU_ENHANCED_OCTETS 7

/* The same first bits mean another type in the other direction. */
typedef enum teal_tpdu_direction {
    TEAL_TPDU_TO_CENTRE = 0,
    TEAL_TPDU_FROM_CENTRE,
} teal_tpdu_direction;

typedef enum teal_tpdu_type {
    TEAL_TPDU_SUBMIT = 0,    /* to the centre */
    TEAL_TPDU_DELIVER,       /* from it */
    TEAL_TPDU_STATUS_REPORT, /* from it */
} teal_tpdu_type;

/* TP-VPF, by its number. */
typedef enum teal_tpdu_validity_format {
    TEAL_TPDU_VALIDITY_NONE = 0,
    TEAL_TPDU_VALIDITY_ENHANCED = 1,
    TEAL_TPDU_VALIDITY_RELATIVE = 2,
    TEAL_TPDU_VALIDITY_ABSOLUTE = 3,
} teal_tpdu_validity_format;

/* Which of the others counts follows from `format`. */
typedef struct teal_tpdu_validity {
    teal_tpdu_validity_format format;
    uint8_t relative; /* teal_tpdu_relative_ms */
    teal_tpdu_time absolute;
    uint8_t enhanced[TEAL_TPDU_ENHANCED_OCTETS]; /* as it is */
} teal_tpdu_validity;

/* Holds no pointers. Members that the type does not have are zero. */
typedef struct teal_tpdu {
    teal_tpdu_type type;
    bool more_to_send;             /* DELIVER, STATUS-REPORT: TP-MMS is 0 */
    bool loop_prevention;          /* DELIVER, STATUS-REPORT */
    bool reject_duplicates;        /* SUBMIT */
    bool reply_path;               /* SUBMIT, DELIVER */
    bool report;                   /* SUBMIT: asked for (SRR); DELIVER: will be given (SRI);
                                    * STATUS-REPORT: of a command, not of a SUBMIT (SRQ) */
    uint8_t reference;             /* SUBMIT, STATUS-REPORT */
    teal_tpdu_address address;     /* destination, originator, recipient */
    teal_tpdu_validity validity;   /* SUBMIT */
    teal_tpdu_time centre_time;    /* DELIVER, STATUS-REPORT: when the centre got the message */
    teal_tpdu_time discharge_time; /* STATUS-REPORT: of the outcome, or the last attempt */
    uint8_t status;                /* STATUS-REPORT: teal_tpdu_outcome */
    /* Always there but in a STATUS-REPORT, which may leave each out. */
    bool has_protocol_id, has_data_coding, has_user_data;
    uint8_t protocol_id, data_coding;
    bool has_header; /* user_data begins with a header: TP-UDHI */
    uint8_t len;
    uint8_t user_data[TEAL_TPDU_USER_DATA_MAX];
} teal_tpdu;

/* Decodes one unit; no service centre address before it.
 * in:      borrowed for the call; it holds the unit and nothing else.
 * out:     written on TEAL_OK only.
 * Returns: TEAL_OK; TEAL_MORE if cut short; TEAL_MALFORMED for digits with a filler inside, a user
 *          data header that crosses its end, octets behind a SUBMIT or DELIVER; TEAL_LIMIT for an
 *          address over 20 semi-octets, or user data over 140 octets; TEAL_UNSUPPORTED for another
 *          type. */
__attribute__((warn_unused_result)) teal_result teal_tpdu_decode(teal_bytes in,
                                                                 teal_tpdu_direction direction,
                                                                 teal_tpdu *out, teal_diag *why);

/* Inverse; appends the canonical form.
 * Returns: TEAL_OK; what teal_tpdu_address_write returns; TEAL_LIMIT for a time outside 1990..2089,
 *          or more user data than fits; TEAL_MALFORMED for user data that is no septets where the
 *          data_coding says so, or whose header crosses its end; TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result)) teal_result teal_tpdu_encode(const teal_tpdu *t,
                                                                 teal_writer *out, teal_diag *why);

/* TP-DCS: which alphabet the user data is in, as teal_coding_decode takes it: TEAL_CODING_GSM7,
 * TEAL_CODING_UCS2 or TEAL_CODING_BINARY. Reserved values are GSM7; compressed text, which nobody
 * sends, is BINARY. Source: TS 23.038 §4. */
uint8_t teal_tpdu_coding(uint8_t data_coding);

/* TP-VP, relative: five minutes to 63 weeks (§9.2.3.12.1). */
int64_t teal_tpdu_relative_ms(uint8_t relative);

/* The shortest that is not below `ms`, or the longest there is. */
uint8_t teal_tpdu_relative_of(int64_t ms);

/* TP-ST, §9.2.3.15. */
typedef enum teal_tpdu_outcome {
    TEAL_TPDU_OUTCOME_COMPLETED = 0, /* 00..1F: received, forwarded or replaced */
    TEAL_TPDU_OUTCOME_TRYING,        /* 20..3F: temporary error, the centre goes on */
    TEAL_TPDU_OUTCOME_FAILED,        /* 40..5F, and reserved values: permanent error */
    TEAL_TPDU_OUTCOME_GIVEN_UP,      /* 60..7F: temporary error, the centre does not go on */
} teal_tpdu_outcome;

teal_tpdu_outcome teal_tpdu_outcome_of(uint8_t status);

#endif
