/* The order holds: origin, signature, address, then opening. What fails any of them is not opened,
 * and what was opened is deleted from the keychain in the same transaction. */
#include "gateway/client/incoming.h"

#include "codecs/native/transcript.h"
#include "gateway/client/account.h"
#include "gateway/client/conversations.h"
#include "gateway/client/grants.h"
#include "gateway/client/incoming_content.h"
#include "gateway/client/member.h"
#include "gateway/client/prekeys.h"
#include "gateway/client/received.h"
#include "gateway/client/sent.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <sodium.h>

static enum incoming_kind kind_of(teal_bytes word)
{
    if (teal_bytes_equal(word, teal_text("manifest")))
        return INCOMING_MANIFEST;
    if (teal_bytes_equal(word, teal_text("forwarding")))
        return INCOMING_GRANT;
    return teal_bytes_equal(word, teal_text("receipt")) ? INCOMING_RECEIPT : INCOMING_ENVELOPE;
}

bool incoming_read(session *s, const json_t *object, incoming *out)
{
    teal_diag why = { 0 };
    *out = (incoming){ .seq = json_integer_value(json_object_get(object, "seq")) };
    if (out->seq < 1)
        return false;
    out->kind = kind_of(member_text(object, "kind"));
    teal_result result = TEAL_MALFORMED;
    why.rule = "REQ-REST-20 an item without octets";
    const bool has_data = member_bytes(object, "data", &s->arena, &out->data);
    if (has_data && (out->kind == INCOMING_MANIFEST || out->kind == INCOMING_GRANT))
        return true; /* account_take and grants_read read them */
    if (has_data)
        result = out->kind == INCOMING_RECEIPT
                     ? teal_receipt_decode(out->data, &s->arena, &out->receipt, &why)
                     : teal_envelope_decode(out->data, &s->arena, &out->envelope, &why);
    out->decoded = result == TEAL_OK;
    out->wrong = out->decoded ? NULL : why.rule;
    return true;
}

/* ---- names of what was shown ----------------------------------------------------------------- */

static void hash_octets(teal_bytes data, teal_hash *out)
{
    crypto_hash_sha256(out->at, data.at, data.len);
}

/* Whether it is new; from now on it is not. */
static bool is_new(keychain *k, const teal_hash *name)
{
    if (received_has(k, name))
        return false;
    received_add(k, name);
    return true;
}

/* ---- receipts of the gateway ----------------------------------------------------------------- */

static const char *verify_by_sent(const session *s, const verify_gateway *gateway,
                                  const teal_receipt *r)
{
    teal_bytes recipients[TEAL_MAX_RECIPIENTS];
    const json_t *sent = sent_find(s->keychain, r->message_id);
    verify_sent about = { .recipients = recipients, .floor = sent_floor(sent) };
    about.n_recipients = sent_recipients(sent, recipients);
    bool known = sent_transcript(sent, &about.transcript);
    return verify_receipt(r, gateway, known ? &about : NULL);
}

static json_t *receipt_item(const teal_receipt *r, bool verified)
{
    return json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:I, s:o, s:b}", "kind", "receipt",
                     "message_id", member_of_text(r->message_id), "recipient",
                     member_of_text(r->recipient), "status", teal_status_name(r->status), "level",
                     teal_level_name(r->level), "path", member_of_text(r->path), "mark",
                     member_of_text(r->mark), "segments", (json_int_t)r->segments, "reason",
                     member_of_text(r->reason), "verified", (int)verified);
}

static void judge_receipt(session *s, const verify_gateway *gateway, const incoming *in,
                          incoming_verdict *out)
{
    teal_hash name;
    const teal_receipt none = { 0 };
    out->aside.wrong = in->decoded ? verify_by_sent(s, gateway, &in->receipt) : in->wrong;
    hash_octets(in->data, &name);
    if (!is_new(s->keychain, &name))
        return;
    out->item = receipt_item(in->decoded ? &in->receipt : &none, out->aside.wrong == NULL);
    if (out->aside.wrong == NULL)
        sent_add_receipt(s->keychain, out->item);
}

/* ---- the own account ------------------------------------------------------------------------- */

static json_t *unverified_account(void)
{
    return json_pack("{s:s, s:i, s:[], s:[], s:[], s:[], s:b}", "kind", "account", "version", 0,
                     "added", "revoked", "handles_added", "handles_removed", "verified", 0);
}

/* A gateway can keep a change from us, but not make one up, nor take one back. REQ-DEV-9, -10 */
static void judge_manifest(session *s, const incoming *in, incoming_verdict *out)
{
    teal_manifest before = { 0 }, now;
    bool newer = false;
    const bool known = account_manifest(s->keychain, &s->arena, &before);
    out->aside.wrong = account_take(s->keychain, in->data, &s->arena, &now, &newer);
    if (out->aside.wrong != NULL)
        out->item = unverified_account();
    else if (known && newer)
        out->item = account_change(&before, &now);
}

/* [REQ-FWD-8]: only the account key can say that others may read along, or no more. */
static void judge_grant(session *s, const incoming *in, incoming_verdict *out)
{
    teal_hash name;
    teal_manifest m;
    teal_forwarding_grant g;
    if (!account_manifest(s->keychain, &s->arena, &m))
        return;
    out->aside.wrong = grants_read(in->data, m.account_key, &g);
    hash_octets(in->data, &name);
    if (!is_new(s->keychain, &name))
        return;
    out->item = out->aside.wrong == NULL
                    ? grants_item(&g, &m, clock_unix_ms())
                    : json_pack("{s:s, s:b}", "kind", "forwarding", "verified", 0);
}

/* ---- envelopes ------------------------------------------------------------------------------- */

/* The signed list of recipients names this account; a copy of what another own device sent, too. */
static bool is_addressed(const session *s, const teal_envelope *e)
{
    for (size_t i = 0; i < e->n_recipients; i++)
        if (account_has_handle(s->keychain, e->recipients[i]))
            return true;
    return account_has_handle(s->keychain, e->sender);
}

static const char *verify_envelope(const session *s, const verify_gateway *gateway,
                                   const incoming *in)
{
    const teal_envelope *e = &in->envelope;
    const char *wrong = in->wrong != NULL ? in->wrong : verify_origin(e, gateway->handle);
    if (wrong != NULL)
        return wrong;
    const teal_manifest *sender = NULL;
    if (e->has_origin)
        sender = verify_gateway_then(gateway, e->sender_device, e->sent_at_ms);
    if (in->sender != NULL)
        sender = &in->sender->manifest;
    if (sender == NULL)
        return "REQ-DIR-24 nobody knows the sender's keys";
    wrong = verify_sender(e, sender, &s->arena);
    if (wrong == NULL && !is_addressed(s, e))
        wrong = "REQ-TRN-1 signed, but not for this account";
    return wrong;
}

/* NULL, or that the key is not the known one. Pins it where it may. */
static const char *trust_sender(session *s, const incoming *in)
{
    if (in->sender == NULL)
        return NULL;
    const uint8_t *key = in->sender->manifest.account_key;
    if (contacts_check(s->keychain, in->envelope.sender, key) == CONTACTS_CHANGED &&
        !s->options->accept_key_change)
        return "REQ-DIR-24 the sender's account key has CHANGED: it may be somebody else (see teal "
               "lookup)";
    contacts_pin(s->keychain, in->envelope.sender, key);
    contacts_note(s->keychain, in->envelope.sender, &in->sender->manifest);
    if (in->sender->logged)
        contacts_note_logged(s->keychain, in->envelope.sender);
    return NULL;
}

/* Of a device's receipt: that it speaks of a message that was sent to them. */
static const char *verify_device_receipt(const session *s, const json_t *item, teal_bytes from)
{
    teal_bytes to[TEAL_MAX_RECIPIENTS];
    size_t n = sent_recipients(sent_find(s->keychain, member_text(item, "message_id")), to);
    for (size_t i = 0; i < n; i++)
        if (teal_bytes_equal(to[i], from))
            return NULL;
    return "REQ-RCPT-3 of a message that was not sent to them from here";
}

/* Sent by another device of this account. */
static bool is_own_copy(const session *s, const teal_envelope *e)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    account_device(s->keychain, device);
    return !e->has_origin && account_has_handle(s->keychain, e->sender) &&
           memcmp(e->sender_device, device, sizeof device) != 0;
}

/* A receipt for what another device sent before this one joined: nothing to say here, and nothing
 * wrong. */
static bool is_about_others(session *s, const json_t *item)
{
    teal_manifest m;
    return account_manifest(s->keychain, &s->arena, &m) && m.n_devices > 1 &&
           sent_find(s->keychain, member_text(item, "message_id")) == NULL;
}

/* As if it had been sent from here: receipts find it, and a reply goes on with it. */
static void take_own_copy(session *s, const teal_envelope *e, json_t *item)
{
    teal_hash transcript;
    teal_manifest m;
    const teal_device *device = account_manifest(s->keychain, &s->arena, &m)
                                    ? teal_manifest_device(&m, e->sender_device)
                                    : NULL;
    json_t *to = json_array();
    for (size_t i = 0; i < e->n_recipients; i++)
        json_array_append_new(to, member_of_text(e->recipients[i]));
    json_object_set_new(item, "kind", json_string("sent"));
    json_object_set_new(item, "to", to);
    json_object_set_new(item, "device",
                        device != NULL ? member_of_text(device->name) : json_null());
    teal_transcript_hash(e, NULL, &transcript);
    sent_add(s->keychain, e, &transcript, e->has_downgrade ? e->downgrade.floor : TEAL_E2EE);
}

/* It verified, and is opened: what it says. */
static void judge_opened(session *s, const incoming *in, teal_bytes content, incoming_verdict *out)
{
    const teal_envelope *e = &in->envelope;
    out->aside.wrong = trust_sender(s, in);
    if (e->kind == TEAL_KIND_TYPING || e->kind == TEAL_KIND_CONTROL)
        return;
    const char *malformed = incoming_content_item(e, content, &s->arena, &out->item);
    if (malformed == NULL && e->kind == TEAL_KIND_RECEIPT && is_about_others(s, out->item)) {
        json_decref(out->item);
        out->item = NULL;
        return;
    }
    if (malformed != NULL)
        out->aside.wrong = malformed;
    else if (e->kind == TEAL_KIND_RECEIPT && out->aside.wrong == NULL)
        out->aside.wrong = verify_device_receipt(s, out->item, e->sender);
    if (out->aside.wrong != NULL) {
        incoming_content_distrust(out->item);
        return;
    }
    if (e->kind == TEAL_KIND_MESSAGE && !e->has_origin)
        conversations_learn(s->keychain, e);
    if (e->kind == TEAL_KIND_MESSAGE && is_own_copy(s, e))
        take_own_copy(s, e, out->item);
    if (e->kind == TEAL_KIND_RECEIPT && !sent_add_device_receipt(s->keychain, out->item)) {
        json_decref(out->item); /* another device of theirs has said it already */
        out->item = NULL;
    }
    out->owes_receipt = e->kind == TEAL_KIND_MESSAGE && in->sender != NULL &&
                        (e->wants & TEAL_WANTS_DELIVERED) != 0 &&
                        !account_has_handle(s->keychain, e->sender);
}

static void judge_envelope(session *s, const verify_gateway *gateway, const incoming *in,
                           incoming_verdict *out)
{
    teal_hash name;
    const teal_envelope none = { 0 }, *e = in->decoded ? &in->envelope : &none;
    out->aside.path = in->sender != NULL ? in->sender->path : NULL;
    out->aside.wrong = verify_envelope(s, gateway, in);
    if (out->aside.wrong == NULL)
        teal_transcript_hash(e, NULL, &name);
    else
        hash_octets(in->data, &name);
    if (!is_new(s->keychain, &name))
        return;
    if (out->aside.wrong == NULL) {
        size_t len = 0;
        uint8_t *content = teal_arena_take(&s->arena, e->ciphertext.len);
        if (content == NULL)
            bug("the arena is full");
        out->aside.wrong = prekeys_open(s->keychain, e, content, &len);
        if (out->aside.wrong == NULL) {
            judge_opened(s, in, (teal_bytes){ content, len }, out);
            return;
        }
    }
    out->item = incoming_content_unopened(e);
}

void incoming_judge(session *s, const verify_gateway *gateway, const incoming *in,
                    incoming_verdict *out)
{
    *out = (incoming_verdict){ 0 };
    switch (in->kind) {
    case INCOMING_RECEIPT:
        judge_receipt(s, gateway, in, out);
        return;
    case INCOMING_MANIFEST:
        judge_manifest(s, in, out);
        return;
    case INCOMING_GRANT:
        judge_grant(s, in, out);
        return;
    case INCOMING_ENVELOPE:
        judge_envelope(s, gateway, in, out);
        return;
    }
    bug("incoming_kind out of range");
}
