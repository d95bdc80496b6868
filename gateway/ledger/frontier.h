/* The right edge of a log's tree: all that whoever reads a log from its start has to keep to know
 * its root, and to go on later. Pure. */
#ifndef TEAL_GATEWAY_LEDGER_FRONTIER_H
#define TEAL_GATEWAY_LEDGER_FRONTIER_H

#include "gateway/ledger/merkle.h"

/* nodes[i] is the root of the last complete subtree of 2^i leaves where bit i of size is set, and
 * means nothing elsewhere. */
typedef struct frontier {
    uint64_t size;
    teal_hash nodes[MERKLE_MAX_LEVELS];
} frontier;

/* size < MERKLE_MAX_SIZE. */
void frontier_append(frontier *f, const teal_hash *leaf);
void frontier_root(const frontier *f, teal_hash *root);

#endif
