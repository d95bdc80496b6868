/* SMPP 3.4 protocol data units, all of them, both directions: bytes to structs and back. Knows
 * no session: sequence numbers, windows and timers are the link's.
 * Source: SMPP v3.4 issue 1.2. PROTOCOL.md REQ-SMPP-*. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_SMPP_H
#define TEAL_CODECS_SMS_SMPP_H

#include "codecs/sms/smpp_address.h"
#include "codecs/sms/smpp_status.h"
#include "codecs/sms/smpp_tlv.h"
#include "codecs/sms/udh.h"

#define TEAL_SMPP_HEADER_OCTETS    16
#define TEAL_SMPP_MAX_OCTETS       65536 /* of one unit, ours: the specification has no bound */
#define TEAL_SMPP_VERSION          0x34
#define TEAL_SMPP_MAX_SHORT        254 /* octets of short_message; longer goes to message_payload */
#define TEAL_SMPP_MAX_MESSAGE_ID   64

/* command_id, §5.1.2.1. A response has the same number with TEAL_SMPP_RESP. */
#define TEAL_SMPP_RESP UINT32_C(0x80000000)
enum {
    TEAL_SMPP_BIND_RECEIVER = 0x01,
    TEAL_SMPP_BIND_TRANSMITTER = 0x02,
    TEAL_SMPP_QUERY_SM = 0x03,
    TEAL_SMPP_SUBMIT_SM = 0x04,
    TEAL_SMPP_DELIVER_SM = 0x05,
    TEAL_SMPP_UNBIND = 0x06,
    TEAL_SMPP_REPLACE_SM = 0x07,
    TEAL_SMPP_CANCEL_SM = 0x08,
    TEAL_SMPP_BIND_TRANSCEIVER = 0x09,
    TEAL_SMPP_OUTBIND = 0x0B,
    TEAL_SMPP_ENQUIRE_LINK = 0x15,
    TEAL_SMPP_SUBMIT_MULTI = 0x21,
    TEAL_SMPP_ALERT_NOTIFICATION = 0x102,
    TEAL_SMPP_DATA_SM = 0x103,
};
#define TEAL_SMPP_GENERIC_NACK TEAL_SMPP_RESP

/* esm_class, §5.2.12. */
enum {
    TEAL_ESM_TYPE_MASK = 0x3C,
    TEAL_ESM_RECEIPT = 0x04, /* under the mask: an SMSC delivery receipt */
    TEAL_ESM_UDHI = 0x40,    /* user data starts with a header */
};

/* registered_delivery, §5.2.17: final receipt, success or failure. */
#define TEAL_REGISTERED_FINAL 0x01

typedef struct teal_smpp_bind {
    teal_bytes system_id;   /* 0..15 */
    teal_bytes password;    /* 0..8 */
    teal_bytes system_type; /* 0..12 */
    uint8_t interface_version;
    teal_smpp_address range; /* digits: 0..40 */
} teal_smpp_bind;

/* submit_sm and deliver_sm; the others use some of it. */
typedef struct teal_smpp_message {
    teal_bytes service_type; /* 0..5 */
    teal_smpp_address source, destination;
    uint8_t esm_class, protocol_id, priority_flag;
    teal_bytes schedule_delivery_time, validity_period; /* 0 or 16 */
    uint8_t registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id;
    teal_bytes short_message; /* 0..254 octets */
} teal_smpp_message;

typedef struct teal_smpp_outcome {
    teal_bytes final_date; /* 0 or 16; empty: no final state yet */
    uint8_t message_state; /* teal_dlr_state */
    uint8_t error_code;    /* of the network, 0: none */
} teal_smpp_outcome;

/* What counts follows from `command`:
 *   binds                    bind
 *   outbind                  bind: system_id, password
 *   submit_sm, deliver_sm    message
 *   submit_multi             message but its destination; list, of destinations: 1..254
 *   data_sm                  message: service_type, source, destination, esm_class,
 *                            registered_delivery, data_coding; the text is in message_payload
 *   query_sm                 id, message: source
 *   cancel_sm                id (empty: all between the two), message: service_type, source,
 *                            destination
 *   replace_sm               id, message: source, both times, registered_delivery,
 *                            sm_default_msg_id, short_message
 *   alert_notification       message: source (who can be reached again), destination (who asked)
 *   responses to binds       id: system_id of the centre, 0..15
 *   ... to submit_sm, deliver_sm, data_sm    id: message_id, 0..64
 *   submit_multi_resp        id: message_id; list, of failures: those who do not get it
 *   query_sm_resp            id, outcome
 *   others                   nothing
 * Views are without the NUL that ends them on the wire. */
typedef struct teal_smpp_pdu {
    uint32_t command, status, sequence;
    teal_bytes id; /* message_id 0..64, or system_id 0..15 */
    union {
        teal_smpp_bind bind;
        teal_smpp_message message;
        teal_smpp_outcome outcome;
    };
    teal_smpp_list list;
    teal_bytes tlvs; /* all optional parameters as they were: read with teal_smpp_tlv_* */
} teal_smpp_pdu;

/* Finds the first unit at the start of a stream; looks at command_length only.
 * unit:    view of `stream`, written on TEAL_OK only: what teal_smpp_decode takes.
 * Returns: TEAL_OK; TEAL_MORE until the whole unit is there; TEAL_MALFORMED if command_length is
 *          below 16, TEAL_LIMIT above TEAL_SMPP_MAX_OCTETS: close the connection. */
__attribute__((warn_unused_result)) teal_result teal_smpp_frame(teal_bytes stream, teal_bytes *unit,
                                                                teal_diag *why);

/* command, status and sequence of a unit, whatever else is in it, and nothing else: what a session
 * answers to a unit that does not decode. Zero where it is shorter than that. */
teal_smpp_pdu teal_smpp_head(teal_bytes unit);

/* Decodes one unit.
 * unit:    exactly one, as teal_smpp_frame gives; `out` points into it.
 * out:     written on TEAL_OK only.
 * Returns: TEAL_OK; TEAL_MORE if shorter than its command_length; TEAL_MALFORMED if a field has
 *          no end or is over its size, a list has not its entries, or an optional parameter
 *          crosses the end or has not its length; TEAL_UNSUPPORTED for a command not listed above. */
__attribute__((warn_unused_result)) teal_result teal_smpp_decode(teal_bytes unit,
                                                                 teal_smpp_pdu *out,
                                                                 teal_diag *why);

/* Appends one unit; of members that do not count for its command, nothing. A response that has a
 * status other than 0 and nothing else to say is a header alone, as §4.4.2 wants it.
 * Returns: TEAL_OK; TEAL_MALFORMED if a field is over its size or holds a NUL, list has not its
 *          entries, or tlvs is not a list of optional parameters; TEAL_UNSUPPORTED for a command not listed above;
 *          TEAL_LIMIT over TEAL_SMPP_MAX_OCTETS; TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result)) teal_result teal_smpp_encode(const teal_smpp_pdu *pdu,
                                                                 teal_writer *out, teal_diag *why);

/* "submit_sm_resp" ...; "unknown" for others. Static text. */
const char *teal_smpp_command_name(uint32_t command);

/* What a submit_sm, submit_multi, deliver_sm or data_sm carries, wherever its sender put it: short_message or
 * message_payload; concatenation from the user data header, else from sar_* parameters.
 * octets:  view behind the user data header. Both are written on TEAL_OK only.
 * udh:     concat.total 0 if not concatenated.
 *          sar_* that are not all there or impossible count as absent (§5.3.2.22..24).
 * Returns: TEAL_OK; TEAL_MALFORMED if both bodies are there or the user data header is broken. */
__attribute__((warn_unused_result)) teal_result teal_smpp_user_data(const teal_smpp_pdu *pdu,
                                                                    teal_bytes *octets,
                                                                    teal_udh *udh, teal_diag *why);

#endif
