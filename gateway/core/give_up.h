/* The end of a delivery that nobody brought about: its time is over, or its network is gone. */
#ifndef TEAL_GATEWAY_CORE_GIVE_UP_H
#define TEAL_GATEWAY_CORE_GIVE_UP_H

#include "gateway/core/news.h"

/* Ends it with a receipt: UNDELIVERABLE for that reason, OUTCOME_UNKNOWN where a peer may have it.
 * Leaves it alone where it does not wait (any more), or a peer is taking it just now. *ended:
 * whether it did. Inside a transaction; uses what is left of `arena`. */
store_result give_up(const core *c, store *s, int64_t delivery_id, const char *reason,
                     int64_t now_ms, teal_arena *arena, news *told, bool *ended);

#endif
