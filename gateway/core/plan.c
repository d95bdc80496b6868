/* Plans; see plan.h. */
#include "gateway/core/plan.h"

#include "gateway/core/news.h"
#include "gateway/core/state.h"

#include <stdalign.h>
#include <stdlib.h>

typedef struct planned_item {
    uint8_t device[TEAL_DEVICE_BYTES];
    const store_delivery *delivery; /* NULL: the sender's own copy */
} planned_item;

struct core_plan {
    core *c;
    writer_job job;
    core_committed *done;
    void *arg;
    store_message message;
    store_delivery *deliveries;
    planned_item *items;
    plan_size n, max;
    teal_bytes enc, sealed; /* empty: no fallback */
    news news;
    teal_arena memory;
};

/* ---- putting together ---- */

static teal_bytes copy(core_plan *p, teal_bytes view)
{
    teal_bytes kept = teal_arena_copy(&p->memory, view);
    if (kept.at == NULL)
        bug("a plan is too small for its octets");
    return kept;
}

static size_t bytes_for(const store_message *m, const plan_size *max)
{
    size_t octets = m->message_id.len + m->conversation_id.len + m->sender.len + m->network.len +
                    m->envelope.len + max->octets;
    size_t blocks = 9 + 2 * max->deliveries; /* each is aligned */
    return octets + max->deliveries * sizeof(store_delivery) + max->items * sizeof(planned_item) +
           blocks * alignof(max_align_t);
}

core_plan *plan_open(core *c, const store_message *m, const plan_size *max)
{
    core_plan *p = calloc(1, sizeof *p);
    size_t bytes = bytes_for(m, max);
    uint8_t *memory = malloc(bytes);
    if (p == NULL || memory == NULL)
        bug("out of memory");
    *p = (core_plan){ .c = c, .message = *m, .max = *max, .memory = { memory, bytes, 0 } };
    p->deliveries = teal_arena_array(&p->memory, max->deliveries, sizeof *p->deliveries);
    p->items = teal_arena_array(&p->memory, max->items, sizeof *p->items);
    p->message.message_id = copy(p, m->message_id);
    p->message.conversation_id = copy(p, m->conversation_id);
    p->message.sender = copy(p, m->sender);
    p->message.network = copy(p, m->network);
    p->message.envelope = copy(p, m->envelope);
    p->news.expires_ms = m->expires_ms;
    return p;
}

void plan_drop(core_plan **p)
{
    if (*p == NULL)
        return;
    news_drop(&(*p)->news);
    free((*p)->memory.base);
    free(*p);
    *p = NULL;
}

void plan_add_delivery(core_plan *p, const store_delivery *d)
{
    if (p->n.deliveries == p->max.deliveries)
        bug("a plan is too small for its deliveries");
    store_delivery *kept = &p->deliveries[p->n.deliveries++];
    *kept = *d;
    kept->recipient = copy(p, d->recipient);
    kept->network = copy(p, d->network);
    news_of_queue(&p->news, p->c, d->path, d->network);
}

void plan_add_item(core_plan *p, const uint8_t device[static TEAL_DEVICE_BYTES], bool own)
{
    if (p->n.items == p->max.items || (!own && p->n.deliveries == 0))
        bug("a plan is too small for its items");
    planned_item *item = &p->items[p->n.items++];
    memcpy(item->device, device, sizeof item->device);
    item->delivery = own ? NULL : &p->deliveries[p->n.deliveries - 1];
    news_of_device(&p->news, device);
}

void plan_add_fallback(core_plan *p, teal_bytes enc, teal_bytes sealed)
{
    p->enc = copy(p, enc);
    p->sealed = copy(p, sealed);
}

/* ---- the transaction ---- */

static store_result put_deliveries(core_plan *p, store *s)
{
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < p->n.deliveries; i++) {
        p->deliveries[i].message_seq = p->message.seq;
        result = s->ops->put_delivery(s, &p->deliveries[i]);
    }
    return result;
}

static store_result put_items(core_plan *p, store *s)
{
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < p->n.items; i++) {
        const planned_item *planned = &p->items[i];
        store_item item = { .kind = ITEM_ENVELOPE,
                            .delivery_id = planned->delivery != NULL ? planned->delivery->id : 0,
                            .message_seq = p->message.seq };
        memcpy(item.device, planned->device, sizeof item.device);
        result = s->ops->put_item(s, &item);
    }
    return result;
}

/* STORE_EXISTS: somebody else's submission of it was first. */
static store_result put_all(store *s, void *plan)
{
    core_plan *p = plan;
    store_result result = s->ops->put_message(s, &p->message);
    if (result == STORE_OK)
        result = put_deliveries(p, s);
    if (result == STORE_OK)
        result = put_items(p, s);
    if (result == STORE_OK && p->sealed.len > 0)
        result = s->ops->put_fallback(s, p->message.seq, p->enc, p->sealed);
    return result;
}

static void finish(void *plan, store_result stored)
{
    core_plan *p = plan;
    core_committed *done = p->done;
    void *arg = p->arg;
    core_result result = stored == STORE_OK       ? CORE_ACCEPTED
                         : stored == STORE_EXISTS ? CORE_DUPLICATE
                                                  : CORE_OVERLOADED;
    if (result == CORE_OVERLOADED && stored != STORE_BUSY)
        log_event(LOG_ERROR, "submit.failed", "result", store_result_name(stored), NULL);
    if (result == CORE_ACCEPTED)
        news_tell(&p->news, p->c);
    plan_drop(&p);
    done(arg, result);
}

void core_commit(core_plan *p, core_committed *done, void *arg)
{
    p->done = done;
    p->arg = arg;
    p->job = (writer_job){ put_all, finish, p, NULL };
    if (!writer_submit(p->c->parts.writer, &p->job))
        finish(p, STORE_BUSY);
}
