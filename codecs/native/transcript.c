/* Builds what signatures cover; must never depend on how a message was framed. */
#include "codecs/native/transcript.h"

#include <assert.h>
#include <sodium.h>

/* Where a transcript goes: into a buffer, or through SHA-256, which needs none. */
typedef struct sink {
    teal_writer *buffer; /* NULL: only hashed */
    crypto_hash_sha256_state hash;
} sink;

static void put(sink *s, teal_bytes octets)
{
    if (s->buffer != NULL)
        teal_write_bytes(s->buffer, octets);
    else if (octets.len > 0)
        crypto_hash_sha256_update(&s->hash, octets.at, octets.len);
}

static void put_lp(sink *s, teal_bytes x)
{
    uint8_t length[4];
    teal_writer w = { length, sizeof length, 0 };
    assert(x.len <= UINT32_MAX);
    teal_write_u32(&w, (uint32_t)x.len);
    put(s, TEAL_VIEW(length));
    put(s, x);
}

static void put_int(sink *s, uint64_t value)
{
    uint8_t octets[8];
    teal_writer w = { octets, sizeof octets, 0 };
    teal_write_u64(&w, value);
    put(s, TEAL_VIEW(octets));
}

static sink hashing(void)
{
    sink s = { 0 };
    crypto_hash_sha256_init(&s.hash);
    return s;
}

static void finish(sink *s, teal_hash *out)
{
    crypto_hash_sha256_final(&s->hash, out->at);
}

void teal_transcript_lp(teal_writer *w, teal_bytes x)
{
    put_lp(&(sink){ .buffer = w }, x);
}

void teal_transcript_int(teal_writer *w, uint64_t value)
{
    put_int(&(sink){ .buffer = w }, value);
}

static void put_header(sink *s, const teal_envelope *e)
{
    put_lp(s, teal_text("teal envelope v1"));
    put_int(s, e->suite);
    put_lp(s, e->message_id);
    put_lp(s, e->conversation_id);
    put_lp(s, e->sender);
    put_lp(s, TEAL_VIEW(e->sender_device));
    put_int(s, e->n_recipients);
    for (size_t i = 0; i < e->n_recipients; i++)
        put_lp(s, e->recipients[i]);
    put_int(s, e->sent_at_ms);
    put_int(s, e->kind);
    put_int(s, e->wants);
    put_int(s, e->expires_at_ms);
}

void teal_transcript_header(const teal_envelope *e, teal_writer *w)
{
    put_header(&(sink){ .buffer = w }, e);
}

void teal_transcript_header_hash(const teal_envelope *e, teal_hash *out)
{
    sink s = hashing();
    put_header(&s, e);
    finish(&s, out);
}

void teal_transcript_key_hash(const teal_wrapped_key *key, teal_hash *out)
{
    sink s = hashing();
    put_lp(&s, TEAL_VIEW(key->device));
    put_int(&s, key->prekey_id);
    put_lp(&s, TEAL_VIEW(key->enc));
    put_lp(&s, TEAL_VIEW(key->wrapped));
    finish(&s, out);
}

void teal_transcript_fallback_hash(teal_bytes enc, teal_bytes sealed, teal_hash *out)
{
    sink s = hashing();
    put_lp(&s, enc);
    put_lp(&s, sealed);
    finish(&s, out);
}

static void put_key_hashes(sink *s, const teal_envelope *e)
{
    if (e->n_key_hashes > 0) {
        put_int(s, e->n_key_hashes);
        for (size_t i = 0; i < e->n_key_hashes; i++)
            put_lp(s, TEAL_VIEW(e->key_hashes[i].at));
        return;
    }
    put_int(s, e->n_keys);
    for (size_t i = 0; i < e->n_keys; i++) {
        teal_hash hash;
        teal_transcript_key_hash(&e->keys[i], &hash);
        put_lp(s, TEAL_VIEW(hash.at));
    }
}

static void put_downgrade(sink *s, const teal_envelope *e)
{
    put_int(s, e->has_downgrade);
    if (!e->has_downgrade)
        return;
    const teal_consent *d = &e->downgrade;
    put_int(s, d->floor);
    put_int(s, d->when);
    put_int(s, d->failed_after_ms);
    put_int(s, d->expires_at_ms);
    put_int(s, d->accepts_e2ee_loss);
    put_lp(s, TEAL_VIEW(d->gateway_key));
    put_lp(s, TEAL_VIEW(d->fallback_hash.at));
}

static void put_origin(sink *s, const teal_envelope *e)
{
    put_int(s, e->has_origin);
    if (!e->has_origin)
        return;
    put_int(s, e->origin.level);
    put_lp(s, e->origin.network);
    put_lp(s, e->origin.gateway);
}

static void put_transcript(sink *s, const teal_envelope *e, const teal_hash *ciphertext_hash)
{
    teal_hash computed;
    if (ciphertext_hash == NULL) {
        crypto_hash_sha256(computed.at, e->ciphertext.at, e->ciphertext.len);
        ciphertext_hash = &computed;
    }
    put_header(s, e);
    put_lp(s, TEAL_VIEW(e->key_commitment));
    put_lp(s, TEAL_VIEW(ciphertext_hash->at));
    put_key_hashes(s, e);
    put_downgrade(s, e);
    put_origin(s, e);
    put_int(s, 0); /* the MLS part, which suite 1 does not have */
}

void teal_transcript_write(const teal_envelope *e, const teal_hash *ciphertext_hash, teal_writer *w)
{
    put_transcript(&(sink){ .buffer = w }, e, ciphertext_hash);
}

void teal_transcript_hash(const teal_envelope *e, const teal_hash *ciphertext_hash, teal_hash *out)
{
    sink s = hashing();
    put_transcript(&s, e, ciphertext_hash);
    finish(&s, out);
}

/* Ed25519 goes over its message twice, so that one has to stand somewhere as a whole. With all the
 * recipients and keys that an envelope may have it is 105 KB: too much for a thread's stack. */
teal_result teal_envelope_sign(teal_envelope *e, const uint8_t sk[static 64],
                               const teal_arena *scratch)
{
    teal_writer w = teal_arena_rest(scratch);
    teal_transcript_write(e, NULL, &w);
    if (!teal_write_fits(&w))
        return TEAL_SPACE;
    crypto_sign_detached(e->signature, NULL, w.base, w.len, sk);
    return TEAL_OK;
}

teal_result teal_envelope_verify(const teal_envelope *e, const teal_hash *ciphertext_hash,
                                 const uint8_t device_key[static 32], const teal_arena *scratch,
                                 teal_diag *why)
{
    teal_writer w = teal_arena_rest(scratch);
    teal_transcript_write(e, ciphertext_hash, &w);
    if (!teal_write_fits(&w))
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    if (crypto_sign_verify_detached(e->signature, w.base, w.len, device_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-TRN-1 not signed by this device", 0, why);
    return TEAL_OK;
}
