/* Networks' keys in the key log: those of the configuration from the start on, others as they
 * change, each change once. REQ-LOG-23. */
#include "gateway/directory/network_keys.h"
#include "gateway/directory/networks_change.h"
#include "gateway/ledger/key_log.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW_MS = 1000000, MAX_ENTRIES = 16 };

static uint8_t keys[3][TEAL_KEY_BYTES];
static folder where;
static config settings;
static uint8_t room[64 << 10];

static int set_up(void **state)
{
    static char rcs[] = "rcs", domain[] = "rcs.example", native[] = "native.example",
                url[] = "http://127.0.0.1:1";
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        uint8_t seed[32] = { (uint8_t)(i + 1) }, sk[64];
        crypto_sign_seed_keypair(keys[i], sk, seed);
    }
    settings = (config){
        .native_domains = { { native }, 1 },
        .peers = { { .name = rcs, .domains = { { domain }, 1 }, .url = url, .keys = { .n = 1 } } },
        .n_peers = 1
    };
    memcpy(settings.peers[0].keys.at[0], keys[0], TEAL_KEY_BYTES);
    where = folder_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&where);
    return 0;
}

static store *open_store(void)
{
    store *s;
    assert_int_equal(store_sqlite.open(folder_file(&where, "db"), true, &s), STORE_OK);
    return s;
}

/* As the edge does at its start. */
static networks *start(store *s)
{
    networks *n = networks_open(&settings);
    assert_int_equal(networks_load(n, s), STORE_OK);
    assert_int_equal(key_log_start(s, NOW_MS), STORE_OK);
    assert_int_equal(network_keys_start(n, s, NOW_MS), STORE_OK);
    return n;
}

/* want: "+0 -1": key 0 added, key 1 retired. */
static void expect_entries(store *s, const char *want)
{
    teal_arena arena = { room, sizeof room, 0 };
    teal_bytes all[MAX_ENTRIES];
    char got[4 * MAX_ENTRIES] = "";
    size_t n;
    assert_int_equal(s->ops->list_leaves(s, teal_text(KEY_LOG), 0, &arena, all, MAX_ENTRIES, &n),
                     STORE_OK);
    for (size_t i = 0; i < n; i++) {
        teal_key_log_entry e;
        assert_int_equal(teal_key_log_entry_decode(all[i], &e, NULL), TEAL_OK);
        assert_int_equal(e.kind, TEAL_KEY_LOG_PEER_KEY);
        int key = 0;
        while (memcmp(e.peer_key, keys[key], TEAL_KEY_BYTES) != 0)
            key++;
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%c%d", i > 0 ? " " : "",
                 e.change == TEAL_KEY_LOG_ADDED ? '+' : '-', key);
    }
    assert_string_equal(got, want);
}

static void test_keys_of_the_configuration(void **state)
{
    (void)state;
    store *s = open_store();
    for (int i = 0; i < 2; i++) {
        networks *n = start(s);
        expect_entries(s, "+0");
        networks_close(&n);
    }
    memcpy(settings.peers[0].keys.at[0], keys[1], TEAL_KEY_BYTES);
    networks *n = start(s);
    expect_entries(s, "+0 +1 -0");
    networks_close(&n);
    settings.n_peers = 0;
    n = start(s);
    expect_entries(s, "+0 +1 -0 -1");
    networks_close(&n);
    store_sqlite.close(&s);
}

static void test_keys_that_change(void **state)
{
    (void)state;
    store *s = open_store(), *reader;
    assert_int_equal(store_sqlite.open(folder_file(&where, "db"), false, &reader), STORE_OK);
    networks *n = start(s);
    writer *w = writer_start(s, 4);
    const networks_tools tools = { n, w, reader };
    networks_refusal why;
    network_key added = { .until_ms = INT64_MAX };
    memcpy(added.key, keys[1], sizeof added.key);
    const teal_bytes rcs = teal_text("rcs"), other = teal_text("other");
    assert_int_equal(networks_put_key(&tools, rcs, &added, NOW_MS, &why), NETWORKS_NEW);
    assert_int_equal(networks_put_key(&tools, rcs, &added, NOW_MS, &why), NETWORKS_CHANGED);
    assert_int_equal(networks_retire_key(&tools, rcs, keys[0], NOW_MS, NOW_MS, &why),
                     NETWORKS_CHANGED);
    expect_entries(reader, "+0 +1 -0");

    const store_peer peer = {
        other, teal_text("http://127.0.0.1:2"), teal_text("other.example"), teal_text(""), { 0 }
    };
    memcpy(added.key, keys[2], sizeof added.key);
    assert_int_equal(networks_put(&tools, &peer, &why), NETWORKS_NEW);
    assert_int_equal(networks_put_key(&tools, other, &added, NOW_MS, &why), NETWORKS_NEW);
    assert_int_equal(networks_remove(&tools, other, NOW_MS, &why), NETWORKS_CHANGED);
    expect_entries(reader, "+0 +1 -0 +2 -2");
    writer_stop(&w);
    networks_close(&n);
    store_sqlite.close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys_of_the_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_that_change, set_up, tear_down),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
