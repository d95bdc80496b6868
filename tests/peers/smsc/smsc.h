/* The SMS centre: what it answers an ESME, how badly it behaves, and what it has to deliver. Driven
 * by one thread; others may look and order, under `lock`. */
#ifndef TEAL_TESTS_PEERS_SMSC_H
#define TEAL_TESTS_PEERS_SMSC_H

#include "tests/peers/smsc/outbox.h"
#include "tests/peers/smsc/phones.h"
#include "tests/peers/smsc/session.h"

#include <poll.h>
#include <pthread.h>

enum { SMSC_SESSIONS = 8 };

/* What it does with the next submits. */
typedef enum smsc_submit {
    SUBMIT_OK = 0,
    SUBMIT_THROTTLE, /* ESME_RTHROTTLED */
    SUBMIT_STALL,    /* takes it and says nothing */
    SUBMIT_DROP,     /* closes the connection */
    SUBMIT_REFUSE,   /* ESME_RINVDSTADR */
} smsc_submit;

/* Which delivery receipt follows, where one is asked for. */
typedef enum smsc_receipts {
    RECEIPTS_DELIVERED = 0,
    RECEIPTS_FAILED, /* the phone does not get it either */
    RECEIPTS_NONE,
    RECEIPTS_EARLY, /* delivered, and told before the submit is answered */
} smsc_receipts;

typedef struct smsc_counts {
    uint64_t binds, submits, accepted, receipts, enquire_links;
} smsc_counts;

typedef struct smsc {
    const char *system_id, *password;
    int listener, wake; /* wake: an eventfd that ends a poll */

    pthread_mutex_t lock;   /* of all below */
    pthread_cond_t changed; /* an answer has come, or the end */
    bool stopping;
    session sessions[SMSC_SESSIONS];
    phones *phones;
    outbox *outbox;
    smsc_submit submit;
    unsigned times; /* submits that `submit` is for; 0: until told otherwise */
    smsc_receipts receipts;
    smsc_counts counts;
    uint32_t run, last_id; /* make message ids, different in every run */
    uint8_t last_ref;      /* of a message in several segments */
} smsc;

/* False: no memory, or it cannot listen on 127.0.0.1. *port: 0 for any; what it is afterwards. */
bool smsc_open(smsc *s, uint16_t *port);
void smsc_close(smsc *s);

/* Polls until `stop` is readable. */
void smsc_run(smsc *s, int stop);

/* The session that is bound; NULL: none. */
session *smsc_bound(smsc *s);
/* Orders were given: has the thread of smsc_run look at them. */
void smsc_wake(smsc *s);

#endif
