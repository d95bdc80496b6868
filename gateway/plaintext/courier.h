/* Posts plain messages to peers (level TRANSPORT) without stopping the room's loop: one thread a
 * peer, started with its first message, so that a peer that stalls delays only its own. A thread
 * reads the text from the vault and touches nothing else of the room. */
#ifndef TEAL_GATEWAY_PLAINTEXT_COURIER_H
#define TEAL_GATEWAY_PLAINTEXT_COURIER_H

#include "gateway/config.h"
#include "gateway/request_signature.h"

typedef struct courier courier;

/* What became of one POST. A peer's answer decides; silence after the first octet decides nothing,
 * and since a message must never be sent twice, it is not tried again. */
typedef enum courier_outcome {
    COURIER_ACCEPTED, /* 2xx */
    COURIER_REFUSED,  /* 4xx, and what no HTTP server would say */
    COURIER_LATER,    /* 401, 408, 425, 429, 503: the peer says that it did not take it */
    COURIER_NOT_SENT, /* no octet has left: no connection came about */
    COURIER_UNKNOWN,  /* another 5xx, a time-out, a connection that broke */
} courier_outcome;

typedef struct courier_result {
    uint64_t token;
    courier_outcome outcome;
    int64_t retry_after_ms; /* 0: not said */
} courier_result;

/* max: parcels on their way at any time; the caller keeps to it. */
courier *courier_open(const config *c, const request_signer *signer, size_t max);
/* Waits for the POSTs under way, at most the peers' time-out; drops the others. NULL-safe. */
void courier_close(courier **c);

/* body: until the token comes back from courier_collect. */
void courier_post(courier *c, const config_peer *peer, uint64_t token, teal_bytes body);
int courier_fd(const courier *c);                      /* poll for POLLIN */
bool courier_collect(courier *c, courier_result *out); /* false: nothing more now */

#endif
