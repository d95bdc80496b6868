/* Codes by SMS that prove who is reached at a number. The room makes them, keeps their hashes, and
 * alone decides: the edge, which faces the network, learns a code only when its owner types it.
 * PROTOCOL.md REQ-PRF-*. */
#ifndef TEAL_GATEWAY_PLAINTEXT_PROOFS_H
#define TEAL_GATEWAY_PLAINTEXT_PROOFS_H

#include "gateway/plaintext/state.h"

enum {
    PROOFS_TRIES = 3,
    PROOFS_A_DAY = 3,                 /* codes for one number */
    PROOFS_AN_HOUR = 500,             /* codes for all numbers */
    PROOFS_MAX = 24 * PROOFS_AN_HOUR, /* all of a day */
    PROOFS_LIFE_MS = 600000,          /* of a code */
    PROOFS_VALID_MS = 3600000         /* of the statement, until a manifest has to have come */
};

/* Of the tokens that the SMS link hands back these are proofs' own. */
#define PROOFS_TOKEN (UINT64_C(1) << 63)

struct proofs *proofs_open(void);
void proofs_close(room *r); /* wipes */

void proofs_ask(room *r, const Teal__V1__ProveNumber *ask);
void proofs_check(room *r, const Teal__V1__CheckCode *check);

/* smpp_link_events, for tokens with PROOFS_TOKEN. */
void proofs_answered(room *r, uint64_t token, uint32_t status);
void proofs_lost(room *r, uint64_t token);

#endif
