/* The room's set-up and its one loop: edge, SMS link, couriers, clock. */
#include "gateway/plaintext/room.h"

#include "gateway/clock.h"
#include "gateway/exit_status.h"
#include "gateway/plaintext/inbound.h"
#include "gateway/plaintext/outbound.h"
#include "gateway/plaintext/proofs.h"
#include "gateway/plaintext/reports.h"
#include "gateway/plaintext/rotation.h"
#include "gateway/plaintext/sms_leg.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    FRAME_ARENA_BYTES = 1 << 20, /* a decoded frame: copies, and a pointer for each element */
    FRAMES_A_TURN = 64,          /* of the edge, before the links get their turn */
    TURN_MAX_MS = 250,           /* between two looks at what only time decides */
    DRAIN_MS = 5000,             /* after SIGTERM, for what has left to come to its end */
    MAX_PINS = 65536,
    MAX_GRANTS = 65536,
};

uint64_t room_new_ref(room *r)
{
    r->next_ref = (r->next_ref + 1) | ROOM_REF_BIT;
    return r->next_ref;
}

static void look_at_clocks(room *r)
{
    r->now_ms = clock_unix_ms();
    r->clock_ms = clock_monotonic_ms();
}

/* Nothing of this process may reach a disk: no core file, no other process that reads its memory,
 * no swap where the system lets us say so. */
static void seal_process(void)
{
    struct rlimit none = { 0, 0 }, locked;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    if (getrlimit(RLIMIT_MEMLOCK, &locked) != 0)
        return;
    /* With a limit, locking everything to come would make allocations fail; the guarded memory
     * that holds texts and keys is locked by itself. */
    if (locked.rlim_cur == RLIM_INFINITY && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
        log_event(LOG_WARN, "room.memory_not_locked", "error", strerrorname_np(errno), NULL);
}

static void on_bound(void *arg)
{
    (void)arg;
}

static void on_unbound(void *arg)
{
    outbound_link_down(arg);
}

static void on_answered(void *arg, uint64_t token, uint32_t status, teal_bytes id)
{
    if ((token & PROOFS_TOKEN) != 0)
        proofs_answered(arg, token, status);
    else
        sms_leg_answered(arg, token, status, id);
}

static void on_lost(void *arg, uint64_t token)
{
    if ((token & PROOFS_TOKEN) != 0)
        proofs_lost(arg, token);
    else
        sms_leg_lost(arg, token);
}

static void open_link(room *r)
{
    const config *c = r->config;
    smpp_link_options options = { .host = c->sms_host,
                                  .port = c->sms_port,
                                  .system_id = c->sms_system_id,
                                  .password = c->sms_password,
                                  .system_type = c->sms_system_type,
                                  .window = c->sms_window,
                                  .enquire_ms = c->sms_enquire_ms,
                                  .response_ms = c->sms_response_ms,
                                  .reconnect_first_ms = c->sms_reconnect_ms };
    smpp_link_events events = { .arg = r,
                                .bound = on_bound,
                                .answered = on_answered,
                                .lost = on_lost,
                                .delivered = inbound_delivered,
                                .unbound = on_unbound };
    if (c->sms_host != NULL)
        r->link = smpp_link_open(&options, &events, r->clock_ms);
}

/* What the room says first, and whenever the edge has started. */
typedef struct hello {
    uint8_t generation[16];
    rotation_news keys;
    Teal__V1__RoomHello content;
    Teal__V1__RoomFrame frame;
} hello;

static const Teal__V1__RoomFrame *fill_hello(const room *r, hello *h)
{
    rotation_tell(r, &h->keys);
    h->content = (Teal__V1__RoomHello)TEAL__V1__ROOM_HELLO__INIT;
    h->content.generation = (ProtobufCBinaryData){ sizeof h->generation, h->generation };
    h->content.downgrade_key = (ProtobufCBinaryData){ h->keys.key_len, h->keys.key };
    h->content.retired = h->keys.list;
    h->content.n_retired = h->keys.n_retired;
    h->frame = (Teal__V1__RoomFrame)TEAL__V1__ROOM_FRAME__INIT;
    h->frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO;
    h->frame.room_hello = &h->content;
    return &h->frame;
}

static void on_taken(room *r, const Teal__V1__Taken *taken)
{
    if ((taken->ref & ROOM_REF_BIT) == 0)
        outbound_taken(r, taken);
    else if (!reports_taken(r, taken->ref))
        inbound_taken(r, taken->ref);
}

static void on_frame(room *r, hello *h, const Teal__V1__RoomFrame *f)
{
    switch (f->frame_case) {
    case TEAL__V1__ROOM_FRAME__FRAME_EDGE_HELLO:
        outbound_forget_waiting(r);
        notices_again(&r->notices, fill_hello(r, h));
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_SUBMIT:
        outbound_submit(r, f->submit);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_GO:
        outbound_go(r, f->go);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_TAKEN:
        on_taken(r, f->taken);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER:
        inbound_who_is_answer(r, f->who_is_answer);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_OUTSTANDING:
        reports_outstanding(r, f->outstanding);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_ROTATE_DOWNGRADE:
        rotation_asked(r, f->rotate_downgrade->ref);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_PROVE_NUMBER:
        proofs_ask(r, f->prove_number);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_CHECK_CODE:
        proofs_check(r, f->check_code);
        return;
    case TEAL__V1__ROOM_FRAME__FRAME_PROOF_ANSWER:
    case TEAL__V1__ROOM_FRAME__FRAME__NOT_SET:
    case TEAL__V1__ROOM_FRAME__FRAME_ROTATED:
    case TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO:
    case TEAL__V1__ROOM_FRAME__FRAME_LEAVING:
    case TEAL__V1__ROOM_FRAME__FRAME_DEFERRED:
    case TEAL__V1__ROOM_FRAME__FRAME_DONE:
    case TEAL__V1__ROOM_FRAME__FRAME_REPORT:
    case TEAL__V1__ROOM_FRAME__FRAME_WHO_IS:
    case TEAL__V1__ROOM_FRAME__FRAME_INBOUND:
    case _TEAL__V1__ROOM_FRAME__FRAME__CASE_IS_INT_SIZE:
        break;
    }
    log_event(LOG_ERROR, "room.frame_unexpected", NULL);
}

/* Where frames are received. */
typedef struct mailbox {
    uint8_t buf[CHANNEL_MAX_FRAME];
    uint8_t arena[FRAME_ARENA_BYTES];
} mailbox;

/* False: there is no edge any more, nor will there be. */
static bool receive(room *r, hello *h, mailbox *m)
{
    teal_arena arena = { m->arena, sizeof m->arena, 0 };
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        Teal__V1__RoomFrame *frame;
        int got = channel_receive(r->notices.fd, 0, m->buf, &arena, &frame);
        if (got <= 0)
            return got == 0;
        on_frame(r, h, frame);
    }
    return true;
}

static int timeout_of(const room *r)
{
    int64_t due = outbound_due_ms(r);
    if (r->link != NULL && smpp_link_due_ms(r->link) < due)
        due = smpp_link_due_ms(r->link);
    if (due - r->clock_ms >= TURN_MAX_MS)
        return TURN_MAX_MS;
    return due <= r->clock_ms ? 0 : (int)(due - r->clock_ms);
}

static bool take_turn(room *r, hello *h, mailbox *m, int signals)
{
    enum { EDGE, SIGNALS, COURIER, LINK, N };
    struct pollfd p[N] = {
        [EDGE] = { .fd = r->notices.fd, .events = POLLIN },
        [SIGNALS] = { .fd = signals, .events = POLLIN },
        [COURIER] = { .fd = courier_fd(r->outbound->courier), .events = POLLIN },
        [LINK] = { .fd = -1 },
    };
    if (notices_wait(&r->notices))
        p[EDGE].events = POLLIN | POLLOUT;
    if (r->link != NULL)
        smpp_link_poll(r->link, &p[LINK]);
    if (poll(p, N, timeout_of(r)) < 0 && errno != EINTR)
        bug("poll");
    look_at_clocks(r);
    if (p[SIGNALS].revents != 0)
        r->stopping = true;
    if (r->link != NULL)
        smpp_link_run(r->link, p[LINK].revents, r->clock_ms);
    bool edge = receive(r, h, m);
    outbound_run(r);
    inbound_run(r);
    reports_run(r);
    rotation_run(r);
    if (r->link != NULL)
        smpp_link_flush(r->link);
    return notices_flush(&r->notices) && edge;
}

/* Until SIGTERM, and then until what has left has come to its end or DRAIN_MS are over. */
static int run(room *r, hello *h, mailbox *m, int signals)
{
    int64_t end_ms = INT64_MAX;
    notices_tell(&r->notices, fill_hello(r, h));
    while (r->clock_ms < end_ms && !(r->stopping && outbound_is_idle(r))) {
        if (!take_turn(r, h, m, signals)) {
            log_event(LOG_ERROR, "room.edge_gone", NULL);
            return EXIT_FAILED;
        }
        if (r->stopping && end_ms == INT64_MAX) {
            log_event(LOG_INFO, "room.stopping", NULL);
            end_ms = r->clock_ms + DRAIN_MS;
        }
    }
    return EXIT_STOPPED;
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) /* couriers' threads inherit it */
        bug("signal mask");
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        bug("no signalfd");
    return fd;
}

int room_main(const config *c, int edge_fd, const sealed_key *lock)
{
    room r = { .config = c, .lock = lock };
    hello h;
    if (sodium_init() < 0)
        bug("libsodium does not start");
    seal_process();
    keys_room *keys = keys_load_room(c, lock, stderr);
    if (keys == NULL)
        return EXIT_CONFIGURATION;
    mailbox *m = malloc(sizeof *m);
    if (m == NULL)
        bug("out of memory");
    int signals = open_signals();
    r.keys = keys;
    randombytes_buf(&r.next_ref, sizeof r.next_ref); /* an acknowledgement of an earlier process */
    look_at_clocks(&r);
    r.started_ms = r.clock_ms;
    notices_open(&r.notices, edge_fd);
    r.pins = pins_open(MAX_PINS);
    r.granted = granted_open(MAX_GRANTS);
    r.verified = verified_open();
    r.reports = reports_open();
    r.proofs = proofs_open();
    r.inbound = inbound_open();
    r.outbound = outbound_open(c, r.keys);
    randombytes_buf(h.generation, sizeof h.generation);
    open_link(&r);
    log_event(LOG_INFO, "room.started", NULL);

    int status = run(&r, &h, m, signals);

    smpp_link_close(&r.link);
    outbound_close(&r);
    inbound_close(&r);
    proofs_close(&r);
    reports_close(&r);
    granted_close(&r.granted);
    pins_close(&r.pins);
    verified_close(&r.verified);
    notices_close(&r.notices);
    close(signals);
    free(m);
    keys_free_room(&keys);
    return status;
}
