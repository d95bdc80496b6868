/* The room's client as a whole: its threads, what is in flight, saying. */
#include "gateway/core/room_client.h"

#include "gateway/clock.h"
#include "gateway/core/room_state.h"
#include "gateway/core/state.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* As many Submits as the link can have under way several times over, so that the commits between
 * Leaving and Go are shared. */
enum { SMS_WINDOWS = 4, MIN_SMS_WINDOW = 64 };

static size_t sms_window(const config *c)
{
    size_t window = SMS_WINDOWS * (size_t)c->sms_window;
    if (window < MIN_SMS_WINDOW)
        return MIN_SMS_WINDOW;
    return window < ROOM_MAX_SMS_WINDOW ? window : ROOM_MAX_SMS_WINDOW;
}

static void add_lane(room_client *rc, room_lane lane)
{
    lane.changed = true;
    lane.next_ms = INT64_MAX;
    rc->lanes[rc->n_lanes++] = lane;
}

static void open_lanes(room_client *rc)
{
    const config *c = rc->c->parts.config;
    add_lane(rc, (room_lane){
                     .path = PATH_SMS, .network = teal_text(CORE_SMS), .window = sms_window(c) });
    for (size_t i = 0; i < c->n_peers; i++)
        add_lane(rc, (room_lane){ .path = PATH_PLAIN,
                                  .network = teal_text(c->peers[i].name),
                                  .window = ROOM_PLAIN_WINDOW });
    add_lane(rc, (room_lane){ .recalls = true, .window = ROOM_RECALL_WINDOW });
}

room_client *room_client_open(core *c)
{
    room_client *rc = calloc(1, sizeof *rc);
    if (rc == NULL || (rc->frame = malloc(CHANNEL_MAX_FRAME)) == NULL)
        bug("out of memory");
    rc->c = c;
    rc->fd = c->parts.room_fd;
    rc->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (rc->stop_fd < 0)
        bug("no eventfd");
    waker_open(&rc->waker);
    pthread_mutex_init(&rc->saying, NULL);
    pthread_mutex_init(&rc->lock, NULL);
    pthread_cond_init(&rc->jobs_done, NULL);
    pthread_cond_init(&rc->proof_done, NULL);
    pthread_cond_init(&rc->rotation.changed, NULL);
    rc->rotation.ref = (uint64_t)clock_unix_ms(); /* what an earlier process asked is another's */
    rc->outstanding_after = INT64_MAX;
    open_lanes(rc);
    rc->receiver_arena = core_arena_make();
    rc->frame_arena = core_arena_make();
    rc->sender_arena = core_arena_make();
    rc->receiver_reader = core_open_reader(c);
    rc->sender_reader = core_open_reader(c);
    if (rc->receiver_reader == NULL || rc->sender_reader == NULL)
        room_client_close(&rc);
    return rc;
}

void room_client_close(room_client **rc)
{
    room_client *it = *rc;
    if (it == NULL)
        return;
    if (it->receiver_reader != NULL)
        it->receiver_reader->ops->close(&it->receiver_reader);
    if (it->sender_reader != NULL)
        it->sender_reader->ops->close(&it->sender_reader);
    core_arena_free(&it->receiver_arena);
    core_arena_free(&it->frame_arena);
    core_arena_free(&it->sender_arena);
    pthread_cond_destroy(&it->jobs_done);
    pthread_cond_destroy(&it->proof_done);
    pthread_cond_destroy(&it->rotation.changed);
    pthread_mutex_destroy(&it->lock);
    pthread_mutex_destroy(&it->saying);
    waker_close(&it->waker);
    close(it->stop_fd);
    free(it->answers);
    free(it->frame);
    free(it);
    *rc = NULL;
}

void room_client_start(room_client *rc)
{
    if (pthread_create(&rc->receiver, NULL, room_receive_all, rc) != 0 ||
        pthread_create(&rc->sender, NULL, room_send_all, rc) != 0)
        bug("no thread");
    rc->started = true;
}

static bool is_leaving(const room_client *rc)
{
    bool leaving = false;
    for (size_t i = 0; !leaving && !rc->gone && i < rc->n_entries; i++)
        leaving = rc->entries[i].leaving;
    return leaving;
}

/* What the room is sending gets its Done, instead of a receipt that says that nobody knows. */
static void drain(room_client *rc)
{
    int64_t end_ms = clock_unix_ms() + rc->c->parts.drain_ms;
    const struct timespec end = { end_ms / 1000, end_ms % 1000 * 1000000 };
    pthread_mutex_lock(&rc->lock);
    rc->draining = true;
    pthread_cond_broadcast(&rc->rotation.changed);
    while (is_leaving(rc) && pthread_cond_timedwait(&rc->jobs_done, &rc->lock, &end) == 0)
        ;
    pthread_mutex_unlock(&rc->lock);
}

void room_client_stop(room_client *rc)
{
    if (rc == NULL || !rc->started)
        return;
    drain(rc);
    if (eventfd_write(rc->stop_fd, 1) != 0)
        bug("eventfd_write");
    pthread_join(rc->receiver, NULL);
    pthread_mutex_lock(&rc->lock);
    while (rc->n_jobs > 0)
        pthread_cond_wait(&rc->jobs_done, &rc->lock);
    pthread_mutex_unlock(&rc->lock);
    waker_stop(&rc->waker); /* only now: the last answers are there to be said */
    pthread_join(rc->sender, NULL);
}

void room_client_wake(room_client *rc, bool sms, uint64_t peers)
{
    pthread_mutex_lock(&rc->lock);
    if (sms)
        rc->lanes[0].changed = true;
    for (size_t i = 0; i < rc->c->parts.config->n_peers; i++)
        if (peers >> i & 1)
            rc->lanes[1 + i].changed = true;
    pthread_mutex_unlock(&rc->lock);
    waker_ring(&rc->waker);
}

room_entry *room_find_entry(room_client *rc, int64_t delivery_id)
{
    for (size_t i = 0; i < rc->n_entries; i++)
        if (rc->entries[i].delivery_id == delivery_id)
            return &rc->entries[i];
    return NULL;
}

void room_end_entry(room_client *rc, int64_t delivery_id)
{
    room_entry *entry = room_find_entry(rc, delivery_id);
    if (entry == NULL)
        return;
    rc->lanes[entry->lane].in_flight--;
    rc->lanes[entry->lane].changed = true;
    *entry = rc->entries[--rc->n_entries];
}

void room_forget_entries(room_client *rc)
{
    rc->n_entries = 0;
    rc->epoch++;
    for (size_t i = 0; i < rc->n_lanes; i++) {
        rc->lanes[i].in_flight = 0;
        rc->lanes[i].changed = true;
        rc->lanes[i].paused_until_ms = 0;
    }
}

/* Whether a frame can be sent now without blocking; sleeps until it can or the client stops. */
static bool wait_writable(room_client *rc)
{
    for (;;) {
        struct pollfd p[] = { { .fd = rc->fd, .events = POLLOUT },
                              { .fd = rc->stop_fd, .events = POLLIN } };
        int n = poll(p, 2, -1);
        if (n < 0 && errno != EINTR)
            bug("poll");
        if (n > 0 && p[0].revents != 0)
            return true; /* an error too: the send will tell */
        if (n > 0)
            return false;
    }
}

bool room_say(room_client *rc, const Teal__V1__RoomFrame *frame)
{
    pthread_mutex_lock(&rc->saying);
    bool said = wait_writable(rc) && channel_send(rc->fd, frame);
    pthread_mutex_unlock(&rc->saying);
    return said;
}
