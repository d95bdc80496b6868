/* Entries of the key log: round trips, each kind's rules, and the second opinion of protobuf-c. */
#include "codecs/native/key_log_entry.h"

#include "tests/support/devices.h"
#include "tests/support/exact.h"
#include "tests/support/manifests.h"

#include "proto/key_log.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define ALICE "im:alice@native.example"
#define PHONE "tel:+14155550100"

enum { NOW_MS = 1795521600 };

static uint8_t room[64 << 10], encoded[2 << 10], again[2 << 10];
static teal_arena arena = { room, sizeof room, 0 };

static teal_manifest manifest_of(uint64_t account, uint64_t version)
{
    const test_manifest t = {
        .account = account, .version = version, .handles = { ALICE, PHONE }, .devices = { 1 }
    };
    teal_manifest m;
    arena.used = 0;
    assert_int_equal(teal_manifest_decode(test_manifest_encode(&t, &arena, NULL), &arena, &m, NULL),
                     TEAL_OK);
    return m;
}

static teal_key_log_entry entry_of(teal_key_log_kind kind)
{
    const teal_manifest m = manifest_of(1, 2);
    teal_key_log_entry e;
    teal_key_log_of_manifest(&m, NOW_MS, &e);
    if (kind == TEAL_KEY_LOG_FORWARDING) {
        e.kind = kind;
        e.n_handle_hashes = 1;
        e.version = 0;
        e.change = TEAL_KEY_LOG_ADDED;
    } else if (kind == TEAL_KEY_LOG_PEER_KEY) {
        e = (teal_key_log_entry){ .kind = kind,
                                  .time_ms = NOW_MS,
                                  .peer = teal_text("rcs-1"),
                                  .change = TEAL_KEY_LOG_RETIRED };
        memset(e.peer_key, 0x5a, sizeof e.peer_key);
    }
    return e;
}

static teal_bytes encode(const teal_key_log_entry *e)
{
    teal_writer w = { encoded, sizeof encoded, 0 };
    assert_int_equal(teal_key_log_entry_encode(e, &w), TEAL_OK);
    return teal_written(&w);
}

static teal_result decode(teal_bytes in, teal_diag *why)
{
    teal_key_log_entry got;
    uint8_t *exact = exact_copy(in.at, in.len);
    teal_result result = teal_key_log_entry_decode((teal_bytes){ exact, in.len }, &got, why);
    free(exact);
    return result;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (teal_key_log_kind kind = TEAL_KEY_LOG_MANIFEST; kind <= TEAL_KEY_LOG_FORWARDING; kind++) {
        teal_key_log_entry e = entry_of(kind), got;
        const teal_bytes octets = encode(&e);
        print_message("kind %d, %zu octets\n", (int)kind, octets.len);
        assert_int_equal(teal_key_log_entry_decode(octets, &got, NULL), TEAL_OK);
        teal_writer w = { again, sizeof again, 0 };
        assert_int_equal(teal_key_log_entry_encode(&got, &w), TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), octets));

        Teal__V1__KeyLogEntry *theirs =
            teal__v1__key_log_entry__unpack(NULL, octets.len, octets.at);
        assert_non_null(theirs);
        assert_int_equal(theirs->kind, kind);
        assert_int_equal(theirs->n_handle_hashes, e.n_handle_hashes);
        assert_int_equal(theirs->change, e.change);
        assert_true(teal_bytes_equal(teal_text(theirs->peer), e.peer));
        assert_int_equal(teal__v1__key_log_entry__pack(theirs, again), octets.len);
        assert_memory_equal(again, octets.at, octets.len);
        teal__v1__key_log_entry__free_unpacked(theirs, NULL);
        /* An entry that is cut is another entry, or none; never the same. */
        for (size_t len = 0; len < octets.len; len++)
            assert_int_not_equal(decode((teal_bytes){ octets.at, len }, NULL), TEAL_OK);
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void no_kind(teal_key_log_entry *e)
{
    e->kind = 0;
}

static void unknown_kind(teal_key_log_entry *e)
{
    e->kind = 4;
}

static void late(teal_key_log_entry *e)
{
    e->time_ms = UINT64_MAX;
}

static void no_handles(teal_key_log_entry *e)
{
    e->n_handle_hashes = 0;
}

static void two_handles(teal_key_log_entry *e)
{
    e->n_handle_hashes = 2;
}

static void handle_twice(teal_key_log_entry *e)
{
    e->handle_hashes[1] = e->handle_hashes[0];
}

static void no_version(teal_key_log_entry *e)
{
    e->version = 0;
}

static void a_version(teal_key_log_entry *e)
{
    e->version = 1;
}

static void a_change(teal_key_log_entry *e)
{
    e->change = TEAL_KEY_LOG_ADDED;
}

static void no_change(teal_key_log_entry *e)
{
    e->change = TEAL_KEY_LOG_NO_CHANGE;
}

static void unknown_change(teal_key_log_entry *e)
{
    e->change = 3;
}

static void no_peer(teal_key_log_entry *e)
{
    e->peer = (teal_bytes){ 0 };
}

static void peer_with_blank(teal_key_log_entry *e)
{
    e->peer = teal_text("rcs 1");
}

static void long_peer(teal_key_log_entry *e)
{
    e->peer = teal_text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void with_handle(teal_key_log_entry *e)
{
    e->n_handle_hashes = 1;
}

static const struct {
    const char *name;
    teal_key_log_kind kind;
    void (*spoil)(teal_key_log_entry *e);
    const char *rule;
} rows[] = {
    { "no kind", TEAL_KEY_LOG_MANIFEST, no_kind, "REQ-LOG-2" },
    { "unknown kind", TEAL_KEY_LOG_MANIFEST, unknown_kind, "REQ-WIRE-3" },
    { "time of 64 bits", TEAL_KEY_LOG_MANIFEST, late, "REQ-WIRE-3" },
    { "manifest without handles", TEAL_KEY_LOG_MANIFEST, no_handles, "REQ-LOG-3" },
    { "manifest with a handle twice", TEAL_KEY_LOG_MANIFEST, handle_twice, "REQ-LOG-3" },
    { "manifest without version", TEAL_KEY_LOG_MANIFEST, no_version, "REQ-LOG-4" },
    { "manifest with a change", TEAL_KEY_LOG_MANIFEST, a_change, "REQ-LOG-4" },
    { "unknown change", TEAL_KEY_LOG_MANIFEST, unknown_change, "REQ-WIRE-3" },
    { "forwarding without handle", TEAL_KEY_LOG_FORWARDING, no_handles, "REQ-LOG-3" },
    { "forwarding of two handles", TEAL_KEY_LOG_FORWARDING, two_handles, "REQ-LOG-3" },
    { "forwarding with a version", TEAL_KEY_LOG_FORWARDING, a_version, "REQ-LOG-4" },
    { "forwarding without change", TEAL_KEY_LOG_FORWARDING, no_change, "REQ-LOG-4" },
    { "peer key without peer", TEAL_KEY_LOG_PEER_KEY, no_peer, "REQ-LOG-5" },
    { "peer with a blank", TEAL_KEY_LOG_PEER_KEY, peer_with_blank, "REQ-LOG-5" },
    { "peer of 65 octets", TEAL_KEY_LOG_PEER_KEY, long_peer, "REQ-LOG-5" },
    { "peer key without change", TEAL_KEY_LOG_PEER_KEY, no_change, "REQ-LOG-4" },
    { "peer key with a handle", TEAL_KEY_LOG_PEER_KEY, with_handle, "REQ-WIRE-1" },
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_key_log_entry e = entry_of(rows[i].kind);
        teal_diag why = { 0 };
        rows[i].spoil(&e);
        const teal_bytes octets = encode(&e);
        print_message("%s\n", rows[i].name);
        assert_int_not_equal(decode(octets, &why), TEAL_OK);
        assert_non_null(why.rule);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
        assert_int_equal(why.rule[strlen(rows[i].rule)], ' ');
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static uint8_t long_one[TEAL_MAX_KEY_LOG_ENTRY_BYTES + 1];
    const uint8_t short_hash[] = { 8, 1, 26, 1, 7 };
    teal_diag why = { 0 };
    assert_int_equal(decode(TEAL_VIEW(long_one), &why), TEAL_LIMIT);
    assert_int_equal(decode(TEAL_VIEW(short_hash), &why), TEAL_MALFORMED);
    teal_key_log_entry e = entry_of(TEAL_KEY_LOG_MANIFEST);
    teal_bytes octets = encode(&e);
    for (size_t cap = 0; cap < octets.len; cap++) {
        teal_writer w = { again, cap, 0 };
        assert_int_equal(teal_key_log_entry_encode(&e, &w), TEAL_SPACE);
        assert_int_equal(w.len, octets.len);
    }
}

/* All there, but one octet of the first hash. */
static void test_short_hash(void **state)
{
    (void)state;
    const teal_key_log_entry e = entry_of(TEAL_KEY_LOG_MANIFEST);
    const teal_bytes octets = encode(&e);
    uint8_t *hash = memmem(encoded, octets.len, e.handle_hashes[0].at, TEAL_HASH_BYTES);
    teal_diag why = { 0 };
    assert_non_null(hash);
    hash[-1]--; /* its length */
    memmove(hash, hash + 1, octets.len - (size_t)(hash + 1 - encoded));
    assert_int_equal(decode((teal_bytes){ encoded, octets.len - 1 }, &why), TEAL_MALFORMED);
    assert_string_equal(why.rule, "REQ-WIRE-5 a handle hash is not 32 octets long");
}

/* 17 hashes, all different. */
static void test_too_many_handles(void **state)
{
    (void)state;
    uint8_t octets[17 * 34 + 2] = { 8, 1 };
    teal_diag why = { 0 };
    for (uint8_t i = 0; i < 17; i++) {
        uint8_t *at = octets + 2 + 34 * i;
        at[0] = 3 << 3 | 2;
        at[1] = TEAL_HASH_BYTES;
        at[2] = i;
    }
    assert_int_not_equal(decode(TEAL_VIEW(octets), &why), TEAL_OK);
}

/* ---- what it is for -------------------------------------------------------------------------- */

static void test_names_its_manifest(void **state)
{
    (void)state;
    teal_manifest m = manifest_of(1, 2);
    teal_key_log_entry e;
    teal_hash alice, phone, nobody;
    teal_key_log_of_manifest(&m, NOW_MS, &e);
    teal_key_log_handle(teal_text(ALICE), &alice);
    teal_key_log_handle(teal_text(PHONE), &phone);
    teal_key_log_handle(teal_text("im:bob@native.example"), &nobody);
    assert_true(teal_key_log_has_handle(&e, &alice));
    assert_true(teal_key_log_has_handle(&e, &phone));
    assert_false(teal_key_log_has_handle(&e, &nobody));
    assert_true(teal_key_log_is_of(&e, &m));
    e.time_ms++;
    assert_true(teal_key_log_is_of(&e, &m));
    teal_key_log_entry other = e;
    other.kind = TEAL_KEY_LOG_FORWARDING;
    assert_false(teal_key_log_is_of(&other, &m));
    other = e;
    other.version++;
    assert_false(teal_key_log_is_of(&other, &m));
    other = e;
    other.signed_hash.at[31] ^= 1;
    assert_false(teal_key_log_is_of(&other, &m));
    other = e;
    other.account_key[0] ^= 1;
    assert_false(teal_key_log_is_of(&other, &m));
    other = e;
    other.n_handle_hashes--;
    assert_false(teal_key_log_is_of(&other, &m));
    other = e;
    other.handle_hashes[1].at[5] ^= 1;
    assert_false(teal_key_log_is_of(&other, &m));
    m = manifest_of(2, 2); /* the same, under another account key */
    assert_false(teal_key_log_is_of(&e, &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),       cmocka_unit_test(test_rules),
        cmocka_unit_test(test_lengths),          cmocka_unit_test(test_short_hash),
        cmocka_unit_test(test_too_many_handles), cmocka_unit_test(test_names_its_manifest),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
