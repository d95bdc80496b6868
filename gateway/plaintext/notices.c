/* Two rings: what has been said and what has not. */
#include "gateway/plaintext/notices.h"

#include "gateway/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static void make_ring(notice *head)
{
    head->next = head->previous = head;
}

static void insert_before(notice *place, notice *item)
{
    item->next = place;
    item->previous = place->previous;
    place->previous->next = item;
    place->previous = item;
}

static void take_out(notice *item)
{
    item->next->previous = item->previous;
    item->previous->next = item->next;
}

static void *needed(void *memory)
{
    if (memory == NULL)
        bug("out of memory");
    return memory;
}

void notices_open(notices *n, int fd)
{
    *n = (notices){ .fd = fd };
    make_ring(&n->unsaid);
    make_ring(&n->said);
}

static void discard(notices *n, notice *item)
{
    bool once = item->once;
    take_out(item);
    free(item->frame);
    *item = (notice){ 0 };
    if (once) {
        n->n_once--;
        free(item);
    }
}

void notices_close(notices *n)
{
    while (n->unsaid.next != &n->unsaid)
        discard(n, n->unsaid.next);
    while (n->said.next != &n->said)
        discard(n, n->said.next);
}

static void pack(notice *item, const Teal__V1__RoomFrame *frame)
{
    item->len = teal__v1__room_frame__get_packed_size(frame);
    if (item->len == 0 || item->len > CHANNEL_MAX_FRAME)
        bug("a frame of the room is empty or too long");
    item->frame = needed(malloc(item->len));
    teal__v1__room_frame__pack(frame, item->frame);
}

void notices_put(notices *n, notice *item, const Teal__V1__RoomFrame *frame)
{
    notices_drop(n, item);
    pack(item, frame);
    insert_before(&n->unsaid, item);
}

static notice *make_once(notices *n, const Teal__V1__RoomFrame *frame)
{
    notice *item = needed(calloc(1, sizeof *item));
    item->once = true;
    n->n_once++;
    pack(item, frame);
    return item;
}

void notices_tell(notices *n, const Teal__V1__RoomFrame *frame)
{
    if (n->n_once >= NOTICES_MAX_ONCE)
        log_event(LOG_ERROR, "room.edge_does_not_listen", NULL);
    else
        insert_before(&n->unsaid, make_once(n, frame));
}

void notices_drop(notices *n, notice *item)
{
    if (item->frame != NULL)
        discard(n, item);
}

void notices_repeat(notices *n, notice *item)
{
    if (item->frame == NULL)
        return;
    take_out(item);
    insert_before(&n->unsaid, item);
}

void notices_again(notices *n, const Teal__V1__RoomFrame *hello)
{
    if (n->said.next != &n->said) { /* the ring of said things goes before the unsaid ones */
        notice *first = n->said.next, *last = n->said.previous;
        make_ring(&n->said);
        first->previous = &n->unsaid;
        last->next = n->unsaid.next;
        n->unsaid.next->previous = last;
        n->unsaid.next = first;
    }
    if (n->n_once < NOTICES_MAX_ONCE)
        insert_before(n->unsaid.next, make_once(n, hello));
}

bool notices_wait(const notices *n)
{
    return n->unsaid.next != &n->unsaid;
}

bool notices_flush(notices *n)
{
    while (notices_wait(n)) {
        notice *item = n->unsaid.next;
        ssize_t sent = send(n->fd, item->frame, item->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN || errno == ENOBUFS;
        if (item->once) {
            discard(n, item);
            continue;
        }
        take_out(item);
        insert_before(&n->said, item);
    }
    return true;
}
