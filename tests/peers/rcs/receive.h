/* POST /v1/messages: what the gateway brings. Accepts only what it could verify, open and keep. */
#ifndef TEAL_TESTS_PEERS_RECEIVE_H
#define TEAL_TESTS_PEERS_RECEIVE_H

#include "tests/peers/rcs/network.h"
#include "tests/peers/shared/http_server.h"

void receive_post(http_call *c, void *arg);

#endif
