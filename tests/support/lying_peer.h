/* A network that answers what the test tells it to, or nothing. One thread; every answer closes its
 * connection. */
#ifndef TEAL_TESTS_SUPPORT_LYING_PEER_H
#define TEAL_TESTS_SUPPORT_LYING_PEER_H

#include <stddef.h>
#include <stdint.h>

typedef struct lying_peer lying_peer;

/* Fails the test where it cannot. It answers 404 until it is told otherwise. */
lying_peer *lying_peer_start(void);
void lying_peer_stop(lying_peer **p);
uint16_t lying_peer_port(const lying_peer *p);

/* What it answers from now on. status 0: nothing, connections are held; any other releases those
 * that are held. */
void lying_peer_say(lying_peer *p, int status, const char *body);

/* Requests that it has read so far. */
size_t lying_peer_requests(lying_peer *p);
/* Blocks until there were that many. */
void lying_peer_await(lying_peer *p, size_t requests);
/* "GET /v1/directory/…" of the last one, in static memory. */
const char *lying_peer_asked(lying_peer *p);

#endif
