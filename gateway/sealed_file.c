/* Layout: magic 8, version 1, Argon2id passes 4, memory in octets 8, salt 16, check 16, nonce 24,
 * ciphertext with tag. All before the nonce is additional data. `check` is derived beside the key
 * and tells a wrong passphrase from damage; it gives a guesser nothing that the tag does not. */
#include "gateway/sealed_file.h"

#include "gateway/log.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

static const char magic[] = "TEALKEYS";
enum {
    VERSION = 1,
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SALT_BYTES = crypto_pwhash_argon2id_SALTBYTES,
    CHECK_BYTES = 16,
    FRONT_BYTES = 8 + 1 + 4 + 8 + SALT_BYTES + CHECK_BYTES,
    /* A file that asks for more is damaged or hostile. */
    MAX_PASSES = 64,
    MAX_MEMORY = 1 << 30,
};

struct sealed_key {
    uint64_t memory;
    uint32_t passes;
    uint8_t salt[SALT_BYTES];
    uint8_t derived[KEY_BYTES + CHECK_BYTES]; /* the key, then the check */
};

static sealed_key *key_alloc(void)
{
    if (sodium_init() < 0)
        bug("libsodium does not start");
    sealed_key *k = sodium_malloc(sizeof *k);
    if (k == NULL)
        bug("out of memory for secrets");
    memset(k, 0, sizeof *k);
    return k;
}

void sealed_key_close(sealed_key **k)
{
    sodium_free(*k);
    *k = NULL;
}

static_assert(SEALED_KEY_BYTES == 8 + 4 + SALT_BYTES + KEY_BYTES + CHECK_BYTES, "all of it");

void sealed_key_export(const sealed_key *k, uint8_t out[static SEALED_KEY_BYTES])
{
    teal_writer w = { out, SEALED_KEY_BYTES, 0 };
    teal_write_u64(&w, k->memory);
    teal_write_u32(&w, k->passes);
    teal_write_bytes(&w, (teal_bytes){ k->salt, sizeof k->salt });
    teal_write_bytes(&w, (teal_bytes){ k->derived, sizeof k->derived });
}

sealed_key *sealed_key_import(const uint8_t in[static SEALED_KEY_BYTES])
{
    sealed_key *k = key_alloc();
    teal_reader r = { in, in + SEALED_KEY_BYTES, false };
    k->memory = teal_read_u64(&r);
    k->passes = teal_read_u32(&r);
    teal_read_copy(&r, k->salt, sizeof k->salt);
    teal_read_copy(&r, k->derived, sizeof k->derived);
    return k;
}

bool sealed_is(teal_bytes file)
{
    return file.len >= strlen(magic) && memcmp(file.at, magic, strlen(magic)) == 0;
}

static sealed_result derive(sealed_key *k, teal_bytes passphrase)
{
    return crypto_pwhash_argon2id(k->derived, sizeof k->derived, (const char *)passphrase.at,
                                  passphrase.len, k->salt, k->passes, (size_t)k->memory,
                                  crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0
               ? SEALED_OK
               : SEALED_MEMORY;
}

sealed_result sealed_key_make(teal_bytes passphrase, sealed_key **out)
{
    sealed_key *k = key_alloc();
    k->passes = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE;
    k->memory = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE;
    randombytes_buf(k->salt, sizeof k->salt);
    sealed_result result = derive(k, passphrase);
    if (result != SEALED_OK)
        sealed_key_close(&k);
    *out = k;
    return result;
}

/* Fills what the front says; *check is a view of the file. */
static sealed_result read_front(teal_reader *r, sealed_key *k, teal_bytes *check)
{
    teal_bytes begins = teal_read_bytes(r, strlen(magic));
    if (r->failed || !teal_bytes_equal(begins, teal_text(magic)) || teal_read_u8(r) != VERSION)
        return SEALED_FOREIGN;
    k->passes = teal_read_u32(r);
    k->memory = teal_read_u64(r);
    teal_read_copy(r, k->salt, sizeof k->salt);
    *check = teal_read_bytes(r, CHECK_BYTES);
    bool sane = k->passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN && k->passes <= MAX_PASSES &&
                k->memory >= crypto_pwhash_argon2id_MEMLIMIT_MIN && k->memory <= MAX_MEMORY;
    return r->failed || !sane ? SEALED_DAMAGED : SEALED_OK;
}

static bool has_check(const sealed_key *k, teal_bytes check)
{
    return sodium_memcmp(k->derived + KEY_BYTES, check.at, CHECK_BYTES) == 0;
}

sealed_result sealed_key_derive(teal_bytes file, teal_bytes passphrase, sealed_key **out)
{
    teal_reader r = teal_reader_of(file);
    teal_bytes check;
    sealed_key *k = key_alloc();
    sealed_result result = read_front(&r, k, &check);
    if (result == SEALED_OK)
        result = derive(k, passphrase);
    if (result == SEALED_OK && !has_check(k, check))
        result = SEALED_PASSPHRASE;
    if (result != SEALED_OK)
        sealed_key_close(&k);
    *out = k;
    return result;
}

sealed_result sealed_open(teal_bytes file, const sealed_key *k, uint8_t **plain, size_t *len)
{
    teal_reader r = teal_reader_of(file);
    teal_bytes check;
    sealed_key found;
    unsigned long long opened = 0;
    *plain = NULL;
    *len = 0;
    sealed_result result = read_front(&r, &found, &check);
    if (result != SEALED_OK)
        return result;
    if (sodium_memcmp(found.salt, k->salt, sizeof k->salt) != 0 || !has_check(k, check))
        return SEALED_PASSPHRASE;
    teal_bytes nonce = teal_read_bytes(&r, NONCE_BYTES);
    if (r.failed || teal_read_left(&r) < TAG_BYTES)
        return SEALED_DAMAGED;
    teal_bytes sealed = teal_read_bytes(&r, teal_read_left(&r));
    uint8_t *out = sodium_malloc(sealed.len - TAG_BYTES + 1);
    if (out == NULL)
        bug("out of memory for secrets");
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, &opened, NULL, sealed.at, sealed.len,
                                                   file.at, FRONT_BYTES, nonce.at,
                                                   k->derived) != 0) {
        sodium_free(out);
        return SEALED_DAMAGED;
    }
    *plain = out;
    *len = (size_t)opened;
    return SEALED_OK;
}

void sealed_seal(const sealed_key *k, teal_bytes plain, teal_bytes *file)
{
    const size_t cap = FRONT_BYTES + NONCE_BYTES + plain.len + TAG_BYTES;
    uint8_t nonce[NONCE_BYTES];
    teal_writer w = { malloc(cap), cap, 0 };
    if (w.base == NULL)
        bug("out of memory");
    randombytes_buf(nonce, sizeof nonce);
    teal_write_text(&w, magic);
    teal_write_u8(&w, VERSION);
    teal_write_u32(&w, k->passes);
    teal_write_u64(&w, k->memory);
    teal_write_bytes(&w, (teal_bytes){ k->salt, sizeof k->salt });
    teal_write_bytes(&w, (teal_bytes){ k->derived + KEY_BYTES, CHECK_BYTES });
    teal_write_bytes(&w, (teal_bytes){ nonce, sizeof nonce });
    crypto_aead_xchacha20poly1305_ietf_encrypt(w.base + w.len, NULL, plain.at, plain.len, w.base,
                                               FRONT_BYTES, NULL, nonce, k->derived);
    *file = (teal_bytes){ w.base, cap };
}
