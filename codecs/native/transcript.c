/* Builds what signatures cover; must never depend on how a message was framed. */
#include "codecs/native/transcript.h"

#include <assert.h>
#include <sodium.h>

enum {
    LP = 4,
    INT = 8,
    /* Of an envelope that has passed teal_envelope_check; its literals are below 64 octets. */
    MAX_HEADER_BYTES = 64 + 2 * (LP + TEAL_MAX_ID_BYTES) + LP + TEAL_DEVICE_BYTES +
                       (1 + TEAL_MAX_RECIPIENTS) * (LP + TEAL_MAX_HANDLE_BYTES) + 6 * INT,
    MAX_DOWNGRADE_BYTES = 6 * INT + 2 * LP + TEAL_GATEWAY_KEY_BYTES + TEAL_HASH_BYTES,
    MAX_ORIGIN_BYTES = 2 * INT + 2 * LP + TEAL_MAX_NETWORK_BYTES + TEAL_MAX_HANDLE_BYTES,
    MAX_TRANSCRIPT_BYTES = MAX_HEADER_BYTES + (2 + TEAL_MAX_KEYS) * (LP + TEAL_HASH_BYTES) + INT +
                           MAX_DOWNGRADE_BYTES + MAX_ORIGIN_BYTES + INT,
};

void teal_transcript_lp(teal_writer *w, teal_bytes x)
{
    assert(x.len <= UINT32_MAX);
    teal_write_u32(w, (uint32_t)x.len);
    teal_write_bytes(w, x);
}

void teal_transcript_int(teal_writer *w, uint64_t value)
{
    teal_write_u64(w, value);
}

static void lp_hash(teal_writer *w, const teal_hash *hash)
{
    teal_transcript_lp(w, (teal_bytes){ hash->at, sizeof hash->at });
}

void teal_transcript_header(const teal_envelope *e, teal_writer *w)
{
    teal_transcript_lp(w, teal_text("teal envelope v1"));
    teal_transcript_int(w, e->suite);
    teal_transcript_lp(w, e->message_id);
    teal_transcript_lp(w, e->conversation_id);
    teal_transcript_lp(w, e->sender);
    teal_transcript_lp(w, (teal_bytes){ e->sender_device, sizeof e->sender_device });
    teal_transcript_int(w, e->n_recipients);
    for (size_t i = 0; i < e->n_recipients; i++)
        teal_transcript_lp(w, e->recipients[i]);
    teal_transcript_int(w, e->sent_at_ms);
    teal_transcript_int(w, e->kind);
    teal_transcript_int(w, e->wants);
    teal_transcript_int(w, e->expires_at_ms);
}

void teal_transcript_header_hash(const teal_envelope *e, teal_hash *out)
{
    uint8_t bytes[MAX_HEADER_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_transcript_header(e, &w);
    assert(teal_write_fits(&w));
    crypto_hash_sha256(out->at, bytes, w.len);
}

void teal_transcript_key_hash(const teal_wrapped_key *key, teal_hash *out)
{
    uint8_t bytes[3 * LP + INT + TEAL_DEVICE_BYTES + TEAL_KEY_BYTES + TEAL_WRAPPED_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_transcript_lp(&w, (teal_bytes){ key->device, sizeof key->device });
    teal_transcript_int(&w, key->prekey_id);
    teal_transcript_lp(&w, (teal_bytes){ key->enc, sizeof key->enc });
    teal_transcript_lp(&w, (teal_bytes){ key->wrapped, sizeof key->wrapped });
    assert(teal_write_fits(&w));
    crypto_hash_sha256(out->at, bytes, w.len);
}

static void hash_lp(crypto_hash_sha256_state *state, teal_bytes x)
{
    uint8_t length[LP];
    teal_writer w = { length, sizeof length, 0 };
    teal_write_u32(&w, (uint32_t)x.len);
    crypto_hash_sha256_update(state, length, sizeof length);
    crypto_hash_sha256_update(state, x.at, x.len);
}

void teal_transcript_fallback_hash(teal_bytes enc, teal_bytes sealed, teal_hash *out)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    hash_lp(&state, enc);
    hash_lp(&state, sealed);
    crypto_hash_sha256_final(&state, out->at);
}

static void write_key_hashes(const teal_envelope *e, teal_writer *w)
{
    if (e->n_key_hashes > 0) {
        teal_transcript_int(w, e->n_key_hashes);
        for (size_t i = 0; i < e->n_key_hashes; i++)
            lp_hash(w, &e->key_hashes[i]);
        return;
    }
    teal_transcript_int(w, e->n_keys);
    for (size_t i = 0; i < e->n_keys; i++) {
        teal_hash hash;
        teal_transcript_key_hash(&e->keys[i], &hash);
        lp_hash(w, &hash);
    }
}

static void write_downgrade(const teal_envelope *e, teal_writer *w)
{
    teal_transcript_int(w, e->has_downgrade);
    if (!e->has_downgrade)
        return;
    const teal_consent *d = &e->downgrade;
    teal_transcript_int(w, d->floor);
    teal_transcript_int(w, d->when);
    teal_transcript_int(w, d->failed_after_ms);
    teal_transcript_int(w, d->expires_at_ms);
    teal_transcript_int(w, d->accepts_e2ee_loss);
    teal_transcript_lp(w, (teal_bytes){ d->gateway_key, sizeof d->gateway_key });
    lp_hash(w, &d->fallback_hash);
}

static void write_origin(const teal_envelope *e, teal_writer *w)
{
    teal_transcript_int(w, e->has_origin);
    if (!e->has_origin)
        return;
    teal_transcript_int(w, e->origin.level);
    teal_transcript_lp(w, e->origin.network);
    teal_transcript_lp(w, e->origin.gateway);
}

void teal_transcript_write(const teal_envelope *e, const teal_hash *ciphertext_hash, teal_writer *w)
{
    teal_hash computed;
    if (ciphertext_hash == NULL) {
        crypto_hash_sha256(computed.at, e->ciphertext.at, e->ciphertext.len);
        ciphertext_hash = &computed;
    }
    teal_transcript_header(e, w);
    teal_transcript_lp(w, (teal_bytes){ e->key_commitment, sizeof e->key_commitment });
    lp_hash(w, ciphertext_hash);
    write_key_hashes(e, w);
    write_downgrade(e, w);
    write_origin(e, w);
    teal_transcript_int(w, 0); /* the MLS part, which suite 1 does not have */
}

void teal_transcript_hash(const teal_envelope *e, const teal_hash *ciphertext_hash, teal_hash *out)
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_transcript_write(e, ciphertext_hash, &w);
    assert(teal_write_fits(&w));
    crypto_hash_sha256(out->at, bytes, w.len);
}

void teal_envelope_sign(teal_envelope *e, const uint8_t sk[static 64])
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_transcript_write(e, NULL, &w);
    assert(teal_write_fits(&w));
    crypto_sign_detached(e->signature, NULL, bytes, w.len, sk);
}

teal_result teal_envelope_verify(const teal_envelope *e, const teal_hash *ciphertext_hash,
                                 const uint8_t device_key[static 32], teal_diag *why)
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_transcript_write(e, ciphertext_hash, &w);
    assert(teal_write_fits(&w));
    if (crypto_sign_verify_detached(e->signature, bytes, w.len, device_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-TRN-1 not signed by this device", 0, why);
    return TEAL_OK;
}
