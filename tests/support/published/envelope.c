/* envelope.json: sealing step by step, what a gateway forwards, and what must be refused. */
#include "tests/support/published/published.h"
#include "tests/support/published/refused.h"

#include "codecs/native/conversation.h"
#include "codecs/native/hkdf.h"
#include "codecs/native/transcript.h"

#include <sodium.h>

enum { MAX_TRANSCRIPT = 16 << 10 };

static json_t *consent_of(const sealed *s)
{
    const teal_consent *d = &s->envelope.downgrade;
    return vector_pack("{s:i, s:i, s:o, s:o, s:b}", "floor", d->floor, "when", d->when,
                       "failed_after_ms", vector_number(d->failed_after_ms), "expires_at_ms",
                       vector_number(d->expires_at_ms), "accepts_e2ee_loss", d->accepts_e2ee_loss);
}

static json_t *origin_of(const teal_envelope *e)
{
    return vector_pack("{s:i, s:o, s:o}", "level", e->origin.level, "network",
                       vector_text(e->origin.network), "gateway", vector_text(e->origin.gateway));
}

static json_t *header_fields(const sealed *s)
{
    const teal_envelope *e = &s->envelope;
    json_t *out = vector_pack(
        "{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:o}", "suite", (json_int_t)e->suite,
        "message_id", vector_text(e->message_id), "conversation_id",
        vector_bytes(e->conversation_id), "sender", vector_text(e->sender), "sender_device",
        vector_hex(e->sender_device, sizeof e->sender_device), "recipients",
        vector_texts(e->recipients, e->n_recipients), "sent_at_ms", vector_number(e->sent_at_ms),
        "kind", e->kind, "wants", (json_int_t)e->wants, "expires_at_ms",
        vector_number(e->expires_at_ms));
    if (e->has_downgrade)
        json_object_set_new(out, "downgrade", consent_of(s));
    if (e->has_origin)
        json_object_set_new(out, "origin", origin_of(e));
    return out;
}

static json_t *recipients_devices(const sealed *s)
{
    json_t *out = json_array();
    for (size_t i = 0; i < s->n_to; i++) {
        const test_device *d = &s->to[i];
        json_array_append_new(
            out, vector_pack("{s:o, s:I, s:o, s:o, s:o}", "device", vector_hex(d->id, sizeof d->id),
                             "prekey_id", (json_int_t)d->prekey_id, "prekey_private",
                             vector_hex(d->prekey_sk, 32), "prekey", vector_hex(d->prekey_pk, 32),
                             "ephemeral", vector_hex(s->eph + 32 * i, 32)));
    }
    return out;
}

static json_t *input_of(const sealed *s)
{
    json_t *out =
        vector_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "envelope", header_fields(s), "signing_seed",
                    vector_hex(s->sender.sign_sk, 32), "signing_key",
                    vector_hex(s->sender.sign_pk, 32), "content", vector_bytes(s->content),
                    "message_key", vector_hex(s->message_key, 32), "to", recipients_devices(s));
    if (s->envelope.has_downgrade)
        json_object_set_new(out, "fallback",
                            vector_pack("{s:o, s:o, s:o, s:o}", "content",
                                        vector_bytes(s->fallback), "gateway_private",
                                        vector_hex(s->gateway.prekey_sk, 32), "gateway_public",
                                        vector_hex(s->gateway.prekey_pk, 32), "ephemeral",
                                        vector_hex(s->fallback_eph, 32)));
    return out;
}

static json_t *wrapping_steps(const sealed *s, const teal_hash *header_hash)
{
    json_t *out = json_array();
    for (size_t i = 0; i < s->envelope.n_keys; i++) {
        const teal_wrapped_key *key = &s->envelope.keys[i];
        teal_hash hash;
        teal_writer aad = vector_writer(s->arena, 32 + 16 + 8);
        teal_write_bytes(&aad, (teal_bytes){ header_hash->at, 32 });
        teal_write_bytes(&aad, (teal_bytes){ key->device, sizeof key->device });
        teal_write_u64(&aad, key->prekey_id);
        teal_transcript_key_hash(key, &hash);
        json_array_append_new(out, vector_pack("{s:o, s:o, s:o, s:o}", "aad",
                                               vector_bytes(teal_written(&aad)), "enc",
                                               vector_hex(key->enc, 32), "wrapped",
                                               vector_hex(key->wrapped, sizeof key->wrapped),
                                               "key_hash", vector_hex(hash.at, 32)));
    }
    return out;
}

/* By hand, and so checked against what teal_seal made of it. */
static json_t *sealing_steps(const sealed *s, json_t *steps)
{
    const teal_envelope *e = &s->envelope;
    const teal_bytes key = { s->message_key, 32 }, info = teal_text("teal content");
    static const uint8_t nonce[12];
    uint8_t prk[32], content_key[32];
    teal_hash header_hash, ciphertext_hash;
    teal_transcript_header_hash(e, &header_hash);
    teal_hkdf_extract((teal_bytes){ 0 }, &key, 1, prk);
    teal_hkdf_expand(prk, &info, 1, content_key, sizeof content_key);
    size_t padded_len = e->ciphertext.len - 16;
    uint8_t *padded = vector_room(s->arena, padded_len);
    expect_that(s->of->name, crypto_aead_chacha20poly1305_ietf_decrypt(
                                 padded, NULL, NULL, e->ciphertext.at, e->ciphertext.len,
                                 header_hash.at, 32, nonce, content_key) == 0);
    crypto_hash_sha256(ciphertext_hash.at, e->ciphertext.at, e->ciphertext.len);
    json_object_set_new(steps, "header_hash", vector_hex(header_hash.at, 32));
    json_object_set_new(steps, "content_key", vector_hex(content_key, 32));
    json_object_set_new(steps, "padded", vector_hex(padded, padded_len));
    json_object_set_new(steps, "ciphertext", vector_bytes(e->ciphertext));
    json_object_set_new(steps, "ciphertext_hash", vector_hex(ciphertext_hash.at, 32));
    json_object_set_new(steps, "key_commitment", vector_hex(e->key_commitment, 32));
    json_object_set_new(steps, "keys", wrapping_steps(s, &header_hash));
    return steps;
}

static json_t *steps_of(const sealed *s)
{
    const teal_envelope *e = &s->envelope;
    json_t *out = json_object();
    teal_writer w = vector_writer(s->arena, MAX_TRANSCRIPT);
    teal_hash hash;
    teal_transcript_header(e, &w);
    json_object_set_new(out, "header", vector_bytes(teal_written(&w)));
    sealing_steps(s, out);
    if (e->has_downgrade)
        json_object_set_new(out, "fallback",
                            vector_pack("{s:o, s:o, s:o, s:o}", "gateway_key",
                                        vector_hex(e->downgrade.gateway_key, 16), "enc",
                                        vector_bytes(e->downgrade.enc), "sealed",
                                        vector_bytes(e->downgrade.sealed), "fallback_hash",
                                        vector_hex(e->downgrade.fallback_hash.at, 32)));
    w.len = 0;
    teal_transcript_write(e, NULL, &w);
    expect_that(s->of->name, teal_write_fits(&w));
    teal_transcript_hash(e, NULL, &hash);
    json_object_set_new(out, "transcript", vector_bytes(teal_written(&w)));
    json_object_set_new(out, "transcript_hash", vector_hex(hash.at, 32));
    json_object_set_new(out, "signature", vector_hex(e->signature, sizeof e->signature));
    return out;
}

static json_t *sealed_vectors(teal_arena *a)
{
    json_t *out = json_array();
    for (size_t i = 0; i < sealed_count; i++) {
        sealed s;
        sealed_make(&sealed_cases[i], a, &s);
        json_array_append_new(out, vector_pack("{s:s, s:o, s:o, s:o}", "name", s.of->name, "input",
                                               input_of(&s), "steps", steps_of(&s), "encoded",
                                               vector_bytes(vector_envelope(a, &s.envelope))));
    }
    return out;
}

/* The signature of the whole still verifies over each part of it. */
static json_t *forwarded_vectors(teal_arena *a)
{
    static const struct {
        const char *name;
        size_t of;
        uint32_t keep;
    } rows[] = {
        { "the first and the last device", SEALED_MANY_DEVICES, 0x11 },
        { "one in the middle", SEALED_MANY_DEVICES, 0x04 },
        { "no device here", SEALED_MANY_DEVICES, 0 },
        { "all devices: the hashes come along", SEALED_RECIPIENTS, 0x07 },
        { "a consent whose fallback was left out", SEALED_WAITING, 0x02 },
        { "a consent, and nobody to seal to", SEALED_CONSENT, 0 },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sealed s;
        json_t *kept = json_array();
        teal_diag why = { 0 };
        sealed_make(&sealed_cases[rows[i].of], a, &s);
        for (size_t k = 0; k < s.n_to; k++)
            if ((rows[i].keep >> k & 1) != 0)
                json_array_append_new(kept, json_integer((json_int_t)k));
        teal_envelope f = sealed_forwarded(&s, rows[i].keep);
        expect_ok(rows[i].name, teal_envelope_check(&f, &why), &why);
        expect_ok(rows[i].name, teal_envelope_verify(&f, NULL, s.sender.sign_pk, a, &why), &why);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:o, s:o}", "name", rows[i].name, "of",
                                               s.of->name, "kept", kept, "encoded",
                                               vector_bytes(vector_envelope(a, &f))));
    }
    return out;
}

static json_t *padding_vectors(void)
{
    static const size_t lengths[] = {
        0,   1,    2,    3,    7,    8,    9,    15,   16,    31,    100,    127,    128,   255,
        256, 1000, 1023, 1024, 1025, 4095, 5000, 9999, 65535, 65536, 100000, 524287, 900000
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        json_array_append_new(out, vector_pack("{s:I, s:I}", "content", (json_int_t)lengths[i],
                                               "ciphertext",
                                               (json_int_t)teal_seal_ciphertext_len(lengths[i])));
    return out;
}

static json_t *conversation_vectors(void)
{
    static const char *const rows[][4] = {
        { "im:alice@native.example", "im:bob@native.example" },
        { "im:bob@native.example", "im:alice@native.example", "im:bob@native.example" },
        { "tel:+14155550100", "sip:carol@rcs.example", "im:alice@native.example" },
        { "im:alone@native.example" },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_bytes participants[4];
        uint8_t id[TEAL_HASH_BYTES];
        size_t n = 0;
        for (; n < 4 && rows[i][n] != NULL; n++)
            participants[n] = teal_text(rows[i][n]);
        teal_conversation_of(participants, n, id);
        json_array_append_new(out, vector_pack("{s:o, s:o}", "participants",
                                               vector_texts(participants, n), "conversation_id",
                                               vector_hex(id, sizeof id)));
    }
    return out;
}

json_t *published_envelope(void)
{
    teal_arena a = vector_arena_open();
    json_t *malformed = refused_encodings(&a), *values = refused_values(&a);
    json_array_extend(malformed, values);
    json_decref(values);
    json_t *out =
        vector_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "about",
                    "Envelopes: PROTOCOL.md sections 3 and 4. See README.md.", "sealed",
                    sealed_vectors(&a), "forwarded", forwarded_vectors(&a), "refused", malformed,
                    "forged", refused_signatures(&a), "unopened", refused_openings(&a), "padding",
                    padding_vectors(), "conversations", conversation_vectors());
    vector_arena_close(&a);
    return out;
}
