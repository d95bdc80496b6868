/* The socket that the edge listens on. PROTOCOL.md REQ-REST-5. */
#ifndef TEAL_GATEWAY_EDGE_REST_LISTEN_H
#define TEAL_GATEWAY_EDGE_REST_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A listening, non-blocking socket; anywhere: on any address, otherwise on loopback alone. *port: 0
 * for any, then the one it got. -1: a line on errors. */
int rest_listen(const char *host, bool anywhere, uint16_t *port, FILE *errors);

#endif
