/* Seals content for devices, opens it, and does the same for the fallback that a sender may place
 * with the gateway. The construct is in PROTOCOL.md section "Sealing". Randomness is an argument. */
#ifndef TEAL_CODECS_NATIVE_SEAL_H
#define TEAL_CODECS_NATIVE_SEAL_H

#include "codecs/native/envelope.h"

/* A recipient device's claimed prekey. */
typedef struct teal_seal_to {
    uint8_t device[TEAL_DEVICE_BYTES];
    uint32_t prekey_id;
    uint8_t prekey[TEAL_KEY_BYTES];
} teal_seal_to;

/* Octets of the ciphertext for content of len octets: 0x80, zeros to the Padme length, tag. */
size_t teal_seal_ciphertext_len(size_t content_len);

/* Seals content into `e`, whose header fields (suite .. expires_at_ms) are set and final.
 * message_key: 32 fresh random bytes. eph: n_to * 32 fresh random bytes, an ephemeral secret each.
 * Both are secrets; the caller wipes them. keys: n_to elements, filled, become e->keys.
 * ciphertext: teal_seal_ciphertext_len(content.len) octets, filled, becomes e->ciphertext.
 * Sets key_commitment too. n_to may be 0 (nobody can open it but by a fallback). Does not sign,
 * nor check: the ciphertext may be longer than teal_envelope_check takes.
 * Returns TEAL_OK, or TEAL_FORGED for an invalid prekey. */
__attribute__((warn_unused_result))
teal_result teal_seal(teal_envelope *e, teal_bytes content, const teal_seal_to *to, size_t n_to,
                      const uint8_t message_key[static 32], const uint8_t *eph,
                      teal_wrapped_key *keys, uint8_t *ciphertext);

/* Opens for the device that holds the prekey key->prekey_id. prekey_pk: of prekey_sk, which is an
 * X25519 to derive; with another one nothing opens. content: e->ciphertext.len octets of room;
 * *content_len: what remains without padding. Checks the commitment. Does not verify the signature.
 * On failure content is zeroed. Returns TEAL_OK, TEAL_FORGED, TEAL_MALFORMED. */
__attribute__((warn_unused_result))
teal_result teal_open(const teal_envelope *e, const teal_wrapped_key *key,
                      const uint8_t prekey_pk[static 32], const uint8_t prekey_sk[static 32],
                      uint8_t *content, size_t *content_len, teal_diag *why);

/* Names a gateway's downgrade key in consents: the first 16 octets of SHA-256(pk). */
void teal_gateway_key_id(const uint8_t pk[static 32], uint8_t id[static TEAL_GATEWAY_KEY_BYTES]);

/* Seals `fallback` (an encoded teal.v1.Fallback) to the gateway's downgrade key into e->downgrade,
 * whose floor .. gateway_key are set and final. enc: 32 octets, sealed: fallback.len + 16 octets,
 * filled, become views of e->downgrade; sets fallback_hash. eph: 32 fresh random bytes. */
__attribute__((warn_unused_result))
teal_result teal_fallback_seal(teal_envelope *e, const uint8_t gateway_pk[static 32],
                               const uint8_t eph[static 32], teal_bytes fallback,
                               uint8_t enc[static 32], uint8_t *sealed);

/* The inverse, for the plaintext room. out: sealed.len - 16 octets, zeroed where it does not open.
 * Does not verify the signature. Returns TEAL_OK, TEAL_MALFORMED (there is none), TEAL_FORGED. */
__attribute__((warn_unused_result))
teal_result teal_fallback_open(const teal_envelope *e, const uint8_t gateway_pk[static 32],
                               const uint8_t gateway_sk[static 32],
                               uint8_t *out, size_t *out_len, teal_diag *why);

#endif
