/* The statement that whoever holds an account key is reached at a number, signed by the gateway's
 * device `plaintext`. PROTOCOL.md REQ-PRF-4. */
#ifndef TEAL_CODECS_NATIVE_HANDLE_PROOF_H
#define TEAL_CODECS_NATIVE_HANDLE_PROOF_H

#include "codecs/cursor.h"
#include "codecs/native/envelope.h"

typedef struct teal_handle_proof {
    teal_bytes handle; /* canonical, tel: */
    uint8_t account_key[TEAL_KEY_BYTES];
    uint64_t proven_at_ms, expires_at_ms;
    uint8_t signature[TEAL_SIGNATURE_BYTES];
} teal_handle_proof;

void teal_handle_proof_sign(teal_handle_proof *p, const uint8_t device_sk[static 64]);
/* TEAL_OK or TEAL_FORGED. Whether it has expired is not asked here. */
__attribute__((warn_unused_result)) teal_result teal_handle_proof_verify(
    const teal_handle_proof *p, const uint8_t device_key[static TEAL_KEY_BYTES], teal_diag *why);

#endif
