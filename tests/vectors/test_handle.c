/* Handles: what people and peers write, and the one form that it becomes. */
#include "codecs/handle.h"

#include "codecs/native/envelope.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEN      "1234567890"
#define FIFTY    TEN TEN TEN TEN TEN
#define LABEL_63 FIFTY "1234567890abc"

/* want: NULL where it must be refused. */
static const struct {
    const char *name, *in, *want;
} rows[] = {
    { "canonical number", "tel:+14155550100", "tel:+14155550100" },
    { "RFC 3966 5.1.1 visual separators", "tel:+1-(415).555-0100", "tel:+14155550100" },
    { "scheme in capitals", "TEL:+14155550100", "tel:+14155550100" },
    { "bare number", "+1 415 555 0100", "tel:+14155550100" },
    { "bare number with parameters", "+14155550100;ext=7", "tel:+14155550100" },
    { "RFC 3966 3 parameters", "tel:+14155550100;isub=12;phone-context=+1", "tel:+14155550100" },
    { "in angle brackets", "<tel:+14155550100>", "tel:+14155550100" },
    { "white space around", " \t< tel:+14155550100 > ", "tel:+14155550100" },
    { "RFC 3261 19.1.6 user=phone", "sip:+14155550100@rcs.example;user=phone", "tel:+14155550100" },
    { "user=phone in capitals", "SIP:+1-415-555-0100@RCS.example;x=1;User=Phone",
      "tel:+14155550100" },
    { "parameters behind user=phone", "sip:+14155550100@rcs.example;user=phone;x=1",
      "tel:+14155550100" },
    { "parameters of the number itself", "sip:+14155550100;isub=1@rcs.example;user=phone",
      "tel:+14155550100" },
    { "number without user=phone is a name", "sip:+14155550100@rcs.example",
      "sip:%2B14155550100@rcs.example" },
    { "E.164 shortest", "tel:+12345", "tel:+12345" },
    { "E.164 longest", "tel:+123456789012345", "tel:+123456789012345" },
    { "canonical name", "im:alice@native.example", "im:alice@native.example" },
    { "host in capitals, case of the name kept", "IM:Alice@Native.EXAMPLE",
      "im:Alice@native.example" },
    { "parameters and headers", "sip:bob@rcs.example;transport=tcp?subject=x",
      "sip:bob@rcs.example" },
    { "RFC 3986 6.2.2.1 escapes in capitals", "im:a%2fb@native.example",
      "im:a%2Fb@native.example" },
    { "RFC 3986 6.2.2.2 needless escapes", "im:%61lice%2Ebo@native.example",
      "im:alice.bo@native.example" },
    { "RFC 3261 25.1 user-unreserved", "sip:a&=+$,?/b@rcs.example",
      "sip:a%26%3D%2B%24%2C%3F%2Fb@rcs.example" },
    { "escaped UTF-8", "im:%C3%A9ric@native.example", "im:%C3%A9ric@native.example" },
    { "label of digits", "im:alice@1.2.native.example", "im:alice@1.2.native.example" },
    { "host of one label", "im:alice@localhost", "im:alice@localhost" },
    { "longest label", "im:a@" LABEL_63 ".x", "im:a@" LABEL_63 ".x" },
    { "anonymous", "sip:anonymous@anonymous.invalid", "sip:anonymous@anonymous.invalid" },

    { "empty", "", NULL },
    { "no scheme", "alice@native.example", NULL },
    { "other scheme", "mailto:alice@native.example", NULL },
    { "sips is another resource", "sips:alice@native.example", NULL },
    { "scheme alone", "tel:", NULL },
    { "number without country code", "tel:4155550100", NULL },
    { "country code 0", "tel:+0415555010", NULL },
    { "number too short", "tel:+1234", NULL },
    { "number too long", "tel:+1234567890123456", NULL },
    { "letter in a number", "tel:+1415555o100", NULL },
    { "second plus", "tel:++14155550100", NULL },
    { "user=phone with a name", "sip:bob@rcs.example;user=phone", NULL },
    { "user=phone without host", "sip:+14155550100;user=phone", NULL },
    { "user=phone with an empty host", "sip:+14155550100@;user=phone", NULL },
    { "host longer than 253", "im:a@" FIFTY "." FIFTY "." FIFTY "." FIFTY "." FIFTY, NULL },
    { "no name", "im:@native.example", NULL },
    { "no host", "im:alice@", NULL },
    { "no at", "im:alice", NULL },
    { "two at", "im:alice@b@native.example", NULL },
    { "empty label", "im:alice@native..example", NULL },
    { "dot at the end", "im:alice@native.example.", NULL },
    { "dot at the start", "im:alice@.example", NULL },
    { "hyphen at a label's end", "im:alice@native-.example", NULL },
    { "hyphen at a label's start", "im:alice@-native.example", NULL },
    { "underscore in a host", "im:alice@na_tive.example", NULL },
    { "port", "sip:bob@rcs.example:5060", NULL },
    { "address literal", "sip:bob@[::1]", NULL },
    { "RFC 3261 25.1 IPv4 address", "sip:bob@192.0.2.1", NULL },
    { "IPv4 address as one number", "sip:bob@3221225985", NULL },
    { "IPv4 address in hexadecimal", "sip:bob@0xc0000201", NULL },
    { "last label begins with a digit", "im:alice@native.1st", NULL },
    { "label too long", "im:a@" LABEL_63 "4.x", NULL },
    { "space in a name", "im:al ice@native.example", NULL },
    { "octet above ASCII in a name", "im:\xc3\xa9ric@native.example", NULL },
    { "escape cut short", "im:a%4@native.example", NULL },
    { "escape that is no hexadecimal", "im:a%4g@native.example", NULL },
    { "escaped NUL", "im:a%00@native.example", NULL },
    { "escaped line feed", "im:a%0Ab@native.example", NULL },
    { "password", "sip:bob:secret@rcs.example", NULL },
    { "longer than 256", "im:" FIFTY FIFTY FIFTY FIFTY FIFTY "@b.example", NULL },
    { "longer than 256 when escaped",
      "im:" FIFTY FIFTY FIFTY FIFTY "++++++++++++++++++@native.example", NULL },
    { "only one bracket", "<tel:+14155550100", NULL },
};

static void check(const char *name, const char *text, const char *want)
{
    print_message("%s\n", name);
    size_t len = strlen(text);
    uint8_t *in = exact_copy(text, len), room[TEAL_MAX_HANDLE_BYTES];
    teal_writer out = { room, sizeof room, 0 };
    teal_diag why = { 0 };
    teal_result result = teal_handle_canonicalize((teal_bytes){ in, len }, &out, &why);
    if (want == NULL) {
        assert_int_equal(result, TEAL_MALFORMED);
        assert_non_null(why.rule);
        assert_int_equal(out.len, 0);
    } else {
        assert_int_equal(result, TEAL_OK);
        assert_int_equal(out.len, strlen(want));
        assert_memory_equal(room, want, out.len);
        assert_true(teal_handle_is_canonical(teal_written(&out)));
    }
    assert_int_equal(teal_handle_is_canonical((teal_bytes){ in, len }),
                     want != NULL && strcmp(text, want) == 0);
    free(in);
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(rows[i].name, rows[i].in, rows[i].want);
}

static void test_space(void **state)
{
    (void)state;
    uint8_t room[16];
    for (size_t cap = 0; cap <= sizeof room; cap++) {
        teal_writer out = { room, cap, 0 };
        teal_diag why;
        teal_result want = cap < 16 ? TEAL_SPACE : TEAL_OK;
        assert_int_equal(teal_handle_canonicalize(teal_text("+14155550100"), &out, &why), want);
        assert_int_equal(out.len, 16);
    }
}

static void test_embedded_nul(void **state)
{
    (void)state;
    static const uint8_t text[] = "im:alice\0@native.example";
    assert_false(teal_handle_is_canonical((teal_bytes){ text, sizeof text - 1 }));
    static const uint8_t tail[] = "tel:+14155550100";
    assert_false(teal_handle_is_canonical((teal_bytes){ tail, sizeof tail }));
}

static void test_parts(void **state)
{
    (void)state;
    teal_bytes number = teal_text("tel:+14155550100"), name = teal_text("im:alice@native.example");
    assert_true(teal_bytes_equal(teal_handle_number(number), teal_text("+14155550100")));
    assert_int_equal(teal_handle_host(number).len, 0);
    assert_true(teal_bytes_equal(teal_handle_host(name), teal_text("native.example")));
    assert_int_equal(teal_handle_number(name).len, 0);
    assert_int_equal(teal_handle_number((teal_bytes){ 0 }).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_space),
        cmocka_unit_test(test_embedded_nul),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
