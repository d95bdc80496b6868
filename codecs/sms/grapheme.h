/* Where one user-perceived character ends and the next begins: a letter with its marks, a flag, a
 * family of emoji. One code point at a time, without a buffer.
 * Source: UAX #29 §3.1.1, extended grapheme clusters. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_GRAPHEME_H
#define TEAL_CODECS_SMS_GRAPHEME_H

#include <stdbool.h>
#include <stdint.h>

/* What has been read of the present cluster; zeroed: nothing. */
typedef struct teal_grapheme {
    bool begun;
    int previous;    /* property of the last code point */
    bool pictograph; /* an emoji and nothing but extenders since */
    bool joined;     /* and a zero width joiner behind them */
    bool half_flag;  /* an odd number of regional indicators */
} teal_grapheme;

/* Takes the next code point and answers whether a cluster begins with it; true for the first. */
bool teal_grapheme_begins(teal_grapheme *g, uint32_t code_point);

#endif
