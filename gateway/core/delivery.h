/* How a delivery ends, whoever brought it there: what has to be true in the same transaction. */
#ifndef TEAL_GATEWAY_CORE_DELIVERY_H
#define TEAL_GATEWAY_CORE_DELIVERY_H

#include "gateway/core/news.h"

/* Moves d, a delivery of m, to SENT, ARRIVED or FAILED. What went end-to-end encrypted is
 * remembered for the conversation (REQ-DGR-7); what failed leaves no inbox items; a fallback that
 * no recipient can need any more is destroyed (REQ-DGR-12). Inside a transaction; uses what is left
 * of `arena`. */
store_result delivery_end(const core *c, store *s, const store_message *m, store_delivery *d,
                          store_state state, teal_arena *arena, news *told);

/* A peer was asked and may have taken it: it does not fall back, and does not end UNDELIVERABLE. Is
 * kept in the sign of failing_since_ms; 0, not failing, becomes -1. */
bool delivery_in_doubt(const store_delivery *d);
void delivery_set_doubt(store_delivery *d, bool doubt);

#endif
