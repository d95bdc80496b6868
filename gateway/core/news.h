/* Who is to be told once a transaction is durable: collected while it runs, told after its commit,
 * never before (an inbox that is looked at too early is empty, and nobody would look again). */
#ifndef TEAL_GATEWAY_CORE_NEWS_H
#define TEAL_GATEWAY_CORE_NEWS_H

#include "gateway/core/core.h"

typedef struct news {
    uint8_t (*devices)[TEAL_DEVICE_BYTES]; /* whose inboxes have changed */
    size_t n, cap;
    uint64_t queues;     /* bit of a slot: its queue or outbox has changed */
    uint64_t room_peers; /* bit of a slot: something plain waits for the room */
    bool room_sms;       /* an SMS waits for the room */
    int64_t expires_ms;  /* of a new message; 0: there is none */
} news;

void news_of_device(news *n, const uint8_t device[static TEAL_DEVICE_BYTES]);
/* Something new is in the queue of that path and network. */
void news_of_queue(news *n, const core *c, store_path path, teal_bytes network);
/* A delivery to that recipient has ended, and another may have waited behind it: on any path that
 * it has. */
void news_of_end(news *n, const core *c, teal_bytes recipient);

/* Tells, then frees. From any thread that may wake others; blocks for nobody. */
void news_tell(news *n, core *c);
/* The transaction failed: frees. */
void news_drop(news *n);

#endif
