/* Calls that wait: for a worker, or parked for an event or a deadline. Expiry needs no thread of
 * its own: the workers wait for the next deadline, and a call that expires needs a worker anyway.
 */
#ifndef TEAL_GATEWAY_EDGE_CALLS_H
#define TEAL_GATEWAY_EDGE_CALLS_H

#include "gateway/edge/rest.h"

typedef struct calls calls;

/* A part of what waits; its owner keeps it in place until calls_next handed it out. */
typedef struct calls_entry {
    struct calls_entry *prev, *next; /* in the queue, or by deadline */
    struct calls_entry *same;        /* parked: next with a key of the same slot */
    uint8_t key[REST_KEY_BYTES];
    int64_t deadline_ms; /* of clock_monotonic_ms */
    rest_turn turn;
} calls_entry;

/* max_ready: calls that may wait for a worker. */
calls *calls_open(size_t max_ready);
void calls_close(calls **c); /* nobody waits in it, nothing is in it */

/* Queues a new call. False: max_ready are there already, or it is stopped; nothing is done. */
bool calls_push(calls *c, calls_entry *e);
/* Blocks until there is a call for a worker; e->turn says why. NULL: stopped, and nothing is left.
 */
calls_entry *calls_next(calls *c);

/* Changes with every wake of the key. */
uint64_t calls_ticket(calls *c, const uint8_t key[static REST_KEY_BYTES]);
/* Holds e (key and deadline set) until its key is woken, or was since the ticket. Never refused:
 * a parked call was admitted before. */
void calls_park(calls *c, calls_entry *e, uint64_t ticket);
void calls_wake(calls *c, const uint8_t key[static REST_KEY_BYTES]);

/* From now on parked calls time out at once, those of today and those to come. */
void calls_expire_all(calls *c);
/* Lets calls_next return NULL once nothing is left. */
void calls_stop(calls *c);

#endif
