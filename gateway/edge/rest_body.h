/* The body of a request while it comes in. All of them together are held within one budget. */
#ifndef TEAL_GATEWAY_EDGE_REST_BODY_H
#define TEAL_GATEWAY_EDGE_REST_BODY_H

#include "codecs/cursor.h"

typedef struct rest_body {
    uint8_t *at;
    size_t len, cap; /* cap is what the budget was charged with */
} rest_body;

/* *spent: octets of all bodies; one thread. False: over max_bytes or the budget, or no memory;
 * the body is as before. */
bool rest_body_append(rest_body *b, teal_bytes piece, size_t max_bytes, size_t *spent,
                      size_t budget);
void rest_body_clear(rest_body *b, size_t *spent);

#endif
