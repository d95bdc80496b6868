/* What is on its way out, or has just come to its end: one job for each Submit that passed the
 * room's check, until the edge has acknowledged how it ended. A table of fixed size. */
#ifndef TEAL_GATEWAY_PLAINTEXT_JOBS_H
#define TEAL_GATEWAY_PLAINTEXT_JOBS_H

#include "gateway/plaintext/evidence.h"
#include "gateway/plaintext/statement.h"

enum { JOBS_MAX = 4096 };

typedef enum job_state {
    JOB_ASKED,    /* Leaving is said; nothing leaves before Go */
    JOB_SENDING,  /* may leave, leaves, has left */
    JOB_ENDED,    /* Done is said */
    JOB_DEFERRED, /* taken back after Leaving: Deferred is said */
} job_state;

typedef enum job_part_state {
    PART_UNSENT = 0,
    PART_IN_FLIGHT,
    PART_ACCEPTED,
    PART_REFUSED,
    PART_LOST, /* the connection ended before the answer */
} job_part_state;

/* One segment; a plain message is one part. */
typedef struct job_part {
    job_part_state state;
    uint8_t id_len;
    char id[TEAL_SMPP_MAX_MESSAGE_ID + 1]; /* the centre's, NUL-terminated */
} job_part;

typedef struct job {
    struct job *next, *previous; /* in the list of its state; of no list when ENDED */
    struct job *chain;
    uint32_t slot;
    uint64_t ref;    /* the edge's */
    uint64_t number; /* the room's: told apart from an earlier job of the same ref */
    job_state state;
    uint8_t names[TEAL_MAX_ID_BYTES + 2 * TEAL_MAX_HANDLE_BYTES];
    statement_subject subject; /* views of names */
    uint8_t account_key[TEAL_KEY_BYTES];
    int64_t valid_until_ms; /* Unix time: of consent, message and gateway, the first */
    const char *lapse;      /* what it is called when that has passed */
    store_path path;
    teal_level level;
    const config_peer *peer;
    void *text;      /* the vault's: teal_segment[n_parts] or a CPIM message; NULL: gone */
    size_t text_len; /* CPIM */
    job_part *parts;
    size_t n_parts, n_in_flight;
    bool left;        /* octets of the text have left, whatever came of it */
    unsigned tries;   /* answers that said: not now */
    int64_t since_ms; /* clock: of this state */
    int64_t retry_ms; /* clock: not before */
    notice notice;
} job;

typedef struct jobs {
    job *slots[JOBS_MAX];
    uint32_t free_slots[JOBS_MAX];
    size_t n_free;
    job *chains[1024];
    job asked, sending, deferred; /* heads of rings, oldest first */
} jobs;

void jobs_open(jobs *js);
job *jobs_find(const jobs *js, uint64_t ref); /* NULL: none */
/* A new job, in no list. NULL: the table is full. */
job *jobs_make(jobs *js, uint64_t ref, uint64_t number);
/* Its notice is dropped and its text given back before. */
void jobs_free(jobs *js, job *j);
/* Moves it to the end of a list, or (NULL) out of all. */
void jobs_list(job *list, job *j);

/* What links and couriers hand back: names a part of a job that is in flight. */
uint64_t jobs_token(const job *j, size_t part);
job *jobs_of_token(const jobs *js, uint64_t token, size_t *part);

#endif
