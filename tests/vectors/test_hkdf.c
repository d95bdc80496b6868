/* HKDF-SHA256 against RFC 5869 appendix A. */
#include "codecs/native/hkdf.h"

#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *name, *ikm, *salt, *info, *prk, *okm;
} rows[] = {
    { "RFC 5869 A.1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
      "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
    { "RFC 5869 A.3", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
      "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
};

static void check(const char *name, teal_bytes ikm, size_t cut, teal_bytes salt, teal_bytes info,
                  const char *prk_hex, const char *okm_hex)
{
    print_message("%s, cut at %zu\n", name, cut);
    uint8_t prk[TEAL_HKDF_BYTES], okm[42];
    teal_bytes pieces[] = { { ikm.at, cut }, { ikm.at + cut, ikm.len - cut } };
    teal_hkdf_extract(salt, pieces, 2, prk);
    test_assert_hex((teal_bytes){ prk, sizeof prk }, prk_hex);
    teal_hkdf_expand(prk, &info, 1, okm, sizeof okm);
    test_assert_hex((teal_bytes){ okm, sizeof okm }, okm_hex);
}

/* However the key material is cut into pieces, it counts as one string. */
static void test_rfc_5869(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t ikm_room[32], salt_room[32], info_room[32];
        teal_bytes ikm = test_hex(rows[i].ikm, ikm_room, sizeof ikm_room);
        teal_bytes salt = test_hex(rows[i].salt, salt_room, sizeof salt_room);
        teal_bytes info = test_hex(rows[i].info, info_room, sizeof info_room);
        for (size_t cut = 0; cut <= ikm.len; cut += ikm.len / 2)
            check(rows[i].name, ikm, cut, salt, info, rows[i].prk, rows[i].okm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_5869),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
