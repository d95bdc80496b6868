/* Detached envelopes: what the room is given verifies as the whole does, and nothing that was to be
 * left out gets through. */
#include "codecs/native/transcript.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/envelopes.h"

enum { ROUNDS = 200, ARENA_BYTES = 512 << 10 };

static teal_bytes encode(const teal_envelope *e, teal_arena *arena)
{
    teal_writer w = { teal_arena_take(arena, 64 << 10), 64 << 10, 0 };
    assert_int_equal(teal_envelope_encode(e, &w), TEAL_OK);
    return teal_written(&w);
}

static void check_one(test_random *r, teal_arena *arena)
{
    static const bool none[TEST_MAX_TO];
    test_sealed s;
    teal_envelope out;
    teal_hash hash, whole, detached;
    teal_diag why;
    test_sealed_random(r, arena, &s);
    teal_envelope e = test_forwarded(&s.envelope, none, arena);
    e.downgrade = s.envelope.downgrade; /* with its fallback */
    assert_int_equal(teal_envelope_decode_detached(encode(&s.envelope, arena), arena, &out, &why),
                     TEAL_MALFORMED);
    crypto_hash_sha256(hash.at, e.ciphertext.at, e.ciphertext.len);
    e.ciphertext = (teal_bytes){ 0 };
    teal_bytes encoded = encode(&e, arena);
    assert_int_equal(teal_envelope_decode(encoded, arena, &out, &why), TEAL_MALFORMED);
    assert_int_equal(teal_envelope_decode_detached(encoded, arena, &out, &why), TEAL_OK);
    assert_int_equal(test_envelope_verify(&out, &hash, s.sender.sign_pk, &why), TEAL_OK);
    teal_transcript_hash(&s.envelope, NULL, &whole);
    teal_transcript_hash(&out, &hash, &detached);
    assert_memory_equal(whole.at, detached.at, sizeof whole.at);
    hash.at[0] ^= 1;
    assert_int_equal(test_envelope_verify(&out, &hash, s.sender.sign_pk, &why), TEAL_FORGED);
}

static void detached_envelopes_verify(void **state)
{
    (void)state;
    static uint8_t memory[ARENA_BYTES];
    test_random r = test_random_of(test_seed());
    for (int i = 0; i < ROUNDS; i++) {
        teal_arena arena = { memory, sizeof memory, 0 };
        check_one(&r, &arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(detached_envelopes_verify) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
