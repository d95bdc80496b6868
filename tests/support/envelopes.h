/* Random valid envelopes, manifests and receipts. What they point to is in the arena; all of them
 * abort when it is full. */
#ifndef TEAL_TESTS_SUPPORT_ENVELOPES_H
#define TEAL_TESTS_SUPPORT_ENVELOPES_H

#include "codecs/native/receipt.h"

#include "tests/support/devices.h"
#include "tests/support/random.h"

enum {
    TEST_MAX_TO = 6,               /* devices that a random envelope is sealed to */
    TEST_ENVELOPE_ARENA = 64 << 10 /* enough for a random envelope */
};

/* An envelope with everything that its sender knows. */
typedef struct test_sealed {
    teal_envelope envelope; /* sealed and signed */
    test_device sender, gateway, to[TEST_MAX_TO];
    size_t n_to;
    uint8_t message_key[32];
    teal_bytes content, fallback; /* fallback: encoded; empty where there is no consent */
} test_sealed;

/* A canonical handle. */
teal_bytes test_handle(test_random *r, teal_arena *arena);

/* Valid in every field, sealed to n_to devices, signed by `sender`; with a consent, whose fallback
 * is sealed to `gateway`, every other time. No origin, no key_hashes. */
void test_sealed_random(test_random *r, teal_arena *arena, test_sealed *out);

/* teal_envelope_sign, which cannot fail here, and teal_envelope_verify, over scratch of their own.
 */
void test_envelope_sign(teal_envelope *e, const uint8_t sk[static 64]);
teal_result test_envelope_verify(const teal_envelope *e, const teal_hash *ciphertext_hash,
                                 const uint8_t device_key[static 32], teal_diag *why);

/* Signs again, after a test has changed what the signature covers. */
void test_sealed_sign(test_sealed *s);

/* What a gateway sends itself (I6): adds an origin, takes the consent out, signs. */
void test_sealed_as_inbound(test_sealed *s);

/* What a gateway forwards to the devices for which keep[i]: their keys, all hashes, no fallback. */
teal_envelope test_forwarded(const teal_envelope *e, const bool *keep, teal_arena *arena);

/* Signed by account number `account`, with devices test_device_of(first) and on, in order. */
teal_manifest test_manifest(const teal_bytes *handles, size_t n_handles, uint64_t account,
                            uint64_t first, size_t n_devices, teal_arena *arena);
teal_manifest test_manifest_random(test_random *r, teal_arena *arena);

/* Valid, signed by `gateway`. */
teal_receipt test_receipt_random(test_random *r, const test_device *gateway, teal_arena *arena);

#endif
