/* A job of the room's client: a frame's part of a transaction, and what is said after it. */
#ifndef TEAL_GATEWAY_CORE_ROOM_JOB_H
#define TEAL_GATEWAY_CORE_ROOM_JOB_H

#include "codecs/native/receipt.h"
#include "gateway/core/room_state.h"

typedef struct room_job {
    writer_job job;
    room_client *rc;
    store_result (*run)(struct room_job *j, store *s, teal_arena *scratch);
    uint64_t ref, number; /* of the frame; number: the room's own of its job, 0: none */
    uint8_t generation[ROOM_GENERATION_BYTES]; /* of the room when it said the frame */
    int64_t now_ms, due_ms;
    teal_bytes encoded;   /* a receipt, or an envelope */
    teal_receipt receipt; /* decoded and verified */
    teal_bytes *remote_ids;
    size_t n_remote_ids;
    struct room_letter *letter; /* room_inbound.c */
    bool says_go, says_taken, ends_entry;
    news news;
    teal_arena arena; /* what the job points to; freed with it */
} room_job;

/* With an arena of at least that many octets; the times and the generation are set. */
room_job *room_job_make(room_client *rc, uint64_t ref, size_t arena_bytes,
                        store_result (*run)(room_job *j, store *s, teal_arena *scratch));
void room_job_free(room_job *j);
/* Hands it to the writer, or drops it and asks the room to say everything again. */
void room_job_submit(room_job *j);

#endif
