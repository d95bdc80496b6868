/* Signed tree heads: what the signature covers, and the line that people hand to each other. The
 * frontier: the root that whoever reads a log from its start arrives at. */
#include "gateway/ledger/frontier.h"
#include "gateway/ledger/tree_head.h"

#include "tests/support/devices.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

static test_device edge;

static tree_head head_of(uint64_t size)
{
    tree_head h = { .log = "keys", .size = size, .time_ms = 1795521600000 };
    for (size_t i = 0; i < sizeof h.root.at; i++)
        h.root.at[i] = (uint8_t)(i * 7);
    memcpy(h.device, edge.id, sizeof h.device);
    tree_head_sign(&h, edge.sign_sk);
    return h;
}

static void test_signature(void **state)
{
    (void)state;
    const tree_head h = head_of(12);
    tree_head other = h;
    assert_int_equal(tree_head_verify(&h, edge.sign_pk, NULL), TEAL_OK);
    other.size++;
    assert_int_equal(tree_head_verify(&other, edge.sign_pk, NULL), TEAL_FORGED);
    other = h;
    other.time_ms++;
    assert_int_equal(tree_head_verify(&other, edge.sign_pk, NULL), TEAL_FORGED);
    other = h;
    other.log[0] = 'l';
    assert_int_equal(tree_head_verify(&other, edge.sign_pk, NULL), TEAL_FORGED);
    other = h;
    other.root.at[31] ^= 1;
    assert_int_equal(tree_head_verify(&other, edge.sign_pk, NULL), TEAL_FORGED);
    other = h;
    other.signature[3] ^= 1;
    assert_int_equal(tree_head_verify(&other, edge.sign_pk, NULL), TEAL_FORGED);
    assert_int_equal(tree_head_verify(&h, test_device_of(9).sign_pk, NULL), TEAL_FORGED);
}

/* What is signed, written out. */
static void test_signed_octets(void **state)
{
    (void)state;
    const tree_head h = head_of(12);
    uint8_t octets[128], signature[64];
    teal_writer w = { octets, sizeof octets, 0 };
    teal_write_u32(&w, 17);
    teal_write_text(&w, "teal tree head v1");
    teal_write_u32(&w, 4);
    teal_write_text(&w, "keys");
    teal_write_u64(&w, 12);
    teal_write_u64(&w, 1795521600000);
    teal_write_u32(&w, 32);
    teal_write_bytes(&w, TEAL_VIEW(h.root.at));
    crypto_sign_detached(signature, NULL, octets, w.len, edge.sign_sk);
    assert_memory_equal(h.signature, signature, sizeof signature);
}

static teal_result read(const char *line, size_t len, tree_head *out, teal_diag *why)
{
    uint8_t *exact = exact_copy(line, len);
    teal_result result = tree_head_read((teal_bytes){ exact, len }, out, why);
    free(exact);
    return result;
}

static void test_line(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { 0, 1, 12, MERKLE_MAX_SIZE };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const tree_head h = head_of(sizes[i]);
        tree_head got = { 0 };
        char line[TREE_HEAD_LINE_BYTES], again[TREE_HEAD_LINE_BYTES];
        tree_head_write(&h, line);
        assert_null(strpbrk(line, " \t\n\"'$"));
        assert_int_equal(read(line, strlen(line), &got, NULL), TEAL_OK);
        assert_int_equal(tree_head_verify(&got, edge.sign_pk, NULL), TEAL_OK);
        tree_head_write(&got, again);
        assert_string_equal(line, again);
        for (size_t len = 0; len < strlen(line); len++)
            assert_int_equal(read(line, len, &got, NULL), TEAL_MALFORMED);
    }
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
#define TAIL                                                                                       \
    ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA."                         \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static const char *const lines[] = {
        "",
        ".",
        "teal-head",
        "teal-heads.keys.1.1" TAIL,
        "teal-head..1.1" TAIL,
        "teal-head.Keys.1.1" TAIL,
        "teal-head.abcdefghijklmnopq.1.1" TAIL,
        "teal-head.keys..1" TAIL,
        "teal-head.keys.01.1" TAIL,
        "teal-head.keys.+1.1" TAIL,
        "teal-head.keys.1.-1" TAIL,
        "teal-head.keys.4611686018427387905.1" TAIL,
        "teal-head.keys.1.9223372036854775808" TAIL,
        "teal-head.keys.99999999999999999999999.1" TAIL,
        "teal-head.keys.1.1" TAIL ".",
        "teal-head.keys.1.1" TAIL ".A",
        "teal-head.keys.1.1" TAIL " ",
        "teal-head.keys.1.1.A" TAIL,
    };
    tree_head h = { .size = 77 };
    const char good[] = "teal-head.keys.4611686018427387904.9223372036854775807" TAIL;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        teal_diag why = { 0 };
        print_message("%s\n", lines[i]);
        assert_int_equal(read(lines[i], strlen(lines[i]), &h, &why), TEAL_MALFORMED);
        assert_memory_equal(why.rule, "REQ-LOG-9 ", 10);
        assert_int_equal(h.size, 77);
    }
    assert_int_equal(read(good, strlen(good), &h, NULL), TEAL_OK);
}

/* ---- the frontier ---------------------------------------------------------------------------- */

enum { LEAVES = 70 };

static bool node_of_leaves(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    const teal_hash *leaves = arg;
    if (level == 0) {
        *out = leaves[index];
        return true;
    }
    teal_hash left, right;
    bool good = node_of_leaves(arg, level - 1, 2 * index, &left) &&
                node_of_leaves(arg, level - 1, 2 * index + 1, &right);
    merkle_hash_children(&left, &right, out);
    return good;
}

static void test_frontier(void **state)
{
    (void)state;
    teal_hash leaves[LEAVES], want, got;
    const merkle_tree t = { node_of_leaves, leaves };
    frontier f = { 0 };
    for (uint64_t size = 0; size <= LEAVES; size++) {
        assert_int_equal(f.size, size);
        frontier_root(&f, &got);
        assert_true(merkle_root(&t, size, &want));
        assert_memory_equal(got.at, want.at, sizeof got.at);
        if (size == LEAVES)
            break;
        const uint8_t entry[] = { (uint8_t)size };
        merkle_hash_leaf(TEAL_VIEW(entry), &leaves[size]);
        frontier_append(&f, &leaves[size]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature), cmocka_unit_test(test_signed_octets),
        cmocka_unit_test(test_line),      cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_frontier),
    };
    if (sodium_init() < 0)
        return 1;
    edge = test_device_of(3);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
