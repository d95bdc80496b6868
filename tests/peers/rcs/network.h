/* The sandbox RCS network: its users, what they have got, and how it behaves. */
#ifndef TEAL_TESTS_PEERS_NETWORK_H
#define TEAL_TESTS_PEERS_NETWORK_H

#include "gateway/request_signature.h"
#include "tests/peers/rcs/account.h"
#include "tests/peers/rcs/book.h"

#include <jansson.h>
#include <pthread.h>

enum { NETWORK_MAX_USERS = 16, NETWORK_MAX_TRUSTED = 4 };

typedef struct user {
    teal_bytes handles[TEAL_MAX_HANDLES]; /* views of the command line */
    size_t n_handles;
    account *account; /* NULL: the user has no end-to-end encryption */

    json_t *messages, *receipts, *device_receipts; /* as the control interface shows them */
} user;

/* How messages to the network are answered. */
typedef enum network_mode {
    MODE_NORMAL = 0,
    MODE_STALL,       /* not at all, until another mode is set */
    MODE_UNAVAILABLE, /* 503 */
    MODE_REFUSE,      /* 403 */
    MODE_STALE,       /* 409 keys-stale */
} network_mode;

typedef struct network {
    const char *gateway; /* URL without a path */
    user users[NETWORK_MAX_USERS];
    size_t n_users;
    struct outgoing *outgoing;
    uint8_t request_pk[TEAL_KEY_BYTES], request_sk[64];
    request_signer signer;                                /* of what this network asks */
    uint8_t trusted[NETWORK_MAX_TRUSTED][TEAL_KEY_BYTES]; /* the gateway's; none: takes anything */
    size_t n_trusted;

    pthread_mutex_t
        lock; /* of all below, and of all in users but handles; never held over a call */
    pthread_cond_t changed; /* the mode, or stopping */
    network_mode mode;
    bool stopping;
    book taken; /* messages by sender, id and user: hash of what was said */
    book sent;  /* messages by user and id: hash of the transcript */
    book pins;  /* account keys by handle */
} network;

void network_open(network *n, const char *gateway);
void network_close(network *n);

/* "sealed:sip:bob@rcs.example,tel:+447700900123" or "plain:…"; borrowed. False: it is neither. */
bool network_add_user(network *n, const char *description, const uint8_t seed[static 32],
                      uint64_t created_at_ms);
/* NULL: nobody of this network has the handle. */
user *network_find(network *n, teal_bytes handle);

/* Appends to one of the lists of a user, and forgets the oldest of very many. item: taken over. */
void network_keep(json_t *list, json_t *item);

/* Whether `key` is the handle's account key as far as is known; the first one is remembered. */
bool network_pin(network *n, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES]);

/* Ends what waits, before the servers are stopped. */
void network_stop(network *n);

#endif
