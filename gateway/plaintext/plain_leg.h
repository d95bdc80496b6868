/* The plain leg of outbound: one POST to a peer, and what its answer means. PROTOCOL.md REQ-MSG-15
 * is about sealed messages; plaintext is handled more carefully (REQ-ROOM-7). */
#ifndef TEAL_GATEWAY_PLAINTEXT_PLAIN_LEG_H
#define TEAL_GATEWAY_PLAINTEXT_PLAIN_LEG_H

#include "gateway/plaintext/jobs.h"

/* Posts what is unsent and may go now. */
void plain_leg_send(room *r, job *j);
/* Takes in what the couriers brought back. */
void plain_leg_collect(room *r);

#endif
