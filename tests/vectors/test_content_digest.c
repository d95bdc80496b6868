/* Content-Digest against RFC 9530 appendices B and D, and RFC 9421 appendix B.2. */
#include "gateway/content_digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HELLO        "{\"hello\": \"world\"}"
#define HELLO_SHA256 "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
#define HELLO_SHA512                                                                               \
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwE"        \
    "mTHWXvJwew==:"
#define LINE        HELLO "\n"
#define LINE_SHA256 "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
#define LINE_SHA512                                                                                \
    "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T" \
    "3qg==:"
#define NOTHING_SHA256 "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"

static const struct {
    const char *name, *field, *body;
    teal_result want;
} rows[] = {
    { "9421 B.2 request", HELLO_SHA512, HELLO, TEAL_OK },
    { "9421 1.4 sha-256 of the same", HELLO_SHA256, HELLO, TEAL_OK },
    { "9530 B.1 line", LINE_SHA256, LINE, TEAL_OK },
    { "9530 D sha-512", LINE_SHA512, LINE, TEAL_OK },
    { "9530 B.2 nothing", NOTHING_SHA256, "", TEAL_OK },
    { "9530 2 both", LINE_SHA256 "," LINE_SHA512, LINE, TEAL_OK },
    { "9530 2 one of both wrong", LINE_SHA256 "," HELLO_SHA512, LINE, TEAL_FORGED },
    { "9530 2 unknown beside", "x-new=:AA==:, " LINE_SHA256, LINE, TEAL_OK },
    { "9530 5 unknown alone", "x-new=:AA==:", LINE, TEAL_UNSUPPORTED },
    { "9530 5 insecure alone", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:", "", TEAL_UNSUPPORTED },
    { "empty field", "", LINE, TEAL_UNSUPPORTED },
    { "other body", LINE_SHA256, HELLO, TEAL_FORGED },
    { "cut short", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8Fa:", LINE, TEAL_FORGED },
    { "no octets", "sha-256=::", LINE, TEAL_FORGED },
    { "a string", "sha-256=\"RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=\"", LINE, TEAL_FORGED },
    { "a list", "sha-256=()", LINE, TEAL_FORGED },
    { "no dictionary", "sha-256=:RK/0", LINE, TEAL_MALFORMED },
};

static void test_check(void **state)
{
    (void)state;
    uint8_t memory[8 << 10];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_arena arena = { memory, sizeof memory, 0 };
        print_message("%s\n", rows[i].name);
        assert_int_equal(
            content_digest_check(teal_text(rows[i].field), teal_text(rows[i].body), &arena, NULL),
            rows[i].want);
    }
}

static void test_write(void **state)
{
    (void)state;
    uint8_t room[CONTENT_DIGEST_BYTES];
    teal_writer w = { room, sizeof room, 0 };
    content_digest_write(teal_text(LINE), &w);
    assert_int_equal(w.len, CONTENT_DIGEST_BYTES);
    assert_true(teal_bytes_equal(teal_written(&w), teal_text(LINE_SHA256)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
