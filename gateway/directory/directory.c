/* Who is where: looks handles up in the own store or at their network. Must never take silence, or
 * an answer that does not verify, for "there is no better path". */
#include "gateway/directory/directory.h"

#include "gateway/directory/directory_own.h"

#include <stdlib.h>

/* How long it is believed that a handle has no end-to-end encrypted path (I4). */
enum { UNSEALED_TTL_MS = 30000 };

directory *directory_open(const config *c, networks *n, writer *w, const request_signer *signer)
{
    directory *d = calloc(1, sizeof *d);
    if (d == NULL)
        bug("out of memory");
    *d = (directory){ .config = c,
                      .networks = n,
                      .writer = w,
                      .peers = peers_open(c, signer),
                      .links = link_requests_open(),
                      .forwarding = forwarding_requests_open() };
    return d;
}

void directory_close(directory **d)
{
    if (*d == NULL)
        return;
    peers_close(&(*d)->peers);
    link_requests_close(&(*d)->links);
    forwarding_requests_close(&(*d)->forwarding);
    free(*d);
    *d = NULL;
}

void directory_tell(directory *d,
                    void (*inbox_changed)(void *arg,
                                          const uint8_t device[static TEAL_DEVICE_BYTES]),
                    void *arg)
{
    d->inbox_changed = inbox_changed;
    d->inbox_arg = arg;
}

bool directory_is_gateway(const directory *d, teal_bytes handle)
{
    return teal_bytes_equal(handle, teal_text(d->config->handle));
}

directory_result directory_broken(store_result result)
{
    log_event(LOG_ERROR, "directory.store", "result", store_result_name(result), NULL);
    return DIRECTORY_BROKEN;
}

directory_result directory_distrust(const bridged_network *peer, teal_bytes handle,
                                    const char *wrong)
{
    char whose[32];
    log_event(LOG_WARN, "directory.distrust", "peer", peer->name, "handle",
              log_handle(whose, handle), "what", wrong, NULL);
    return DIRECTORY_UNREACHABLE;
}

/* Verified before it was stored. */
static directory_result take_stored(teal_bytes encoded, teal_arena *arena, directory_entry *out)
{
    if (teal_manifest_decode(encoded, arena, &out->manifest, NULL) != TEAL_OK)
        return directory_broken(STORE_SPACE);
    out->encoded = encoded;
    out->has_manifest = true;
    return DIRECTORY_OK;
}

directory_result directory_find_own(const directory *d, store *reader, teal_bytes handle,
                                    teal_arena *arena, directory_entry *out)
{
    teal_bytes encoded;
    out->network = teal_text("native");
    out->ttl_ms = d->config->lookup_ttl_ms;
    store_result stored = reader->ops->get_manifest(reader, handle, arena, &encoded);
    if (stored == STORE_NONE)
        return DIRECTORY_OK;
    if (stored != STORE_OK)
        return directory_broken(stored);
    out->has_native = true;
    return take_stored(encoded, arena, out);
}

/* REQ-NET-4: the plaintext room knows the networks of the configuration alone. */
static void take_capability(const bridged_network *peer, teal_bytes capability,
                            directory_entry *out)
{
    out->has_rcs = teal_bytes_equal(capability, teal_text("sealed"));
    out->has_plain = peer->configured && teal_bytes_equal(capability, teal_text("plain"));
    out->speaks_mls = teal_bytes_equal(capability, teal_text("mls"));
}

static int64_t choose_ttl(const directory *d, const peer_answer *a)
{
    int64_t ttl_ms = d->config->lookup_ttl_ms;
    if (!a->sealed && ttl_ms > UNSEALED_TTL_MS)
        ttl_ms = UNSEALED_TTL_MS;
    return a->ttl_ms >= 0 && a->ttl_ms < ttl_ms ? a->ttl_ms : ttl_ms;
}

typedef struct memory {
    store_remote remote;
    const uint8_t *account_key; /* NULL: none came with it */
    int64_t now_ms;
} memory;

static store_result remember(store *s, void *arg)
{
    const memory *m = arg;
    store_result result = STORE_OK;
    if (m->account_key != NULL)
        result = s->ops->pin_key(s, m->remote.handle, m->account_key);
    return result == STORE_OK ? s->ops->put_remote(s, &m->remote, m->now_ms) : result;
}

directory_result directory_take_answer(directory *d, const bridged_network *peer, teal_bytes handle,
                                       const peer_answer *a, int64_t now_ms, teal_arena *arena,
                                       directory_entry *out)
{
    out->network = teal_arena_copy(arena, teal_text(peer->name));
    if (out->network.len == 0)
        return directory_broken(STORE_SPACE);
    out->ttl_ms = choose_ttl(d, a);
    take_capability(peer, a->capability, out);
    out->has_manifest = a->sealed;
    out->manifest = a->manifest;
    out->encoded = a->encoded;
    memory m = { { handle, out->network, a->capability, a->encoded, now_ms + out->ttl_ms },
                 a->sealed ? a->manifest.account_key : NULL,
                 now_ms };
    store_result stored = writer_do(d->writer, remember, &m);
    if (stored == STORE_EXISTS)
        return directory_distrust(peer, handle, "REQ-DIR-24 the account key changed");
    return stored == STORE_OK ? DIRECTORY_OK : directory_broken(stored);
}

static directory_result ask_peer(directory *d, const bridged_network *peer, teal_bytes handle,
                                 int64_t now_ms, teal_arena *arena, directory_entry *out)
{
    json_t *object;
    peer_answer answer = { .capability = teal_text("none"), .ttl_ms = -1 };
    const char *wrong = NULL;
    peers_result asked = peers_ask(d->peers, peer, "GET", handle, "", now_ms, &object);
    if (asked == PEERS_UNREACHABLE)
        return DIRECTORY_UNREACHABLE;
    if (asked == PEERS_OK)
        wrong = peer_answer_read(object, handle, arena, &answer);
    json_decref(object);
    return wrong != NULL ? directory_distrust(peer, handle, wrong)
                         : directory_take_answer(d, peer, handle, &answer, now_ms, arena, out);
}

static directory_result find_remote(directory *d, store *reader, const bridged_network *peer,
                                    teal_bytes handle, int64_t now_ms, teal_arena *arena,
                                    directory_entry *out)
{
    store_remote known;
    store_result stored = reader->ops->get_remote(reader, handle, now_ms, arena, &known);
    /* Not what a network said that the handle no longer belongs to. */
    if (stored == STORE_OK && !teal_bytes_equal(known.network, teal_text(peer->name)))
        stored = STORE_NONE;
    if (stored == STORE_NONE)
        return peer->suspended ? DIRECTORY_UNREACHABLE
                               : ask_peer(d, peer, handle, now_ms, arena, out);
    if (stored != STORE_OK)
        return directory_broken(stored);
    out->network = known.network;
    out->ttl_ms = known.expires_ms - now_ms;
    take_capability(peer, known.capability, out);
    return known.manifest.len > 0 ? take_stored(known.manifest, arena, out) : DIRECTORY_OK;
}

directory_result directory_finish(const directory *d, teal_bytes handle, directory_entry *out)
{
    bool others = out->has_native || out->has_rcs || out->has_plain;
    out->has_sms = config_reaches_sms(d->config, handle);
    if (!others && !out->has_sms)
        return DIRECTORY_NONE;
    if (!others)
        out->network = teal_text("sms");
    return DIRECTORY_OK;
}

directory_result directory_look_up(directory *d, store *reader, teal_bytes handle, int64_t now_ms,
                                   teal_arena *arena, directory_entry *out)
{
    *out = (directory_entry){ .ttl_ms = d->config->lookup_ttl_ms };
    if (directory_is_gateway(d, handle))
        return DIRECTORY_NONE;
    directory_result result = DIRECTORY_OK;
    const networks_view *view = networks_hold(d->networks);
    const bridged_network *peer = networks_for(view, handle);
    if (networks_is_native(view, handle))
        result = directory_find_own(d, reader, handle, arena, out);
    else if (peer != NULL)
        result = find_remote(d, reader, peer, handle, now_ms, arena, out);
    networks_let_go(d->networks, &view);
    return result == DIRECTORY_OK ? directory_finish(d, handle, out) : result;
}

static store_result forget(store *s, void *arg)
{
    const teal_bytes *handle = arg;
    return s->ops->drop_remote(s, *handle);
}

void directory_forget(directory *d, teal_bytes handle)
{
    store_result result = writer_do(d->writer, forget, &handle);
    if (result != STORE_OK)
        directory_broken(result);
}
