/* The protobuf form of an envelope. Its rules are in envelope_check.c. */
#include "codecs/native/envelope.h"

#include "codecs/native/wire.h"

/* Field numbers, as in envelope.proto. */
enum {
    SUITE = 1,
    MESSAGE_ID,
    CONVERSATION_ID,
    SENDER,
    SENDER_DEVICE,
    RECIPIENTS,
    SENT_AT_MS,
    KIND,
    WANTS,
    EXPIRES_AT_MS,
    KEY_COMMITMENT,
    CIPHERTEXT,
    KEYS,
    DOWNGRADE,
    SIGNATURE,
    ORIGIN,
    KEY_HASHES = 18,
};
enum { KEY_DEVICE = 1, KEY_PREKEY_ID, KEY_ENC, KEY_WRAPPED };
enum {
    DOWN_FLOOR = 1,
    DOWN_WHEN,
    DOWN_FAILED_AFTER_MS,
    DOWN_EXPIRES_AT_MS,
    DOWN_ACCEPTS_E2EE_LOSS,
    DOWN_GATEWAY_KEY,
    DOWN_FALLBACK_HASH,
    DOWN_ENC,
    DOWN_SEALED,
};
enum { ORIGIN_LEVEL = 1, ORIGIN_NETWORK, ORIGIN_GATEWAY };

static teal_result read_keys(teal_wire *w, teal_arena *arena, teal_envelope *e, teal_diag *why)
{
    size_t n = teal_wire_count(*w, KEYS);
    if (n > TEAL_MAX_KEYS)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-11 more than 1024 wrapped keys", 0, why);
    teal_wrapped_key *keys = teal_arena_array(arena, n, sizeof *keys);
    if (keys == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    teal_wire inner;
    for (size_t i = 0; i < n && teal_wire_enter(w, KEYS, &inner); i++) {
        teal_wire_copy(&inner, KEY_DEVICE, keys[i].device, sizeof keys[i].device);
        keys[i].prekey_id = (uint32_t)teal_wire_uint(&inner, KEY_PREKEY_ID, UINT32_MAX);
        teal_wire_copy(&inner, KEY_ENC, keys[i].enc, sizeof keys[i].enc);
        teal_wire_copy(&inner, KEY_WRAPPED, keys[i].wrapped, sizeof keys[i].wrapped);
        teal_wire_leave(w, &inner);
    }
    e->keys = keys;
    e->n_keys = n;
    return TEAL_OK;
}

static teal_result read_key_hashes(teal_wire *w, teal_arena *arena, teal_envelope *e,
                                   teal_diag *why)
{
    size_t n = teal_wire_count(*w, KEY_HASHES);
    if (n > TEAL_MAX_KEYS)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-12 more than 1024 key hashes", 0, why);
    teal_hash *hashes = teal_arena_array(arena, n, sizeof *hashes);
    if (hashes == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    for (size_t i = 0; i < n; i++)
        teal_wire_copy(w, KEY_HASHES, hashes[i].at, sizeof hashes[i].at);
    e->key_hashes = hashes;
    e->n_key_hashes = n;
    return TEAL_OK;
}

static void read_downgrade(teal_wire *w, teal_envelope *e)
{
    teal_wire inner;
    e->has_downgrade = teal_wire_enter(w, DOWNGRADE, &inner);
    if (!e->has_downgrade)
        return;
    teal_consent *d = &e->downgrade;
    d->floor = (teal_level)teal_wire_uint(&inner, DOWN_FLOOR, TEAL_E2EE);
    d->when = (teal_when)teal_wire_uint(&inner, DOWN_WHEN, TEAL_OR_FAILED);
    d->failed_after_ms = teal_wire_uint(&inner, DOWN_FAILED_AFTER_MS, UINT64_MAX);
    d->expires_at_ms = teal_wire_uint(&inner, DOWN_EXPIRES_AT_MS, UINT64_MAX);
    d->accepts_e2ee_loss = teal_wire_bool(&inner, DOWN_ACCEPTS_E2EE_LOSS);
    teal_wire_copy(&inner, DOWN_GATEWAY_KEY, d->gateway_key, sizeof d->gateway_key);
    teal_wire_copy(&inner, DOWN_FALLBACK_HASH, d->fallback_hash.at, sizeof d->fallback_hash.at);
    d->enc = teal_wire_bytes(&inner, DOWN_ENC);
    d->sealed = teal_wire_bytes(&inner, DOWN_SEALED);
    teal_wire_leave(w, &inner);
}

static void read_origin(teal_wire *w, teal_envelope *e)
{
    teal_wire inner;
    e->has_origin = teal_wire_enter(w, ORIGIN, &inner);
    if (!e->has_origin)
        return;
    e->origin.level = (teal_level)teal_wire_uint(&inner, ORIGIN_LEVEL, TEAL_E2EE);
    e->origin.network = teal_wire_bytes(&inner, ORIGIN_NETWORK);
    e->origin.gateway = teal_wire_bytes(&inner, ORIGIN_GATEWAY);
    teal_wire_leave(w, &inner);
}

static teal_result read_envelope(teal_wire *w, teal_arena *arena, teal_envelope *e, teal_diag *why)
{
    teal_result result;
    e->suite = (uint32_t)teal_wire_uint(w, SUITE, UINT32_MAX);
    e->message_id = teal_wire_bytes(w, MESSAGE_ID);
    e->conversation_id = teal_wire_bytes(w, CONVERSATION_ID);
    e->sender = teal_wire_bytes(w, SENDER);
    teal_wire_copy(w, SENDER_DEVICE, e->sender_device, sizeof e->sender_device);
    result = teal_wire_list(w, RECIPIENTS, TEAL_MAX_RECIPIENTS, arena, &e->recipients,
                            &e->n_recipients, why);
    if (result != TEAL_OK)
        return result;
    e->sent_at_ms = teal_wire_uint(w, SENT_AT_MS, UINT64_MAX);
    e->kind = (teal_kind)teal_wire_uint(w, KIND, TEAL_KIND_CONTROL);
    e->wants = (uint32_t)teal_wire_uint(w, WANTS, UINT32_MAX);
    e->expires_at_ms = teal_wire_uint(w, EXPIRES_AT_MS, UINT64_MAX);
    teal_wire_copy(w, KEY_COMMITMENT, e->key_commitment, sizeof e->key_commitment);
    e->ciphertext = teal_wire_bytes(w, CIPHERTEXT);
    result = read_keys(w, arena, e, why);
    if (result != TEAL_OK)
        return result;
    read_downgrade(w, e);
    teal_wire_copy(w, SIGNATURE, e->signature, sizeof e->signature);
    read_origin(w, e);
    result = read_key_hashes(w, arena, e, why);
    return result != TEAL_OK ? result : teal_wire_done(w, why);
}

static teal_result decode(teal_bytes in, teal_arena *arena,
                          teal_result (*check)(const teal_envelope *, teal_diag *),
                          teal_envelope *out, teal_diag *why)
{
    teal_bytes own = teal_arena_copy(arena, in);
    if (own.at == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    teal_wire w = teal_wire_of(own);
    teal_envelope e = { 0 };
    teal_result result = read_envelope(&w, arena, &e, why);
    if (result == TEAL_OK)
        result = check(&e, why);
    if (result == TEAL_OK)
        *out = e;
    return result;
}

teal_result teal_envelope_decode(teal_bytes in, teal_arena *arena, teal_envelope *out,
                                 teal_diag *why)
{
    return decode(in, arena, teal_envelope_check, out, why);
}

teal_result teal_envelope_decode_detached(teal_bytes in, teal_arena *arena, teal_envelope *out,
                                          teal_diag *why)
{
    return decode(in, arena, teal_envelope_check_detached, out, why);
}

static void write_key(teal_writer *w, const void *message)
{
    const teal_wrapped_key *key = message;
    teal_wire_put_bytes(w, KEY_DEVICE, TEAL_VIEW(key->device));
    teal_wire_put_uint(w, KEY_PREKEY_ID, key->prekey_id);
    teal_wire_put_bytes(w, KEY_ENC, TEAL_VIEW(key->enc));
    teal_wire_put_bytes(w, KEY_WRAPPED, TEAL_VIEW(key->wrapped));
}

static void write_downgrade(teal_writer *w, const void *message)
{
    const teal_consent *d = message;
    teal_wire_put_uint(w, DOWN_FLOOR, d->floor);
    teal_wire_put_uint(w, DOWN_WHEN, d->when);
    teal_wire_put_uint(w, DOWN_FAILED_AFTER_MS, d->failed_after_ms);
    teal_wire_put_uint(w, DOWN_EXPIRES_AT_MS, d->expires_at_ms);
    teal_wire_put_uint(w, DOWN_ACCEPTS_E2EE_LOSS, d->accepts_e2ee_loss);
    teal_wire_put_bytes(w, DOWN_GATEWAY_KEY, TEAL_VIEW(d->gateway_key));
    teal_wire_put_bytes(w, DOWN_FALLBACK_HASH, TEAL_VIEW(d->fallback_hash.at));
    teal_wire_put_bytes(w, DOWN_ENC, d->enc);
    teal_wire_put_bytes(w, DOWN_SEALED, d->sealed);
}

static void write_origin(teal_writer *w, const void *message)
{
    const teal_origin *o = message;
    teal_wire_put_uint(w, ORIGIN_LEVEL, o->level);
    teal_wire_put_bytes(w, ORIGIN_NETWORK, o->network);
    teal_wire_put_bytes(w, ORIGIN_GATEWAY, o->gateway);
}

static void write_envelope(teal_writer *w, const teal_envelope *e)
{
    teal_wire_put_uint(w, SUITE, e->suite);
    teal_wire_put_bytes(w, MESSAGE_ID, e->message_id);
    teal_wire_put_bytes(w, CONVERSATION_ID, e->conversation_id);
    teal_wire_put_bytes(w, SENDER, e->sender);
    teal_wire_put_bytes(w, SENDER_DEVICE, TEAL_VIEW(e->sender_device));
    for (size_t i = 0; i < e->n_recipients; i++)
        teal_wire_put_element(w, RECIPIENTS, e->recipients[i]);
    teal_wire_put_uint(w, SENT_AT_MS, e->sent_at_ms);
    teal_wire_put_uint(w, KIND, e->kind);
    teal_wire_put_uint(w, WANTS, e->wants);
    teal_wire_put_uint(w, EXPIRES_AT_MS, e->expires_at_ms);
    teal_wire_put_bytes(w, KEY_COMMITMENT, TEAL_VIEW(e->key_commitment));
    teal_wire_put_bytes(w, CIPHERTEXT, e->ciphertext);
    for (size_t i = 0; i < e->n_keys; i++)
        teal_wire_put_message(w, KEYS, write_key, &e->keys[i]);
    if (e->has_downgrade)
        teal_wire_put_message(w, DOWNGRADE, write_downgrade, &e->downgrade);
    teal_wire_put_bytes(w, SIGNATURE, TEAL_VIEW(e->signature));
    if (e->has_origin)
        teal_wire_put_message(w, ORIGIN, write_origin, &e->origin);
    for (size_t i = 0; i < e->n_key_hashes; i++)
        teal_wire_put_element(w, KEY_HASHES, TEAL_VIEW(e->key_hashes[i].at));
}

teal_result teal_envelope_encode(const teal_envelope *e, teal_writer *out)
{
    write_envelope(out, e);
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

const char *teal_level_name(teal_level level)
{
    switch (level) {
    case TEAL_E2EE:
        return "E2EE";
    case TEAL_TRANSPORT:
        return "TRANSPORT";
    case TEAL_PLAINTEXT:
        return "PLAINTEXT";
    case TEAL_LEVEL_NONE:
        break;
    }
    return "NONE";
}
