/* The gateway's signed statement about one message and one recipient. PROTOCOL.md REQ-RCPT-*. */
#ifndef TEAL_CODECS_NATIVE_RECEIPT_H
#define TEAL_CODECS_NATIVE_RECEIPT_H

#include "codecs/native/envelope.h"

enum { TEAL_MAX_REASON_BYTES = 64, TEAL_MAX_MARK_BYTES = 128 };

typedef enum teal_status {
    TEAL_STATUS_SENT = 1,
    TEAL_STATUS_ARRIVED = 2,
    TEAL_STATUS_UNDELIVERABLE = 3,
    TEAL_STATUS_OUTCOME_UNKNOWN = 4,
} teal_status;

typedef struct teal_receipt {
    teal_bytes message_id, sender, recipient;
    teal_status status;
    teal_level level; /* TEAL_LEVEL_NONE where nothing left */
    teal_bytes path;  /* "native", "rcs", "plain", "sms"; empty where nothing left */
    teal_bytes reason; /* visible ASCII; empty where there is nothing to explain */
    uint64_t at_ms;
    uint32_t segments;
    teal_bytes mark; /* UTF-8; not empty when level is TRANSPORT or PLAINTEXT */
    teal_bytes gateway;
    uint8_t device[TEAL_DEVICE_BYTES];
    uint8_t signature[TEAL_SIGNATURE_BYTES];
    teal_hash transcript_hash;
} teal_receipt;

__attribute__((warn_unused_result))
teal_result teal_receipt_decode(teal_bytes in, teal_arena *arena, teal_receipt *out,
                                teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_receipt_encode(const teal_receipt *r, teal_writer *out);

/* transcript = lp "teal receipt v1", lp message_id, lp sender, lp recipient, int status, int level,
 * lp path, lp reason, int at_ms, int segments, lp mark, lp gateway, lp device, lp transcript_hash */
void teal_receipt_transcript(const teal_receipt *r, teal_writer *w);
void teal_receipt_sign(teal_receipt *r, const uint8_t device_sk[static 64]);
__attribute__((warn_unused_result))
teal_result teal_receipt_verify(const teal_receipt *r, const uint8_t device_key[static 32],
                                teal_diag *why);

const char *teal_status_name(teal_status status); /* "SENT" ...; static text */

#endif
