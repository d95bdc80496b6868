/* A memory of 32 octets under a name, which forgets the oldest: messages by sender and id, account
 * keys by handle. Not for many entries: looking up is linear. One thread at a time. */
#ifndef TEAL_TESTS_PEERS_BOOK_H
#define TEAL_TESTS_PEERS_BOOK_H

#include "codecs/native/envelope.h"

enum { BOOK_ENTRIES = 4096 };

/* Zeroed before first use. */
typedef struct book {
    struct {
        bool used;
        teal_hash name, value;
    } entries[BOOK_ENTRIES];
    size_t next;
} book;

/* Names by up to three parts; empty ones count. */
teal_hash book_name(teal_bytes a, teal_bytes b, teal_bytes c);
/* NULL: not known. Lives until the next book_put. */
const teal_hash *book_find(const book *b, const teal_hash *name);
void book_put(book *b, const teal_hash *name, const teal_hash *value);

#endif
