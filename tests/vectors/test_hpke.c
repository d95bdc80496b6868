/* HPKE against RFC 9180 appendix A.2.1, and against whoever changes one bit. */
#include "codecs/native/hpke.h"

#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

/* RFC 9180 A.2.1, base setup and sequence number 0. */
static const char info_hex[] = "4f6465206f6e2061204772656369616e2055726e";
static const char eph_sk_hex[] = "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600";
static const char pk_hex[] = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
static const char sk_hex[] = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
static const char enc_hex[] = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
static const char pt_hex[] = "4265617574792069732074727574682c20747275746820626561757479";
static const char aad_hex[] = "436f756e742d30";
static const char ct_hex[] =
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28";

typedef struct vector {
    uint8_t info_room[20], eph_sk[32], pk[32], sk[32], enc[32], pt_room[29], aad_room[7];
    uint8_t ct_room[45];
    teal_bytes info, pt, aad, ct;
} vector;

static void load(vector *v)
{
    test_hex(eph_sk_hex, v->eph_sk, sizeof v->eph_sk);
    test_hex(pk_hex, v->pk, sizeof v->pk);
    test_hex(sk_hex, v->sk, sizeof v->sk);
    test_hex(enc_hex, v->enc, sizeof v->enc);
    v->info = test_hex(info_hex, v->info_room, sizeof v->info_room);
    v->pt = test_hex(pt_hex, v->pt_room, sizeof v->pt_room);
    v->aad = test_hex(aad_hex, v->aad_room, sizeof v->aad_room);
    v->ct = test_hex(ct_hex, v->ct_room, sizeof v->ct_room);
}

static void test_rfc_9180_seal(void **state)
{
    (void)state;
    vector v;
    uint8_t enc[32], sealed[45];
    load(&v);
    assert_int_equal(teal_hpke_seal(v.pk, v.eph_sk, v.info, v.aad, v.pt, enc, sealed), TEAL_OK);
    test_assert_hex((teal_bytes){ enc, sizeof enc }, enc_hex);
    test_assert_hex((teal_bytes){ sealed, sizeof sealed }, ct_hex);
}

static void test_rfc_9180_open(void **state)
{
    (void)state;
    vector v;
    uint8_t pt[29];
    load(&v);
    assert_int_equal(teal_hpke_open(v.pk, v.sk, v.enc, v.info, v.aad, v.ct, pt), TEAL_OK);
    test_assert_hex((teal_bytes){ pt, sizeof pt }, pt_hex);
}

static void assert_refused(const vector *v, const char *what, size_t bit)
{
    uint8_t pt[29];
    memset(pt, 0xaa, sizeof pt);
    if (teal_hpke_open(v->pk, v->sk, v->enc, v->info, v->aad, v->ct, pt) != TEAL_FORGED)
        fail_msg("%s with bit %zu flipped opens", what, bit);
    assert_true(sodium_is_zero(pt, sizeof pt));
}

static void flip(uint8_t *at, size_t bit)
{
    at[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    vector v;
    load(&v);
    const struct {
        const char *name;
        uint8_t *at;
        size_t len;
    } parts[] = {
        { "info", v.info_room, sizeof v.info_room },   { "aad", v.aad_room, sizeof v.aad_room },
        { "ciphertext", v.ct_room, sizeof v.ct_room }, { "enc", v.enc, sizeof v.enc },
        { "public key", v.pk, sizeof v.pk },
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (size_t bit = 0; bit < parts[i].len * 8; bit++) {
            flip(parts[i].at, bit);
            assert_refused(&v, parts[i].name, bit);
            flip(parts[i].at, bit);
        }
    }
}

static void test_too_short(void **state)
{
    (void)state;
    vector v;
    uint8_t pt[1];
    load(&v);
    for (size_t len = 0; len < TEAL_HPKE_TAG_BYTES; len++) {
        teal_bytes cut = { v.ct.at, len };
        assert_int_equal(teal_hpke_open(v.pk, v.sk, v.enc, v.info, v.aad, cut, pt), TEAL_MALFORMED);
    }
}

/* RFC 9180 section 7.1.4: a point of small order gives a shared secret that everybody knows. */
static void test_small_order(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    vector v;
    load(&v);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t point[32], enc[32], sealed[45], pt[29];
        test_hex(points[i], point, sizeof point);
        assert_int_equal(teal_hpke_seal(point, v.eph_sk, v.info, v.aad, v.pt, enc, sealed),
                         TEAL_FORGED);
        assert_int_equal(teal_hpke_open(v.pk, v.sk, point, v.info, v.aad, v.ct, pt), TEAL_FORGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_9180_seal),    cmocka_unit_test(test_rfc_9180_open),
        cmocka_unit_test(test_every_bit_counts), cmocka_unit_test(test_too_short),
        cmocka_unit_test(test_small_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
