/* Changes to the bridged networks while the gateway runs: checked, made durable, then seen.
 * REQ-NET-1, -3, -5, -7, -8. Any thread; they wait for each other, and for the commit. */
#ifndef TEAL_GATEWAY_DIRECTORY_NETWORKS_CHANGE_H
#define TEAL_GATEWAY_DIRECTORY_NETWORKS_CHANGE_H

#include "gateway/directory/networks.h"
#include "gateway/store/writer.h"

/* What a change works with; reader: the calling thread's own store handle. */
typedef struct networks_tools {
    networks *networks;
    writer *writer;
    store *reader;
} networks_tools;

typedef enum networks_result {
    NETWORKS_NEW,
    NETWORKS_CHANGED, /* or it was so before */
    NETWORKS_REFUSED, /* *why says why; nothing was done */
    NETWORKS_BUSY,    /* our own store: nothing was done, repeat */
} networks_result;

typedef struct networks_refusal {
    const char *problem; /* static: "network-overlap" */
    unsigned status;     /* HTTP's */
    const char *rule, *remedy;
    char element[256], network[CONFIG_MAX_PEER_NAME + 1]; /* "": does not say */
    size_t deliveries;                                    /* 0: does not say */
} networks_refusal;

/* Adds it, or gives the one of that name another URL, domains and numbers. */
networks_result networks_put(const networks_tools *t, const store_peer *p, networks_refusal *why);

/* Adds a key, or gives it other times. Changes of keys stand in the key log, too. */
networks_result networks_put_key(const networks_tools *t, teal_bytes name, const network_key *k,
                                 int64_t now_ms, networks_refusal *why);
/* Of no use from at_ms on. */
networks_result networks_retire_key(const networks_tools *t, teal_bytes name,
                                    const uint8_t key[static TEAL_KEY_BYTES], int64_t at_ms,
                                    int64_t now_ms, networks_refusal *why);

networks_result networks_suspend(const networks_tools *t, teal_bytes name, int64_t now_ms,
                                 networks_refusal *why);
networks_result networks_resume(const networks_tools *t, teal_bytes name, networks_refusal *why);

/* Whether it may be removed once nothing is under way to it: NETWORKS_CHANGED or NETWORKS_REFUSED.
 */
networks_result networks_check_removal(const networks_tools *t, teal_bytes name,
                                       networks_refusal *why);
/* Refused while something is under way to it: core_remove_network ends that. */
networks_result networks_remove(const networks_tools *t, teal_bytes name, int64_t now_ms,
                                networks_refusal *why);

#endif
