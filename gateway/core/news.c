/* Collects and tells; see news.h. */
#include "gateway/core/news.h"

#include "gateway/core/expiry.h"
#include "gateway/core/queue.h"
#include "gateway/core/room_client.h"
#include "gateway/core/state.h"

#include <stdlib.h>

static_assert(NETWORKS_MAX <= 64, "a network is a bit");

void news_of_device(news *n, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    if (n->n > 0 && memcmp(n->devices[n->n - 1], device, TEAL_DEVICE_BYTES) == 0)
        return;
    if (n->n == n->cap) {
        n->cap = n->cap == 0 ? 4 : 2 * n->cap;
        n->devices = reallocarray(n->devices, n->cap, sizeof *n->devices);
        if (n->devices == NULL)
            bug("out of memory");
    }
    memcpy(n->devices[n->n++], device, TEAL_DEVICE_BYTES);
}

static uint64_t bit_of(int slot)
{
    return slot < 0 ? 0 : UINT64_C(1) << slot;
}

void news_of_queue(news *n, const core *c, store_path path, teal_bytes network)
{
    switch (path) {
    case PATH_RCS:
        n->queues |= bit_of(core_slot_of(c, network));
        return;
    case PATH_PLAIN:
        n->room_peers |= bit_of(core_slot_of(c, network));
        return;
    case PATH_SMS:
        n->room_sms = true;
        return;
    case PATH_NATIVE: /* its devices are told one by one */
    case PATH_NONE:
        return;
    }
    bug("store_path out of range");
}

void news_of_end(news *n, const core *c, teal_bytes recipient)
{
    uint64_t bit = bit_of(core_slot_for(c, recipient));
    n->queues |= bit;
    n->room_peers |= bit;
    if (config_reaches_sms(c->parts.config, recipient))
        n->room_sms = true;
}

void news_tell(news *n, core *c)
{
    for (size_t i = 0; i < n->n; i++)
        c->parts.inbox_changed(c->parts.arg, n->devices[i]);
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        queue *q = n->queues >> i & 1 ? c->queues[i] : NULL;
        if (q != NULL)
            queue_wake(q);
    }
    if (n->room_sms || n->room_peers != 0)
        room_client_wake(c->room, n->room_sms, n->room_peers);
    if (n->expires_ms != 0)
        expiry_expect(c->expiry, n->expires_ms);
    news_drop(n);
}

void news_drop(news *n)
{
    free(n->devices);
    *n = (news){ 0 };
}
