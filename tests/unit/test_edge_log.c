/* The key log over HTTP: heads, entries, proofs, the manifests of an account, and the proof that a
 * look-up carries. Each is checked as a client would. REQ-LOG-10 to -14, -24. */
#include "gateway/ledger/frontier.h"
#include "tests/support/edge_fixture.h"
#include "tests/support/manifests.h"

#include "codecs/base64.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ALICE "im:alice@native.example"
#define BOB   "im:bob@native.example"

enum { VERSIONS = 40, ROOM = 8 << 20 };

static uint8_t room[ROOM];
static teal_arena arena = { room, sizeof room, 0 };

static raw_answer *get(const char *format, ...)
{
    static raw_answer a;
    char path[256];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    edge_ask("GET", path, "", (teal_bytes){ 0 }, &a);
    return &a;
}

static json_t *get_json(const char *path)
{
    raw_answer *a = get("%s", path);
    assert_int_equal(a->status, 200);
    return raw_json(a);
}

static teal_bytes value_of(const json_t *text)
{
    const teal_bytes in = { (const uint8_t *)json_string_value(text), json_string_length(text) };
    teal_writer w = { teal_arena_take(&arena, in.len), in.len, 0 };
    assert_int_equal(teal_base64url_decode(in, &w, NULL), TEAL_OK);
    return teal_written(&w);
}

static teal_hash hash_of(const json_t *text)
{
    const teal_bytes value = value_of(text);
    teal_hash hash;
    assert_int_equal(value.len, sizeof hash.at);
    memcpy(hash.at, value.at, sizeof hash.at);
    return hash;
}

static uint64_t number_of(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);
    assert_true(json_is_integer(number));
    return (uint64_t)json_integer_value(number);
}

/* Verified. */
static tree_head head_of(const json_t *o)
{
    tree_head h = { .size = number_of(o, "size"), .time_ms = number_of(o, "time_ms") };
    const teal_bytes signature = value_of(json_object_get(o, "signature"));
    strcpy(h.log, json_string_value(json_object_get(o, "log")));
    h.root = hash_of(json_object_get(o, "root"));
    memcpy(h.device, edge_keys.id, sizeof h.device);
    assert_int_equal(signature.len, sizeof h.signature);
    memcpy(h.signature, signature.at, sizeof h.signature);
    assert_int_equal(tree_head_verify(&h, edge_pk, NULL), TEAL_OK);
    return h;
}

static merkle_proof proof_of(const json_t *list)
{
    merkle_proof p = { .n = json_array_size(list) };
    assert_true(p.n <= MERKLE_MAX_PROOF);
    for (size_t i = 0; i < p.n; i++)
        p.hashes[i] = hash_of(json_array_get(list, i));
    return p;
}

/* That the object's entry is a leaf of the head's tree, and of the manifest. */
static void check_leaf(const json_t *o, const tree_head *h, const teal_manifest *m)
{
    const teal_bytes entry = value_of(json_object_get(o, "entry"));
    const merkle_proof p = proof_of(json_object_get(o, "inclusion"));
    teal_key_log_entry e;
    teal_hash leaf;
    merkle_hash_leaf(entry, &leaf);
    assert_true(merkle_verify_inclusion(&leaf, number_of(o, "index"), h->size, &h->root, &p));
    assert_int_equal(teal_key_log_entry_decode(entry, &e, NULL), TEAL_OK);
    assert_true(teal_key_log_is_of(&e, m));
}

static teal_manifest manifest_of(uint64_t account, const char *handle, uint64_t version,
                                 teal_bytes *encoded)
{
    const test_manifest t = {
        .account = account, .version = version, .handles = { handle }, .devices = { account }
    };
    teal_manifest m;
    *encoded = test_manifest_encode(&t, &arena, NULL);
    assert_int_equal(teal_manifest_decode(*encoded, &arena, &m, NULL), TEAL_OK);
    return m;
}

static void put(uint64_t account, const char *handle, uint64_t version)
{
    teal_bytes encoded;
    const teal_manifest m = manifest_of(account, handle, version, &encoded);
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    assert_int_equal(key_log_put_manifest(edge_store, &m, encoded, 5), STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
}

static int open_log(void **state)
{
    arena.used = 0;
    edge_fixture_open(state);
    put(2, BOB, 1);
    for (uint64_t version = 1; version <= VERSIONS; version++)
        put(1, ALICE, version);
    return 0;
}

static void test_head(void **state)
{
    (void)state;
    json_t *first = get_json("/v1/log/keys/head"), *again = get_json("/v1/log/keys/head");
    assert_int_equal(head_of(first).size, VERSIONS + 1);
    assert_true(json_equal(first, again)); /* signed once */
    json_decref(first);
    json_decref(again);
    assert_refused(get("/v1/log/nobodys/head"), 404, "log-unknown", "REQ-LOG-10");
}

/* Who reads all of it comes to the head's root. */
static void test_entries(void **state)
{
    (void)state;
    json_t *head = get_json("/v1/log/keys/head");
    const tree_head h = head_of(head);
    frontier f = { 0 };
    teal_hash leaf, root;
    char path[128];
    while (f.size < h.size) {
        const uint64_t before = f.size;
        snprintf(path, sizeof path, "/v1/log/keys/entries?from=%llu&max=17",
                 (unsigned long long)before);
        json_t *part = get_json(path);
        const json_t *entries = json_object_get(part, "entries");
        assert_int_equal(number_of(part, "from"), before);
        for (size_t i = 0; i < json_array_size(entries); i++) {
            merkle_hash_leaf(value_of(json_array_get(entries, i)), &leaf);
            frontier_append(&f, &leaf);
        }
        assert_true(f.size > before && f.size - before <= 17);
        json_decref(part);
    }
    frontier_root(&f, &root);
    assert_memory_equal(root.at, h.root.at, sizeof root.at);
    assert_json(get("/v1/log/keys/entries?from=1000"), 200, "{'from':1000,'entries':[]}");
    json_decref(head);
    assert_refused(get("/v1/log/keys/entries?max=1001"), 400, "query-malformed", "REQ-REST-8");
    assert_refused(get("/v1/log/keys/entries?max=0"), 400, "query-malformed", "REQ-REST-8");
    assert_refused(get("/v1/log/keys/entries?from=-1"), 400, "query-malformed", "REQ-REST-8");
    assert_refused(get("/v1/log/nobodys/entries"), 404, "log-unknown", "REQ-LOG-10");
}

static void test_consistency(void **state)
{
    (void)state;
    json_t *before = get_json("/v1/log/keys/head");
    const tree_head from = head_of(before);
    put(2, BOB, 2);
    json_t *after = get_json("/v1/log/keys/head");
    const tree_head to = head_of(after);
    assert_int_equal(to.size, from.size + 1);
    char path[128];
    snprintf(path, sizeof path, "/v1/log/keys/consistency?from=%llu&to=%llu",
             (unsigned long long)from.size, (unsigned long long)to.size);
    json_t *answer = get_json(path);
    const merkle_proof p = proof_of(json_object_get(answer, "consistency"));
    assert_true(merkle_verify_consistency(from.size, &from.root, to.size, &to.root, &p));
    json_decref(answer);
    json_decref(before);
    json_decref(after);
    static const char *const unknown[] = { "from=1&to=43", "from=3&to=2" };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_refused(get("/v1/log/keys/consistency?%s", unknown[i]), 404, "tree-unknown",
                       "REQ-LOG-10");
    static const char *const malformed[] = { "", "from=1", "to=1", "from=a&to=2", "from=-1&to=2" };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_refused(get("/v1/log/keys/consistency?%s", malformed[i]), 400, "query-malformed",
                       "REQ-REST-8");
    assert_refused(get("/v1/log/x/consistency?from=1&to=2"), 404, "log-unknown", "REQ-LOG-10");
}

static void test_inclusion(void **state)
{
    (void)state;
    json_t *head = get_json("/v1/log/keys/head");
    const tree_head h = head_of(head);
    json_t *part = get_json("/v1/log/keys/entries?from=7&max=1");
    json_t *answer = get_json("/v1/log/keys/inclusion?index=7&size=41");
    teal_hash leaf;
    merkle_hash_leaf(value_of(json_array_get(json_object_get(part, "entries"), 0)), &leaf);
    const merkle_proof p = proof_of(json_object_get(answer, "inclusion"));
    assert_true(merkle_verify_inclusion(&leaf, 7, h.size, &h.root, &p));
    json_decref(answer);
    json_decref(part);
    json_decref(head);
    assert_refused(get("/v1/log/keys/inclusion?index=41&size=41"), 404, "tree-unknown",
                   "REQ-LOG-10");
    assert_refused(get("/v1/log/keys/inclusion?index=1&size=42"), 404, "tree-unknown",
                   "REQ-LOG-10");
    assert_refused(get("/v1/log/keys/inclusion?index=1"), 400, "query-malformed", "REQ-REST-8");
    assert_refused(get("/v1/log/x/inclusion?index=1&size=2"), 404, "log-unknown", "REQ-LOG-10");
}

static void test_manifests(void **state)
{
    (void)state;
    uint64_t version = 1;
    char path[128];
    for (size_t n = 1; n > 0;) {
        snprintf(path, sizeof path, "/v1/accounts/" ALICE "/manifests?from=%llu",
                 (unsigned long long)version);
        json_t *answer = get_json(path);
        const json_t *list = json_object_get(answer, "manifests");
        const tree_head h = head_of(json_object_get(answer, "head"));
        n = json_array_size(list);
        assert_true(n <= 32);
        for (size_t i = 0; i < n; i++, version++) {
            const json_t *one = json_array_get(list, i);
            teal_bytes want;
            const teal_manifest m = manifest_of(1, ALICE, version, &want);
            assert_true(teal_bytes_equal(value_of(json_object_get(one, "manifest")), want));
            check_leaf(one, &h, &m);
        }
        json_decref(answer);
    }
    assert_int_equal(version, VERSIONS + 1);
    assert_refused(get("/v1/accounts/im:eve@native.example/manifests"), 404, "account-unknown",
                   "REQ-DIR-26");
    assert_refused(get("/v1/accounts/alice/manifests"), 400, "handle-malformed", "REQ-HDL-1");
    assert_refused(get("/v1/accounts/" ALICE "/manifests?from=0"), 400, "query-malformed",
                   "REQ-REST-8");
}

/* REQ-LOG-24: no account, and not counted as a look-up of anybody. */
static void test_own_manifests(void **state)
{
    (void)state;
    teal_bytes encoded;
    const teal_manifest m = manifest_of(9, own_handle, 1, &encoded);
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    assert_int_equal(key_log_put_own(edge_store, &m, encoded, 5), STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
    json_t *answer = get_json("/v1/accounts/im:gateway@native.example/manifests");
    const json_t *list = json_object_get(answer, "manifests");
    const tree_head h = head_of(json_object_get(answer, "head"));
    assert_int_equal(json_array_size(list), 1);
    check_leaf(json_array_get(list, 0), &h, &m);
    json_decref(answer);
    assert_string_equal(script.noted, "");
}

static void test_look_ups_carry_proofs(void **state)
{
    (void)state;
    teal_bytes encoded;
    const teal_manifest m = manifest_of(1, ALICE, VERSIONS, &encoded);
    script.entry = (directory_entry){ .network = teal_text("native"),
                                      .has_native = true,
                                      .has_manifest = true,
                                      .manifest = m,
                                      .encoded = encoded };
    json_t *found = get_json("/v1/directory/" ALICE);
    static raw_answer a;
    edge_ask("POST", "/v1/directory/" ALICE "/claim", "", (teal_bytes){ 0 }, &a);
    json_t *claimed = raw_json(&a);
    const json_t *const proofs[] = { json_object_get(found, "proof"),
                                     json_object_get(claimed, "proof") };
    for (size_t i = 0; i < 2; i++) {
        const tree_head h = head_of(json_object_get(proofs[i], "head"));
        check_leaf(proofs[i], &h, &m);
    }
    json_decref(found);
    json_decref(claimed);

    script.entry.has_native = false; /* another network's: its log is not ours */
    script.entry.has_rcs = true;
    found = get_json("/v1/directory/" ALICE);
    assert_null(json_object_get(found, "proof"));
    json_decref(found);
}

/* What is not in the log is not shown. */
static void test_a_manifest_without_entry(void **state)
{
    (void)state;
    teal_bytes encoded;
    script.entry = (directory_entry){ .network = teal_text("native"),
                                      .has_native = true,
                                      .has_manifest = true };
    script.entry.manifest = manifest_of(1, ALICE, VERSIONS + 1, &encoded);
    script.entry.encoded = encoded;
    assert_refused(get("/v1/directory/" ALICE), 503, "store-failed", "REQ-REST-10");
    script.entry.manifest = manifest_of(3, ALICE, 1, &encoded);
    assert_refused(get("/v1/directory/" ALICE), 503, "store-failed", "REQ-REST-10");
}

#define ON_LOG(test) cmocka_unit_test_setup_teardown(test, open_log, edge_fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_LOG(test_head),
        ON_LOG(test_entries),
        ON_LOG(test_consistency),
        ON_LOG(test_inclusion),
        ON_LOG(test_manifests),
        ON_LOG(test_own_manifests),
        ON_LOG(test_look_ups_carry_proofs),
        ON_LOG(test_a_manifest_without_entry),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
