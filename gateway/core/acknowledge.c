/* A device has taken items: the first of a recipient's devices makes the message ARRIVED for it. */
#include "gateway/core/delivery.h"
#include "gateway/core/receipts.h"
#include "gateway/core/state.h"

typedef struct acknowledgement {
    core *c;
    const uint8_t *device;
    const int64_t *seqs;
    size_t n;
    int64_t now_ms;
    news news;
} acknowledgement;

/* The copy was a recipient's, not one for the sender's own devices. */
static store_result arrive(acknowledgement *a, store *s, const store_item *item, teal_arena *arena)
{
    static const receipt_fact fact = { TEAL_STATUS_ARRIVED, PATH_NATIVE, "" };
    store_delivery d;
    store_message m;
    store_result result = s->ops->get_delivery(s, item->delivery_id, arena, &d);
    if (result != STORE_OK || d.state != STATE_WAITING || d.path != PATH_NATIVE)
        return result == STORE_NONE ? STORE_OK : result;
    result = s->ops->get_message(s, d.message_seq, arena, &m);
    if (result == STORE_OK)
        result = delivery_end(a->c, s, &m, &d, STATE_ARRIVED, arena, &a->news);
    if (result == STORE_OK)
        result = receipts_state(a->c, s, &m, d.recipient, &fact, a->now_ms, &a->news);
    return result;
}

static store_result acknowledge(store *s, void *arg)
{
    acknowledgement *a = arg;
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < a->n; i++) {
        store_item item;
        result = s->ops->ack_item(s, a->device, a->seqs[i], &item);
        if (result == STORE_OK && item.kind == ITEM_ENVELOPE && item.delivery_id != 0)
            result = arrive(a, s, &item, core_scratch(a->c));
        if (result == STORE_NONE) /* REQ-REST-20 */
            result = STORE_OK;
    }
    return result;
}

store_result core_acknowledge(core *c, const uint8_t device[static TEAL_DEVICE_BYTES],
                              const int64_t *seqs, size_t n, int64_t now_ms)
{
    acknowledgement a = { .c = c, .device = device, .seqs = seqs, .n = n, .now_ms = now_ms };
    store_result result = writer_do(c->parts.writer, acknowledge, &a);
    if (result == STORE_OK)
        news_tell(&a.news, c);
    else
        news_drop(&a.news);
    return result;
}
