/* Manifests of made-up accounts, signed or forged. */
#ifndef TEAL_TESTS_SUPPORT_MANIFESTS_H
#define TEAL_TESTS_SUPPORT_MANIFESTS_H

#include "codecs/native/manifest.h"

enum { TEST_MAX_NAMED = 4 };

typedef struct test_manifest {
    uint64_t account; /* test_account_keys */
    uint64_t version;
    const char *handles[TEST_MAX_NAMED]; /* up to the first NULL */
    uint64_t devices[TEST_MAX_NAMED];    /* test_device_of, up to the first 0 */
    uint64_t first_signs_as; /* the first device has the signing key of that one; 0: its own */
    uint64_t created_at_ms;
    const teal_hash *previous; /* NULL: empty in version 1, else zeros */
    bool forged;               /* signed by another account */
} test_manifest;

/* The canonical encoding, in the arena; *hash (may be NULL) is what the next version names. */
teal_bytes test_manifest_encode(const test_manifest *t, teal_arena *arena, teal_hash *hash);

/* Prekey `id` of device n, its key made from id; signed by device `signer`. */
teal_prekey test_prekey_signed(uint64_t n, uint32_t id, uint64_t signer);

#endif
