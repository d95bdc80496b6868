/* Frames between edge and room, and what one side may do to the other. */
#include "gateway/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARENA_BYTES = 256 << 10 };

typedef struct fixture {
    int fds[2];
    uint8_t *buf;
    teal_arena arena;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_true(channel_pair(f->fds));
    f->buf = malloc(CHANNEL_MAX_FRAME);
    f->arena = (teal_arena){ malloc(ARENA_BYTES), ARENA_BYTES, 0 };
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    close(f->fds[0]);
    close(f->fds[1]);
    free(f->buf);
    free(f->arena.base);
    free(f);
    return 0;
}

static bool send_go(int fd, uint64_t ref)
{
    Teal__V1__Go go = TEAL__V1__GO__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    go.ref = ref;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_GO;
    frame.go = &go;
    return channel_send(fd, &frame);
}

/* A frame that is `len` octets when packed, for len well above its headers. */
static bool send_of_length(int fd, size_t len, uint8_t *payload)
{
    Teal__V1__Inbound inbound = TEAL__V1__INBOUND__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_INBOUND;
    frame.inbound = &inbound;
    inbound.envelope = (ProtobufCBinaryData){ len, payload };
    inbound.envelope.len -= teal__v1__room_frame__get_packed_size(&frame) - len;
    assert_int_equal(teal__v1__room_frame__get_packed_size(&frame), len);
    return channel_send(fd, &frame);
}

static int receive(fixture *f, int timeout_ms, Teal__V1__RoomFrame **frame)
{
    return channel_receive(f->fds[1], timeout_ms, f->buf, &f->arena, frame);
}

static void expect_go(fixture *f, uint64_t ref)
{
    Teal__V1__RoomFrame *frame;
    assert_int_equal(receive(f, -1, &frame), 1);
    assert_int_equal(frame->frame_case, TEAL__V1__ROOM_FRAME__FRAME_GO);
    assert_int_equal(frame->go->ref, ref);
}

static void frames_keep_order_and_borders(void **state)
{
    fixture *f = *state;
    for (uint64_t ref = 1; ref <= 50; ref++)
        assert_true(send_go(f->fds[0], ref));
    for (uint64_t ref = 1; ref <= 50; ref++)
        expect_go(f, ref);
}

static void both_directions(void **state)
{
    fixture *f = *state;
    Teal__V1__RoomFrame *frame;
    assert_true(send_go(f->fds[1], 7));
    assert_int_equal(channel_receive(f->fds[0], -1, f->buf, &f->arena, &frame), 1);
    assert_int_equal(frame->go->ref, 7);
}

static void the_largest_frame_passes(void **state)
{
    fixture *f = *state;
    uint8_t *payload = calloc(1, CHANNEL_MAX_FRAME + 1);
    Teal__V1__RoomFrame *frame;
    payload[1000] = 42;
    assert_true(send_of_length(f->fds[0], CHANNEL_MAX_FRAME, payload));
    assert_int_equal(receive(f, -1, &frame), 1);
    assert_int_equal(frame->inbound->envelope.data[1000], 42);

    assert_false(send_of_length(f->fds[0], CHANNEL_MAX_FRAME + 1, payload));
    assert_int_equal(receive(f, 0, &frame), 0);
    free(payload);
}

static void nothing_comes(void **state)
{
    Teal__V1__RoomFrame *frame;
    assert_int_equal(receive(*state, 0, &frame), 0);
    assert_int_equal(receive(*state, 1, &frame), 0);
}

/* Each of these comes before a good frame, which still gets through. */
static void garbage_is_skipped(void **state)
{
    static const struct {
        const char *name;
        uint8_t in[8];
        size_t len;
    } rows[] = {
        { "empty datagram", { 0 }, 0 },
        { "length beyond the end", { 0x12, 0x7f, 1 }, 3 },
        { "field number 0", { 0x00, 0x01 }, 2 },
        { "unknown field only", { 0x98, 0x06, 0x01 }, 3 },
        { "endless varint", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 8 },
        { "over the limit", { 0x12 }, CHANNEL_MAX_FRAME + 1 },
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *datagram = calloc(1, rows[i].len + 1);
        memcpy(datagram, rows[i].in, rows[i].len < 8 ? rows[i].len : 8);
        if (send(f->fds[0], datagram, rows[i].len, 0) != (ssize_t)rows[i].len)
            fail_msg("%s: not sent", rows[i].name);
        free(datagram);
        assert_true(send_go(f->fds[0], i));
        expect_go(f, i);
    }
}

static void garbage_does_not_outlast_the_timeout(void **state)
{
    fixture *f = *state;
    Teal__V1__RoomFrame *frame;
    assert_int_equal(send(f->fds[0], "\xff", 1, 0), 1);
    assert_int_equal(receive(f, 0, &frame), 0);
    assert_null(frame);
}

static void a_frame_beyond_the_arena_is_skipped(void **state)
{
    fixture *f = *state;
    uint8_t *payload = calloc(1, CHANNEL_MAX_FRAME);
    f->arena.cap = 1024;
    assert_true(send_of_length(f->fds[0], 4096, payload));
    assert_true(send_go(f->fds[0], 3));
    expect_go(f, 3);
    free(payload);
}

/* The supervisor holds copies of both ends: the next process reads on at the next frame. */
static void a_new_reader_goes_on(void **state)
{
    fixture *f = *state;
    int kept = dup(f->fds[1]);
    assert_true(send_go(f->fds[0], 1));
    assert_true(send_go(f->fds[0], 2));
    expect_go(f, 1);
    close(f->fds[1]);
    assert_true(send_go(f->fds[0], 3));
    f->fds[1] = kept;
    expect_go(f, 2);
    expect_go(f, 3);
}

static void the_other_end_is_gone(void **state)
{
    fixture *f = *state;
    Teal__V1__RoomFrame *frame;
    assert_true(send_go(f->fds[0], 1));
    close(f->fds[0]);
    expect_go(f, 1);
    assert_int_equal(receive(f, -1, &frame), -1);
    assert_false(send_go(f->fds[1], 2));
    f->fds[0] = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_keep_order_and_borders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_directions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_frame_passes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(garbage_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(garbage_does_not_outlast_the_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_frame_beyond_the_arena_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_reader_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_other_end_is_gone, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
