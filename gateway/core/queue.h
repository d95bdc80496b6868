/* What waits for the network that has one slot: end-to-end encrypted messages and receipts, in
 * order, tried again until it has them. A thread each, so that a peer that stalls stops nobody
 * else. Rests while the slot is free, or its network suspended. */
#ifndef TEAL_GATEWAY_CORE_QUEUE_H
#define TEAL_GATEWAY_CORE_QUEUE_H

#include "gateway/core/core.h"

typedef struct queue queue;

queue *queue_open(core *c, size_t slot); /* NULL: logged */
void queue_close(queue **q);             /* NULL-safe; stopped, or never started */
void queue_start(queue *q);
/* Begins nothing more; queue_stop is to follow. NULL-safe. */
void queue_halt(queue *q);
/* Lets the POST under way end, makes durable what came of it, joins the thread; queue_wake may
 * still be called. NULL-safe. */
void queue_stop(queue *q);

void queue_wake(queue *q); /* something is new, or who has the slot; any thread */

/* Whether that message is with the peer now, or its answer not durable yet: nobody else may say how
 * it ended. Any thread. */
bool queue_has_in_hand(queue *q, int64_t message_seq);

#endif
