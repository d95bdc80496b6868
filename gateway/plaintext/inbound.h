/* Inbound: texts from the SMS centre, put together, sealed for the devices of whoever has the
 * number, and handed to the edge (invariant I6).
 *
 * The centre is answered with success only when the sealed envelope is durable (REQ-INB-4). So the
 * answers to the parts of a long text are held; a part that has waited HOLD_MS is answered with a
 * temporary error, while its text stays here: a centre with a window of one then goes on to the
 * next part, and when it comes back with this one, it is recognised. A text that is lost here, with
 * the process or for want of space, is therefore still at the centre. */
#ifndef TEAL_GATEWAY_PLAINTEXT_INBOUND_H
#define TEAL_GATEWAY_PLAINTEXT_INBOUND_H

#include "gateway/plaintext/state.h"

struct inbound *inbound_open(void);
void inbound_close(room *r); /* wipes all texts */

/* A deliver_sm; delivery receipts go on to reports. */
void inbound_delivered(void *r, smpp_link_ticket ticket, const teal_smpp_pdu *pdu);

void inbound_who_is_answer(room *r, const Teal__V1__WhoIsAnswer *a);
/* Whether the ref was an Inbound's. */
bool inbound_taken(room *r, uint64_t ref);
void inbound_run(room *r); /* once a turn: time-outs */

#endif
