/* Writes an envelope as CPIM, in the one canonical form; see e2ee.h. */
#include "codecs/rcs/e2ee.h"

#include "codecs/base64.h"
#include "codecs/rcs/e2ee_words.h"

/* The values below are of the alphabets of base64url, words and numbers: nothing to escape. */
static void begin(teal_cpim_writer *w, const char *name)
{
    teal_write_text(w->out, "e2ee.");
    teal_write_text(w->out, name);
    teal_write_text(w->out, ": ");
}

static void next(teal_cpim_writer *w)
{
    teal_write_text(w->out, "; ");
}

static void end(teal_cpim_writer *w)
{
    teal_write_text(w->out, "\r\n");
}

static void write_word(teal_cpim_writer *w, const char *const *words, size_t n, size_t value)
{
    if (value < n && words[value] != NULL)
        teal_write_text(w->out, words[value]);
    else
        w->failed = true;
}

static void write_octets(teal_cpim_writer *w, const uint8_t *at, size_t len)
{
    teal_base64url_encode((teal_bytes){ at, len }, w->out);
}

static void put_octets(teal_cpim_writer *w, const char *name, const uint8_t *at, size_t len)
{
    begin(w, name);
    write_octets(w, at, len);
    end(w);
}

static void put_number(teal_cpim_writer *w, const char *name, uint64_t value)
{
    begin(w, name);
    teal_write_decimal(w->out, value);
    end(w);
}

static void put_key(teal_cpim_writer *w, const teal_wrapped_key *key)
{
    begin(w, "Key");
    write_octets(w, key->device, sizeof key->device);
    next(w);
    teal_write_decimal(w->out, key->prekey_id);
    next(w);
    write_octets(w, key->enc, sizeof key->enc);
    next(w);
    write_octets(w, key->wrapped, sizeof key->wrapped);
    end(w);
}

static void put_downgrade(teal_cpim_writer *w, const teal_consent *d)
{
    begin(w, "Downgrade");
    write_word(w, teal_e2ee_levels, TEAL_E2EE_LEVELS, d->floor);
    next(w);
    write_word(w, teal_e2ee_whens, TEAL_E2EE_WHENS, d->when);
    next(w);
    teal_write_decimal(w->out, d->failed_after_ms);
    next(w);
    teal_write_decimal(w->out, d->expires_at_ms);
    next(w);
    teal_write_text(w->out, teal_e2ee_booleans[d->accepts_e2ee_loss]);
    next(w);
    write_octets(w, d->gateway_key, sizeof d->gateway_key);
    next(w);
    write_octets(w, d->fallback_hash.at, sizeof d->fallback_hash.at);
    if (d->sealed.len > 0) {
        next(w);
        write_octets(w, d->enc.at, d->enc.len);
        next(w);
        write_octets(w, d->sealed.at, d->sealed.len);
    }
    end(w);
}

static void put_origin(teal_cpim_writer *w, const teal_origin *o)
{
    begin(w, "Origin");
    write_word(w, teal_e2ee_levels, TEAL_E2EE_LEVELS, o->level);
    next(w);
    teal_write_bytes(w->out, o->network);
    next(w);
    teal_write_bytes(w->out, o->gateway);
    end(w);
}

static void put_e2ee_headers(teal_cpim_writer *w, const teal_envelope *e)
{
    teal_cpim_put_ns(w, "e2ee", TEAL_NS_E2EE);
    put_octets(w, "Conversation-ID", e->conversation_id.at, e->conversation_id.len);
    put_number(w, "Suite", e->suite);
    begin(w, "Kind");
    write_word(w, teal_e2ee_kinds, TEAL_E2EE_KINDS, e->kind);
    end(w);
    if (e->expires_at_ms > 0)
        put_number(w, "Expires", e->expires_at_ms);
    put_octets(w, "Sender-Device", e->sender_device, sizeof e->sender_device);
    put_octets(w, "Key-Commitment", e->key_commitment, sizeof e->key_commitment);
    for (size_t i = 0; i < e->n_keys; i++)
        put_key(w, &e->keys[i]);
    for (size_t i = 0; i < e->n_key_hashes; i++)
        put_octets(w, "Key-Hash", e->key_hashes[i].at, sizeof e->key_hashes[i].at);
    if (e->has_downgrade)
        put_downgrade(w, &e->downgrade);
    if (e->has_origin)
        put_origin(w, &e->origin);
    put_octets(w, "Signature", e->signature, sizeof e->signature);
}

teal_result teal_e2ee_encode(const teal_envelope *e, const teal_rcs_routing *routing,
                             teal_writer *out)
{
    teal_cpim_writer w = { .out = out };
    const teal_rcs_head head = { .from = e->sender,
                                 .to = e->recipients,
                                 .n_to = e->n_recipients,
                                 .sent_at_ms = e->sent_at_ms,
                                 .message_id = e->message_id,
                                 .wants = e->wants };
    teal_rcs_head_write(&w, &head, routing);
    put_e2ee_headers(&w, e);
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", teal_text(TEAL_E2EE_TYPE));
    teal_cpim_put_body(&w, e->ciphertext);
    return teal_cpim_finish(&w);
}
