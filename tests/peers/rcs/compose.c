/* Randomness is drawn here, and wiped when it has been used. */
#include "tests/peers/rcs/compose.h"

#include "codecs/base64.h"
#include "codecs/native/content.h"
#include "codecs/native/conversation.h"
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"

#include <sodium.h>
#include <stdio.h>

enum { CONSENT_MS = 3600 * 1000, SLACK = 256 };

/* The sender's own token: "rcs-" and 96 random bits. */
static void new_id(char id[static COMPOSE_ID_BYTES])
{
    uint8_t random[12];
    randombytes_buf(random, sizeof random);
    teal_writer w = { (uint8_t *)id, COMPOSE_ID_BYTES - 1, 0 };
    teal_write_text(&w, "rcs-");
    teal_base64url_encode((teal_bytes){ random, sizeof random }, &w);
    id[w.len] = '\0';
}

static bool write_content(const draft *d, int64_t now_ms, teal_arena *arena, teal_bytes *out)
{
    teal_writer w = { teal_arena_take(arena, d->text.len + SLACK), d->text.len + SLACK, 0 };
    if (w.base == NULL)
        return false;
    teal_result result = d->is_receipt
                             ? teal_content_of_receipt(d->text, TEAL__V1__DISPOSITION__DELIVERED,
                                                       (uint64_t)now_ms, arena, &w)
                             : teal_content_of_text(d->text, arena, &w);
    *out = teal_written(&w);
    return result == TEAL_OK;
}

static bool seal(const draft *d, teal_bytes content, teal_arena *arena, teal_envelope *e)
{
    uint8_t message_key[32], eph[TEAL_MAX_DEVICES * 32];
    teal_wrapped_key *keys = teal_arena_array(arena, d->n_devices, sizeof *keys);
    uint8_t *ciphertext = teal_arena_take(arena, teal_seal_ciphertext_len(content.len));
    if (keys == NULL || ciphertext == NULL)
        return false;
    randombytes_buf(message_key, sizeof message_key);
    randombytes_buf(eph, sizeof eph);
    bool sealed = teal_seal(e, content, d->devices, d->n_devices, message_key, eph, keys,
                            ciphertext) == TEAL_OK;
    sodium_memzero(message_key, sizeof message_key);
    sodium_memzero(eph, sizeof eph);
    return sealed;
}

/* The text once more, which only the gateway's plaintext room can open, and only under this
 * consent. */
static bool consent(const draft *d, int64_t now_ms, teal_arena *arena, teal_envelope *e)
{
    uint8_t eph[32];
    teal_writer w = { teal_arena_take(arena, d->text.len + SLACK), d->text.len + SLACK, 0 };
    if (w.base == NULL || teal_fallback_of_text(d->text, arena, &w) != TEAL_OK)
        return false;
    uint8_t *enc = teal_arena_take(arena, TEAL_KEY_BYTES);
    uint8_t *sealed = teal_arena_take(arena, w.len + 16);
    if (enc == NULL || sealed == NULL)
        return false;
    e->has_downgrade = true;
    e->downgrade = (teal_consent){ .floor = d->floor,
                                   .when = TEAL_NO_BETTER_PATH,
                                   .expires_at_ms = (uint64_t)now_ms + CONSENT_MS };
    teal_gateway_key_id(d->card->downgrade_key, e->downgrade.gateway_key);
    randombytes_buf(eph, sizeof eph);
    bool good = teal_fallback_seal(e, d->card->downgrade_key, eph, teal_written(&w), enc, sealed) ==
                TEAL_OK;
    sodium_memzero(eph, sizeof eph);
    return good;
}

static bool encode(const teal_envelope *e, teal_arena *arena, teal_bytes *out)
{
    teal_writer measure = { 0 };
    if (teal_e2ee_encode(e, NULL, &measure) != TEAL_SPACE)
        return false;
    teal_writer w = { teal_arena_take(arena, measure.len), measure.len, 0 };
    if (w.base == NULL || teal_e2ee_encode(e, NULL, &w) != TEAL_OK)
        return false;
    *out = teal_written(&w);
    return true;
}

bool compose(network *n, const draft *d, int64_t now_ms, teal_arena *arena, composed *out)
{
    uint8_t conversation[TEAL_HASH_BYTES];
    teal_bytes content;
    teal_conversation_of((teal_bytes[]){ d->sender, d->to }, 2, conversation);
    new_id(out->message_id);
    teal_envelope e = { .suite = TEAL_SUITE_SEALED,
                        .message_id = teal_text(out->message_id),
                        .conversation_id = { conversation, sizeof conversation },
                        .sender = d->sender,
                        .recipients = &d->to,
                        .n_recipients = 1,
                        .sent_at_ms = (uint64_t)now_ms,
                        .kind = d->is_receipt ? TEAL_KIND_RECEIPT : TEAL_KIND_MESSAGE,
                        .wants = d->is_receipt ? 0 : TEAL_WANTS_DELIVERED };
    memcpy(e.sender_device, account_device(d->account), sizeof e.sender_device);
    if (!write_content(d, now_ms, arena, &content) || !seal(d, content, arena, &e) ||
        (d->floor != TEAL_E2EE && !consent(d, now_ms, arena, &e)))
        return false;

    teal_hash name = book_name(d->sender, e.message_id, (teal_bytes){ 0 });
    teal_transcript_hash(&e, NULL, &out->transcript);
    if (!account_sign(d->account, &e, arena))
        return false;
    pthread_mutex_lock(&n->lock);
    book_put(&n->sent, &name, &out->transcript); /* a receipt may come before the answer does */
    pthread_mutex_unlock(&n->lock);
    return teal_envelope_check(&e, NULL) == TEAL_OK && encode(&e, arena, &out->cpim);
}
