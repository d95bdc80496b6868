/* Claims of prekeys: own ones from the store, each one-time prekey once and never again; other
 * networks' from them. REQ-DIR-23, -24. */
#include "gateway/directory/directory_own.h"

typedef struct own_claim {
    const teal_manifest *manifest;
    bool spare;
    const bool *wanted; /* by place in the manifest; NULL: all */
    teal_arena *arena;
    directory_prekey *out;
    size_t n;
} own_claim;

static store_result claim_of(store *s, bool spare, const uint8_t *device, teal_arena *arena,
                             teal_bytes *encoded)
{
    store_result result = STORE_NONE;
    if (spare)
        result = s->ops->get_last_resort(s, device, arena, encoded);
    return result == STORE_NONE ? s->ops->claim_prekey(s, device, arena, encoded) : result;
}

/* In the writer's thread; whoever claims waits for it. */
static store_result claim_prekeys(store *s, void *arg)
{
    own_claim *c = arg;
    store_result result = STORE_OK;
    c->n = 0;
    for (size_t i = 0; result == STORE_OK && i < c->manifest->n_devices; i++) {
        directory_prekey *prekey = &c->out[c->n];
        if (c->wanted != NULL && !c->wanted[i])
            continue;
        memcpy(prekey->device, c->manifest->devices[i].id, TEAL_DEVICE_BYTES);
        result = claim_of(s, c->spare, prekey->device, c->arena, &prekey->encoded);
        c->n += result == STORE_OK;
        if (result == STORE_NONE) /* a device without any is left out */
            result = STORE_OK;
    }
    return result;
}

static directory_result claim(directory *d, own_claim *c, size_t *n)
{
    store_result stored = writer_do(d->writer, claim_prekeys, c);
    *n = stored == STORE_OK ? c->n : 0;
    return stored == STORE_OK ? DIRECTORY_OK : directory_broken(stored);
}

directory_result directory_claim_of(directory *d, const teal_manifest *m, const bool *wanted,
                                    teal_arena *arena, directory_prekey *out, size_t *n)
{
    own_claim c = { .manifest = m, .wanted = wanted, .arena = arena, .out = out };
    return claim(d, &c, n);
}

static directory_result claim_own(directory *d, store *reader, teal_bytes handle, bool spare,
                                  teal_arena *arena, directory_entry *entry, directory_prekey *out,
                                  size_t *n)
{
    directory_result result = directory_find_own(d, reader, handle, arena, entry);
    if (result != DIRECTORY_OK)
        return result;
    if (!entry->has_manifest)
        return DIRECTORY_NONE;
    own_claim c = { .manifest = &entry->manifest, .spare = spare, .arena = arena, .out = out };
    return claim(d, &c, n);
}

static directory_result claim_remote(directory *d, const bridged_network *peer, teal_bytes handle,
                                     int64_t now_ms, teal_arena *arena, directory_entry *entry,
                                     directory_prekey *out, size_t *n)
{
    json_t *object;
    peer_answer answer;
    if (peer->suspended)
        return DIRECTORY_UNREACHABLE;
    switch (peers_ask(d->peers, peer, "POST", handle, "/claim", now_ms, &object)) {
    case PEERS_OK:
        break;
    case PEERS_NONE:
        directory_forget(d, handle); /* whatever it said before */
        return DIRECTORY_NONE;
    case PEERS_UNREACHABLE:
        return DIRECTORY_UNREACHABLE;
    }
    const char *wrong = peer_answer_read_claim(object, handle, arena, &answer, out, n);
    json_decref(object);
    return wrong != NULL ? directory_distrust(peer, handle, wrong)
                         : directory_take_answer(d, peer, handle, &answer, now_ms, arena, entry);
}

directory_result directory_claim(directory *d, store *reader, teal_bytes handle, bool spare,
                                 int64_t now_ms, teal_arena *arena, directory_entry *entry,
                                 directory_prekey *out, size_t *n)
{
    *entry = (directory_entry){ 0 };
    *n = 0;
    directory_result result = DIRECTORY_NONE;
    if (directory_is_gateway(d, handle))
        return DIRECTORY_NONE;
    const networks_view *view = networks_hold(d->networks);
    const bridged_network *peer = networks_for(view, handle);
    if (networks_is_native(view, handle))
        result = claim_own(d, reader, handle, spare, arena, entry, out, n);
    else if (peer != NULL)
        result = claim_remote(d, peer, handle, now_ms, arena, entry, out, n);
    networks_let_go(d->networks, &view);
    if (result == DIRECTORY_OK)
        result = directory_finish(d, handle, entry);
    if (result != DIRECTORY_OK)
        *n = 0;
    return result;
}
