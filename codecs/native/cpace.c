/* Lays out the draft's hash inputs; group and hash are libsodium's. */
#include "codecs/native/cpace.h"

#include <sodium.h>
#include <string.h>

enum { HASH_BLOCK_OCTETS = 128 }; /* of SHA-512: H.s_in_bytes */

static const char dsi[] = "CPaceRistretto255", dsi_key[] = "CPaceRistretto255_ISK",
                  dsi_mac[] = "CPaceMac";

/* Appendix A.1.1, prepend_len: the length as LEB128, in front. */
typedef struct length {
    uint8_t octets[10];
    size_t n;
} length;

static length length_of(size_t len)
{
    length l = { .n = 0 };
    do {
        uint8_t low = (uint8_t)(len & 0x7F);
        len >>= 7;
        l.octets[l.n++] = len > 0 ? low | 0x80 : low;
    } while (len > 0);
    return l;
}

static void hash_part(crypto_hash_sha512_state *h, teal_bytes part)
{
    length l = length_of(part.len);
    crypto_hash_sha512_update(h, l.octets, l.n);
    if (part.len > 0)
        crypto_hash_sha512_update(h, part.at, part.len);
}

/* generator_string, section 7.1: code and tag fill the first block, so that its hash takes the same
 * time for every code. */
static void find_generator(teal_bytes code, teal_bytes channel, teal_bytes sid, uint8_t *generator)
{
    static const uint8_t zeros[HASH_BLOCK_OCTETS];
    const size_t used = 1 + length_of(code.len).n + code.len + 1 + strlen(dsi);
    uint8_t hash[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_state h;
    crypto_hash_sha512_init(&h);
    hash_part(&h, teal_text(dsi));
    hash_part(&h, code);
    hash_part(&h, (teal_bytes){ zeros, used < sizeof zeros ? sizeof zeros - used : 0 });
    hash_part(&h, channel);
    hash_part(&h, sid);
    crypto_hash_sha512_final(&h, hash);
    crypto_core_ristretto255_from_hash(generator, hash);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(&h, sizeof h);
}

/* Section 7.3: below 2^252, which is below the order. */
static void clamp(const uint8_t *scalar, uint8_t out[static TEAL_CPACE_SCALAR_BYTES])
{
    memcpy(out, scalar, TEAL_CPACE_SCALAR_BYTES);
    out[TEAL_CPACE_SCALAR_BYTES - 1] &= 0x0F;
}

static bool multiply(const uint8_t *scalar, const uint8_t *element, uint8_t *out)
{
    uint8_t clamped[TEAL_CPACE_SCALAR_BYTES];
    clamp(scalar, clamped);
    bool good = crypto_scalarmult_ristretto255(out, clamped, element) == 0;
    sodium_memzero(clamped, sizeof clamped);
    return good;
}

void teal_cpace_share(teal_bytes code, teal_bytes channel, teal_bytes sid,
                      const uint8_t scalar[static TEAL_CPACE_SCALAR_BYTES],
                      uint8_t share[static TEAL_CPACE_SHARE_BYTES])
{
    uint8_t generator[crypto_core_ristretto255_BYTES];
    find_generator(code, channel, sid, generator);
    /* A scalar or a generator of zero: nobody meets it; the other side refuses the share. */
    if (!multiply(scalar, generator, share))
        memset(share, 0, TEAL_CPACE_SHARE_BYTES);
    sodium_memzero(generator, sizeof generator);
}

static void hash_party(crypto_hash_sha512_state *h, const teal_cpace_party *p)
{
    hash_part(h, p->share);
    hash_part(h, p->data);
}

teal_result teal_cpace_key(teal_bytes sid, const uint8_t scalar[static TEAL_CPACE_SCALAR_BYTES],
                           const teal_cpace_party *initiator, const teal_cpace_party *responder,
                           teal_bytes theirs, uint8_t key[static TEAL_CPACE_KEY_BYTES])
{
    uint8_t shared[crypto_core_ristretto255_BYTES];
    crypto_hash_sha512_state h;
    teal_result result = TEAL_FORGED;
    if (theirs.len != TEAL_CPACE_SHARE_BYTES || !multiply(scalar, theirs.at, shared))
        goto out;
    crypto_hash_sha512_init(&h);
    hash_part(&h, teal_text(dsi_key));
    hash_part(&h, sid);
    hash_part(&h, (teal_bytes){ shared, sizeof shared });
    hash_party(&h, initiator);
    hash_party(&h, responder);
    crypto_hash_sha512_final(&h, key);
    result = TEAL_OK;
out:
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&h, sizeof h);
    return result;
}

static void mac_part(crypto_auth_hmacsha512_state *mac, teal_bytes part)
{
    length l = length_of(part.len);
    crypto_auth_hmacsha512_update(mac, l.octets, l.n);
    if (part.len > 0)
        crypto_auth_hmacsha512_update(mac, part.at, part.len);
}

void teal_cpace_tag(teal_bytes sid, const uint8_t key[static TEAL_CPACE_KEY_BYTES],
                    const teal_cpace_party *of, uint8_t tag[static TEAL_CPACE_TAG_BYTES])
{
    uint8_t mac_key[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_state h;
    crypto_auth_hmacsha512_state mac;
    crypto_hash_sha512_init(&h); /* section 9.4 */
    crypto_hash_sha512_update(&h, (const uint8_t *)dsi_mac, strlen(dsi_mac));
    if (sid.len > 0)
        crypto_hash_sha512_update(&h, sid.at, sid.len);
    crypto_hash_sha512_update(&h, key, TEAL_CPACE_KEY_BYTES);
    crypto_hash_sha512_final(&h, mac_key);
    crypto_auth_hmacsha512_init(&mac, mac_key, sizeof mac_key);
    mac_part(&mac, of->share);
    mac_part(&mac, of->data);
    crypto_auth_hmacsha512_final(&mac, tag);
    sodium_memzero(mac_key, sizeof mac_key);
    sodium_memzero(&h, sizeof h);
    sodium_memzero(&mac, sizeof mac);
}
