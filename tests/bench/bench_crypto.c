/* What sealing, opening, signing and verifying cost beside the bare libsodium primitives that they
 * cannot do without, by content and by devices. */
#include "codecs/native/hpke.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/support/envelopes.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

enum {
    TAG = crypto_aead_chacha20poly1305_ietf_ABYTES,
    MAX_CONTENT_OCTETS = 100 << 10,
    MAX_DEVICES = 100,
    FALLBACK_OCTETS = 160,
    /* HMACs of one wrapped key (RFC 9180: 4 extract and 3 expand) and of deriving two keys from the
     * message key (RFC 5869: each one and one). SHA-256 needs 4 blocks for the short ones; 5 for
     * the expands of HPKE, which have 88 to 92 octets. */
    WRAP_SHORT_HMACS = 4,
    WRAP_LONG_HMACS = 3,
    DERIVE_SHORT_HMACS = 2 * 2,
    SHORT_OCTETS = 32,
    LONG_OCTETS = 90,
    /* device, prekey_id, enc, wrapped, and three lengths */
    KEY_HASH_OCTETS = TEAL_DEVICE_BYTES + 8 + TEAL_KEY_BYTES + TEAL_WRAPPED_BYTES + 3 * 4,
    SCRATCH_OCTETS = TEAL_TRANSCRIPT_MAX_BYTES,
};

static const struct {
    const char *name;
    size_t content_octets, devices;
} shapes[] = {
    { "160", 160, 1 },
    { "1k", 1024, 1 },
    { "100k", MAX_CONTENT_OCTETS, 1 },
    { "1k_10_devices", 1024, 10 },
    { "1k_100_devices", 1024, MAX_DEVICES },
};

typedef struct subject {
    teal_envelope e, sealed; /* what was sealed; what seal() makes of it */
    test_device sender, to[MAX_DEVICES];
    teal_seal_to seal_to[MAX_DEVICES];
    size_t n_to, content_octets;
    uint8_t content[MAX_CONTENT_OCTETS], message_key[TEAL_KEY_BYTES];
    uint8_t eph[MAX_DEVICES * TEAL_KEY_BYTES];
    uint8_t out[2 * MAX_CONTENT_OCTETS]; /* ciphertext or content */
    teal_wrapped_key keys[MAX_DEVICES];
    uint8_t transcript[SCRATCH_OCTETS], scratch[SCRATCH_OCTETS];
    size_t transcript_octets, header_octets;
    teal_envelope with_fallback;
    uint8_t enc[TEAL_HPKE_ENC_BYTES], fallback[FALLBACK_OCTETS + TEAL_HPKE_TAG_BYTES];
} subject;

static void seal(void *arg)
{
    subject *s = arg;
    bench_require(teal_seal(&s->sealed, (teal_bytes){ s->content, s->content_octets }, s->seal_to,
                            s->n_to, s->message_key, s->eph, s->keys, s->out) == TEAL_OK,
                  "a message can be sealed");
}

static void open(void *arg)
{
    subject *s = arg;
    size_t len;
    bench_require(teal_open(&s->e, &s->e.keys[0], s->to[0].prekey_pk, s->to[0].prekey_sk, s->out,
                            &len, NULL) == TEAL_OK,
                  "the message opens");
}

static void sign(void *arg)
{
    subject *s = arg;
    teal_arena scratch = { s->scratch, sizeof s->scratch, 0 };
    bench_require(teal_envelope_sign(&s->e, s->sender.sign_sk, &scratch) == TEAL_OK,
                  "a message can be signed");
}

static void verify(void *arg)
{
    subject *s = arg;
    teal_arena scratch = { s->scratch, sizeof s->scratch, 0 };
    bench_require(teal_envelope_verify(&s->e, NULL, s->sender.sign_pk, &scratch, NULL) == TEAL_OK,
                  "the signature verifies");
}

static void open_fallback(void *arg)
{
    subject *s = arg;
    size_t len;
    bench_require(teal_fallback_open(&s->with_fallback, s->to[0].prekey_pk, s->to[0].prekey_sk,
                                     s->out, &len, NULL) == TEAL_OK,
                  "the fallback opens");
}

/* ---- floors: decrypting costs what encrypting does ---- */

static void hash(const uint8_t *at, size_t octets)
{
    uint8_t h[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(h, at, octets);
}

static void derive(const subject *s, size_t short_hmacs, size_t long_hmacs)
{
    uint8_t h[crypto_auth_hmacsha256_BYTES];
    for (size_t i = 0; i < short_hmacs; i++)
        crypto_auth_hmacsha256(h, s->content, SHORT_OCTETS, s->message_key);
    for (size_t i = 0; i < long_hmacs; i++)
        crypto_auth_hmacsha256(h, s->content, LONG_OCTETS, s->message_key);
}

static void encrypt(subject *s, uint8_t *at, size_t len)
{
    crypto_aead_chacha20poly1305_ietf_encrypt(at, NULL, at, len, s->transcript, TEAL_HASH_BYTES,
                                              NULL, nonce, s->message_key);
}

/* One wrapped key, or a fallback. */
static void unwrap(subject *s, size_t octets)
{
    uint8_t shared[crypto_scalarmult_BYTES];
    bench_require(crypto_scalarmult(shared, s->eph, s->to[0].prekey_pk) == 0, "X25519 works");
    derive(s, WRAP_SHORT_HMACS, WRAP_LONG_HMACS);
    encrypt(s, s->scratch, octets);
}

static void content_floor(subject *s)
{
    hash(s->transcript, s->header_octets);
    derive(s, DERIVE_SHORT_HMACS, 0);
    encrypt(s, s->out, s->e.ciphertext.len - TAG);
}

static void seal_floor(void *arg)
{
    subject *s = arg;
    uint8_t enc[crypto_scalarmult_BYTES];
    for (size_t i = 0; i < s->n_to; i++) {
        bench_require(crypto_scalarmult_base(enc, s->eph) == 0, "X25519 works");
        unwrap(s, TEAL_KEY_BYTES);
    }
    content_floor(s);
}

/* Who keeps the public key of a prekey needs no second X25519. */
static void open_floor(void *arg)
{
    subject *s = arg;
    unwrap(s, TEAL_KEY_BYTES);
    content_floor(s);
}

static void hash_parts(const subject *s)
{
    hash(s->e.ciphertext.at, s->e.ciphertext.len);
    for (size_t i = 0; i < s->n_to; i++)
        hash(s->content, KEY_HASH_OCTETS);
}

static void sign_floor(void *arg)
{
    subject *s = arg;
    uint8_t signature[crypto_sign_BYTES];
    hash_parts(s);
    crypto_sign_detached(signature, NULL, s->transcript, s->transcript_octets, s->sender.sign_sk);
}

static void verify_floor(void *arg)
{
    subject *s = arg;
    hash_parts(s);
    bench_require(crypto_sign_verify_detached(s->e.signature, s->transcript, s->transcript_octets,
                                              s->sender.sign_pk) == 0,
                  "the signature verifies");
}

static void open_fallback_floor(void *arg)
{
    subject *s = arg;
    hash(s->transcript, s->header_octets);
    unwrap(s, FALLBACK_OCTETS);
}

static const struct {
    const char *name;
    void (*run)(void *), (*floor)(void *);
} rows[] = {
    { "seal", seal, seal_floor },
    { "open", open, open_floor },
    { "sign", sign, sign_floor },
    { "verify", verify, verify_floor },
};

static void measure(const char *name, const char *shape, subject *s, void (*run)(void *),
                    void (*floor)(void *))
{
    char whole[64];
    bench_figure f = bench_compare((bench_work){ run, s }, (bench_work){ floor, s });
    snprintf(whole, sizeof whole, "%s_%s", name, shape);
    bench_print(whole, "µs CPU", "its libsodium primitives", &f);
}

static void make_fallback(subject *s)
{
    s->with_fallback = s->e;
    s->with_fallback.has_downgrade = true;
    s->with_fallback.downgrade = (teal_consent){ .floor = TEAL_PLAINTEXT, .expires_at_ms = 1 };
    bench_require(teal_fallback_seal(&s->with_fallback, s->to[0].prekey_pk, s->eph,
                                     (teal_bytes){ s->content, FALLBACK_OCTETS }, s->enc,
                                     s->fallback) == TEAL_OK,
                  "a fallback can be sealed");
}

static void make_subject(subject *s, size_t content_octets, size_t devices, teal_arena *arena)
{
    s->sender = test_device_of(0);
    s->n_to = devices;
    s->content_octets = content_octets;
    for (size_t i = 0; i < devices; i++) {
        s->to[i] = test_device_of(1 + i);
        s->seal_to[i] = test_seal_to(&s->to[i]);
    }
    bench_message_seal(&(bench_letter){ .sender = &s->sender,
                                        .to = s->to,
                                        .n_to = devices,
                                        .content_octets = content_octets,
                                        .sent_at_ms = 1 },
                       arena, &s->e);
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
    make_fallback(s);
}

int main(void)
{
    static subject s;
    bench_require(sodium_init() >= 0, "libsodium starts");
    teal_arena arena = bench_arena(1 << 20);
    for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
        arena.used = 0;
        make_subject(&s, shapes[shape].content_octets, shapes[shape].devices, &arena);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            measure(rows[i].name, shapes[shape].name, &s, rows[i].run, rows[i].floor);
    }
    measure("fallback_open", "160", &s, open_fallback, open_fallback_floor);
    free(arena.base);
    return EXIT_SUCCESS;
}
