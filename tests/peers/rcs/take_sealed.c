/* A sealed message. The order is: who signed it, is it new, what does it say. */
#include "tests/peers/rcs/take.h"

#include "codecs/native/content.h"
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"
#include "tests/peers/rcs/gateway.h"
#include "tests/peers/rcs/outgoing.h"
#include "tests/peers/shared/clock.h"

#include <sodium.h>

/* The user that it is sealed for, and by which handle. */
static user *find_user(network *n, const teal_envelope *e, teal_bytes *handle, bool *is_here)
{
    *is_here = false;
    for (size_t i = 0; i < e->n_recipients; i++) {
        user *u = network_find(n, e->recipients[i]);
        if (u == NULL || u->account == NULL)
            continue;
        *is_here = true;
        *handle = e->recipients[i];
        for (size_t k = 0; k < e->n_keys; k++)
            if (memcmp(e->keys[k].device, account_device(u->account), TEAL_DEVICE_BYTES) == 0)
                return u;
    }
    return NULL;
}

static void refuse_stale(const incoming *in)
{
    http_problem(in->call, 409, "keys-stale",
                 "REQ-MSG-9 it is not sealed for the recipient's device and a prekey that it has",
                 "Claim again, reseal.", NULL);
}

/* Whether a device of the sender's account signed it. */
static bool check_sender(const incoming *in, const teal_envelope *e)
{
    teal_manifest m;
    switch (gateway_look_up(in->network, e->sender, in->arena, &m)) {
    case GATEWAY_OK:
        break;
    case GATEWAY_UNREACHABLE:
        take_refuse_unreachable(in);
        return false;
    case GATEWAY_NONE:
    case GATEWAY_LIES:
        http_problem(in->call, 403, "sender-unknown",
                     "REQ-MSG-2 no manifest that holds names the sender", "Register the sender.",
                     NULL);
        return false;
    }
    const teal_device *device = teal_manifest_device(&m, e->sender_device);
    if (device == NULL) {
        http_problem(in->call, 403, "device-unknown",
                     "REQ-MSG-3 the sender's manifest has no such device", "Register the device.",
                     NULL);
        return false;
    }
    if (teal_envelope_verify(e, NULL, device->signing_key, NULL) != TEAL_OK) {
        http_problem(in->call, 403, "signature-invalid",
                     "REQ-MSG-4 the sender device's signature does not verify",
                     "Carry the message unchanged.", NULL);
        return false;
    }
    return true;
}

static bool check_form(const incoming *in, const teal_envelope *e, int64_t now_ms)
{
    if (e->has_origin) {
        http_problem(
            in->call, 403, "origin-reserved",
            "REQ-MSG-1 what came from below end-to-end encryption is not sealed for others",
            "Send it plain.", NULL);
        return false;
    }
    if (e->expires_at_ms != 0 && (int64_t)e->expires_at_ms <= now_ms) {
        http_problem(in->call, 422, "message-expired", "REQ-MSG-6 expires_at_ms has passed",
                     "Drop it.", NULL);
        return false;
    }
    return true;
}

/* All text parts, one after the other. */
static teal_bytes text_of(const Teal__V1__Content *content, teal_writer *w)
{
    for (size_t i = 0; i < content->n_parts; i++)
        if (content->parts[i]->part_case == TEAL__V1__PART__PART_TEXT)
            teal_write_text(w, content->parts[i]->text);
    return teal_written(w);
}

static const char *const dispositions[] = {
    [TEAL__V1__DISPOSITION__DELIVERED] = "delivered",
    [TEAL__V1__DISPOSITION__DISPLAYED] = "displayed",
    [TEAL__V1__DISPOSITION__FAILED] = "failed",
};

/* What the user's device does with what it has opened. network.lock is held. */
static void keep_content(const incoming *in, user *u, const teal_envelope *e,
                         const Teal__V1__Content *content, teal_writer *room)
{
    const Teal__V1__DeviceReceipt *receipt = content->receipt;
    if (e->kind == TEAL_KIND_MESSAGE)
        take_show(in, u, e->message_id, e->sender, text_of(content, room), TEAL_E2EE, true);
    else if (e->kind == TEAL_KIND_RECEIPT && receipt != NULL)
        network_keep(u->device_receipts,
                     json_pack("{s:s, s:s%, s:s}", "message_id", receipt->message_id, "from",
                               (const char *)e->sender.at, e->sender.len, "disposition",
                               dispositions[receipt->disposition]));
}

/* Opens and keeps it. network.lock is held, so that it happens once. */
static account_result open_and_keep(const incoming *in, user *u, const teal_envelope *e,
                                    teal_diag *why)
{
    size_t len = 0;
    uint8_t *opened = teal_arena_take(in->arena, e->ciphertext.len);
    uint8_t *text = teal_arena_take(in->arena, e->ciphertext.len);
    Teal__V1__Content *content;
    if (opened == NULL || text == NULL)
        return ACCOUNT_FORGED;
    account_result result = account_open(u->account, e, opened, &len, why);
    if (result == ACCOUNT_OPENED &&
        teal_content_decode((teal_bytes){ opened, len }, in->arena, &content, why) == TEAL_OK)
        keep_content(in, u, e, content, &(teal_writer){ text, e->ciphertext.len, 0 });
    else if (result == ACCOUNT_OPENED)
        result = ACCOUNT_FORGED;
    return result;
}

/* To the device that sent it, unless it has been told. */
static void answer_opened(const incoming *in, const user *u, teal_bytes handle,
                          const teal_envelope *e, bool before)
{
    bool asks = e->kind == TEAL_KIND_MESSAGE && (e->wants & TEAL_WANTS_DELIVERED) != 0;
    take_answer(in, e->message_id, before);
    if (asks && !before)
        outgoing_send_receipt(in->network->outgoing, u, handle, e->sender, e->message_id);
}

static void take_for(const incoming *in, user *u, teal_bytes handle, const teal_envelope *e)
{
    network *n = in->network;
    teal_diag why = { "REQ-SEAL-1 it does not open", 0 };
    teal_hash name = book_name(e->sender, e->message_id, handle), said;
    account_result result = ACCOUNT_OPENED;
    teal_transcript_hash(e, NULL, &said);
    pthread_mutex_lock(&n->lock);
    take_seen seen = take_look(n, &name, &said);
    if (seen == SEEN_NEVER)
        result = open_and_keep(in, u, e, &why);
    if (seen == SEEN_NEVER && result == ACCOUNT_OPENED)
        book_put(&n->taken, &name, &said);
    pthread_mutex_unlock(&n->lock);

    if (seen == SEEN_OTHER)
        take_refuse_reused(in);
    else if (result == ACCOUNT_STALE)
        refuse_stale(in);
    else if (result == ACCOUNT_FORGED)
        http_problem(in->call, 422, "content-unreadable", why.rule, "Seal it again.", NULL);
    else
        answer_opened(in, u, handle, e, seen == SEEN_BEFORE);
}

void take_sealed(incoming *in)
{
    teal_diag why = { 0 };
    teal_envelope e;
    teal_bytes handle;
    bool is_here;
    if (teal_e2ee_read(in->cpim, in->arena, &in->routing, &e, &why) != TEAL_OK) {
        take_refuse_malformed(in, &why);
        return;
    }
    user *u = find_user(in->network, &e, &handle, &is_here);
    if (!is_here)
        take_refuse_recipient(in);
    else if (u == NULL)
        refuse_stale(in);
    else if (check_form(in, &e, clock_unix_ms()) && check_sender(in, &e))
        take_for(in, u, handle, &e);
}
