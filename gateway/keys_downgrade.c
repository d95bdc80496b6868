/* Downgrade keys over time: one in force, the ones before it for a while. Must never publish a key
 * that is not on the disk, nor keep one in memory that the disk has forgotten. */
#include "gateway/keys_own.h"

#include "codecs/native/seal.h"

#include <sodium.h>

void keys_fill_downgrades(keys_room *k, const key_parts *parts)
{
    sodium_memzero(k->downgrades, sizeof k->downgrades);
    k->n_downgrades = parts->n_downgrades;
    for (size_t i = 0; i < parts->n_downgrades; i++) {
        const key_downgrade *from = &parts->downgrades[i];
        keys_downgrade *to = &k->downgrades[i];
        memcpy(to->sk, from->sk, sizeof to->sk);
        crypto_scalarmult_base(to->pk, to->sk);
        teal_gateway_key_id(to->pk, to->id);
        bool ends = from->until_ms > 0 && from->until_ms < INT64_MAX;
        to->until_ms = ends ? (int64_t)from->until_ms : INT64_MAX;
    }
    k->published.id = 0;
    memcpy(k->published.key, k->downgrades[0].pk, sizeof k->published.key);
    teal_prekey_sign(&k->published, k->device.id, k->device.sk);
}

const keys_downgrade *keys_find_downgrade(const keys_room *k,
                                          const uint8_t id[static TEAL_GATEWAY_KEY_BYTES],
                                          int64_t now_ms)
{
    for (size_t i = 0; i < k->n_downgrades; i++)
        if (memcmp(k->downgrades[i].id, id, TEAL_GATEWAY_KEY_BYTES) == 0)
            return now_ms < k->downgrades[i].until_ms ? &k->downgrades[i] : NULL;
    return NULL;
}

/* As the file would have it, without those that have ended. */
static key_parts *parts_of(const keys_room *k, int64_t now_ms)
{
    key_parts *parts = keys_take_secret(sizeof *parts);
    memcpy(parts->id, k->device.id, sizeof parts->id);
    crypto_sign_ed25519_sk_to_seed(parts->seed, k->device.sk);
    for (size_t i = 0; i < k->n_downgrades; i++) {
        const keys_downgrade *d = &k->downgrades[i];
        if (d->until_ms <= now_ms)
            continue;
        key_downgrade *kept = &parts->downgrades[parts->n_downgrades++];
        memcpy(kept->sk, d->sk, sizeof kept->sk);
        kept->until_ms = d->until_ms == INT64_MAX ? 0 : (uint64_t)d->until_ms;
    }
    return parts;
}

static bool save(const config *c, const sealed_key *key, keys_room *k, const key_parts *parts,
                 FILE *errors)
{
    if (!key_file_replace(c, key_file_name(KEY_ROOM), KEY_ROOM, key, parts, errors))
        return false;
    keys_fill_downgrades(k, parts);
    return true;
}

bool keys_rotate_downgrade(const config *c, const sealed_key *key, keys_room *k, int64_t now_ms,
                           FILE *errors)
{
    key_parts *parts = parts_of(k, now_ms);
    bool rotated = false;
    if (parts->n_downgrades == KEY_MAX_DOWNGRADES) {
        fprintf(errors, "REQ-KEY-4 %d downgrade keys are kept already. Wait until one has ended.\n",
                KEY_MAX_DOWNGRADES);
        goto out;
    }
    parts->downgrades[0].until_ms = (uint64_t)(now_ms + c->downgrade_overlap_ms);
    memmove(&parts->downgrades[1], &parts->downgrades[0],
            parts->n_downgrades * sizeof parts->downgrades[0]);
    parts->n_downgrades++;
    parts->downgrades[0] = (key_downgrade){ 0 };
    randombytes_buf(parts->downgrades[0].sk, sizeof parts->downgrades[0].sk);
    rotated = save(c, key, k, parts, errors);
out:
    sodium_free(parts);
    return rotated;
}

bool keys_retire_downgrades(const config *c, const sealed_key *key, keys_room *k, int64_t now_ms,
                            size_t *retired, FILE *errors)
{
    *retired = 0;
    for (size_t i = 0; i < k->n_downgrades; i++)
        *retired += k->downgrades[i].until_ms <= now_ms;
    if (*retired == 0)
        return true;
    key_parts *parts = parts_of(k, now_ms);
    bool saved = save(c, key, k, parts, errors);
    sodium_free(parts);
    return saved;
}
