/* A sealed message. The order is: who signed it, is it new, what does it say. */
#include "tests/peers/rcs/take.h"

#include "codecs/native/content.h"
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"
#include "tests/peers/rcs/gateway.h"
#include "tests/peers/rcs/outgoing.h"
#include "tests/peers/shared/clock.h"

#include <sodium.h>

/* A user that it is sealed for, by which of the handles. */
typedef struct target {
    user *user;
    teal_bytes handle;
    bool opened;
} target;

typedef struct targets {
    target at[NETWORK_MAX_USERS];
    size_t n;
    bool are_here; /* a recipient has keys on this network, though maybe others than the message */
} targets;

static bool is_target(const targets *t, const user *u)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].user == u)
            return true;
    return false;
}

/* One message speaks to all recipients that a network has; it holds keys for those whose devices
 * the sender knew. */
static targets find_targets(network *n, const teal_envelope *e)
{
    targets t = { 0 };
    for (size_t i = 0; i < e->n_recipients; i++) {
        user *u = network_find(n, e->recipients[i]);
        if (u == NULL || u->account == NULL || is_target(&t, u))
            continue;
        t.are_here = true;
        if (account_is_named(u->account, e))
            t.at[t.n++] = (target){ u, e->recipients[i], false };
    }
    return t;
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
    if (teal_envelope_verify(e, NULL, device->signing_key, in->arena, NULL) != TEAL_OK) {
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

static bool open_and_keep(const incoming *in, user *u, const teal_envelope *e, teal_diag *why)
{
    size_t before = in->arena->used, len = 0;
    uint8_t *opened = teal_arena_take(in->arena, e->ciphertext.len);
    uint8_t *text = teal_arena_take(in->arena, e->ciphertext.len);
    Teal__V1__Content *content;
    bool kept =
        opened != NULL && text != NULL &&
        account_open(u->account, e, opened, &len, why) == TEAL_OK &&
        teal_content_decode((teal_bytes){ opened, len }, in->arena, &content, why) == TEAL_OK;
    if (kept)
        keep_content(in, u, e, content, &(teal_writer){ text, e->ciphertext.len, 0 });
    sodium_memzero(in->arena->base + before, in->arena->used - before);
    in->arena->used = before;
    return kept;
}

typedef enum taken {
    TAKEN_NEW = 0,
    TAKEN_BEFORE,
    TAKEN_OTHER, /* another message of this id was */
    TAKEN_STALE, /* a prekey is used up, or of an earlier run */
    TAKEN_UNREADABLE,
} taken;

/* Nobody takes it unless there is a key for all who have not taken it yet. One whose key turns out
 * to be broken ends it, after those who stand before. network.lock is held, so that it happens
 * once. */
static taken open_for_all(const incoming *in, targets *t, const teal_envelope *e, teal_diag *why)
{
    network *n = in->network;
    teal_hash names[NETWORK_MAX_USERS], said;
    bool is_new[NETWORK_MAX_USERS];
    taken result = TAKEN_BEFORE;
    teal_transcript_hash(e, NULL, &said);
    for (size_t i = 0; i < t->n; i++) {
        names[i] = book_name(e->sender, e->message_id, t->at[i].handle);
        take_seen seen = take_look(n, &names[i], &said);
        is_new[i] = seen == SEEN_NEVER;
        if (seen == SEEN_OTHER)
            return TAKEN_OTHER;
        if (is_new[i] && !account_can_open(t->at[i].user->account, e))
            return TAKEN_STALE;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (!is_new[i])
            continue;
        t->at[i].opened = open_and_keep(in, t->at[i].user, e, why);
        if (!t->at[i].opened)
            return TAKEN_UNREADABLE;
        book_put(&n->taken, &names[i], &said);
        result = TAKEN_NEW;
    }
    return result;
}

/* To the device that sent it, by each user who has just got it. */
static void send_receipts(const incoming *in, const targets *t, const teal_envelope *e)
{
    if (e->kind != TEAL_KIND_MESSAGE || (e->wants & TEAL_WANTS_DELIVERED) == 0)
        return;
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].opened)
            outgoing_send_receipt(in->network->outgoing, t->at[i].user, t->at[i].handle, e->sender,
                                  e->message_id);
}

static void take_for(const incoming *in, targets *t, const teal_envelope *e)
{
    teal_diag why = { "REQ-SEAL-1 it does not open", 0 };
    pthread_mutex_lock(&in->network->lock);
    taken result = open_for_all(in, t, e, &why);
    pthread_mutex_unlock(&in->network->lock);
    switch (result) {
    case TAKEN_NEW:
    case TAKEN_BEFORE:
        take_answer(in, e->message_id, result == TAKEN_BEFORE);
        break;
    case TAKEN_OTHER:
        take_refuse_reused(in);
        break;
    case TAKEN_STALE:
        refuse_stale(in);
        break;
    case TAKEN_UNREADABLE:
        http_problem(in->call, 422, "content-unreadable", why.rule, "Seal it again.", NULL);
        break;
    }
    send_receipts(in, t, e);
}

void take_sealed(incoming *in)
{
    teal_diag why = { 0 };
    teal_envelope e;
    if (teal_e2ee_read(in->cpim, in->arena, &in->routing, &e, &why) != TEAL_OK) {
        take_refuse_malformed(in, &why);
        return;
    }
    targets t = find_targets(in->network, &e);
    if (!t.are_here)
        take_refuse_recipient(in);
    else if (t.n == 0)
        refuse_stale(in);
    else if (check_form(in, &e, clock_unix_ms()) && check_sender(in, &e))
        take_for(in, &t, &e);
}
