/* The receiver's thread: what the room says. */
#include "gateway/clock.h"
#include "gateway/core/room_state.h"
#include "gateway/core/state.h"

#include <errno.h>
#include <poll.h>

enum { MAX_RETRY_MS = 60 * 60 * 1000 };

/* ---- RoomHello ---- */

typedef struct greeting {
    const Teal__V1__RoomHello *hello;
    room_keys keys;
} greeting;

/* REQ-DIR-25: prekey 0 of the device `plaintext`, signed by it. */
static bool check_greeting(const core *c, greeting *g)
{
    teal_diag why = { "REQ-ROOM-3 generation", 0 };
    const room_keys_said said = { g->hello->downgrade_key, g->hello->retired, g->hello->n_retired };
    bool good = g->hello->generation.len == ROOM_GENERATION_BYTES &&
                room_keys_check(c, &said, &g->keys, &why);
    if (!good)
        log_event(LOG_ERROR, "room.hello_refused", "rule", why.rule, NULL);
    return good;
}

static store_result do_nothing(store *s, void *arg)
{
    (void)s;
    (void)arg;
    return STORE_OK;
}

/* What is in flight is forgotten: the room does not know it any more, or will say it again. What is
 * LEAVING under another generation is recalled; an Outstanding is said to a room that is new to
 * us. */
static void take_greeting(room_client *rc, const greeting *g)
{
    bool is_new = !rc->greeted ||
                  memcmp(rc->generation, g->hello->generation.data, sizeof rc->generation) != 0;
    memcpy(rc->generation, g->hello->generation.data, sizeof rc->generation);
    rc->keys = g->keys;
    rc->greeted = true;
    room_forget_entries(rc);
    if (is_new)
        rc->outstanding_after = 0;
    log_event(LOG_INFO, "room.greeted", "new", is_new ? "true" : "false", NULL);
}

static void on_hello(room_client *rc, const Teal__V1__RoomHello *hello)
{
    greeting g = { .hello = hello };
    if (!check_greeting(rc->c, &g))
        return;
    /* What the room said before has to be durable first: a LEAVING of the last generation that is
     * still on its way to the store would not be recalled. */
    store_result result = writer_do(rc->c->parts.writer, do_nothing, NULL);
    pthread_mutex_lock(&rc->lock);
    if (result == STORE_OK)
        take_greeting(rc, &g);
    else
        rc->hello_ms = clock_unix_ms() + WAKER_SOON_MS;
    pthread_mutex_unlock(&rc->lock);
    waker_ring(&rc->waker);
}

/* ---- Leaving, Deferred ---- */

/* Without Go it waits, in the store too. */
static void on_leaving(room_client *rc, const Teal__V1__Leaving *leaving)
{
    pthread_mutex_lock(&rc->lock);
    bool takes = !rc->draining;
    room_entry *entry = takes ? room_find_entry(rc, (int64_t)leaving->ref) : NULL;
    if (entry != NULL)
        entry->leaving = true;
    pthread_mutex_unlock(&rc->lock);
    if (takes)
        room_job_leaving(rc, leaving);
}

/* REQ-ROOM: the one reason that lies in the Submit rather than in the link. */
static bool is_about_link(const char *reason)
{
    return strcmp(reason, "submit-malformed") != 0;
}

/* A link that takes nothing is not asked again for each message that waits for it. Where the store
 * says nothing but WAITING, nothing has to be written either; a recall stays LEAVING. */
static void on_deferred(room_client *rc, const Teal__V1__Deferred *deferred)
{
    int64_t retry_ms =
        deferred->retry_after_ms < MAX_RETRY_MS ? (int64_t)deferred->retry_after_ms : MAX_RETRY_MS;
    bool about_link = is_about_link(deferred->reason), in_store = true;
    pthread_mutex_lock(&rc->lock);
    room_entry *entry = room_find_entry(rc, (int64_t)deferred->ref);
    if (entry != NULL) {
        room_lane *lane = &rc->lanes[entry->lane];
        if (about_link || lane->recalls)
            lane->paused_until_ms = clock_unix_ms() + retry_ms;
        in_store = entry->leaving || deferred->job != 0 || (!about_link && !lane->recalls);
        if (!in_store)
            room_end_entry(rc, (int64_t)deferred->ref);
    }
    pthread_mutex_unlock(&rc->lock);
    log_event(LOG_DEBUG, "room.deferred", "reason", deferred->reason, NULL);
    if (in_store)
        room_job_deferred(rc, deferred, retry_ms);
    else
        waker_ring(&rc->waker);
}

/* ---- the thread ---- */

/* Frames that an edge before this one has not read are answered by EdgeHello: all that counts is
 * said again, after a RoomHello that says under which generation. */
static bool is_stale(room_client *rc, const Teal__V1__RoomFrame *f)
{
    pthread_mutex_lock(&rc->lock);
    bool greeted = rc->greeted;
    pthread_mutex_unlock(&rc->lock);
    return !greeted && f->frame_case != TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO;
}

static void on_frame(room_client *rc, const Teal__V1__RoomFrame *f)
{
    if (is_stale(rc, f))
        return;
    switch (f->frame_case) {
    case TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO:
        on_hello(rc, f->room_hello);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_LEAVING:
        on_leaving(rc, f->leaving);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_DEFERRED:
        on_deferred(rc, f->deferred);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_DONE:
        room_job_done(rc, f->done);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_REPORT:
        room_job_report(rc, f->report);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_WHO_IS:
        room_answer_who_is(rc, f->who_is);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_INBOUND:
        room_job_inbound(rc, f->inbound);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_ROTATED:
        room_take_rotated(rc, f->rotated);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_PROOF_ANSWER:
        room_take_proof(rc, f->proof_answer);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_PROVE_NUMBER:
    case TEAL__V1__ROOM_FRAME__FRAME_CHECK_CODE:
    case TEAL__V1__ROOM_FRAME__FRAME__NOT_SET:
    case TEAL__V1__ROOM_FRAME__FRAME_EDGE_HELLO:
    case TEAL__V1__ROOM_FRAME__FRAME_SUBMIT:
    case TEAL__V1__ROOM_FRAME__FRAME_GO:
    case TEAL__V1__ROOM_FRAME__FRAME_TAKEN:
    case TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER:
    case TEAL__V1__ROOM_FRAME__FRAME_OUTSTANDING:
    case TEAL__V1__ROOM_FRAME__FRAME_ROTATE_DOWNGRADE:
    case _TEAL__V1__ROOM_FRAME__FRAME__CASE_IS_INT_SIZE:
        break;
    }
    log_event(LOG_ERROR, "room.frame_unexpected", NULL);
}

/* False: the client has to stop. */
static bool wait_frame(const room_client *rc)
{
    struct pollfd p[] = { { .fd = rc->fd, .events = POLLIN },
                          { .fd = rc->stop_fd, .events = POLLIN } };
    if (poll(p, 2, -1) < 0 && errno != EINTR)
        bug("poll");
    return p[1].revents == 0;
}

void *room_receive_all(void *arg)
{
    room_client *rc = arg;
    int got = 0;
    while (got >= 0 && wait_frame(rc)) {
        Teal__V1__RoomFrame *frame;
        got = channel_receive(rc->fd, 0, rc->frame, &rc->frame_arena, &frame);
        if (got > 0)
            on_frame(rc, frame);
    }
    if (got < 0) {
        log_event(LOG_ERROR, "room.gone", NULL);
        pthread_mutex_lock(&rc->lock);
        rc->gone = true;
        pthread_mutex_unlock(&rc->lock);
    }
    return NULL;
}
