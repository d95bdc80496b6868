/* Inside the room's client: what its two threads and the writer's share. The receiver takes frames,
 * checks them and makes jobs of them; the jobs run in the writer's thread; the sender says what
 * they led to, and submits what is due. */
#ifndef TEAL_GATEWAY_CORE_ROOM_STATE_H
#define TEAL_GATEWAY_CORE_ROOM_STATE_H

#include "gateway/channel.h"
#include "gateway/core/news.h"
#include "gateway/core/room_client.h"
#include "gateway/core/waker.h"

enum {
    ROOM_GENERATION_BYTES = 16,
    ROOM_KEY_BYTES = 256, /* an encoded prekey is shorter */
    ROOM_MAX_SMS_WINDOW = 256,
    ROOM_PLAIN_WINDOW = 4, /* of one peer: one that stalls must not take the room's slots */
    ROOM_RECALL_WINDOW = 64,
    ROOM_LANES = 2 + CONFIG_MAX_PEERS,
    ROOM_MAX_ENTRIES =
        ROOM_MAX_SMS_WINDOW + CONFIG_MAX_PEERS * ROOM_PLAIN_WINDOW + ROOM_RECALL_WINDOW,
};

/* A worker that waits for the room's word on a number. */
typedef struct room_proof {
    uint64_t ref; /* 0: free */
    bool done;
    core_proof answer;
} room_proof;
enum { ROOM_MAX_PROOFS = 2 }; /* each holds a worker while the SMS centre answers */

/* What waits for one link of the room. */
typedef struct room_lane {
    store_path path;
    teal_bytes network;
    bool recalls; /* what left under an earlier process of the room: its outcome is asked for */
    size_t window, in_flight;
    bool changed;            /* something may be due that was not seen yet */
    int64_t next_ms;         /* when the next is due; INT64_MAX: none that is known of */
    int64_t paused_until_ms; /* the room has said that the link takes nothing now */
} room_lane;

/* A Submit that has no end yet. */
typedef struct room_entry {
    int64_t delivery_id;
    uint16_t lane;
    bool leaving; /* Leaving was taken: what follows is the store's business */
} room_entry;

typedef struct room_answer {
    bool go; /* else Taken */
    uint64_t ref, job;
} room_answer;

typedef struct room_retired {
    uint8_t id[TEAL_GATEWAY_KEY_BYTES];
    int64_t until_ms;
} room_retired;

/* The downgrade key in force, as the room's device signed it, and those that consents may still be
 * sealed to. */
typedef struct room_keys {
    teal_prekey prekey;
    uint8_t encoded[ROOM_KEY_BYTES];
    size_t len;
    uint8_t id[TEAL_GATEWAY_KEY_BYTES];
    room_retired retired[KEY_MAX_DOWNGRADES];
    size_t n_retired;
} room_keys;

typedef struct room_rotation {
    pthread_cond_t changed;
    uint64_t ref; /* of the last that was asked for, by this process */
    bool running, answered;
    char reason[32];
} room_rotation;

struct room_client {
    core *c;
    int fd, stop_fd; /* stop_fd becomes readable when the threads have to stop */
    pthread_t receiver, sender;
    bool started;
    waker waker;            /* the sender's */
    pthread_mutex_t saying; /* one frame at a time, none that would block */

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t jobs_done;
    size_t n_jobs;
    bool gone;     /* there is no room, nor will there be */
    bool draining; /* nothing new leaves */
    bool greeted;  /* generation and key are known */
    uint8_t generation[ROOM_GENERATION_BYTES];
    room_keys keys;
    room_rotation rotation;
    int64_t hello_ms;            /* when to say EdgeHello; INT64_MAX: not */
    int64_t outstanding_after;   /* delivery whose Outstanding was said last; INT64_MAX: all were */
    room_lane lanes[ROOM_LANES]; /* SMS, plain of each peer, recalls */
    size_t n_lanes;
    room_entry entries[ROOM_MAX_ENTRIES];
    size_t n_entries;
    uint64_t epoch; /* grows when they are forgotten: what was looked up before is old */
    room_answer *answers;
    size_t n_answers, cap_answers;
    room_proof proofs[ROOM_MAX_PROOFS];
    uint64_t last_proof;
    pthread_cond_t proof_done;

    /* a thread's own */
    store *receiver_reader, *sender_reader;
    teal_arena receiver_arena, frame_arena, sender_arena;
    uint8_t *frame; /* CHANNEL_MAX_FRAME */
};

/* room_client.c: with the lock held. */
room_entry *room_find_entry(room_client *rc, int64_t delivery_id);
void room_end_entry(room_client *rc, int64_t delivery_id); /* there or not */
/* Forgets what is in flight: the room will say again what it remembers. */
void room_forget_entries(room_client *rc);

/* Sends a frame, never blocking longer than until the client has to stop. False: it has to, or the
 * room is gone. Any thread, without the lock. */
bool room_say(room_client *rc, const Teal__V1__RoomFrame *frame);

/* room_keys.c: what a frame says of the keys. False: not signed by the room's device, or malformed.
 */
typedef struct room_keys_said {
    ProtobufCBinaryData key;
    Teal__V1__RetiredKey *const *retired;
    size_t n_retired;
} room_keys_said;
bool room_keys_check(const core *c, const room_keys_said *said, room_keys *out, teal_diag *why);
void room_take_rotated(room_client *rc, const Teal__V1__Rotated *f);

/* The threads. */
void *room_receive_all(void *rc);
void *room_send_all(void *rc);

/* room_submit.c: for one delivery. False: our own store failed, try later. `lane` says whether it
 * is a recall. */
bool room_submit(room_client *rc, const store_delivery *d, bool recall);

/* room_jobs.c: make something durable for a frame; what it leads to is said after the commit. Views
 * are copied. */
void room_job_leaving(room_client *rc, const Teal__V1__Leaving *leaving);
void room_job_deferred(room_client *rc, const Teal__V1__Deferred *deferred, int64_t retry_after_ms);
void room_job_done(room_client *rc, const Teal__V1__Done *done);
void room_job_report(room_client *rc, const Teal__V1__Report *report);
/* room_inbound.c */
void room_job_inbound(room_client *rc, const Teal__V1__Inbound *inbound);
void room_answer_who_is(room_client *rc, const Teal__V1__WhoIs *who_is);
/* room_proofs.c */
void room_take_proof(room_client *rc, const Teal__V1__ProofAnswer *answer);

#endif
