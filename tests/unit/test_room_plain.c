/* The plain leg: one POST to a peer that the test is, and what each of its answers means. */
#include "codecs/rcs/plain.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/room_rig.h"

#define MARK "[RCS, not end-to-end encrypted]"
#define BOB  "sip:bob@rcs.example"

typedef struct fixture {
    room_rig *rig;
    int listener, fd;
    char request[8192];
    teal_bytes body;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    char extra[200];
    f->fd = -1;
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&a, &len), 0);
    snprintf(extra, sizeof extra,
             "[queue]\npeer_timeout_ms = 1000\n"
             "[peer rcs]\ndomains = rcs.example\nurl = http://127.0.0.1:%u\n",
             ntohs(a.sin_port));
    f->rig = room_rig_start(extra, false);
    *state = f;
    return 0;
}

static void hang_up(fixture *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    hang_up(f);
    if (f->listener >= 0)
        close(f->listener);
    room_rig_stop(&f->rig);
    free(f);
    return 0;
}

static bool readable(int fd, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, timeout_ms) > 0;
}

/* Reads one request, on a connection of its own: one that is kept alive could make libcurl send it
 * twice. */
static void take_request(fixture *f)
{
    size_t len = 0, need = SIZE_MAX;
    const char *body = NULL;
    hang_up(f);
    assert_true(readable(f->listener, CENTRE_PATIENCE_MS));
    f->fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
    while (len < need) {
        assert_true(readable(f->fd, CENTRE_PATIENCE_MS));
        ssize_t n = recv(f->fd, f->request + len, sizeof f->request - 1 - len, 0);
        assert_true(n > 0);
        len += (size_t)n;
        f->request[len] = '\0';
        const char *length = strstr(f->request, "Content-Length: ");
        body = strstr(f->request, "\r\n\r\n");
        if (body != NULL && length != NULL)
            need = (size_t)(body + 4 - f->request) + (size_t)atoi(length + 16);
    }
    f->body = (teal_bytes){ (const uint8_t *)body + 4, strlen(body + 4) };
}

static void give_answer(fixture *f, const char *status_line)
{
    char text[200];
    int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status_line);
    assert_int_equal(send(f->fd, text, (size_t)len, MSG_NOSIGNAL), len);
}

static room_rig_order order_of(uint64_t ref)
{
    return (room_rig_order){
        .ref = ref, .recipient = BOB, .path = "plain", .network = "rcs", .floor = TEAL_TRANSPORT
    };
}

static void submit_and_go(fixture *f, uint64_t ref)
{
    room_rig_order o = order_of(ref);
    room_rig_submit_and_go(f->rig, &o);
}

static void a_plain_message_is_marked_and_says_its_level(void **state)
{
    fixture *f = *state;
    room_rig_order o = order_of(1);
    room_rig_submit(f->rig, &o);
    room_rig_expect_leaving(f->rig, 1);
    assert_false(readable(f->listener, 0)); /* [REQ-ROOM-2] */
    room_rig_go(f->rig, 1);
    take_request(f);
    assert_memory_equal(f->request, "POST /v1/messages HTTP/1.1\r\n", 28);
    assert_non_null(strstr(f->request, "Content-Type: message/cpim\r\n"));
    assert_non_null(strstr(f->request, "e2ee.Level: transport\r\n"));
    uint8_t memory[65536];
    teal_arena arena = { memory, sizeof memory, 0 };
    teal_plain p;
    teal_diag why = { 0 };
    if (teal_plain_decode(f->body, &arena, NULL, &p, &why) != TEAL_OK)
        fail_msg("%s", why.rule);
    assert_true(teal_bytes_equal(p.text, teal_text(MARK " hello"))); /* [REQ-DGR-10] */
    assert_true(teal_bytes_equal(p.from, teal_text(RIG_SENDER)));
    assert_true(teal_bytes_equal(p.to, teal_text(BOB)));
    assert_true(teal_bytes_equal(p.message_id, teal_text("M1")));
    give_answer(f, "202 Accepted");
    const Teal__V1__Done *done;
    teal_receipt receipt = room_rig_expect_done(f->rig, 1, &done);
    assert_int_equal(receipt.status, TEAL_STATUS_SENT);
    assert_int_equal(receipt.level, TEAL_TRANSPORT);
    assert_true(teal_bytes_equal(receipt.path, teal_text("plain")));
    assert_true(teal_bytes_equal(receipt.mark, teal_text(MARK)));
    assert_int_equal(receipt.segments, 0);
    assert_int_equal(done->n_remote_ids, 0);
}

/* [REQ-ROOM-9] */
static void each_answer_has_its_meaning(void **state)
{
    static const struct {
        const char *answer; /* NULL: the peer hangs up instead */
        teal_status status;
        const char *reason;
    } rows[] = {
        { "200 OK", TEAL_STATUS_SENT, "" },
        { "400 Bad Request", TEAL_STATUS_UNDELIVERABLE, "peer-refused" },
        { "409 Conflict", TEAL_STATUS_UNDELIVERABLE, "peer-refused" },
        { "302 Found", TEAL_STATUS_UNDELIVERABLE, "peer-refused" },
        { "500 Internal Server Error", TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown" },
        { "504 Gateway Timeout", TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown" },
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        submit_and_go(f, i + 1);
        take_request(f);
        give_answer(f, rows[i].answer);
        teal_receipt receipt = room_rig_expect_done(f->rig, i + 1, NULL);
        if (receipt.status != rows[i].status || receipt.level != TEAL_TRANSPORT ||
            !teal_bytes_equal(receipt.reason, teal_text(rows[i].reason)))
            fail_msg("%s: %s", rows[i].answer, teal_status_name(receipt.status));
        room_rig_taken(f->rig, i + 1);
    }
    assert_false(readable(f->listener, 0)); /* nothing came a second time */
}

static void a_peer_that_dies_or_stalls_leaves_doubt(void **state)
{
    fixture *f = *state;
    for (uint64_t ref = 1; ref <= 2; ref++) {
        submit_and_go(f, ref);
        take_request(f);
        if (ref == 1)
            hang_up(f);
        teal_receipt receipt = room_rig_expect_done(f->rig, ref, NULL);
        assert_int_equal(receipt.status, TEAL_STATUS_OUTCOME_UNKNOWN);
        room_rig_taken(f->rig, ref);
    }
    hang_up(f);
    assert_false(readable(f->listener, 0));
}

static void a_peer_that_is_not_there_defers(void **state)
{
    fixture *f = *state;
    shutdown(f->listener, SHUT_RDWR); /* for the room too, which has inherited it */
    close(f->listener);
    f->listener = -1;
    submit_and_go(f, 1);
    room_rig_expect_deferred(f->rig, 1, "peer-unreachable");
    submit_and_go(f, 1); /* and it may be tried again */
    room_rig_expect_deferred(f->rig, 1, "peer-unreachable");
}

static void a_peer_that_says_later_is_asked_again(void **state)
{
    fixture *f = *state;
    submit_and_go(f, 1);
    take_request(f);
    give_answer(f, "503 Service Unavailable");
    take_request(f);
    give_answer(f, "202 Accepted");
    assert_int_equal(room_rig_expect_done(f->rig, 1, NULL).status, TEAL_STATUS_SENT);
}

static void only_the_recipients_own_peer_gets_it(void **state)
{
    fixture *f = *state;
    room_rig_order o = order_of(1);
    o.network = "other";
    room_rig_submit(f->rig, &o);
    teal_receipt receipt = room_rig_expect_done(f->rig, 1, NULL);
    assert_true(teal_bytes_equal(receipt.reason, teal_text("recipient-unroutable")));
    o = order_of(2);
    o.recipient = "sip:bob@elsewhere.example";
    room_rig_submit(f->rig, &o);
    receipt = room_rig_expect_done(f->rig, 2, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    assert_int_equal(receipt.level, TEAL_LEVEL_NONE);
    assert_false(readable(f->listener, 0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_plain_message_is_marked_and_says_its_level),
        TEST(each_answer_has_its_meaning),
        TEST(a_peer_that_dies_or_stalls_leaves_doubt),
        TEST(a_peer_that_is_not_there_defers),
        TEST(a_peer_that_says_later_is_asked_again),
        TEST(only_the_recipients_own_peer_gets_it),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
