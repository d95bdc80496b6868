/* Asks other networks about their handles over HTTP. Must never let one network that stalls take
 * more than two threads, or more than one once it has failed, nor be asked again and again. */
#ifndef TEAL_GATEWAY_DIRECTORY_PEERS_H
#define TEAL_GATEWAY_DIRECTORY_PEERS_H

#include "gateway/directory/networks.h"

#include <jansson.h>

typedef struct peers peers;

typedef enum peers_result {
    PEERS_OK = 0,
    PEERS_NONE,        /* the network does not know the handle */
    PEERS_UNREACHABLE, /* it did not answer, not usefully, or not now; logged */
} peers_result;

/* c outlives it. signer: of every question, as http_client_sign has it. */
peers *peers_open(const config *c, const request_signer *signer);
void peers_close(peers **p);

/* {method} {peer->url}/v1/directory/{handle}{suffix}; blocks up to peer_timeout_ms. *out: a JSON
 * object, which the caller frees. `peer` is held by the caller; nobody asks one that is suspended.
 * Any thread. */
peers_result peers_ask(peers *p, const bridged_network *peer, const char *method, teal_bytes handle,
                       const char *suffix, int64_t now_ms, json_t **out);

#endif
