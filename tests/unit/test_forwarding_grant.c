/* Grants of text forwarding and requests for them: round trips, bounds, and who has signed. The
 * rules of their fields are in the published vectors. */
#include "codecs/native/forwarding_grant.h"
#include "codecs/native/forwarding_request.h"

#include "tests/support/devices.h"
#include "tests/support/exact.h"

#include "proto/forwarding.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define NUMBER "tel:+14155550100"

static teal_forwarding_grant grant_of(bool revoked)
{
    const test_device tablet = test_device_of(2);
    uint8_t pk[32], sk[64];
    teal_forwarding_grant g = { .handle = teal_text(NUMBER),
                                .granted_at_ms = 1000,
                                .expires_at_ms = 1000 + TEAL_MAX_FORWARDING_MS,
                                .revoked = revoked,
                                .sequence = 7 };
    memcpy(g.device, tablet.id, sizeof g.device);
    memcpy(g.signing_key, tablet.sign_pk, sizeof g.signing_key);
    test_account_keys(1, pk, sk);
    teal_forwarding_grant_sign(&g, sk);
    return g;
}

static teal_result decode(teal_bytes in, teal_forwarding_grant *out)
{
    uint8_t *exact = exact_copy(in.at, in.len);
    teal_result result = teal_forwarding_grant_decode((teal_bytes){ exact, in.len }, out, NULL);
    free(exact);
    return result;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (int revoked = 0; revoked < 2; revoked++) {
        uint8_t encoded[512], again[512];
        teal_forwarding_grant g = grant_of(revoked), got;
        teal_writer w = { encoded, sizeof encoded, 0 }, small = { again, 16, 0 };
        assert_int_equal(teal_forwarding_grant_encode(&g, &w), TEAL_OK);
        assert_int_equal(teal_forwarding_grant_encode(&g, &small), TEAL_SPACE);
        assert_int_equal(small.len, w.len);
        assert_int_equal(decode(teal_written(&w), &got), TEAL_OK);
        assert_int_equal(got.revoked, revoked);
        Teal__V1__ForwardingGrant *theirs =
            teal__v1__forwarding_grant__unpack(NULL, w.len, encoded);
        assert_non_null(theirs);
        assert_string_equal(theirs->handle, NUMBER);
        assert_int_equal(theirs->sequence, 7);
        assert_int_equal(teal__v1__forwarding_grant__pack(theirs, again), w.len);
        assert_memory_equal(again, encoded, w.len);
        teal__v1__forwarding_grant__free_unpacked(theirs, NULL);
        for (size_t len = 0; len < w.len; len++)
            assert_int_not_equal(decode((teal_bytes){ encoded, len }, &got), TEAL_OK);
    }
}

static void test_too_long(void **state)
{
    static const uint8_t octets[TEAL_MAX_FORWARDING_GRANT_BYTES + 1];
    teal_forwarding_grant g;
    teal_diag why = { 0 };
    (void)state;
    assert_int_equal(teal_forwarding_grant_decode((teal_bytes){ octets, sizeof octets }, &g, &why),
                     TEAL_LIMIT);
    assert_string_equal(why.rule, "REQ-FWD-2 a grant is longer than 1 KiB");
}

/* [REQ-FWD-6]: whatever is changed, the device has not said it, and the code is another one. */
static void test_requests(void **state)
{
    const test_device tablet = test_device_of(2);
    uint8_t sk[64];
    char code[TEAL_FORWARDING_CODE_DIGITS + 1], other[TEAL_FORWARDING_CODE_DIGITS + 1];
    teal_forwarding_request r = { .handle = teal_text(NUMBER) };
    (void)state;
    memcpy(r.device, tablet.id, sizeof r.device);
    memcpy(r.signing_key, tablet.sign_pk, sizeof r.signing_key);
    test_account_keys(1, r.account_key, sk);
    teal_forwarding_request_sign(&r, tablet.sign_sk);
    teal_forwarding_request_code(&r, code);
    assert_int_equal(teal_forwarding_request_verify(&r, NULL), TEAL_OK);
    uint8_t *const fields[] = { r.device, r.account_key, r.nonce };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        fields[i][0] ^= 1;
        assert_int_equal(teal_forwarding_request_verify(&r, NULL), TEAL_FORGED);
        teal_forwarding_request_code(&r, other);
        assert_string_not_equal(other, code);
        fields[i][0] ^= 1;
    }
    r.handle = teal_text("tel:+14155550101");
    assert_int_equal(teal_forwarding_request_verify(&r, NULL), TEAL_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_requests),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
