/* The process `teald: plaintext`: the only one that ever holds message text or a key that opens
 * any. Trusts nothing that the edge says but what is signed. */
#ifndef TEAL_GATEWAY_PLAINTEXT_ROOM_H
#define TEAL_GATEWAY_PLAINTEXT_ROOM_H

#include "gateway/config.h"
#include "gateway/sealed_file.h"

/* Runs until SIGTERM; edge_fd: the channel to the edge; lock: of the room's key file, NULL where it
 * is not sealed. Returns the exit status. */
int room_main(const config *c, int edge_fd, const sealed_key *lock);

#endif
