/* Base64 against RFC 4648, what a strict decoder refuses, and round trips of every length. */
#include "codecs/base64.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef teal_result decoder(teal_bytes in, teal_writer *out, teal_diag *why);

static const struct {
    const char *name, *value, *padded, *bare;
} good[] = {
    { "4648 section 10, empty", "", "", "" },
    { "4648 section 10, f", "f", "Zg==", "Zg" },
    { "4648 section 10, fo", "fo", "Zm8=", "Zm8" },
    { "4648 section 10, foo", "foo", "Zm9v", "Zm9v" },
    { "4648 section 10, foob", "foob", "Zm9vYg==", "Zm9vYg" },
    { "4648 section 10, fooba", "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "4648 section 10, foobar", "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "4648 section 5, other digits", "\xfb\xff\xfe", "+//+", "-__-" },
};

static const struct {
    const char *name, *in;
    bool url_safe;
    size_t at;
} bad[] = {
    { "4648 section 3.3 foreign character", "Zm9*", false, 3 },
    { "4648 section 3.3 line break", "Zm9v\r\nYmFy", false, 10 },
    { "URL digits in standard", "-__-", false, 0 },
    { "standard digits in URL", "+//+", true, 0 },
    { "4648 section 3.2 padding missing", "Zg", false, 2 },
    { "padding short", "Zg=", false, 3 },
    { "padding long", "Zm8==", false, 5 },
    { "nothing but padding", "====", false, 0 },
    { "three of padding", "Z===", false, 1 },
    { "padding inside", "Zg==Zg==", false, 2 },
    { "padding where there is none", "Zg==", true, 2 },
    { "4648 section 3.5 trailing bits, one octet", "Zh==", false, 1 },
    { "4648 section 3.5 trailing bits, two octets", "Zm9=", false, 2 },
    { "4648 section 3.5 trailing bits, URL", "Zh", true, 1 },
    { "one digit", "Z", true, 1 },
    { "one digit after a group", "Zm9vZ", true, 5 },
    { "NUL is no end", "Zm9v\0AAA", true, 4 },
};

static void check_good(decoder *decode, void (*encode)(teal_bytes, teal_writer *),
                       const char *value, const char *text)
{
    uint8_t buffer[64];
    uint8_t *copy = exact_copy(text, strlen(text));
    teal_writer out = { buffer, sizeof buffer, 0 };
    assert_int_equal(decode((teal_bytes){ copy, strlen(text) }, &out, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(teal_written(&out), teal_text(value)));
    free(copy);

    teal_writer again = { buffer, sizeof buffer, 0 };
    encode(teal_text(value), &again);
    assert_true(teal_bytes_equal(teal_written(&again), teal_text(text)));
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        print_message("%s\n", good[i].name);
        check_good(teal_base64_decode, teal_base64_encode, good[i].value, good[i].padded);
        check_good(teal_base64url_decode, teal_base64url_encode, good[i].value, good[i].bare);
        assert_int_equal(teal_base64_length(strlen(good[i].value)), strlen(good[i].padded));
        assert_int_equal(teal_base64url_length(strlen(good[i].value)), strlen(good[i].bare));
    }
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        print_message("%s\n", bad[i].name);
        size_t len = strstr(bad[i].name, "NUL") != NULL ? 8 : strlen(bad[i].in);
        uint8_t buffer[64], *copy = exact_copy(bad[i].in, len);
        teal_writer out = { buffer, sizeof buffer, 7 };
        teal_diag why = { 0 };
        decoder *decode = bad[i].url_safe ? teal_base64url_decode : teal_base64_decode;
        assert_int_equal(decode((teal_bytes){ copy, len }, &out, &why), TEAL_MALFORMED);
        assert_int_equal(why.at, bad[i].at);
        assert_memory_equal(why.rule, "REQ-B64-", 8);
        assert_int_equal(out.len, 7);
        free(copy);
    }
}

static void test_every_length(void **state)
{
    (void)state;
    uint8_t value[200], text[300], back[200];
    for (size_t n = 0; n <= sizeof value; n++) {
        for (size_t i = 0; i < n; i++)
            value[i] = (uint8_t)(i * 37 + n * 11);
        teal_writer t = { text, sizeof text, 0 };
        teal_base64url_encode((teal_bytes){ value, n }, &t);
        assert_int_equal(t.len, teal_base64url_length(n));
        assert_int_equal(teal_base64url_decode_exact(teal_written(&t), back, n, NULL), TEAL_OK);
        assert_memory_equal(back, value, n);

        teal_writer small = { back, n > 0 ? n - 1 : 0, 0 };
        teal_result want = n > 0 ? TEAL_SPACE : TEAL_OK;
        assert_int_equal(teal_base64url_decode(teal_written(&t), &small, NULL), want);
        assert_int_equal(small.len, n);
    }
}

static void test_exact_length(void **state)
{
    (void)state;
    uint8_t out[3] = { 1, 2, 3 };
    const uint8_t zero[3] = { 0 };
    teal_diag why = { 0 };
    assert_int_equal(teal_base64url_decode_exact(teal_text("Zm8"), out, 3, &why), TEAL_MALFORMED);
    assert_memory_equal(out, zero, 3);
    assert_int_equal(teal_base64url_decode_exact(teal_text("Zm9vYg"), out, 3, &why),
                     TEAL_MALFORMED);
    assert_memory_equal(out, zero, 3);
    assert_string_equal(why.rule, "REQ-B64-3 value of another length");
    assert_int_equal(teal_base64url_decode_exact(teal_text("Zg"), out, 0, NULL), TEAL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_exact_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
