/* The bridged networks: those of the configuration and those that were added at run time. What is
 * known of them at one time is a view, which never changes; a change makes another one. Must never
 * let two networks have the same claim to a handle, or the same key.
 * Any thread may hold a view, and changes wait for each other. */
#ifndef TEAL_GATEWAY_DIRECTORY_NETWORKS_H
#define TEAL_GATEWAY_DIRECTORY_NETWORKS_H

#include "gateway/config.h"
#include "gateway/http_client.h"
#include "gateway/store/store.h"

enum {
    NETWORKS_MAX = CONFIG_MAX_PEERS,
    NETWORK_MAX_KEYS = CONFIG_MAX_KEYS,
    NETWORK_MAX_CA_BYTES = 16 << 10,
};

/* By which a network signs its requests, from from_ms on and before until_ms. */
typedef struct network_key {
    uint8_t key[TEAL_KEY_BYTES];
    int64_t from_ms, until_ms; /* 0; INT64_MAX: no end */
} network_key;

typedef struct bridged_network {
    char *name;
    config_list domains, numbers; /* of the handles that it may speak for */
    char *url;
    char *ca; /* of one that was added: who signs its certificate, in PEM; "": the system's */
    http_credentials credentials; /* [peer]'s; of one that was added: its ca, and [tls]'s pair */
    network_key keys[NETWORK_MAX_KEYS];
    size_t n_keys;
    size_t slot;     /* below NETWORKS_MAX: its own for as long as it is there, free afterwards */
    bool configured; /* [peer NAME] of the configuration; only such a one has a plain leg */
    bool suspended;  /* nothing is sent to it or taken from it */
} bridged_network;

typedef struct networks networks;
typedef struct networks_view networks_view;

/* With those of the configuration alone, which outlives it. */
networks *networks_open(const config *c);
/* Takes in what the store has; a network there whose claims the configuration has come to
 * contradict is left out, and logged. Where it fails the view stays what it was. */
store_result networks_load(networks *n, store *s);
/* NULL-safe; nobody holds a view any more. */
void networks_close(networks **n);

/* The newest view, for the caller to let go of; what it hands out lives as long. */
const networks_view *networks_hold(networks *n);
void networks_let_go(networks *n, const networks_view **v); /* NULL-safe; clears *v */
bool networks_is_newest(networks *n, const networks_view *v);

/* NULL: no such network. */
const bridged_network *networks_named(const networks_view *v, teal_bytes name);
/* Who may speak for this canonical handle; NULL: no other network. Of the number prefixes of all
 * networks, the native one too, the longest wins. */
const bridged_network *networks_for(const networks_view *v, teal_bytes handle);
/* Whether the handle is under the gateway's own domains or number prefixes, and no other network's
 * prefix is longer. */
bool networks_is_native(const networks_view *v, teal_bytes handle);
/* Whose key it is at that time, suspended or not; NULL: nobody's (any more, or yet). */
const bridged_network *networks_of_key(const networks_view *v,
                                       const uint8_t key[static TEAL_KEY_BYTES], int64_t now_ms);
/* NULL: the slot is free. Those of the configuration are in its order, in the first ones. */
const bridged_network *networks_in_slot(const networks_view *v, size_t slot);

/* Called after each change, with no lock held; one listener, set before the first change. */
void networks_listen(networks *n, void (*changed)(void *arg), void *arg);

#endif
