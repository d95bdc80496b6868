/* Manifests and prekeys: whose devices, and which keys to seal to. PROTOCOL.md REQ-DIR-*. */
#ifndef TEAL_CODECS_NATIVE_MANIFEST_H
#define TEAL_CODECS_NATIVE_MANIFEST_H

#include "codecs/native/envelope.h"

enum {
    TEAL_MAX_DEVICES = 32,
    TEAL_MAX_HANDLES = 16,
    TEAL_MAX_DEVICE_NAME_BYTES = 64,
    TEAL_MAX_PREKEYS = 256, /* in one upload */
    TEAL_MAX_MANIFEST_BYTES = 16 << 10,
};

typedef struct teal_device {
    uint8_t id[TEAL_DEVICE_BYTES];
    uint8_t signing_key[TEAL_KEY_BYTES];
    teal_bytes name; /* UTF-8 without control characters */
    uint64_t added_at_ms;
} teal_device;

typedef struct teal_manifest {
    uint64_t version;
    uint8_t account_key[TEAL_KEY_BYTES];
    const teal_bytes *handles; /* canonical, distinct, at least one */
    size_t n_handles;
    const teal_device *devices; /* distinct ids, at least one */
    size_t n_devices;
    uint64_t created_at_ms;
    teal_bytes previous; /* empty in version 1, else 32 octets */
    uint8_t signature[TEAL_SIGNATURE_BYTES];
} teal_manifest;

/* As for envelopes: canonical protobuf only, *out untouched unless TEAL_OK. Does not verify. */
__attribute__((warn_unused_result))
teal_result teal_manifest_decode(teal_bytes in, teal_arena *arena, teal_manifest *out,
                                 teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_manifest_encode(const teal_manifest *m, teal_writer *out);

/* transcript = lp "teal manifest v1", int version, lp account_key, list of lp handle,
 * list of (lp id, lp signing_key, lp name, int added_at_ms), int created_at_ms, lp previous */
void teal_manifest_transcript(const teal_manifest *m, teal_writer *w);
void teal_manifest_hash(const teal_manifest *m, teal_hash *out); /* SHA-256 of the transcript */
void teal_manifest_sign(teal_manifest *m, const uint8_t account_sk[static 64]);
/* TEAL_OK or TEAL_FORGED: signed by the account key that it names. */
__attribute__((warn_unused_result))
teal_result teal_manifest_verify(const teal_manifest *m, teal_diag *why);

/* NULL when there is none. */
const teal_device *teal_manifest_device(const teal_manifest *m,
                                        const uint8_t id[static TEAL_DEVICE_BYTES]);
bool teal_manifest_has_handle(const teal_manifest *m, teal_bytes handle);
bool teal_device_name_is_valid(teal_bytes name); /* REQ-DIR-4 */

typedef struct teal_prekey {
    uint32_t id;
    uint8_t key[TEAL_KEY_BYTES];
    uint8_t signature[TEAL_SIGNATURE_BYTES];
} teal_prekey;

/* signature over lp "teal prekey v1", lp device, int id, lp key: a gateway cannot put its own in. */
void teal_prekey_sign(teal_prekey *p, const uint8_t device[static TEAL_DEVICE_BYTES],
                      const uint8_t device_sk[static 64]);
__attribute__((warn_unused_result))
teal_result teal_prekey_verify(const teal_prekey *p,
                               const uint8_t device[static TEAL_DEVICE_BYTES],
                               const uint8_t device_key[static 32], teal_diag *why);

/* One teal.v1.Prekey, as a claim hands it out. Does not verify. */
__attribute__((warn_unused_result))
teal_result teal_prekey_decode(teal_bytes in, teal_prekey *out, teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_prekey_encode(const teal_prekey *p, teal_writer *out);

/* An upload (teal.v1.Prekeys): at most TEAL_MAX_PREKEYS, ids distinct. */
typedef struct teal_prekeys {
    uint8_t device[TEAL_DEVICE_BYTES];
    const teal_prekey *prekeys;
    size_t n_prekeys;
} teal_prekeys;
__attribute__((warn_unused_result))
teal_result teal_prekeys_decode(teal_bytes in, teal_arena *arena, teal_prekeys *out,
                                teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_prekeys_encode(const teal_prekeys *p, teal_writer *out);

#endif
