/* Gateway receipts: rules, and what anybody but the gateway could change. */
#include "codecs/native/receipt.h"

#include "tests/support/envelopes.h"
#include "tests/support/exact.h"

#include "proto/receipt.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

enum { ROOM = 8 << 10 };

static uint8_t room[ROOM], scratch_room[ROOM], encoded_room[ROOM], again[ROOM];
static test_random random_source;
static test_device gateway;
static teal_arena arena = { room, sizeof room, 0 };
static teal_arena scratch = { scratch_room, sizeof scratch_room, 0 };

static int set_up(void **state)
{
    (void)state;
    random_source = test_random_of(test_seed());
    gateway = test_device_of(1);
    return 0;
}

static teal_receipt fresh(void)
{
    arena.used = 0;
    return test_receipt_random(&random_source, &gateway, &arena);
}

static teal_receipt fresh_at(teal_level level)
{
    teal_receipt r;
    do
        r = fresh();
    while (r.level != level);
    return r;
}

static teal_bytes encode(const teal_receipt *r)
{
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    assert_int_equal(teal_receipt_encode(r, &w), TEAL_OK);
    return teal_written(&w);
}

static teal_result decode(teal_bytes in, teal_receipt *out, teal_diag *why)
{
    uint8_t *exact = exact_copy(in.at, in.len);
    scratch.used = 0;
    teal_result result = teal_receipt_decode((teal_bytes){ exact, in.len }, &scratch, out, why);
    free(exact);
    return result;
}

static teal_result accept(teal_bytes in)
{
    teal_receipt got;
    teal_result result = decode(in, &got, NULL);
    return result == TEAL_OK ? teal_receipt_verify(&got, gateway.sign_pk, NULL) : result;
}

static void test_every_truncation_and_flip(void **state)
{
    (void)state;
    teal_receipt r = fresh_at(TEAL_PLAINTEXT);
    teal_bytes encoded = encode(&r);
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

static void test_transcript(void **state)
{
    (void)state;
    teal_receipt r = fresh();
    teal_writer w = { again, sizeof again, 0 };
    uint8_t signature[64];
    const teal_bytes texts[] = { teal_text("teal receipt v1"), r.message_id, r.sender,
                                 r.recipient };
    const uint64_t status_level[] = { r.status, r.level }, at_segments[] = { r.at_ms, r.segments };
    for (size_t i = 0; i < 4; i++) {
        teal_write_u32(&w, (uint32_t)texts[i].len);
        teal_write_bytes(&w, texts[i]);
    }
    for (size_t i = 0; i < 2; i++)
        teal_write_u64(&w, status_level[i]);
    teal_write_u32(&w, (uint32_t)r.path.len);
    teal_write_bytes(&w, r.path);
    teal_write_u32(&w, (uint32_t)r.reason.len);
    teal_write_bytes(&w, r.reason);
    for (size_t i = 0; i < 2; i++)
        teal_write_u64(&w, at_segments[i]);
    teal_write_u32(&w, (uint32_t)r.mark.len);
    teal_write_bytes(&w, r.mark);
    teal_write_u32(&w, (uint32_t)r.gateway.len);
    teal_write_bytes(&w, r.gateway);
    teal_write_u32(&w, sizeof r.device);
    teal_write_bytes(&w, (teal_bytes){ r.device, sizeof r.device });
    teal_write_u32(&w, sizeof r.transcript_hash.at);
    teal_write_bytes(&w, (teal_bytes){ r.transcript_hash.at, sizeof r.transcript_hash.at });
    crypto_sign_detached(signature, NULL, again, w.len, gateway.sign_sk);
    assert_memory_equal(signature, r.signature, sizeof signature);
}

static void assert_rule(teal_receipt r, const char *rule)
{
    teal_receipt got;
    teal_diag why = { 0 };
    assert_int_equal(decode(encode(&r), &got, &why), TEAL_MALFORMED);
    if (strncmp(why.rule, rule, strlen(rule)) != 0)
        fail_msg("wanted %s, got %s", rule, why.rule);
}

static void test_rules(void **state)
{
    (void)state;
    teal_receipt good = fresh_at(TEAL_PLAINTEXT), r;
    static char long_text[TEAL_MAX_MARK_BYTES + 2];
    memset(long_text, 'x', sizeof long_text - 1);

    r = good;
    r.message_id.len = 0;
    assert_rule(r, "REQ-ENV-2 ");
    r = good;
    r.recipient = teal_text("+14155550100");
    assert_rule(r, "REQ-RCPT-6 ");
    r = good;
    r.gateway.len = 0;
    assert_rule(r, "REQ-RCPT-6 ");
    r = good;
    r.status = (teal_status)0;
    assert_rule(r, "REQ-RCPT-7 ");
    r = good;
    r.level = TEAL_E2EE; /* by SMS? */
    assert_rule(r, "REQ-RCPT-8 ");
    r = good;
    r.path = teal_text("pigeon");
    assert_rule(r, "REQ-RCPT-8 ");
    r = good;
    r.path.len = 0;
    r.level = TEAL_LEVEL_NONE;
    r.status = TEAL_STATUS_SENT;
    assert_rule(r, "REQ-RCPT-8 ");
    r = good;
    r.reason = teal_text("has a space");
    assert_rule(r, "REQ-RCPT-9 ");
    r.reason = teal_text(long_text);
    assert_rule(r, "REQ-RCPT-9 ");
    r = good;
    r.segments = 256;
    assert_rule(r, "REQ-RCPT-10 ");
    r = good;
    r.mark.len = 0;
    assert_rule(r, "REQ-RCPT-2 ");
    r.mark = teal_text("\xff");
    assert_rule(r, "REQ-RCPT-10 ");
    r.mark = teal_text(long_text);
    assert_rule(r, "REQ-RCPT-10 ");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(teal_status_name(TEAL_STATUS_SENT), "SENT");
    assert_string_equal(teal_status_name(TEAL_STATUS_ARRIVED), "ARRIVED");
    assert_string_equal(teal_status_name(TEAL_STATUS_UNDELIVERABLE), "UNDELIVERABLE");
    assert_string_equal(teal_status_name(TEAL_STATUS_OUTCOME_UNKNOWN), "OUTCOME_UNKNOWN");
    assert_string_equal(teal_status_name((teal_status)0), "NONE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_truncation_and_flip),
        cmocka_unit_test(test_transcript),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
