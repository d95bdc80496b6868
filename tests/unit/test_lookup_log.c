/* The log of look-ups: what is noted is kept for as long as it is to be, and nothing is answered
 * that it has no room for. REQ-LKP-10, -11. */
#include "gateway/clock.h"
#include "gateway/directory/lookup_log.h"
#include "gateway/log.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ALICE "im:alice@n.example"
#define BOB   "sip:bob@rcs.example"
#define DAYS  INT64_C(24) * 60 * 60 * 1000

static folder where;
static store *reader;
static writer *written;

static void start_writer(size_t max_waiting)
{
    store *s;
    assert_int_equal(store_sqlite.open(folder_file(&where, "db"), true, &s), STORE_OK);
    written = writer_start(s, max_waiting);
    assert_non_null(written);
}

static int set_up(void **state)
{
    (void)state;
    where = folder_make();
    start_writer(16);
    return store_sqlite.open(folder_file(&where, "db"), false, &reader) != STORE_OK;
}

static int tear_down(void **state)
{
    (void)state;
    writer_stop(&written);
    store_sqlite.close(&reader);
    folder_remove(&where);
    return 0;
}

/* Of a handle, as "CALLER HANDLE;" one after the other. */
static char kept[256];

static void note_row(void *arg, const store_value *values, size_t n)
{
    (void)arg;
    assert_int_equal(n, 4);
    size_t len = strlen(kept);
    snprintf(kept + len, sizeof kept - len, "%.*s %.*s;", (int)values[1].bytes.len,
             (const char *)values[1].bytes.at, (int)values[2].bytes.len,
             (const char *)values[2].bytes.at);
}

static void expect_kept(const char *handle, const char *want)
{
    store_table t;
    size_t n, table = 0;
    while (store_sqlite.describe(table, &t) && strcmp(t.name, "lookups") != 0)
        table++;
    kept[0] = '\0';
    assert_int_equal(
        store_sqlite.disclose(reader, table, teal_text(handle), 0, 10, note_row, NULL, &n),
        STORE_OK);
    assert_string_equal(kept, want);
}

static bool note(lookup_log *l, const char *caller, const char *handle, int64_t at_ms)
{
    return lookup_log_note(l, teal_text(caller), teal_text(handle), at_ms);
}

static void test_what_is_noted_is_kept(void **state)
{
    (void)state;
    lookup_log *l = lookup_log_open(written, 30);
    int64_t now_ms = clock_unix_ms();
    assert_true(note(l, ALICE, BOB, now_ms));
    assert_true(note(l, "peer rcs", ALICE, now_ms));
    assert_true(note(l, "", ALICE, now_ms));
    lookup_log_close(&l);
    assert_null(l);
    expect_kept(ALICE, ALICE " " BOB ";peer rcs " ALICE "; " ALICE ";");
    expect_kept(BOB, ALICE " " BOB ";");
    expect_kept("im:carol@n.example", "");
}

static void test_what_is_old_goes(void **state)
{
    (void)state;
    lookup_log *l = lookup_log_open(written, 30);
    int64_t now_ms = clock_unix_ms();
    for (int i = 0; i < 1200; i++) /* more than one job drops */
        assert_true(note(l, "old", BOB, now_ms - 31 * DAYS - i));
    assert_true(note(l, "young", BOB, now_ms - 29 * DAYS));
    lookup_log_close(&l);
    expect_kept(BOB, "young " BOB ";");
    l = lookup_log_open(written, 28); /* the next configuration */
    lookup_log_close(&l);
    expect_kept(BOB, "");
}

static void test_none_is_kept(void **state)
{
    (void)state;
    int64_t now_ms = clock_unix_ms();
    lookup_log *l = lookup_log_open(written, 30);
    assert_true(note(l, ALICE, BOB, now_ms));
    lookup_log_close(&l);
    l = lookup_log_open(written, 0);
    assert_true(note(l, ALICE, BOB, now_ms));
    lookup_log_close(&l);
    expect_kept(BOB, "");
}

/* A writer that takes nothing. */
static void test_no_room(void **state)
{
    (void)state;
    writer_stop(&written);
    start_writer(0);
    lookup_log *l = lookup_log_open(written, 30);
    for (int i = 0; i < LOOKUP_LOG_MAX_WAITING; i++)
        assert_true(note(l, ALICE, BOB, 1));
    assert_false(note(l, ALICE, BOB, 1));
    lookup_log_close(&l);
    expect_kept(BOB, "");
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    log_setup(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_what_is_noted_is_kept),
        LOG_TEST(test_what_is_old_goes),
        LOG_TEST(test_none_is_kept),
        LOG_TEST(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
