/* Sealing: opens for those it is for, for nobody else, and not after anything changed. */
#include "codecs/native/seal.h"

#include "codecs/native/hkdf.h"
#include "codecs/native/hpke.h"
#include "codecs/native/transcript.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

enum { ROUNDS = 100 };

typedef struct fixture {
    test_random random;
    teal_arena arena;
    test_sealed sealed;
    uint8_t content[4096];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->random = test_random_of(test_seed());
    f->arena = (teal_arena){ malloc(TEST_ENVELOPE_ARENA), TEST_ENVELOPE_ARENA, 0 };
    assert_non_null(f->arena.base);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    free(f->arena.base);
    free(f);
    return 0;
}

/* Sealed to two devices at least, with a fallback. */
static test_sealed *fresh(fixture *f)
{
    do {
        f->arena.used = 0;
        test_sealed_random(&f->random, &f->arena, &f->sealed);
    } while (f->sealed.n_to < 2 || !f->sealed.envelope.has_downgrade);
    return &f->sealed;
}

static teal_result open_with(fixture *f, const teal_envelope *e, size_t key, size_t device,
                             size_t *len)
{
    memset(f->content, 0xaa, sizeof f->content);
    const test_device *to = &f->sealed.to[device];
    return teal_open(e, &e->keys[key], to->prekey_pk, to->prekey_sk, f->content, len, NULL);
}

static void assert_refused(fixture *f, const teal_envelope *e, size_t key, size_t device)
{
    size_t len;
    assert_int_equal(open_with(f, e, key, device, &len), TEAL_FORGED);
    assert_true(sodium_is_zero(f->content, e->ciphertext.len));
}

static void test_every_device_opens(void **state)
{
    fixture *f = *state;
    for (size_t round = 0; round < ROUNDS; round++) {
        const test_sealed *s = fresh(f);
        for (size_t i = 0; i < s->n_to; i++) {
            size_t len = 0;
            assert_int_equal(open_with(f, &s->envelope, i, i, &len), TEAL_OK);
            assert_int_equal(len, s->content.len);
            assert_memory_equal(f->content, s->content.at, len);
            assert_refused(f, &s->envelope, i, (i + 1) % s->n_to);
        }
    }
}

/* Every field of the header is bound to the wrapped key and to the content. */
static void test_header_is_bound(void **state)
{
    fixture *f = *state;
    const test_sealed *s = fresh(f);
    teal_bytes recipients[4], other = teal_text("im:mallory@native.example");
    memcpy(recipients, s->envelope.recipients, s->envelope.n_recipients * sizeof *recipients);
    recipients[0] = other;
    teal_envelope e[10];
    for (size_t i = 0; i < 10; i++)
        e[i] = s->envelope;
    e[0].suite++;
    e[1].message_id.len--;
    e[2].conversation_id = e[2].message_id;
    e[3].sender = other;
    e[4].sender_device[0] ^= 1;
    e[5].recipients = recipients;
    e[6].sent_at_ms++;
    e[7].kind = (teal_kind)(e[7].kind ^ 1);
    e[8].wants ^= 1;
    e[9].expires_at_ms++;
    for (size_t i = 0; i < 10; i++) {
        print_message("field %zu\n", i + 1);
        assert_refused(f, &e[i], 0, 0);
        size_t len;
        uint8_t out[600];
        assert_int_equal(
            teal_fallback_open(&e[i], s->gateway.prekey_pk, s->gateway.prekey_sk, out, &len, NULL),
            TEAL_FORGED);
    }
}

static void test_wrapped_key_is_bound(void **state)
{
    fixture *f = *state;
    const test_sealed *s = fresh(f);
    teal_wrapped_key keys[TEST_MAX_TO];
    teal_envelope e = s->envelope;
    e.keys = keys;
    for (size_t octet = 0; octet < sizeof keys[0]; octet++) {
        memcpy(keys, s->envelope.keys, s->n_to * sizeof keys[0]);
        ((uint8_t *)&keys[0])[octet] ^= 0x10;
        assert_refused(f, &e, 0, 0);
    }
}

static void test_ciphertext_is_bound(void **state)
{
    fixture *f = *state;
    const test_sealed *s = fresh(f);
    uint8_t ciphertext[4096];
    teal_envelope e = s->envelope;
    memcpy(ciphertext, e.ciphertext.at, e.ciphertext.len);
    e.ciphertext.at = ciphertext;
    for (size_t i = 0; i < e.ciphertext.len; i++) {
        ciphertext[i] ^= 1;
        assert_refused(f, &e, 0, 0);
        ciphertext[i] ^= 1;
    }
    for (size_t len = 0; len < s->envelope.ciphertext.len; len++) {
        size_t content_len;
        e.ciphertext.len = len;
        assert_int_equal(open_with(f, &e, 0, 0, &content_len),
                         len < 17 ? TEAL_MALFORMED : TEAL_FORGED);
        assert_true(sodium_is_zero(f->content, len));
    }
}

/* A sender that wraps two keys, to show two people two texts, has to commit to both. The ciphertext
 * here opens with the key that the device gets; only the commitment is to the other one. */
static void test_commitment(void **state)
{
    fixture *f = *state;
    const test_sealed *s = fresh(f);
    uint8_t key[32], eph[64], ciphertext[64];
    teal_wrapped_key wrapped[2];
    teal_seal_to to[2] = { test_seal_to(&s->to[0]), test_seal_to(&s->to[1]) };
    teal_envelope e = s->envelope;
    teal_diag why = { 0 };
    size_t len;
    test_random_fill(&f->random, key, sizeof key);
    test_random_fill(&f->random, eph, sizeof eph);
    teal_bytes text = teal_text("the other text");
    assert_int_equal(teal_seal(&e, text, to, 2, key, eph, wrapped, ciphertext), TEAL_OK);
    assert_int_equal(open_with(f, &e, 1, 1, &len), TEAL_OK);
    memcpy(e.key_commitment, s->envelope.key_commitment, sizeof e.key_commitment);
    assert_int_equal(
        teal_open(&e, &e.keys[1], s->to[1].prekey_pk, s->to[1].prekey_sk, f->content, &len, &why),
        TEAL_FORGED);
    assert_string_equal(why.rule, "REQ-SEAL-2 key is not the one committed to");

    wrapped[0] = s->envelope.keys[0]; /* the first device opens, the second is given another key */
    teal_envelope two = s->envelope;
    two.keys = wrapped;
    two.n_keys = 2;
    assert_int_equal(open_with(f, &two, 0, 0, &len), TEAL_OK);
    assert_refused(f, &two, 1, 1);
}

/* Puts `padded` under the envelope's own message key, as PROTOCOL.md says and not as seal.c does.
 */
static teal_envelope with_padded(const test_sealed *s, teal_bytes padded, uint8_t *ciphertext)
{
    teal_envelope e = s->envelope;
    teal_bytes key = { s->message_key, 32 }, info = teal_text("teal content");
    static const uint8_t nonce[12];
    uint8_t prk[32], content_key[32];
    teal_hash header;
    teal_hkdf_extract((teal_bytes){ 0 }, &key, 1, prk);
    teal_hkdf_expand(prk, &info, 1, content_key, 32);
    teal_transcript_header_hash(&e, &header);
    crypto_aead_chacha20poly1305_ietf_encrypt(ciphertext, NULL, padded.at, padded.len, header.at,
                                              32, NULL, nonce, content_key);
    e.ciphertext = (teal_bytes){ ciphertext, padded.len + 16 };
    return e;
}

static void test_padding(void **state)
{
    static const struct {
        const char *name;
        uint8_t padded[20];
        size_t len;
        teal_result want;
        size_t content_len;
    } rows[] = {
        { "nothing but the mark", { 0x80 }, 1, TEAL_OK, 0 },
        { "8 octets stay 8", { 1, 2, 3, 4, 5, 6, 7, 0x80 }, 8, TEAL_OK, 7 },
        { "9 octets become 10", { 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0 }, 10, TEAL_OK, 8 },
        { "content may end like padding", { 1, 0x80, 0, 0x80 }, 4, TEAL_OK, 3 },
        { "no mark", { 1, 2, 3 }, 3, TEAL_MALFORMED, 0 },
        { "only zeros", { 0 }, 4, TEAL_MALFORMED, 0 },
        { "longer than Padme's", { 1, 0x80, 0 }, 3, TEAL_MALFORMED, 0 },
        { "shorter than Padme's", { 1, 2, 3, 4, 5, 6, 7, 8, 0x80 }, 9, TEAL_MALFORMED, 0 },
    };
    fixture *f = *state;
    const test_sealed *s = fresh(f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t ciphertext[sizeof rows[0].padded + 16];
        teal_bytes padded = { rows[i].padded, rows[i].len };
        teal_envelope e = with_padded(s, padded, ciphertext);
        size_t len = 0;
        assert_int_equal(open_with(f, &e, 0, 0, &len), rows[i].want);
        assert_int_equal(len, rows[i].content_len);
        if (rows[i].want == TEAL_OK)
            assert_memory_equal(f->content, rows[i].padded, len);
        else
            assert_true(sodium_is_zero(f->content, e.ciphertext.len));
    }
}

static void test_padme_lengths(void **state)
{
    static const struct {
        size_t content, padded;
    } rows[] = { { 0, 1 },      { 1, 2 },        { 7, 8 },         { 8, 10 },
                 { 9, 10 },     { 99, 104 },     { 127, 128 },     { 128, 144 },
                 { 999, 1024 }, { 9999, 10240 }, { 65535, 65536 }, { 65536, 67584 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(teal_seal_ciphertext_len(rows[i].content), rows[i].padded + 16);
    size_t before = 17;
    for (size_t len = 0; len < 100000; len++) {
        size_t padded = teal_seal_ciphertext_len(len) - 16;
        assert_true(padded >= len + 1 && padded + 16 >= before);
        assert_true((padded - len - 1) * 100 <= 12 * (len + 1));
        assert_int_equal(teal_seal_ciphertext_len(padded - 1) - 16, padded);
        before = padded + 16;
    }
}

/* A prekey of small order, or such an enc: test_hpke has all of them. */
static void test_small_order(void **state)
{
    fixture *f = *state;
    const test_sealed *s = fresh(f);
    uint8_t eph[64] = { 1 }, ciphertext[32], enc[32], sealed[32];
    static const uint8_t zero[32];
    teal_seal_to to[2] = { test_seal_to(&s->to[0]) };
    teal_wrapped_key keys[2];
    teal_envelope e = s->envelope;
    teal_bytes text = teal_text("x");
    assert_int_equal(teal_seal(&e, text, to, 2, s->message_key, eph, keys, ciphertext),
                     TEAL_FORGED);
    assert_int_equal(teal_fallback_seal(&e, zero, eph, text, enc, sealed), TEAL_FORGED);
    keys[0] = s->envelope.keys[0];
    memset(keys[0].enc, 0, sizeof keys[0].enc);
    e.keys = keys;
    assert_refused(f, &e, 0, 0);
}

static void test_fallback(void **state)
{
    fixture *f = *state;
    uint8_t out[600];
    size_t len = 0;
    const test_sealed *s = fresh(f);
    assert_int_equal(teal_fallback_open(&s->envelope, s->gateway.prekey_pk, s->gateway.prekey_sk,
                                        out, &len, NULL),
                     TEAL_OK);
    assert_int_equal(len, s->fallback.len);
    assert_memory_equal(out, s->fallback.at, len);

    teal_envelope e = s->envelope;
    e.downgrade.floor = e.downgrade.floor == TEAL_PLAINTEXT ? TEAL_TRANSPORT : TEAL_PLAINTEXT;
    assert_int_equal(
        teal_fallback_open(&e, s->gateway.prekey_pk, s->gateway.prekey_sk, out, &len, NULL),
        TEAL_FORGED);
    assert_true(sodium_is_zero(out, s->fallback.len));
    e = s->envelope;
    e.downgrade.expires_at_ms++;
    assert_int_equal(
        teal_fallback_open(&e, s->gateway.prekey_pk, s->gateway.prekey_sk, out, &len, NULL),
        TEAL_FORGED);
    e = s->envelope;
    assert_int_equal(
        teal_fallback_open(&e, s->to[0].prekey_pk, s->to[0].prekey_sk, out, &len, NULL),
        TEAL_FORGED);
    e.downgrade.sealed.len = TEAL_HPKE_TAG_BYTES - 1;
    assert_int_equal(
        teal_fallback_open(&e, s->gateway.prekey_pk, s->gateway.prekey_sk, out, &len, NULL),
        TEAL_MALFORMED);
    e.downgrade.enc = e.downgrade.sealed = (teal_bytes){ 0 };
    assert_int_equal(
        teal_fallback_open(&e, s->gateway.prekey_pk, s->gateway.prekey_sk, out, &len, NULL),
        TEAL_MALFORMED);
    e.has_downgrade = false;
    assert_int_equal(
        teal_fallback_open(&e, s->gateway.prekey_pk, s->gateway.prekey_sk, out, &len, NULL),
        TEAL_MALFORMED);
}

static void test_gateway_key_id(void **state)
{
    (void)state;
    static const uint8_t pk[32] = { 1, 2, 3 };
    uint8_t id[TEAL_GATEWAY_KEY_BYTES], hash[32];
    crypto_hash_sha256(hash, pk, sizeof pk);
    teal_gateway_key_id(pk, id);
    assert_memory_equal(id, hash, sizeof id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_device_opens),
        cmocka_unit_test(test_header_is_bound),
        cmocka_unit_test(test_wrapped_key_is_bound),
        cmocka_unit_test(test_ciphertext_is_bound),
        cmocka_unit_test(test_commitment),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_padme_lengths),
        cmocka_unit_test(test_small_order),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_gateway_key_id),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
