/* What teal believes of a key log: proofs that hold for that manifest and that head alone, and what
 * entries in somebody's name amount to. REQ-LOG-14, -15, -20. */
#include "gateway/client/audit_subjects.h"
#include "gateway/client/log_answer.h"
#include "gateway/client/member.h"

#include "tests/support/devices.h"
#include "tests/support/folder.h"
#include "tests/support/manifests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define ALICE   "im:alice@native.example"
#define BOB     "im:bob@native.example"
#define GATEWAY "im:gateway@native.example"

enum { LEAVES = 7, NOW_MS = 1000000 };

static uint8_t room[1 << 20];
static teal_arena arena = { room, sizeof room, 0 };

/* ---- proofs ---------------------------------------------------------------------------------- */

typedef struct small_log {
    teal_hash leaves[LEAVES];
    teal_manifest manifests[LEAVES];
    teal_bytes entries[LEAVES];
    tree_head head;
} small_log;

static bool node_of(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    const small_log *l = arg;
    teal_hash left, right;
    if (level == 0) {
        *out = l->leaves[index];
        return true;
    }
    bool good =
        node_of(arg, level - 1, 2 * index, &left) && node_of(arg, level - 1, 2 * index + 1, &right);
    merkle_hash_children(&left, &right, out);
    return good;
}

static teal_manifest manifest_of(uint64_t account, uint64_t version)
{
    const test_manifest t = {
        .account = account, .version = version, .handles = { ALICE }, .devices = { account }
    };
    teal_manifest m;
    assert_int_equal(teal_manifest_decode(test_manifest_encode(&t, &arena, NULL), &arena, &m, NULL),
                     TEAL_OK);
    return m;
}

static void make_log(small_log *l)
{
    const merkle_tree t = { node_of, l };
    arena.used = 0;
    *l = (small_log){ .head = { .log = "keys", .size = LEAVES, .time_ms = NOW_MS } };
    for (size_t i = 0; i < LEAVES; i++) {
        teal_key_log_entry e;
        teal_writer w = { teal_arena_take(&arena, 1024), 1024, 0 };
        l->manifests[i] = manifest_of(i + 1, 1);
        teal_key_log_of_manifest(&l->manifests[i], NOW_MS, &e);
        assert_int_equal(teal_key_log_entry_encode(&e, &w), TEAL_OK);
        l->entries[i] = teal_written(&w);
        merkle_hash_leaf(l->entries[i], &l->leaves[i]);
    }
    assert_true(merkle_root(&t, LEAVES, &l->head.root));
}

static json_t *proof_of(small_log *l, size_t index)
{
    const merkle_tree t = { node_of, l };
    merkle_proof p;
    json_t *hashes = json_array();
    assert_true(merkle_prove_inclusion(&t, index, LEAVES, &p));
    for (size_t i = 0; i < p.n; i++)
        json_array_append_new(hashes, member_of_bytes(TEAL_VIEW(p.hashes[i].at)));
    return json_pack("{s:I, s:o, s:o}", "index", (json_int_t)index, "entry",
                     member_of_bytes(l->entries[index]), "inclusion", hashes);
}

static void expect(const json_t *proof, const small_log *l, size_t manifest, const char *rule)
{
    const char *wrong = log_answer_leaf(proof, &l->head, &l->manifests[manifest], &arena);
    if (rule == NULL) {
        assert_null(wrong);
        return;
    }
    assert_non_null(wrong);
    assert_memory_equal(wrong, rule, strlen(rule));
}

static void test_proofs(void **state)
{
    (void)state;
    small_log l;
    make_log(&l);
    for (size_t i = 0; i < LEAVES; i++) {
        json_t *proof = proof_of(&l, i);
        expect(proof, &l, i, NULL);
        expect(proof, &l, (i + 1) % LEAVES, "REQ-LOG-15 ");
        json_object_set_new(proof, "index", json_integer((json_int_t)(i + 1) % LEAVES));
        expect(proof, &l, i, "REQ-LOG-15 ");
        json_decref(proof);
    }
    json_t *proof = proof_of(&l, 2);
    l.head.root.at[0] ^= 1;
    expect(proof, &l, 2, "REQ-LOG-15 ");
    l.head.root.at[0] ^= 1;
    l.head.size = 2;
    expect(proof, &l, 2, "REQ-LOG-15 ");
    json_decref(proof);
}

static void test_proofs_that_are_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"index\":0}",
        "{\"index\":-1,\"entry\":\"AA\",\"inclusion\":[]}",
        "{\"index\":0.5,\"entry\":\"AA\",\"inclusion\":[]}",
        "{\"index\":0,\"entry\":\"A\",\"inclusion\":[]}",
        "{\"index\":0,\"entry\":\"AA\",\"inclusion\":{}}",
        "{\"index\":0,\"entry\":\"AA\",\"inclusion\":[\"AA\"]}",
        "{\"index\":0,\"entry\":\"AA\",\"inclusion\":[7]}",
    };
    small_log l;
    make_log(&l);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *proof = json_loads(texts[i], 0, NULL);
        assert_non_null(proof);
        expect(proof, &l, 0, "REQ-LOG-14 ");
        json_decref(proof);
    }
    expect(NULL, &l, 0, "REQ-LOG-14 ");

    json_t *proof = proof_of(&l, 0), *hashes = json_object_get(proof, "inclusion");
    while (json_array_size(hashes) <= MERKLE_MAX_PROOF)
        json_array_append(hashes, json_array_get(hashes, 0));
    expect(proof, &l, 0, "REQ-LOG-14 ");
    json_decref(proof);
}

static void test_heads(void **state)
{
    (void)state;
    small_log l;
    tree_head got;
    make_log(&l);
    json_t *good = json_pack("{s:s, s:i, s:i, s:o, s:s, s:o}", "log", "keys", "size", LEAVES,
                             "time_ms", NOW_MS, "root", member_of_bytes(TEAL_VIEW(l.head.root.at)),
                             "device", "000102030405060708090a0b0c0d0e0f", "signature",
                             member_of_bytes(TEAL_VIEW(l.head.signature)));
    assert_true(log_answer_head(good, &got));
    assert_int_equal(got.size, LEAVES);
    assert_int_equal(got.device[15], 15);
    const char *name;
    json_t *value, *bad = json_pack("[s, i, b, n, []]", "x", -1, 1);
    size_t i;
    json_t *each = json_deep_copy(good);
    json_object_foreach(each, name, value)
    {
        json_t *wrong;
        json_array_foreach(bad, i, wrong)
        {
            json_t *changed = json_copy(good);
            json_object_set(changed, name, wrong);
            if (strcmp(name, "log") != 0 || i > 0) /* "x" is a log's name */
                assert_false(log_answer_head(changed, &got));
            json_decref(changed);
        }
    }
    json_decref(each);
    json_decref(bad);
    json_decref(good);
    assert_false(log_answer_head(NULL, &got));
}

/* ---- entries in somebody's name -------------------------------------------------------------- */

static audit_subject subject_of(uint64_t account)
{
    uint8_t sk[64];
    audit_subject s = { .handle = teal_text(ALICE) };
    test_account_keys(account, s.key, sk);
    teal_key_log_handle(s.handle, &s.hash);
    return s;
}

static audit_verdict take(audit_subject *s, uint64_t account, uint64_t version)
{
    teal_key_log_entry e;
    const teal_manifest m = manifest_of(account, version);
    teal_key_log_of_manifest(&m, NOW_MS, &e);
    return audit_subject_take(s, &e);
}

static void test_verdicts(void **state)
{
    (void)state;
    arena.used = 0;
    audit_subject s = subject_of(1);
    assert_int_equal(take(&s, 2, 1), AUDIT_OTHER_BEFORE);
    assert_int_equal(take(&s, 2, 2), AUDIT_OTHER_BEFORE);
    assert_int_equal(s.n_others, 2);
    assert_false(s.seen);
    assert_int_equal(take(&s, 1, 3), AUDIT_GOOD); /* older than the log */
    assert_int_equal(take(&s, 1, 4), AUDIT_GOOD);
    assert_int_equal(take(&s, 2, 3), AUDIT_OTHER_KEY);
    assert_int_equal(take(&s, 1, 5), AUDIT_GOOD);
    assert_int_equal(take(&s, 1, 5), AUDIT_JUMP); /* the same twice */
    assert_int_equal(take(&s, 1, 7), AUDIT_JUMP);
    assert_int_equal(take(&s, 1, 2), AUDIT_JUMP);
    assert_int_equal(s.n_others, 2);
}

static keychain *make_keychain(folder *home)
{
    keychain *k;
    *home = folder_make();
    assert_int_equal(keychain_make(home->path, teal_text("right"), &k), OUTCOME_OK);
    return k;
}

static void set_contact(keychain *k, const char *handle, uint8_t key)
{
    uint8_t octets[TEAL_KEY_BYTES];
    memset(octets, key, sizeof octets);
    json_t *contacts = json_object_get(k->state, "contacts");
    if (contacts == NULL) {
        contacts = json_object();
        json_object_set_new(k->state, "contacts", contacts);
    }
    json_object_set_new(contacts, handle, member_of_bytes(TEAL_VIEW(octets)));
}

/* Progress counts for those whom it speaks of; a new one, or another key, begins anew. */
static void test_progress(void **state)
{
    (void)state;
    folder home;
    bool anew;
    audit_subjects s;
    teal_hash bob;
    keychain *k = make_keychain(&home);
    verify_gateway gateway = { .handle = teal_text(GATEWAY) };
    arena.used = 0;
    teal_key_log_handle(teal_text(BOB), &bob);
    json_object_set_new(k->state, "handles", json_pack("[s]", ALICE));
    set_contact(k, BOB, 7);
    audit_subjects_load(k, &gateway, NULL, &arena, &s, &anew);
    assert_true(anew);
    assert_int_equal(s.n, 3);
    assert_true(teal_bytes_equal(audit_subjects_gateway(&s)->handle, gateway.handle));
    audit_subject *of_bob = audit_subjects_find(&s, &bob);
    assert_non_null(of_bob);
    assert_false(of_bob->own);
    of_bob->seen = true;
    of_bob->version = 9;
    json_t *progress = audit_subjects_save(&s);
    audit_subjects_load(k, &gateway, progress, &arena, &s, &anew);
    assert_false(anew);
    assert_int_equal(audit_subjects_find(&s, &bob)->version, 9);
    assert_true(audit_subjects_find(&s, &bob)->seen);

    set_contact(k, BOB, 8);
    audit_subjects_load(k, &gateway, progress, &arena, &s, &anew);
    assert_true(anew);
    assert_false(audit_subjects_find(&s, &bob)->seen);
    set_contact(k, BOB, 7);
    set_contact(k, "im:carol@native.example", 1);
    audit_subjects_load(k, &gateway, progress, &arena, &s, &anew);
    assert_true(anew);
    assert_int_equal(s.n, 4);
    assert_false(audit_subjects_find(&s, &bob)->seen);
    json_decref(progress);
    keychain_close(&k);
    folder_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proofs),   cmocka_unit_test(test_proofs_that_are_none),
        cmocka_unit_test(test_heads),    cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_progress),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
