/* The process `teald: edge`: faces the network, holds no plaintext and no key that opens any. */
#ifndef TEAL_GATEWAY_EDGE_EDGE_H
#define TEAL_GATEWAY_EDGE_EDGE_H

#include "gateway/config.h"
#include "gateway/sealed_file.h"

/* Runs until SIGTERM; room_fd: the channel to the plaintext room; lock: of the edge's key file,
 * NULL where it is not sealed. Returns the exit status. */
int edge_main(const config *c, int room_fd, const sealed_key *lock);

#endif
