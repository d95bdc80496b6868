/* What the acceptance of one message writes: put together by the thread that checked it, written by
 * the writer's in the batch that comes next. Nobody waits for it. */
#ifndef TEAL_GATEWAY_CORE_PLAN_H
#define TEAL_GATEWAY_CORE_PLAN_H

#include "gateway/core/core.h"

/* How much a plan is made for, at the most. octets: of recipients, networks and fallback. */
typedef struct plan_size {
    size_t deliveries, items, octets;
} plan_size;

/* A plan for m, whose octets are copied. Freed by core_commit, or by plan_drop. */
core_plan *plan_open(core *c, const store_message *m, const plan_size *size);
void plan_drop(core_plan **p);

void plan_add_delivery(core_plan *p, const store_delivery *d);
/* The message for one device: of the delivery that was added last, or the sender's own copy. */
void plan_add_item(core_plan *p, const uint8_t device[static TEAL_DEVICE_BYTES], bool own);
void plan_add_fallback(core_plan *p, teal_bytes enc, teal_bytes sealed);

#endif
