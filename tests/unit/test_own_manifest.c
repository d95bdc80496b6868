/* The gateway's own manifest in its key log: each version once, in order, and no gateway that shows
 * one which the log does not have. REQ-LOG-24. */
#include "gateway/keys.h"
#include "gateway/ledger/key_log.h"
#include "gateway/ledger/own_manifest.h"

#include "tests/support/folder.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define GATEWAY "im:gateway@native.example"

enum { NOW_MS = 1000000, MOST = 8 };

static folder place;
static char url[160];
static config settings;
static store *s;
static uint8_t room[1 << 18];
static teal_arena arena;

static int set_up(void **state)
{
    (void)state;
    place = folder_make();
    arena = (teal_arena){ room, sizeof room, 0 };
    settings =
        (config){ .path = (char *)"teal.conf", .state = place.path, .handle = (char *)GATEWAY };
    snprintf(url, sizeof url, "%s", folder_file(&place, "db"));
    assert_true(keys_init(&settings, (teal_bytes){ 0 }, stderr));
    return store_sqlite.open(url, true, &s) != STORE_OK;
}

static int tear_down(void **state)
{
    (void)state;
    store_sqlite.close(&s);
    folder_remove(&place);
    return 0;
}

static void rotate(void)
{
    assert_true(keys_rotate_device(&settings, KEY_EDGE, (teal_bytes){ 0 }, stderr));
}

static void rename_file(const char *from, const char *to)
{
    char path[160];
    snprintf(path, sizeof path, "%s", folder_file(&place, from));
    assert_int_equal(rename(path, folder_file(&place, to)), 0);
}

/* That the log has these versions of the manifest and nothing else; each is what is kept of it. */
static void assert_logged(uint64_t first, uint64_t last)
{
    teal_bytes entries[MOST];
    store_version versions[MOST];
    size_t n, n_versions;
    arena.used = 0;
    assert_int_equal(store_sqlite.list_leaves(s, teal_text(KEY_LOG), 0, &arena, entries, MOST, &n),
                     STORE_OK);
    assert_int_equal(store_sqlite.list_own_versions(s, 1, &arena, versions, MOST, &n_versions),
                     STORE_OK);
    assert_int_equal(n, last - first + 1);
    assert_int_equal(n_versions, n);
    for (size_t i = 0; i < n; i++) {
        teal_key_log_entry e;
        teal_manifest m;
        assert_int_equal(teal_key_log_entry_decode(entries[i], &e, NULL), TEAL_OK);
        assert_int_equal(teal_manifest_decode(versions[i].encoded, &arena, &m, NULL), TEAL_OK);
        assert_true(teal_key_log_is_of(&e, &m));
        assert_true(teal_manifest_has_handle(&m, teal_text(GATEWAY)));
        assert_int_equal(m.version, first + i);
        assert_int_equal(versions[i].leaf, i);
    }
}

static void test_each_version_once(void **state)
{
    (void)state;
    for (uint64_t last = 1; last <= 3; last++) {
        for (int again = 0; again < 2; again++) {
            assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_OK);
            assert_logged(1, last);
        }
        rotate();
    }
}

/* Devices that were replaced before the gateway had a log. */
static void test_versions_from_before(void **state)
{
    (void)state;
    rotate();
    rotate();
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_OK);
    assert_logged(1, 3);
}

/* The log begins with what there is, and stays so. */
static void test_first_is_missing(void **state)
{
    (void)state;
    rotate();
    rename_file("gateway.manifest.1", "elsewhere");
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_OK);
    assert_logged(2, 2);
    rename_file("elsewhere", "gateway.manifest.1");
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_OK);
    assert_logged(2, 2);
}

static void test_one_between_is_missing(void **state)
{
    (void)state;
    rotate();
    rotate();
    rename_file("gateway.manifest.2", "elsewhere");
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_NONE);
    rename_file("elsewhere", "gateway.manifest.2");
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_OK);
    assert_logged(1, 3);
}

/* Keys that are not those of the store, with version 1 and then with version 2. */
static void test_other_keys(void **state)
{
    (void)state;
    static const char *const files[] = { "account.key", "edge.key", "plaintext.key",
                                         "gateway.manifest" };
    char kept[32];
    rotate();
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_OK);
    for (size_t i = 0; i < 4; i++) {
        snprintf(kept, sizeof kept, "kept-%zu", i);
        rename_file(files[i], kept);
    }
    assert_true(keys_init(&settings, (teal_bytes){ 0 }, stderr));
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_EXISTS);
    rotate();
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_EXISTS);
    assert_logged(1, 2);
}

static void test_older_manifest(void **state)
{
    (void)state;
    rotate();
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_OK);
    rename_file("gateway.manifest.1", "gateway.manifest");
    assert_int_equal(own_manifest_start(s, &settings, NOW_MS), STORE_EXISTS);
    assert_logged(1, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_version_once), TEST(test_versions_from_before),
        TEST(test_first_is_missing),  TEST(test_one_between_is_missing),
        TEST(test_other_keys),        TEST(test_older_manifest),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
