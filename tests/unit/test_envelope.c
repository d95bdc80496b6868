/* Envelopes: what anybody changed on the way is refused, and what does not fit. */
#include "codecs/native/envelope.h"
#include "codecs/native/transcript.h"

#include "tests/support/envelopes.h"
#include "tests/support/exact.h"

#include "proto/envelope.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>

enum { ROUNDS = 300 };

typedef struct fixture {
    test_random random;
    teal_arena arena; /* of the inputs */
    teal_arena scratch;
    test_sealed sealed;
    uint8_t encoded[16 << 10];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->random = test_random_of(test_seed());
    f->arena = (teal_arena){ malloc(TEST_ENVELOPE_ARENA), TEST_ENVELOPE_ARENA, 0 };
    f->scratch = (teal_arena){ malloc(2 * TEST_ENVELOPE_ARENA), 2 * TEST_ENVELOPE_ARENA, 0 };
    assert_true(f->arena.base != NULL && f->scratch.base != NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    free(f->arena.base);
    free(f->scratch.base);
    free(f);
    return 0;
}

static test_sealed *fresh(fixture *f)
{
    f->arena.used = 0;
    test_sealed_random(&f->random, &f->arena, &f->sealed);
    return &f->sealed;
}

static teal_bytes encode(fixture *f, const teal_envelope *e)
{
    teal_writer w = { f->encoded, sizeof f->encoded, 0 };
    assert_int_equal(teal_envelope_check(e, NULL), TEAL_OK);
    assert_int_equal(teal_envelope_encode(e, &w), TEAL_OK);
    return teal_written(&w);
}

/* Decodes and verifies from a heap block of exactly the size, as one who knows the sender does. */
static teal_result accept(fixture *f, teal_bytes in, teal_envelope *out, teal_diag *why)
{
    uint8_t *exact = exact_copy(in.at, in.len);
    f->scratch.used = 0;
    teal_result result = teal_envelope_decode((teal_bytes){ exact, in.len }, &f->scratch, out, why);
    free(exact);
    if (result == TEAL_OK)
        result = test_envelope_verify(out, NULL, f->sealed.sender.sign_pk, why);
    return result;
}

static void assert_no_truncation(fixture *f, const teal_envelope *e)
{
    teal_envelope got;
    teal_bytes encoded = encode(f, e);
    for (size_t len = 0; len < encoded.len; len++) {
        teal_diag why = { 0 };
        if (accept(f, (teal_bytes){ encoded.at, len }, &got, &why) == TEAL_OK)
            fail_msg("accepted when cut at %zu of %zu", len, encoded.len);
        assert_non_null(why.rule);
        assert_true(why.at <= len);
    }
}

static void assert_no_flip(fixture *f, const teal_envelope *e)
{
    teal_envelope got;
    teal_bytes encoded = encode(f, e);
    for (size_t bit = 0; bit < encoded.len * 8; bit++) {
        f->encoded[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (accept(f, encoded, &got, NULL) == TEAL_OK)
            fail_msg("accepted with bit %zu flipped", bit);
        f->encoded[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_equal(accept(f, encoded, &got, NULL), TEAL_OK);
}

/* One small envelope of each form: whole with a fallback, forwarded, inbound. */
static void for_each_form(fixture *f, void (*check)(fixture *, const teal_envelope *))
{
    static const bool keep[TEST_MAX_TO] = { true };
    test_sealed *s;
    do
        s = fresh(f);
    while (!s->envelope.has_downgrade || s->n_to < 2 || s->content.len + s->fallback.len > 400);
    check(f, &s->envelope);
    teal_envelope forwarded = test_forwarded(&s->envelope, keep, &f->arena);
    check(f, &forwarded);
    test_sealed_as_inbound(s);
    check(f, &s->envelope);
}

static void test_every_truncation(void **state)
{
    for_each_form(*state, assert_no_truncation);
}

static void test_every_bit_flip(void **state)
{
    for_each_form(*state, assert_no_flip);
}

/* What is promised of the arena's size holds, and in less nothing is decoded by half. */
static void test_arena(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < ROUNDS; i++) {
        teal_envelope got = { .suite = 77 };
        teal_bytes encoded = encode(f, &fresh(f)->envelope);
        size_t enough = TEAL_ENVELOPE_ARENA(encoded.len);
        teal_arena arena = { malloc(enough), enough, 0 };
        assert_non_null(arena.base);
        assert_int_equal(teal_envelope_decode(encoded, &arena, &got, NULL), TEAL_OK);
        size_t needed = arena.used;
        got.suite = 77;
        arena.cap = test_random_below(&f->random, needed);
        arena.used = 0;
        assert_int_equal(teal_envelope_decode(encoded, &arena, &got, NULL), TEAL_SPACE);
        assert_int_equal(got.suite, 77);
        free(arena.base);
    }
}

/* The largest envelope that the limits allow fits the arena, and one more of anything is over. */
static void test_largest(void **state)
{
    fixture *f = *state;
    test_sealed *s = fresh(f);
    teal_envelope e = s->envelope, got;
    static teal_bytes recipients[TEAL_MAX_RECIPIENTS + 1];
    static char names[TEAL_MAX_RECIPIENTS + 1][TEAL_MAX_HANDLE_BYTES + 1];
    static teal_wrapped_key keys[TEAL_MAX_KEYS + 1];
    static uint8_t ciphertext[TEAL_MAX_CIPHERTEXT_BYTES + 1];
    static uint8_t encoded[TEAL_MAX_CIPHERTEXT_BYTES + (512 << 10)];
    for (size_t i = 0; i <= TEAL_MAX_RECIPIENTS; i++) {
        memset(names[i], 'a', TEAL_MAX_HANDLE_BYTES);
        memcpy(names[i], "im:", 3);
        snprintf(names[i] + TEAL_MAX_HANDLE_BYTES - 15, 16, "%03zu@native.beat", i);
        recipients[i] = teal_text(names[i]);
    }
    memset(keys, 0xff, sizeof keys);
    e.recipients = recipients;
    e.n_recipients = TEAL_MAX_RECIPIENTS;
    e.keys = keys;
    e.n_keys = TEAL_MAX_KEYS;
    e.ciphertext = (teal_bytes){ ciphertext, TEAL_MAX_CIPHERTEXT_BYTES };
    test_envelope_sign(&e, s->sender.sign_sk);

    teal_writer w = { encoded, sizeof encoded, 0 };
    assert_int_equal(teal_envelope_check(&e, NULL), TEAL_OK);
    assert_int_equal(teal_envelope_encode(&e, &w), TEAL_OK);
    teal_arena arena = { malloc(TEAL_ENVELOPE_ARENA(w.len)), TEAL_ENVELOPE_ARENA(w.len), 0 };
    assert_int_equal(teal_envelope_decode(teal_written(&w), &arena, &got, NULL), TEAL_OK);
    size_t used = arena.used;
    assert_int_equal(teal_envelope_verify(&got, NULL, s->sender.sign_pk, &arena, NULL), TEAL_OK);
    assert_int_equal(arena.used, used); /* scratch, of which nothing is kept */
    free(arena.base);

    teal_envelope more = e;
    more.n_recipients++;
    assert_int_equal(teal_envelope_check(&more, NULL), TEAL_LIMIT);
    more = e;
    more.n_keys++;
    assert_int_equal(teal_envelope_check(&more, NULL), TEAL_LIMIT);
    more = e;
    more.ciphertext.len++;
    assert_int_equal(teal_envelope_check(&more, NULL), TEAL_LIMIT);
}

/* A flood of empty elements, 2 octets each, gets no memory: the arena holds the input and little
 * more, and what is found wrong is the flood, not the lack of room. */
static void test_amplification(void **state)
{
    fixture *f = *state;
    const teal_envelope *e = &fresh(f)->envelope;
    teal_bytes good = encode(f, e);
    enum { FLOOD = 1 << 20 };
    uint8_t *flood = malloc(FLOOD);
    teal_arena arena = { malloc(FLOOD + 1024), FLOOD + 1024, 0 };
    teal_writer w = { flood, FLOOD, 0 };
    assert_true(flood != NULL && arena.base != NULL);
    /* suite .. sender_device: all that stands before the recipients */
    size_t before = 2 + 2 + e->message_id.len + 2 + e->conversation_id.len +
                    (e->sender.len < 128 ? 2 : 3) + e->sender.len + 2 + TEAL_DEVICE_BYTES;
    teal_write_bytes(&w, (teal_bytes){ good.at, before });
    while (w.len + 2 <= FLOOD)
        teal_write_u16(&w, (6 << 3 | 2) << 8);
    teal_envelope got;
    assert_int_equal(teal_envelope_decode(teal_written(&w), &arena, &got, NULL), TEAL_LIMIT);
    free(arena.base);
    free(flood);
}

/* --- the gateway's part ----------------------------------------------------------------------- */

static void test_dropped_keys(void **state)
{
    fixture *f = *state;
    test_sealed *s;
    do
        s = fresh(f);
    while (s->n_to < 3);
    static const bool keep[TEST_MAX_TO] = { false, true, true };
    teal_envelope part = test_forwarded(&s->envelope, keep, &f->arena);
    assert_int_equal(part.n_keys, 2);
    assert_int_equal(teal_envelope_check(&part, NULL), TEAL_OK);
    assert_int_equal(test_envelope_verify(&part, NULL, s->sender.sign_pk, NULL), TEAL_OK);

    teal_wrapped_key keys[3] = { s->envelope.keys[2], s->envelope.keys[1] };
    teal_envelope changed = part;
    changed.keys = keys;
    assert_int_equal(teal_envelope_check(&changed, NULL), TEAL_FORGED); /* out of order */
    keys[0] = s->envelope.keys[1];
    keys[1] = s->envelope.keys[1];
    assert_int_equal(teal_envelope_check(&changed, NULL), TEAL_FORGED); /* one twice */
    keys[1] = s->envelope.keys[2];
    keys[1].wrapped[0] ^= 1;
    assert_int_equal(teal_envelope_check(&changed, NULL), TEAL_FORGED); /* one of its own */
    memcpy(keys, s->envelope.keys, sizeof keys);
    changed.n_keys = 3;
    changed.n_key_hashes = 2;
    assert_int_equal(teal_envelope_check(&changed, NULL), TEAL_FORGED); /* more keys than hashes */

    teal_envelope without = s->envelope; /* dropped, and nothing said */
    without.n_keys--;
    assert_int_equal(teal_envelope_check(&without, NULL), TEAL_OK);
    assert_int_equal(test_envelope_verify(&without, NULL, s->sender.sign_pk, NULL), TEAL_FORGED);
}

static void test_dropped_fallback(void **state)
{
    fixture *f = *state;
    test_sealed *s;
    do
        s = fresh(f);
    while (!s->envelope.has_downgrade);
    teal_envelope e = s->envelope;
    e.downgrade.enc = e.downgrade.sealed = (teal_bytes){ 0 };
    assert_int_equal(teal_envelope_check(&e, NULL), TEAL_OK);
    assert_int_equal(test_envelope_verify(&e, NULL, s->sender.sign_pk, NULL), TEAL_OK);
    e.downgrade.enc = s->envelope.downgrade.enc;
    assert_int_equal(teal_envelope_check(&e, NULL), TEAL_MALFORMED);
    e.downgrade.sealed = teal_text("something else that is long enough");
    assert_int_equal(teal_envelope_check(&e, NULL), TEAL_FORGED);
    e = s->envelope;
    e.has_downgrade = false;
    assert_int_equal(test_envelope_verify(&e, NULL, s->sender.sign_pk, NULL), TEAL_FORGED);
}

static void test_ciphertext_by_hash(void **state)
{
    fixture *f = *state;
    test_sealed *s = fresh(f);
    teal_hash hash;
    teal_envelope e = s->envelope;
    crypto_hash_sha256(hash.at, e.ciphertext.at, e.ciphertext.len);
    e.ciphertext = (teal_bytes){ 0 };
    assert_int_equal(test_envelope_verify(&e, &hash, s->sender.sign_pk, NULL), TEAL_OK);
    hash.at[0] ^= 1;
    assert_int_equal(test_envelope_verify(&e, &hash, s->sender.sign_pk, NULL), TEAL_FORGED);
}

/* The transcript needs its scratch whole, to the octet. */
static void test_scratch(void **state)
{
    fixture *f = *state;
    test_sealed *s = fresh(f);
    teal_diag why = { 0 };
    teal_writer measure = { 0 };
    teal_transcript_write(&s->envelope, NULL, &measure);
    teal_arena scratch = { malloc(measure.len), measure.len - 1, 0 };
    assert_non_null(scratch.base);
    assert_int_equal(teal_envelope_sign(&s->envelope, s->sender.sign_sk, &scratch), TEAL_SPACE);
    assert_int_equal(teal_envelope_verify(&s->envelope, NULL, s->sender.sign_pk, &scratch, &why),
                     TEAL_SPACE);
    scratch.cap++;
    assert_int_equal(teal_envelope_sign(&s->envelope, s->sender.sign_sk, &scratch), TEAL_OK);
    assert_int_equal(teal_envelope_verify(&s->envelope, NULL, s->sender.sign_pk, &scratch, &why),
                     TEAL_OK);
    free(scratch.base);
}

static void test_other_device(void **state)
{
    fixture *f = *state;
    teal_diag why = { 0 };
    test_sealed *s = fresh(f);
    test_device other = test_device_of(1);
    assert_int_equal(test_envelope_verify(&s->envelope, NULL, other.sign_pk, &why), TEAL_FORGED);
    assert_string_equal(why.rule, "REQ-TRN-1 not signed by this device");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_bit_flip),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_dropped_keys),
        cmocka_unit_test(test_dropped_fallback),
        cmocka_unit_test(test_ciphertext_by_hash),
        cmocka_unit_test(test_scratch),
        cmocka_unit_test(test_other_device),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
