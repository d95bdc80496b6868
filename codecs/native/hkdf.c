/* HKDF over libsodium's HMAC, for libsodium has had none before 1.0.19. */
#include "codecs/native/hkdf.h"

#include <assert.h>
#include <sodium.h>

static void update(crypto_auth_hmacsha256_state *hmac, const teal_bytes *pieces, size_t n)
{
    for (size_t i = 0; i < n; i++)
        crypto_auth_hmacsha256_update(hmac, pieces[i].at, pieces[i].len);
}

void teal_hkdf_extract(teal_bytes salt, const teal_bytes *ikm, size_t n,
                       uint8_t prk[static TEAL_HKDF_BYTES])
{
    static const uint8_t none[1];
    crypto_auth_hmacsha256_state hmac;
    crypto_auth_hmacsha256_init(&hmac, salt.len > 0 ? salt.at : none, salt.len);
    update(&hmac, ikm, n);
    crypto_auth_hmacsha256_final(&hmac, prk);
    sodium_memzero(&hmac, sizeof hmac);
}

void teal_hkdf_expand(const uint8_t prk[static TEAL_HKDF_BYTES], const teal_bytes *info, size_t n,
                      uint8_t *out, size_t len)
{
    assert(len <= TEAL_HKDF_MAX_BYTES);
    crypto_auth_hmacsha256_state hmac;
    uint8_t block[TEAL_HKDF_BYTES];
    teal_writer w = { out, len, 0 };
    for (uint8_t counter = 1; w.len < len; counter++) {
        crypto_auth_hmacsha256_init(&hmac, prk, TEAL_HKDF_BYTES);
        if (counter > 1)
            crypto_auth_hmacsha256_update(&hmac, block, sizeof block);
        update(&hmac, info, n);
        crypto_auth_hmacsha256_update(&hmac, &counter, 1);
        crypto_auth_hmacsha256_final(&hmac, block);
        size_t left = len - w.len;
        teal_write_bytes(&w, (teal_bytes){ block, left < sizeof block ? left : sizeof block });
    }
    sodium_memzero(block, sizeof block);
    sodium_memzero(&hmac, sizeof hmac);
}
