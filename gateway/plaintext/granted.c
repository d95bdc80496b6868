/* An open-addressed table of what was said last of a handle and a device. */
#include "gateway/plaintext/granted.h"

#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>

enum { NAME_BYTES = crypto_generichash_BYTES_MIN };

/* What an account key has said last; sequence 0: nothing. */
typedef struct word {
    uint64_t sequence, expires_at_ms;
    bool revoked;
} word;

typedef struct place {
    uint8_t name[NAME_BYTES]; /* keyed digest of account, handle and device */
    word last;                /* sequence 0: free */
} place;

struct granted {
    uint8_t name_key[crypto_generichash_KEYBYTES]; /* an edge cannot make names collide */
    place *table;                                  /* mask + 1, at most half full */
    size_t mask, n, max;
};

granted *granted_open(size_t max)
{
    granted *g = calloc(1, sizeof *g);
    if (g == NULL)
        bug("out of memory");
    g->max = max;
    for (g->mask = 1; g->mask < 2 * max; g->mask <<= 1)
        ;
    g->table = calloc(g->mask, sizeof *g->table);
    if (g->table == NULL)
        bug("out of memory");
    g->mask--;
    crypto_generichash_keygen(g->name_key);
    return g;
}

void granted_close(granted **g)
{
    if (*g == NULL)
        return;
    free((*g)->table);
    free(*g);
    *g = NULL;
}

/* Another signing key under the same id is another device; all but the handle has a fixed length.
 */
static void name_of(const granted *g, const teal_manifest *account, teal_bytes handle,
                    const teal_device *device, uint8_t name[static NAME_BYTES])
{
    crypto_generichash_state s;
    crypto_generichash_init(&s, g->name_key, sizeof g->name_key, NAME_BYTES);
    crypto_generichash_update(&s, account->account_key, TEAL_KEY_BYTES);
    crypto_generichash_update(&s, device->id, TEAL_DEVICE_BYTES);
    crypto_generichash_update(&s, device->signing_key, TEAL_KEY_BYTES);
    crypto_generichash_update(&s, handle.at, handle.len);
    crypto_generichash_final(&s, name, NAME_BYTES);
}

/* Its place, or the free one where it would go. */
static place *find(const granted *g, const uint8_t name[static NAME_BYTES])
{
    size_t at;
    memcpy(&at, name, sizeof at);
    for (at &= g->mask; g->table[at].last.sequence > 0; at = (at + 1) & g->mask)
        if (memcmp(g->table[at].name, name, NAME_BYTES) == 0)
            break;
    return &g->table[at];
}

static void remember(granted *g, place *where, const uint8_t name[static NAME_BYTES],
                     const word *last)
{
    if (where->last.sequence == 0) {
        if (g->n == g->max)
            return;
        memcpy(where->name, name, NAME_BYTES);
        if (++g->n == g->max)
            log_event(LOG_WARN, "room.grants_full", NULL);
    }
    where->last = *last;
}

/* The place of the device that it is for, in the manifest; n_devices: it does not count. */
static size_t read_grant(const teal_manifest *account, teal_bytes handle, teal_bytes encoded,
                         teal_forwarding_grant *out)
{
    teal_diag why = { 0 };
    const teal_device *device = NULL;
    teal_result result = teal_forwarding_grant_decode(encoded, out, &why);
    if (result == TEAL_OK)
        result = teal_forwarding_grant_verify(out, account->account_key, &why);
    if (result == TEAL_OK && teal_bytes_equal(out->handle, handle))
        device = teal_manifest_device(account, out->device);
    if (device != NULL && memcmp(device->signing_key, out->signing_key, TEAL_KEY_BYTES) == 0)
        return (size_t)(device - account->devices);
    log_event(LOG_WARN, "room.grant_refused", "rule",
              why.rule != NULL ? why.rule : "REQ-FWD-4 of another handle or device", NULL);
    return account->n_devices;
}

/* Of two words of one sequence the one that ends it counts. */
static void hear(word *last, const teal_forwarding_grant *g)
{
    if (g->sequence > last->sequence || (g->sequence == last->sequence && g->revoked))
        *last = (word){ g->sequence, g->expires_at_ms, g->revoked };
}

void granted_judge(granted *g, const teal_manifest *account, teal_bytes handle,
                   const teal_bytes *shown, size_t n_shown, int64_t now_ms,
                   bool may[static TEAL_MAX_DEVICES])
{
    uint8_t names[TEAL_MAX_DEVICES][NAME_BYTES];
    word words[TEAL_MAX_DEVICES];
    for (size_t i = 0; i < account->n_devices; i++) {
        name_of(g, account, handle, &account->devices[i], names[i]);
        words[i] = find(g, names[i])->last;
    }
    for (size_t i = 0; i < n_shown; i++) {
        teal_forwarding_grant grant;
        const size_t device = read_grant(account, handle, shown[i], &grant);
        if (device < account->n_devices)
            hear(&words[device], &grant);
    }
    for (size_t i = 0; i < account->n_devices; i++) {
        const word *w = &words[i];
        if (w->sequence > 0)
            remember(g, find(g, names[i]), names[i], w);
        may[i] = i == 0 || (w->sequence > 0 && !w->revoked && w->expires_at_ms > (uint64_t)now_ms);
    }
}
