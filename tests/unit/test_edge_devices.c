/* Devices that ask to be added, and proofs of numbers, over HTTP: what is read of a body, and every
 * answer that directory and room can give. REQ-DEV-1 to -3, REQ-PRF-1 to -3. */
#include "codecs/base64.h"
#include "tests/support/devices.h"
#include "tests/support/edge_fixture.h"
#include "tests/support/manifests.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define JSON_TYPE "application/json"
#define ALICE     "/v1/accounts/im:alice@native.example"
#define PHONE     "/v1/accounts/tel:+14155550100/proof"
#define DEVICE    "0123456789abcdef0123456789abcdef"
#define KEY       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static raw_answer call(const char *method, const char *path, const char *body)
{
    static raw_answer a;
    edge_ask(method, path, JSON_TYPE, teal_text(body), &a);
    return a;
}

static const char *base64url_of(const uint8_t *at, size_t len)
{
    static char text[4][512];
    static size_t next;
    char *out = text[next++ % 4];
    teal_writer w = { (uint8_t *)out, sizeof text[0] - 1, 0 };
    teal_base64url_encode((teal_bytes){ at, len }, &w);
    out[w.len] = '\0';
    return out;
}

/* What a device asks with; name and share are the test's. */
static const char *request(const char *name, size_t share_octets)
{
    static char body[2048];
    static const uint8_t share[TEAL_CPACE_SHARE_BYTES + 1];
    uint8_t encoded[256];
    teal_writer w = { encoded, sizeof encoded, 0 };
    const teal_prekey prekey = test_prekey_signed(2, 0, 2);
    assert_int_equal(teal_prekey_encode(&prekey, &w), TEAL_OK);
    snprintf(body, sizeof body,
             "{\"device\":\"" DEVICE "\",\"signing_key\":\"%s\",\"name\":\"%s\",\"prekey\":\"%s\","
             "\"share\":\"%s\"}",
             base64url_of(test_device_of(2).sign_pk, TEAL_KEY_BYTES), name,
             base64url_of(encoded, w.len), base64url_of(share, share_octets));
    return body;
}

static void test_a_device_asks(void **state)
{
    (void)state;
    raw_answer a = call("POST", ALICE "/devices", request("Tablet", TEAL_CPACE_SHARE_BYTES));
    assert_json(&a, 201, "{'account_key':'" KEY "','expires_at_ms':77}");
    assert_memory_equal(script.link.device.signing_key, test_device_of(2).sign_pk, TEAL_KEY_BYTES);
    static const struct {
        const char *name;
        size_t share_octets;
    } bad[] = {
        { "a share that is too short", TEAL_CPACE_SHARE_BYTES - 1 },
        { "one that is too long", TEAL_CPACE_SHARE_BYTES + 1 },
        { "a name of sixty-five octets, which is one more than there may be.", 32 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        print_message("%s\n", bad[i].name);
        a = call("POST", ALICE "/devices", request(bad[i].name, bad[i].share_octets));
        assert_refused(&a, 400, "json-malformed", "REQ-REST-9");
    }
    a = call("POST", ALICE "/devices", "[]");
    assert_refused(&a, 400, "json-malformed", "REQ-REST-9");
    a = call("POST", "/v1/accounts/alice/devices", request("Tablet", TEAL_CPACE_SHARE_BYTES));
    assert_refused(&a, 400, "handle-malformed", "REQ-HDL-1");
    script.put = PUT_REFUSED;
    script.refusal = (directory_refusal){ "link-requests-full", 429, "REQ-DEV-2 full", "Wait." };
    a = call("POST", ALICE "/devices", request("Tablet", TEAL_CPACE_SHARE_BYTES));
    char value[256];
    assert_refused(&a, 429, "link-requests-full", "REQ-DEV-2");
    assert_string_equal(raw_header(&a, "Retry-After", value), "600");
}

static void test_the_two_ends_answer(void **state)
{
    (void)state;
    char body[512];
    static const uint8_t share[TEAL_CPACE_SHARE_BYTES] = { 1 }, tag[TEAL_CPACE_TAG_BYTES] = { 2 };
    const char *answer = ALICE "/devices/answer?device=" DEVICE;
    raw_answer a = call("GET", answer, "");
    assert_json(&a, 200, "{'answer':null}");
    snprintf(body, sizeof body, "{\"share\":\"%s\",\"tag\":\"%s\"}",
             base64url_of(share, sizeof share), base64url_of(tag, sizeof tag));
    a = call("PUT", answer, body);
    assert_int_equal(a.status, 204);
    assert_memory_equal(script.link.answer_share, share, sizeof share);
    assert_memory_equal(script.link.answer_tag, tag, sizeof tag);
    a = call("POST", answer, body);
    assert_int_equal(a.status, 204);
    assert_true(script.link.confirmed);
    a = call("PUT", answer, "{\"share\":\"AA\"}");
    assert_refused(&a, 400, "json-malformed", "REQ-REST-9");
    a = call("PUT", ALICE "/devices/answer?device=1", body);
    assert_refused(&a, 400, "device-malformed", "REQ-REST-7");
    a = call("DELETE", ALICE "/devices?device=" DEVICE, "");
    assert_int_equal(a.status, 204);
    script.put = PUT_REFUSED;
    script.refusal = (directory_refusal){ "link-unknown", 404, "REQ-DEV-2 none", "Ask anew." };
    a = call("GET", answer, "");
    assert_refused(&a, 404, "link-unknown", "REQ-DEV-2");
    a = call("GET", ALICE "/devices", "");
    assert_refused(&a, 404, "link-unknown", "REQ-DEV-2");
}

static const struct {
    core_proof_state state;
    int64_t retry_after_ms;
    int status;
    const char *problem, *requirement;
} proofs[] = {
    { CORE_PROOF_WRONG, 0, 403, "proof-code-wrong", "REQ-PRF-3" },
    { CORE_PROOF_NO_CODE, 0, 409, "proof-code-none", "REQ-PRF-3" },
    { CORE_PROOF_LIMITED, 1000, 429, "proof-limited", "REQ-PRF-3" },
    { CORE_PROOF_NO_LINK, 1000, 503, "proof-unavailable", "REQ-PRF-2" },
    { CORE_PROOF_NO_LINK, 0, 503, "proof-unavailable", "REQ-PRF-2" },
    { CORE_PROOF_REFUSED, 0, 422, "handle-unprovable", "REQ-PRF-1" },
};

static void test_numbers_are_proven(void **state)
{
    (void)state;
    const char *ask = "{\"account_key\":\"" KEY "\"}";
    raw_answer a = call("POST", PHONE, ask);
    assert_json(&a, 200, "{'state':'not-needed'}");
    settings.prove_numbers = true;
    a = call("POST", PHONE, ask);
    assert_json(&a, 202, "{'state':'sent'}");
    assert_string_equal(script.code, "");
    for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++) {
        print_message("%s\n", proofs[i].problem);
        script.proof =
            (core_proof){ .state = proofs[i].state, .retry_after_ms = proofs[i].retry_after_ms };
        a = call("POST", PHONE, ask);
        assert_refused(&a, proofs[i].status, proofs[i].problem, proofs[i].requirement);
    }
    assert_int_equal(script.n_proofs, 0);
    script.proof = (core_proof){ .state = CORE_PROOF_GIVEN, .proof.expires_at_ms = 5 };
    a = call("POST", PHONE, "{\"account_key\":\"" KEY "\",\"code\":\"123456\"}");
    assert_json(&a, 200, "{'state':'proven','expires_at_ms':5}");
    assert_string_equal(script.code, "123456");
    assert_int_equal(script.n_proofs, 1);
    script.proof_overloaded = true;
    a = call("POST", PHONE, ask);
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
    a = call("POST", ALICE "/proof", ask);
    assert_refused(&a, 422, "handle-unprovable", "REQ-PRF-1");
    a = call("POST", PHONE, "{\"account_key\":\"AA\"}");
    assert_refused(&a, 400, "json-malformed", "REQ-REST-9");
}

#define edge_test(f) cmocka_unit_test_setup_teardown(f, edge_fixture_open, edge_fixture_close)

int main(void)
{
    log_setup(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        edge_test(test_a_device_asks),
        edge_test(test_the_two_ends_answer),
        edge_test(test_numbers_are_proven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
