/* The core over a real store, writer and directory in a temporary folder, between a scripted peer
 * network and a test that plays the plaintext room on the other end of the channel.
 *
 * Who there is: alice (devices 11, 12) and bob (21, 22) at native.example, rita (31, 32) and rob
 * (41) at rcs.example (peer `rcs`), olga (51) at other.example (peer `other`); paul at rcs.example
 * has no end-to-end encryption; every tel: number is reached by SMS; tel:+4930* numbers are native,
 * and bob's too is one. */
#ifndef TEAL_TESTS_SUPPORT_CORE_RIG_H
#define TEAL_TESTS_SUPPORT_CORE_RIG_H

#include "codecs/native/receipt.h"
#include "gateway/channel.h"
#include "gateway/core/core.h"
#include "tests/support/devices.h"
#include "tests/support/folder.h"
#include "tests/support/scripted_peer.h"

#include <pthread.h>

#define ALICE   "im:alice@native.example"
#define BOB     "im:bob@native.example"
#define BOB_TEL "tel:+493012345"
#define RITA    "sip:rita@rcs.example"
#define ROB     "sip:rob@rcs.example"
#define PAUL    "sip:paul@rcs.example"
#define OLGA    "sip:olga@other.example"
#define PHONE   "tel:+14155550100"
#define GATEWAY "im:gateway@native.example"

enum { RIG_EDGE = 91, RIG_ROOM = 92, RIG_MAX_TO = 4, RIG_MAX_KEYS = 8, RIG_JOB = 1000 };

typedef struct core_rig {
    folder where;
    char url[128], peer_urls[2][64];
    config config;
    keys_device keys;
    test_device room; /* the device `plaintext` */
    teal_arena arena; /* for what a test builds and reads */
    teal_bytes manifest;
    scripted_peer *peer, *other;
    networks *networks;
    writer *writer;
    directory *directory;
    store *reader;
    int64_t drain_ms; /* of cores that are started from now on */
    core *core;
    int fds[2]; /* the core's end, the room's */
    uint8_t *frame;
    teal_arena frame_arena;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n_changed; /* calls of inbox_changed */
} core_rig;

/* For cmocka: everything but the core. */
int rig_open(void **state);
int rig_close(void **state);
/* Starts the core and, where a generation is given (not 0), answers its EdgeHello. */
void rig_start(core_rig *r, uint8_t generation);
void rig_stop(core_rig *r);

/* A message to be sealed, signed and submitted. Zeros are a plain MESSAGE sent now by alice's
 * device 11, without consent. */
typedef struct rig_letter {
    const char *id, *conversation, *sender;
    uint64_t device;
    const char *to[RIG_MAX_TO];  /* up to the first NULL */
    uint64_t keys[RIG_MAX_KEYS]; /* devices, up to the first 0 */
    teal_kind kind;
    int64_t sent_at_ms, expires_at_ms;
    bool consents, accepts_loss, without_fallback, other_gateway_key;
    teal_level floor;                               /* PLAINTEXT */
    teal_when when;                                 /* NO_BETTER_PATH */
    int64_t failed_after_ms, consent_expires_at_ms; /* the latter: in an hour */
    uint8_t change; /* added to the content, so that it is another message */
} rig_letter;

/* In the rig's arena. */
teal_envelope *rig_seal(core_rig *r, const rig_letter *l);
core_result rig_submit(core_rig *r, const teal_envelope *e, core_outcome *out);
/* What the edge does with a message: submits and commits, anew where another one was first. Any
 * thread, with its own reader and arena. */
core_result rig_submit_at(core_rig *r, store *reader, const teal_envelope *e, int64_t now_ms,
                          teal_arena *arena, core_outcome *out);
/* Seals, submits while it has not expired yet, fails the test unless it is accepted; the envelope.
 */
teal_envelope *rig_accept(core_rig *r, const rig_letter *l);

/* ---- the store ---- */

/* The only delivery (or number i) of that message of alice's device 11, as it is now. */
store_delivery rig_delivery(core_rig *r, const char *id, size_t i);
bool rig_is_in_state(core_rig *r, const char *id, size_t i, store_state state);
bool rig_has_fallback(core_rig *r, const char *id);
/* What waits for a device, oldest first; from the rig's arena. */
size_t rig_items(core_rig *r, uint64_t device, store_item *out, size_t max);
/* Waits for n receipts about that message of a native sender (fails the test after 30 s); the last,
 * decoded, verified against edge or room. */
teal_receipt rig_await_receipt(core_rig *r, const char *id, size_t n);

/* ---- the room ---- */

/* The next frame that the core says; fails the test if it is of another kind. */
Teal__V1__RoomFrame *rig_expect(core_rig *r, Teal__V1__RoomFrame__FrameCase kind);
void rig_expect_silence(core_rig *r);
void rig_say(core_rig *r, Teal__V1__RoomFrame__FrameCase kind, void *content);
void rig_say_hello(core_rig *r, uint8_t generation);
void rig_say_leaving(core_rig *r, uint64_t ref);
void rig_say_deferred(core_rig *r, uint64_t ref, const char *reason, uint64_t retry_after_ms);
void rig_expect_go(core_rig *r, uint64_t ref);
void rig_expect_taken(core_rig *r, uint64_t ref);
/* Of a Done: it names the job that it answers. */
void rig_expect_taken_done(core_rig *r, uint64_t ref);

/* A receipt about what a Submit asks for, signed by the room. */
typedef struct rig_statement {
    teal_status status;
    bool left; /* at the level of the Submit's path */
    const char *reason;
} rig_statement;
teal_receipt rig_receipt(core_rig *r, const Teal__V1__Submit *s, rig_statement statement);
void rig_sign(core_rig *r, teal_receipt *receipt);
/* remote_id NULL: none. */
void rig_say_done(core_rig *r, uint64_t ref, const teal_receipt *receipt, const char *remote_id);
void rig_say_report(core_rig *r, uint64_t ref, const teal_receipt *receipt);

#endif
