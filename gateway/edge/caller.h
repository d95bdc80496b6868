/* Who a request comes from, as its signature shows. PROTOCOL.md section 9.0. */
#ifndef TEAL_GATEWAY_EDGE_CALLER_H
#define TEAL_GATEWAY_EDGE_CALLER_H

#include "codecs/cursor.h"
#include "codecs/native/envelope.h"

/* One bit each: a route names those that it is for. */
typedef enum caller_role {
    CALLER_ANYBODY = 1, /* nobody signed */
    CALLER_DEVICE = 2,  /* of an account of this gateway */
    CALLER_ACCOUNT = 4, /* who holds the account key, whether the account is known yet or not */
    CALLER_PEER = 8,
    CALLER_OPERATOR = 16,
} caller_role;

typedef struct caller {
    caller_role role;
    uint8_t device[TEAL_DEVICE_BYTES]; /* DEVICE */
    uint8_t key[TEAL_KEY_BYTES];       /* that verified; zero: ANYBODY */
    teal_bytes name;            /* PEER, OPERATOR: its name; DEVICE: first handle of its account */
    const uint8_t *account_key; /* DEVICE, ACCOUNT: TEAL_KEY_BYTES; else NULL */
} caller;

#endif
