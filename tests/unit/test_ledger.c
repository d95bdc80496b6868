/* Logs in a store: what is appended can be proved, what is damaged is noticed at start, heads are
 * signed no more often than needed; and no manifest is there that is not in the key log. */
#include "gateway/ledger/frontier.h"
#include "gateway/ledger/key_log.h"
#include "gateway/store/sqlite_store.h"
#include "tests/support/devices.h"
#include "tests/support/manifests.h"
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define ALICE "im:alice@n.example"
#define BOB   "im:bob@n.example"

enum { NOW_MS = 1000000, LEAVES = 40 };

static keys_device keys;
static uint8_t keys_pk[32];

static uint64_t append(store_fixture *f, const char *log, teal_bytes entry)
{
    uint64_t index = UINT64_MAX;
    begin(f);
    assert_int_equal(ledger_append(f->s, log, entry, &index), STORE_OK);
    commit(f);
    return index;
}

static teal_bytes entry_of(uint64_t n)
{
    static uint8_t octets[9];
    memset(octets, (int)n + 1, sizeof octets);
    return (teal_bytes){ octets, 1 + n % 9 };
}

/* ---- trees ----------------------------------------------------------------------------------- */

static void check_proofs(store_fixture *f, const ledger *l, uint64_t size, const teal_hash *roots,
                         const teal_hash *leaves)
{
    for (uint64_t i = 0; i < size; i++) {
        merkle_proof p;
        assert_int_equal(ledger_prove_inclusion(l, f->s, i, size, &p), STORE_OK);
        assert_true(merkle_verify_inclusion(&leaves[i], i, size, &roots[size], &p));
        assert_int_equal(ledger_prove_consistency(l, f->s, i, size, &p), STORE_OK);
        assert_true(merkle_verify_consistency(i, &roots[i], size, &roots[size], &p));
    }
}

static void test_grows(void **state)
{
    store_fixture *f = *state;
    teal_hash leaves[LEAVES], roots[LEAVES + 1], root;
    frontier edge = { 0 };
    ledger *l = ledger_open("keys", &keys);
    frontier_root(&edge, &roots[0]);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        uint64_t there;
        assert_int_equal(append(f, "keys", entry_of(size)), size - 1);
        merkle_hash_leaf(entry_of(size), &leaves[size - 1]);
        frontier_append(&edge, &leaves[size - 1]);
        frontier_root(&edge, &roots[size]);
        assert_int_equal(ops->get_log(f->s, teal_text("keys"), &there, &root), STORE_OK);
        assert_int_equal(there, size);
        assert_memory_equal(root.at, roots[size].at, sizeof root.at);
        if (size % 13 == 0 || size == LEAVES)
            reopen(f);
        assert_int_equal(ledger_check(f->s, "keys"), STORE_OK);
        check_proofs(f, l, size, roots, leaves);
    }
    merkle_proof p;
    assert_int_equal(ledger_prove_inclusion(l, f->s, LEAVES, LEAVES, &p), STORE_NONE);
    assert_int_equal(ledger_prove_inclusion(l, f->s, 0, LEAVES + 1, &p), STORE_NONE);
    assert_int_equal(ledger_prove_consistency(l, f->s, 1, LEAVES + 1, &p), STORE_NONE);
    assert_int_equal(ledger_prove_consistency(l, f->s, 2, 1, &p), STORE_NONE);
    ledger_close(&l);
}

static void test_logs_are_told_apart(void **state)
{
    store_fixture *f = *state;
    teal_bytes got[4];
    size_t n;
    assert_int_equal(append(f, "keys", teal_text("a key")), 0);
    assert_int_equal(append(f, "downgrades", teal_text("a downgrade")), 0);
    assert_int_equal(append(f, "keys", teal_text("another key")), 1);
    assert_int_equal(ops->list_leaves(f->s, teal_text("keys"), 0, &f->arena, got, 4, &n), STORE_OK);
    assert_int_equal(n, 2);
    assert_text(got[0], "a key");
    assert_text(got[1], "another key");
    assert_int_equal(ops->list_leaves(f->s, teal_text("downgrades"), 0, &f->arena, got, 4, &n),
                     STORE_OK);
    assert_int_equal(n, 1);
    assert_int_equal(ops->list_leaves(f->s, teal_text("keys"), 2, &f->arena, got, 4, &n), STORE_OK);
    assert_int_equal(n, 0);
    assert_int_equal(ledger_check(f->s, "downgrades"), STORE_OK);
    assert_int_equal(ledger_check(f->s, "nobodys"), STORE_OK);
}

/* What is rolled back leaves no trace, and a leaf is never put over another. */
static void test_transactions(void **state)
{
    store_fixture *f = *state;
    uint64_t index;
    begin(f);
    assert_int_equal(ledger_append(f->s, "keys", teal_text("a"), &index), STORE_OK);
    assert_int_equal(ledger_append(f->s, "keys", teal_text("b"), &index), STORE_OK);
    assert_int_equal(index, 1);
    ops->rollback(f->s);
    assert_int_equal(append(f, "keys", teal_text("c")), 0);
    assert_int_equal(ledger_check(f->s, "keys"), STORE_OK);
    const teal_hash node = { { 1 } };
    const store_leaf again = { .entry = teal_text("d"), .nodes = &node, .n_nodes = 1 };
    begin(f);
    assert_int_equal(ops->append_log(f->s, teal_text("keys"), &again), STORE_EXISTS);
    ops->rollback(f->s);
}

/* Each spoils a log of 7 leaves along its right edge. */
static const char *const damages[] = {
    "UPDATE log_leaves SET entry = x'00' WHERE leaf = 6",
    "UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 0 AND node = 6",
    "UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 1 AND node = 2",
    "UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 2 AND node = 0",
    "DELETE FROM log_nodes WHERE level = 1 AND node = 2",
    "DELETE FROM log_leaves WHERE leaf = 6",
    "INSERT INTO log_leaves VALUES('keys', 7, x'00')",
    "UPDATE logs SET size = 6",
    "UPDATE logs SET size = 8",
    "UPDATE logs SET root = zeroblob(32)",
    "DELETE FROM log_nodes",
};

static void test_damage_is_noticed(void **state)
{
    store_fixture *f = *state;
    for (uint64_t i = 0; i < 7; i++)
        append(f, "keys", entry_of(i));
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        sqlite3 *db = ((sqlite_store *)f->s)->db;
        print_message("  %s\n", damages[i]);
        begin(f);
        assert_int_equal(sqlite3_exec(db, damages[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(ledger_check(f->s, "keys"), STORE_BROKEN);
        ops->rollback(f->s);
        assert_int_equal(ledger_check(f->s, "keys"), STORE_OK);
    }
}

/* ---- heads ----------------------------------------------------------------------------------- */

static tree_head head_at(store_fixture *f, ledger *l, int64_t now_ms)
{
    tree_head h;
    assert_int_equal(ledger_head(l, f->s, now_ms, &h), STORE_OK);
    assert_int_equal(tree_head_verify(&h, keys_pk, NULL), TEAL_OK);
    assert_memory_equal(h.device, keys.id, sizeof h.device);
    assert_string_equal(h.log, "keys");
    return h;
}

static void test_heads(void **state)
{
    store_fixture *f = *state;
    ledger *l = ledger_open("keys", &keys);
    tree_head empty = head_at(f, l, NOW_MS);
    assert_int_equal(empty.size, 0);
    append(f, "keys", teal_text("a"));
    const tree_head first = head_at(f, l, NOW_MS + 1);
    assert_int_equal(first.size, 1);
    assert_int_equal(first.time_ms, NOW_MS + 1);
    tree_head again = head_at(f, l, NOW_MS + 60000);
    assert_memory_equal(&first, &again, sizeof first);
    again = head_at(f, l, NOW_MS + 60001);
    assert_int_equal(again.time_ms, NOW_MS + 60001);
    assert_memory_equal(&first.root, &again.root, sizeof first.root);
    append(f, "keys", teal_text("b"));
    again = head_at(f, l, NOW_MS + 60001);
    assert_int_equal(again.size, 2);
    again = head_at(f, l, NOW_MS - 3600000); /* the clock was set back */
    assert_int_equal(again.size, 2);
    assert_int_equal(again.time_ms, NOW_MS - 3600000);
    ledger_close(&l);
}

/* A reader that does not see the last commit yet gets the head that others have, not an older. */
static void test_heads_do_not_shrink(void **state)
{
    store_fixture *f = *state;
    store *old = NULL;
    tree_head h;
    ledger *l = ledger_open("keys", &keys);
    append(f, "keys", teal_text("a"));
    assert_int_equal(ops->open(folder_file(&f->where, "db"), false, &old), STORE_OK);
    assert_int_equal(old->ops->begin(old), STORE_OK); /* sees what there is now, until its end */
    old->ops->rollback(old);
    sqlite3 *db = ((sqlite_store *)old)->db;
    uint64_t size;
    teal_hash root;
    assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ops->get_log(old, teal_text("keys"), &size, &root), STORE_OK);
    append(f, "keys", teal_text("b"));
    assert_int_equal(head_at(f, l, NOW_MS).size, 2);
    assert_int_equal(ledger_head(l, old, NOW_MS + 70000, &h), STORE_OK);
    assert_int_equal(h.size, 2);
    assert_int_equal(h.time_ms, NOW_MS + 70000);
    assert_int_equal(tree_head_verify(&h, keys_pk, NULL), TEAL_OK);
    ops->close(&old);
    ledger_close(&l);
}

/* ---- the key log ----------------------------------------------------------------------------- */

static teal_manifest manifest_of(store_fixture *f, const test_manifest *t, teal_bytes *encoded)
{
    teal_manifest m;
    *encoded = test_manifest_encode(t, &f->arena, NULL);
    assert_int_equal(teal_manifest_decode(*encoded, &f->arena, &m, NULL), TEAL_OK);
    return m;
}

static store_result put_manifest(store_fixture *f, const test_manifest *t)
{
    teal_bytes encoded;
    const teal_manifest m = manifest_of(f, t, &encoded);
    begin(f);
    store_result result = key_log_put_manifest(f->s, &m, encoded, NOW_MS);
    commit(f);
    return result;
}

static size_t list_entries(store_fixture *f, teal_key_log_entry *out, size_t max)
{
    teal_bytes all[8];
    size_t n;
    assert_true(max <= 8);
    assert_int_equal(ops->list_leaves(f->s, teal_text(KEY_LOG), 0, &f->arena, all, max, &n),
                     STORE_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(teal_key_log_entry_decode(all[i], &out[i], NULL), TEAL_OK);
    return n;
}

static const test_manifest alices[] = {
    { .account = 1, .version = 1, .handles = { ALICE }, .devices = { 1 } },
    { .account = 1, .version = 2, .handles = { ALICE }, .devices = { 1, 2 } },
};
static const test_manifest bobs = {
    .account = 2, .version = 1, .handles = { BOB }, .devices = { 5 }
};
static const test_manifest carols = {
    .account = 4, .version = 1, .handles = { "tel:+14155550100" }, .devices = { 7, 8 }
};
static const test_manifest thief = {
    .account = 3, .version = 1, .handles = { ALICE }, .devices = { 6 }
};

static void test_manifests_are_logged(void **state)
{
    store_fixture *f = *state;
    teal_key_log_entry entries[8];
    store_version versions[4];
    teal_bytes encoded;
    size_t n;
    assert_int_equal(put_manifest(f, &alices[0]), STORE_OK);
    assert_int_equal(put_manifest(f, &bobs), STORE_OK);
    assert_int_equal(put_manifest(f, &thief), STORE_EXISTS);
    assert_int_equal(put_manifest(f, &alices[1]), STORE_OK);
    assert_int_equal(list_entries(f, entries, 8), 3);
    const teal_manifest first = manifest_of(f, &alices[0], &encoded);
    const teal_manifest second = manifest_of(f, &alices[1], &encoded);
    assert_true(teal_key_log_is_of(&entries[0], &first));
    assert_true(teal_key_log_is_of(&entries[2], &second));
    assert_int_equal(entries[2].time_ms, NOW_MS);

    assert_int_equal(ops->list_versions(f->s, first.account_key, 0, &f->arena, versions, 4, &n),
                     STORE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(versions[0].version, 1);
    assert_int_equal(versions[0].leaf, 0);
    assert_int_equal(versions[1].version, 2);
    assert_int_equal(versions[1].leaf, 2);
    assert_bytes(versions[1].encoded, encoded);
    assert_int_equal(ops->list_versions(f->s, first.account_key, 2, &f->arena, versions, 4, &n),
                     STORE_OK);
    assert_int_equal(n, 1);
}

/* Taken by a gateway that had no key log yet. */
static void test_old_accounts_are_entered(void **state)
{
    store_fixture *f = *state;
    teal_bytes encoded, unlogged[4];
    teal_key_log_entry entries[8];
    size_t n;
    assert_int_equal(put_manifest(f, &bobs), STORE_OK);
    const teal_manifest m = manifest_of(f, &alices[1], &encoded);
    begin(f);
    assert_int_equal(ops->put_manifest(f->s, &m, encoded), STORE_OK);
    commit(f);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(key_log_start(f->s, NOW_MS + 5), STORE_OK);
        assert_int_equal(ops->list_unlogged(f->s, &f->arena, unlogged, 4, &n), STORE_OK);
        assert_int_equal(n, 0);
        assert_int_equal(list_entries(f, entries, 8), 2);
        assert_true(teal_key_log_is_of(&entries[1], &m));
        assert_int_equal(entries[1].time_ms, NOW_MS + 5);
        reopen(f);
    }
}

static void test_other_entries(void **state)
{
    store_fixture *f = *state;
    teal_key_log_entry entries[8];
    const uint8_t key[TEAL_KEY_BYTES] = { 7 };
    begin(f);
    for (int i = 0; i < 2; i++) /* the second time it says nothing new */
        assert_int_equal(
            key_log_put_peer_key(f->s, teal_text("rcs"), key, TEAL_KEY_LOG_RETIRED, NOW_MS),
            STORE_OK);
    commit(f);
    assert_int_equal(list_entries(f, entries, 8), 1);
    assert_int_equal(entries[0].kind, TEAL_KEY_LOG_PEER_KEY);
    assert_text(entries[0].peer, "rcs");
}

/* [REQ-FWD-9]: each grant, and its end, with the hash of what the account key signed. */
static void test_grants(void **state)
{
    store_fixture *f = *state;
    teal_key_log_entry entries[8];
    store_grant listed[4];
    size_t n = 0;
    uint8_t account_key[TEAL_KEY_BYTES], sk[64];
    const test_device tablet = test_device_of(8);
    teal_forwarding_grant g = { .handle = teal_text("tel:+14155550100"), .expires_at_ms = 1 };
    teal_hash number, signed_hash;
    memcpy(g.device, tablet.id, sizeof g.device);
    test_account_keys(carols.account, account_key, sk);
    teal_key_log_handle(g.handle, &number);
    assert_int_equal(put_manifest(f, &carols), STORE_OK);
    begin(f);
    for (g.sequence = 1; g.sequence <= 2; g.sequence++) {
        g.revoked = g.sequence == 2;
        assert_int_equal(key_log_put_grant(f->s, &g, teal_text(g.revoked ? "end" : "grant"),
                                           account_key, NOW_MS),
                         STORE_OK);
        assert_int_equal(list_entries(f, entries, 8), 1 + g.sequence);
        const teal_key_log_entry *e = &entries[g.sequence];
        teal_forwarding_grant_hash(&g, &signed_hash);
        assert_int_equal(e->kind, TEAL_KEY_LOG_FORWARDING);
        assert_int_equal(e->change, g.revoked ? TEAL_KEY_LOG_RETIRED : TEAL_KEY_LOG_ADDED);
        assert_true(teal_key_log_has_handle(e, &number));
        assert_memory_equal(e->signed_hash.at, signed_hash.at, sizeof signed_hash.at);
        assert_memory_equal(e->account_key, account_key, sizeof account_key);
    }
    commit(f);
    assert_int_equal(ops->list_grants(f->s, g.handle, &f->arena, listed, 4, &n), STORE_OK);
    assert_int_equal(n, 1); /* the last of the device */
    assert_int_equal(listed[0].sequence, 2);
    assert_int_equal(listed[0].leaf, 2);
    assert_text(listed[0].encoded, "end");
    assert_int_equal(ops->list_grants(f->s, teal_text(BOB), &f->arena, listed, 4, &n), STORE_OK);
    assert_int_equal(n, 0);
}

/* A log that does not fit together is not served from. */
static void test_start_refuses_damage(void **state)
{
    store_fixture *f = *state;
    assert_int_equal(put_manifest(f, &bobs), STORE_OK);
    begin(f);
    assert_int_equal(
        sqlite3_exec(((sqlite_store *)f->s)->db, "DELETE FROM log_leaves", NULL, NULL, NULL),
        SQLITE_OK);
    commit(f);
    assert_int_equal(key_log_start(f->s, NOW_MS), STORE_BROKEN);
}

int main(void)
{
    ops = &store_sqlite;
    const struct CMUnitTest tests[] = {
        ON_STORE(test_grows),
        ON_STORE(test_logs_are_told_apart),
        ON_STORE(test_transactions),
        ON_STORE(test_damage_is_noticed),
        ON_STORE(test_heads),
        ON_STORE(test_heads_do_not_shrink),
        ON_STORE(test_manifests_are_logged),
        ON_STORE(test_old_accounts_are_entered),
        ON_STORE(test_other_entries),
        ON_STORE(test_grants),
        ON_STORE(test_start_refuses_damage),
    };
    if (sodium_init() < 0)
        return 1;
    keys.id[0] = 0xed;
    crypto_sign_keypair(keys_pk, keys.sk);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
