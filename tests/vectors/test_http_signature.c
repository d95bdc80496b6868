/* HTTP Message Signatures against RFC 9421: the bases that its appendix B.2 prints, the Ed25519
 * signature of B.2.6, everything near it that must not verify, and points that must never count. */
#include "gateway/http_signature.h"

#include "codecs/base64.h"
#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

enum { ARENA_BYTES = 32 << 10 };

static uint8_t memory[ARENA_BYTES];

static teal_arena new_arena(void)
{
    return (teal_arena){ memory, sizeof memory, 0 };
}

#define FIELD(name, value)                                                                         \
    {                                                                                              \
        { (const uint8_t *)(name), sizeof(name) - 1 },                                             \
        {                                                                                          \
            (const uint8_t *)(value), sizeof(value) - 1                                            \
        }                                                                                          \
    }
#define REQUEST_DIGEST                                                                             \
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwE"        \
    "mTHWXvJwew==:"
#define RESPONSE_DIGEST                                                                            \
    "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5a"   \
    "GgfLQ==:"

static const http_field request_fields[] = {
    FIELD("Host", "example.com"),
    FIELD("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    FIELD("Content-Type", "application/json"),
    FIELD("Content-Digest", REQUEST_DIGEST),
    FIELD("Content-Length", "18"),
};
static const http_field response_fields[] = {
    FIELD("Date", "Tue, 20 Apr 2021 02:07:56 GMT"),
    FIELD("Content-Type", "application/json"),
    FIELD("Content-Digest", RESPONSE_DIGEST),
    FIELD("Content-Length", "23"),
};

static http_message example(void)
{
    return (http_message){ teal_text("POST"),
                           teal_text("https"),
                           teal_text("example.com"),
                           teal_text("/foo?param=Value&Pet=dog"),
                           0,
                           request_fields,
                           5 };
}

static const http_message response = { .status = 200, .fields = response_fields, .n_fields = 4 };

/* ---- bases ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool of_response;
    const char *input, *base;
} bases[] = {
    { "9421 B.2.1", false,
      "();created=1618884473;keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50gnwp.yemd\"",
      "\"@signature-params\": ();created=1618884473;keyid=\"test-key-rsa-pss\""
      ";nonce=\"b3k2pp5k7z-50gnwp.yemd\"" },
    { "9421 B.2.3", false,
      "(\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" \"content-type\" "
      "\"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-rsa-pss\"",
      "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
      "\"@method\": POST\n"
      "\"@path\": /foo\n"
      "\"@query\": ?param=Value&Pet=dog\n"
      "\"@authority\": example.com\n"
      "\"content-type\": application/json\n"
      "\"content-digest\": " REQUEST_DIGEST "\n"
      "\"content-length\": 18\n"
      "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" "
      "\"content-type\" \"content-digest\" \"content-length\");created=1618884473"
      ";keyid=\"test-key-rsa-pss\"" },
    { "9421 B.2.4", true,
      "(\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473"
      ";keyid=\"test-key-ecc-p256\"",
      "\"@status\": 200\n"
      "\"content-type\": application/json\n"
      "\"content-digest\": " RESPONSE_DIGEST "\n"
      "\"content-length\": 23\n"
      "\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\")"
      ";created=1618884473;keyid=\"test-key-ecc-p256\"" },
    { "9421 B.2.5", false,
      "(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"",
      "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
      "\"@authority\": example.com\n"
      "\"content-type\": application/json\n"
      "\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473"
      ";keyid=\"test-shared-secret\"" },
    { "9421 2.2.2, 2.2.4, 2.2.5", false, "(\"@target-uri\" \"@scheme\" \"@request-target\")",
      "\"@target-uri\": https://example.com/foo?param=Value&Pet=dog\n"
      "\"@scheme\": https\n"
      "\"@request-target\": /foo?param=Value&Pet=dog\n"
      "\"@signature-params\": (\"@target-uri\" \"@scheme\" \"@request-target\")" },
    { "9421 2.3 unknown parameters are covered", false, "(\"@method\");tag=\"x\";future;created=1",
      "\"@method\": POST\n\"@signature-params\": (\"@method\");tag=\"x\";future;created=1" },
};

/* The member's list. */
static teal_result read_input(const char *input, teal_arena *arena, structured_list *out)
{
    structured_dictionary d;
    char buf[1024];
    int len = snprintf(buf, sizeof buf, "s=%s", input);
    teal_bytes copy = teal_arena_copy(arena, (teal_bytes){ (const uint8_t *)buf, (size_t)len });
    teal_result r = structured_read_dictionary(copy, arena, &d, NULL);
    if (r == TEAL_OK)
        *out = d.members[0].list;
    return r;
}

static teal_result base_of(const http_message *m, const char *input, teal_writer *w)
{
    teal_arena arena = new_arena();
    structured_list list;
    teal_result r = read_input(input, &arena, &list);
    return r == TEAL_OK ? http_signature_base(m, &list, w, NULL) : r;
}

static void test_bases(void **state)
{
    (void)state;
    uint8_t room[1024];
    const http_message request = example();
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        teal_writer w = { room, sizeof room, 0 };
        print_message("%s\n", bases[i].name);
        teal_result r = base_of(bases[i].of_response ? &response : &request, bases[i].input, &w);
        assert_int_equal(r, TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), teal_text(bases[i].base)));
    }
}

static const struct {
    const char *name, *input;
    teal_result want;
} refused[] = {
    { "9421 2 component twice", "(\"date\" \"date\")", TEAL_MALFORMED },
    { "9421 2.2 derived twice", "(\"@path\" \"@path\")", TEAL_MALFORMED },
    { "9421 2.1 no such field", "(\"x-nothing\")", TEAL_MALFORMED },
    { "9421 2 upper case", "(\"Date\")", TEAL_MALFORMED },
    { "9421 2 no string", "(date)", TEAL_MALFORMED },
    { "9421 2 empty name", "(\"\")", TEAL_MALFORMED },
    { "9421 2.2 unknown derived", "(\"@fragment\")", TEAL_UNSUPPORTED },
    { "9421 2.5 the parameters themselves", "(\"@signature-params\")", TEAL_UNSUPPORTED },
    { "9421 2.2.9 status of a request", "(\"@status\")", TEAL_MALFORMED },
    { "9421 2.1.1 sf", "(\"date\";sf)", TEAL_UNSUPPORTED },
    { "9421 2.1.2 key", "(\"content-digest\";key=\"sha-512\")", TEAL_UNSUPPORTED },
    { "9421 2.1.3 bs", "(\"date\";bs)", TEAL_UNSUPPORTED },
    { "9421 2.2.8 query-param", "(\"@query-param\";name=\"Pet\")", TEAL_UNSUPPORTED },
    { "9421 2.4 req", "(\"@method\";req)", TEAL_UNSUPPORTED },
    { "9421 2.5 unknown parameter of a component", "(\"date\";x)", TEAL_UNSUPPORTED },
};

static void test_refused(void **state)
{
    (void)state;
    uint8_t room[1024];
    const http_message m = example();
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        teal_writer w = { room, sizeof room, 0 };
        print_message("%s\n", refused[i].name);
        assert_int_equal(base_of(&m, refused[i].input, &w), refused[i].want);
    }
    teal_writer w = { room, sizeof room, 0 };
    assert_int_equal(base_of(&response, "(\"@method\")", &w), TEAL_MALFORMED);
}

/* ---- components ------------------------------------------------------------------------------ */

static const struct {
    const char *name, *url, *component, *want;
} derivations[] = {
    { "9421 2.2.3 default port", "http://www.example.com:80/a", "@authority", "www.example.com" },
    { "9421 2.2.3 default port of https", "https://www.example.com:443/a", "@authority",
      "www.example.com" },
    { "9421 2.2.3 other port", "https://www.example.com:80/a", "@authority", "www.example.com:80" },
    { "9421 2.2.3 lower case", "http://WWW.Example.com:8480/a", "@authority",
      "www.example.com:8480" },
    { "9421 2.2.3 address", "http://[::1]:8480/a", "@authority", "[::1]:8480" },
    { "9421 2.2.6", "http://www.example.com/path?param=value", "@path", "/path" },
    { "9421 2.2.6 empty", "http://www.example.com", "@path", "/" },
    { "9421 2.2.6 as it was sent", "http://www.example.com/im%3Aa%2f/../b", "@path",
      "/im%3Aa%2f/../b" },
    { "9421 2.2.7", "http://a/path?param=value&foo=bar&baz=batman", "@query",
      "?param=value&foo=bar&baz=batman" },
    { "9421 2.2.7 name alone", "http://a/path?queryString", "@query", "?queryString" },
    { "9421 2.2.7 empty", "http://a/path?", "@query", "?" },
    { "9421 2.2.7 none", "http://a/path", "@query", "?" },
    { "9421 2.2.7 no path", "http://a?b", "@query", "?b" },
    { "9421 2.2.2", "https://www.example.com/path?param=value", "@target-uri",
      "https://www.example.com/path?param=value" },
    { "9110 4.2.5 fragment is not sent", "https://a/b#c", "@target-uri", "https://a/b" },
};

static void test_derivations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof derivations / sizeof derivations[0]; i++) {
        uint8_t room[128];
        teal_writer w = { room, sizeof room, 0 };
        http_message m;
        print_message("%s\n", derivations[i].name);
        assert_true(http_message_of_url(teal_text(derivations[i].url), &m));
        assert_int_equal(
            http_message_write_component(&m, teal_text(derivations[i].component), &w, NULL),
            TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), teal_text(derivations[i].want)));
    }
    http_message m;
    assert_false(http_message_of_url(teal_text("ftp://a/"), &m));
    assert_false(http_message_of_url(teal_text("http:///a"), &m));
    assert_false(http_message_of_url(teal_text(""), &m));
}

static const struct {
    const char *name;
    http_field fields[3];
    const char *want; /* NULL: refused */
} combinations[] = {
    { "9421 2.1 blanks around it",
      { FIELD("X-OWS", "   Leading and trailing whitespace.   ") },
      "Leading and trailing whitespace." },
    { "9421 2.1 obs-fold",
      { FIELD("x-ows", "Obsolete\r\n    line folding.") },
      "Obsolete line folding." },
    { "9421 2.1 two fields",
      { FIELD("X-Ows", "max-age=60"), FIELD("X-OWS", "   must-revalidate") },
      "max-age=60, must-revalidate" },
    { "9421 2.1 empty", { FIELD("X-OWS", "") }, "" },
    { "9421 2.1 empty among others",
      { FIELD("X-OWS", "a"), FIELD("X-OWS", " "), FIELD("X-OWS", "b") },
      "a, , b" },
    { "9110 5.5 tabulator inside", { FIELD("x-ows", "a\tb") }, "a\tb" },
    { "9421 7.5.6 line that is no fold", { FIELD("x-ows", "a\n\"@method\": GET") }, NULL },
    { "9110 5.5 NUL", { FIELD("x-ows", "a\0b") }, NULL },
    { "9110 5.5 return alone", { FIELD("x-ows", "a\rb") }, NULL },
    { "9421 2.5 obs-text", { FIELD("x-ows", "f\xc3\xbc") }, NULL },
};

static void test_combinations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof combinations / sizeof combinations[0]; i++) {
        uint8_t room[128];
        teal_writer w = { room, sizeof room, 0 };
        http_message m = { .status = 200, .fields = combinations[i].fields };
        while (m.n_fields < 3 && combinations[i].fields[m.n_fields].name.len > 0)
            m.n_fields++;
        print_message("%s\n", combinations[i].name);
        teal_result r = http_message_write_component(&m, teal_text("x-ows"), &w, NULL);
        assert_int_equal(r, combinations[i].want != NULL ? TEAL_OK : TEAL_MALFORMED);
        if (combinations[i].want != NULL)
            assert_true(teal_bytes_equal(teal_written(&w), teal_text(combinations[i].want)));
    }
}

/* ---- appendix B.2.6 -------------------------------------------------------------------------- */

#define SEED   "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU" /* appendix B.1.4, "d" */
#define PUBLIC "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs" /* and "x" */
#define COMPONENTS                                                                                 \
    "\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\""
#define PARAMETERS ";created=1618884473;keyid=\"test-key-ed25519\""
#define INPUT      "(" COMPONENTS ")" PARAMETERS
#define VALUE                                                                                      \
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="

static void test_b26_signs(void **state)
{
    (void)state;
    static const char base[] = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
                               "\"@method\": POST\n"
                               "\"@path\": /foo\n"
                               "\"@authority\": example.com\n"
                               "\"content-type\": application/json\n"
                               "\"content-length\": 18\n"
                               "\"@signature-params\": " INPUT;
    uint8_t seed[32], pk[32], known[32], sk[64], signature[64], room[1024];
    teal_writer w = { room, sizeof room, 0 };
    teal_arena arena = new_arena();
    structured_list list;
    const http_message m = example();
    assert_int_equal(teal_base64url_decode_exact(teal_text(SEED), seed, 32, NULL), TEAL_OK);
    assert_int_equal(teal_base64url_decode_exact(teal_text(PUBLIC), known, 32, NULL), TEAL_OK);
    crypto_sign_seed_keypair(pk, sk, seed);
    assert_memory_equal(pk, known, sizeof pk);

    assert_int_equal(base_of(&m, INPUT, &w), TEAL_OK);
    assert_true(teal_bytes_equal(teal_written(&w), teal_text(base)));
    assert_int_equal(read_input(INPUT, &arena, &list), TEAL_OK);
    assert_int_equal(http_signature_sign(&m, &list, sk, &arena, signature, NULL), TEAL_OK);
    w.len = 0;
    teal_base64_encode((teal_bytes){ signature, sizeof signature }, &w);
    assert_true(teal_bytes_equal(teal_written(&w), teal_text(VALUE)));
}

static teal_result verify(const http_message *m, const char *tag, const uint8_t *key)
{
    teal_arena arena = new_arena();
    http_signature s;
    teal_result r = http_signature_find(m, tag, &arena, &s, NULL);
    if (r != TEAL_OK)
        return r;
    return s.label.len == 0 ? TEAL_MORE : http_signature_verify(m, &s, key, &arena, NULL);
}

/* As it stands in the fields; the RFC's example has no tag to find it by. */
static teal_result verify_example(http_message m, const char *input, const char *value,
                                  const uint8_t *key)
{
    char input_field[1024], value_field[512];
    teal_arena arena = new_arena();
    structured_dictionary inputs, values;
    snprintf(input_field, sizeof input_field, "sig-b26=%s", input);
    snprintf(value_field, sizeof value_field, "sig-b26=:%s:", value);
    teal_result r = structured_read_dictionary(teal_text(input_field), &arena, &inputs, NULL);
    if (r == TEAL_OK)
        r = structured_read_dictionary(teal_text(value_field), &arena, &values, NULL);
    if (r != TEAL_OK)
        return r;
    teal_bytes octets = values.members[0].item.value.bytes;
    if (octets.len != TEAL_SIGNATURE_BYTES)
        return TEAL_MALFORMED;
    const http_signature s = { inputs.members[0].key, inputs.members[0].list, octets.at };
    return http_signature_verify(&m, &s, key, &arena, NULL);
}

static void rfc_key(uint8_t key[static 32])
{
    assert_int_equal(teal_base64url_decode_exact(teal_text(PUBLIC), key, 32, NULL), TEAL_OK);
}

static const struct {
    const char *name, *input, *value;
    teal_result want;
} near_b26[] = {
    { "9421 B.2.6", INPUT, VALUE, TEAL_OK },
    { "other created", "(" COMPONENTS ");created=1618884474;keyid=\"test-key-ed25519\"", VALUE,
      TEAL_FORGED },
    { "other keyid", "(" COMPONENTS ");created=1618884473;keyid=\"test-key-ed25518\"", VALUE,
      TEAL_FORGED },
    { "parameter more", INPUT ";nonce=\"1\"", VALUE, TEAL_FORGED },
    { "parameter less", "(" COMPONENTS ");created=1618884473", VALUE, TEAL_FORGED },
    { "parameters in another order",
      "(" COMPONENTS ");keyid=\"test-key-ed25519\";created=1618884473", VALUE, TEAL_FORGED },
    { "created as a string", "(" COMPONENTS ");created=\"1618884473\";keyid=\"test-key-ed25519\"",
      VALUE, TEAL_FORGED },
    { "blanks that serialization takes out",
      "(  " COMPONENTS " );created=1618884473; "
      "keyid=\"test-key-ed25519\"",
      VALUE, TEAL_OK },
    { "components in another order",
      "(\"@method\" \"date\" \"@path\" \"@authority\" \"content-type\" "
      "\"content-length\")" PARAMETERS,
      VALUE, TEAL_FORGED },
    { "component more", "(" COMPONENTS " \"@query\")" PARAMETERS, VALUE, TEAL_FORGED },
    { "component less",
      "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\")" PARAMETERS, VALUE,
      TEAL_FORGED },
    { "component twice", "(" COMPONENTS " \"date\")" PARAMETERS, VALUE, TEAL_MALFORMED },
    { "no components", "()" PARAMETERS, VALUE, TEAL_FORGED },
    { "signature cut short", INPUT,
      "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKR",
      TEAL_MALFORMED },
    { "signature too long", INPUT,
      "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCwAA",
      TEAL_MALFORMED },
    { "other signature", INPUT,
      "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRDw==",
      TEAL_FORGED },
    { "no signature", INPUT, "", TEAL_MALFORMED },
};

static void test_b26_negatives(void **state)
{
    (void)state;
    uint8_t key[32];
    rfc_key(key);
    for (size_t i = 0; i < sizeof near_b26 / sizeof near_b26[0]; i++) {
        print_message("%s\n", near_b26[i].name);
        assert_int_equal(verify_example(example(), near_b26[i].input, near_b26[i].value, key),
                         near_b26[i].want);
    }
    for (size_t bit = 0; bit < 256; bit++) { /* any other key */
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(verify_example(example(), INPUT, VALUE, key), TEAL_FORGED);
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* What is covered must not change; what is not, may. */
static void test_b26_other_messages(void **state)
{
    (void)state;
    uint8_t key[32];
    rfc_key(key);
    http_message m = example();
    m.method = teal_text("PUT");
    assert_int_equal(verify_example(m, INPUT, VALUE, key), TEAL_FORGED);
    m = example();
    m.target = teal_text("/foo/?param=Value&Pet=dog");
    assert_int_equal(verify_example(m, INPUT, VALUE, key), TEAL_FORGED);
    m.target = teal_text("/foo?param=other");
    assert_int_equal(verify_example(m, INPUT, VALUE, key), TEAL_OK);
    m = example();
    m.authority = teal_text("example.org");
    assert_int_equal(verify_example(m, INPUT, VALUE, key), TEAL_FORGED);
    m.authority = teal_text("EXAMPLE.com:443");
    assert_int_equal(verify_example(m, INPUT, VALUE, key), TEAL_OK);

    for (size_t i = 0; i < 5; i++) {
        http_field fields[5];
        m = example();
        memcpy(fields, m.fields, sizeof fields);
        fields[i].value = teal_text("something else");
        m.fields = fields;
        bool covered = i != 0 && i != 3; /* Host and Content-Digest are not, in B.2.6 */
        assert_int_equal(verify_example(m, INPUT, VALUE, key), covered ? TEAL_FORGED : TEAL_OK);
        fields[i].name = teal_text("x-gone");
        assert_int_equal(verify_example(m, INPUT, VALUE, key), covered ? TEAL_MALFORMED : TEAL_OK);
    }
}

/* ---- finding --------------------------------------------------------------------------------- */

static const struct {
    const char *name, *input, *value;
    teal_result want; /* TEAL_MORE: there is none */
} findings[] = {
    { "no fields", NULL, NULL, TEAL_MORE },
    { "other tags", "a=();tag=\"b\", c=()", "a=::, c=::", TEAL_MORE },
    { "tag is no string", "a=();tag=t", "a=::", TEAL_MORE },
    { "member is no list", "a=1;tag=\"t\"", "a=::", TEAL_MORE },
    { "value missing", "a=();tag=\"t\"", "b=::", TEAL_MALFORMED },
    { "field missing", "a=();tag=\"t\"", NULL, TEAL_MALFORMED },
    { "value of another length", "a=();tag=\"t\"", "a=:AAAA:", TEAL_MALFORMED },
    { "value is a string", "a=();tag=\"t\"", "a=\"" VALUE "\"", TEAL_MALFORMED },
    { "value is a list", "a=();tag=\"t\"", "a=(:" VALUE ":)", TEAL_MALFORMED },
    { "tag twice", "a=();tag=\"t\", b=();tag=\"t\"", "a=:" VALUE ":, b=:" VALUE ":",
      TEAL_MALFORMED },
    { "no dictionary", "a=(", "a=:" VALUE ":", TEAL_MALFORMED },
    { "signature is no dictionary", "a=();tag=\"t\"", "a=:", TEAL_MALFORMED },
    { "found among others", "b=(\"date\");tag=\"u\", a=();tag=\"t\"", "b=::, a=:" VALUE ":",
      TEAL_FORGED },
};

static void test_finding(void **state)
{
    (void)state;
    uint8_t key[32];
    rfc_key(key);
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        http_field fields[2];
        http_message m = example();
        m.fields = fields;
        m.n_fields = 0;
        if (findings[i].input != NULL)
            fields[m.n_fields++] =
                (http_field){ teal_text("signature-INPUT"), teal_text(findings[i].input) };
        if (findings[i].value != NULL)
            fields[m.n_fields++] =
                (http_field){ teal_text("Signature"), teal_text(findings[i].value) };
        print_message("%s\n", findings[i].name);
        assert_int_equal(verify(&m, "t", key), findings[i].want);
    }
}

/* ---- points that must never count ------------------------------------------------------------ */

static teal_result verify_raw(const uint8_t *key, const uint8_t *signature, const char *nonce)
{
    teal_arena arena = new_arena();
    const http_message m = example();
    const structured_parameter p = { teal_text("nonce"),
                                     { STRUCTURED_STRING, 0, teal_text(nonce) } };
    const http_signature s = { .input = { .parameters = { &p, 1 } }, .value = signature };
    return http_signature_verify(&m, &s, key, &arena, NULL);
}

/* Encodings of the points of small order, canonical and not. */
static const char *const small[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};
enum { N_SMALL = sizeof small / sizeof small[0] };

/* With A of small order, R = sB verifies for one message in eight at least, wherever the equation
 * alone is checked; with R of small order too, s = 0 does. */
static void test_small_order_keys(void **state)
{
    (void)state;
    uint8_t scalar[32], signature[64], key[32];
    char nonce[16];
    for (size_t a = 0; a < N_SMALL; a++) {
        print_message("A = %s\n", small[a]);
        test_hex(small[a], key, sizeof key);
        for (unsigned i = 0; i < 64; i++) {
            snprintf(nonce, sizeof nonce, "%u", i);
            crypto_core_ed25519_scalar_random(scalar);
            assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(signature, scalar), 0);
            memcpy(signature + 32, scalar, sizeof scalar);
            assert_int_equal(verify_raw(key, signature, nonce), TEAL_FORGED);
        }
        for (size_t r = 0; r < N_SMALL; r++) {
            memset(signature, 0, sizeof signature);
            test_hex(small[r], signature, 32);
            assert_int_equal(verify_raw(key, signature, ""), TEAL_FORGED);
        }
    }
}

/* The cases that "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020) publishes: what
 * the Ed25519 under http_signature_verify takes. The key of case 3 has a part of small order, which
 * says nothing about who may use it: nobody but its maker can sign with it. */
static const struct {
    const char *name, *message, *key, *signature;
    bool holds;
} tamed[] = {
    { "0 small A, small R, S = 0",
      "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
      "0000000000000000000000000000000000000000000000000000000000000000",
      false },
    { "1 small A, mixed R", "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
      "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
      false },
    { "2 mixed A, small R", "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
      "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
      "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
      false },
    { "3 mixed A and R, with and without cofactor",
      "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
      "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
      "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
      "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
      true },
    { "4 holds with the cofactor alone",
      "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
      "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
      "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
      "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
      false },
    { "5 holds with the cofactor alone, reduced late",
      "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
      "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
      "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
      "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
      false },
    { "6 S > L", "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
      "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
      "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
      "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
      false },
    { "7 S much above L", "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
      "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
      "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
      "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
      false },
    { "8 R not canonical", "fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a",
      "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
      "454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607",
      false },
    { "9 R not canonical, reduced",
      "84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1",
      "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
      "084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09",
      false },
};

static void test_tamed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tamed / sizeof tamed[0]; i++) {
        uint8_t message[32], key[32], signature[64];
        print_message("%s\n", tamed[i].name);
        test_hex(tamed[i].message, message, sizeof message);
        test_hex(tamed[i].key, key, sizeof key);
        test_hex(tamed[i].signature, signature, sizeof signature);
        bool holds = crypto_sign_verify_detached(signature, message, sizeof message, key) == 0;
        assert_int_equal(holds, tamed[i].holds);
    }
}

/* S + L is the same scalar in another encoding. */
static void test_other_scalar(void **state)
{
    (void)state;
    static const char order[] = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    uint8_t key[32], seed[32] = { 1 }, sk[64], signature[64], l[32];
    teal_arena arena = new_arena();
    const http_message m = example();
    const structured_parameter p = { teal_text("nonce"), { .kind = STRUCTURED_STRING } };
    const structured_list input = { .parameters = { &p, 1 } };
    crypto_sign_seed_keypair(key, sk, seed);
    assert_int_equal(http_signature_sign(&m, &input, sk, &arena, signature, NULL), TEAL_OK);
    assert_int_equal(verify_raw(key, signature, ""), TEAL_OK);
    test_hex(order, l, sizeof l);
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature[32 + i] + l[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_int_equal(verify_raw(key, signature, ""), TEAL_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_derivations),
        cmocka_unit_test(test_combinations),
        cmocka_unit_test(test_b26_signs),
        cmocka_unit_test(test_b26_negatives),
        cmocka_unit_test(test_b26_other_messages),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_small_order_keys),
        cmocka_unit_test(test_tamed),
        cmocka_unit_test(test_other_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
