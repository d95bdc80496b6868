/* The transcript against one that is put together octet by octet, and Ed25519 against RFC 8032. */
#include "codecs/native/conversation.h"
#include "codecs/native/transcript.h"

#include "tests/support/envelopes.h"
#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

/* An independent builder: knows lp and int from PROTOCOL.md, and nothing of the code under test. */
typedef struct octets {
    uint8_t at[4096];
    size_t len;
} octets;

static void put(octets *o, const void *at, size_t len)
{
    assert_true(o->len + len <= sizeof o->at);
    for (size_t i = 0; i < len; i++)
        o->at[o->len++] = ((const uint8_t *)at)[i];
}

static void put_lp(octets *o, const void *at, size_t len)
{
    uint8_t be[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                      (uint8_t)len };
    put(o, be, sizeof be);
    put(o, at, len);
}

static void put_text(octets *o, const char *text)
{
    put_lp(o, text, strlen(text));
}

static void put_int(octets *o, uint64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        put(o, &(uint8_t){ (uint8_t)(value >> shift) }, 1);
}

static void put_hash_of(octets *o, const octets *what)
{
    uint8_t hash[32];
    crypto_hash_sha256(hash, what->at, what->len);
    put_lp(o, hash, sizeof hash);
}

static const teal_bytes recipients[] = {
    { (const uint8_t *)"tel:+14155550100", 16 },
    { (const uint8_t *)"im:bob@native.example", 21 },
};

static teal_envelope example(teal_wrapped_key keys[2])
{
    teal_envelope e = {
        .suite = 1,
        .message_id = teal_text("MxAZOk-0gAfAG2nCMt9VsSsw"),
        .conversation_id = { (const uint8_t *)"\x00\xff\x01", 3 },
        .sender = teal_text("im:alice@native.example"),
        .recipients = recipients,
        .n_recipients = 2,
        .sent_at_ms = 1764000000123,
        .kind = TEAL_KIND_MESSAGE,
        .wants = 3,
        .expires_at_ms = 1764600000000,
        .ciphertext = teal_text("this stands for a ciphertext"),
        .keys = keys,
        .n_keys = 2,
    };
    memset(e.sender_device, 0xd1, sizeof e.sender_device);
    memset(e.key_commitment, 0xc0, sizeof e.key_commitment);
    for (uint8_t i = 0; i < 2; i++) {
        memset(keys[i].device, 0x10 + i, sizeof keys[i].device);
        keys[i].prekey_id = i * 0xfffffffe;
        memset(keys[i].enc, 0x20 + i, sizeof keys[i].enc);
        memset(keys[i].wrapped, 0x30 + i, sizeof keys[i].wrapped);
    }
    return e;
}

static void put_header(octets *o)
{
    uint8_t device[16];
    memset(device, 0xd1, sizeof device);
    put_text(o, "teal envelope v1");
    put_int(o, 1);
    put_text(o, "MxAZOk-0gAfAG2nCMt9VsSsw");
    put_lp(o, "\x00\xff\x01", 3);
    put_text(o, "im:alice@native.example");
    put_lp(o, device, sizeof device);
    put_int(o, 2);
    put_text(o, "tel:+14155550100");
    put_text(o, "im:bob@native.example");
    put_int(o, 1764000000123);
    put_int(o, 1);
    put_int(o, 3);
    put_int(o, 1764600000000);
}

static void put_content_and_keys(octets *o)
{
    octets ciphertext = { 0 };
    uint8_t commitment[32];
    memset(commitment, 0xc0, sizeof commitment);
    put_lp(o, commitment, sizeof commitment);
    put(&ciphertext, "this stands for a ciphertext", 28);
    put_hash_of(o, &ciphertext);
    put_int(o, 2);
    for (uint8_t i = 0; i < 2; i++) {
        octets key = { 0 };
        uint8_t device[16], enc[32], wrapped[48];
        memset(device, 0x10 + i, sizeof device);
        memset(enc, 0x20 + i, sizeof enc);
        memset(wrapped, 0x30 + i, sizeof wrapped);
        put_lp(&key, device, sizeof device);
        put_int(&key, i * 0xfffffffeu);
        put_lp(&key, enc, sizeof enc);
        put_lp(&key, wrapped, sizeof wrapped);
        put_hash_of(o, &key);
    }
}

static void assert_transcript(const teal_envelope *e, const octets *want)
{
    uint8_t got[sizeof want->at];
    teal_writer measure = { 0 }, w = { got, sizeof got, 0 };
    teal_transcript_write(e, NULL, &measure);
    teal_transcript_write(e, NULL, &w);
    assert_int_equal(w.len, want->len);
    assert_int_equal(measure.len, want->len);
    assert_memory_equal(got, want->at, want->len);

    teal_hash hash;
    uint8_t want_hash[32];
    teal_transcript_hash(e, NULL, &hash);
    crypto_hash_sha256(want_hash, want->at, want->len);
    assert_memory_equal(hash.at, want_hash, sizeof want_hash);
}

static void test_header(void **state)
{
    (void)state;
    teal_wrapped_key keys[2];
    teal_envelope e = example(keys);
    octets want = { 0 };
    uint8_t want_hash[32];
    teal_hash hash;
    put_header(&want);
    crypto_hash_sha256(want_hash, want.at, want.len);
    teal_transcript_header_hash(&e, &hash);
    assert_memory_equal(hash.at, want_hash, sizeof want_hash);
}

static void test_plain(void **state)
{
    (void)state;
    teal_wrapped_key keys[2];
    teal_envelope e = example(keys);
    octets want = { 0 };
    put_header(&want);
    put_content_and_keys(&want);
    put_int(&want, 0);
    put_int(&want, 0);
    put_int(&want, 0);
    assert_transcript(&e, &want);
}

static void test_downgrade_and_origin(void **state)
{
    (void)state;
    teal_wrapped_key keys[2];
    teal_envelope e = example(keys);
    uint8_t enc[32], gateway_key[16];
    memset(enc, 0xee, sizeof enc);
    memset(gateway_key, 0x99, sizeof gateway_key);
    e.has_downgrade = e.has_origin = true;
    e.downgrade = (teal_consent){
        .floor = TEAL_PLAINTEXT,
        .when = TEAL_OR_FAILED,
        .failed_after_ms = 60000,
        .expires_at_ms = 1764000900000,
        .accepts_e2ee_loss = true,
        .enc = { enc, sizeof enc },
        .sealed = teal_text("this stands for a fallback"),
    };
    memcpy(e.downgrade.gateway_key, gateway_key, sizeof gateway_key);
    teal_transcript_fallback_hash(e.downgrade.enc, e.downgrade.sealed, &e.downgrade.fallback_hash);
    e.origin = (teal_origin){ TEAL_TRANSPORT, teal_text("rcs.example"),
                              teal_text("im:gateway@native.example") };

    octets want = { 0 }, fallback = { 0 };
    put_header(&want);
    put_content_and_keys(&want);
    put_int(&want, 1);
    put_int(&want, 1);
    put_int(&want, 2);
    put_int(&want, 60000);
    put_int(&want, 1764000900000);
    put_int(&want, 1);
    put_lp(&want, gateway_key, sizeof gateway_key);
    put_lp(&fallback, enc, sizeof enc);
    put_text(&fallback, "this stands for a fallback");
    put_hash_of(&want, &fallback);
    put_int(&want, 1);
    put_int(&want, 2);
    put_text(&want, "rcs.example");
    put_text(&want, "im:gateway@native.example");
    put_int(&want, 0);
    assert_transcript(&e, &want);

    e.downgrade.enc = e.downgrade.sealed = (teal_bytes){ 0 }; /* as it is forwarded */
    assert_transcript(&e, &want);
}

static void test_sign(void **state)
{
    (void)state;
    teal_wrapped_key keys[2];
    teal_envelope e = example(keys);
    octets want = { 0 };
    uint8_t pk[32], sk[64], signature[64], seed[32] = { 7 };
    crypto_sign_seed_keypair(pk, sk, seed);
    put_header(&want);
    put_content_and_keys(&want);
    put_int(&want, 0);
    put_int(&want, 0);
    put_int(&want, 0);
    crypto_sign_detached(signature, NULL, want.at, want.len, sk);
    test_envelope_sign(&e, sk);
    assert_memory_equal(e.signature, signature, sizeof signature);
    assert_int_equal(test_envelope_verify(&e, NULL, pk, NULL), TEAL_OK);
}

/* REQ-TRN-1, RFC 8032 section 5.1.7: S is below the order, else there were two signatures. */
static void test_second_signature(void **state)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                       0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
    (void)state;
    teal_wrapped_key keys[2];
    teal_envelope e = example(keys);
    uint8_t pk[32], sk[64], seed[32] = { 7 };
    crypto_sign_seed_keypair(pk, sk, seed);
    test_envelope_sign(&e, sk);
    assert_int_equal(test_envelope_verify(&e, NULL, pk, NULL), TEAL_OK);
    sodium_add(e.signature + 32, order, sizeof order);
    assert_int_equal(test_envelope_verify(&e, NULL, pk, NULL), TEAL_FORGED);
}

/* REQ-TRN-1. Under such a key R = the neutral element and S = 0 would sign every message. */
static void test_keys_of_small_order(void **state)
{
    static const struct {
        const char *name, *key;
    } rows[] = {
        { "neutral", "0100000000000000000000000000000000000000000000000000000000000000" },
        { "neutral, x negative",
          "0100000000000000000000000000000000000000000000000000000000000080" },
        { "neutral, y not reduced",
          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
        { "order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
        { "order 4", "0000000000000000000000000000000000000000000000000000000000000000" },
        { "order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05" },
    };
    (void)state;
    teal_wrapped_key keys[2];
    teal_envelope e = example(keys);
    memset(e.signature, 0, sizeof e.signature);
    e.signature[0] = 1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t pk[32];
        print_message("%s\n", rows[i].name);
        test_hex(rows[i].key, pk, sizeof pk);
        for (e.wants = 0; e.wants < 16; e.wants++) /* an order of 8 divides some of the hashes */
            assert_int_equal(test_envelope_verify(&e, NULL, pk, NULL), TEAL_FORGED);
    }
}

static void test_conversation(void **state)
{
    (void)state;
    const teal_bytes a = teal_text("im:alice@native.example"), b = teal_text("tel:+14155550100");
    const teal_bytes c = teal_text("im:alice@native.exampl"); /* the beginning of another: first */
    const teal_bytes orders[][5] = { { a, b, c, c, a }, { c, a, b, b, b }, { b, c, a, a, c } };
    octets want = { 0 };
    uint8_t want_id[32], id[32];
    put_text(&want, "teal conversation v1");
    put_int(&want, 3);
    put_lp(&want, c.at, c.len);
    put_lp(&want, a.at, a.len);
    put_lp(&want, b.at, b.len);
    crypto_hash_sha256(want_id, want.at, want.len);
    for (size_t i = 0; i < 3; i++) {
        teal_conversation_of(orders[i], 5, id);
        assert_memory_equal(id, want_id, sizeof id);
    }
    teal_conversation_of(orders[0], 2, id);
    assert_memory_not_equal(id, want_id, sizeof id);

    want = (octets){ 0 }; /* of nobody */
    put_text(&want, "teal conversation v1");
    put_int(&want, 0);
    crypto_hash_sha256(want_id, want.at, want.len);
    teal_conversation_of(NULL, 0, id);
    assert_memory_equal(id, want_id, sizeof id);
}

/* Of nothing: two lengths of 0. */
static void test_empty_fallback(void **state)
{
    (void)state;
    octets want = { 0 };
    uint8_t want_hash[32];
    teal_hash hash;
    put_int(&want, 0);
    crypto_hash_sha256(want_hash, want.at, want.len);
    teal_transcript_fallback_hash((teal_bytes){ 0 }, (teal_bytes){ 0 }, &hash);
    assert_memory_equal(hash.at, want_hash, sizeof want_hash);
}

static const struct {
    const char *name, *seed, *pk, *message, *signature;
} rfc_8032[] = {
    { "RFC 8032 7.1 TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
      "b4"
      "6bd25bf5f0595bbe24655141438e7a100b" },
    { "RFC 8032 7.1 TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
      "1d"
      "8c387b2eaeb4302aeeb00d291612bb0c00" },
    { "RFC 8032 7.1 TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
      "c6"
      "594a7c15e9716ed28dc027beceea1ec40a" },
};

static void test_ed25519(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc_8032 / sizeof rfc_8032[0]; i++) {
        print_message("%s\n", rfc_8032[i].name);
        uint8_t seed[32], pk[32], sk[64], message_room[8], signature[64];
        test_hex(rfc_8032[i].seed, seed, sizeof seed);
        teal_bytes message = test_hex(rfc_8032[i].message, message_room, sizeof message_room);
        crypto_sign_seed_keypair(pk, sk, seed);
        test_assert_hex((teal_bytes){ pk, sizeof pk }, rfc_8032[i].pk);
        crypto_sign_detached(signature, NULL, message.at, message.len, sk);
        test_assert_hex((teal_bytes){ signature, sizeof signature }, rfc_8032[i].signature);
        assert_int_equal(crypto_sign_verify_detached(signature, message.at, message.len, pk), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_downgrade_and_origin),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_second_signature),
        cmocka_unit_test(test_keys_of_small_order),
        cmocka_unit_test(test_conversation),
        cmocka_unit_test(test_empty_fallback),
        cmocka_unit_test(test_ed25519),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
