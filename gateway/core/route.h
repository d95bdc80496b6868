/* From what the directory shows of a recipient to the path that a message takes to it. */
#ifndef TEAL_GATEWAY_CORE_ROUTE_H
#define TEAL_GATEWAY_CORE_ROUTE_H

#include "gateway/core/policy.h"
#include "gateway/directory/directory.h"

/* One recipient's. */
typedef struct route {
    teal_bytes recipient;
    directory_result found;
    directory_entry entry; /* where found is DIRECTORY_OK */
    policy_answer answer;  /* likewise; else POLICY_UNROUTABLE */
    bool stale;            /* reached end-to-end encrypted, but not by keys for all its devices */
} route;

/* Decides for one recipient on the conversation's history. STORE_OK, or the store's failure.
 * gateway_key: as in policy_case. */
store_result route_decide(route *r, store *reader, const teal_envelope *e,
                          const uint8_t *gateway_key, int64_t now_ms);

/* "native", "sms", or the peer that the path leads to. Only for POLICY_GO. */
teal_bytes route_network(const route *r);

bool route_is_e2ee(const route *r);

/* REQ-MSG-12: sets `stale` of each route that misses a key for a current device. Where there is a
 * key for a device that is neither a recipient's nor the sender's, which recipient it was meant for
 * cannot be known: all are stale then. `complete`: each recipient was found, so that every key
 * should have an owner. STORE_OK, STORE_NONE (something is stale), STORE_SPACE. */
store_result route_check_keys(route *routes, size_t n, const teal_manifest *sender,
                              const teal_envelope *e, bool complete, teal_arena *arena);

#endif
