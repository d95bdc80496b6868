/* The header fields of a request, as its signature sees them. */
#ifndef TEAL_GATEWAY_EDGE_REST_FIELDS_H
#define TEAL_GATEWAY_EDGE_REST_FIELDS_H

#include "codecs/arena.h"
#include "gateway/http_message.h"

struct MHD_Connection;

/* Sets fields and authority of m, for as long as arena and request live. False: the arena is too
 * small. */
bool rest_fields_read(struct MHD_Connection *connection, teal_arena *arena, http_message *m);

#endif
