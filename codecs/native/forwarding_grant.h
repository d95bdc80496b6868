/* Grants of text forwarding: that a further device of an account gets what reaches a number of it
 * below end-to-end encryption, or gets it no more. PROTOCOL.md REQ-FWD-*. */
#ifndef TEAL_CODECS_NATIVE_FORWARDING_GRANT_H
#define TEAL_CODECS_NATIVE_FORWARDING_GRANT_H

#include "codecs/native/envelope.h"

enum { TEAL_MAX_FORWARDING_GRANT_BYTES = 1 << 10 };
#define TEAL_MAX_FORWARDING_MS (INT64_C(365) * 24 * 60 * 60 * 1000)

typedef struct teal_forwarding_grant {
    teal_bytes handle; /* canonical, tel: */
    uint8_t device[TEAL_DEVICE_BYTES];
    uint8_t signing_key[TEAL_KEY_BYTES]; /* another one under the same id is another device */
    uint64_t granted_at_ms, expires_at_ms;
    bool revoked;
    uint64_t sequence; /* of one handle and device the highest counts */
    uint8_t signature[TEAL_SIGNATURE_BYTES];
} teal_forwarding_grant;

/* Canonical protobuf only, and only what keeps REQ-FWD-2. Does not verify.
 * out: untouched unless TEAL_OK; handle is a view of `in`.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_LIMIT. */
__attribute__((warn_unused_result)) teal_result teal_forwarding_grant_decode(
    teal_bytes in, teal_forwarding_grant *out, teal_diag *why);
__attribute__((warn_unused_result)) teal_result teal_forwarding_grant_encode(
    const teal_forwarding_grant *g, teal_writer *out);

/* transcript = lp "teal forwarding grant v1", lp handle, lp device, lp signing_key,
 * int granted_at_ms, int expires_at_ms, int revoked, int sequence */
void teal_forwarding_grant_transcript(const teal_forwarding_grant *g, teal_writer *w);
void teal_forwarding_grant_hash(const teal_forwarding_grant *g, teal_hash *out); /* SHA-256 of it */
void teal_forwarding_grant_sign(teal_forwarding_grant *g, const uint8_t account_sk[static 64]);
/* TEAL_OK or TEAL_FORGED. Whether it has expired is not asked here. */
__attribute__((warn_unused_result)) teal_result teal_forwarding_grant_verify(
    const teal_forwarding_grant *g, const uint8_t account_key[static TEAL_KEY_BYTES],
    teal_diag *why);

#endif
