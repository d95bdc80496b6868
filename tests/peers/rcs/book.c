/* A ring of entries. */
#include "tests/peers/rcs/book.h"

#include <sodium.h>

static void hash_part(crypto_hash_sha256_state *state, teal_bytes part)
{
    uint64_t len = part.len; /* of this machine: names never leave it */
    crypto_hash_sha256_update(state, (const uint8_t *)&len, sizeof len);
    crypto_hash_sha256_update(state, part.at, part.len);
}

teal_hash book_name(teal_bytes a, teal_bytes b, teal_bytes c)
{
    crypto_hash_sha256_state state;
    teal_hash name;
    crypto_hash_sha256_init(&state);
    hash_part(&state, a);
    hash_part(&state, b);
    hash_part(&state, c);
    crypto_hash_sha256_final(&state, name.at);
    return name;
}

const teal_hash *book_find(const book *b, const teal_hash *name)
{
    for (size_t i = 0; i < BOOK_ENTRIES; i++)
        if (b->entries[i].used && memcmp(&b->entries[i].name, name, sizeof *name) == 0)
            return &b->entries[i].value;
    return NULL;
}

void book_put(book *b, const teal_hash *name, const teal_hash *value)
{
    b->entries[b->next].used = true;
    b->entries[b->next].name = *name;
    b->entries[b->next].value = *value;
    b->next = (b->next + 1) % BOOK_ENTRIES;
}
