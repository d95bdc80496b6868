/* Signatures of requests (PROTOCOL.md section 9.0): this network's own, and the gateway's. */
#ifndef TEAL_TESTS_PEERS_SIGNED_H
#define TEAL_TESTS_PEERS_SIGNED_H

#include "tests/peers/rcs/network.h"
#include "tests/peers/shared/http_server.h"

/* The key that this network signs by, from the seed of its users' keys. */
void signed_open(network *n, const uint8_t seed[static 32]);
/* base64url of its public half, as [peer NAME] `keys` takes it. */
void signed_print_key(const network *n);

/* From now on only what a device of this manifest has signed is taken. False: the file is none. */
bool signed_trust(network *n, const char *manifest_path);

/* Whether the gateway has signed the request, or nobody has to; otherwise it is answered. */
bool signed_by_gateway(const network *n, http_call *c);

#endif
