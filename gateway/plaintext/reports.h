/* Delivery receipts of the SMS centre, mapped to the messages that they are of, and turned into the
 * room's signed Reports. What is known is bounded and in memory; after a start the edge says again
 * what is Outstanding. A delivery receipt that says the final word on a message is answered when
 * the edge has made the Report durable; one that says it of a part only is answered at once, since
 * a centre with a small window would else never get to the next part: if the room dies in between,
 * the message stays SENT, which is true. */
#ifndef TEAL_GATEWAY_PLAINTEXT_REPORTS_H
#define TEAL_GATEWAY_PLAINTEXT_REPORTS_H

#include "codecs/sms/dlr.h"
#include "gateway/plaintext/jobs.h"

struct reports *reports_open(void);
void reports_close(room *r);

/* An SMS left; its parts have the centre's ids. receipt: as said in Done, copied. Receipts that
 * came before the centre's answer find it now. */
void reports_sent(room *r, const job *j, teal_bytes receipt);
/* The edge says what left before this process began. Believed where this room's key signed it. */
void reports_outstanding(room *r, const Teal__V1__Outstanding *o);
/* A deliver_sm that is a delivery receipt; it is answered sooner or later. */
void reports_delivered(room *r, smpp_link_ticket ticket, const teal_smpp_pdu *pdu,
                       const teal_dlr *dlr);
/* Whether the ref was a Report's. */
bool reports_taken(room *r, uint64_t ref);
/* Once a turn: answers what belongs to nothing. */
void reports_run(room *r);

#endif
