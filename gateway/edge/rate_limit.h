/* Token buckets: how much of something each of many callers may do. No clock, no I/O; bounded
 * memory, whoever comes. A bucket that is full is not kept, since it is like one that was never
 * seen; while all are kept, callers without one share a bucket. Any thread. REQ-LIM-1, -4. */
#ifndef TEAL_GATEWAY_EDGE_RATE_LIMIT_H
#define TEAL_GATEWAY_EDGE_RATE_LIMIT_H

#include "codecs/cursor.h"

typedef struct rate_limit rate_limit;

/* How much: one token each 60 / per_minute seconds, as many at once as come in burst_s seconds, one
 * at least. May be another one for the same caller from call to call: what was used stays used. */
typedef struct rate_limit_policy {
    uint32_t per_minute; /* 1 .. 6000000 */
    uint32_t burst_s;    /* 1 .. 3600 */
} rate_limit_policy;

typedef struct rate_limit_state {
    bool granted;
    uint32_t quota, window_s; /* tokens of a full bucket; how long an empty one takes to fill */
    uint32_t remaining;       /* tokens that are left */
    int64_t wait_ms;          /* until the next token comes; 0: the bucket is full */
} rate_limit_state;

/* buckets: how many are kept at most. Memory: 24 octets each. */
rate_limit *rate_limit_open(size_t buckets);
void rate_limit_close(rate_limit **l); /* NULL-safe */

/* Takes `tokens` (0: looks whether there is one, 1) from the bucket of that caller, or nothing
 * where there are not as many. kind: tells apart callers of one id. now_ms: of any clock that does
 * not jump; one that was set back is not waited for. */
rate_limit_state rate_limit_take(rate_limit *l, uint8_t kind, teal_bytes id,
                                 const rate_limit_policy *policy, unsigned tokens, int64_t now_ms);

#endif
