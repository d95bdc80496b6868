/* Delivery receipts: the text that SMS centres send as a deliver_sm, in its dialects, and the
 * optional parameters that say the same. Never reads the echo of the message behind `text:`.
 * Source: SMPP v3.4 appendix B, §5.2.28, §5.3.2.12, .35. PROTOCOL.md REQ-SMS-40..42. Pure. */
#ifndef TEAL_CODECS_SMS_DLR_H
#define TEAL_CODECS_SMS_DLR_H

#include "codecs/sms/smpp.h"

/* The numbers of the message_state parameter, §5.2.28. */
typedef enum teal_dlr_state {
    TEAL_DLR_NONE = 0,
    TEAL_DLR_ENROUTE = 1,
    TEAL_DLR_DELIVERED = 2,
    TEAL_DLR_EXPIRED = 3,
    TEAL_DLR_DELETED = 4,
    TEAL_DLR_UNDELIVERABLE = 5,
    TEAL_DLR_ACCEPTED = 6,
    TEAL_DLR_UNKNOWN = 7,
    TEAL_DLR_REJECTED = 8,
} teal_dlr_state;

/* Views borrow from what was decoded. */
typedef struct teal_dlr {
    teal_bytes id; /* 1..64 bytes, as written: centres differ in case, base and leading zeros */
    teal_dlr_state state;
    teal_bytes error;                  /* "000"; may be empty */
    teal_bytes submit_date, done_date; /* "2611240900" as written; may be empty */
} teal_dlr;

/* Decodes the text form: `name:value` fields in any order and letter case, any number of spaces
 * between them and behind the colon, unknown words skipped, fields missing but id and stat. The
 * first of equals wins; `text:` ends it, since what follows is the message's own words.
 * out: written on TEAL_OK only.
 * Returns TEAL_OK; TEAL_MALFORMED without an id or a stat that is known. */
__attribute__((warn_unused_result))
teal_result teal_dlr_decode(teal_bytes text, teal_dlr *out, teal_diag *why);

/* Decodes the receipt in a deliver_sm: receipted_message_id and message_state where they are, the
 * text for what they leave open.
 * Returns TEAL_OK; TEAL_UNSUPPORTED if esm_class does not say that it is a receipt;
 * TEAL_MALFORMED if id or state is in neither. */
__attribute__((warn_unused_result))
teal_result teal_dlr_of_message(const teal_smpp_pdu *pdu, teal_dlr *out, teal_diag *why);

/* Appends the text form of appendix B, without dates and err where they are empty, `text:` empty.
 * id is not empty, state is not NONE (asserted), no view holds a space. Returns TEAL_OK or
 * TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result))
teal_result teal_dlr_encode(const teal_dlr *dlr, teal_writer *out);

/* Whether nothing can follow: all but NONE, ENROUTE, ACCEPTED and UNKNOWN. */
bool teal_dlr_is_final(teal_dlr_state state);

const char *teal_dlr_state_name(teal_dlr_state state); /* "DELIVRD" ...; static text */

#endif
