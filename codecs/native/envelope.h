/* The message, whatever frame it travels in: the struct that the native (protobuf) and the CPIM
 * codec share, its rules, and its protobuf form. */
#ifndef TEAL_CODECS_NATIVE_ENVELOPE_H
#define TEAL_CODECS_NATIVE_ENVELOPE_H

#include "codecs/arena.h"
#include "codecs/handle.h"

enum {
    TEAL_DEVICE_BYTES = 16,
    TEAL_HASH_BYTES = 32,
    TEAL_KEY_BYTES = 32,
    TEAL_WRAPPED_BYTES = 48,
    TEAL_SIGNATURE_BYTES = 64,
    TEAL_GATEWAY_KEY_BYTES = 16,

    TEAL_SUITE_SEALED = 1,
    TEAL_MAX_ID_BYTES = 64,          /* message_id and conversation_id */
    TEAL_MAX_RECIPIENTS = 256,
    TEAL_MAX_KEYS = 1024,
    TEAL_MAX_CIPHERTEXT_BYTES = 1 << 20,
    TEAL_MAX_FALLBACK_BYTES = 16 << 10,
    TEAL_MAX_NETWORK_BYTES = 64,
};

/* Higher protects more; same numbers as in envelope.proto. */
typedef enum teal_level {
    TEAL_LEVEL_NONE = 0,
    TEAL_PLAINTEXT = 1,
    TEAL_TRANSPORT = 2,
    TEAL_E2EE = 3,
} teal_level;

typedef enum teal_kind {
    TEAL_KIND_MESSAGE = 1,
    TEAL_KIND_RECEIPT = 2,
    TEAL_KIND_TYPING = 3,
    TEAL_KIND_CONTROL = 4,
} teal_kind;

typedef enum teal_when { TEAL_NO_BETTER_PATH = 1, TEAL_OR_FAILED = 2 } teal_when;

enum { TEAL_WANTS_DELIVERED = 1, TEAL_WANTS_DISPLAYED = 2 };

typedef struct teal_wrapped_key {
    uint8_t device[TEAL_DEVICE_BYTES];
    uint32_t prekey_id;
    uint8_t enc[TEAL_KEY_BYTES];
    uint8_t wrapped[TEAL_WRAPPED_BYTES];
} teal_wrapped_key;

typedef struct teal_hash {
    uint8_t at[TEAL_HASH_BYTES];
} teal_hash;

/* fallback_hash is always there. enc and sealed are both empty or both present (enc 32 bytes);
 * when present their hash is fallback_hash (checked by decode). */
typedef struct teal_consent {
    teal_level floor;
    teal_when when;
    uint64_t failed_after_ms, expires_at_ms;
    bool accepts_e2ee_loss;
    uint8_t gateway_key[TEAL_GATEWAY_KEY_BYTES];
    teal_hash fallback_hash;
    teal_bytes enc, sealed;
} teal_consent;

typedef struct teal_origin {
    teal_level level;
    teal_bytes network, gateway;
} teal_origin;

/* Every teal_bytes and array is a view: of the arena or the input of the decoder that filled it,
 * or of the caller's own memory when built by hand. Times are Unix milliseconds. */
typedef struct teal_envelope {
    uint32_t suite;
    teal_bytes message_id, conversation_id, sender;
    uint8_t sender_device[TEAL_DEVICE_BYTES];
    const teal_bytes *recipients;
    size_t n_recipients;
    uint64_t sent_at_ms;
    teal_kind kind;
    uint32_t wants;
    uint64_t expires_at_ms; /* 0: none */
    uint8_t key_commitment[TEAL_HASH_BYTES];
    teal_bytes ciphertext;
    const teal_wrapped_key *keys;
    size_t n_keys;
    const teal_hash *key_hashes; /* none, or the whole list of which keys is an ordered part */
    size_t n_key_hashes;
    bool has_downgrade, has_origin;
    teal_consent downgrade;
    teal_origin origin;
    uint8_t signature[TEAL_SIGNATURE_BYTES];
} teal_envelope;

bool teal_network_name_is_valid(teal_bytes name); /* REQ-ENV-17 */

/* Checks every rule on values that does not need a key: suite, lengths, character classes,
 * canonical handles, enumerations, key_hashes against keys, fallback_hash against enc and sealed.
 * Both decoders end with it; encoders expect it to hold. REQ-ENV-*.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_UNSUPPORTED (suite), TEAL_LIMIT, TEAL_FORGED (hashes). */
__attribute__((warn_unused_result))
teal_result teal_envelope_check(const teal_envelope *e, teal_diag *why);

/* Decodes one teal.v1.Envelope. Only the canonical encoding is taken (fields in number order,
 * defaults omitted, no unknown field), so that encode gives the same bytes back (I2).
 * in:    borrowed for the call.      arena: holds what *out points to.
 * out:   untouched unless TEAL_OK.   Returns as teal_envelope_check, and TEAL_SPACE: arena full.
 * An arena of TEAL_ENVELOPE_ARENA(in.len) bytes is always enough. */
__attribute__((warn_unused_result))
teal_result teal_envelope_decode(teal_bytes in, teal_arena *arena, teal_envelope *out,
                                 teal_diag *why);

/* The same for a detached envelope, which is what the plaintext room gets: ciphertext and keys are
 * left out (there, they are TEAL_MALFORMED), key_hashes is the whole list, and teal_envelope_verify
 * and teal_transcript_hash are given the hash of the ciphertext. teal_envelope_encode writes it. */
__attribute__((warn_unused_result))
teal_result teal_envelope_check_detached(const teal_envelope *e, teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_envelope_decode_detached(teal_bytes in, teal_arena *arena, teal_envelope *out,
                                          teal_diag *why);

static inline size_t TEAL_ENVELOPE_ARENA(size_t in_len)
{
    return 32 * 1024 + 4 * in_len;
}

/* Encodes the canonical form; `e` has passed teal_envelope_check.
 * Returns TEAL_OK, TEAL_SPACE (out->len: need). So do the other encoders of native/. */
__attribute__((warn_unused_result))
teal_result teal_envelope_encode(const teal_envelope *e, teal_writer *out);

/* "E2EE", "TRANSPORT", "PLAINTEXT"; "NONE" for anything else. Static text. */
const char *teal_level_name(teal_level level);

#endif
