/* What came in below end-to-end encryption: whose number it is for, and the envelope that the room
 * has sealed for its devices. */
#include "codecs/handle.h"
#include "codecs/native/transcript.h"
#include "gateway/clock.h"
#include "gateway/core/room_job.h"
#include "gateway/core/state.h"
#include "gateway/directory/text_forwarding.h"

#include <stdlib.h>

enum { LETTER_BYTES = 128 << 10 }; /* for a recipient's manifest, decoded */

/* ---- Inbound ---- */

typedef struct room_letter {
    teal_envelope envelope;
    store_message message;
    directory_entry *entries; /* of the recipients */
} room_letter;

/* REQ-INB-1, -3: sealed by the room in the gateway's name, with its origin inside what is signed.
 */
static bool is_genuine(const core *c, const teal_envelope *e, const teal_arena *scratch)
{
    teal_diag why = { "REQ-INB-1 not from the gateway's device `plaintext`, or without origin", 0 };
    bool good = e->has_origin && core_is_text(e->sender, c->parts.config->handle) &&
                core_is_text(e->origin.gateway, c->parts.config->handle) &&
                memcmp(e->sender_device, c->room_id, sizeof e->sender_device) == 0 &&
                teal_envelope_verify(e, NULL, c->room_key, scratch, &why) == TEAL_OK;
    if (!good)
        log_event(LOG_ERROR, "room.inbound_refused", "rule", why.rule, NULL);
    return good;
}

static bool has_key(const teal_envelope *e, const uint8_t *device)
{
    bool found = false;
    for (size_t i = 0; !found && i < e->n_keys; i++)
        found = memcmp(e->keys[i].device, device, TEAL_DEVICE_BYTES) == 0;
    return found;
}

/* The recipient's devices that can open it; one that was added since cannot. */
static bool find_recipients(room_client *rc, room_job *j)
{
    room_letter *l = j->letter;
    l->entries = teal_arena_array(&j->arena, l->envelope.n_recipients, sizeof *l->entries);
    bool found = l->entries != NULL;
    for (size_t i = 0; found && i < l->envelope.n_recipients; i++)
        found = core_is_native(rc->c, l->envelope.recipients[i]) &&
                directory_look_up(rc->c->parts.directory, rc->receiver_reader,
                                  l->envelope.recipients[i], j->now_ms, &j->arena,
                                  &l->entries[i]) == DIRECTORY_OK &&
                l->entries[i].has_native;
    if (!found)
        log_event(LOG_ERROR, "room.inbound_for_nobody", NULL);
    return found;
}

static void fill_message(const core *c, room_job *j)
{
    room_letter *l = j->letter;
    const teal_envelope *e = &l->envelope;
    l->message = (store_message){ .message_id = e->message_id,
                                  .conversation_id = e->conversation_id,
                                  .sender = e->sender,
                                  .envelope = j->encoded,
                                  .accepted_ms = j->now_ms,
                                  .expires_ms = j->now_ms + c->parts.config->give_up_after_ms,
                                  .kind = e->kind,
                                  .network = teal_text(CORE_GATEWAY) };
    memcpy(l->message.sender_device, e->sender_device, TEAL_DEVICE_BYTES);
    teal_transcript_hash(e, NULL, &l->message.transcript_hash);
    j->news.expires_ms = l->message.expires_ms;
}

static store_result put_recipient(room_job *j, store *s, size_t i)
{
    const room_letter *l = j->letter;
    const teal_manifest *m = &l->entries[i].manifest;
    store_delivery d = { .message_seq = l->message.seq,
                         .recipient = l->envelope.recipients[i],
                         .path = PATH_NATIVE,
                         .network = teal_text(CORE_NATIVE),
                         .state = STATE_WAITING,
                         .due_ms = j->now_ms };
    store_result result = s->ops->put_delivery(s, &d);
    for (size_t k = 0; result == STORE_OK && k < m->n_devices; k++) {
        store_item item = { .kind = ITEM_ENVELOPE,
                            .delivery_id = d.id,
                            .message_seq = l->message.seq };
        if (!has_key(&l->envelope, m->devices[k].id))
            continue;
        memcpy(item.device, m->devices[k].id, sizeof item.device);
        news_of_device(&j->news, item.device);
        result = s->ops->put_item(s, &item);
    }
    return result;
}

/* STORE_EXISTS: the room says it again, having missed Taken. */
static store_result put_letter(room_job *j, store *s, teal_arena *scratch)
{
    (void)scratch;
    room_letter *l = j->letter;
    store_result result = s->ops->put_message(s, &l->message);
    for (size_t i = 0; result == STORE_OK && i < l->envelope.n_recipients; i++)
        result = put_recipient(j, s, i);
    j->says_taken = result == STORE_OK || result == STORE_EXISTS;
    return result;
}

void room_job_inbound(room_client *rc, const Teal__V1__Inbound *inbound)
{
    size_t len = inbound->envelope.len;
    size_t bytes = sizeof(room_letter) + len + TEAL_ENVELOPE_ARENA(len);
    room_job *j = room_job_make(rc, inbound->ref, bytes + LETTER_BYTES, put_letter);
    j->letter = teal_arena_array(&j->arena, 1, sizeof *j->letter);
    j->encoded = teal_arena_copy(&j->arena, core_view(inbound->envelope.data, len));
    teal_diag why = { 0 };
    teal_result decoded = teal_envelope_decode(j->encoded, &j->arena, &j->letter->envelope, &why);
    if (decoded != TEAL_OK)
        log_event(LOG_ERROR, "room.inbound_refused", "rule", why.rule, NULL);
    if (decoded != TEAL_OK || !is_genuine(rc->c, &j->letter->envelope, &j->arena) ||
        !find_recipients(rc, j)) {
        room_job_free(j);
        return;
    }
    fill_message(rc->c, j);
    room_job_submit(j);
}

/* ---- WhoIs ---- */

static void fill_prekeys(const directory_prekey *prekeys, size_t n, teal_arena *arena,
                         Teal__V1__WhoIsAnswer *out)
{
    Teal__V1__DevicePrekey *all = teal_arena_array(arena, n, sizeof *all);
    out->prekeys = teal_arena_array(arena, n, sizeof *out->prekeys);
    if (all == NULL || out->prekeys == NULL)
        bug("the room's arena is full");
    for (size_t i = 0; i < n; i++) {
        all[i] = (Teal__V1__DevicePrekey)TEAL__V1__DEVICE_PREKEY__INIT;
        all[i].device =
            (ProtobufCBinaryData){ TEAL_DEVICE_BYTES, (uint8_t *)(uintptr_t)prekeys[i].device };
        all[i].prekey = (ProtobufCBinaryData){ prekeys[i].encoded.len,
                                               (uint8_t *)(uintptr_t)prekeys[i].encoded.at };
        out->prekeys[i] = &all[i];
    }
    out->n_prekeys = n;
}

static void fill_grants(const store_grant *grants, size_t n, teal_arena *arena,
                        Teal__V1__WhoIsAnswer *out)
{
    out->grants = teal_arena_array(arena, n, sizeof *out->grants);
    if (out->grants == NULL)
        bug("the room's arena is full");
    for (size_t i = 0; i < n; i++)
        out->grants[i] = (ProtobufCBinaryData){ grants[i].encoded.len,
                                                (uint8_t *)(uintptr_t)grants[i].encoded.at };
    out->n_grants = n;
}

/* Only our own numbers are anybody's: no other network is asked. DIRECTORY_NONE: nobody's. */
static directory_result claim(room_client *rc, teal_bytes handle, directory_text_claim *out)
{
    if (!teal_handle_is_canonical(handle) || !core_is_native(rc->c, handle))
        return DIRECTORY_NONE;
    return directory_claim_for_text(rc->c->parts.directory, rc->receiver_reader, handle,
                                    clock_unix_ms(), &rc->receiver_arena, out);
}

void room_answer_who_is(room_client *rc, const Teal__V1__WhoIs *who_is)
{
    char text[TEAL_MAX_HANDLE_BYTES];
    snprintf(text, sizeof text, "tel:%s", who_is->number);
    directory_text_claim c;
    rc->receiver_arena.used = 0;
    directory_result found = claim(rc, teal_text(text), &c);
    if (found == DIRECTORY_UNREACHABLE || found == DIRECTORY_BROKEN)
        return; /* no answer: the centre will bring it again */
    Teal__V1__WhoIsAnswer answer = TEAL__V1__WHO_IS_ANSWER__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    answer.ref = who_is->ref;
    answer.known = found == DIRECTORY_OK && c.n_prekeys > 0;
    if (answer.known) {
        answer.handle = text;
        answer.manifest =
            (ProtobufCBinaryData){ c.entry.encoded.len, (uint8_t *)(uintptr_t)c.entry.encoded.at };
        fill_prekeys(c.prekeys, c.n_prekeys, &rc->receiver_arena, &answer);
        fill_grants(c.grants, c.n_grants, &rc->receiver_arena, &answer);
    }
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER;
    frame.who_is_answer = &answer;
    room_say(rc, &frame);
}
