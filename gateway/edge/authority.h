/* The names that a gateway has in the requests that are made of it. PROTOCOL.md REQ-SIG-8. */
#ifndef TEAL_GATEWAY_EDGE_AUTHORITY_H
#define TEAL_GATEWAY_EDGE_AUTHORITY_H

#include "gateway/config.h"
#include "gateway/http_message.h"

typedef struct authorities authorities;

/* Those of the configuration; where it names none, the listen address and localhost, with `port`.
 */
authorities *authorities_open(const config *c, uint16_t port);
void authorities_close(authorities **a); /* NULL-safe; clears *a */

/* Whether the request is made of one of them. */
bool authorities_have(const authorities *a, const http_message *m);

#endif
