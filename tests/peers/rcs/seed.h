/* What the keys of all users follow from, kept in a file so that they outlive the process. */
#ifndef TEAL_TESTS_PEERS_SEED_H
#define TEAL_TESTS_PEERS_SEED_H

#include <stdbool.h>
#include <stdint.h>

typedef struct seed {
    uint8_t key[32];
    uint64_t created_at_ms;
} seed;

/* path: read if it is there, else made with a new seed; NULL: a new seed that is not kept. False:
 * the file is unreadable or is none; said on standard error. */
bool seed_load(const char *path, seed *out);

#endif
