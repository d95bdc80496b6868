/* What devices put into the directory: prekeys, by the rules of REQ-DIR-21 and REQ-PRE-1 to -3.
 * Signatures are checked in the caller's thread, what depends on the store in the writer's. */
#include "gateway/directory/directory_own.h"

#include <stdlib.h>

static const directory_refusal account_unknown = { "account-unknown", 404,
                                                   "REQ-DIR-21 no account has the handle",
                                                   "Register it first." };
static const directory_refusal device_unknown = {
    "device-unknown", 404, "REQ-DIR-21 the device is not in the account's manifest",
    "Register it in the next version of the manifest."
};
static const directory_refusal prekey_signature = {
    "signature-invalid", 403, "REQ-DIR-21 the device did not sign a prekey",
    "Sign each prekey with the device's signing key."
};
static const directory_refusal prekeys_full = {
    "prekeys-full", 409, "REQ-PRE-2 the device would have more than 200 one-time prekeys here",
    "Upload so many as make 200 with those that are left."
};

typedef struct put_prekeys {
    const uint8_t *device;
    const teal_prekey *prekeys; /* by id */
    size_t n;
    store_prekeys_left left;
    bool full;
} put_prekeys;

store_result directory_put_prekey(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                  const teal_prekey *prekey)
{
    uint8_t encoded[256];
    teal_writer w = { encoded, sizeof encoded, 0 };
    if (teal_prekey_encode(prekey, &w) != TEAL_OK)
        bug("an encoded prekey is longer than its fields");
    store_result result = s->ops->put_prekey(s, device, prekey->id, teal_written(&w));
    return result == STORE_EXISTS ? STORE_OK : result;
}

/* STORE_NONE: the device has left the manifest meanwhile. STORE_SPACE has all of it undone. */
static store_result put_all(store *s, void *arg)
{
    put_prekeys *p = arg;
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < p->n; i++)
        result = directory_put_prekey(s, p->device, &p->prekeys[i]);
    if (result == STORE_OK)
        result = s->ops->count_prekeys(s, p->device, &p->left);
    p->full = result == STORE_OK && p->left.one_time > DIRECTORY_MAX_ONE_TIME;
    return p->full ? STORE_SPACE : result;
}

static const directory_refusal *check(const teal_manifest *m, const teal_prekeys *p)
{
    const teal_device *device = teal_manifest_device(m, p->device);
    if (device == NULL)
        return &device_unknown;
    for (size_t i = 0; i < p->n_prekeys; i++) {
        if (teal_prekey_verify(&p->prekeys[i], p->device, device->signing_key, NULL) != TEAL_OK)
            return &prekey_signature;
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t one = ((const teal_prekey *)a)->id, other = ((const teal_prekey *)b)->id;
    return (one > other) - (one < other);
}

/* Ids only grow: each is to be above the one before. NULL: the arena is full. */
static const teal_prekey *sort(const teal_prekeys *p, teal_arena *arena)
{
    teal_prekey *sorted = teal_arena_array(arena, p->n_prekeys, sizeof *sorted);
    if (sorted == NULL)
        return NULL;
    for (size_t i = 0; i < p->n_prekeys; i++)
        sorted[i] = p->prekeys[i];
    qsort(sorted, p->n_prekeys, sizeof *sorted, compare_ids);
    return sorted;
}

static directory_put put_sorted(directory *d, const teal_prekeys *prekeys,
                                const teal_prekey *sorted, store_prekeys_left *left,
                                directory_refusal *why)
{
    put_prekeys p = { .device = prekeys->device, .prekeys = sorted, .n = prekeys->n_prekeys };
    store_result stored = sorted != NULL ? writer_do(d->writer, put_all, &p) : STORE_SPACE;
    *left = p.left;
    if (stored == STORE_OK)
        return PUT_NEXT;
    if (stored == STORE_NONE)
        return directory_refuse(&device_unknown, why);
    if (p.full)
        return directory_refuse(&prekeys_full, why);
    directory_broken(stored);
    return PUT_BUSY;
}

directory_put directory_put_prekeys(directory *d, store *reader, teal_bytes handle,
                                    teal_bytes encoded, teal_arena *arena,
                                    uint8_t device[static TEAL_DEVICE_BYTES],
                                    store_prekeys_left *left, directory_refusal *why)
{
    teal_prekeys prekeys;
    teal_diag diag = { 0 };
    directory_entry own = { 0 };
    if (teal_prekeys_decode(encoded, arena, &prekeys, &diag) != TEAL_OK)
        return directory_refuse_malformed("prekeys-malformed", &diag, why);
    if (directory_find_own(d, reader, handle, arena, &own) != DIRECTORY_OK)
        return PUT_BUSY;
    if (!own.has_manifest)
        return directory_refuse(&account_unknown, why);
    const directory_refusal *because = check(&own.manifest, &prekeys);
    if (because != NULL)
        return directory_refuse(because, why);
    memcpy(device, prekeys.device, TEAL_DEVICE_BYTES);
    return put_sorted(d, &prekeys, sort(&prekeys, arena), left, why);
}
