/* Envelopes that break no rule on values, and do not verify, or verify and do not open: each is a
 * good one with one thing changed. */
#include "tests/support/published/refused.h"

#include "codecs/native/hkdf.h"
#include "codecs/native/transcript.h"

#include <sodium.h>

static void other_signature(sealed *s)
{
    s->envelope.signature[63] ^= 1;
}

/* Under the neutral point as a key any text has this signature, unless the point is refused. */
static void key_of_small_order(sealed *s)
{
    memset(s->sender.sign_pk, 0, sizeof s->sender.sign_pk);
    memset(s->envelope.signature, 0, sizeof s->envelope.signature);
    s->sender.sign_pk[0] = s->envelope.signature[0] = 1;
}

/* S and the group's order: the same signature in another form. */
static void s_beyond_the_order(sealed *s)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                       0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
    sodium_add(s->envelope.signature + 32, order, sizeof order);
}

static void other_id(sealed *s)
{
    s->envelope.message_id = teal_text("other");
}

static void asks_for_more(sealed *s)
{
    s->envelope.wants ^= TEAL_WANTS_DISPLAYED;
}

static void key_left_out(sealed *s)
{
    s->envelope.n_keys--;
}

static void hash_left_out(sealed *s)
{
    s->envelope = sealed_forwarded(s, 0x01);
    s->envelope.n_key_hashes--;
}

static void other_ciphertext(sealed *s)
{
    uint8_t *copy = vector_room(s->arena, s->envelope.ciphertext.len);
    memcpy(copy, s->envelope.ciphertext.at, s->envelope.ciphertext.len);
    copy[0] ^= 0x80;
    s->envelope.ciphertext.at = copy;
}

static void other_commitment(sealed *s)
{
    s->envelope.key_commitment[31] ^= 1;
}

static void lower_floor(sealed *s)
{
    s->envelope.downgrade.floor = TEAL_PLAINTEXT;
}

static void accepts_nothing(sealed *s)
{
    s->envelope.downgrade.accepts_e2ee_loss = false;
}

static void consent_left_out(sealed *s)
{
    s->envelope.has_downgrade = false;
}

static void origin_left_out(sealed *s)
{
    s->envelope.has_origin = false;
}

static void higher_origin(sealed *s)
{
    s->envelope.origin.level = TEAL_TRANSPORT;
}

json_t *refused_signatures(teal_arena *a)
{
    static const refused_row rows[] = {
        { "another octet in the signature", "REQ-TRN-1", SEALED_ONE_DEVICE, other_signature },
        { "a key of small order", "REQ-TRN-1", SEALED_ONE_DEVICE, key_of_small_order },
        { "an S beyond the group's order", "REQ-TRN-1", SEALED_ONE_DEVICE, s_beyond_the_order },
        { "another message id", "REQ-TRN-1", SEALED_ONE_DEVICE, other_id },
        { "another wish", "REQ-TRN-1", SEALED_ONE_DEVICE, asks_for_more },
        { "another ciphertext", "REQ-TRN-1", SEALED_ONE_DEVICE, other_ciphertext },
        { "another commitment", "REQ-TRN-1", SEALED_ONE_DEVICE, other_commitment },
        { "a key left out, without hashes", "REQ-TRN-1", SEALED_MANY_DEVICES, key_left_out },
        { "a hash left out", "REQ-TRN-1", SEALED_MANY_DEVICES, hash_left_out },
        { "a lower floor", "REQ-TRN-1", SEALED_WAITING, lower_floor },
        { "the loss is not accepted", "REQ-TRN-1", SEALED_WAITING, accepts_nothing },
        { "the consent left out", "REQ-TRN-1", SEALED_WAITING, consent_left_out },
        { "the origin left out", "REQ-TRN-1", SEALED_ORIGIN, origin_left_out },
        { "a higher level of origin", "REQ-TRN-1", SEALED_ORIGIN, higher_origin },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_diag why = { 0 };
        sealed s;
        sealed_make(&sealed_cases[rows[i].of], a, &s);
        rows[i].spoil(&s);
        expect_ok(rows[i].name, teal_envelope_check(&s.envelope, &why), &why);
        expect_refused(rows[i].name,
                       teal_envelope_verify(&s.envelope, NULL, s.sender.sign_pk, a, &why), &why,
                       rows[i].rule);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:o, s:o}", "name", rows[i].name, "rule",
                                               rows[i].rule, "signing_key",
                                               vector_hex(s.sender.sign_pk, 32), "encoded",
                                               vector_bytes(vector_envelope(a, &s.envelope))));
    }
    return out;
}

/* ---- sealing -----------------------------------------------------------------------------------
 */

static teal_wrapped_key *first_key(sealed *s)
{
    teal_wrapped_key *keys = vector_room(s->arena, s->envelope.n_keys * sizeof *keys);
    memcpy(keys, s->envelope.keys, s->envelope.n_keys * sizeof *keys);
    s->envelope.keys = keys;
    return keys;
}

static void other_wrapped(sealed *s)
{
    first_key(s)->wrapped[0] ^= 1;
}

static void other_device(sealed *s)
{
    memset(first_key(s)->device, 7, TEAL_DEVICE_BYTES);
}

static void other_prekey_id(sealed *s)
{
    first_key(s)->prekey_id ^= 1;
}

static void enc_of_low_order(sealed *s)
{
    memset(first_key(s)->enc, 0, TEAL_KEY_BYTES);
}

/* Seals `padded` under the message key as teal_seal would, had it padded so. */
static void seal_padded(sealed *s, const uint8_t *padded, size_t len)
{
    static const uint8_t nonce[12];
    const teal_bytes key = { s->message_key, 32 }, info = teal_text("teal content");
    uint8_t prk[32], content_key[32], *ciphertext = vector_room(s->arena, len + 16);
    teal_hash h;
    teal_hkdf_extract((teal_bytes){ 0 }, &key, 1, prk);
    teal_hkdf_expand(prk, &info, 1, content_key, sizeof content_key);
    teal_transcript_header_hash(&s->envelope, &h);
    crypto_aead_chacha20poly1305_ietf_encrypt(ciphertext, NULL, padded, len, h.at, 32, NULL, nonce,
                                              content_key);
    s->envelope.ciphertext = (teal_bytes){ ciphertext, len + 16 };
}

static void no_padding_mark(sealed *s)
{
    static const uint8_t zeros[16];
    seal_padded(s, zeros, sizeof zeros);
}

static void octet_behind_mark(sealed *s)
{
    static const uint8_t padded[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x80, 0, 0, 0, 0, 0, 1 };
    seal_padded(s, padded, sizeof padded);
}

static void too_much_padding(sealed *s)
{
    static const uint8_t padded[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x80 };
    seal_padded(s, padded, sizeof padded);
}

static void too_little_padding(sealed *s)
{
    static const uint8_t padded[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 0x80 };
    seal_padded(s, padded, sizeof padded);
}

json_t *refused_openings(teal_arena *a)
{
    static const refused_row rows[] = {
        { "another wrapped key", "REQ-SEAL-1", SEALED_ONE_DEVICE, other_wrapped },
        { "a key wrapped for another device", "REQ-SEAL-1", SEALED_ONE_DEVICE, other_device },
        { "a key wrapped for another prekey", "REQ-SEAL-1", SEALED_ONE_DEVICE, other_prekey_id },
        { "a key wrapped under another header", "REQ-SEAL-1", SEALED_ONE_DEVICE, other_id },
        { "a shared secret of all zeros", "REQ-SEAL-1", SEALED_ONE_DEVICE, enc_of_low_order },
        { "another commitment", "REQ-SEAL-2", SEALED_ONE_DEVICE, other_commitment },
        { "another ciphertext", "REQ-SEAL-3", SEALED_ONE_DEVICE, other_ciphertext },
        { "padding without a mark", "REQ-SEAL-4", SEALED_ONE_DEVICE, no_padding_mark },
        { "padding that is not zero", "REQ-SEAL-4", SEALED_ONE_DEVICE, octet_behind_mark },
        { "more padding than Padmé asks for", "REQ-SEAL-4", SEALED_ONE_DEVICE, too_much_padding },
        { "less padding than Padmé asks for", "REQ-SEAL-4", SEALED_ONE_DEVICE, too_little_padding },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_diag why = { 0 };
        sealed s;
        size_t content_len;
        sealed_make(&sealed_cases[rows[i].of], a, &s);
        rows[i].spoil(&s);
        sealed_sign(&s);
        const teal_wrapped_key *key = &s.envelope.keys[0];
        uint8_t *content = vector_room(a, s.envelope.ciphertext.len);
        expect_refused(rows[i].name,
                       teal_open(&s.envelope, key, s.to[0].prekey_pk, s.to[0].prekey_sk, content,
                                 &content_len, &why),
                       &why, rows[i].rule);
        json_array_append_new(
            out, vector_pack("{s:s, s:s, s:o, s:o, s:I, s:o, s:o}", "name", rows[i].name, "rule",
                             rows[i].rule, "signing_key", vector_hex(s.sender.sign_pk, 32),
                             "device", vector_hex(key->device, sizeof key->device), "prekey_id",
                             (json_int_t)key->prekey_id, "prekey_private",
                             vector_hex(s.to[0].prekey_sk, 32), "encoded",
                             vector_bytes(vector_envelope(a, &s.envelope))));
    }
    return out;
}
