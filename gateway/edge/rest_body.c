/* Bodies grow as they come, not as they are announced: an announcement costs a sender nothing. */
#include "gateway/edge/rest_body.h"

#include <stdlib.h>

enum { FIRST_BYTES = 4 << 10 };

static bool grow(rest_body *b, size_t need, size_t max_bytes, size_t *spent, size_t budget)
{
    size_t cap = b->cap == 0 ? FIRST_BYTES : b->cap * 2;
    cap = cap < need ? need : cap;
    cap = cap > max_bytes ? max_bytes : cap;
    size_t more = cap - b->cap;
    if (*spent > budget || more > budget - *spent)
        return false;
    uint8_t *grown = realloc(b->at, cap);
    if (grown == NULL)
        return false;
    *spent += more;
    b->at = grown;
    b->cap = cap;
    return true;
}

bool rest_body_append(rest_body *b, teal_bytes piece, size_t max_bytes, size_t *spent,
                      size_t budget)
{
    if (piece.len > max_bytes || b->len > max_bytes - piece.len)
        return false;
    size_t need = b->len + piece.len;
    if (need > b->cap && !grow(b, need, max_bytes, spent, budget))
        return false;
    if (piece.len > 0)
        memcpy(b->at + b->len, piece.at, piece.len);
    b->len = need;
    return true;
}

void rest_body_clear(rest_body *b, size_t *spent)
{
    *spent -= b->cap;
    free(b->at);
    *b = (rest_body){ 0 };
}
