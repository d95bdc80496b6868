/* What users send, one after the other, in a thread of its own: the gateway calls back while it is
 * called, so no thread that serves it may wait for it to answer a message. */
#ifndef TEAL_TESTS_PEERS_OUTGOING_H
#define TEAL_TESTS_PEERS_OUTGOING_H

#include "tests/peers/rcs/network.h"

typedef struct outgoing outgoing;

/* NULL: no memory, or no thread. */
outgoing *outgoing_start(network *n);
/* Ends who waits, and the thread; what has not been sent is lost. */
void outgoing_stop(outgoing *o);
/* When it has been stopped and nobody calls any more. */
void outgoing_close(outgoing **o);

typedef struct outgoing_result {
    char message_id[32]; /* empty: there was nothing to send, or no time */
    long status;         /* the gateway's; 0: none */
    json_t *answer;      /* the gateway's; may be NULL; the caller's to give back */
} outgoing_result;

/* Sends a text and waits for the gateway's answer. from: a user with an account, by the handle
 * `sender`. floor: TEAL_E2EE, or what the user consents to. */
outgoing_result outgoing_send_text(outgoing *o, const user *from, teal_bytes sender, teal_bytes to,
                                   teal_bytes text, teal_level floor);

/* Says, sooner or later, that the message has been delivered; tried again a few times. */
void outgoing_send_receipt(outgoing *o, const user *from, teal_bytes sender, teal_bytes to,
                           teal_bytes message_id);

#endif
