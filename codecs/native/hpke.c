/* HPKE base mode, single shot: the first message of a context, which is then forgotten. */
#include "codecs/native/hpke.h"

#include "codecs/native/hkdf.h"

#include <sodium.h>

enum { KEY = 32, NONCE = 12 };

/* "KEM", DHKEM(X25519, HKDF-SHA256); "HPKE", the same, HKDF-SHA256, ChaCha20-Poly1305. */
static const uint8_t kem_suite[] = { 'K', 'E', 'M', 0x00, 0x20 };
static const uint8_t hpke_suite[] = { 'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03 };

static void labeled_extract(teal_bytes suite, teal_bytes salt, const char *label, teal_bytes ikm,
                            uint8_t prk[static KEY])
{
    teal_bytes pieces[] = { teal_text("HPKE-v1"), suite, teal_text(label), ikm };
    teal_hkdf_extract(salt, pieces, sizeof pieces / sizeof pieces[0], prk);
}

static void labeled_expand(teal_bytes suite, const uint8_t prk[static KEY], const char *label,
                           teal_bytes info, uint8_t *out, uint8_t len)
{
    uint8_t length[2] = { 0, len };
    teal_bytes pieces[] = { TEAL_VIEW(length), teal_text("HPKE-v1"), suite, teal_text(label),
                            info };
    teal_hkdf_expand(prk, pieces, sizeof pieces / sizeof pieces[0], out, len);
}

/* RFC 9180 section 4.1, ExtractAndExpand: context is enc, then the recipient's public key. */
static void shared_secret(const uint8_t dh[static KEY], const uint8_t enc[static KEY],
                          const uint8_t recipient_pk[static KEY], uint8_t secret[static KEY])
{
    uint8_t context[2 * KEY], prk[KEY];
    memcpy(context, enc, KEY);
    memcpy(context + KEY, recipient_pk, KEY);
    labeled_extract(TEAL_VIEW(kem_suite), (teal_bytes){ 0 }, "eae_prk", (teal_bytes){ dh, KEY },
                    prk);
    labeled_expand(TEAL_VIEW(kem_suite), prk, "shared_secret", TEAL_VIEW(context), secret, KEY);
    sodium_memzero(prk, sizeof prk);
}

/* RFC 9180 section 5.1, KeySchedule in mode_base: no psk, no psk_id. */
static void key_schedule(const uint8_t secret[static KEY], teal_bytes info, uint8_t key[static KEY],
                         uint8_t nonce[static NONCE])
{
    const teal_bytes suite = TEAL_VIEW(hpke_suite), none = { 0 };
    uint8_t context[1 + 2 * KEY] = { 0x00 }; /* mode_base */
    uint8_t prk[KEY];
    labeled_extract(suite, none, "psk_id_hash", none, context + 1);
    labeled_extract(suite, none, "info_hash", info, context + 1 + KEY);
    labeled_extract(suite, (teal_bytes){ secret, KEY }, "secret", none, prk);
    labeled_expand(suite, prk, "key", TEAL_VIEW(context), key, KEY);
    labeled_expand(suite, prk, "base_nonce", TEAL_VIEW(context), nonce, NONCE);
    sodium_memzero(prk, sizeof prk);
}

teal_result teal_hpke_seal(const uint8_t recipient_pk[static 32], const uint8_t eph_sk[static 32],
                           teal_bytes info, teal_bytes aad, teal_bytes pt, uint8_t enc[static 32],
                           uint8_t *sealed)
{
    uint8_t dh[KEY] = { 0 }, secret[KEY], key[KEY], nonce[NONCE];
    teal_result result = TEAL_FORGED;
    if (crypto_scalarmult_base(enc, eph_sk) != 0 ||
        crypto_scalarmult(dh, eph_sk, recipient_pk) != 0)
        goto out;
    shared_secret(dh, enc, recipient_pk, secret);
    key_schedule(secret, info, key, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, pt.at, pt.len, aad.at, aad.len, NULL,
                                              nonce, key);
    result = TEAL_OK;
out:
    sodium_memzero(dh, sizeof dh);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(key, sizeof key);
    sodium_memzero(nonce, sizeof nonce);
    return result;
}

teal_result teal_hpke_open(const uint8_t recipient_pk[static 32],
                           const uint8_t recipient_sk[static 32], const uint8_t enc[static 32],
                           teal_bytes info, teal_bytes aad, teal_bytes sealed, uint8_t *pt)
{
    uint8_t dh[KEY] = { 0 }, secret[KEY], key[KEY], nonce[NONCE];
    teal_result result = TEAL_FORGED;
    if (sealed.len < TEAL_HPKE_TAG_BYTES)
        return TEAL_MALFORMED;
    if (crypto_scalarmult(dh, recipient_sk, enc) != 0)
        goto out;
    shared_secret(dh, enc, recipient_pk, secret);
    key_schedule(secret, info, key, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(pt, NULL, NULL, sealed.at, sealed.len, aad.at,
                                                  aad.len, nonce, key) == 0)
        result = TEAL_OK;
out:
    if (result != TEAL_OK)
        sodium_memzero(pt, sealed.len - TEAL_HPKE_TAG_BYTES);
    sodium_memzero(dh, sizeof dh);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(key, sizeof key);
    sodium_memzero(nonce, sizeof nonce);
    return result;
}
