/* Which handler a method and a path mean. Pure. PROTOCOL.md REQ-REST-2, -6. */
#ifndef TEAL_GATEWAY_EDGE_ROUTE_H
#define TEAL_GATEWAY_EDGE_ROUTE_H

#include "gateway/edge/rest.h"

typedef enum route_result {
    ROUTE_FOUND = 0,
    ROUTE_NO_RESOURCE,
    ROUTE_NO_METHOD, /* `allow` says which there are */
} route_result;

typedef struct route_match {
    const rest_route *route;
    teal_bytes parameter; /* a view of the path, still percent-encoded; empty: the route has none */
    char allow[64];       /* "GET, HEAD, PUT" */
} route_match;

/* path: as it stands in the request line, without the query. tables: ended by NULL. */
route_result route_find(const rest_route *const *tables, const char *method, const char *path,
                        route_match *out);

/* Decodes %HH once. False: a bad escape, a NUL, or no space (out->len: need). */
bool route_decode(teal_bytes in, teal_writer *out);

#endif
