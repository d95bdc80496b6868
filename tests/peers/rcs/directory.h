/* What the gateway asks of this network's directory: capability, manifest, prekeys. */
#ifndef TEAL_TESTS_PEERS_DIRECTORY_H
#define TEAL_TESTS_PEERS_DIRECTORY_H

#include "tests/peers/shared/http_server.h"

void directory_get(http_call *c, void *arg);
void directory_claim(http_call *c, void *arg);

#endif
