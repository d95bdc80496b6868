/* Merkle trees against the reference tree of certificate transparency (the merkle tree tests of
 * google/certificate-transparency, the proof tests of transparency-dev/merkle), and against RFC
 * 9162's definitions, followed literally over all leaves. */
#include "gateway/ledger/merkle.h"

#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    REFERENCE_LEAVES = 8,
    MAX_LEAVES = 130,
    LEVELS = 8,
    /* All bits of all proofs up to this size; one bit of each hash above it. */
    EVERY_BIT_UP_TO = 18,
};

static const char *const reference_leaves[REFERENCE_LEAVES] = {
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
};

/* By size. */
static const char *const reference_roots[REFERENCE_LEAVES + 1] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

typedef struct proof_row {
    const char *name;
    uint64_t a, b; /* index and size, or from and to */
    size_t n;
    const char *hashes[4];
} proof_row;

static const proof_row inclusions[] = {
    { "inclusion of leaf 1 of 1", 0, 1, 0, { 0 } },
    { "inclusion of leaf 1 of 8",
      0,
      8,
      3,
      { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
    { "inclusion of leaf 6 of 8",
      5,
      8,
      3,
      { "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
    { "inclusion of leaf 3 of 3",
      2,
      3,
      1,
      { "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" } },
    { "inclusion of leaf 2 of 5",
      1,
      5,
      3,
      { "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
};

static const proof_row consistencies[] = {
    { "consistency of 1 and 1", 1, 1, 0, { 0 } },
    { "consistency of 1 and 8",
      1,
      8,
      3,
      { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
    { "consistency of 6 and 8",
      6,
      8,
      3,
      { "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
    { "consistency of 2 and 5",
      2,
      5,
      2,
      { "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
    { "consistency of 6 and 7",
      6,
      7,
      3,
      { "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
};

/* ---- a tree that keeps what merkle_grow gives ------------------------------------------------ */

typedef struct kept {
    teal_hash nodes[LEVELS][MAX_LEAVES];
    bool is_there[LEVELS][MAX_LEAVES];
    uint64_t size;
    size_t asked;
} kept;

static bool get_node(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    kept *k = arg;
    k->asked++;
    assert_true(level < LEVELS && index < MAX_LEAVES && k->is_there[level][index]);
    *out = k->nodes[level][index];
    return true;
}

static merkle_tree tree_of(kept *k)
{
    return (merkle_tree){ get_node, k };
}

static void grow(kept *k, const teal_hash *leaf)
{
    teal_hash nodes[MERKLE_MAX_LEVELS];
    size_t n;
    merkle_tree t = tree_of(k);
    assert_true(merkle_grow(&t, k->size, leaf, nodes, &n));
    for (size_t level = 0; level < n; level++) {
        uint64_t index = k->size >> level;
        assert_true(level < LEVELS && !k->is_there[level][index]);
        k->nodes[level][index] = nodes[level];
        k->is_there[level][index] = true;
    }
    k->size++;
}

static kept *reference_tree(void)
{
    kept *k = calloc(1, sizeof *k);
    assert_non_null(k);
    for (size_t i = 0; i < REFERENCE_LEAVES; i++) {
        uint8_t room[16];
        teal_hash leaf;
        merkle_hash_leaf(test_hex(reference_leaves[i], room, sizeof room), &leaf);
        grow(k, &leaf);
    }
    return k;
}

static teal_hash reference_root(uint64_t size)
{
    teal_hash root;
    test_hex(reference_roots[size], root.at, sizeof root.at);
    return root;
}

static void assert_same(const teal_hash *a, const teal_hash *b)
{
    assert_memory_equal(a->at, b->at, sizeof a->at);
}

static void assert_proof(const merkle_proof *got, const proof_row *want)
{
    assert_int_equal(got->n, want->n);
    for (size_t i = 0; i < want->n; i++)
        test_assert_hex(TEAL_VIEW(got->hashes[i].at), want->hashes[i]);
}

static void test_reference_roots(void **state)
{
    (void)state;
    kept *k = reference_tree();
    merkle_tree t = tree_of(k);
    for (uint64_t size = 0; size <= REFERENCE_LEAVES; size++) {
        teal_hash root;
        assert_true(merkle_root(&t, size, &root));
        test_assert_hex(TEAL_VIEW(root.at), reference_roots[size]);
    }
    free(k);
}

/* ---- what is not true is refused ------------------------------------------------------------- */

static merkle_proof with_extra(const merkle_proof *p, size_t at, const teal_hash *extra)
{
    merkle_proof out = *p;
    memmove(&out.hashes[at + 1], &out.hashes[at], (p->n - at) * sizeof *extra);
    out.hashes[at] = *extra;
    out.n++;
    return out;
}

static const teal_hash some_hash = { { 0xab, 0xac, 0xab, 0xa0 } };

/* The corruptions of transparency-dev/merkle's corruptInclusionProof. */
static void refuse_inclusions(const teal_hash *leaf, uint64_t index, uint64_t size,
                              const teal_hash *root, const merkle_proof *p)
{
    const teal_hash empty = reference_root(0);
    merkle_proof longer = with_extra(p, p->n, root);
    assert_false(merkle_verify_inclusion(leaf, index - 1, size, root, p));
    assert_false(merkle_verify_inclusion(leaf, index + 1, size, root, p));
    assert_false(merkle_verify_inclusion(leaf, index ^ 2, size, root, p));
    assert_false(merkle_verify_inclusion(leaf, index, size * 2, root, p));
    assert_false(merkle_verify_inclusion(leaf, index, size / 2, root, p));
    assert_false(merkle_verify_inclusion(&some_hash, index, size, root, p));
    assert_false(merkle_verify_inclusion(leaf, index, size, &empty, p));
    assert_false(merkle_verify_inclusion(leaf, index, size, &some_hash, p));
    assert_false(merkle_verify_inclusion(leaf, index, size, root, &longer));
    longer = with_extra(p, 0, root);
    assert_false(merkle_verify_inclusion(leaf, index, size, root, &longer));
    merkle_proof shorter = *p;
    while (shorter.n > 0) {
        shorter.n--;
        assert_false(merkle_verify_inclusion(leaf, index, size, root, &shorter));
    }
}

/* The corruptions of corruptConsistencyProof. */
static void refuse_consistencies(uint64_t from, const teal_hash *from_root, uint64_t to,
                                 const teal_hash *to_root, const merkle_proof *p)
{
    merkle_proof empty = { .n = 0 }, shorter = *p, longer;
    assert_false(merkle_verify_consistency(from - 1, from_root, to, to_root, p));
    assert_false(merkle_verify_consistency(from + 1, from_root, to, to_root, p));
    assert_false(merkle_verify_consistency(from ^ 2, from_root, to, to_root, p));
    assert_false(merkle_verify_consistency(from, from_root, to * 2, to_root, p));
    assert_false(merkle_verify_consistency(from, from_root, to / 2, to_root, p));
    assert_false(merkle_verify_consistency(from, &some_hash, to, to_root, p));
    assert_false(merkle_verify_consistency(from, from_root, to, &some_hash, p));
    assert_false(merkle_verify_consistency(from, to_root, to, from_root, p));
    assert_false(merkle_verify_consistency(from, from_root, to, to_root, &empty));
    const teal_hash *extra[] = { from_root, to_root, &p->hashes[0] };
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        longer = with_extra(p, 0, extra[i]);
        assert_false(merkle_verify_consistency(from, from_root, to, to_root, &longer));
        longer = with_extra(p, p->n, extra[i]);
        assert_false(merkle_verify_consistency(from, from_root, to, to_root, &longer));
    }
    while (shorter.n > 0) {
        shorter.n--;
        assert_false(merkle_verify_consistency(from, from_root, to, to_root, &shorter));
    }
}

static void test_reference_inclusions(void **state)
{
    (void)state;
    kept *k = reference_tree();
    merkle_tree t = tree_of(k);
    for (size_t i = 0; i < sizeof inclusions / sizeof inclusions[0]; i++) {
        const proof_row *row = &inclusions[i];
        const teal_hash root = reference_root(row->b), *leaf = &k->nodes[0][row->a];
        merkle_proof p;
        print_message("%s\n", row->name);
        assert_true(merkle_prove_inclusion(&t, row->a, row->b, &p));
        assert_proof(&p, row);
        assert_true(merkle_verify_inclusion(leaf, row->a, row->b, &root, &p));
        refuse_inclusions(leaf, row->a, row->b, &root, &p);
    }
    free(k);
}

static void test_reference_consistencies(void **state)
{
    (void)state;
    kept *k = reference_tree();
    merkle_tree t = tree_of(k);
    for (size_t i = 0; i < sizeof consistencies / sizeof consistencies[0]; i++) {
        const proof_row *row = &consistencies[i];
        const teal_hash from = reference_root(row->a), to = reference_root(row->b);
        merkle_proof p;
        print_message("%s\n", row->name);
        assert_true(merkle_prove_consistency(&t, row->a, row->b, &p));
        assert_proof(&p, row);
        assert_true(merkle_verify_consistency(row->a, &from, row->b, &to, &p));
        if (p.n > 0)
            refuse_consistencies(row->a, &from, row->b, &to, &p);
    }
    free(k);
}

/* The rows of transparency-dev/merkle's TestVerifyConsistency and TestVerifyInclusion that need no
 * tree. From the empty tree, though, only its own root is taken. */
static void test_no_tree(void **state)
{
    (void)state;
    const teal_hash empty = reference_root(0), one = { { 1 } }, two = { { 2 } };
    const merkle_proof none = { .n = 0 }, with = { .n = 1, .hashes = { empty } };
    const merkle_proof too_long = { .n = MERKLE_MAX_PROOF + 1 };
    static const uint64_t nowhere[][2] = { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 2, 1 } };
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        assert_false(
            merkle_verify_inclusion(&some_hash, nowhere[i][0], nowhere[i][1], &empty, &none));
    assert_false(merkle_verify_consistency(0, &one, 0, &two, &none));
    assert_false(merkle_verify_consistency(1, &one, 1, &two, &none));
    assert_true(merkle_verify_consistency(0, &empty, 0, &empty, &none));
    assert_true(merkle_verify_consistency(0, &empty, 1, &two, &none));
    assert_false(merkle_verify_consistency(0, &one, 1, &two, &none));
    assert_true(merkle_verify_consistency(1, &two, 1, &two, &none));
    assert_false(merkle_verify_consistency(1, &one, 0, &two, &none));
    assert_false(merkle_verify_consistency(2, &one, 1, &two, &none));
    assert_false(merkle_verify_consistency(1, &one, 2, &two, &none));
    assert_false(merkle_verify_consistency(3, &one, 4, &two, &none));
    assert_false(merkle_verify_consistency(0, &empty, 0, &empty, &with));
    assert_false(merkle_verify_consistency(0, &empty, 1, &empty, &with));
    assert_false(merkle_verify_consistency(1, &empty, 1, &empty, &with));
    assert_false(merkle_verify_consistency(1, &one, UINT64_MAX, &two, &none));
    assert_false(merkle_verify_consistency(1, &one, 2, &two, &too_long));
    assert_false(merkle_verify_inclusion(&one, 1, 2, &two, &too_long));
    assert_false(merkle_verify_inclusion(&one, 1, UINT64_MAX, &two, &none));
}

/* ---- against the definitions ----------------------------------------------------------------- */

static size_t split(size_t n)
{
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

static teal_hash naive_root(const teal_hash *leaves, size_t n)
{
    if (n == 1)
        return leaves[0];
    teal_hash left = naive_root(leaves, split(n)), out;
    teal_hash right = naive_root(leaves + split(n), n - split(n));
    merkle_hash_children(&left, &right, &out);
    return out;
}

static void naive_path(const teal_hash *leaves, size_t m, size_t n, merkle_proof *out)
{
    if (n == 1)
        return;
    size_t k = split(n);
    if (m < k)
        naive_path(leaves, m, k, out);
    else
        naive_path(leaves + k, m - k, n - k, out);
    out->hashes[out->n++] = m < k ? naive_root(leaves + k, n - k) : naive_root(leaves, k);
}

static void naive_subproof(const teal_hash *leaves, size_t m, size_t n, bool whole,
                           merkle_proof *out)
{
    if (m == n) {
        if (!whole)
            out->hashes[out->n++] = naive_root(leaves, n);
        return;
    }
    size_t k = split(n);
    if (m <= k)
        naive_subproof(leaves, m, k, whole, out);
    else
        naive_subproof(leaves + k, m - k, n - k, false, out);
    out->hashes[out->n++] = m <= k ? naive_root(leaves + k, n - k) : naive_root(leaves, k);
}

static void assert_same_proof(const merkle_proof *a, const merkle_proof *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->hashes, b->hashes, a->n * sizeof a->hashes[0]);
}

/* Which bits of a proof are flipped: all of a small tree's, else one of each hash. */
static unsigned bit_step(uint64_t size)
{
    return size <= EVERY_BIT_UP_TO ? 1 : 8 * TEAL_HASH_BYTES;
}

static void flip(merkle_proof *p, size_t bit)
{
    p->hashes[bit / (8 * TEAL_HASH_BYTES)].at[bit / 8 % TEAL_HASH_BYTES] ^= (uint8_t)(1 << bit % 8);
}

static void check_inclusions(const merkle_tree *t, const teal_hash *leaves, size_t size,
                             const teal_hash *root)
{
    for (size_t index = 0; index < size; index++) {
        merkle_proof got, want = { .n = 0 };
        naive_path(leaves, index, size, &want);
        assert_true(merkle_prove_inclusion(t, index, size, &got));
        assert_same_proof(&got, &want);
        assert_true(merkle_verify_inclusion(&leaves[index], index, size, root, &got));
        for (size_t bit = index % bit_step(size) % 8; bit < got.n * 8 * TEAL_HASH_BYTES;
             bit += bit_step(size)) {
            flip(&got, bit);
            assert_false(merkle_verify_inclusion(&leaves[index], index, size, root, &got));
            flip(&got, bit);
        }
    }
}

static void check_consistencies(const merkle_tree *t, const teal_hash *leaves, size_t size,
                                const teal_hash *roots)
{
    for (size_t from = 1; from <= size; from++) {
        merkle_proof got, want = { .n = 0 };
        naive_subproof(leaves, from, size, true, &want);
        assert_true(merkle_prove_consistency(t, from, size, &got));
        assert_same_proof(&got, &want);
        assert_true(merkle_verify_consistency(from, &roots[from], size, &roots[size], &got));
        for (size_t bit = from % bit_step(size) % 8; bit < got.n * 8 * TEAL_HASH_BYTES;
             bit += bit_step(size)) {
            flip(&got, bit);
            assert_false(merkle_verify_consistency(from, &roots[from], size, &roots[size], &got));
            flip(&got, bit);
        }
    }
}

static void test_every_size(void **state)
{
    (void)state;
    kept *k = calloc(1, sizeof *k);
    assert_non_null(k);
    merkle_tree t = tree_of(k);
    teal_hash leaves[MAX_LEAVES], roots[MAX_LEAVES + 1];
    for (size_t size = 1; size <= MAX_LEAVES; size++) {
        const uint8_t entry[] = { (uint8_t)size, 0x5a };
        merkle_hash_leaf(TEAL_VIEW(entry), &leaves[size - 1]);
        grow(k, &leaves[size - 1]);
        const teal_hash want = naive_root(leaves, size);
        assert_true(merkle_root(&t, size, &roots[size]));
        assert_same(&roots[size], &want);
        check_inclusions(&t, leaves, size, &roots[size]);
        check_consistencies(&t, leaves, size, roots);
    }
    free(k);
}

/* What an operator pays for a large log: a spine, not the log. */
static bool count_node(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    size_t *asked = arg;
    ++*asked;
    *out = (teal_hash){ { (uint8_t)level, (uint8_t)index } };
    return true;
}

static void test_cost(void **state)
{
    (void)state;
    size_t asked = 0, n;
    merkle_proof p;
    teal_hash root, leaf = { { 7 } }, nodes[MERKLE_MAX_LEVELS];
    merkle_tree t = { count_node, &asked };
    assert_true(merkle_root(&t, MERKLE_MAX_SIZE - 1, &root));
    assert_true(asked <= 62);
    asked = 0;
    assert_true(merkle_grow(&t, MERKLE_MAX_SIZE - 1, &leaf, nodes, &n));
    assert_int_equal(n, MERKLE_MAX_LEVELS);
    assert_int_equal(asked, MERKLE_MAX_LEVELS - 1);
    assert_true(merkle_prove_inclusion(&t, MERKLE_MAX_SIZE - 2, MERKLE_MAX_SIZE - 1, &p));
    assert_true(p.n <= MERKLE_MAX_PROOF);
    assert_true(merkle_prove_consistency(&t, MERKLE_MAX_SIZE / 2 - 1, MERKLE_MAX_SIZE - 1, &p));
    assert_true(p.n <= MERKLE_MAX_PROOF);
}

/* A node that cannot be had makes no proof with a hole. */
static bool no_node(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    size_t *left = arg;
    *out = (teal_hash){ { (uint8_t)level, (uint8_t)index } };
    return (*left)-- > 0;
}

static void test_missing_nodes(void **state)
{
    (void)state;
    for (size_t there = 0; there < 2; there++) {
        size_t left = there, n;
        merkle_proof p;
        teal_hash root, leaf = { { 7 } }, nodes[MERKLE_MAX_LEVELS];
        merkle_tree t = { no_node, &left };
        assert_false(merkle_root(&t, 7, &root));
        left = there;
        assert_false(merkle_grow(&t, 7, &leaf, nodes, &n));
        left = there;
        assert_false(merkle_prove_inclusion(&t, 3, 7, &p));
        left = there;
        assert_false(merkle_prove_consistency(&t, 3, 7, &p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_roots),
        cmocka_unit_test(test_reference_inclusions),
        cmocka_unit_test(test_reference_consistencies),
        cmocka_unit_test(test_no_tree),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_missing_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
