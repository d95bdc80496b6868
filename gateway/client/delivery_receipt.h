/* The sealed receipt of this device that a message was delivered. */
#ifndef TEAL_CLIENT_DELIVERY_RECEIPT_H
#define TEAL_CLIENT_DELIVERY_RECEIPT_H

#include "gateway/client/people.h"

/* To the sender of e, of whom nothing but their manifest is needed. Says when it cannot be sent,
 * and nothing else depends on it. */
void delivery_receipt_send(session *s, const teal_envelope *e, const person *sender);

#endif
