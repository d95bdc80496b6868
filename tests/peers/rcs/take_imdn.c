/* A notification of the gateway on what a user has sent. What counts is the signed receipt inside:
 * one that does not verify is refused (REQ-RCPT-1..3). */
#include "tests/peers/rcs/take.h"

#include "codecs/native/receipt.h"
#include "codecs/rcs/imdn.h"
#include "tests/peers/rcs/gateway.h"

#include <stdio.h>

static const char *word_of(const teal_imdn *i)
{
    switch (i->status) {
    case TEAL_IMDN_DELIVERED:
        return "delivered";
    case TEAL_IMDN_FAILED:
        return "failed";
    case TEAL_IMDN_FORBIDDEN:
        return "forbidden";
    case TEAL_IMDN_ERROR:
        return "error";
    case TEAL_IMDN_DISPLAYED:
        return "displayed";
    case TEAL_IMDN_PROCESSED:
        return "processed";
    case TEAL_IMDN_STORED:
        return "stored";
    case TEAL_IMDN_LEGACY_SMS:
    case TEAL_IMDN_LEGACY_MMS:
        return "interworking";
    }
    return "unknown";
}

/* Only the room may say that something left below end-to-end encryption. */
static bool signer_may_say(const teal_device *signer, teal_level level)
{
    bool below = level == TEAL_TRANSPORT || level == TEAL_PLAINTEXT;
    return !below || teal_bytes_equal(signer->name, teal_text("plaintext"));
}

/* Whether it is about what the user has sent, to the octet. */
static bool is_about_sent(network *n, const user *u, const teal_receipt *r)
{
    teal_hash name = book_name(r->sender, r->message_id, (teal_bytes){ 0 });
    if (network_find(n, r->sender) != u)
        return false;
    pthread_mutex_lock(&n->lock);
    const teal_hash *sent = book_find(&n->sent, &name);
    bool same = sent != NULL && memcmp(sent, &r->transcript_hash, sizeof *sent) == 0;
    pthread_mutex_unlock(&n->lock);
    return same;
}

static bool verify(network *n, const user *u, const gateway_card *card, teal_bytes message_id,
                   const teal_receipt *r, teal_diag *why)
{
    const teal_device *signer = teal_manifest_device(&card->manifest, r->device);
    if (signer == NULL || !teal_bytes_equal(r->gateway, card->handle))
        why->rule = "REQ-RCPT-1 it is of no device of the gateway";
    else if (teal_receipt_verify(r, signer->signing_key, why) != TEAL_OK)
        return false;
    else if (!signer_may_say(signer, r->level))
        why->rule = "REQ-RCPT-2 only the device `plaintext` may say that it left in plain";
    else if (!teal_bytes_equal(message_id, r->message_id) || !is_about_sent(n, u, r))
        why->rule = "REQ-RCPT-3 it speaks of another message";
    else
        return true;
    return false;
}

static json_t *text_json(teal_bytes text)
{
    return text.len > 0 ? json_stringn((const char *)text.at, text.len) : json_string("");
}

static json_t *describe(const teal_imdn *i, const teal_receipt *r)
{
    json_t *kept =
        json_pack("{s:o, s:o, s:s, s:b}", "message_id", text_json(i->message_id), "recipient",
                  text_json(i->recipient_uri), "imdn", word_of(i), "verified", r != NULL);
    if (r != NULL) {
        json_object_set_new(kept, "recipient", text_json(r->recipient));
        json_object_set_new(kept, "status", json_string(teal_status_name(r->status)));
        json_object_set_new(kept, "level", json_string(teal_level_name(r->level)));
        json_object_set_new(kept, "path", text_json(r->path));
        json_object_set_new(kept, "mark", text_json(r->mark));
        json_object_set_new(kept, "reason", text_json(r->reason));
    }
    return kept;
}

/* Once: a gateway that missed the answer sends it again. */
static bool keep(network *n, user *u, const teal_rcs_head *head, json_t *described)
{
    teal_hash name = book_name(head->from, head->message_id, head->to[0]), none = { 0 };
    pthread_mutex_lock(&n->lock);
    bool before = book_find(&n->taken, &name) != NULL;
    if (!before) {
        network_keep(u->receipts, json_incref(described));
        book_put(&n->taken, &name, &none);
    }
    pthread_mutex_unlock(&n->lock);
    json_decref(described);
    return before;
}

/* A receipt that is there must hold. */
static bool take_receipt(const incoming *in, const user *u, const teal_imdn *i, teal_bytes encoded,
                         teal_receipt *r)
{
    teal_diag why = { 0 };
    gateway_card card;
    switch (gateway_ask_card(in->network, in->arena, &card)) {
    case GATEWAY_OK:
        break;
    case GATEWAY_NONE:
    case GATEWAY_UNREACHABLE:
    case GATEWAY_LIES:
        take_refuse_unreachable(in);
        return false;
    }
    if (teal_receipt_decode(encoded, in->arena, r, &why) == TEAL_OK &&
        verify(in->network, u, &card, i->message_id, r, &why))
        return true;
    fprintf(stderr, "rcs: a receipt was refused: %s\n", why.rule);
    http_problem(in->call, 403, "receipt-invalid", why.rule, "Send what the gateway has signed.",
                 NULL);
    return false;
}

void take_imdn(incoming *in)
{
    teal_diag why = { 0 };
    teal_rcs_head head;
    teal_imdn i;
    teal_receipt r;
    teal_bytes encoded;
    if (teal_rcs_head_read(in->cpim, in->arena, &in->routing, &head, &why) != TEAL_OK ||
        teal_imdn_read(in->cpim, in->arena, &i, &why) != TEAL_OK ||
        teal_imdn_receipt(in->cpim, in->arena, &encoded, &why) != TEAL_OK) {
        take_refuse_malformed(in, &why);
        return;
    }
    user *u = network_find(in->network, head.to[0]);
    if (u == NULL) {
        take_refuse_recipient(in);
        return;
    }
    if (encoded.len > 0 && !take_receipt(in, u, &i, encoded, &r))
        return;
    json_t *described = describe(&i, encoded.len > 0 ? &r : NULL);
    take_answer(in, head.message_id, keep(in->network, u, &head, described));
}
