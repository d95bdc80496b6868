/* A plaintext room in a process of its own, with the test as its edge and as its SMS centre. */
#ifndef TEAL_TESTS_SUPPORT_ROOM_RIG_H
#define TEAL_TESTS_SUPPORT_ROOM_RIG_H

#include "codecs/native/receipt.h"
#include "gateway/channel.h"
#include "gateway/config.h"

#include "tests/support/centre.h"
#include "tests/support/devices.h"
#include "tests/support/folder.h"

#include <sys/types.h>

#define RIG_SENDER    "im:alice@native.example"
#define RIG_RECIPIENT "tel:+447700900123"
#define RIG_GATEWAY   "im:gateway@native.example"

enum { RIG_ACCOUNT = 1, RIG_DEVICE = 10, RIG_ARENA = 1 << 20 };

enum { RIG_JOBS = 1024 };
typedef struct room_rig_job {
    uint64_t ref, job;
} room_rig_job;

typedef struct room_rig {
    folder folder;
    config *config;
    int edge_fd, room_fd; /* both ends are kept open, as the supervisor does */
    pid_t room;
    centre centre;
    uint8_t gateway_key[32]; /* the room's device, from the gateway's manifest */
    uint8_t gateway_device[16];
    uint8_t downgrade_pk[32]; /* from RoomHello */
    uint8_t generation[16];
    uint8_t buf[CHANNEL_MAX_FRAME], frame_memory[RIG_ARENA], memory[RIG_ARENA];
    room_rig_job jobs[RIG_JOBS]; /* as the room last named them */
    size_t n_jobs;
    Teal__V1__Submit submitted; /* the last Submit; of the arena */
    teal_arena frames, arena;   /* arena: the rest of what a test needs; reset by room_rig_submit */
} room_rig;

/* extra: lines that are added to the configuration, may be "". Starts the room, takes its RoomHello
 * and, unless `unbound`, the bind of its link. */
room_rig *room_rig_start(const char *extra, bool unbound);
/* Asks the room to stop, fails the test unless it ends well. */
void room_rig_stop(room_rig **r);
/* Kills the room and starts another at the same channel. */
void room_rig_restart(room_rig *r);

void room_rig_send(room_rig *r, const Teal__V1__RoomFrame *frame);
/* Of the job that the room named last for that ref. */
void room_rig_go(room_rig *r, uint64_t ref);
void room_rig_taken(room_rig *r, uint64_t ref);
uint64_t room_rig_job_of(const room_rig *r, uint64_t ref); /* 0: none */
void room_rig_go_of(room_rig *r, uint64_t ref, uint64_t job);
void room_rig_edge_hello(room_rig *r);

/* The next frame of the room, until the next call; NULL: none came in time. */
const Teal__V1__RoomFrame *room_rig_next(room_rig *r);
/* The same; fails the test unless it is of that case. */
const Teal__V1__RoomFrame *room_rig_expect(room_rig *r, Teal__V1__RoomFrame__FrameCase which);
void room_rig_expect_leaving(room_rig *r, uint64_t ref);
/* reason: NULL for any. */
void room_rig_expect_deferred(room_rig *r, uint64_t ref, const char *reason);
/* Done or Report, its receipt verified and about RIG_SENDER. *frame may be NULL. */
teal_receipt room_rig_expect_done(room_rig *r, uint64_t ref, const Teal__V1__Done **done);
teal_receipt room_rig_expect_report(room_rig *r, uint64_t *ref);
/* Says EdgeHello: when RoomHello is here, the room has dealt with all that was sent before. */
void room_rig_sync(room_rig *r);

/* A message that its sender wants delivered below end-to-end encryption, and how the test spoils
 * it. Zero values are what a good one has. */
typedef struct room_rig_order {
    uint64_t ref;
    const char *message_id;     /* NULL: "M" and the ref */
    const char *text;           /* NULL: "hello" */
    const char *recipient;      /* NULL: RIG_RECIPIENT; of the Submit */
    const char *to;             /* NULL: recipient; of the envelope */
    const char *path, *network; /* NULL: "sms", "" */
    teal_level floor;           /* 0: PLAINTEXT */
    teal_kind kind;             /* 0: MESSAGE */
    teal_when when;             /* 0: NO_BETTER_PATH */
    uint64_t failed_after_ms, failing_for_ms;
    int64_t consent_ms; /* from now; 0: an hour */
    int64_t message_ms; /* likewise; 0: does not expire */
    bool no_consent, no_fallback, other_gateway_key, e2ee_before, left_before;
    bool empty_fallback_seal;    /* sealed to the right key, but not what it should be */
    uint64_t account, device;    /* 0: RIG_ACCOUNT, RIG_DEVICE */
    uint64_t manifest_device;    /* 0: device; what the manifest names */
    const char *manifest_handle; /* NULL: RIG_SENDER */
    bool spoil_signature, spoil_manifest, spoil_hash, spoil_fallback, with_origin;
} room_rig_order;

/* Says Submit. */
void room_rig_submit(room_rig *r, const room_rig_order *o);
/* Says the last Submit again: the same message, under another ref. */
void room_rig_submit_again(room_rig *r, uint64_t ref);
/* Submit, Leaving, Go. */
void room_rig_submit_and_go(room_rig *r, const room_rig_order *o);
/* The same, submit_sm answered with `id`, Done: SENT, Taken. */
void room_rig_send_one(room_rig *r, const room_rig_order *o, const char *id);
/* Fails the test unless all that the centre was sent has been read. */
void room_rig_expect_nothing(room_rig *r);
/* So many letters; until the next call. */
const char *room_rig_long_text(size_t len);

#endif
