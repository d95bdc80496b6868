/* Seals and signs what a user sends, as message/cpim. */
#ifndef TEAL_TESTS_PEERS_COMPOSE_H
#define TEAL_TESTS_PEERS_COMPOSE_H

#include "tests/peers/rcs/gateway.h"

enum { COMPOSE_MAX_TEXT_BYTES = 8 << 10, COMPOSE_ARENA = 256 << 10, COMPOSE_ID_BYTES = 24 };

typedef struct draft {
    const account *account;      /* of the sender */
    teal_bytes sender, to;       /* handles */
    bool is_receipt;             /* that a message of this id was delivered; else `text` */
    teal_bytes text;             /* or the id */
    const teal_seal_to *devices; /* to seal it for; none: only a fallback can be read */
    size_t n_devices;
    teal_level floor;         /* what the sender consents to; TEAL_E2EE: to nothing */
    const gateway_card *card; /* where there is a consent */
} draft;

typedef struct composed {
    char message_id[COMPOSE_ID_BYTES];
    teal_bytes cpim; /* of the arena */
    teal_hash transcript;
} composed;

/* What it seals is known to network.sent from then on. False: it cannot be sealed. */
bool compose(network *n, const draft *d, int64_t now_ms, teal_arena *arena, composed *out);

#endif
