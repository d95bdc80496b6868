/* What an SMS centre has for its ESME: deliver_sm with a text of a phone, and delivery receipts.
 * Nothing is forgotten before the ESME has acknowledged or refused it. One thread at a time. */
#ifndef TEAL_TESTS_PEERS_OUTBOX_H
#define TEAL_TESTS_PEERS_OUTBOX_H

#include "codecs/sms/smpp.h"

enum {
    OUTBOX_WINDOW = 32, /* deliver_sm without an answer: all parts of the longest message */
    OUTBOX_MAX = 100000,
};

typedef struct outbox outbox;

/* What somebody waits for: the parcels of one message. */
typedef struct letter {
    size_t open;     /* parcels without a final answer */
    uint32_t status; /* the last answer that was not ESME_ROK; 0: none */
    bool refused;    /* a final answer was not ESME_ROK */
} letter;

/* What deliver_sm is made of. Texts other than the addresses and short_message are empty. */
typedef struct parcel {
    teal_smpp_message message;
    teal_bytes tlvs;
} parcel;

outbox *outbox_open(void);
void outbox_close(outbox **o);

/* Copies it. letter: counted and told of the answer; NULL for what nobody waits for. False: full.
 */
bool outbox_put(outbox *o, const parcel *p, letter *letter);
/* Whoever waits has left: the parcels stay. */
void outbox_forget(outbox *o, const letter *letter);

/* The next one that may leave now; NULL: none, or the window is full. */
const parcel *outbox_next(outbox *o, int64_t now_ms);
/* What outbox_next gave has left under that sequence number. */
void outbox_left(outbox *o, uint32_t sequence);
/* The ESME's answer. Temporary errors bring it back after a pause; others end it. */
void outbox_answered(outbox *o, uint32_t sequence, uint32_t status, int64_t now_ms);
/* The session is over: what has no answer is sent again in the next one. */
void outbox_return(outbox *o);

/* When outbox_next may have something, at the earliest; INT64_MAX: not before an answer. */
int64_t outbox_due_ms(const outbox *o);
size_t outbox_waiting(const outbox *o); /* parcels without a final answer */

#endif
