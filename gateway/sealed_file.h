/* Octets under a passphrase: XChaCha20-Poly1305 under a key that Argon2id derives. The parameters
 * of the derivation stand in front, and are covered. Reads and writes no files. */
#ifndef TEAL_GATEWAY_SEALED_FILE_H
#define TEAL_GATEWAY_SEALED_FILE_H

#include "codecs/cursor.h"

typedef struct sealed_key sealed_key; /* in locked memory */
enum { SEALED_KEY_BYTES = 76 };

typedef enum sealed_result {
    SEALED_OK = 0,
    SEALED_FOREIGN,    /* not such a file, or of a version that is not known here */
    SEALED_PASSPHRASE, /* another passphrase, or the front is damaged */
    SEALED_DAMAGED,    /* the right passphrase, but octets have changed or are missing */
    SEALED_MEMORY,     /* not enough for the derivation */
} sealed_result;

/* A new salt: for a new file. SEALED_OK, SEALED_MEMORY. */
sealed_result sealed_key_make(teal_bytes passphrase, sealed_key **out);
/* The key of a file that is there. *out is NULL unless SEALED_OK. */
sealed_result sealed_key_derive(teal_bytes file, teal_bytes passphrase, sealed_key **out);
void sealed_key_close(sealed_key **k);
/* As octets, for another process. Those of import are of export. */
void sealed_key_export(const sealed_key *k, uint8_t out[static SEALED_KEY_BYTES]);
sealed_key *sealed_key_import(const uint8_t in[static SEALED_KEY_BYTES]);

/* Whether it begins as such a file. */
bool sealed_is(teal_bytes file);

/* *plain: from sodium_malloc, the caller's. Returns SEALED_PASSPHRASE where the file has another
 * key than k. */
sealed_result sealed_open(teal_bytes file, const sealed_key *k, uint8_t **plain, size_t *len);
/* *file: from malloc, the caller's. */
void sealed_seal(const sealed_key *k, teal_bytes plain, teal_bytes *file);

#endif
