/* Puts the core together and takes it apart: a queue for each network, the sweep of what expires,
 * the client of the room. */
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

static int slot_of(const bridged_network *n)
{
    return n != NULL ? (int)n->slot : -1;
}

int core_slot_of(const core *c, teal_bytes name)
{
    const networks_view *view = networks_hold(c->parts.networks);
    int slot = slot_of(networks_named(view, name));
    networks_let_go(c->parts.networks, &view);
    return slot;
}

int core_slot_for(const core *c, teal_bytes handle)
{
    const networks_view *view = networks_hold(c->parts.networks);
    int slot = slot_of(networks_for(view, handle));
    networks_let_go(c->parts.networks, &view);
    return slot;
}

bool core_is_native(const core *c, teal_bytes handle)
{
    const networks_view *view = networks_hold(c->parts.networks);
    bool native = networks_is_native(view, handle);
    networks_let_go(c->parts.networks, &view);
    return native;
}

static bool is_suspended(const bridged_network *n)
{
    return n != NULL && n->suspended;
}

bool core_is_suspended(const core *c, teal_bytes name)
{
    const networks_view *view = networks_hold(c->parts.networks);
    bool suspended = is_suspended(networks_named(view, name));
    networks_let_go(c->parts.networks, &view);
    return suspended;
}

bool core_speaks_suspended(const core *c, teal_bytes sender)
{
    const networks_view *view = networks_hold(c->parts.networks);
    bool suspended = is_suspended(networks_for(view, sender));
    networks_let_go(c->parts.networks, &view);
    return suspended;
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

/* Both before any of their threads starts: they wake each other. */
static bool open_parts(core *c)
{
    c->expiry = find_room(c) ? expiry_open(c) : NULL;
    c->room = c->expiry != NULL ? room_client_open(c) : NULL;
    return c->room != NULL;
}

/* A queue for each slot that is in use now; those of before look at who has theirs. False: one
 * could not be opened, and is tried again with the next change. */
static bool open_queues(core *c)
{
    bool good = true;
    pthread_mutex_lock(&c->opening);
    const networks_view *view = networks_hold(c->parts.networks);
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        queue *q = c->queues[i];
        if (q != NULL) {
            queue_wake(q);
        } else if (networks_in_slot(view, i) != NULL) {
            q = queue_open(c, i);
            good = good && q != NULL;
            if (q != NULL)
                queue_start(q);
            c->queues[i] = q;
        }
    }
    networks_let_go(c->parts.networks, &view);
    pthread_mutex_unlock(&c->opening);
    return good;
}

static void networks_changed(void *arg)
{
    core *c = arg;
    open_queues(c);
    room_client_wake(c->room, false, UINT64_MAX);
}

core *core_start(const core_parts *parts)
{
    core *c = calloc(1, sizeof *c);
    if (c == NULL)
        bug("out of memory");
    c->parts = *parts;
    c->scratch = core_arena_make();
    pthread_mutex_init(&c->opening, NULL);
    if (!open_parts(c) || !open_queues(c)) {
        core_stop(&c);
        return NULL;
    }
    expiry_start(c->expiry);
    room_client_start(c->room);
    networks_listen(parts->networks, networks_changed, c);
    return c;
}

void core_stop(core **c)
{
    core *it = *c;
    if (it == NULL)
        return;
    networks_listen(it->parts.networks, NULL, NULL);
    for (size_t i = 0; i < NETWORKS_MAX; i++)
        queue_halt(it->queues[i]); /* all POSTs under way may end at the same time */
    room_client_stop(it->room);
    for (size_t i = 0; i < NETWORKS_MAX; i++)
        queue_stop(it->queues[i]);
    expiry_stop(it->expiry);
    /* Whoever wakes others has stopped: only now may they go. */
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        queue *q = it->queues[i];
        queue_close(&q);
    }
    expiry_close(&it->expiry);
    room_client_close(&it->room);
    pthread_mutex_destroy(&it->opening);
    core_arena_free(&it->scratch);
    free(it);
    *c = NULL;
}

bool core_downgrade_key(core *c, uint8_t *buf, size_t cap, size_t *len)
{
    return room_client_key(c->room, buf, cap, len);
}

core_rotation core_rotate_downgrade(core *c)
{
    return room_client_rotate(c->room);
}
