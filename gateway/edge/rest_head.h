/* What the request line and the header fields alone decide: the route, and refusals for which no
 * body has to be read. Pure. PROTOCOL.md REQ-REST-2, -6. */
#ifndef TEAL_GATEWAY_EDGE_REST_HEAD_H
#define TEAL_GATEWAY_EDGE_REST_HEAD_H

#include "gateway/edge/rest.h"

typedef struct rest_head {
    const rest_route *route; /* NULL: there is none */
    char content_type[64];   /* lower case, without parameters; "" when there is none */
} rest_head;

/* path: without the query. content_type: the field's value, may be NULL. parameter: takes it
 * decoded; never longer than the path. A request that is refused has its answer. */
void rest_head_check(const rest_route *const *tables, const char *method, const char *path,
                     const char *content_type, uint64_t content_length, teal_writer *parameter,
                     rest_head *out, rest_answer *answer);

void rest_head_refuse_large(rest_answer *answer);

#endif
