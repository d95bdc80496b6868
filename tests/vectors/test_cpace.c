/* CPace against draft-irtf-cfrg-cpace-21 appendix B.3, and what a wrong code, or somebody in
 * between, comes to. */
#include "codecs/native/cpace.h"

#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct run {
    uint8_t scalar[TEAL_CPACE_SCALAR_BYTES], share[TEAL_CPACE_SHARE_BYTES];
    uint8_t key[TEAL_CPACE_KEY_BYTES];
    const char *data;
} run;

static const char *const scalar_a =
    "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08";
static const char *const scalar_b =
    "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d";

static teal_bytes view(const uint8_t *at, size_t len)
{
    return (teal_bytes){ at, len };
}

static teal_bytes sid(void)
{
    static uint8_t room[16];
    return test_hex("7e4b4791d6a8ef019b936c79fb7f2c57", room, sizeof room);
}

static void begin(run *r, const char *code, const char *scalar, const char *data)
{
    uint8_t room[32];
    test_hex(scalar, r->scalar, sizeof r->scalar);
    r->data = data;
    teal_cpace_share(
        teal_text(code),
        test_hex("6f630b425f726573706f6e6465720b415f696e69746961746f72", room, sizeof room), sid(),
        r->scalar, r->share);
}

static teal_cpace_party party(const run *r)
{
    return (teal_cpace_party){ view(r->share, sizeof r->share), teal_text(r->data) };
}

static teal_result end(run *own, const run *initiator, const run *responder, teal_bytes theirs)
{
    const teal_cpace_party a = party(initiator), b = party(responder);
    return teal_cpace_key(sid(), own->scalar, &a, &b, theirs, own->key);
}

static void test_appendix_b3(void **state)
{
    (void)state;
    run a, b;
    begin(&a, "Password", scalar_a, "ADa");
    begin(&b, "Password", scalar_b, "ADb");
    test_assert_hex(view(a.share, sizeof a.share),
                    "d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a");
    test_assert_hex(view(b.share, sizeof b.share),
                    "08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307");
    static const char *const key =
        "4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d"
        "8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1";
    assert_int_equal(end(&a, &a, &b, view(b.share, sizeof b.share)), TEAL_OK);
    assert_int_equal(end(&b, &a, &b, view(a.share, sizeof a.share)), TEAL_OK);
    test_assert_hex(view(a.key, sizeof a.key), key);
    test_assert_hex(view(b.key, sizeof b.key), key);
}

static const struct {
    const char *name, *code_b, *data_seen;
    bool agree;
} rows[] = {
    { "one code, nobody in between", "12345678", "keys of the new device", true },
    { "a code that is wrong in one digit", "12345679", "keys of the new device", false },
    { "a code that is longer", "123456780", "keys of the new device", false },
    { "keys that were swapped on the way", "12345678", "keys of somebody else", false },
};

/* Each shows the other a tag, which is right only if both have the same key. */
static void test_who_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run a, b, seen;
        print_message("%s\n", rows[i].name);
        begin(&a, "12345678", scalar_a, "keys of the new device");
        begin(&b, rows[i].code_b, scalar_b, "account key");
        seen = a;
        seen.data = rows[i].data_seen;
        assert_int_equal(end(&a, &a, &b, view(b.share, sizeof b.share)), TEAL_OK);
        assert_int_equal(end(&b, &seen, &b, view(a.share, sizeof a.share)), TEAL_OK);
        const teal_cpace_party of = party(&b);
        uint8_t shown[TEAL_CPACE_TAG_BYTES], expected[TEAL_CPACE_TAG_BYTES];
        teal_cpace_tag(sid(), b.key, &of, shown);
        teal_cpace_tag(sid(), a.key, &of, expected);
        assert_int_equal(memcmp(shown, expected, sizeof shown) == 0, rows[i].agree);
        const teal_cpace_party other = party(&a);
        teal_cpace_tag(sid(), a.key, &other, expected);
        assert_memory_not_equal(shown, expected, sizeof shown);
    }
}

/* Lengths of two octets (appendix A.1.1), a code that leaves no room for zeros (section 7.1), and
 * no session id (section 9.4). */
static void test_long_and_empty(void **state)
{
    (void)state;
    static char long_text[200];
    const teal_bytes none = { 0 };
    uint8_t keys[2][TEAL_CPACE_KEY_BYTES], tags[2][TEAL_CPACE_TAG_BYTES];
    run r[2];
    teal_cpace_party parties[2];
    memset(long_text, 'x', sizeof long_text - 1);
    for (size_t i = 0; i < 2; i++) {
        test_hex(i == 0 ? scalar_a : scalar_b, r[i].scalar, sizeof r[i].scalar);
        teal_cpace_share(teal_text(long_text), none, none, r[i].scalar, r[i].share);
        parties[i] = (teal_cpace_party){ view(r[i].share, sizeof r[i].share),
                                         i == 0 ? teal_text(long_text) : none };
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(teal_cpace_key(none, r[i].scalar, &parties[0], &parties[1],
                                        parties[1 - i].share, keys[i]),
                         TEAL_OK);
        teal_cpace_tag(none, keys[i], &parties[1], tags[i]);
    }
    assert_memory_equal(keys[0], keys[1], sizeof keys[0]);
    assert_memory_equal(tags[0], tags[1], sizeof tags[0]);
    teal_cpace_share(teal_text(long_text + 1), none, none, r[0].scalar, r[1].share);
    assert_memory_not_equal(r[1].share, r[0].share, sizeof r[0].share);
}

/* A scalar of zero gives the share that nobody takes. */
static void test_no_scalar(void **state)
{
    (void)state;
    static const uint8_t zeros[TEAL_CPACE_SHARE_BYTES];
    run a, b;
    begin(&a, "12345678", scalar_a, "");
    begin(&b, "12345678", "0000000000000000000000000000000000000000000000000000000000000000", "");
    assert_memory_equal(b.share, zeros, sizeof zeros);
    assert_int_equal(end(&a, &a, &b, view(b.share, sizeof b.share)), TEAL_FORGED);
}

/* Section 7.3, and RFC 9496 section 4.3.1. */
static void test_shares_that_are_none(void **state)
{
    (void)state;
    run a, b;
    begin(&a, "12345678", scalar_a, "");
    begin(&b, "12345678", scalar_b, "");
    static const char *const shares[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* neutral */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* not canonical */
        "0100000000000000000000000000000000000000000000000000000000000000", /* negative */
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371", /* not a square */
    };
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        uint8_t room[32];
        print_message("%s\n", shares[i]);
        assert_int_equal(end(&a, &a, &b, test_hex(shares[i], room, sizeof room)), TEAL_FORGED);
    }
    assert_int_equal(end(&a, &a, &b, view(b.share, 31)), TEAL_FORGED);
    assert_int_equal(end(&a, &a, &b, (teal_bytes){ 0 }), TEAL_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appendix_b3),          cmocka_unit_test(test_who_agrees),
        cmocka_unit_test(test_long_and_empty),       cmocka_unit_test(test_no_scalar),
        cmocka_unit_test(test_shares_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
