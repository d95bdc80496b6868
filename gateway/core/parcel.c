/* Packs messages for peers; see parcel.h. */
#include "gateway/core/parcel.h"

#include "codecs/rcs/e2ee.h"
#include "gateway/core/forward.h"
#include "gateway/core/state.h"

enum { HEADER_BYTES = 64 << 10 }; /* over what base64 and names add to a usual message */

store_result parcel_recipients(store *s, int64_t message_seq, teal_bytes network, teal_arena *arena,
                               store_delivery *out, size_t *n)
{
    size_t all = 0;
    *n = 0;
    store_result result =
        s->ops->list_deliveries(s, message_seq, arena, out, TEAL_MAX_RECIPIENTS, &all);
    for (size_t i = 0; i < all; i++)
        if (out[i].path == PATH_RCS && teal_bytes_equal(out[i].network, network))
            out[(*n)++] = out[i];
    return result;
}

static parcel_result look_up(core *c, store *reader, teal_bytes handle, int64_t now_ms,
                             teal_arena *arena, directory_entry *out)
{
    switch (directory_look_up(c->parts.directory, reader, handle, now_ms, arena, out)) {
    case DIRECTORY_OK:
        return out->has_rcs && out->has_manifest ? PARCEL_READY : PARCEL_STALE;
    case DIRECTORY_NONE:
        return PARCEL_STALE;
    case DIRECTORY_UNREACHABLE:
        return PARCEL_UNREACHABLE;
    case DIRECTORY_BROKEN:
        return PARCEL_FAILED;
    }
    bug("directory_result out of range");
}

/* d's own recipient decides; another one that has lost its path only loses its keys. */
static parcel_result list_manifests(core *c, store *reader, const store_delivery *d, int64_t now_ms,
                                    teal_arena *arena, const teal_manifest **out, size_t *n)
{
    parcel_result result = PARCEL_READY;
    size_t n_all = 0;
    store_delivery *all = teal_arena_take(arena, TEAL_MAX_RECIPIENTS * sizeof *all);
    *n = 0;
    if (all == NULL ||
        parcel_recipients(reader, d->message_seq, d->network, arena, all, &n_all) != STORE_OK)
        return PARCEL_FAILED;
    for (size_t i = 0; result == PARCEL_READY && i < n_all; i++) {
        directory_entry *entry = teal_arena_take(arena, sizeof *entry);
        if (entry == NULL)
            return PARCEL_FAILED;
        result = look_up(c, reader, all[i].recipient, now_ms, arena, entry);
        if (result == PARCEL_READY)
            out[(*n)++] = &entry->manifest;
        else if (result == PARCEL_STALE && all[i].id != d->id)
            result = PARCEL_READY;
    }
    return result;
}

static parcel_result encode(const teal_envelope *e, teal_arena *arena, teal_bytes *cpim)
{
    size_t cap = HEADER_BYTES + e->ciphertext.len;
    teal_writer w = { teal_arena_take(arena, cap), cap, 0 };
    teal_result result = w.base == NULL ? TEAL_SPACE : teal_e2ee_encode(e, NULL, &w);
    if (result == TEAL_SPACE && w.base != NULL) {
        w = (teal_writer){ teal_arena_take(arena, w.len), w.len, 0 };
        result = w.base == NULL ? TEAL_SPACE : teal_e2ee_encode(e, NULL, &w);
    }
    if (result != TEAL_OK)
        return PARCEL_FAILED;
    *cpim = teal_written(&w);
    return PARCEL_READY;
}

parcel_result parcel_make(core *c, store *reader, const teal_envelope *e, const store_delivery *d,
                          int64_t now_ms, teal_arena *arena, teal_bytes *cpim)
{
    const teal_manifest *manifests[TEAL_MAX_RECIPIENTS];
    size_t n;
    teal_envelope part;
    parcel_result result = list_manifests(c, reader, d, now_ms, arena, manifests, &n);
    if (result == PARCEL_READY && !forward_to(e, manifests, n, arena, &part))
        result = PARCEL_FAILED;
    if (result == PARCEL_READY)
        result = encode(&part, arena, cpim);
    if (result == PARCEL_FAILED)
        log_event(LOG_ERROR, "queue.parcel_failed", NULL);
    return result;
}
