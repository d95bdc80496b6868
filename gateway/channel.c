/* Frames over a SOCK_SEQPACKET pair. Must never believe what the other process says about its own
 * frames: what does not decode is skipped. */
#include "gateway/channel.h"

#include "gateway/clock.h"
#include "gateway/log.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Asked of the kernel, which caps it at net.core.wmem_max; a few of the largest frames may wait. */
enum { BUFFER_BYTES = 4 * CHANNEL_MAX_FRAME };

/* A local socket has a buffer at its sender only. */
static bool set_buffer(int fd)
{
    int want = BUFFER_BYTES, got = 0;
    socklen_t len = sizeof got;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof want) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &got, &len) != 0)
        return false;
    if (got < CHANNEL_MAX_FRAME + 4096) { /* the kernel counts its own headers too */
        errno = ENOBUFS;
        return false;
    }
    return true;
}

bool channel_pair(int fds[static 2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        return false;
    if (set_buffer(fds[0]) && set_buffer(fds[1]))
        return true;
    int why = errno;
    close(fds[0]);
    close(fds[1]);
    errno = why;
    return false;
}

bool channel_send(int fd, const Teal__V1__RoomFrame *frame)
{
    uint8_t packed[CHANNEL_MAX_FRAME];
    size_t len = teal__v1__room_frame__get_packed_size(frame);
    char number[24];
    if (len == 0)
        bug("a frame without content was to be sent");
    if (len > sizeof packed) {
        log_event(LOG_ERROR, "channel.frame_too_long", "bytes", log_number(number, (int64_t)len),
                  NULL);
        return false;
    }
    teal__v1__room_frame__pack(frame, packed);
    ssize_t sent;
    do
        sent = send(fd, packed, len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EPIPE && errno != ECONNRESET)
        log_event(LOG_ERROR, "channel.send_failed", "error", strerrorname_np(errno), NULL);
    return sent >= 0;
}

/* 1: there is something to receive, or the end. 0: time is up, or a signal came. -1: broken. */
static int wait_for_frame(int fd, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int n = poll(&p, 1, timeout_ms);
    if (n < 0)
        return errno == EINTR ? 0 : -1;
    return n > 0 ? 1 : 0;
}

/* An empty datagram reads like the end of a stream; only the end hangs up. */
static bool has_ended(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };
    return poll(&p, 1, 0) != 0;
}

typedef enum received { RECEIVED_FRAME, RECEIVED_GARBAGE, RECEIVED_NOTHING, RECEIVED_END } received;

static received receive_one(int fd, uint8_t *buf, teal_arena *arena, Teal__V1__RoomFrame **frame)
{
    ssize_t len = recv(fd, buf, CHANNEL_MAX_FRAME, MSG_DONTWAIT | MSG_TRUNC);
    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? RECEIVED_NOTHING : RECEIVED_END;
    if (len == 0 && has_ended(fd))
        return RECEIVED_END;

    const char *why = NULL;
    if (len > CHANNEL_MAX_FRAME) {
        why = "too long";
    } else {
        arena->used = 0;
        ProtobufCAllocator allocator = teal_arena_protobuf(arena);
        *frame = teal__v1__room_frame__unpack(&allocator, (size_t)len, buf);
        if (*frame == NULL)
            why = "not a RoomFrame, or too large for its arena";
        else if ((*frame)->frame_case == TEAL__V1__ROOM_FRAME__FRAME__NOT_SET)
            why = "nothing in it";
    }
    if (why == NULL)
        return RECEIVED_FRAME;
    char number[24];
    log_event(LOG_ERROR, "channel.frame_skipped", "bytes", log_number(number, len), "why", why,
              NULL);
    return RECEIVED_GARBAGE;
}

int channel_receive(int fd, int timeout_ms, uint8_t *buf, teal_arena *arena,
                    Teal__V1__RoomFrame **frame)
{
    int64_t end_ms = timeout_ms < 0 ? INT64_MAX : clock_monotonic_ms() + timeout_ms;
    int left_ms = timeout_ms;
    for (;;) {
        *frame = NULL;
        int waited = wait_for_frame(fd, left_ms);
        if (waited <= 0)
            return waited;
        switch (receive_one(fd, buf, arena, frame)) {
        case RECEIVED_FRAME:
            return 1;
        case RECEIVED_END:
            *frame = NULL;
            return -1;
        case RECEIVED_GARBAGE:
        case RECEIVED_NOTHING:
            break;
        }
        if (timeout_ms >= 0) {
            int64_t now_ms = clock_monotonic_ms();
            left_ms = now_ms < end_ms ? (int)(end_ms - now_ms) : 0;
            if (left_ms == 0)
                return 0;
        }
    }
}
