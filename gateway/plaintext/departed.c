/* Rows of keyed digests, the youngest first; what falls off a row's end is forgotten. */
#include "gateway/plaintext/departed.h"

#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>

enum { ROWS = 32768, WAYS = 8 };

typedef struct digest {
    uint8_t at[crypto_generichash_BYTES_MIN]; /* all zeros: none */
} digest;

struct departed {
    uint8_t key[crypto_generichash_KEYBYTES]; /* an edge cannot choose the row */
    digest rows[ROWS][WAYS];
};

departed *departed_open(void)
{
    departed *d = calloc(1, sizeof *d);
    if (d == NULL)
        bug("out of memory");
    crypto_generichash_keygen(d->key);
    return d;
}

void departed_close(departed **d)
{
    free(*d);
    *d = NULL;
}

static digest digest_of(const departed *d, const teal_hash *transcript, teal_bytes recipient)
{
    digest out;
    crypto_generichash_state state;
    crypto_generichash_init(&state, d->key, sizeof d->key, sizeof out.at);
    crypto_generichash_update(&state, transcript->at, sizeof transcript->at);
    crypto_generichash_update(&state, recipient.at, recipient.len);
    crypto_generichash_final(&state, out.at, sizeof out.at);
    return out;
}

static size_t row_of(const digest *wanted)
{
    return (size_t)(wanted->at[0] | wanted->at[1] << 8) % ROWS;
}

/* Its place in the row; WAYS: it is not there. */
static size_t find(const digest row[static WAYS], const digest *wanted)
{
    size_t i = 0;
    while (i < WAYS && memcmp(row[i].at, wanted->at, sizeof wanted->at) != 0)
        i++;
    return i;
}

bool departed_has(const departed *d, const teal_hash *transcript, teal_bytes recipient)
{
    digest wanted = digest_of(d, transcript, recipient);
    return find(d->rows[row_of(&wanted)], &wanted) < WAYS;
}

void departed_put(departed *d, const teal_hash *transcript, teal_bytes recipient)
{
    digest new = digest_of(d, transcript, recipient);
    digest *row = d->rows[row_of(&new)];
    memmove(row + 1, row, (WAYS - 1) * sizeof *row);
    row[0] = new;
}

void departed_drop(departed *d, const teal_hash *transcript, teal_bytes recipient)
{
    digest wanted = digest_of(d, transcript, recipient);
    digest *row = d->rows[row_of(&wanted)];
    size_t at = find(row, &wanted);
    if (at == WAYS)
        return;
    memmove(row + at, row + at + 1, (WAYS - 1 - at) * sizeof *row);
    row[WAYS - 1] = (digest){ 0 };
}
