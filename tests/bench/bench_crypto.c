/* What sealing, opening and verifying a message of 1 KiB for one device costs beside the bare
 * libsodium primitives that they cannot do without. */
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/support/envelopes.h"

#include <sodium.h>
#include <stdlib.h>

static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

enum {
    TAG = crypto_aead_chacha20poly1305_ietf_ABYTES,
    CONTENT_OCTETS = 1024,
    /* HMACs of one wrapped key (RFC 9180: 4 extract and 3 expand) and of deriving two keys from the
     * message key (RFC 5869: each one and one). SHA-256 needs 4 blocks for the short ones; 5 for
     * the expands of HPKE, which have 88 to 92 octets. */
    SHORT_HMACS = 4 + 2 * 2,
    LONG_HMACS = 3,
    SHORT_OCTETS = 32,
    LONG_OCTETS = 90,
    /* device, prekey_id, enc, wrapped, and three lengths */
    KEY_HASH_OCTETS = TEAL_DEVICE_BYTES + 8 + TEAL_KEY_BYTES + TEAL_WRAPPED_BYTES + 3 * 4,
    MAX_TRANSCRIPT_OCTETS = 2048,
};

typedef struct subject {
    teal_envelope e, sealed; /* what was sealed; what seal() makes of it */
    test_device sender, to;
    uint8_t content[CONTENT_OCTETS], message_key[TEAL_KEY_BYTES], eph[TEAL_KEY_BYTES];
    uint8_t out[2 * CONTENT_OCTETS]; /* ciphertext or content */
    teal_wrapped_key key;
    uint8_t transcript[MAX_TRANSCRIPT_OCTETS];
    size_t transcript_octets, header_octets;
} subject;

static void seal(void *arg)
{
    subject *s = arg;
    teal_seal_to to = test_seal_to(&s->to);
    bench_require(teal_seal(&s->sealed, (teal_bytes){ s->content, sizeof s->content }, &to, 1,
                            s->message_key, s->eph, &s->key, s->out) == TEAL_OK,
                  "a message can be sealed");
}

static void open(void *arg)
{
    subject *s = arg;
    size_t len;
    bench_require(teal_open(&s->e, &s->e.keys[0], s->to.prekey_pk, s->to.prekey_sk, s->out, &len,
                            NULL) == TEAL_OK,
                  "the message opens");
}

static void verify(void *arg)
{
    subject *s = arg;
    bench_require(test_envelope_verify(&s->e, NULL, s->sender.sign_pk, NULL) == TEAL_OK,
                  "the signature verifies");
}

/* What sealing and opening have in common: a shared secret, the hash of the header, derivations. */
static void agree(subject *s)
{
    uint8_t shared[crypto_scalarmult_BYTES], hash[crypto_hash_sha256_BYTES];
    bench_require(crypto_scalarmult(shared, s->eph, s->to.prekey_pk) == 0, "X25519 works");
    crypto_hash_sha256(hash, s->transcript, s->header_octets);
    for (size_t i = 0; i < SHORT_HMACS; i++)
        crypto_auth_hmacsha256(hash, s->content, SHORT_OCTETS, s->message_key);
    for (size_t i = 0; i < LONG_HMACS; i++)
        crypto_auth_hmacsha256(hash, s->content, LONG_OCTETS, s->message_key);
}

static void encrypt(subject *s, uint8_t *at, size_t len)
{
    crypto_aead_chacha20poly1305_ietf_encrypt(at, NULL, at, len, s->transcript, TEAL_HASH_BYTES,
                                              NULL, nonce, s->message_key);
}

static void seal_floor(void *arg)
{
    subject *s = arg;
    uint8_t enc[crypto_scalarmult_BYTES];
    bench_require(crypto_scalarmult_base(enc, s->eph) == 0, "X25519 works");
    agree(s);
    encrypt(s, s->out, s->e.ciphertext.len - TAG);
    encrypt(s, s->key.wrapped, TEAL_KEY_BYTES);
}

/* Decrypting costs what encrypting does. Who keeps the public key of a prekey needs no second
 * X25519. */
static void open_floor(void *arg)
{
    subject *s = arg;
    agree(s);
    encrypt(s, s->out, s->e.ciphertext.len - TAG);
    encrypt(s, s->key.wrapped, TEAL_KEY_BYTES);
}

static void verify_floor(void *arg)
{
    subject *s = arg;
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, s->e.ciphertext.at, s->e.ciphertext.len);
    crypto_hash_sha256(hash, s->content, KEY_HASH_OCTETS);
    bench_require(crypto_sign_verify_detached(s->e.signature, s->transcript, s->transcript_octets,
                                              s->sender.sign_pk) == 0,
                  "the signature verifies");
}

static const struct {
    const char *name;
    void (*run)(void *), (*floor)(void *);
} rows[] = {
    { "seal_1k", seal, seal_floor },
    { "open_1k", open, open_floor },
    { "verify_1k", verify, verify_floor },
};

static void subject_make(subject *s, teal_arena *arena)
{
    s->sender = test_device_of(0);
    s->to = test_device_of(1);
    bench_letter letter = { .sender = &s->sender,
                            .to = &s->to,
                            .n_to = 1,
                            .content_octets = CONTENT_OCTETS,
                            .sent_at_ms = 1 };
    bench_message_seal(&letter, arena, &s->e);
    s->sealed = s->e;
    randombytes_buf(s->content, sizeof s->content);
    randombytes_buf(s->message_key, sizeof s->message_key);
    randombytes_buf(s->eph, sizeof s->eph);
    teal_writer header = { 0 }, transcript = { s->transcript, sizeof s->transcript, 0 };
    teal_transcript_header(&s->e, &header);
    teal_transcript_write(&s->e, NULL, &transcript);
    bench_require(teal_write_fits(&transcript) && s->e.ciphertext.len <= sizeof s->out,
                  "there is room");
    s->header_octets = header.len;
    s->transcript_octets = transcript.len;
}

int main(void)
{
    static subject s;
    bench_require(sodium_init() >= 0, "libsodium starts");
    teal_arena arena = bench_arena(64 << 10);
    subject_make(&s, &arena);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_figure f =
            bench_compare((bench_work){ rows[i].run, &s }, (bench_work){ rows[i].floor, &s });
        bench_print(rows[i].name, "µs CPU", "its libsodium primitives", &f);
    }
    free(arena.base);
    return EXIT_SUCCESS;
}
