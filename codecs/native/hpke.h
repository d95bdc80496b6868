/* HPKE base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
 * Source: RFC 9180; checked against its appendix A.2. Randomness is an argument. */
#ifndef TEAL_CODECS_NATIVE_HPKE_H
#define TEAL_CODECS_NATIVE_HPKE_H

#include "codecs/cursor.h"
#include "codecs/result.h"

enum { TEAL_HPKE_ENC_BYTES = 32, TEAL_HPKE_TAG_BYTES = 16 };

/* Seals to recipient_pk with the ephemeral secret key eph_sk (32 fresh random bytes, never used
 * again; caller wipes). enc: 32 bytes out. sealed: pt.len + 16 bytes out.
 * Returns TEAL_OK, or TEAL_FORGED for a public key that gives an all-zero shared secret. */
__attribute__((warn_unused_result))
teal_result teal_hpke_seal(const uint8_t recipient_pk[static 32], const uint8_t eph_sk[static 32],
                           teal_bytes info, teal_bytes aad, teal_bytes pt,
                           uint8_t enc[static 32], uint8_t *sealed);

/* Opens; pt: sealed.len - 16 bytes out, zeroed on failure. recipient_pk: of recipient_sk, which is
 * an X25519 to derive: whoever opens often keeps it. With another one nothing opens.
 * Returns TEAL_OK, TEAL_MALFORMED (sealed too short), TEAL_FORGED. */
__attribute__((warn_unused_result))
teal_result teal_hpke_open(const uint8_t recipient_pk[static 32],
                           const uint8_t recipient_sk[static 32], const uint8_t enc[static 32],
                           teal_bytes info, teal_bytes aad, teal_bytes sealed, uint8_t *pt);

#endif
