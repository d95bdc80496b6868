/* Inside the networks: what those who make views and those who change the store share. */
#ifndef TEAL_GATEWAY_DIRECTORY_NETWORKS_OWN_H
#define TEAL_GATEWAY_DIRECTORY_NETWORKS_OWN_H

#include "gateway/directory/networks.h"

#include <pthread.h>

struct networks_view {
    const config *config;
    bridged_network *slots[NETWORKS_MAX];
    size_t held; /* under networks' lock */
};

struct networks {
    const config *config;
    pthread_mutex_t changing; /* one change at a time, from its checks to the new view */
    pthread_mutex_t lock;     /* over what follows */
    networks_view *newest;
    void (*changed)(void *arg);
    void *arg;
};

/* What stands in the way of a network. Static text, or the view's. */
typedef struct networks_clash {
    const char *element, *owner; /* a domain or prefix; "native" or a network's name */
} networks_clash;

/* Whether another network, or the native one, has one of its domains or prefixes. */
bool networks_clashes(const networks_view *v, const bridged_network *candidate,
                      networks_clash *out);
/* Whose key it is at any time; NULL: nobody's. */
const bridged_network *networks_with_key(const networks_view *v,
                                         const uint8_t key[static TEAL_KEY_BYTES]);

/* Reads what a store_peer says; false: it is nothing that the configuration would take. out is for
 * network_clear either way. */
bool network_read(const store_peer *p, bridged_network *out);
void network_clear(bridged_network *n);

/* networks_load, by whoever is `changing`. */
store_result networks_reload(networks *n, store *s);
/* To be called once a change is over, with no lock held. */
void networks_tell(networks *n);

#endif
