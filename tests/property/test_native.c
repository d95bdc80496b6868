/* Properties of the native codecs: envelopes whole, forwarded and detached, their transcript,
 * manifests, prekeys, and receipts. */
#include "codecs/native/forwarding_grant.h"
#include "codecs/native/manifest.h"
#include "codecs/native/receipt.h"
#include "codecs/native/transcript.h"
#include "tests/support/envelopes.h"
#include "tests/support/recode.h"

#include "proto/envelope.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

static _Alignas(16) uint8_t room[256 << 10], scratch_room[512 << 10];
static uint8_t encoded[64 << 10];

static teal_arena fresh(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

static teal_arena scratch(void)
{
    return (teal_arena){ scratch_room, sizeof scratch_room, 0 };
}

static teal_writer output(void)
{
    return (teal_writer){ encoded, sizeof encoded, 0 };
}

/* --- envelopes ---------------------------------------------------------------------------------
 */

static recoded recode_envelope(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch();
    teal_envelope e;
    recoded what = { 0 };
    what.decoded = teal_envelope_decode(in, &arena, &e, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_envelope_encode(&e, out);
    return what;
}

static recoded recode_detached(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch();
    teal_envelope e;
    recoded what = { 0 };
    what.decoded = teal_envelope_decode_detached(in, &arena, &e, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_envelope_encode(&e, out);
    return what;
}

/* As sent, as forwarded to some of its devices, or as a gateway sends it. */
static teal_envelope random_envelope(test_random *r, teal_arena *arena, test_sealed *s)
{
    bool keep[TEST_MAX_TO];
    test_sealed_random(r, arena, s);
    switch (test_random_below(r, 3)) {
    case 0:
        return s->envelope;
    case 1:
        for (size_t i = 0; i < TEST_MAX_TO; i++)
            keep[i] = test_random_bool(r);
        return test_forwarded(&s->envelope, keep, arena);
    default:
        test_sealed_as_inbound(s);
        return s->envelope;
    }
}

static const char *same_transcript(const teal_envelope *a, const teal_envelope *b,
                                   const teal_hash *ciphertext_of_b)
{
    teal_hash of_a, of_b;
    teal_transcript_hash(a, NULL, &of_a);
    teal_transcript_hash(b, ciphertext_of_b, &of_b);
    return property_differ(TEAL_VIEW(of_b.at), TEAL_VIEW(of_a.at));
}

/* The transcript covers every field, so equal transcripts are equal fields. */
static const char *envelope_comes_back(test_random *r)
{
    teal_arena arena = fresh(), a = scratch();
    teal_writer w = output();
    test_sealed s;
    teal_envelope e = random_envelope(r, &arena, &s), back;
    teal_diag why = { 0 };
    return property_ok(teal_envelope_check(&e, &why), &why)
               ?: property_ok(teal_envelope_encode(&e, &w), NULL)
               ?: property_ok(teal_envelope_decode(teal_written(&w), &a, &back, &why), &why)
               ?: property_ok(test_envelope_verify(&back, NULL, s.sender.sign_pk, &why), &why)
               ?: same_transcript(&e, &back, NULL)
               ?: property_differ(back.ciphertext, e.ciphertext)
               ?: property_that(back.n_keys == e.n_keys)
               ?: property_that(back.n_key_hashes == e.n_key_hashes)
               ?: property_differ(back.downgrade.sealed, e.downgrade.sealed)
               ?: recode_canonical(recode_envelope, teal_written(&w));
}

/* protobuf-c reads the same message, and writes it in the same octets. */
static const char *protobuf_c_agrees(test_random *r)
{
    static uint8_t again[sizeof encoded];
    teal_arena arena = fresh();
    teal_writer w = output();
    test_sealed s;
    teal_envelope e = random_envelope(r, &arena, &s);
    const char *wrong = property_ok(teal_envelope_encode(&e, &w), NULL);
    Teal__V1__Envelope *theirs = teal__v1__envelope__unpack(NULL, w.len, encoded);
    wrong = wrong
                ?: property_that(theirs != NULL)
                ?: property_differ(teal_text(theirs->message_id), e.message_id)
                ?: property_that(theirs->n_recipients == e.n_recipients)
                ?: property_that(theirs->n_keys == e.n_keys)
                ?: property_that(theirs->n_key_hashes == e.n_key_hashes)
                ?: property_that(theirs->sent_at_ms == e.sent_at_ms)
                ?: property_that((theirs->downgrade != NULL) == e.has_downgrade)
                ?: property_that((theirs->origin != NULL) == e.has_origin)
                ?: property_that(teal__v1__envelope__get_packed_size(theirs) <= sizeof again);
    if (wrong == NULL) {
        teal_bytes packed = { again, teal__v1__envelope__pack(theirs, again) };
        wrong = property_differ(packed, teal_written(&w));
    }
    teal__v1__envelope__free_unpacked(theirs, NULL);
    return wrong;
}

static const char *changed_envelope_is_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer w = output();
    test_sealed s;
    teal_envelope e = random_envelope(r, &arena, &s);
    return property_ok(teal_envelope_encode(&e, &w), NULL)
               ?: recode_mutated(recode_envelope, teal_written(&w), r);
}

/* Of what nobody changed all verifies; of what anybody changed nothing does. */
static const char *changed_envelope_is_forged(test_random *r)
{
    teal_arena arena = fresh(), a = scratch();
    teal_writer w = output();
    test_sealed s;
    teal_envelope e = random_envelope(r, &arena, &s), back;
    const char *wrong = property_ok(teal_envelope_encode(&e, &w), NULL);
    if (wrong != NULL)
        return wrong;
    encoded[test_random_below(r, w.len)] ^= (uint8_t)(1U << test_random_below(r, 8));
    if (teal_envelope_decode(teal_written(&w), &a, &back, NULL) != TEAL_OK)
        return property_moot;
    return property_that(test_envelope_verify(&back, NULL, s.sender.sign_pk, NULL) == TEAL_FORGED);
}

/* What the room is given, which has neither the ciphertext nor a key. */
static teal_envelope random_detached(test_random *r, teal_arena *arena, test_sealed *s,
                                     teal_hash *ciphertext)
{
    static const bool none[TEST_MAX_TO];
    test_sealed_random(r, arena, s);
    teal_envelope e = test_forwarded(&s->envelope, none, arena);
    e.downgrade = s->envelope.downgrade; /* with its fallback */
    crypto_hash_sha256(ciphertext->at, e.ciphertext.at, e.ciphertext.len);
    e.ciphertext = (teal_bytes){ 0 };
    return e;
}

static const char *detached_verifies(test_random *r)
{
    teal_arena arena = fresh(), a = scratch();
    teal_writer w = output();
    test_sealed s;
    teal_hash ciphertext;
    teal_envelope e = random_detached(r, &arena, &s, &ciphertext), back;
    teal_diag why = { 0 };
    const char *wrong =
        property_ok(teal_envelope_encode(&e, &w), NULL)
            ?: property_ok(teal_envelope_decode_detached(teal_written(&w), &a, &back, &why), &why)
            ?: property_ok(test_envelope_verify(&back, &ciphertext, s.sender.sign_pk, &why), &why)
            ?: same_transcript(&s.envelope, &back, &ciphertext)
            ?: recode_canonical(recode_detached, teal_written(&w));
    ciphertext.at[test_random_below(r, TEAL_HASH_BYTES)] ^= 1;
    return wrong
               ?: property_that(test_envelope_verify(&e, &ciphertext, s.sender.sign_pk, NULL) ==
                                TEAL_FORGED);
}

/* One decoder refuses what is for the other. */
static const char *whole_and_detached_are_told_apart(test_random *r)
{
    teal_arena arena = fresh(), a = scratch();
    teal_writer whole = output(), part = { encoded + sizeof encoded / 2, sizeof encoded / 2, 0 };
    test_sealed s;
    teal_hash ciphertext;
    teal_envelope e = random_detached(r, &arena, &s, &ciphertext), back;
    return property_ok(teal_envelope_encode(&s.envelope, &whole), NULL)
               ?: property_that(teal_envelope_decode_detached(teal_written(&whole), &a, &back,
                                                              NULL) == TEAL_MALFORMED)
               ?: property_ok(teal_envelope_encode(&e, &part), NULL)
               ?: property_that(teal_envelope_decode(teal_written(&part), &a, &back, NULL) ==
                                TEAL_MALFORMED);
}

static const char *changed_detached_is_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer w = output();
    test_sealed s;
    teal_hash ciphertext;
    teal_envelope e = random_detached(r, &arena, &s, &ciphertext);
    return property_ok(teal_envelope_encode(&e, &w), NULL)
               ?: recode_mutated(recode_detached, teal_written(&w), r);
}

static void test_envelopes(void **state)
{
    (void)state;
    assert_property(envelope_comes_back, 300);
    assert_property(protobuf_c_agrees, 300);
    assert_property(changed_envelope_is_canonical, 500);
    assert_property(changed_envelope_is_forged, 300);
}

static void test_detached(void **state)
{
    (void)state;
    assert_property(detached_verifies, 200);
    assert_property(whole_and_detached_are_told_apart, 100);
    assert_property(changed_detached_is_canonical, 300);
}

/* --- manifests and prekeys ---------------------------------------------------------------------
 */

static recoded recode_manifest(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch();
    teal_manifest m;
    recoded what = { 0 };
    what.decoded = teal_manifest_decode(in, &arena, &m, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_manifest_encode(&m, out);
    return what;
}

static const char *same_manifest(const teal_manifest *a, const teal_manifest *b)
{
    teal_hash of_a, of_b;
    teal_manifest_hash(a, &of_a);
    teal_manifest_hash(b, &of_b);
    const char *wrong = property_differ(TEAL_VIEW(of_a.at), TEAL_VIEW(of_b.at));
    for (size_t i = 0; i < b->n_devices && wrong == NULL; i++)
        wrong = property_that(teal_manifest_device(a, b->devices[i].id) == &a->devices[i]);
    for (size_t i = 0; i < b->n_handles && wrong == NULL; i++)
        wrong = property_that(teal_manifest_has_handle(a, b->handles[i]));
    return wrong;
}

static const char *manifest_comes_back(test_random *r)
{
    teal_arena arena = fresh(), a = scratch();
    teal_writer w = output();
    teal_manifest m = test_manifest_random(r, &arena), back;
    teal_diag why = { 0 };
    return property_ok(teal_manifest_encode(&m, &w), NULL)
               ?: property_ok(teal_manifest_decode(teal_written(&w), &a, &back, &why), &why)
               ?: property_ok(teal_manifest_verify(&back, &why), &why)
               ?: same_manifest(&back, &m)
               ?: recode_canonical(recode_manifest, teal_written(&w));
}

static const char *changed_manifest_is_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer w = output();
    teal_manifest m = test_manifest_random(r, &arena);
    return property_ok(teal_manifest_encode(&m, &w), NULL)
               ?: recode_mutated(recode_manifest, teal_written(&w), r);
}

static recoded recode_prekeys(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch();
    teal_prekeys p;
    recoded what = { 0 };
    what.decoded = teal_prekeys_decode(in, &arena, &p, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_prekeys_encode(&p, out);
    return what;
}

static recoded recode_prekey(teal_bytes in, teal_writer *out)
{
    teal_prekey p;
    recoded what = { 0 };
    what.decoded = teal_prekey_decode(in, &p, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_prekey_encode(&p, out);
    return what;
}

/* Signed by device 1; ids are distinct, each above the one before. */
static teal_prekeys random_prekeys(test_random *r, teal_arena *arena)
{
    test_device device = test_device_of(1);
    teal_prekeys all = { .n_prekeys = test_random_between(r, 1, 8) };
    teal_prekey *prekeys = teal_arena_array(arena, all.n_prekeys, sizeof *prekeys);
    uint32_t id = (uint32_t)test_random_below(r, 1U << 31);
    for (size_t i = 0; i < all.n_prekeys; i++) {
        prekeys[i].id = id;
        test_random_fill(r, prekeys[i].key, sizeof prekeys[i].key);
        teal_prekey_sign(&prekeys[i], device.id, device.sign_sk);
        id += (uint32_t)test_random_between(r, 1, 1000);
    }
    memcpy(all.device, device.id, sizeof all.device);
    all.prekeys = prekeys;
    return all;
}

static const char *prekeys_come_back(test_random *r)
{
    teal_arena arena = fresh(), a = scratch();
    test_device device = test_device_of(1);
    teal_writer w = output();
    teal_prekeys all = random_prekeys(r, &arena), back;
    teal_diag why = { 0 };
    const char *wrong =
        property_ok(teal_prekeys_encode(&all, &w), NULL)
            ?: property_ok(teal_prekeys_decode(teal_written(&w), &a, &back, &why), &why)
            ?: property_differ(TEAL_VIEW(back.device), TEAL_VIEW(all.device))
            ?: property_that(back.n_prekeys == all.n_prekeys)
            ?: recode_canonical(recode_prekeys, teal_written(&w));
    if (wrong != NULL)
        return wrong;
    teal_writer one = output();
    const teal_prekey *last = &all.prekeys[all.n_prekeys - 1];
    return property_ok(teal_prekey_verify(last, device.id, device.sign_pk, NULL), NULL)
               ?: property_ok(teal_prekey_encode(last, &one), NULL)
               ?: recode_canonical(recode_prekey, teal_written(&one));
}

static const char *changed_prekeys_are_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer w = output();
    teal_prekeys all = random_prekeys(r, &arena);
    if (test_random_bool(r))
        return property_ok(teal_prekey_encode(all.prekeys, &w), NULL)
                   ?: recode_mutated(recode_prekey, teal_written(&w), r);
    return property_ok(teal_prekeys_encode(&all, &w), NULL)
               ?: recode_mutated(recode_prekeys, teal_written(&w), r);
}

static void test_manifests(void **state)
{
    (void)state;
    assert_property(manifest_comes_back, 200);
    assert_property(changed_manifest_is_canonical, 500);
    assert_property(prekeys_come_back, 200);
    assert_property(changed_prekeys_are_canonical, 300);
}

/* --- grants of text forwarding -----------------------------------------------------------------
 */

static recoded recode_grant(teal_bytes in, teal_writer *out)
{
    teal_forwarding_grant g;
    recoded what = { .decoded = teal_forwarding_grant_decode(in, &g, &what.why) };
    if (what.decoded == TEAL_OK)
        what.encoded = teal_forwarding_grant_encode(&g, out);
    return what;
}

static teal_forwarding_grant random_grant(test_random *r, teal_arena *arena,
                                          uint8_t account_key[static TEAL_KEY_BYTES])
{
    uint8_t sk[64];
    char *handle = teal_arena_take(arena, 32);
    snprintf(handle, 32, "tel:+1415%07u", (unsigned)test_random_below(r, 10000000));
    teal_forwarding_grant g = { .handle = teal_text(handle),
                                .granted_at_ms = test_random_below(r, INT64_C(1) << 62),
                                .revoked = test_random_bool(r),
                                .sequence = test_random_between(r, 1, INT64_MAX) };
    g.expires_at_ms = g.granted_at_ms + test_random_between(r, 1, TEAL_MAX_FORWARDING_MS);
    test_random_fill(r, g.device, sizeof g.device);
    test_random_fill(r, g.signing_key, sizeof g.signing_key);
    test_account_keys(1, account_key, sk);
    teal_forwarding_grant_sign(&g, sk);
    return g;
}

static const char *grant_comes_back(test_random *r)
{
    uint8_t account_key[TEAL_KEY_BYTES];
    teal_hash want, got;
    teal_arena arena = fresh();
    teal_writer w = output();
    teal_forwarding_grant g = random_grant(r, &arena, account_key), back;
    teal_diag why = { 0 };
    const char *wrong =
        property_ok(teal_forwarding_grant_encode(&g, &w), NULL)
            ?: property_ok(teal_forwarding_grant_decode(teal_written(&w), &back, &why), &why)
            ?: property_ok(teal_forwarding_grant_verify(&back, account_key, &why), &why)
            ?: recode_canonical(recode_grant, teal_written(&w));
    if (wrong != NULL)
        return wrong;
    teal_forwarding_grant_hash(&g, &want);
    teal_forwarding_grant_hash(&back, &got);
    return property_differ(TEAL_VIEW(got.at), TEAL_VIEW(want.at));
}

static const char *changed_grant_is_canonical(test_random *r)
{
    uint8_t account_key[TEAL_KEY_BYTES];
    teal_arena arena = fresh();
    teal_writer w = output();
    teal_forwarding_grant g = random_grant(r, &arena, account_key);
    return property_ok(teal_forwarding_grant_encode(&g, &w), NULL)
               ?: recode_mutated(recode_grant, teal_written(&w), r);
}

/* One octet is another: it does not decode, or is nobody's word. */
static const char *changed_grant_is_forged(test_random *r)
{
    uint8_t account_key[TEAL_KEY_BYTES];
    teal_arena arena = fresh();
    teal_writer w = output();
    teal_forwarding_grant g = random_grant(r, &arena, account_key), back;
    const char *wrong = property_ok(teal_forwarding_grant_encode(&g, &w), NULL);
    if (wrong != NULL)
        return wrong;
    encoded[test_random_below(r, w.len)] ^= (uint8_t)test_random_between(r, 1, 255);
    if (teal_forwarding_grant_decode(teal_written(&w), &back, NULL) != TEAL_OK)
        return property_moot;
    return property_that(teal_forwarding_grant_verify(&back, account_key, NULL) == TEAL_FORGED);
}

static void test_grants(void **state)
{
    (void)state;
    assert_property(grant_comes_back, 200);
    assert_property(changed_grant_is_canonical, 300);
    assert_property(changed_grant_is_forged, 200);
}

/* --- receipts ----------------------------------------------------------------------------------
 */

static recoded recode_receipt(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch();
    teal_receipt receipt;
    recoded what = { 0 };
    what.decoded = teal_receipt_decode(in, &arena, &receipt, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_receipt_encode(&receipt, out);
    return what;
}

static teal_bytes transcript_of(const teal_receipt *receipt, uint8_t *at, size_t cap)
{
    teal_writer w = { at, cap, 0 };
    teal_receipt_transcript(receipt, &w);
    return teal_written(&w);
}

static const char *receipt_comes_back(test_random *r)
{
    uint8_t want[4096], got[4096];
    teal_arena arena = fresh(), a = scratch();
    test_device gateway = test_device_of(1);
    teal_writer w = output();
    teal_receipt receipt = test_receipt_random(r, &gateway, &arena), back;
    teal_diag why = { 0 };
    return property_ok(teal_receipt_encode(&receipt, &w), NULL)
               ?: property_ok(teal_receipt_decode(teal_written(&w), &a, &back, &why), &why)
               ?: property_ok(teal_receipt_verify(&back, gateway.sign_pk, &why), &why)
               ?: property_differ(transcript_of(&back, got, sizeof got),
                                  transcript_of(&receipt, want, sizeof want))
               ?: recode_canonical(recode_receipt, teal_written(&w));
}

static const char *changed_receipt_is_canonical(test_random *r)
{
    teal_arena arena = fresh();
    test_device gateway = test_device_of(1);
    teal_writer w = output();
    teal_receipt receipt = test_receipt_random(r, &gateway, &arena);
    return property_ok(teal_receipt_encode(&receipt, &w), NULL)
               ?: recode_mutated(recode_receipt, teal_written(&w), r);
}

static void test_receipts(void **state)
{
    (void)state;
    assert_property(receipt_comes_back, 300);
    assert_property(changed_receipt_is_canonical, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelopes), cmocka_unit_test(test_detached),
        cmocka_unit_test(test_manifests), cmocka_unit_test(test_grants),
        cmocka_unit_test(test_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
