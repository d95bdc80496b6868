/* The frame that speaks HTTP, so that handlers need not: routing, size limits, media types, problem
 * documents, parking. The only code that includes microhttpd.h is rest.c.
 * A request is read whole by libmicrohttpd's thread, parked, and handled by a worker, which may
 * block (on the store's commit, on a peer); its answer resumes the connection. */
#ifndef TEAL_GATEWAY_EDGE_REST_H
#define TEAL_GATEWAY_EDGE_REST_H

#include "codecs/arena.h"
#include "gateway/core/core.h"

#include <jansson.h>

typedef struct rest rest;
typedef struct rest_call rest_call;

/* What handlers work with; borrowed. */
typedef struct rest_services {
    const config *config;
    core *core;
    directory *directory;
    teal_bytes gateway_manifest;
    struct inbox_waiters *waiters; /* edge/inbox.h */
} rest_services;

struct rest_call {
    const rest_services *services;
    store *reader;     /* this worker's own */
    teal_arena *arena; /* this request's own, bounded */
    int64_t now_ms;
    const char *method;
    teal_bytes parameter;     /* what stood for {} in the route's path, percent-decoded */
    const char *content_type; /* lower case, without parameters; "" when there is none */
    teal_bytes body;          /* whole, within the route's max_body */
    void *connection;         /* rest.c's own */
};

/* Value of a query parameter, NULL when missing. */
const char *rest_query(rest_call *c, const char *name);

typedef enum rest_next { REST_ANSWERED, REST_PARKED } rest_next;

typedef struct rest_route {
    const char *method;
    const char *path; /* "/v1/directory/{}/claim": at most one {} */
    size_t max_body;
    const char *media_types; /* of the body, separated by spaces; NULL: no body is looked at */
    rest_next (*handle)(rest_call *c);
} rest_route;

/* Tables of the resources, a file each; ended by { 0 }. */
extern const rest_route messages_routes[], inbox_routes[], accounts_routes[], directory_routes[],
    translate_routes[], gateway_routes[], health_routes[];

/* Answers; each ends the call. Bodies are copied. */
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

/* Long poll: hands the call to whoever answers it later, from any thread, exactly once, by
 * rest_resume; returns REST_PARKED for the handler to return. */
typedef struct rest_parked rest_parked;
rest_parked *rest_park(rest_call *c);
/* Runs `handle` for it in a worker, with a fresh rest_call. */
void rest_resume(rest_parked *p);

rest *rest_start(const rest_services *services, FILE *errors); /* NULL: a line on errors */
/* Refuses new connections, answers what is in hand, then stops. */
void rest_stop(rest **r);

#endif
