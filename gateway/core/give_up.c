/* Gives up; see give_up.h. What is LEAVING is left alone: only the room knows whether it left. */
#include "gateway/core/give_up.h"

#include "gateway/core/delivery.h"
#include "gateway/core/queue.h"
#include "gateway/core/receipts.h"
#include "gateway/core/state.h"

/* A peer that was asked and gave no answer may have it all the same. */
static receipt_fact fact_of(const store_delivery *d, const char *reason)
{
    if (d->path == PATH_RCS && delivery_in_doubt(d))
        return (receipt_fact){ TEAL_STATUS_OUTCOME_UNKNOWN, PATH_RCS, "outcome-unknown" };
    return (receipt_fact){ TEAL_STATUS_UNDELIVERABLE, PATH_NONE, reason };
}

/* A peer may be taking it just now: what comes of that is its queue's to say. */
static bool is_in_hand(const core *c, const store_delivery *d)
{
    int slot = d->path == PATH_RCS ? core_slot_of(c, d->network) : -1;
    queue *q = slot >= 0 ? c->queues[slot] : NULL;
    return q != NULL && queue_has_in_hand(q, d->message_seq);
}

store_result give_up(const core *c, store *s, int64_t delivery_id, const char *reason,
                     int64_t now_ms, teal_arena *arena, news *told, bool *ended)
{
    store_delivery d;
    store_message m;
    *ended = false;
    store_result result = s->ops->get_delivery(s, delivery_id, arena, &d);
    if (result != STORE_OK || d.state != STATE_WAITING || is_in_hand(c, &d))
        return result;
    *ended = true;
    receipt_fact fact = fact_of(&d, reason);
    result = s->ops->get_message(s, d.message_seq, arena, &m);
    if (result == STORE_OK)
        result = delivery_end(c, s, &m, &d, STATE_FAILED, arena, told);
    if (result == STORE_OK)
        result = receipts_state(c, s, &m, d.recipient, &fact, now_ms, told);
    return result;
}
