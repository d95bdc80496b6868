/* What a sender's signature covers: a transcript of the fields, so that it survives a change of
 * framing. PROTOCOL.md section "Transcript". */
#ifndef TEAL_CODECS_NATIVE_TRANSCRIPT_H
#define TEAL_CODECS_NATIVE_TRANSCRIPT_H

#include "codecs/native/envelope.h"

/* Of an envelope that has passed teal_envelope_check: 257 handles, 1024 hashes, and the rest. */
enum { TEAL_TRANSCRIPT_MAX_BYTES = 105 << 10 };

/* lp(x) = 4-byte big-endian length, x. int = 8-byte big-endian. */
void teal_transcript_lp(teal_writer *w, teal_bytes x);
void teal_transcript_int(teal_writer *w, uint64_t value);

/* The header bytes; a writer over { NULL, 0 } measures. */
void teal_transcript_header(const teal_envelope *e, teal_writer *w);

/* H = SHA-256(header): the AAD of content, wrapped keys and fallback. */
void teal_transcript_header_hash(const teal_envelope *e, teal_hash *out);

/* SHA-256(lp device, int prekey_id, lp enc, lp wrapped). */
void teal_transcript_key_hash(const teal_wrapped_key *key, teal_hash *out);

/* SHA-256(lp enc, lp sealed). */
void teal_transcript_fallback_hash(teal_bytes enc, teal_bytes sealed, teal_hash *out);

/* The whole transcript. ciphertext_hash: NULL to hash e->ciphertext, or the hash itself for a
 * party that is not given the ciphertext. Uses key_hashes when there are any, else keys. */
void teal_transcript_write(const teal_envelope *e, const teal_hash *ciphertext_hash,
                           teal_writer *w);

/* SHA-256 of the transcript: names a message beyond its id (de-duplication, receipts, ledger). */
void teal_transcript_hash(const teal_envelope *e, const teal_hash *ciphertext_hash,
                          teal_hash *out);

/* Ed25519 over the transcript. sk: libsodium's 64-byte secret key. Fills e->signature.
 * scratch: only what it has left is written to, and nothing of it is taken: under 1 KiB for a few
 * recipients and devices, TEAL_TRANSCRIPT_MAX_BYTES at most.
 * Returns TEAL_OK, TEAL_SPACE (scratch). */
__attribute__((warn_unused_result))
teal_result teal_envelope_sign(teal_envelope *e, const uint8_t sk[static 64],
                               const teal_arena *scratch);

/* Whether the signature is the device's over this envelope. Only the one signature that RFC 8032
 * makes is taken: no S beyond the group's order, no key or R of small order or in another form.
 * scratch: as above; an arena that decoded the envelope, and had the size that its decoder asks
 * for, has enough left.
 * Returns TEAL_OK, TEAL_FORGED, TEAL_SPACE (scratch). */
__attribute__((warn_unused_result))
teal_result teal_envelope_verify(const teal_envelope *e, const teal_hash *ciphertext_hash,
                                 const uint8_t device_key[static 32], const teal_arena *scratch,
                                 teal_diag *why);

#endif
