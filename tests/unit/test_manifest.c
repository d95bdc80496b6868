/* Manifests and prekeys: rules, and everything that a directory could forge. */
#include "codecs/native/manifest.h"

#include "tests/support/envelopes.h"
#include "tests/support/exact.h"

#include "proto/directory.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 200, ROOM = 64 << 10 };

static uint8_t room[ROOM], scratch_room[ROOM], encoded_room[ROOM], again[ROOM];
static test_random random_source;
static teal_arena arena = { room, sizeof room, 0 };
static teal_arena scratch = { scratch_room, sizeof scratch_room, 0 };

static int set_up(void **state)
{
    (void)state;
    random_source = test_random_of(test_seed());
    return 0;
}

static teal_manifest fresh(void)
{
    arena.used = 0;
    return test_manifest_random(&random_source, &arena);
}

static teal_bytes encode(const teal_manifest *m)
{
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    assert_int_equal(teal_manifest_encode(m, &w), TEAL_OK);
    return teal_written(&w);
}

static teal_result decode(teal_bytes in, teal_manifest *out, teal_diag *why)
{
    uint8_t *exact = exact_copy(in.at, in.len);
    scratch.used = 0;
    teal_result result = teal_manifest_decode((teal_bytes){ exact, in.len }, &scratch, out, why);
    free(exact);
    return result;
}

static teal_result accept(teal_bytes in)
{
    teal_manifest got;
    teal_result result = decode(in, &got, NULL);
    return result == TEAL_OK ? teal_manifest_verify(&got, NULL) : result;
}

static void test_second_opinion(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        teal_manifest m = fresh();
        teal_bytes encoded = encode(&m);
        Teal__V1__Manifest *theirs = teal__v1__manifest__unpack(NULL, encoded.len, encoded.at);
        assert_non_null(theirs);
        assert_int_equal(theirs->version, m.version);
        assert_int_equal(teal__v1__manifest__pack(theirs, again), encoded.len);
        assert_memory_equal(again, encoded.at, encoded.len);
        teal__v1__manifest__free_unpacked(theirs, NULL);
    }
}

static void test_every_truncation_and_flip(void **state)
{
    (void)state;
    teal_manifest m = fresh();
    teal_bytes encoded = encode(&m);
    for (size_t len = 0; len < encoded.len; len++)
        assert_int_not_equal(accept((teal_bytes){ encoded.at, len }), TEAL_OK);
    for (size_t bit = 0; bit < encoded.len * 8; bit++) {
        encoded_room[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (accept(encoded) == TEAL_OK)
            fail_msg("accepted with bit %zu flipped", bit);
        encoded_room[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_equal(accept(encoded), TEAL_OK);
}

/* A directory that puts in a device of its own has no account key to sign with. */
static void test_forged(void **state)
{
    (void)state;
    teal_manifest m = fresh();
    teal_device devices[8];
    test_device mallory = test_device_of(666);
    teal_diag why = { 0 };
    memcpy(devices, m.devices, m.n_devices * sizeof *devices);
    teal_manifest forged = m;
    forged.devices = devices;
    memcpy(devices[0].signing_key, mallory.sign_pk, sizeof mallory.sign_pk);
    assert_int_equal(teal_manifest_verify(&forged, &why), TEAL_FORGED);
    assert_string_equal(why.rule, "REQ-DIR-6 not signed by its account key");
    teal_manifest_sign(&forged, mallory.sign_sk);
    assert_int_equal(teal_manifest_verify(&forged, NULL), TEAL_FORGED);

    forged = m;
    forged.version++;
    assert_int_equal(teal_manifest_verify(&forged, NULL), TEAL_FORGED);
    forged = m;
    forged.n_devices--;
    assert_int_equal(teal_manifest_verify(&forged, NULL), TEAL_FORGED);
    forged = m;
    forged.created_at_ms ^= 1;
    assert_int_equal(teal_manifest_verify(&forged, NULL), TEAL_FORGED);
}

static void assert_rule(teal_manifest m, teal_result want, const char *rule)
{
    teal_manifest got;
    teal_diag why = { 0 };
    assert_int_equal(decode(encode(&m), &got, &why), want);
    if (strncmp(why.rule, rule, strlen(rule)) != 0)
        fail_msg("wanted %s, got %s", rule, why.rule);
}

static void test_rules(void **state)
{
    (void)state;
    teal_manifest good = fresh(), m;
    teal_device devices[TEAL_MAX_DEVICES + 1] = { 0 };
    teal_bytes handles[TEAL_MAX_HANDLES + 1];
    uint8_t hash[32] = { 1 };
    good.version = 1;
    good.previous.len = 0;

    m = good;
    m.version = 0;
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-1 ");
    m.version = 2; /* without the hash of version 1 */
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-1 ");
    m.previous = (teal_bytes){ hash, 31 };
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-1 ");
    m.version = 1;
    m.previous.len = 32;
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-1 ");

    m = good;
    m.n_handles = 0;
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-2 ");
    m.handles = handles;
    m.n_handles = 2;
    handles[0] = handles[1] = good.handles[0];
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-2 ");
    handles[1] = teal_text("IM:alice@native.example");
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-2 ");
    m.n_handles = TEAL_MAX_HANDLES + 1;
    for (size_t i = 0; i < m.n_handles; i++)
        handles[i] = test_handle(&random_source, &arena);
    assert_rule(m, TEAL_LIMIT, "REQ-WIRE-6 ");

    m = good;
    m.n_devices = 0;
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-3 ");
    m.devices = devices;
    m.n_devices = 2;
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-3 ");
    m.n_devices = TEAL_MAX_DEVICES + 1;
    assert_rule(m, TEAL_LIMIT, "REQ-DIR-3 ");
    m.n_devices = 1;
    static const char *const names[] = { "two\nlines", "\xc2\x85", "\xff", "\xed\xa0\x80" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        devices[0].name = teal_text(names[i]);
        assert_rule(m, TEAL_MALFORMED, "REQ-DIR-4 ");
    }
    devices[0].name = (teal_bytes){ (const uint8_t *)"a\0b", 3 };
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-4 ");
    memset(again, 'x', TEAL_MAX_DEVICE_NAME_BYTES + 1);
    devices[0].name = (teal_bytes){ again, TEAL_MAX_DEVICE_NAME_BYTES + 1 };
    assert_rule(m, TEAL_MALFORMED, "REQ-DIR-4 ");

    teal_bytes big = { encoded_room, TEAL_MAX_MANIFEST_BYTES + 1 };
    assert_int_equal(decode(big, &m, NULL), TEAL_LIMIT);
}

/* --- prekeys ---------------------------------------------------------------------------------- */

static void test_prekey_forged(void **state)
{
    (void)state;
    test_device device = test_device_of(1), mallory = test_device_of(666);
    teal_prekey good = test_prekey_of(&device), p = good;
    teal_diag why = { 0 };
    assert_int_equal(teal_prekey_verify(&p, device.id, device.sign_pk, NULL), TEAL_OK);
    memcpy(p.key, mallory.prekey_pk, sizeof p.key);
    assert_int_equal(teal_prekey_verify(&p, device.id, device.sign_pk, &why), TEAL_FORGED);
    assert_string_equal(why.rule, "REQ-DIR-7 prekey is not signed by its device");
    p = good;
    p.id++; /* a one-time prekey handed out again under another id */
    assert_int_equal(teal_prekey_verify(&p, device.id, device.sign_pk, NULL), TEAL_FORGED);
    p = good; /* one device's for another's */
    assert_int_equal(teal_prekey_verify(&p, mallory.id, device.sign_pk, NULL), TEAL_FORGED);
    assert_int_equal(teal_prekey_verify(&p, device.id, mallory.sign_pk, NULL), TEAL_FORGED);
}

static void test_prekey_alone(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 20; n++) {
        test_device device = test_device_of(n);
        teal_prekey p = test_prekey_of(&device), got = { .id = 77 };
        teal_writer w = { encoded_room, sizeof encoded_room, 0 };
        assert_int_equal(teal_prekey_encode(&p, &w), TEAL_OK);
        for (size_t len = 0; len < w.len; len++) {
            teal_bytes cut = { encoded_room, len };
            assert_int_equal(teal_prekey_decode(cut, &got, NULL), TEAL_MALFORMED);
        }
        assert_int_equal(got.id, 77);
        assert_int_equal(teal_prekey_decode(teal_written(&w), &got, NULL), TEAL_OK);
        assert_memory_equal(&got, &p, sizeof p);
    }
}

static teal_result decode_prekeys(const teal_prekeys *p, teal_prekeys *out)
{
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    scratch.used = 0;
    assert_int_equal(teal_prekeys_encode(p, &w), TEAL_OK);
    return teal_prekeys_decode(teal_written(&w), &scratch, out, NULL);
}

static void test_upload(void **state)
{
    (void)state;
    static teal_prekey prekeys[TEAL_MAX_PREKEYS + 1];
    test_device device = test_device_of(3);
    teal_prekeys p = { .prekeys = prekeys, .n_prekeys = TEAL_MAX_PREKEYS }, got = { 0 };
    memcpy(p.device, device.id, sizeof p.device);
    for (size_t i = 0; i <= TEAL_MAX_PREKEYS; i++) {
        prekeys[i] = test_prekey_of(&device);
        prekeys[i].id = (uint32_t)i;
    }
    assert_int_equal(decode_prekeys(&p, &got), TEAL_OK);
    assert_int_equal(got.n_prekeys, p.n_prekeys);
    assert_memory_equal(got.prekeys, prekeys, p.n_prekeys * sizeof *prekeys);
    assert_memory_equal(got.device, device.id, sizeof got.device);
    p.n_prekeys++;
    assert_int_equal(decode_prekeys(&p, &got), TEAL_LIMIT);
    p.n_prekeys = 9;
    prekeys[8].id = 0;
    assert_int_equal(decode_prekeys(&p, &got), TEAL_MALFORMED);
    p.n_prekeys = 0;
    assert_int_equal(decode_prekeys(&p, &got), TEAL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_opinion), cmocka_unit_test(test_every_truncation_and_flip),
        cmocka_unit_test(test_forged),         cmocka_unit_test(test_rules),
        cmocka_unit_test(test_prekey_forged),  cmocka_unit_test(test_prekey_alone),
        cmocka_unit_test(test_upload),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
