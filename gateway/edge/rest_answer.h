/* What a handler answers, as data: JSON, bytes, problem documents (RFC 9457). Pure but for the
 * heap; knows nothing of connections. PROTOCOL.md REQ-REST-1. */
#ifndef TEAL_GATEWAY_EDGE_REST_ANSWER_H
#define TEAL_GATEWAY_EDGE_REST_ANSWER_H

#include "codecs/cursor.h"

#include <jansson.h>

typedef struct rest_answer {
    unsigned status;          /* 0: nothing was answered yet */
    const char *content_type; /* static text; NULL: no body */
    char *body;               /* from malloc; whoever sends it frees it */
    size_t len;
    char allow[64];                 /* 405: value of Allow */
    int64_t retry_after_s;          /* 0: not said */
    char rate_policy[48], rate[48]; /* RateLimit-Policy, RateLimit; "": not said */
    const char *accept_signature;   /* static text; NULL: not said */
    bool closes;                    /* the connection ends with this answer */
} rest_answer;

/* Each overwrites what was answered before. Where the heap is used up the answer is 503 without a
 * body. */
void rest_answer_json(rest_answer *a, unsigned status, json_t *body); /* takes the reference */
void rest_answer_bytes(rest_answer *a, unsigned status, const char *content_type, teal_bytes body);
void rest_answer_empty(rest_answer *a, unsigned status);
/* extra: members to add, may be NULL; takes the reference. */
void rest_answer_problem(rest_answer *a, unsigned status, const char *problem, const char *rule,
                         const char *remedy, json_t *extra);
/* Seconds are rounded up. */
void rest_answer_retry_after(rest_answer *a, int64_t retry_after_ms);
void rest_answer_clear(rest_answer *a);

#endif
