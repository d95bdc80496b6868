/* Collects and tells; see news.h. */
#include "gateway/core/news.h"

#include "gateway/core/expiry.h"
#include "gateway/core/queue.h"
#include "gateway/core/room_client.h"
#include "gateway/core/state.h"

#include <stdlib.h>

static_assert(CONFIG_MAX_PEERS <= 64, "a peer is a bit");

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

static uint64_t peer_bit(const core *c, teal_bytes network)
{
    int i = core_peer_index(c, network);
    return i < 0 ? 0 : UINT64_C(1) << i;
}

void news_of_queue(news *n, const core *c, store_path path, teal_bytes network)
{
    switch (path) {
    case PATH_RCS:
        n->queues |= peer_bit(c, network);
        return;
    case PATH_PLAIN:
        n->room_peers |= peer_bit(c, network);
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
    const config_peer *peer = config_peer_for(c->parts.config, recipient);
    if (peer != NULL) {
        news_of_queue(n, c, PATH_RCS, teal_text(peer->name));
        news_of_queue(n, c, PATH_PLAIN, teal_text(peer->name));
    }
    if (config_reaches_sms(c->parts.config, recipient))
        n->room_sms = true;
}

void news_tell(news *n, core *c)
{
    for (size_t i = 0; i < n->n; i++)
        c->parts.inbox_changed(c->parts.arg, n->devices[i]);
    for (size_t i = 0; i < c->parts.config->n_peers; i++)
        if (n->queues >> i & 1)
            queue_wake(c->queues[i]);
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
