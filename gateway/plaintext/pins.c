/* An open-addressed table of handle digests and account keys. */
#include "gateway/plaintext/pins.h"

#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>

typedef struct pin {
    uint8_t handle[crypto_generichash_BYTES_MIN]; /* keyed digest */
    uint8_t key[TEAL_KEY_BYTES];
    bool used;
} pin;

struct pins {
    uint8_t digest_key[crypto_generichash_KEYBYTES]; /* an edge cannot make handles collide */
    pin *table;                                      /* mask + 1, at most half full */
    size_t mask, n, max;
};

pins *pins_open(size_t max)
{
    pins *p = calloc(1, sizeof *p);
    if (p == NULL)
        bug("out of memory");
    p->max = max;
    for (p->mask = 1; p->mask < 2 * max; p->mask <<= 1)
        ;
    p->table = calloc(p->mask, sizeof *p->table);
    if (p->table == NULL)
        bug("out of memory");
    p->mask--;
    crypto_generichash_keygen(p->digest_key);
    return p;
}

void pins_close(pins **p)
{
    if (*p == NULL)
        return;
    free((*p)->table);
    free(*p);
    *p = NULL;
}

/* The handle's place, or the free one where it would go. */
static pin *find(const pins *p, teal_bytes handle, uint8_t digest[crypto_generichash_BYTES_MIN])
{
    size_t at;
    crypto_generichash(digest, crypto_generichash_BYTES_MIN, handle.at, handle.len, p->digest_key,
                       sizeof p->digest_key);
    memcpy(&at, digest, sizeof at);
    for (at &= p->mask; p->table[at].used; at = (at + 1) & p->mask)
        if (memcmp(p->table[at].handle, digest, crypto_generichash_BYTES_MIN) == 0)
            break;
    return &p->table[at];
}

bool pins_allow(const pins *p, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES])
{
    uint8_t digest[crypto_generichash_BYTES_MIN];
    const pin *known = find(p, handle, digest);
    return !known->used || memcmp(known->key, key, TEAL_KEY_BYTES) == 0;
}

void pins_put(pins *p, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES])
{
    uint8_t digest[crypto_generichash_BYTES_MIN];
    pin *place = find(p, handle, digest);
    if (place->used || p->n >= p->max)
        return;
    memcpy(place->handle, digest, sizeof place->handle);
    memcpy(place->key, key, sizeof place->key);
    place->used = true;
    p->n++;
    if (p->n == p->max)
        log_event(LOG_WARN, "room.pins_full", NULL);
}
