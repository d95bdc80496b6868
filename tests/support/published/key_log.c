/* key_log.json: entries of the key log, a small log with all its proofs, a signed head, and safety
 * numbers. */
#include "tests/support/published/parts.h"
#include "tests/support/published/published.h"

#include "codecs/native/key_log_entry.h"
#include "gateway/client/safety_number.h"
#include "gateway/ledger/tree_head.h"

#include "tests/support/devices.h"

#include <string.h>

enum { ALICE = 1, BOB = 2, PHONE = 1, EDGE = 900, MAX_ENCODED = 2 << 10, LEAVES = 7 };

#define TIME 1795521600000

static teal_bytes encoded(teal_arena *a, const teal_key_log_entry *e)
{
    teal_writer w = vector_writer(a, MAX_ENCODED);
    expect_that("entry is encoded", teal_key_log_entry_encode(e, &w) == TEAL_OK);
    return teal_written(&w);
}

static teal_key_log_entry entry_of(teal_key_log_kind kind)
{
    static const teal_bytes none;
    uint8_t sk[64];
    teal_bytes handles[] = { teal_text("im:alice@native.example"), teal_text("tel:+14155550100") };
    teal_device device = { .name = none, .added_at_ms = TIME };
    teal_manifest m = { .version = 1,
                        .handles = handles,
                        .n_handles = 2,
                        .devices = &device,
                        .n_devices = 1,
                        .created_at_ms = TIME };
    memcpy(device.id, test_device_of(PHONE).id, sizeof device.id);
    memcpy(device.signing_key, test_device_of(PHONE).sign_pk, sizeof device.signing_key);
    test_account_keys(ALICE, m.account_key, sk);
    teal_key_log_entry e;
    teal_key_log_of_manifest(&m, TIME, &e);
    if (kind == TEAL_KEY_LOG_FORWARDING) {
        e.kind = kind;
        e.n_handle_hashes = 1;
        e.version = 0;
        e.change = TEAL_KEY_LOG_ADDED;
    } else if (kind == TEAL_KEY_LOG_PEER_KEY) {
        e = (teal_key_log_entry){ .kind = kind,
                                  .time_ms = TIME + 1,
                                  .peer = teal_text("rcs"),
                                  .change = TEAL_KEY_LOG_RETIRED };
        test_account_keys(BOB, e.peer_key, sk);
    }
    return e;
}

static json_t *fields_of(const teal_key_log_entry *e)
{
    json_t *hashes = json_array();
    for (size_t i = 0; i < e->n_handle_hashes; i++)
        json_array_append_new(hashes, vector_hex(e->handle_hashes[i].at, TEAL_HASH_BYTES));
    json_t *fields =
        vector_pack("{s:i, s:o}", "kind", (int)e->kind, "time_ms", vector_number(e->time_ms));
    if (e->kind == TEAL_KEY_LOG_PEER_KEY) {
        json_decref(hashes);
        json_object_set_new(fields, "peer", vector_text(e->peer));
        json_object_set_new(fields, "peer_key", vector_hex(e->peer_key, sizeof e->peer_key));
    } else {
        json_object_set_new(fields, "handle_hashes", hashes);
        json_object_set_new(fields, "account_key",
                            vector_hex(e->account_key, sizeof e->account_key));
        json_object_set_new(fields, "version", vector_number(e->version));
        json_object_set_new(fields, "signed_hash", vector_hex(e->signed_hash.at, TEAL_HASH_BYTES));
    }
    json_object_set_new(fields, "change", json_integer(e->change));
    return fields;
}

static json_t *entry_vectors(teal_arena *a)
{
    json_t *out = json_array();
    for (teal_key_log_kind kind = TEAL_KEY_LOG_MANIFEST; kind <= TEAL_KEY_LOG_FORWARDING; kind++) {
        const teal_key_log_entry e = entry_of(kind);
        teal_key_log_entry again;
        teal_diag why = { 0 };
        teal_hash leaf;
        const teal_bytes octets = encoded(a, &e);
        expect_ok("entry", teal_key_log_entry_decode(octets, &again, &why), &why);
        merkle_hash_leaf(octets, &leaf);
        json_array_append_new(out, vector_pack("{s:o, s:o, s:o}", "fields", fields_of(&e),
                                               "encoded", vector_bytes(octets), "leaf_hash",
                                               vector_hex(leaf.at, TEAL_HASH_BYTES)));
    }
    return out;
}

static json_t *handle_vectors(void)
{
    static const char *const handles[] = { "im:alice@native.example", "tel:+14155550100" };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        teal_hash hash;
        teal_key_log_handle(teal_text(handles[i]), &hash);
        json_array_append_new(out, vector_pack("{s:s, s:o}", "handle", handles[i], "hash",
                                               vector_hex(hash.at, TEAL_HASH_BYTES)));
    }
    return out;
}

/* ---- entries that break a rule ----------------------------------------------------------------
 */

typedef void spoil(teal_key_log_entry *e);

static void no_kind(teal_key_log_entry *e)
{
    e->kind = 0;
}

static void kind_4(teal_key_log_entry *e)
{
    e->kind = 4;
}

static void no_handle(teal_key_log_entry *e)
{
    e->n_handle_hashes = 0;
}

static void handle_twice(teal_key_log_entry *e)
{
    e->handle_hashes[1] = e->handle_hashes[0];
}

static void two_handles(teal_key_log_entry *e)
{
    e->n_handle_hashes = 2;
}

static void no_version(teal_key_log_entry *e)
{
    e->version = 0;
}

static void with_version(teal_key_log_entry *e)
{
    e->version = 7;
}

static void with_change(teal_key_log_entry *e)
{
    e->change = TEAL_KEY_LOG_ADDED;
}

static void no_change(teal_key_log_entry *e)
{
    e->change = TEAL_KEY_LOG_NO_CHANGE;
}

static void no_peer(teal_key_log_entry *e)
{
    e->peer = (teal_bytes){ 0 };
}

static void peer_with_blank(teal_key_log_entry *e)
{
    e->peer = teal_text("r c s");
}

static void peer_with_handle(teal_key_log_entry *e)
{
    e->n_handle_hashes = 1;
}

static json_t *refused_entries(teal_arena *a)
{
    static const struct {
        const char *name, *rule;
        teal_key_log_kind kind;
        spoil *spoil;
    } rows[] = {
        { "no kind", "REQ-LOG-2", TEAL_KEY_LOG_MANIFEST, no_kind },
        { "a kind that is not known", "REQ-WIRE-3", TEAL_KEY_LOG_MANIFEST, kind_4 },
        { "a manifest without handles", "REQ-LOG-3", TEAL_KEY_LOG_MANIFEST, no_handle },
        { "a handle twice", "REQ-LOG-3", TEAL_KEY_LOG_MANIFEST, handle_twice },
        { "a manifest without version", "REQ-LOG-4", TEAL_KEY_LOG_MANIFEST, no_version },
        { "a manifest with a change", "REQ-LOG-4", TEAL_KEY_LOG_MANIFEST, with_change },
        { "forwarding of two handles", "REQ-LOG-3", TEAL_KEY_LOG_FORWARDING, two_handles },
        { "forwarding with a version", "REQ-LOG-4", TEAL_KEY_LOG_FORWARDING, with_version },
        { "forwarding without a change", "REQ-LOG-4", TEAL_KEY_LOG_FORWARDING, no_change },
        { "a key of no network", "REQ-LOG-5", TEAL_KEY_LOG_PEER_KEY, no_peer },
        { "a network with a blank in its name", "REQ-LOG-5", TEAL_KEY_LOG_PEER_KEY,
          peer_with_blank },
        { "a network's key without a change", "REQ-LOG-4", TEAL_KEY_LOG_PEER_KEY, no_change },
        { "a network's key with a handle", "REQ-WIRE-1", TEAL_KEY_LOG_PEER_KEY, peer_with_handle },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_key_log_entry e = entry_of(rows[i].kind), none;
        teal_diag why = { 0 };
        rows[i].spoil(&e);
        const teal_bytes bad = encoded(a, &e);
        expect_refused(rows[i].name, teal_key_log_entry_decode(bad, &none, &why), &why,
                       rows[i].rule);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:o}", "name", rows[i].name, "rule",
                                               rows[i].rule, "encoded", vector_bytes(bad)));
    }
    return out;
}

/* ---- a log ------------------------------------------------------------------------------------
 */

static bool node_of(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    const teal_hash *leaves = arg;
    if (level == 0) {
        *out = leaves[index];
        return true;
    }
    teal_hash left, right;
    bool good =
        node_of(arg, level - 1, 2 * index, &left) && node_of(arg, level - 1, 2 * index + 1, &right);
    merkle_hash_children(&left, &right, out);
    return good;
}

static json_t *hashes_of(const merkle_proof *p)
{
    json_t *hashes = json_array();
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(hashes, vector_hex(p->hashes[i].at, TEAL_HASH_BYTES));
    return hashes;
}

static json_t *inclusion_vectors(const merkle_tree *t)
{
    json_t *out = json_array();
    for (uint64_t index = 0; index < LEAVES; index++) {
        merkle_proof p;
        expect_that("inclusion", merkle_prove_inclusion(t, index, LEAVES, &p));
        json_array_append_new(out,
                              vector_pack("{s:I, s:I, s:o}", "index", (json_int_t)index, "size",
                                          (json_int_t)LEAVES, "inclusion", hashes_of(&p)));
    }
    return out;
}

static json_t *consistency_vectors(const merkle_tree *t)
{
    json_t *out = json_array();
    for (uint64_t from = 0; from <= LEAVES; from++) {
        merkle_proof p;
        expect_that("consistency", merkle_prove_consistency(t, from, LEAVES, &p));
        json_array_append_new(out, vector_pack("{s:I, s:I, s:o}", "from", (json_int_t)from, "to",
                                               (json_int_t)LEAVES, "consistency", hashes_of(&p)));
    }
    return out;
}

static json_t *head_vector(const teal_hash *root)
{
    const test_device edge = test_device_of(EDGE);
    tree_head h = { .log = "keys", .size = LEAVES, .time_ms = TIME + 5, .root = *root };
    char line[TREE_HEAD_LINE_BYTES];
    memcpy(h.device, edge.id, sizeof h.device);
    tree_head_sign(&h, edge.sign_sk);
    tree_head_write(&h, line);
    return vector_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:s}", "log", h.log, "size",
                       (json_int_t)h.size, "time_ms", (json_int_t)h.time_ms, "root",
                       vector_hex(h.root.at, TEAL_HASH_BYTES), "device",
                       vector_hex(h.device, sizeof h.device), "signing_seed",
                       vector_hex(edge.sign_sk, 32), "signing_key", vector_hex(edge.sign_pk, 32),
                       "signature", vector_hex(h.signature, sizeof h.signature), "line", line);
}

/* The leaves are entries of each kind in turn, at other times. */
static json_t *log_vector(teal_arena *a)
{
    teal_hash leaves[LEAVES], root;
    const merkle_tree t = { node_of, leaves };
    json_t *entries = json_array(), *roots = json_array();
    for (uint64_t size = 0; size <= LEAVES; size++) {
        expect_that("root", merkle_root(&t, size, &root));
        json_array_append_new(roots, vector_hex(root.at, TEAL_HASH_BYTES));
        if (size == LEAVES)
            break;
        teal_key_log_entry e = entry_of((teal_key_log_kind)(size % 3 + 1));
        e.time_ms += size;
        const teal_bytes octets = encoded(a, &e);
        merkle_hash_leaf(octets, &leaves[size]);
        json_array_append_new(entries, vector_bytes(octets));
    }
    return vector_pack("{s:o, s:o, s:o, s:o, s:o}", "entries", entries, "roots", roots,
                       "inclusions", inclusion_vectors(&t), "consistencies",
                       consistency_vectors(&t), "head", head_vector(&root));
}

/* ---- safety numbers ---------------------------------------------------------------------------
 */

static json_t *safety_vectors(void)
{
    uint8_t keys[2][32], sk[64];
    char number[SAFETY_NUMBER_BYTES], again[SAFETY_NUMBER_BYTES];
    test_account_keys(ALICE, keys[0], sk);
    test_account_keys(BOB, keys[1], sk);
    const safety_party alice = { TEAL_VIEW(keys[0]), teal_text("im:alice@native.example") };
    const safety_party bob = { TEAL_VIEW(keys[1]), teal_text("sip:bob@rcs.example") };
    safety_number(&alice, &bob, number);
    safety_number(&bob, &alice, again);
    expect_that("safety number is symmetric", strcmp(number, again) == 0);
    return vector_pack("[{s:[{s:o, s:o}, {s:o, s:o}], s:s}]", "parties", "account_key",
                       vector_hex(keys[0], 32), "handle", vector_text(alice.handle), "account_key",
                       vector_hex(keys[1], 32), "handle", vector_text(bob.handle), "number",
                       number);
}

json_t *published_key_log(void)
{
    teal_arena a = vector_arena_open();
    json_t *out =
        vector_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "about",
                    "The key log: PROTOCOL.md section 13. See README.md.", "handles",
                    handle_vectors(), "entries", entry_vectors(&a), "refused", refused_entries(&a),
                    "log", log_vector(&a), "safety_numbers", safety_vectors());
    vector_arena_close(&a);
    return out;
}
