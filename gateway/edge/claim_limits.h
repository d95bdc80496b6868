/* How many one-time prekeys of one account are handed out, and to whom: so that nobody uses them up
 * for everybody else. REQ-PRE-8, -9. */
#ifndef TEAL_GATEWAY_EDGE_CLAIM_LIMITS_H
#define TEAL_GATEWAY_EDGE_CLAIM_LIMITS_H

#include "gateway/edge/rest.h"

typedef struct claim_limits claim_limits;

typedef enum claim_answer {
    CLAIM_ONE_TIME,
    CLAIM_LAST_RESORT, /* too many were claimed of this handle: one-time prekeys are spared */
    CLAIM_LATER,       /* this caller claims too many of this handle; it is answered */
} claim_answer;

claim_limits *claim_limits_open(void);
void claim_limits_close(claim_limits **l); /* NULL-safe */

/* Counts the claim of the handle in c->parameter. */
claim_answer claim_limits_take(claim_limits *l, rest_call *c);

#endif
