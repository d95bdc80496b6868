/* Attempts to bring messages to a peer by rcs, and what comes of each: SENT, an end with a receipt,
 * a later attempt, or the path that the sender consented to for when this one fails. */
#ifndef TEAL_GATEWAY_CORE_ATTEMPT_H
#define TEAL_GATEWAY_CORE_ATTEMPT_H

#include "gateway/core/core.h"
#include "gateway/links/rcs_http.h"

/* A peer, as its queue sees it. */
typedef struct attempt_peer {
    core *c;
    const networks_view *view;   /* the newest when this turn began */
    const bridged_network *peer; /* in it */
    store *reader;
    rcs_http *link;
    unsigned failures;       /* in a row, of the peer rather than of a message */
    int64_t paused_until_ms; /* nothing is tried before */
} attempt_peer;

typedef enum attempt_end {
    ATTEMPT_SENT,
    ATTEMPT_REFUSED, /* by the peer, who has seen it */
    ATTEMPT_STALE,   /* before the peer has seen it */
    ATTEMPT_WAITS,   /* d holds what the store is to remember: times, or another path */
} attempt_end;

typedef struct attempt {
    store_delivery d;
    attempt_end end;
    bool posted;
    const char *reason; /* of REFUSED, STALE */
} attempt;

/* Tries one that is due, whose d is set; fills the rest. While the peer is paused it is not tried,
 * and counts as failing all the same: that is what the pause says. Uses what is left of the arena;
 * what the result points to was there before. */
void attempt_make(attempt_peer *p, attempt *a, int64_t now_ms, teal_arena *arena);

/* Makes durable what came of them, and tells. */
store_result attempt_settle(attempt_peer *p, const attempt *all, size_t n, int64_t now_ms);

/* The pause before attempt number n + 1 (n from 0): doubled each time, up to the configured most,
 * less up to a half at random, so that those who failed together do not come back together. */
int64_t attempt_pause_ms(const config *c, unsigned n);

/* After a POST: pauses the peer, or not. */
void attempt_judge_peer(attempt_peer *p, const rcs_http_answer *answer, int64_t now_ms);

#endif
