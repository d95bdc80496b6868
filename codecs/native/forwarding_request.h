/* What a device says that wants to have what reaches a number, and the code that shows its owner
 * that it is this device which asks. PROTOCOL.md REQ-FWD-6. */
#ifndef TEAL_CODECS_NATIVE_FORWARDING_REQUEST_H
#define TEAL_CODECS_NATIVE_FORWARDING_REQUEST_H

#include "codecs/native/envelope.h"

enum { TEAL_FORWARDING_NONCE_BYTES = 16, TEAL_FORWARDING_CODE_DIGITS = 6 };

typedef struct teal_forwarding_request {
    teal_bytes handle; /* canonical, tel: */
    uint8_t device[TEAL_DEVICE_BYTES];
    uint8_t signing_key[TEAL_KEY_BYTES]; /* not said: the manifest has it */
    uint8_t account_key[TEAL_KEY_BYTES]; /* neither */
    uint8_t nonce[TEAL_FORWARDING_NONCE_BYTES];
    uint8_t signature[TEAL_SIGNATURE_BYTES];
} teal_forwarding_request;

/* signature over lp "teal forwarding request v1", lp handle, lp device, lp signing_key,
 * lp account_key, lp nonce: whoever carries it cannot look for a nonce with the code of another
 * device. */
void teal_forwarding_request_sign(teal_forwarding_request *r, const uint8_t device_sk[static 64]);
/* TEAL_OK or TEAL_FORGED: signed by signing_key. */
__attribute__((warn_unused_result)) teal_result teal_forwarding_request_verify(
    const teal_forwarding_request *r, teal_diag *why);

/* The first 8 octets of SHA-256(lp "teal forwarding", lp handle, ... as above), as a number, modulo
 * a million. NUL-terminated. */
void teal_forwarding_request_code(const teal_forwarding_request *r,
                                  char code[static TEAL_FORWARDING_CODE_DIGITS + 1]);

#endif
