/* Leaves out of an envelope what is not its destination's; the signature still holds. */
#include "gateway/core/forward.h"

#include "codecs/native/transcript.h"

const teal_hash *forward_key_hashes(const teal_envelope *e, teal_arena *arena, size_t *n)
{
    if (e->n_key_hashes > 0) {
        *n = e->n_key_hashes;
        return e->key_hashes;
    }
    teal_hash *hashes = teal_arena_array(arena, e->n_keys, sizeof *hashes);
    for (size_t i = 0; hashes != NULL && i < e->n_keys; i++)
        teal_transcript_key_hash(&e->keys[i], &hashes[i]);
    *n = e->n_keys; /* last: it may be e's own */
    return hashes;
}

/* One device, or all of some manifests. */
typedef struct destination {
    const uint8_t *device;
    const teal_manifest *const *manifests;
    size_t n;
} destination;

static bool is_for(const teal_wrapped_key *key, const destination *to)
{
    if (to->device != NULL)
        return memcmp(key->device, to->device, TEAL_DEVICE_BYTES) == 0;
    bool found = false;
    for (size_t i = 0; !found && i < to->n; i++)
        found = teal_manifest_device(to->manifests[i], key->device) != NULL;
    return found;
}

static bool forward(const teal_envelope *e, const destination *to, teal_arena *arena,
                    teal_envelope *out)
{
    size_t n_hashes;
    const teal_hash *hashes = forward_key_hashes(e, arena, &n_hashes);
    teal_wrapped_key *keys = teal_arena_array(arena, e->n_keys, sizeof *keys);
    if (hashes == NULL || keys == NULL)
        return false;
    *out = *e;
    out->keys = keys;
    out->n_keys = 0;
    for (size_t i = 0; i < e->n_keys; i++)
        if (is_for(&e->keys[i], to))
            keys[out->n_keys++] = e->keys[i];
    out->key_hashes = hashes;
    out->n_key_hashes = n_hashes;
    out->downgrade.enc = out->downgrade.sealed = (teal_bytes){ 0 };
    return true;
}

bool forward_to(const teal_envelope *e, const teal_manifest *const *manifests, size_t n,
                teal_arena *arena, teal_envelope *out)
{
    return forward(e, &(destination){ .manifests = manifests, .n = n }, arena, out);
}

bool forward_to_device(const teal_envelope *e, const uint8_t device[static TEAL_DEVICE_BYTES],
                       teal_arena *arena, teal_envelope *out)
{
    return forward(e, &(destination){ .device = device }, arena, out);
}
