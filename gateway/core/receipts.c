/* States, stores and routes receipts; see receipts.h. */
#include "gateway/core/receipts.h"

#include "codecs/base64.h"
#include "codecs/rcs/imdn.h"
#include "gateway/core/state.h"

#include <sodium.h>

enum {
    RECEIPT_BYTES = 2048, /* over the sum of its fields' limits */
    CPIM_BYTES = 16 << 10,
};

/* REQ-RCPT-5. What the gateway itself sent has nobody who waits for receipts. */
static bool is_due(const store_message *m, teal_status status)
{
    if (core_is_text(m->network, CORE_GATEWAY))
        return false;
    return m->kind == TEAL_KIND_MESSAGE ||
           (m->kind == TEAL_KIND_CONTROL && status == TEAL_STATUS_UNDELIVERABLE);
}

static teal_receipt state(const core *c, const store_message *m, teal_bytes recipient,
                          const receipt_fact *fact, int64_t now_ms)
{
    teal_receipt r = {
        .message_id = m->message_id,
        .sender = m->sender,
        .recipient = recipient,
        .status = fact->status,
        .level = fact->path == PATH_NONE ? TEAL_LEVEL_NONE : TEAL_E2EE,
        .path = teal_text(store_path_name(fact->path)),
        .reason = teal_text(fact->reason),
        .at_ms = (uint64_t)now_ms,
        .gateway = teal_text(c->parts.config->handle),
        .transcript_hash = m->transcript_hash,
    };
    memcpy(r.device, c->parts.keys->id, sizeof r.device);
    teal_receipt_sign(&r, c->parts.keys->sk);
    return r;
}

store_result receipts_state(const core *c, store *s, const store_message *m, teal_bytes recipient,
                            const receipt_fact *fact, int64_t now_ms, news *told)
{
    if (fact->path != PATH_NONE && fact->path != PATH_NATIVE && fact->path != PATH_RCS)
        bug("the edge was to sign what left below end-to-end encryption");
    if (!is_due(m, fact->status))
        return STORE_OK;
    uint8_t encoded[RECEIPT_BYTES];
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_receipt r = state(c, m, recipient, fact, now_ms);
    if (teal_receipt_encode(&r, &w) != TEAL_OK)
        bug("a receipt of ours does not encode");
    return receipts_put(c, s, m, &r, teal_written(&w), told);
}

static teal_imdn notification(const store_message *m, const teal_receipt *r)
{
    teal_imdn n = { .kind = TEAL_IMDN_DELIVERY,
                    .message_id = m->message_id,
                    .recipient_uri = r->recipient };
    switch (r->status) {
    case TEAL_STATUS_ARRIVED:
        n.status = TEAL_IMDN_DELIVERED;
        return n;
    case TEAL_STATUS_UNDELIVERABLE:
        n.status = TEAL_IMDN_FAILED;
        return n;
    case TEAL_STATUS_SENT:
    case TEAL_STATUS_OUTCOME_UNKNOWN:
        break;
    }
    bool below = r->level != TEAL_E2EE;
    n.kind = below ? TEAL_IMDN_INTERWORKING : TEAL_IMDN_PROCESSING;
    n.status = below ? TEAL_IMDN_LEGACY_SMS : TEAL_IMDN_PROCESSED;
    return n;
}

/* Of a notification's own: no two are the same. */
static teal_bytes new_message_id(teal_writer *w)
{
    uint8_t random[16];
    randombytes_buf(random, sizeof random);
    teal_write_text(w, "Mx");
    teal_base64url_encode(core_view(random, sizeof random), w);
    return teal_written(w);
}

/* REQ-RCPT-4. From is the recipient, of whom it speaks, as RFC 5438 section 7.2.1 has it. */
static store_result put_outbox(store *s, const store_message *m, const teal_receipt *r,
                               teal_bytes encoded)
{
    uint8_t id[32], cpim[CPIM_BYTES];
    teal_writer id_writer = { id, sizeof id, 0 }, w = { cpim, sizeof cpim, 0 };
    teal_rcs_head head = { .from = r->recipient,
                           .to = &m->sender,
                           .n_to = 1,
                           .sent_at_ms = r->at_ms,
                           .message_id = new_message_id(&id_writer) };
    teal_imdn n = notification(m, r);
    if (teal_imdn_message_encode(&head, NULL, &n, encoded, &w) != TEAL_OK)
        bug("a notification does not encode");
    return s->ops->put_outbox(s, m->network, teal_written(&w), (int64_t)r->at_ms);
}

static store_result put_item(store *s, const store_message *m, teal_bytes encoded)
{
    store_item item = { .kind = ITEM_RECEIPT, .message_seq = m->seq, .data = encoded };
    memcpy(item.device, m->sender_device, sizeof item.device);
    return s->ops->put_item(s, &item);
}

store_result receipts_put(const core *c, store *s, const store_message *m, const teal_receipt *r,
                          teal_bytes encoded, news *told)
{
    store_receipt stored = { m->seq, r->recipient, encoded };
    store_result result = s->ops->put_receipt(s, &stored);
    if (result != STORE_OK)
        return result;
    if (core_is_text(m->network, CORE_NATIVE)) {
        news_of_device(told, m->sender_device);
        return put_item(s, m, encoded);
    }
    news_of_queue(told, c, PATH_RCS, m->network);
    return put_outbox(s, m, r, encoded);
}

bool receipts_names(const teal_receipt *r, const store_message *m, teal_bytes recipient)
{
    return teal_bytes_equal(r->message_id, m->message_id) &&
           teal_bytes_equal(r->sender, m->sender) && teal_bytes_equal(r->recipient, recipient) &&
           memcmp(&r->transcript_hash, &m->transcript_hash, sizeof r->transcript_hash) == 0;
}

void receipts_subject(const teal_receipt *r, teal_hash *out)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, r->transcript_hash.at, sizeof r->transcript_hash.at);
    crypto_hash_sha256_update(&state, r->recipient.at, r->recipient.len);
    crypto_hash_sha256_final(&state, out->at);
}
