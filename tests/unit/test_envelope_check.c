/* One rule after the other, broken in an envelope that is good but for it. */
#include "codecs/native/envelope.h"

#include "codecs/native/transcript.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char long_id[] = "12345678901234567890123456789012345678901234567890123456789012345";
static uint8_t zeros[TEAL_MAX_FALLBACK_BYTES + 1];
static const teal_bytes twice[] = { { (const uint8_t *)"im:a@b.example", 14 },
                                    { (const uint8_t *)"im:a@b.example", 14 } };
static const teal_bytes spaced[] = { { (const uint8_t *)"im:a b@c.example", 16 } };

static void suite_0(teal_envelope *e)
{
    e->suite = 0;
}
static void suite_2(teal_envelope *e)
{
    e->suite = 2;
}
static void message_id_empty(teal_envelope *e)
{
    e->message_id.len = 0;
}
static void message_id_space(teal_envelope *e)
{
    e->message_id = teal_text("a b");
}
static void message_id_nul(teal_envelope *e)
{
    e->message_id = (teal_bytes){ (const uint8_t *)"a\0b", 3 };
}
static void message_id_del(teal_envelope *e)
{
    e->message_id = teal_text("a\x7f");
}
static void message_id_utf8(teal_envelope *e)
{
    e->message_id = teal_text("\xc3\xa9");
}
static void message_id_long(teal_envelope *e)
{
    e->message_id = teal_text(long_id);
}
static void conversation_id_empty(teal_envelope *e)
{
    e->conversation_id.len = 0;
}
static void conversation_id_long(teal_envelope *e)
{
    e->conversation_id = teal_text(long_id);
}
static void sender_empty(teal_envelope *e)
{
    e->sender.len = 0;
}
static void sender_capitals(teal_envelope *e)
{
    e->sender = teal_text("im:alice@Native.example");
}
static void sender_anonymous(teal_envelope *e)
{
    e->sender = teal_text("sip:anonymous@anonymous.invalid");
}
static void recipient_anonymous(teal_envelope *e)
{
    static const teal_bytes nobody[] = { { (const uint8_t *)"sip:anonymous@anonymous.invalid",
                                           31 } };
    e->recipients = nobody;
    e->n_recipients = 1;
}
static void no_recipients(teal_envelope *e)
{
    e->n_recipients = 0;
}
static void recipient_twice(teal_envelope *e)
{
    e->recipients = twice;
    e->n_recipients = 2;
}
static void recipient_space(teal_envelope *e)
{
    e->recipients = spaced;
    e->n_recipients = 1;
}
static void kind_0(teal_envelope *e)
{
    e->kind = (teal_kind)0;
}
static void kind_5(teal_envelope *e)
{
    e->kind = (teal_kind)5;
}
static void wants_4(teal_envelope *e)
{
    e->wants = 4;
}
static void sent_in_10000(teal_envelope *e)
{
    e->sent_at_ms = 253402300800000;
}
static void expires_in_10000(teal_envelope *e)
{
    e->expires_at_ms = UINT64_MAX;
}
static void ciphertext_short(teal_envelope *e)
{
    e->ciphertext.len = 16;
}
static void floor_none(teal_envelope *e)
{
    e->downgrade.floor = TEAL_LEVEL_NONE;
}
static void floor_e2ee(teal_envelope *e)
{
    e->downgrade.floor = TEAL_E2EE;
}
static void when_0(teal_envelope *e)
{
    e->downgrade.when = (teal_when)0;
}
static void when_3(teal_envelope *e)
{
    e->downgrade.when = (teal_when)3;
}
static void consent_for_ever(teal_envelope *e)
{
    e->downgrade.expires_at_ms = 0;
}
static void consent_in_10000(teal_envelope *e)
{
    e->downgrade.expires_at_ms = 253402300800000;
}
static void enc_alone(teal_envelope *e)
{
    e->downgrade.sealed.len = 0;
}
static void sealed_alone(teal_envelope *e)
{
    e->downgrade.enc.len = 0;
}
static void enc_short(teal_envelope *e)
{
    e->downgrade.enc.len = 31;
}
static void sealed_long(teal_envelope *e)
{
    e->downgrade.sealed = (teal_bytes){ zeros, sizeof zeros };
}
static void fallback_hash(teal_envelope *e)
{
    e->downgrade.fallback_hash.at[31] ^= 1;
}
static void origin_e2ee(teal_envelope *e)
{
    e->has_origin = true;
    e->origin = (teal_origin){ TEAL_E2EE, teal_text("sms"), e->sender };
}
static void origin_network(teal_envelope *e)
{
    e->has_origin = true;
    e->origin = (teal_origin){ TEAL_PLAINTEXT, teal_text("s;ms"), e->sender };
}
static void origin_no_network(teal_envelope *e)
{
    e->has_origin = true;
    e->origin = (teal_origin){ TEAL_PLAINTEXT, { 0 }, e->sender };
}
static void origin_gateway(teal_envelope *e)
{
    e->has_origin = true;
    e->origin = (teal_origin){ TEAL_PLAINTEXT, teal_text("sms"), e->recipients[0] };
}

#define ROW(broken, rule, result)                                                                  \
    {                                                                                              \
#broken, broken, rule, result                                                              \
    }

static const struct {
    const char *name;
    void (*broken)(teal_envelope *e);
    const char *rule;
    teal_result want;
} rows[] = {
    ROW(suite_0, "REQ-ENV-1 ", TEAL_UNSUPPORTED),
    ROW(suite_2, "REQ-ENV-1 ", TEAL_UNSUPPORTED),
    ROW(message_id_empty, "REQ-ENV-2 ", TEAL_MALFORMED),
    ROW(message_id_space, "REQ-ENV-2 ", TEAL_MALFORMED),
    ROW(message_id_nul, "REQ-ENV-2 ", TEAL_MALFORMED),
    ROW(message_id_del, "REQ-ENV-2 ", TEAL_MALFORMED),
    ROW(message_id_utf8, "REQ-ENV-2 ", TEAL_MALFORMED),
    ROW(message_id_long, "REQ-ENV-2 ", TEAL_LIMIT),
    ROW(conversation_id_empty, "REQ-ENV-3 ", TEAL_MALFORMED),
    ROW(conversation_id_long, "REQ-ENV-3 ", TEAL_LIMIT),
    ROW(sender_empty, "REQ-ENV-4 ", TEAL_MALFORMED),
    ROW(sender_capitals, "REQ-ENV-4 ", TEAL_MALFORMED),
    ROW(no_recipients, "REQ-ENV-5 ", TEAL_MALFORMED),
    ROW(recipient_twice, "REQ-ENV-5 ", TEAL_MALFORMED),
    ROW(recipient_space, "REQ-ENV-5 ", TEAL_MALFORMED),
    ROW(sender_anonymous, "REQ-ENV-10 ", TEAL_MALFORMED),
    ROW(recipient_anonymous, "REQ-ENV-10 ", TEAL_MALFORMED),
    ROW(kind_0, "REQ-ENV-6 ", TEAL_MALFORMED),
    ROW(kind_5, "REQ-ENV-6 ", TEAL_MALFORMED),
    ROW(wants_4, "REQ-ENV-7 ", TEAL_MALFORMED),
    ROW(sent_in_10000, "REQ-ENV-8 ", TEAL_MALFORMED),
    ROW(expires_in_10000, "REQ-ENV-8 ", TEAL_MALFORMED),
    ROW(ciphertext_short, "REQ-ENV-9 ", TEAL_MALFORMED),
    ROW(floor_none, "REQ-ENV-13 ", TEAL_MALFORMED),
    ROW(floor_e2ee, "REQ-ENV-13 ", TEAL_MALFORMED),
    ROW(when_0, "REQ-ENV-13 ", TEAL_MALFORMED),
    ROW(when_3, "REQ-ENV-13 ", TEAL_MALFORMED),
    ROW(consent_for_ever, "REQ-ENV-14 ", TEAL_MALFORMED),
    ROW(consent_in_10000, "REQ-ENV-8 ", TEAL_MALFORMED),
    ROW(enc_alone, "REQ-ENV-15 ", TEAL_MALFORMED),
    ROW(sealed_alone, "REQ-ENV-15 ", TEAL_MALFORMED),
    ROW(enc_short, "REQ-ENV-15 ", TEAL_MALFORMED),
    ROW(sealed_long, "REQ-ENV-15 ", TEAL_LIMIT),
    ROW(fallback_hash, "REQ-ENV-16 ", TEAL_FORGED),
    ROW(origin_e2ee, "REQ-ENV-17 ", TEAL_MALFORMED),
    ROW(origin_network, "REQ-ENV-17 ", TEAL_MALFORMED),
    ROW(origin_no_network, "REQ-ENV-17 ", TEAL_MALFORMED),
    ROW(origin_gateway, "REQ-ENV-18 ", TEAL_MALFORMED),
};

static void assert_rule(teal_result result, const teal_diag *why, teal_result want,
                        const char *rule)
{
    assert_int_equal(result, want);
    if (strncmp(why->rule, rule, strlen(rule)) != 0)
        fail_msg("wanted %s, got %s", rule, why->rule);
}

/* Checked as a struct, and again by whoever decodes it. */
static void check(const teal_envelope *good, size_t row)
{
    static uint8_t room[64 << 10], encoded[32 << 10];
    teal_arena arena = { room, sizeof room, 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_envelope e = *good, got;
    teal_diag why = { 0 };
    print_message("%s\n", rows[row].name);
    rows[row].broken(&e);
    assert_rule(teal_envelope_check(&e, &why), &why, rows[row].want, rows[row].rule);
    assert_int_equal(teal_envelope_encode(&e, &w), TEAL_OK);
    assert_int_not_equal(teal_envelope_decode(teal_written(&w), &arena, &got, NULL), TEAL_OK);
}

static void test_rules(void **state)
{
    (void)state;
    static uint8_t room[TEST_ENVELOPE_ARENA];
    test_random random = test_random_of(test_seed());
    teal_arena arena = { room, sizeof room, 0 };
    test_sealed s;
    do {
        arena.used = 0;
        test_sealed_random(&random, &arena, &s);
    } while (!s.envelope.has_downgrade);
    assert_int_equal(teal_envelope_check(&s.envelope, NULL), TEAL_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&s.envelope, i);
}

/* What is left out of a detached envelope must be out, each of it. */
static void test_detached(void **state)
{
    (void)state;
    static uint8_t room[TEST_ENVELOPE_ARENA];
    test_random random = test_random_of(test_seed());
    teal_arena arena = { room, sizeof room, 0 };
    test_sealed s;
    test_sealed_random(&random, &arena, &s);
    teal_envelope e = s.envelope;
    e.ciphertext = (teal_bytes){ 0 };
    e.n_keys = 0;
    assert_int_equal(teal_envelope_check_detached(&e, NULL), TEAL_OK);
    e.n_keys = 1;
    assert_int_equal(teal_envelope_check_detached(&e, NULL), TEAL_MALFORMED);
    e.n_keys = 0;
    e.ciphertext = s.envelope.ciphertext;
    assert_int_equal(teal_envelope_check_detached(&e, NULL), TEAL_MALFORMED);
}

static void test_level_names(void **state)
{
    (void)state;
    assert_string_equal(teal_level_name(TEAL_E2EE), "E2EE");
    assert_string_equal(teal_level_name(TEAL_TRANSPORT), "TRANSPORT");
    assert_string_equal(teal_level_name(TEAL_PLAINTEXT), "PLAINTEXT");
    assert_string_equal(teal_level_name((teal_level)77), "NONE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_detached),
        cmocka_unit_test(test_level_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
