/* A rest on a port of its own, without a store, with handlers for tests of the frame:
 *   GET /v1/names/{}  and POST /v1/names/{}/claim: {"parameter","method","q"?}, q from the query
 *   PUT /v1/names/{}  and POST /v1/echo: the body (text/x-echo; the latter application/json too)
 *   GET /v1/problem: 409 with an extra member
 *   GET /v1/hold: stands at the door with its worker, then 204
 *   GET /v1/wait/{}?ms=N: parks under {}; {"turn"} says how it came back
 *   GET /v1/race/{}: is woken between its ticket and its parking
 *   GET /v1/certified: {"wrong"?}: of the client's certificate for FIXTURE_DOMAIN */
#ifndef TEAL_TESTS_SUPPORT_REST_FIXTURE_H
#define TEAL_TESTS_SUPPORT_REST_FIXTURE_H

#include "gateway/edge/rest.h"
#include "tests/support/raw_http.h"

enum { FIXTURE_MAX_BODY = 1000 };
#define FIXTURE_DOMAIN "rcs.example"

extern rest *served;
extern uint16_t served_port;

/* Of the next fixture_serve: files, as in [tls]. */
void fixture_use_tls(char *certificate, char *key, char *client_ca);
void fixture_serve(uint32_t workers, uint32_t max_waiting, unsigned idle_s);
void fixture_stop(void);

/* The door is shut when serving starts. Parked calls of /v1/wait count as standing at it. */
void door_await(size_t standing);
void door_set(bool open);

void assert_member(json_t *o, const char *name, const char *value);
void assert_problem(const raw_answer *a, int status, const char *name, const char *requirement);
/* len times "x", until the next call. */
const char *fixture_text(size_t len);

#endif
