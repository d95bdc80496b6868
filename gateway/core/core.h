/* The edge's core: what happens to a message between its acceptance and its end. The edge's
 * handlers call it; it calls directory, store and links. Holds no plaintext and no key that opens
 * any. */
#ifndef TEAL_GATEWAY_CORE_CORE_H
#define TEAL_GATEWAY_CORE_CORE_H

#include "codecs/native/handle_proof.h"
#include "gateway/config.h"
#include "gateway/core/policy.h"
#include "gateway/directory/directory.h"
#include "gateway/directory/networks_change.h"
#include "gateway/keys.h"
#include "gateway/store/writer.h"

typedef struct core core;

/* room_fd: this end of the channel. Starts the delivery threads (one a network, as they come and
 * go; one for the room). What is borrowed outlives the core, and no network changes while it starts
 * or stops. */
typedef struct core_parts {
    const config *config;
    const keys_device *keys;
    teal_bytes gateway_manifest;
    networks *networks;
    writer *writer;
    directory *directory;
    int room_fd;
    int64_t drain_ms; /* how long core_stop waits for the ends of what the room is sending */
    void (*inbox_changed)(void *arg,
                          const uint8_t device[static TEAL_DEVICE_BYTES]); /* any thread */
    void *arg;
} core_parts;
core *core_start(const core_parts *parts);
/* Stops taking work, lets what is in hand come to a durable state, joins the threads. What leaves
 * below end-to-end encryption and has no end after drain_ms stays LEAVING. */
void core_stop(core **c);

typedef enum core_result {
    CORE_ACCEPTED,   /* *out says how */
    CORE_DUPLICATE,  /* seen before; *out says what was decided then */
    CORE_REFUSED,    /* *out->problem .. say why */
    CORE_OVERLOADED, /* nothing done; come back */
} core_result;

typedef struct core_fate {
    teal_bytes recipient;
    store_path path;
    teal_level level;
    store_state state;
    const char *code; /* refusals: "consent-missing", "recipient-unroutable", ...; else NULL */
} core_fate;

typedef struct core_stale {
    teal_bytes handle, manifest;
} core_stale;

typedef struct core_outcome {
    const char *problem; /* "consent-missing", ...: PROTOCOL.md section 9.1 */
    unsigned status;     /* HTTP's */
    const char *rule, *remedy;
    int64_t retry_after_ms;
    const core_fate *fates; /* of each recipient; refusals have a code */
    size_t n_fates;
    bool wrong_gateway_key;  /* consent-gateway-key: core_downgrade_key says which one to use */
    const core_stale *stale; /* keys-stale: current manifests */
    size_t n_stale;
} core_outcome;

/* Of one accepted message: what is to be written. */
typedef struct core_plan core_plan;

/* Checks (PROTOCOL.md 9.1, in that order) and decides. May ask peers; writes nothing. Worker
 * threads only; `reader` is the calling thread's own store handle; what *out points to lives in the
 * arena. *plan: of what is accepted; the caller gives it to core_commit. Else NULL. */
core_result core_submit(core *c, store *reader, const teal_envelope *e, int64_t now_ms,
                        teal_arena *arena, core_outcome *out, core_plan **plan);

/* CORE_ACCEPTED: it is durable. CORE_DUPLICATE: another submission of the message, or of its id,
 * was first; core_submit says which. CORE_OVERLOADED: nothing done. Must not block. */
typedef void core_committed(void *arg, core_result result);
/* Makes it durable, and takes the plan. Calls done once, from the writer's thread or from this one,
 * perhaps before it returns. */
void core_commit(core_plan *plan, core_committed *done, void *arg);

/* A device has these items: removes them, makes the message ARRIVED where it was the first. */
store_result core_acknowledge(core *c, const uint8_t device[static TEAL_DEVICE_BYTES],
                              const int64_t *seqs, size_t n, int64_t now_ms);

/* Removes a network that was added at run time, and ends what is under way to it. Suspended before
 * anything else, so it stays suspended where this is refused because the network is taking a
 * message just now. Blocks. */
networks_result core_remove_network(core *c, store *reader, teal_bytes name, int64_t now_ms,
                                    networks_refusal *why);

/* What the room says of a number. */
typedef enum core_proof_state {
    CORE_PROOF_SENT,    /* a code is on its way */
    CORE_PROOF_GIVEN,   /* it was the right one: `proof`, verified */
    CORE_PROOF_WRONG,   /* tries_left */
    CORE_PROOF_NO_CODE, /* none is waited for */
    CORE_PROOF_LIMITED, /* retry_after_ms */
    CORE_PROOF_NO_LINK, /* no SMS link; retry_after_ms > 0: not now */
    CORE_PROOF_REFUSED, /* not a number of ours */
} core_proof_state;
typedef struct core_proof {
    core_proof_state state;
    unsigned tries_left;
    int64_t retry_after_ms;
    teal_handle_proof proof;
} core_proof;
/* Asks the room to send a code to the number of `handle` (tel:, canonical), or (code not NULL) to
 * check the one that was typed. Blocks until the SMS centre has answered. False: overloaded, or no
 * answer in time. */
bool core_prove(core *c, teal_bytes handle, const uint8_t account_key[static TEAL_KEY_BYTES],
                const char *code, core_proof *out);

/* The room's downgrade key as encoded teal.v1.Prekey; false until the room has said it. */
bool core_downgrade_key(core *c, uint8_t *buf, size_t cap, size_t *len);

typedef enum core_rotation {
    CORE_ROTATED,
    CORE_ROTATION_TOO_SOON, /* REQ-KEY-4: the room keeps as many as it may */
    CORE_ROTATION_FAILED,   /* its disk did not take it; the old one goes on */
    CORE_ROTATION_NO_ROOM,  /* it has not started yet, or another rotation is under way */
    CORE_ROTATION_UNKNOWN,  /* it did not answer in time */
} core_rotation;
/* Has the room put another downgrade key in the place of the one in force. Blocks. */
core_rotation core_rotate_downgrade(core *c);

#endif
