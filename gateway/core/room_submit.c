/* The sender's thread: answers, EdgeHello, Outstanding, and what is due, as far as the windows
 * allow. */
#include "codecs/native/transcript.h"
#include "gateway/clock.h"
#include "gateway/core/forward.h"
#include "gateway/core/room_state.h"
#include "gateway/core/state.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    OUTSTANDING_A_TURN = 64,
    MAX_LEAVING = 1024, /* over what can be LEAVING at once */
};

static Teal__V1__RoomFrame frame_of(Teal__V1__RoomFrame__FrameCase which)
{
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = which;
    return frame;
}

static ProtobufCBinaryData binary(teal_bytes b)
{
    return (ProtobufCBinaryData){ b.len, (uint8_t *)(uintptr_t)b.at };
}

static char *string(teal_bytes b, teal_arena *arena)
{
    char *copy = teal_arena_take(arena, b.len + 1);
    if (copy == NULL)
        bug("the room's arena is full");
    teal_writer w = { (uint8_t *)copy, b.len, 0 };
    teal_write_bytes(&w, b);
    copy[b.len] = '\0';
    return copy;
}

/* ---- one Submit ---- */

/* As it was known when the message was accepted, so that no network has to be asked; if it is not
 * there any more, as the directory knows it. Empty: there is none, and the room will say so. */
static teal_bytes find_manifest(room_client *rc, const store_message *m)
{
    store *s = rc->sender_reader;
    teal_arena *arena = &rc->sender_arena;
    store_remote remote;
    directory_entry entry;
    teal_bytes encoded;
    if (core_is_text(m->network, CORE_NATIVE)) {
        if (s->ops->get_manifest(s, m->sender, arena, &encoded) == STORE_OK)
            return encoded;
    } else if (s->ops->get_remote(s, m->sender, m->accepted_ms, arena, &remote) == STORE_OK) {
        return remote.manifest;
    }
    if (directory_look_up(rc->c->parts.directory, s, m->sender, clock_unix_ms(), arena, &entry) ==
        DIRECTORY_OK)
        return entry.encoded;
    return (teal_bytes){ 0 };
}

/* Without ciphertext and keys, with all key_hashes and the fallback. Empty: it failed. */
static teal_bytes detach(room_client *rc, const store_message *m, teal_hash *ciphertext_hash)
{
    store *s = rc->sender_reader;
    teal_arena *arena = &rc->sender_arena;
    teal_envelope e;
    if (teal_envelope_decode(m->envelope, arena, &e, NULL) != TEAL_OK)
        return (teal_bytes){ 0 };
    crypto_hash_sha256(ciphertext_hash->at, e.ciphertext.at, e.ciphertext.len);
    store_result found =
        s->ops->get_fallback(s, m->seq, arena, &e.downgrade.enc, &e.downgrade.sealed);
    e.key_hashes = forward_key_hashes(&e, arena, &e.n_key_hashes);
    e.keys = NULL;
    e.n_keys = 0;
    e.ciphertext = (teal_bytes){ 0 };
    teal_writer w = { teal_arena_take(arena, CHANNEL_MAX_FRAME), CHANNEL_MAX_FRAME, 0 };
    if ((found != STORE_OK && found != STORE_NONE) || e.key_hashes == NULL || w.base == NULL ||
        teal_envelope_encode(&e, &w) != TEAL_OK)
        return (teal_bytes){ 0 };
    return teal_written(&w);
}

static bool fill_submit(room_client *rc, const store_delivery *d, bool recall,
                        teal_hash *ciphertext_hash, Teal__V1__Submit *out)
{
    store *s = rc->sender_reader;
    teal_arena *arena = &rc->sender_arena;
    store_message m;
    bool seen;
    if (s->ops->get_message(s, d->message_seq, arena, &m) != STORE_OK ||
        s->ops->seen_e2ee(s, m.conversation_id, d->recipient, &seen) != STORE_OK)
        return false;
    teal_bytes envelope = detach(rc, &m, ciphertext_hash);
    out->ref = (uint64_t)d->id;
    out->envelope = binary(envelope);
    out->ciphertext_hash = binary(core_view(ciphertext_hash->at, TEAL_HASH_BYTES));
    out->manifest = binary(find_manifest(rc, &m));
    out->recipient = string(d->recipient, arena);
    out->path = string(teal_text(store_path_name(d->path)), arena);
    out->network = string(d->path == PATH_PLAIN ? d->network : (teal_bytes){ 0 }, arena);
    out->failing_since_ms = d->failing_since_ms > 0 ? (uint64_t)d->failing_since_ms : 0;
    out->e2ee_before = seen;
    out->left_before = recall;
    return envelope.len > 0;
}

bool room_submit(room_client *rc, const store_delivery *d, bool recall)
{
    teal_hash ciphertext_hash;
    Teal__V1__Submit submit = TEAL__V1__SUBMIT__INIT;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_SUBMIT);
    size_t mark = rc->sender_arena.used;
    bool good = fill_submit(rc, d, recall, &ciphertext_hash, &submit);
    frame.submit = &submit;
    if (good)
        room_say(rc, &frame); /* one that cannot be said is said after the next RoomHello */
    else
        log_event(LOG_ERROR, "room.submit_failed", NULL);
    rc->sender_arena.used = mark;
    return good;
}

/* ---- Go and Taken ---- */

static void say_answers(room_client *rc)
{
    pthread_mutex_lock(&rc->lock);
    room_answer *answers = rc->answers;
    size_t n = rc->n_answers;
    rc->answers = NULL;
    rc->n_answers = rc->cap_answers = 0;
    pthread_mutex_unlock(&rc->lock);
    bool said = true;
    for (size_t i = 0; said && i < n; i++) {
        Teal__V1__Go go = TEAL__V1__GO__INIT;
        Teal__V1__Taken taken = TEAL__V1__TAKEN__INIT;
        Teal__V1__RoomFrame frame = frame_of(answers[i].go ? TEAL__V1__ROOM_FRAME__FRAME_GO
                                                           : TEAL__V1__ROOM_FRAME__FRAME_TAKEN);
        go.ref = taken.ref = answers[i].ref;
        go.job = taken.job = answers[i].job;
        if (answers[i].go)
            frame.go = &go;
        else
            frame.taken = &taken;
        said = room_say(rc, &frame);
    }
    free(answers);
}

/* ---- lanes ---- */

static bool is_open(const room_lane *l, int64_t now_ms)
{
    return l->in_flight <= l->window / 2 && l->paused_until_ms <= now_ms &&
           (l->changed || l->next_ms <= now_ms);
}

/* Whether it is neither submitted already nor more than the window takes; then it is. A room that
 * has greeted since the store was looked at may have been told more of it. */
static bool enter(room_client *rc, room_lane *l, int64_t delivery_id, uint64_t epoch)
{
    pthread_mutex_lock(&rc->lock);
    bool enters =
        epoch == rc->epoch && l->in_flight < l->window && room_find_entry(rc, delivery_id) == NULL;
    if (enters) {
        rc->entries[rc->n_entries++] =
            (room_entry){ .delivery_id = delivery_id, .lane = (uint16_t)(l - rc->lanes) };
        l->in_flight++;
    }
    pthread_mutex_unlock(&rc->lock);
    return enters;
}

static void set_next(room_client *rc, room_lane *l, int64_t next_ms)
{
    pthread_mutex_lock(&rc->lock);
    if (next_ms < l->next_ms)
        l->next_ms = next_ms;
    pthread_mutex_unlock(&rc->lock);
}

/* The room takes a Go for the newest Submit of its delivery: what answers an older one goes first.
 */
static void submit_entered(room_client *rc, room_lane *l, const store_delivery *d)
{
    say_answers(rc);
    if (room_submit(rc, d, l->recalls))
        return;
    pthread_mutex_lock(&rc->lock);
    room_end_entry(rc, d->id);
    l->paused_until_ms = clock_unix_ms() + WAKER_SOON_MS;
    pthread_mutex_unlock(&rc->lock);
}

/* Looks at what is due later too, to know when to look again. What is in flight and not LEAVING is
 * still in the list: it is longer than the window by one. */
static store_result submit_due(room_client *rc, room_lane *l, uint64_t epoch)
{
    store *s = rc->sender_reader;
    size_t max = l->window + 1, n = 0;
    int64_t now_ms = clock_unix_ms();
    rc->sender_arena.used = 0;
    store_delivery *due = teal_arena_take(&rc->sender_arena, max * sizeof *due);
    store_result result =
        s->ops->list_due(s, l->path, l->network, INT64_MAX, &rc->sender_arena, due, max, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++) {
        if (due[i].due_ms > now_ms) {
            set_next(rc, l, due[i].due_ms);
            break;
        }
        if (enter(rc, l, due[i].id, epoch))
            submit_entered(rc, l, &due[i]);
    }
    return result;
}

static bool is_of_this_room(room_client *rc, const store_delivery *d)
{
    pthread_mutex_lock(&rc->lock);
    bool same = memcmp(d->generation, rc->generation, sizeof rc->generation) == 0;
    pthread_mutex_unlock(&rc->lock);
    return same;
}

/* What was LEAVING when its room ended: whether it left, nobody knows (I7). */
static store_result submit_recalls(room_client *rc, room_lane *l, uint64_t epoch)
{
    store *s = rc->sender_reader;
    size_t n = 0;
    rc->sender_arena.used = 0;
    store_delivery *leaving = teal_arena_take(&rc->sender_arena, MAX_LEAVING * sizeof *leaving);
    store_result result = s->ops->list_leaving(s, &rc->sender_arena, leaving, MAX_LEAVING, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++)
        if (!is_of_this_room(rc, &leaving[i]) && enter(rc, l, leaving[i].id, epoch))
            submit_entered(rc, l, &leaving[i]);
    return result;
}

static void run_lane(room_client *rc, room_lane *l)
{
    pthread_mutex_lock(&rc->lock);
    uint64_t epoch = rc->epoch;
    bool open = rc->greeted && !rc->gone && !rc->draining && is_open(l, clock_unix_ms());
    if (open) {
        l->changed = false; /* before the look: what comes after it is seen by the next */
        l->next_ms = INT64_MAX;
    }
    pthread_mutex_unlock(&rc->lock);
    if (!open || (l->path == PATH_PLAIN && core_is_suspended(rc->c, l->network)))
        return; /* until room_client_wake, when the network is resumed */
    store_result result = l->recalls ? submit_recalls(rc, l, epoch) : submit_due(rc, l, epoch);
    if (result == STORE_OK)
        return;
    log_event(LOG_ERROR, "room.store", "result", store_result_name(result), NULL);
    set_next(rc, l, clock_unix_ms() + WAKER_SOON_MS);
}

/* ---- what else is said ---- */

static void say_hello(room_client *rc)
{
    pthread_mutex_lock(&rc->lock);
    bool due = rc->hello_ms <= clock_unix_ms();
    if (due)
        rc->hello_ms = INT64_MAX;
    pthread_mutex_unlock(&rc->lock);
    Teal__V1__EdgeHello hello = TEAL__V1__EDGE_HELLO__INIT;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_EDGE_HELLO);
    frame.edge_hello = &hello;
    if (due)
        room_say(rc, &frame);
}

static bool say_one_outstanding(room_client *rc, const store_outstanding *o)
{
    Teal__V1__Outstanding outstanding = TEAL__V1__OUTSTANDING__INIT;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_OUTSTANDING);
    char **ids = teal_arena_array(&rc->sender_arena, o->n_remote_ids, sizeof *ids);
    if (ids == NULL)
        bug("the room's arena is full");
    for (size_t i = 0; i < o->n_remote_ids; i++)
        ids[i] = string(o->remote_ids[i], &rc->sender_arena);
    outstanding.receipt = binary(o->receipt);
    outstanding.remote_ids = ids;
    outstanding.n_remote_ids = o->n_remote_ids;
    frame.outstanding = &outstanding;
    return room_say(rc, &frame);
}

static int64_t get_outstanding_after(room_client *rc)
{
    pthread_mutex_lock(&rc->lock);
    int64_t after = rc->outstanding_after;
    pthread_mutex_unlock(&rc->lock);
    return after;
}

/* A new room may have said hello meanwhile and wants to hear all of them. */
static void set_outstanding_after(room_client *rc, int64_t from, int64_t to)
{
    pthread_mutex_lock(&rc->lock);
    if (rc->outstanding_after == from)
        rc->outstanding_after = to;
    pthread_mutex_unlock(&rc->lock);
}

/* A part of them; true: there may be more. */
static bool say_outstanding(room_client *rc)
{
    store *s = rc->sender_reader;
    store_outstanding found[OUTSTANDING_A_TURN];
    int64_t after = get_outstanding_after(rc);
    size_t n = 0;
    if (after == INT64_MAX)
        return false;
    rc->sender_arena.used = 0;
    store_result result =
        s->ops->list_outstanding(s, after, &rc->sender_arena, found, OUTSTANDING_A_TURN, &n);
    bool said = result == STORE_OK;
    for (size_t i = 0; said && i < n; i++)
        said = say_one_outstanding(rc, &found[i]);
    bool more = said && n == OUTSTANDING_A_TURN;
    set_outstanding_after(rc, after, more ? found[n - 1].delivery_id : INT64_MAX);
    return more;
}

/* ---- the thread ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t find_next(room_client *rc)
{
    pthread_mutex_lock(&rc->lock);
    int64_t next_ms = rc->hello_ms;
    for (size_t i = 0; rc->greeted && !rc->gone && !rc->draining && i < rc->n_lanes; i++) {
        const room_lane *l = &rc->lanes[i];
        int64_t due_ms = l->changed ? 0 : l->next_ms;
        if (due_ms < l->paused_until_ms)
            due_ms = l->paused_until_ms;
        if (l->in_flight <= l->window / 2)
            next_ms = earlier(next_ms, due_ms);
    }
    pthread_mutex_unlock(&rc->lock);
    return next_ms;
}

void *room_send_all(void *arg)
{
    room_client *rc = arg;
    bool goes_on = true;
    while (goes_on) {
        say_hello(rc);
        say_answers(rc);
        bool more = say_outstanding(rc);
        for (size_t i = 0; i < rc->n_lanes; i++) {
            run_lane(rc, &rc->lanes[i]);
            say_answers(rc); /* who waits for Go is not kept waiting by what is new */
        }
        goes_on = more ? !waker_stopping(&rc->waker) : waker_sleep(&rc->waker, find_next(rc));
    }
    say_answers(rc);
    return NULL;
}
