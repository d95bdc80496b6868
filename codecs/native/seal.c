/* Sealing and opening. What a key derives, and every key, is wiped before a function returns. */
#include "codecs/native/seal.h"

#include "codecs/native/hkdf.h"
#include "codecs/native/hpke.h"
#include "codecs/native/transcript.h"

#include <assert.h>
#include <sodium.h>

enum { TAG = crypto_aead_chacha20poly1305_ietf_ABYTES, PAD_MARK = 0x80 };

/* A message key is used once, so its nonce need not differ from anything. */
static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

/* Padme: at most 12 % more, and only the order of magnitude of a length shows. Source: Nikitin et
 * al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019. */
static size_t padme(size_t len)
{
    if (len < 2)
        return len;
    unsigned exponent = 63u - (unsigned)__builtin_clzll(len);
    unsigned kept = 64u - (unsigned)__builtin_clzll(exponent);
    size_t mask = ((size_t)1 << (exponent - kept)) - 1;
    return (len + mask) & ~mask;
}

size_t teal_seal_ciphertext_len(size_t content_len)
{
    return padme(content_len + 1) + TAG;
}

static void derive(const uint8_t message_key[static 32], const char *what, uint8_t out[static 32])
{
    teal_bytes key = { message_key, 32 }, info = teal_text(what);
    uint8_t prk[TEAL_HKDF_BYTES];
    teal_hkdf_extract((teal_bytes){ 0 }, &key, 1, prk);
    teal_hkdf_expand(prk, &info, 1, out, 32);
    sodium_memzero(prk, sizeof prk);
}

/* aad = H, device, prekey_id(8) */
typedef struct wrap_aad {
    uint8_t at[TEAL_HASH_BYTES + TEAL_DEVICE_BYTES + 8];
} wrap_aad;

static wrap_aad wrap_aad_of(const teal_hash *header, const teal_wrapped_key *key)
{
    wrap_aad aad;
    teal_writer w = { aad.at, sizeof aad.at, 0 };
    teal_write_bytes(&w, TEAL_VIEW(header->at));
    teal_write_bytes(&w, TEAL_VIEW(key->device));
    teal_write_u64(&w, key->prekey_id);
    assert(w.len == sizeof aad.at);
    return aad;
}

static teal_result wrap(const teal_hash *header, const teal_seal_to *to,
                        const uint8_t message_key[static 32], const uint8_t eph[static 32],
                        teal_wrapped_key *key)
{
    memcpy(key->device, to->device, sizeof key->device);
    key->prekey_id = to->prekey_id;
    wrap_aad aad = wrap_aad_of(header, key);
    return teal_hpke_seal(to->prekey, eph, teal_text("teal wrap v1"), TEAL_VIEW(aad.at),
                          (teal_bytes){ message_key, 32 }, key->enc, key->wrapped);
}

static void encrypt(const teal_hash *header, const uint8_t message_key[static 32],
                    teal_bytes content, uint8_t *ciphertext, size_t ciphertext_len)
{
    uint8_t key[32];
    size_t padded_len = ciphertext_len - TAG;
    if (content.len > 0)
        memmove(ciphertext, content.at, content.len);
    memset(ciphertext + content.len, 0, padded_len - content.len);
    ciphertext[content.len] = PAD_MARK;
    derive(message_key, "teal content", key);
    crypto_aead_chacha20poly1305_ietf_encrypt(ciphertext, NULL, ciphertext, padded_len, header->at,
                                              sizeof header->at, NULL, zero_nonce, key);
    sodium_memzero(key, sizeof key);
}

teal_result teal_seal(teal_envelope *e, teal_bytes content, const teal_seal_to *to, size_t n_to,
                      const uint8_t message_key[static 32], const uint8_t *eph,
                      teal_wrapped_key *keys, uint8_t *ciphertext)
{
    teal_hash header;
    teal_transcript_header_hash(e, &header);
    for (size_t i = 0; i < n_to; i++) {
        teal_result result = wrap(&header, &to[i], message_key, eph + 32 * i, &keys[i]);
        if (result != TEAL_OK)
            return result;
    }
    size_t ciphertext_len = teal_seal_ciphertext_len(content.len);
    encrypt(&header, message_key, content, ciphertext, ciphertext_len);
    derive(message_key, "teal commit", e->key_commitment);
    e->ciphertext = (teal_bytes){ ciphertext, ciphertext_len };
    e->keys = keys;
    e->n_keys = n_to;
    return TEAL_OK;
}

/* Content ends before the last octet that is not zero, which must be the mark. */
static teal_result unpad(const uint8_t *padded, size_t padded_len, size_t *content_len,
                         teal_diag *why)
{
    size_t end = padded_len;
    while (end > 0 && padded[end - 1] == 0)
        end--;
    if (end == 0 || padded[end - 1] != PAD_MARK || padme(end) != padded_len)
        return teal_refuse(TEAL_MALFORMED, "REQ-SEAL-4 padding is not Padme's", 0, why);
    *content_len = end - 1;
    return TEAL_OK;
}

static teal_result unwrap(const teal_envelope *e, const teal_hash *header,
                          const teal_wrapped_key *key, const uint8_t prekey_pk[static 32],
                          const uint8_t prekey_sk[static 32], uint8_t message_key[static 32],
                          teal_diag *why)
{
    wrap_aad aad = wrap_aad_of(header, key);
    uint8_t commitment[TEAL_HASH_BYTES];
    if (teal_hpke_open(prekey_pk, prekey_sk, key->enc, teal_text("teal wrap v1"), TEAL_VIEW(aad.at),
                       TEAL_VIEW(key->wrapped), message_key) != TEAL_OK)
        return teal_refuse(TEAL_FORGED, "REQ-SEAL-1 wrapped key does not open", 0, why);
    derive(message_key, "teal commit", commitment);
    if (sodium_memcmp(commitment, e->key_commitment, sizeof commitment) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-SEAL-2 key is not the one committed to", 0, why);
    return TEAL_OK;
}

teal_result teal_open(const teal_envelope *e, const teal_wrapped_key *key,
                      const uint8_t prekey_pk[static 32], const uint8_t prekey_sk[static 32],
                      uint8_t *content, size_t *content_len, teal_diag *why)
{
    teal_hash header;
    uint8_t message_key[32] = { 0 }, content_key[32] = { 0 };
    teal_result result = TEAL_OK;
    if (e->ciphertext.len < TAG + 1) {
        result = teal_refuse(TEAL_MALFORMED, "REQ-ENV-9 ciphertext is shorter than 17", 0, why);
        goto out;
    }
    teal_transcript_header_hash(e, &header);
    result = unwrap(e, &header, key, prekey_pk, prekey_sk, message_key, why);
    if (result != TEAL_OK)
        goto out;
    derive(message_key, "teal content", content_key);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(content, NULL, NULL, e->ciphertext.at,
                                                  e->ciphertext.len, header.at, sizeof header.at,
                                                  zero_nonce, content_key) != 0) {
        result = teal_refuse(TEAL_FORGED, "REQ-SEAL-3 ciphertext does not open", 0, why);
        goto out;
    }
    result = unpad(content, e->ciphertext.len - TAG, content_len, why);
out:
    if (result != TEAL_OK)
        sodium_memzero(content, e->ciphertext.len);
    sodium_memzero(message_key, sizeof message_key);
    sodium_memzero(content_key, sizeof content_key);
    return result;
}

void teal_gateway_key_id(const uint8_t pk[static 32], uint8_t id[static TEAL_GATEWAY_KEY_BYTES])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, pk, 32);
    memcpy(id, hash, TEAL_GATEWAY_KEY_BYTES);
}

/* aad = H, floor(1), expires_at_ms(8) */
typedef struct fallback_aad {
    uint8_t at[TEAL_HASH_BYTES + 1 + 8];
} fallback_aad;

static fallback_aad fallback_aad_of(const teal_envelope *e)
{
    teal_hash header;
    fallback_aad aad;
    teal_writer w = { aad.at, sizeof aad.at, 0 };
    teal_transcript_header_hash(e, &header);
    teal_write_bytes(&w, TEAL_VIEW(header.at));
    teal_write_u8(&w, (uint8_t)e->downgrade.floor);
    teal_write_u64(&w, e->downgrade.expires_at_ms);
    assert(w.len == sizeof aad.at);
    return aad;
}

teal_result teal_fallback_seal(teal_envelope *e, const uint8_t gateway_pk[static 32],
                               const uint8_t eph[static 32], teal_bytes fallback,
                               uint8_t enc[static 32], uint8_t *sealed)
{
    fallback_aad aad = fallback_aad_of(e);
    teal_result result = teal_hpke_seal(gateway_pk, eph, teal_text("teal fallback v1"),
                                        TEAL_VIEW(aad.at), fallback, enc, sealed);
    if (result != TEAL_OK)
        return result;
    e->downgrade.enc = (teal_bytes){ enc, TEAL_HPKE_ENC_BYTES };
    e->downgrade.sealed = (teal_bytes){ sealed, fallback.len + TEAL_HPKE_TAG_BYTES };
    teal_transcript_fallback_hash(e->downgrade.enc, e->downgrade.sealed,
                                  &e->downgrade.fallback_hash);
    return TEAL_OK;
}

teal_result teal_fallback_open(const teal_envelope *e, const uint8_t gateway_pk[static 32],
                               const uint8_t gateway_sk[static 32], uint8_t *out, size_t *out_len,
                               teal_diag *why)
{
    const teal_consent *d = &e->downgrade;
    if (!e->has_downgrade || d->enc.len != TEAL_HPKE_ENC_BYTES ||
        d->sealed.len < TEAL_HPKE_TAG_BYTES)
        return teal_refuse(TEAL_MALFORMED, "REQ-SEAL-5 there is no fallback", 0, why);
    fallback_aad aad = fallback_aad_of(e);
    if (teal_hpke_open(gateway_pk, gateway_sk, d->enc.at, teal_text("teal fallback v1"),
                       TEAL_VIEW(aad.at), d->sealed, out) != TEAL_OK)
        return teal_refuse(TEAL_FORGED, "REQ-SEAL-6 fallback does not open", 0, why);
    *out_len = d->sealed.len - TEAL_HPKE_TAG_BYTES;
    return TEAL_OK;
}
