/* The downgrade decision: the whole case space against the rules as PROTOCOL.md section 7 writes
 * them, and a named row for each rule. */
#include "gateway/core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW_MS = 1000000, EXPIRES_MS = NOW_MS + 500, FAILED_AFTER_MS = 300 };

static const uint8_t our_key[TEAL_GATEWAY_KEY_BYTES] = { 1 };
static const uint8_t old_key[TEAL_GATEWAY_KEY_BYTES] = { 2 };
static const uint8_t sealed[] = { 0 };

/* ---- the rules, read off the page: one predicate a rule, over words rather than structs --------
 */

typedef struct facts {
    teal_kind kind;
    bool native, rcs, plain, sms, better_failed;
    int failing_for; /* -1: not; 0: less than failed_after_ms; 1: as long; 2: longer */
    bool consents;
    int life; /* 0: passed; 1: passes now; 2: ahead */
    teal_level floor;
    teal_when when;
    bool fallback, before, accepts, key;
} facts;

typedef struct expected {
    policy_verdict verdict;
    store_path path;
    teal_level level;
} expected;

/* I4, REQ-DGR-1 */
static bool takes_e2ee(const facts *f)
{
    return (f->native || f->rcs) && !f->better_failed;
}

/* REQ-DGR-5: the best of what is left that the floor lets through. */
static store_path best_below(const facts *f)
{
    store_path best = PATH_NONE;
    if (f->sms && f->floor == TEAL_PLAINTEXT)
        best = PATH_SMS;
    if (f->plain && f->floor != TEAL_E2EE)
        best = PATH_PLAIN;
    return best;
}

/* REQ-DGR-9 and what NO_BETTER_PATH says. */
static bool is_time(const facts *f)
{
    bool better_exists = f->native || f->rcs;
    switch (f->when) {
    case TEAL_NO_BETTER_PATH:
        return !better_exists;
    case TEAL_OR_FAILED:
        return !better_exists || f->failing_for >= 1;
    }
    return false;
}

static expected oracle(const facts *f)
{
    const struct {
        bool broken;
        policy_verdict verdict;
    } rules[] = {
        { !f->plain && !f->sms, POLICY_UNROUTABLE },
        { f->kind != TEAL_KIND_MESSAGE, POLICY_KIND },
        { !f->consents, POLICY_NO_CONSENT },
        { f->life < 2, POLICY_EXPIRED },
        { best_below(f) == PATH_NONE, POLICY_FLOOR },
        { !f->fallback, POLICY_NO_FALLBACK },
        { f->before && !f->accepts, POLICY_E2EE_LOSS },
        { !f->key, POLICY_GATEWAY_KEY },
        { !is_time(f), POLICY_NOT_FAILED_YET },
    };
    if (takes_e2ee(f))
        return (expected){ POLICY_GO, f->native ? PATH_NATIVE : PATH_RCS, TEAL_E2EE };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].broken)
            return (expected){ rules[i].verdict, PATH_NONE, TEAL_LEVEL_NONE };
    store_path path = best_below(f);
    return (expected){ POLICY_GO, path, path == PATH_PLAIN ? TEAL_TRANSPORT : TEAL_PLAINTEXT };
}

/* ---- */

static policy_answer ask(const facts *f)
{
    static const int64_t since[] = { 0, NOW_MS - FAILED_AFTER_MS + 1, NOW_MS - FAILED_AFTER_MS,
                                     NOW_MS - FAILED_AFTER_MS - 1 };
    static const int64_t expires[] = { NOW_MS - 1, NOW_MS, EXPIRES_MS };
    teal_consent consent = {
        .floor = f->floor,
        .when = f->when,
        .failed_after_ms = FAILED_AFTER_MS,
        .expires_at_ms = (uint64_t)expires[f->life],
        .accepts_e2ee_loss = f->accepts,
        .sealed = { sealed, f->fallback ? sizeof sealed : 0 },
    };
    memcpy(consent.gateway_key, f->key ? our_key : old_key, sizeof our_key);
    policy_case c = {
        .kind = f->kind,
        .consent = f->consents ? &consent : NULL,
        .has_native = f->native,
        .has_rcs = f->rcs,
        .has_plain = f->plain,
        .has_sms = f->sms,
        .better_failed = f->better_failed,
        .failing_since_ms = since[f->failing_for + 1],
        .e2ee_before = f->before,
        .gateway_key = our_key,
        .now_ms = NOW_MS,
    };
    return policy_decide(&c);
}

static void show(const facts *f)
{
    fprintf(stderr,
            "kind=%d native=%d rcs=%d plain=%d sms=%d better_failed=%d failing_for=%d consents=%d "
            "life=%d floor=%d when=%d fallback=%d before=%d accepts=%d key=%d\n",
            f->kind, f->native, f->rcs, f->plain, f->sms, f->better_failed, f->failing_for,
            f->consents, f->life, f->floor, f->when, f->fallback, f->before, f->accepts, f->key);
}

static void expect(const facts *f, expected want)
{
    policy_answer got = ask(f);
    if (got.verdict != want.verdict || got.path != want.path || got.level != want.level)
        show(f);
    assert_int_equal(got.verdict, want.verdict);
    assert_int_equal(got.path, want.path);
    assert_int_equal(got.level, want.level);
}

/* Takes one of n values off *code: the code of a case is a number in mixed radix. */
static unsigned pick(uint64_t *code, unsigned n)
{
    unsigned digit = (unsigned)(*code % n);
    *code /= n;
    return digit;
}

/* False: all cases have been. */
static bool nth_case(uint64_t code, facts *f)
{
    *f = (facts){ .kind = TEAL_KIND_MESSAGE + pick(&code, 4) };
    f->native = pick(&code, 2);
    f->rcs = pick(&code, 2);
    f->plain = pick(&code, 2);
    f->sms = pick(&code, 2);
    f->better_failed = pick(&code, 2);
    f->failing_for = (int)pick(&code, 4) - 1;
    f->consents = pick(&code, 2);
    f->life = (int)pick(&code, 3);
    f->floor = TEAL_PLAINTEXT + pick(&code, 3); /* E2EE is no floor, but must not harm */
    f->when = TEAL_NO_BETTER_PATH + pick(&code, 2);
    f->fallback = pick(&code, 2);
    f->before = pick(&code, 2);
    f->accepts = pick(&code, 2);
    f->key = pick(&code, 2);
    return code == 0;
}

static void every_case(void **state)
{
    (void)state;
    facts f;
    uint64_t n = 0, below = 0;
    for (; nth_case(n, &f); n++) {
        expected want = oracle(&f);
        expect(&f, want);
        below += want.verdict == POLICY_GO && want.level != TEAL_E2EE;
    }
    assert_int_equal(n, UINT64_C(4) * 32 * 4 * 2 * 3 * 3 * 2 * 16);
    assert_true(below > 0);
}

/* I3, without the oracle: whatever leaves below E2EE has every piece of consent that there is. */
static void nothing_leaves_without_consent(void **state)
{
    (void)state;
    facts f;
    for (uint64_t n = 0; nth_case(n, &f); n++) {
        policy_answer got = ask(&f);
        if (got.level == TEAL_E2EE || got.verdict != POLICY_GO)
            continue;
        bool allowed = f.consents && f.kind == TEAL_KIND_MESSAGE && f.life == 2 && f.fallback &&
                       f.key && got.level >= f.floor && (!f.before || f.accepts) &&
                       (f.better_failed || !(f.native || f.rcs));
        if (!allowed)
            show(&f);
        assert_true(allowed);
    }
}

/* A good consent for somebody who has but SMS; each row changes what its rule is about. */
#define BASE                                                                                       \
    .kind = TEAL_KIND_MESSAGE, .sms = true, .failing_for = -1, .consents = true, .life = 2,        \
    .floor = TEAL_PLAINTEXT, .when = TEAL_NO_BETTER_PATH, .fallback = true, .key = true

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct {
    const char *name;
    facts f;
    policy_verdict verdict;
    store_path path;
} rows[] = {
    { "SMS by consent", { BASE }, POLICY_GO, PATH_SMS },
    { "I4 consent is there, native is better", { BASE, .native = true }, POLICY_GO, PATH_NATIVE },
    { "I4 consent is there, rcs is better", { BASE, .rcs = true }, POLICY_GO, PATH_RCS },
    { "native before rcs", { BASE, .native = true, .rcs = true }, POLICY_GO, PATH_NATIVE },
    { "REQ-MSG-8 nothing reaches", { BASE, .sms = false }, POLICY_UNROUTABLE, PATH_NONE },
    { "REQ-MSG-8 a failing path, nothing below",
      { BASE, .sms = false, .rcs = true, .better_failed = true, .failing_for = 2 },
      POLICY_UNROUTABLE,
      PATH_NONE },
    { "REQ-DGR-2 a receipt", { BASE, .kind = TEAL_KIND_RECEIPT }, POLICY_KIND, PATH_NONE },
    { "REQ-DGR-2 comes before REQ-DGR-3",
      { BASE, .kind = TEAL_KIND_TYPING, .consents = false },
      POLICY_KIND,
      PATH_NONE },
    { "REQ-DGR-3 no consent", { BASE, .consents = false }, POLICY_NO_CONSENT, PATH_NONE },
    { "REQ-DGR-4 it passes this millisecond", { BASE, .life = 1 }, POLICY_EXPIRED, PATH_NONE },
    { "REQ-DGR-5 floor TRANSPORT, only SMS",
      { BASE, .floor = TEAL_TRANSPORT },
      POLICY_FLOOR,
      PATH_NONE },
    { "REQ-DGR-5 floor TRANSPORT, plain is there",
      { BASE, .floor = TEAL_TRANSPORT, .plain = true },
      POLICY_GO,
      PATH_PLAIN },
    { "REQ-DGR-5 the highest level that is left", { BASE, .plain = true }, POLICY_GO, PATH_PLAIN },
    { "REQ-DGR-6 no content", { BASE, .fallback = false }, POLICY_NO_FALLBACK, PATH_NONE },
    { "REQ-DGR-7 it was encrypted", { BASE, .before = true }, POLICY_E2EE_LOSS, PATH_NONE },
    { "REQ-DGR-7 its loss is accepted",
      { BASE, .before = true, .accepts = true },
      POLICY_GO,
      PATH_SMS },
    { "REQ-DGR-8 another key", { BASE, .key = false }, POLICY_GATEWAY_KEY, PATH_NONE },
    { "REQ-DGR-9 one millisecond too early",
      { BASE, .when = TEAL_OR_FAILED, .rcs = true, .better_failed = true, .failing_for = 0 },
      POLICY_NOT_FAILED_YET,
      PATH_NONE },
    { "REQ-DGR-9 failed for just as long",
      { BASE, .when = TEAL_OR_FAILED, .rcs = true, .better_failed = true, .failing_for = 1 },
      POLICY_GO,
      PATH_SMS },
    { "REQ-DGR-9 NO_BETTER_PATH never means a failing one",
      { BASE, .rcs = true, .better_failed = true, .failing_for = 2 },
      POLICY_NOT_FAILED_YET,
      PATH_NONE },
    { "REQ-DGR-9 OR_FAILED where there is none",
      { BASE, .when = TEAL_OR_FAILED },
      POLICY_GO,
      PATH_SMS },
};
#pragma GCC diagnostic pop

static void named_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        policy_answer got = ask(&rows[i].f);
        if (got.verdict != rows[i].verdict || got.path != rows[i].path)
            fprintf(stderr, "row: %s\n", rows[i].name);
        assert_int_equal(got.verdict, rows[i].verdict);
        assert_int_equal(got.path, rows[i].path);
    }
}

/* Values that no honest caller has. */
static void odd_clocks_allow_nothing(void **state)
{
    (void)state;
    teal_consent consent = { .floor = TEAL_PLAINTEXT,
                             .when = TEAL_OR_FAILED,
                             .expires_at_ms = EXPIRES_MS,
                             .sealed = { sealed, sizeof sealed } };
    policy_case c = { .kind = TEAL_KIND_MESSAGE,
                      .consent = &consent,
                      .has_rcs = true,
                      .has_sms = true,
                      .better_failed = true,
                      .gateway_key = consent.gateway_key,
                      .now_ms = NOW_MS };
    c.failing_since_ms = NOW_MS + 1; /* fails since tomorrow */
    assert_int_equal(policy_decide(&c).verdict, POLICY_NOT_FAILED_YET);
    c.failing_since_ms = 0; /* failed, but nobody knows since when */
    assert_int_equal(policy_decide(&c).verdict, POLICY_NOT_FAILED_YET);
    c.failing_since_ms = INT64_MIN;
    assert_int_equal(policy_decide(&c).verdict, POLICY_NOT_FAILED_YET);
    c.failing_since_ms = 1;
    consent.failed_after_ms = UINT64_MAX;
    assert_int_equal(policy_decide(&c).verdict, POLICY_NOT_FAILED_YET);
    consent.failed_after_ms = 0;
    assert_int_equal(policy_decide(&c).verdict, POLICY_GO);
    c.now_ms = -1;
    assert_int_equal(policy_decide(&c).verdict, POLICY_EXPIRED);
    c.now_ms = NOW_MS;
    c.gateway_key = NULL; /* the room has not said it */
    assert_int_equal(policy_decide(&c).verdict, POLICY_GATEWAY_KEY);
}

/* Codes are stable: clients act on them. PROTOCOL.md sections 7 and 9.1. */
static void words_are_those_of_the_protocol(void **state)
{
    (void)state;
    static const struct {
        policy_verdict v;
        const char *code, *rule;
    } want[] = {
        { POLICY_UNROUTABLE, "recipient-unroutable", "REQ-MSG-8 " },
        { POLICY_KIND, "consent-kind", "REQ-DGR-2 " },
        { POLICY_NO_CONSENT, "consent-missing", "REQ-DGR-3 " },
        { POLICY_EXPIRED, "consent-expired", "REQ-DGR-4 " },
        { POLICY_FLOOR, "consent-floor-too-high", "REQ-DGR-5 " },
        { POLICY_NO_FALLBACK, "consent-fallback-missing", "REQ-DGR-6 " },
        { POLICY_E2EE_LOSS, "consent-e2ee-loss", "REQ-DGR-7 " },
        { POLICY_GATEWAY_KEY, "consent-gateway-key", "REQ-DGR-8 " },
        { POLICY_NOT_FAILED_YET, "consent-not-failed-yet", "REQ-DGR-9 " },
    };
    assert_string_equal(policy_code(POLICY_GO), "");
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_string_equal(policy_code(want[i].v), want[i].code);
        assert_memory_equal(policy_rule(want[i].v), want[i].rule, strlen(want[i].rule));
        assert_true(strlen(policy_remedy(want[i].v)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),
        cmocka_unit_test(nothing_leaves_without_consent),
        cmocka_unit_test(named_rows),
        cmocka_unit_test(odd_clocks_allow_nothing),
        cmocka_unit_test(words_are_those_of_the_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
