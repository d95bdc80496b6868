/* See merkle.h. Recursion follows the definitions; it is at most 63 deep. */
#include "gateway/ledger/merkle.h"

#include <assert.h>
#include <sodium.h>

void merkle_hash_leaf(teal_bytes entry, teal_hash *out)
{
    static const uint8_t prefix[] = { 0 };
    crypto_hash_sha256_state s;
    crypto_hash_sha256_init(&s);
    crypto_hash_sha256_update(&s, prefix, sizeof prefix);
    if (entry.len > 0)
        crypto_hash_sha256_update(&s, entry.at, entry.len);
    crypto_hash_sha256_final(&s, out->at);
}

void merkle_hash_children(const teal_hash *left, const teal_hash *right, teal_hash *out)
{
    uint8_t bytes[1 + 2 * TEAL_HASH_BYTES] = { 1 };
    memcpy(bytes + 1, left->at, TEAL_HASH_BYTES);
    memcpy(bytes + 1 + TEAL_HASH_BYTES, right->at, TEAL_HASH_BYTES);
    crypto_hash_sha256(out->at, bytes, sizeof bytes);
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Of the largest power of two below n, which is at least 2: where RFC 9162 splits n leaves. */
static unsigned split_level(uint64_t n)
{
    return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* MTH(D[begin:begin + n]), n > 0; begin is a multiple of the power of two that n rounds up to. */
static bool hash_range(const merkle_tree *t, uint64_t begin, uint64_t n, teal_hash *out)
{
    if ((n & (n - 1)) == 0) {
        unsigned level = (unsigned)__builtin_ctzll(n);
        return t->node(t->arg, level, begin >> level, out);
    }
    teal_hash left, right;
    unsigned level = split_level(n);
    uint64_t k = (uint64_t)1 << level;
    if (!t->node(t->arg, level, begin >> level, &left) || !hash_range(t, begin + k, n - k, &right))
        return false;
    merkle_hash_children(&left, &right, out);
    return true;
}

bool merkle_root(const merkle_tree *t, uint64_t size, teal_hash *root)
{
    assert(size <= MERKLE_MAX_SIZE);
    if (size > 0)
        return hash_range(t, 0, size, root);
    crypto_hash_sha256(root->at, NULL, 0);
    return true;
}

bool merkle_grow(const merkle_tree *t, uint64_t index, const teal_hash *leaf,
                 teal_hash nodes[static MERKLE_MAX_LEVELS], size_t *n)
{
    assert(index < MERKLE_MAX_SIZE);
    teal_hash left;
    nodes[0] = *leaf;
    *n = 1;
    for (uint64_t right = index; (right & 1) != 0; right >>= 1) {
        if (!t->node(t->arg, (unsigned)*n - 1, right - 1, &left))
            return false;
        merkle_hash_children(&left, &nodes[*n - 1], &nodes[*n]);
        ++*n;
    }
    return true;
}

static bool append(const merkle_tree *t, uint64_t begin, uint64_t n, merkle_proof *out)
{
    assert(out->n < MERKLE_MAX_PROOF);
    return hash_range(t, begin, n, &out->hashes[out->n++]);
}

/* PATH(m, D[begin:begin + n]). */
static bool add_path(const merkle_tree *t, uint64_t m, uint64_t begin, uint64_t n,
                     merkle_proof *out)
{
    if (n == 1)
        return true;
    uint64_t k = (uint64_t)1 << split_level(n);
    if (m < k)
        return add_path(t, m, begin, k, out) && append(t, begin + k, n - k, out);
    return add_path(t, m - k, begin + k, n - k, out) && append(t, begin, k, out);
}

/* SUBPROOF(m, D[begin:begin + n], whole): whole while the verifier knows that subtree's root. */
static bool add_subproof(const merkle_tree *t, uint64_t m, uint64_t begin, uint64_t n, bool whole,
                         merkle_proof *out)
{
    if (m == n)
        return whole || append(t, begin, n, out);
    uint64_t k = (uint64_t)1 << split_level(n);
    if (m <= k)
        return add_subproof(t, m, begin, k, whole, out) && append(t, begin + k, n - k, out);
    return add_subproof(t, m - k, begin + k, n - k, false, out) && append(t, begin, k, out);
}

bool merkle_prove_inclusion(const merkle_tree *t, uint64_t index, uint64_t size, merkle_proof *out)
{
    assert(index < size && size <= MERKLE_MAX_SIZE);
    out->n = 0;
    return add_path(t, index, 0, size, out);
}

bool merkle_prove_consistency(const merkle_tree *t, uint64_t from, uint64_t to, merkle_proof *out)
{
    assert(from <= to && to <= MERKLE_MAX_SIZE);
    out->n = 0;
    return from == 0 || add_subproof(t, from, 0, to, true, out);
}

/* ---- verifying ------------------------------------------------------------------------------- */

static bool is_same(const teal_hash *a, const teal_hash *b)
{
    return memcmp(a->at, b->at, TEAL_HASH_BYTES) == 0;
}

/* Climbs from a node that is not a left child to the one below its next right sibling. */
static void skip_missing(uint64_t *fn, uint64_t *sn)
{
    while ((*fn & 1) == 0 && *fn != 0) {
        *fn >>= 1;
        *sn >>= 1;
    }
}

bool merkle_verify_inclusion(const teal_hash *leaf, uint64_t index, uint64_t size,
                             const teal_hash *root, const merkle_proof *proof)
{
    if (index >= size || size > MERKLE_MAX_SIZE || proof->n > MERKLE_MAX_PROOF)
        return false;
    uint64_t fn = index, sn = size - 1;
    teal_hash r = *leaf;
    for (size_t i = 0; i < proof->n; i++) {
        const teal_hash *p = &proof->hashes[i];
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_hash_children(p, &r, &r);
            skip_missing(&fn, &sn);
        } else {
            merkle_hash_children(&r, p, &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && is_same(&r, root);
}

/* from is above 0 and below to. first: what the proof begins with. */
static bool verify_growth(uint64_t from, const teal_hash *from_root, uint64_t to,
                          const teal_hash *to_root, const teal_hash *first, const teal_hash *rest,
                          size_t n)
{
    uint64_t fn = from - 1, sn = to - 1;
    for (; (fn & 1) != 0; fn >>= 1)
        sn >>= 1;
    teal_hash fr = *first, sr = *first;
    for (size_t i = 0; i < n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_hash_children(&rest[i], &fr, &fr);
            merkle_hash_children(&rest[i], &sr, &sr);
            skip_missing(&fn, &sn);
        } else {
            merkle_hash_children(&sr, &rest[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && is_same(&fr, from_root) && is_same(&sr, to_root);
}

bool merkle_verify_consistency(uint64_t from, const teal_hash *from_root, uint64_t to,
                               const teal_hash *to_root, const merkle_proof *proof)
{
    teal_hash empty;
    if (from > to || to > MERKLE_MAX_SIZE || proof->n > MERKLE_MAX_PROOF)
        return false;
    if (from == to)
        return proof->n == 0 && is_same(from_root, to_root);
    if (from == 0) {
        crypto_hash_sha256(empty.at, NULL, 0);
        return proof->n == 0 && is_same(from_root, &empty);
    }
    if ((from & (from - 1)) == 0) /* its root is a node of the other tree */
        return verify_growth(from, from_root, to, to_root, from_root, proof->hashes, proof->n);
    return proof->n > 0 && verify_growth(from, from_root, to, to_root, &proof->hashes[0],
                                         &proof->hashes[1], proof->n - 1);
}
