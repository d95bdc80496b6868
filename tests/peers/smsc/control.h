/* How tests and people steer the sandbox SMS centre, over HTTP. */
#ifndef TEAL_TESTS_PEERS_CONTROL_H
#define TEAL_TESTS_PEERS_CONTROL_H

#include "tests/peers/shared/http_server.h"

/* For a server whose arg is the smsc. */
extern const http_route control_routes[];

#endif
