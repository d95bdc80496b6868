/* Merkle trees of append-only logs: hashes, roots and proofs of RFC 9162 section 2.1 with SHA-256.
 * Pure: where the nodes are kept is the caller's, who gives only those of complete subtrees, so
 * that what was kept once never changes and a leaf costs its own hash and one node on average.
 * Sizes and indexes are at most MERKLE_MAX_SIZE; any thread. */
#ifndef TEAL_GATEWAY_LEDGER_MERKLE_H
#define TEAL_GATEWAY_LEDGER_MERKLE_H

#include "codecs/native/envelope.h"

#define MERKLE_MAX_SIZE ((uint64_t)1 << 62)

enum {
    MERKLE_MAX_LEVELS = 63, /* of complete subtrees, leaves included */
    MERKLE_MAX_PROOF = 64,
};

/* Hash of the complete subtree over the leaves [index << level, (index + 1) << level), all of which
 * are there. False: it cannot be had; whoever asked hands that through. */
typedef bool merkle_node(void *arg, unsigned level, uint64_t index, teal_hash *out);
typedef struct merkle_tree {
    merkle_node *node;
    void *arg;
} merkle_tree;

typedef struct merkle_proof {
    size_t n;
    teal_hash hashes[MERKLE_MAX_PROOF]; /* in the order of RFC 9162 */
} merkle_proof;

void merkle_hash_leaf(teal_bytes entry, teal_hash *out); /* SHA-256(0x00, entry) */
void merkle_hash_children(const teal_hash *left, const teal_hash *right, teal_hash *out);

/* MTH of the first `size` leaves; SHA-256 of nothing where that is 0. */
__attribute__((warn_unused_result)) bool merkle_root(const merkle_tree *t, uint64_t size,
                                                     teal_hash *root);

/* The complete subtrees that end with the leaf `index`, the tree's new last one: *n of them, of
 * level 0 and up; that of level i has the index `index >> i`. Asks only for older nodes. */
__attribute__((warn_unused_result)) bool merkle_grow(const merkle_tree *t, uint64_t index,
                                                     const teal_hash *leaf,
                                                     teal_hash nodes[static MERKLE_MAX_LEVELS],
                                                     size_t *n);

/* PATH(index, D[size]), section 2.1.3.1. index < size. */
__attribute__((warn_unused_result)) bool merkle_prove_inclusion(const merkle_tree *t,
                                                                uint64_t index, uint64_t size,
                                                                merkle_proof *out);
/* PROOF(from, D[to]), section 2.1.4.1. from <= to; empty where they are equal or from is 0. */
__attribute__((warn_unused_result)) bool merkle_prove_consistency(const merkle_tree *t,
                                                                  uint64_t from, uint64_t to,
                                                                  merkle_proof *out);

/* Whether the proof shows what it has to, with no hash more or less. Sections 2.1.3.2 and 2.1.4.2;
 * from the empty tree every tree follows, by an empty proof. */
__attribute__((warn_unused_result)) bool merkle_verify_inclusion(const teal_hash *leaf,
                                                                 uint64_t index, uint64_t size,
                                                                 const teal_hash *root,
                                                                 const merkle_proof *proof);
__attribute__((warn_unused_result)) bool merkle_verify_consistency(uint64_t from,
                                                                   const teal_hash *from_root,
                                                                   uint64_t to,
                                                                   const teal_hash *to_root,
                                                                   const merkle_proof *proof);

#endif
