/* Signing what the room states, and recognising it again. */
#include "gateway/plaintext/statement.h"

static const char *path_of(teal_level level)
{
    switch (level) {
    case TEAL_PLAINTEXT:
        return "sms";
    case TEAL_TRANSPORT:
        return "plain";
    case TEAL_LEVEL_NONE:
        return "";
    case TEAL_E2EE: /* the edge's to state */
        break;
    }
    bug("the room states nothing of that level");
}

static const char *mark_of(const config *c, teal_level level)
{
    return level == TEAL_PLAINTEXT ? c->sms_mark : level == TEAL_TRANSPORT ? c->plain_mark : "";
}

void statement_sign(const room *r, const statement_subject *subject, const statement *s,
                    statement_bytes *out)
{
    teal_receipt receipt = { .message_id = subject->message_id,
                             .sender = subject->sender,
                             .recipient = subject->recipient,
                             .status = s->status,
                             .level = s->level,
                             .path = teal_text(path_of(s->level)),
                             .reason = teal_text(s->reason),
                             .at_ms = (uint64_t)r->now_ms,
                             .segments = s->segments,
                             .mark = teal_text(mark_of(r->config, s->level)),
                             .gateway = teal_text(r->config->handle),
                             .transcript_hash = subject->transcript_hash };
    memcpy(receipt.device, r->keys->device.id, sizeof receipt.device);
    teal_receipt_sign(&receipt, r->keys->device.sk);
    teal_writer w = { out->at, sizeof out->at, 0 };
    if (teal_receipt_encode(&receipt, &w) != TEAL_OK)
        bug("a receipt does not fit");
    out->len = w.len;
}

/* Of the room's device as it is or was; NULL: it is another's. */
static const uint8_t *key_of(const keys_room *k, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    if (memcmp(device, k->device.id, TEAL_DEVICE_BYTES) == 0)
        return k->device.sk + 32; /* libsodium keeps the public half there */
    for (size_t i = 0; i < k->n_former; i++)
        if (memcmp(device, k->former[i].id, TEAL_DEVICE_BYTES) == 0)
            return k->former[i].pk;
    return NULL;
}

bool statement_is_own(const room *r, teal_bytes encoded, teal_arena *arena, teal_receipt *out)
{
    teal_diag why;
    if (teal_receipt_decode(encoded, arena, out, &why) != TEAL_OK)
        return false;
    const uint8_t *own_key = key_of(r->keys, out->device);
    return own_key != NULL && out->status == TEAL_STATUS_SENT && out->level == TEAL_PLAINTEXT &&
           teal_receipt_verify(out, own_key, &why) == TEAL_OK;
}
