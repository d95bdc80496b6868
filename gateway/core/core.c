/* Puts the core together and takes it apart: a queue for each peer, the sweep of what expires, the
 * client of the room. */
#include "gateway/core/expiry.h"
#include "gateway/core/queue.h"
#include "gateway/core/room_client.h"
#include "gateway/core/state.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { IDENTITY_BYTES = 4 * TEAL_MAX_MANIFEST_BYTES };

teal_arena core_arena_make(void)
{
    void *base = mmap(NULL, CORE_ARENA_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        bug("out of memory");
    return (teal_arena){ base, CORE_ARENA_BYTES, 0 };
}

void core_arena_free(teal_arena *a)
{
    if (a->base != NULL)
        munmap(a->base, a->cap);
    *a = (teal_arena){ 0 };
}

teal_arena *core_scratch(core *c)
{
    c->scratch.used = 0;
    return &c->scratch;
}

store *core_open_reader(const core *c)
{
    store *s = NULL;
    const store_ops *back_end = store_backend(c->parts.config->store_backend);
    store_result result =
        back_end == NULL ? STORE_NONE : back_end->open(c->parts.config->store_url, false, &s);
    if (result != STORE_OK)
        log_event(LOG_ERROR, "core.store", "result", store_result_name(result), NULL);
    return result == STORE_OK ? s : NULL;
}

int core_peer_index(const core *c, teal_bytes network)
{
    for (size_t i = 0; i < c->parts.config->n_peers; i++)
        if (core_is_text(network, c->parts.config->peers[i].name))
            return (int)i;
    return -1;
}

/* Who signs for the room: the device of that name in the gateway's own manifest. */
static bool find_room(core *c)
{
    teal_manifest m;
    teal_diag why = { "there is no device `plaintext`", 0 };
    teal_arena arena = { teal_arena_take(&c->scratch, IDENTITY_BYTES), IDENTITY_BYTES, 0 };
    bool found = false;
    if (teal_manifest_decode(c->parts.gateway_manifest, &arena, &m, &why) == TEAL_OK) {
        for (size_t i = 0; i < m.n_devices; i++) {
            if (!core_is_text(m.devices[i].name, "plaintext"))
                continue;
            memcpy(c->room_id, m.devices[i].id, sizeof c->room_id);
            memcpy(c->room_key, m.devices[i].signing_key, sizeof c->room_key);
            found = true;
        }
    }
    if (!found)
        log_event(LOG_ERROR, "core.gateway_manifest", "what", why.rule, NULL);
    return found;
}

/* All before any of their threads starts: they wake each other. */
static bool open_parts(core *c)
{
    bool good = find_room(c);
    c->expiry = good ? expiry_open(c) : NULL;
    good = c->expiry != NULL;
    for (size_t i = 0; good && i < c->parts.config->n_peers; i++) {
        c->queues[i] = queue_open(c, &c->parts.config->peers[i]);
        good = c->queues[i] != NULL;
    }
    c->room = good ? room_client_open(c) : NULL;
    return c->room != NULL;
}

core *core_start(const core_parts *parts)
{
    core *c = calloc(1, sizeof *c);
    if (c == NULL)
        bug("out of memory");
    c->parts = *parts;
    c->scratch = core_arena_make();
    if (!open_parts(c)) {
        core_stop(&c);
        return NULL;
    }
    expiry_start(c->expiry);
    for (size_t i = 0; i < parts->config->n_peers; i++)
        queue_start(c->queues[i]);
    room_client_start(c->room);
    return c;
}

void core_stop(core **c)
{
    core *it = *c;
    if (it == NULL)
        return;
    size_t n_peers = it->parts.config->n_peers;
    for (size_t i = 0; i < n_peers; i++)
        queue_halt(it->queues[i]); /* all POSTs under way may end at the same time */
    room_client_stop(it->room);
    for (size_t i = 0; i < n_peers; i++)
        queue_stop(it->queues[i]);
    expiry_stop(it->expiry);
    /* Whoever wakes others has stopped: only now may they go. */
    for (size_t i = 0; i < n_peers; i++)
        queue_close(&it->queues[i]);
    expiry_close(&it->expiry);
    room_client_close(&it->room);
    core_arena_free(&it->scratch);
    free(it);
    *c = NULL;
}

bool core_downgrade_key(core *c, uint8_t *buf, size_t cap, size_t *len)
{
    return room_client_key(c->room, buf, cap, len);
}
