/* The HTTP side of a sandbox peer, over libmicrohttpd and on loopback only. Each connection has a
 * thread of its own, so that a handler may wait; it must not wait for ever once it is told to stop.
 * Must never take in more than HTTP_MAX_BODY_BYTES of one request. */
#ifndef TEAL_TESTS_PEERS_HTTP_SERVER_H
#define TEAL_TESTS_PEERS_HTTP_SERVER_H

#include "gateway/http_message.h"

#include <jansson.h>

enum { HTTP_MAX_BODY_BYTES = 2 << 20 };

typedef struct http_server http_server;
typedef struct http_call http_call;

/* path: "/v1/directory/{}/claim", {} standing for anything; at most one. */
typedef struct http_route {
    const char *method, *path;
    void (*handle)(http_call *c, void *arg);
} http_route;

/* routes: to the first without a path; borrowed, as arg is, for the life of the server.
 * *port: 0 for any; what it is afterwards. NULL: it could not listen, and the log says why. */
http_server *http_server_start(uint16_t *port, const http_route *routes, void *arg);
/* Waits for the handlers that run. */
void http_server_stop(http_server **s);

/* What was asked. Views and strings live until the handler returns. */
teal_bytes http_parameter(const http_call *c); /* what stands for {}, percent-decoded */
teal_bytes http_body(const http_call *c);
const char *http_query(const http_call *c, const char *name);  /* NULL: not given */
const char *http_header(const http_call *c, const char *name); /* NULL: not given */
const http_message *http_message_of(http_call *c);             /* as signatures see it */

/* What is answered: one of these, once. json is taken over. */
void http_answer(http_call *c, unsigned status, json_t *json);
/* A problem document (RFC 9457). rule: "REQ-<AREA>-<n> what was broken". extra: more members of it,
 * taken over; may be NULL. 503 comes with Retry-After. */
void http_problem(http_call *c, unsigned status, const char *problem, const char *rule,
                  const char *remedy, json_t *extra);

#endif
