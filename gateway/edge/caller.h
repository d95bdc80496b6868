/* Who a request comes from, as its signature shows. PROTOCOL.md section 9.0. */
#ifndef TEAL_GATEWAY_EDGE_CALLER_H
#define TEAL_GATEWAY_EDGE_CALLER_H

#include "codecs/cursor.h"
#include "codecs/native/envelope.h"

/* One bit each: a route names those that it is for. */
typedef enum caller_role {
    CALLER_ANYBODY = 1, /* nobody signed, or a key that is nobody's */
    CALLER_DEVICE = 2,  /* of an account of this gateway */
    CALLER_ACCOUNT = 4, /* who holds the account key, whether the account is known yet or not */
    CALLER_PEER = 8,
    CALLER_OPERATOR = 16,
} caller_role;

typedef struct caller {
    caller_role role;
    uint8_t device[TEAL_DEVICE_BYTES]; /* DEVICE */
    uint8_t key[TEAL_KEY_BYTES];       /* that verified; zero: nobody signed */
    teal_bytes name;            /* PEER, OPERATOR: its name; DEVICE: first handle of its account */
    const uint8_t *account_key; /* DEVICE, ACCOUNT: TEAL_KEY_BYTES; else NULL */
} caller;

/* A copy that outlives the arena. */
typedef struct caller_kept {
    bool there;
    caller who;
    uint8_t account_key[TEAL_KEY_BYTES];
    uint8_t name[TEAL_MAX_HANDLE_BYTES];
} caller_kept;

static inline void caller_keep(const caller *c, caller_kept *out)
{
    *out = (caller_kept){ .there = true, .who = *c };
    if (c->account_key != NULL) {
        memcpy(out->account_key, c->account_key, sizeof out->account_key);
        out->who.account_key = out->account_key;
    }
    out->who.name.len = c->name.len < sizeof out->name ? c->name.len : sizeof out->name;
    if (out->who.name.len > 0)
        memcpy(out->name, c->name.at, out->who.name.len);
    out->who.name.at = out->name;
}

#endif
