/* What must be covered, and how: requests that pass, and each of them with one thing wrong. */
#include "gateway/request_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

enum { ARENA_BYTES = 32 << 10 };
enum { BODY_THERE = 1, TYPE_THERE = 2, RCS_THERE = 4 };

#define NOW_MS  1700000000123
#define CREATED "1700000000"
#define NONCE   "AAECAwQFBgcICQoLDA0ODw"
#define KEYID   "device:000102030405060708090a0b0c0d0e0f"
#define ALWAYS  "\"@method\" \"@authority\" \"@path\" \"@query\""
#define BODY    "{}"

typedef struct rig {
    uint8_t memory[ARENA_BYTES];
    uint8_t pk[32], sk[64];
    http_field fields[8];
    http_message m;
} rig;

static int set_up(void **state)
{
    static rig r;
    static const uint8_t seed[32] = { 7 };
    crypto_sign_seed_keypair(r.pk, r.sk, seed);
    *state = &r;
    return 0;
}

static teal_arena arena_of(rig *r)
{
    return (teal_arena){ r->memory, sizeof r->memory, 0 };
}

static void begin(rig *r, const char *method, const char *url)
{
    assert_true(http_message_of_url(teal_text(url), &r->m));
    r->m.method = teal_text(method);
    r->m.fields = r->fields;
}

static void add(rig *r, const char *name, const char *value)
{
    r->fields[r->m.n_fields++] = (http_field){ teal_text(name), teal_text(value) };
}

static const uint8_t nonce[REQUEST_NONCE_BYTES] = { 0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15 };

static void sign(rig *r, request_key kind, const char *body, request_signed *out)
{
    request_signer signer = { .kind = kind, .sk = r->sk };
    for (size_t i = 0; i < sizeof signer.id; i++)
        signer.id[i] = (uint8_t)i;
    assert_int_equal(request_sign(&r->m, teal_text(body), &signer, NOW_MS, nonce, out, NULL),
                     TEAL_OK);
    if (out->content_digest[0] != '\0')
        add(r, "Content-Digest", out->content_digest);
    add(r, "Signature-Input", out->signature_input);
    add(r, "Signature", out->signature);
}

static void test_round_trip(void **state)
{
    rig *r = *state;
    for (request_key kind = REQUEST_DEVICE; kind <= REQUEST_KEY; kind++) {
        request_signed out;
        request_claim claim;
        bool found;
        begin(r, "POST", "http://127.0.0.1:8480/v1/messages");
        add(r, "Content-Type", "message/cpim");
        add(r, "Rcs-From", "sip:bob@rcs.example");
        sign(r, kind, BODY, &out);
        teal_arena arena = arena_of(r);
        assert_int_equal(request_read(&r->m, true, &arena, &found, &claim, NULL), TEAL_OK);
        assert_true(found);
        assert_int_equal(claim.kind, kind);
        assert_int_equal(claim.created_s, NOW_MS / 1000);
        assert_true(teal_bytes_equal(claim.nonce, teal_text(NONCE)));
        if (kind == REQUEST_DEVICE)
            assert_memory_equal(claim.id, nonce, sizeof claim.id);
        else
            assert_memory_equal(claim.key, r->pk, sizeof claim.key);
        assert_int_equal(request_verify(&r->m, teal_text(BODY), &claim, r->pk, &arena, NULL),
                         TEAL_OK);
        assert_int_equal(request_verify(&r->m, teal_text("[]"), &claim, r->pk, &arena, NULL),
                         TEAL_FORGED);
        r->fields[1].value = teal_text("sip:eve@rcs.example");
        assert_int_equal(request_verify(&r->m, teal_text(BODY), &claim, r->pk, &arena, NULL),
                         TEAL_FORGED);
    }
}

static void test_input(void **state)
{
    rig *r = *state;
    request_signed out;
    begin(r, "GET", "http://127.0.0.1:8480/v1/inbox?device=00");
    sign(r, REQUEST_DEVICE, "", &out);
    assert_string_equal(out.content_digest, "");
    assert_string_equal(out.signature_input, "teal=(" ALWAYS ");created=" CREATED ";nonce=\"" NONCE
                                             "\";keyid=\"" KEYID "\";alg=\"ed25519\";tag=\"teal\"");
    begin(r, "POST", "http://127.0.0.1:8480/v1/inbox/ack");
    add(r, "Content-Type", "application/json");
    sign(r, REQUEST_DEVICE, BODY, &out);
    assert_string_equal(out.content_digest,
                        "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:");
    assert_string_equal(out.signature_input,
                        "teal=(" ALWAYS " \"content-digest\" \"content-type\");created=" CREATED
                        ";nonce=\"" NONCE "\";keyid=\"" KEYID "\";alg=\"ed25519\";tag=\"teal\"");
}

#define GOOD ";created=1;nonce=\"" NONCE "\";keyid=\"" KEYID "\";tag=\"teal\""
#define KEY  "key:JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"

static const struct {
    const char *name, *input;
    teal_result want; /* TEAL_MORE: unsigned */
    unsigned has;
} rows[] = {
    { "as it should be", "(" ALWAYS ")" GOOD, TEAL_OK, 0 },
    { "in another order", "(\"@query\" \"@path\" \"@method\" \"@authority\")" GOOD, TEAL_OK, 0 },
    { "more is covered", "(" ALWAYS " \"@scheme\")" GOOD, TEAL_OK, 0 },
    { "alg", "(" ALWAYS ")" GOOD ";alg=\"ed25519\"", TEAL_OK, 0 },
    { "unknown parameter", "(" ALWAYS ")" GOOD ";more", TEAL_OK, 0 },
    { "account",
      "(" ALWAYS ");created=1;nonce=\"" NONCE "\";tag=\"teal\";keyid=\"account:"
      "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs\"",
      TEAL_OK, 0 },
    { "key", "(" ALWAYS ");created=1;nonce=\"" NONCE "\";tag=\"teal\";keyid=\"" KEY "\"", TEAL_OK,
      0 },
    { "body", "(" ALWAYS " \"content-digest\" \"content-type\")" GOOD, TEAL_OK,
      BODY_THERE | TYPE_THERE },
    { "body without a type", "(" ALWAYS " \"content-digest\")" GOOD, TEAL_OK, BODY_THERE },
    { "Rcs-From", "(" ALWAYS " \"rcs-from\")" GOOD, TEAL_OK, RCS_THERE },
    { "other tag", "(" ALWAYS ");created=1;tag=\"teak\"", TEAL_MORE, 0 },
    { "no tag", "(" ALWAYS ");created=1", TEAL_MORE, 0 },
    { "REQ-SIG-2 nothing", "()" GOOD, TEAL_MALFORMED, 0 },
    { "REQ-SIG-2 no method", "(\"@authority\" \"@path\" \"@query\")" GOOD, TEAL_MALFORMED, 0 },
    { "REQ-SIG-2 no authority", "(\"@method\" \"@path\" \"@query\")" GOOD, TEAL_MALFORMED, 0 },
    { "REQ-SIG-2 no path", "(\"@method\" \"@authority\" \"@query\")" GOOD, TEAL_MALFORMED, 0 },
    { "REQ-SIG-2 no query", "(\"@method\" \"@authority\" \"@path\")" GOOD, TEAL_MALFORMED, 0 },
    { "REQ-SIG-2 a path with a parameter does not count",
      "(\"@method\" \"@authority\" \"@path\";req \"@query\")" GOOD, TEAL_MALFORMED, 0 },
    { "REQ-SIG-2 a token does not count", "(\"@method\" \"@authority\" path \"@query\")" GOOD,
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-2 no digest", "(" ALWAYS " \"content-type\")" GOOD, TEAL_MALFORMED,
      BODY_THERE | TYPE_THERE },
    { "REQ-SIG-2 no type", "(" ALWAYS " \"content-digest\")" GOOD, TEAL_MALFORMED,
      BODY_THERE | TYPE_THERE },
    { "REQ-SIG-2 no Rcs-From", "(" ALWAYS ")" GOOD, TEAL_MALFORMED, RCS_THERE },
    { "REQ-SIG-3 no created", "(" ALWAYS ");nonce=\"" NONCE "\";keyid=\"" KEYID "\";tag=\"teal\"",
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 created as text",
      "(" ALWAYS ");created=\"1\";nonce=\"" NONCE "\";keyid=\"" KEYID "\";tag=\"teal\"",
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 no nonce", "(" ALWAYS ");created=1;keyid=\"" KEYID "\";tag=\"teal\"",
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 nonce of 15",
      "(" ALWAYS ");created=1;nonce=\"123456789012345\";keyid=\"" KEYID "\";tag=\"teal\"",
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 nonce of 65",
      "(" ALWAYS ");created=1;nonce=\"" NONCE NONCE "123456789012345678901\";keyid=\"" KEYID
      "\";tag=\"teal\"",
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 nonce with a blank",
      "(" ALWAYS ");created=1;nonce=\"1234567 90123456\";keyid=\"" KEYID "\";tag=\"teal\"",
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 no keyid", "(" ALWAYS ");created=1;nonce=\"" NONCE "\";tag=\"teal\"",
      TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 other alg", "(" ALWAYS ")" GOOD ";alg=\"hmac-sha256\"", TEAL_MALFORMED, 0 },
    { "REQ-SIG-3 alg as a token", "(" ALWAYS ")" GOOD ";alg=ed25519", TEAL_MALFORMED, 0 },
    { "REQ-SIG-7 upper case",
      "(" ALWAYS ")" GOOD ";keyid=\"device:000102030405060708090A0B0C0D0E0F\"", TEAL_MALFORMED, 0 },
    { "REQ-SIG-7 short device", "(" ALWAYS ")" GOOD ";keyid=\"device:000102\"", TEAL_MALFORMED, 0 },
    { "REQ-SIG-7 long device", "(" ALWAYS ")" GOOD ";keyid=\"" KEYID "00\"", TEAL_MALFORMED, 0 },
    { "REQ-SIG-7 short key", "(" ALWAYS ")" GOOD ";keyid=\"key:AAAA\"", TEAL_MALFORMED, 0 },
    { "REQ-SIG-7 padded key", "(" ALWAYS ")" GOOD ";keyid=\"" KEY "=\"", TEAL_MALFORMED, 0 },
    { "REQ-SIG-7 another kind", "(" ALWAYS ")" GOOD ";keyid=\"peer:rcs\"", TEAL_MALFORMED, 0 },
    { "REQ-SIG-7 nothing", "(" ALWAYS ")" GOOD ";keyid=\"\"", TEAL_MALFORMED, 0 },
};

static void test_rows(void **state)
{
    rig *r = *state;
    static const char value[] =
        "teal=:"
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRC"
        "w==:";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char input[512];
        request_claim claim;
        bool found = false;
        teal_diag why = { 0 };
        snprintf(input, sizeof input, "teal=%s", rows[i].input);
        begin(r, "GET", "http://127.0.0.1:8480/v1/x");
        add(r, "Signature-Input", input);
        add(r, "Signature", value);
        if ((rows[i].has & TYPE_THERE) != 0)
            add(r, "content-TYPE", "application/json");
        if ((rows[i].has & RCS_THERE) != 0)
            add(r, "rcs-FROM", "sip:bob@rcs.example");
        print_message("%s\n", rows[i].name);
        teal_arena arena = arena_of(r);
        teal_result result =
            request_read(&r->m, (rows[i].has & BODY_THERE) != 0, &arena, &found, &claim, &why);
        assert_int_equal(found, rows[i].want != TEAL_MORE);
        assert_int_equal(result, rows[i].want == TEAL_MORE ? TEAL_OK : rows[i].want);
        if (result != TEAL_OK)
            assert_true(why.rule != NULL && strncmp(why.rule, "REQ-SIG-", 8) == 0);
    }
}

/* claim: created at 1000, and what more the parameters say. */
static bool timely(rig *r, const char *more, int64_t now_s)
{
    char input[512];
    request_claim claim;
    bool found;
    snprintf(input, sizeof input,
             "teal=(" ALWAYS ");created=1000;nonce=\"" NONCE "\";keyid=\"" KEYID
             "\";tag=\"teal\"%s",
             more);
    begin(r, "GET", "http://127.0.0.1:8480/v1/x");
    add(r, "Signature-Input", input);
    add(r, "Signature",
        "teal=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w"
        "6vuQv5lIp5WPpBKRCw==:");
    teal_arena arena = arena_of(r);
    assert_int_equal(request_read(&r->m, false, &arena, &found, &claim, NULL), TEAL_OK);
    return request_is_timely(&claim, now_s * 1000 + 999);
}

static void test_window(void **state)
{
    rig *r = *state;
    assert_true(timely(r, "", 1000));
    assert_true(timely(r, "", 700));
    assert_true(timely(r, "", 1300));
    assert_false(timely(r, "", 699));
    assert_false(timely(r, "", 1301));
    assert_true(timely(r, ";expires=1010", 1009));
    assert_false(timely(r, ";expires=1010", 1010));
    assert_false(timely(r, ";expires=\"2000\"", 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_window),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
