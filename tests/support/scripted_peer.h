/* A peer network for tests of delivery: answers look-ups as it was told, takes messages or does
 * not, and remembers what it was sent. One thread; every answer closes its connection. */
#ifndef TEAL_TESTS_SUPPORT_SCRIPTED_PEER_H
#define TEAL_TESTS_SUPPORT_SCRIPTED_PEER_H

#include "codecs/cursor.h"

typedef struct scripted_peer scripted_peer;

/* Fails the test where it cannot. Messages are answered 202 until it is told otherwise. */
scripted_peer *scripted_peer_start(void);
void scripted_peer_stop(scripted_peer **p);
uint16_t scripted_peer_port(const scripted_peer *p);

/* What a look-up of that handle is answered: "sealed" with a manifest, "plain", "none"; NULL: 404,
 * as for a handle that it was never told. */
void scripted_peer_know(scripted_peer *p, const char *handle, const char *capability,
                        teal_bytes manifest);
/* What messages are answered from now on, the next `times` of them (0: all). status 0: the
 * connection is closed without an answer. body may be NULL. */
void scripted_peer_say(scripted_peer *p, int status, const char *body, size_t times);
/* Holds messages without an answer until it is told to say something again, or stopped. */
void scripted_peer_hold(scripted_peer *p);
/* Whether connections are taken at all. */
void scripted_peer_listen(scripted_peer *p, bool listens);

/* Blocks until it was sent that many messages; fails the test after 10 s. */
void scripted_peer_await(scripted_peer *p, size_t n);
size_t scripted_peer_count(scripted_peer *p);
/* Body of message i (from 0); until stop. */
teal_bytes scripted_peer_message(scripted_peer *p, size_t i);
size_t scripted_peer_look_ups(scripted_peer *p);

#endif
