/* What one device may see of an envelope. Pure. */
#include "gateway/edge/inbox.h"

#include "codecs/native/transcript.h"

static const teal_hash *hash_keys(const teal_envelope *e, teal_arena *arena)
{
    teal_hash *hashes = teal_arena_array(arena, e->n_keys, sizeof *hashes);
    for (size_t i = 0; hashes != NULL && i < e->n_keys; i++)
        teal_transcript_key_hash(&e->keys[i], &hashes[i]);
    return hashes;
}

bool inbox_filter(const teal_envelope *e, const uint8_t device[static TEAL_DEVICE_BYTES],
                  teal_arena *arena, teal_envelope *out)
{
    *out = *e;
    if (e->n_key_hashes == 0) {
        out->key_hashes = hash_keys(e, arena);
        out->n_key_hashes = e->n_keys;
    }
    teal_wrapped_key *own = teal_arena_array(arena, e->n_keys, sizeof *own);
    if (own == NULL || out->key_hashes == NULL)
        return false;
    out->keys = own;
    out->n_keys = 0;
    for (size_t i = 0; i < e->n_keys; i++)
        if (memcmp(e->keys[i].device, device, TEAL_DEVICE_BYTES) == 0)
            own[out->n_keys++] = e->keys[i];
    out->downgrade.enc = (teal_bytes){ 0 };
    out->downgrade.sealed = (teal_bytes){ 0 };
    return true;
}
