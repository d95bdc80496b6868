/* The frame that speaks HTTP, so that handlers need not: routing, size limits, media types, problem
 * documents, parking. Only rest.c and rest_fields.c include microhttpd.h.
 * A request is read whole by libmicrohttpd's thread, suspended, and handled by a worker, which may
 * block (on a peer); its answer resumes the connection. */
#ifndef TEAL_GATEWAY_EDGE_REST_H
#define TEAL_GATEWAY_EDGE_REST_H

#include "codecs/arena.h"
#include "gateway/core/core.h"
#include "gateway/directory/lookup_log.h"
#include "gateway/edge/authority.h"
#include "gateway/edge/caller.h"
#include "gateway/edge/nonces.h"
#include "gateway/edge/rest_answer.h"
#include "gateway/ledger/ledger.h"
#include "gateway/operators.h"

enum {
    REST_ARENA_BYTES = 32 << 20, /* one for each worker; touched only as far as it is needed */
    REST_BODY_BUDGET_BYTES = 64 << 20, /* of all bodies in memory at once: over it 503 */
    REST_KEY_BYTES = 16,               /* what parked calls are woken by */
};

typedef struct rest rest;
typedef struct rest_request rest_request;

/* What handlers work with; borrowed. */
typedef struct rest_services {
    const config *config;
    core *core;
    networks *networks;
    writer *writer;
    directory *directory;
    lookup_log *lookups;
    struct claim_limits *claims;
    ledger *key_log;
    nonces *nonces;
    operators *operators;
    const authorities *authorities;
    teal_bytes gateway_manifest;
    unsigned idle_s; /* a connection that moves nothing for so long is closed; 0: 30 */
} rest_services;

typedef enum rest_turn {
    REST_FIRST,     /* the handler has not seen this call before */
    REST_WOKEN,     /* it was parked, and its key was woken */
    REST_TIMED_OUT, /* it was parked, and its time is over: it must answer now */
} rest_turn;

typedef struct rest_call {
    const rest_services *services;
    store *reader;     /* this worker's own */
    teal_arena *arena; /* this request's own, bounded; what it holds is gone after parking */
    const struct sockaddr *remote; /* where the request comes from */
    const caller *caller;          /* never NULL */
    int64_t now_ms;
    rest_turn turn;
    const char *method;       /* of the route: GET for HEAD too */
    teal_bytes parameter;     /* what stood for {} in the route's path, percent-decoded, no NUL */
    const char *content_type; /* lower case, without parameters; "" when there is none */
    teal_bytes body;          /* whole, within the route's max_body */
    rest_answer *answer;
    rest_request *request; /* rest.c's own */
} rest_call;

/* Value of a query parameter, percent-decoded, in the arena; NULL when it is missing. One that does
 * not decode, or holds NUL, is "", which no parameter takes. */
const char *rest_query(rest_call *c, const char *name);
/* Value of a header field; NULL when it is missing. */
const char *rest_header(rest_call *c, const char *name);

typedef enum rest_next {
    REST_ANSWERED,
    REST_PARKED,
    REST_PENDING, /* answered, but not to be sent before rest_settle says so */
} rest_next;

typedef struct rest_route {
    const char *method; /* GET is HEAD as well */
    const char *path;   /* "/v1/directory/{}/claim": at most one {}, a whole segment */
    size_t max_body;
    const char
        *media_types; /* of the body, separated by spaces; NULL: any, which nobody looks at */
    unsigned callers; /* caller_role of all that it is for; with ANYBODY it is for everybody */
    rest_next (*handle)(rest_call *c);
} rest_route;

/* Tables of the resources, a file each; ended by { 0 }. */
extern const rest_route messages_routes[], inbox_routes[], accounts_routes[], directory_routes[],
    devices_routes[], text_forwarding_routes[], proof_routes[], translate_routes[],
    gateway_routes[], key_log_routes[], health_routes[], disclosure_routes[], pins_routes[],
    networks_routes[];

/* Answers, as in rest_answer.h; each ends the call. Bodies are copied. */
rest_next rest_json(rest_call *c, unsigned status, json_t *body); /* takes the reference */
rest_next rest_bytes(rest_call *c, unsigned status, const char *content_type, teal_bytes body);
rest_next rest_empty(rest_call *c, unsigned status);
/* problem: "keys-stale". rule: "REQ-MSG-9 what was broken". extra: members to add, may be NULL,
 * takes the reference. */
rest_next rest_problem(rest_call *c, unsigned status, const char *problem, const char *rule,
                       const char *remedy, json_t *extra);
/* With Retry-After, in seconds rounded up. */
rest_next rest_later(rest_call *c, unsigned status, const char *problem, const char *rule,
                     const char *remedy, int64_t retry_after_ms);

/* Long poll. A handler takes the ticket, then looks; where it finds nothing it returns rest_park:
 * it is run again when the key is woken, or was since the ticket, or after wait_ms. Parked again,
 * the first wait_ms counts. */
uint64_t rest_ticket(rest_call *c, const uint8_t key[static REST_KEY_BYTES]);
rest_next rest_park(rest_call *c, const uint8_t key[static REST_KEY_BYTES], uint64_t ticket,
                    int64_t wait_ms);

/* For an answer that is true only once something else has happened, like a commit: the handler
 * answers, calls rest_pend, hands the request to whoever will know, and returns REST_PENDING
 * without touching the call again. */
rest_request *rest_pend(rest_call *c);
typedef enum rest_verdict {
    REST_SEND,       /* it is true */
    REST_RUN_AGAIN,  /* it is not: the handler is run once more */
    REST_OVERLOADED, /* it is not: 503 in its place */
} rest_verdict;
/* Once for each request that pends, perhaps before its handler returns. Any thread. */
void rest_settle(rest_request *q, rest_verdict v);

/* What is wrong with the certificate that the caller's connection came with, where it must be of a
 * network with these domains, as "REQ-TLS-4 ..."; NULL: nothing, or [tls] client_ca is not set. */
const char *rest_client_wrong(rest_call *c, const config_list *domains);

/* Binds to config's listen_host and listen_port, 0 for any; under TLS where config has [tls]. c
 * outlives the rest. NULL: a line on errors. */
rest *rest_open(const config *c, FILE *errors);
uint16_t rest_port(const rest *r);
/* Reads the certificates again. Any thread. */
void rest_reload(rest *r);
/* Runs the handlers of the calls that are parked under the key. Any thread; from rest_open on. */
void rest_wake(rest *r, const uint8_t key[static REST_KEY_BYTES]);

/* Starts config's workers, each with its own handle of `back_end`, and serves.
 * tables: ended by NULL; they and services outlive rest_stop. False: a line on errors. */
bool rest_start(rest *r, const rest_services *services, const store_ops *back_end,
                const rest_route *const *tables, FILE *errors);
/* Refuses new connections, answers what is in hand, then stops. */
void rest_stop(rest *r);
/* NULL-safe; clears *r. Nobody calls rest_wake any more. */
void rest_close(rest **r);

#endif
