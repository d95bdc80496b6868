/* Sealing and signing. The message key and what is derived from it live in locked memory. */
#include "gateway/client/outgoing.h"

#include "codecs/base64.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "gateway/client/account.h"
#include "gateway/client/conversations.h"
#include "gateway/client/say.h"
#include "gateway/log.h"

#include <sodium.h>

typedef struct secrets {
    uint8_t message_key[32], fallback_eph[32], eph[TEAL_MAX_KEYS * 32];
} secrets;

static void make_message_id(int64_t now_ms, uint8_t out[static OUTGOING_ID_BYTES])
{
    uint8_t uuid[16]; /* RFC 9562 section 5.7 */
    teal_writer time = { uuid, 6, 0 }, text = { out, OUTGOING_ID_BYTES, 0 };
    randombytes_buf(uuid, sizeof uuid);
    teal_write_uint(&time, (uint64_t)now_ms, 6);
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x70);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
    teal_write_text(&text, "Mx");
    teal_base64url_encode((teal_bytes){ uuid, sizeof uuid }, &text);
}

void outgoing_begin(outgoing *m, int64_t now_ms)
{
    make_message_id(now_ms, m->message_id);
    m->sent_at_ms = (uint64_t)now_ms;
}

static void *take(session *s, size_t count, size_t size)
{
    void *taken = teal_arena_array(&s->arena, count, size);
    if (taken == NULL)
        bug("the arena is full");
    return taken;
}

static void fill_header(session *s, outgoing *m)
{
    teal_bytes conversation = m->conversation_id;
    if (conversation.len == 0)
        conversation =
            conversations_find(s->keychain, m->sender, m->recipients, m->n_recipients, &s->arena);
    m->envelope = (teal_envelope){ .suite = TEAL_SUITE_SEALED,
                                   .message_id = { m->message_id, sizeof m->message_id },
                                   .conversation_id = conversation,
                                   .sender = m->sender,
                                   .recipients = m->recipients,
                                   .n_recipients = m->n_recipients,
                                   .sent_at_ms = m->sent_at_ms,
                                   .kind = m->kind,
                                   .wants = m->wants,
                                   .expires_at_ms = m->expires_at_ms };
    account_device(s->keychain, m->envelope.sender_device);
}

static teal_result seal_fallback(session *s, outgoing *m, const secrets *k)
{
    if (!m->consents)
        return TEAL_OK;
    m->envelope.has_downgrade = true;
    m->envelope.downgrade = m->consent;
    teal_gateway_key_id(m->downgrade_key, m->envelope.downgrade.gateway_key);
    return teal_fallback_seal(&m->envelope, m->downgrade_key, k->fallback_eph, m->fallback,
                              take(s, 1, TEAL_KEY_BYTES), take(s, 1, m->fallback.len + 16));
}

static outcome encode(session *s, outgoing *m)
{
    const size_t cap = m->envelope.ciphertext.len + m->envelope.downgrade.sealed.len +
                       m->envelope.n_keys * 128 + m->n_recipients * (TEAL_MAX_HANDLE_BYTES + 8) +
                       2048;
    teal_writer w = { take(s, 1, cap), cap, 0 };
    if (teal_envelope_encode(&m->envelope, &w) != TEAL_OK)
        bug("an envelope does not fit");
    m->encoded = teal_written(&w);
    return OUTCOME_OK;
}

outcome outgoing_seal(session *s, outgoing *m)
{
    teal_diag why = { 0 };
    if (m->n_recipients > TEAL_MAX_RECIPIENTS)
        return say(OUTCOME_USAGE, "REQ-ENV-5 more than 256 recipients");
    secrets *k = sodium_malloc(sizeof *k);
    if (k == NULL)
        bug("out of memory for secrets");
    randombytes_buf(k, sizeof *k);
    fill_header(s, m);
    teal_result result = teal_seal(&m->envelope, m->content, m->keys.to, m->keys.n, k->message_key,
                                   k->eph, take(s, m->keys.n, sizeof(teal_wrapped_key)),
                                   take(s, teal_seal_ciphertext_len(m->content.len), 1));
    if (result == TEAL_OK)
        result = seal_fallback(s, m, k);
    sodium_free(k);
    if (result != TEAL_OK)
        return say(OUTCOME_UNVERIFIED, "REQ-SEAL-1 a prekey is no key: nobody can be sealed to");
    if (teal_envelope_sign(&m->envelope, s->keychain->secrets->device_sk, &s->arena) != TEAL_OK)
        bug("a transcript does not fit");
    if (teal_envelope_check(&m->envelope, &why) != TEAL_OK)
        return say(OUTCOME_USAGE, "it cannot be sent: %s", why.rule);
    teal_transcript_hash(&m->envelope, NULL, &m->transcript);
    return encode(s, m);
}
