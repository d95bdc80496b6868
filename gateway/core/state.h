/* Inside the core: what its files share. */
#ifndef TEAL_GATEWAY_CORE_STATE_H
#define TEAL_GATEWAY_CORE_STATE_H

#include "gateway/core/core.h"

#include <pthread.h>
#include <stdatomic.h>

#define CORE_NATIVE "native"
#define CORE_SMS    "sms"
/* The network of what the room seals itself: nobody to send receipts to. No peer has that name. */
#define CORE_GATEWAY "gateway"

struct core {
    core_parts parts;
    uint8_t room_id[TEAL_DEVICE_BYTES], room_key[TEAL_KEY_BYTES]; /* the device `plaintext` */
    teal_arena scratch;
    _Atomic(struct queue *) queues[NETWORKS_MAX]; /* of each slot; NULL until it is used */
    pthread_mutex_t opening;                      /* of them, one at a time */
    struct expiry *expiry;
    struct room_client *room;
};

/* Another handle of the store, for one thread. NULL: logged. */
store *core_open_reader(const core *c);

/* For jobs, which the writer's thread runs one after the other: empty, enough for the largest
 * message, decoded. Another call takes it back. */
teal_arena *core_scratch(core *c);

/* The slot of a network, by its name or a handle of its people; -1: there is none (any more). */
int core_slot_of(const core *c, teal_bytes name);
int core_slot_for(const core *c, teal_bytes handle);
bool core_is_native(const core *c, teal_bytes handle);
/* Whether that network, or the one of a sender's handle, is there and suspended. */
bool core_is_suspended(const core *c, teal_bytes name);
bool core_speaks_suspended(const core *c, teal_bytes sender);

/* Size of an arena for one message, its manifests, and what it is encoded to. */
enum { CORE_ARENA_BYTES = 32 << 20 };
/* Memory of that size, of which only what is touched is taken. Aborts where there is none. */
teal_arena core_arena_make(void);
void core_arena_free(teal_arena *a);

static inline bool core_is_text(teal_bytes b, const char *text)
{
    return teal_bytes_equal(b, teal_text(text));
}

static inline teal_bytes core_view(const uint8_t *at, size_t len)
{
    return (teal_bytes){ at, len };
}

#endif
