/* What one device is given of an envelope: enough to verify and open it, nothing of others.
 * PROTOCOL.md REQ-REST-21. */
#include "gateway/core/forward.h"

#include "codecs/native/transcript.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROUNDS = 50, ARENA = 1 << 20 };

static uint8_t memory[ARENA];

static void assert_same_hashes(const teal_envelope *whole, const teal_envelope *part)
{
    assert_int_equal(part->n_key_hashes, whole->n_keys);
    for (size_t i = 0; i < whole->n_keys; i++) {
        teal_hash hash;
        teal_transcript_key_hash(&whole->keys[i], &hash);
        assert_memory_equal(hash.at, part->key_hashes[i].at, TEAL_HASH_BYTES);
    }
}

static void assert_verifies_and_opens(const test_sealed *s, const test_device *to,
                                      const teal_envelope *part)
{
    static uint8_t content[TEST_ENVELOPE_ARENA];
    size_t len = 0;
    assert_int_equal(test_envelope_verify(part, NULL, s->sender.sign_pk, NULL), TEAL_OK);
    assert_int_equal(part->n_keys, 1);
    assert_memory_equal(part->keys[0].device, to->id, TEAL_DEVICE_BYTES);
    assert_true(part->ciphertext.len <= sizeof content);
    assert_int_equal(
        teal_open(part, &part->keys[0], to->prekey_pk, to->prekey_sk, content, &len, NULL),
        TEAL_OK);
    assert_int_equal(len, s->content.len);
    assert_memory_equal(content, s->content.at, len);
}

/* As a device receives it: encoded, decoded, checked. */
static teal_envelope carried(const teal_envelope *part, teal_arena *arena)
{
    teal_envelope out;
    teal_writer w = { teal_arena_take(arena, TEST_ENVELOPE_ARENA), TEST_ENVELOPE_ARENA, 0 };
    assert_int_equal(teal_envelope_encode(part, &w), TEAL_OK);
    assert_int_equal(teal_envelope_decode(teal_written(&w), arena, &out, NULL), TEAL_OK);
    return out;
}

static void test_each_device_gets_its_own_key(void **state)
{
    (void)state;
    test_random r = test_random_of(test_seed());
    for (size_t round = 0; round < ROUNDS; round++) {
        teal_arena arena = { memory, sizeof memory, 0 };
        test_sealed s;
        test_sealed_random(&r, &arena, &s);
        const size_t mark = arena.used;
        for (size_t i = 0; i < s.n_to; i++) {
            teal_envelope part;
            arena.used = mark;
            assert_true(forward_to_device(&s.envelope, s.to[i].id, &arena, &part));
            assert_int_equal(part.downgrade.enc.len, 0);
            assert_int_equal(part.downgrade.sealed.len, 0);
            teal_envelope got = carried(&part, &arena);
            assert_same_hashes(&s.envelope, &got);
            assert_verifies_and_opens(&s, &s.to[i], &got);
        }
    }
}

static void test_a_part_keeps_the_whole_list(void **state)
{
    (void)state;
    test_random r = test_random_of(test_seed());
    for (size_t round = 0; round < ROUNDS; round++) {
        teal_arena arena = { memory, sizeof memory, 0 };
        test_sealed s;
        teal_envelope part, none;
        test_sealed_random(&r, &arena, &s);
        if (s.n_to < 2)
            continue;
        assert_true(forward_to_device(&s.envelope, s.to[0].id, &arena, &part));
        assert_true(forward_to_device(&part, s.to[1].id, &arena, &none));
        assert_int_equal(none.n_keys, 0);
        assert_same_hashes(&s.envelope, &none);
        assert_int_equal(test_envelope_verify(&none, NULL, s.sender.sign_pk, NULL), TEAL_OK);
    }
}

static void test_a_small_arena_is_said(void **state)
{
    (void)state;
    test_random r = test_random_of(test_seed());
    teal_arena arena = { memory, sizeof memory, 0 };
    test_sealed s;
    teal_envelope part;
    do
        test_sealed_random(&r, &arena, &s);
    while (s.n_to == 0);
    uint8_t little[64];
    teal_arena small = { little, sizeof little, 0 };
    assert_false(forward_to_device(&s.envelope, s.to[0].id, &small, &part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_device_gets_its_own_key),
        cmocka_unit_test(test_a_part_keeps_the_whole_list),
        cmocka_unit_test(test_a_small_arena_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
