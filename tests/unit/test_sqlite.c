/* What the SQLite back end promises beyond gateway/store/store.h: whose files it opens, what stays
 * in them, what a full disk does, and that its queue is read off indexes. */
#include "gateway/store/sqlite_store.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const store_ops *const ops = &store_sqlite;

typedef struct fixture {
    folder where;
    store *s;
} fixture;

static const char *db(const fixture *f)
{
    return folder_file(&f->where, "db");
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->where = folder_make();
    assert_int_equal(ops->open(db(f), true, &f->s), STORE_OK);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    ops->close(&f->s);
    folder_remove(&f->where);
    free(f);
    return 0;
}

static void execute(sqlite3 *handle, const char *sql)
{
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

static sqlite3 *handle_of(store *s)
{
    return ((sqlite_store *)s)->db;
}

static void execute_in_file(const char *path, const char *sql)
{
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    execute(raw, sql);
    sqlite3_close(raw);
}

static void test_files_are_private(void **state)
{
    fixture *f = *state;
    static const char *const files[] = { "db", "db-wal", "db-shm" };
    for (size_t i = 0; i < 3; i++) {
        struct stat status;
        assert_int_equal(stat(folder_file(&f->where, files[i]), &status), 0);
        assert_int_equal(status.st_mode & 077, 0);
    }
}

static void test_newer_schema_is_refused(void **state)
{
    fixture *f = *state;
    ops->close(&f->s);
    execute_in_file(db(f), "PRAGMA user_version = 1000");
    assert_int_equal(ops->open(db(f), false, &f->s), STORE_BROKEN);
    assert_null(f->s);
    execute_in_file(db(f), "SELECT count(*) FROM messages");
}

static void test_foreign_database_is_left_alone(void **state)
{
    fixture *f = *state;
    const char *path = folder_file(&f->where, "foreign");
    store *s;
    execute_in_file(path, "CREATE TABLE theirs(x); PRAGMA user_version = 1;");
    assert_int_equal(ops->open(path, true, &s), STORE_BROKEN);
    execute_in_file(path, "INSERT INTO theirs VALUES(1)");
    assert_int_not_equal(access(folder_file(&f->where, "foreign-wal"), F_OK), 0);
}

static void test_no_database_is_refused(void **state)
{
    fixture *f = *state;
    const char *path = folder_file(&f->where, "text");
    store *s;
    FILE *text = fopen(path, "w");
    assert_non_null(text);
    for (int i = 0; i < 100; i++)
        fputs("This is no database, whatever its name says.\n", text);
    fclose(text);
    assert_int_equal(ops->open(path, true, &s), STORE_BROKEN);
    assert_null(s);
}

/* What a crash in the first moment leaves behind: a file, and nothing in it. */
static void test_empty_file_is_as_missing(void **state)
{
    fixture *f = *state;
    const char *path = folder_file(&f->where, "empty");
    store *s;
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(ops->open(path, false, &s), STORE_NONE);
    assert_int_equal(ops->open(path, true, &s), STORE_OK);
    ops->close(&s);
}

static store_result put_message(store *s, const char *id, teal_bytes envelope, int64_t *seq)
{
    store_message m = { .message_id = teal_text(id),
                        .conversation_id = teal_text("talk"),
                        .sender = teal_text("im:a@n.example"),
                        .network = teal_text("native"),
                        .expires_ms = 1,
                        .kind = TEAL_KIND_MESSAGE,
                        .envelope = envelope };
    store_result result = ops->put_message(s, &m);
    *seq = m.seq;
    return result;
}

/* ---- what was dropped -------------------------------------------------------------------------
 */

static bool file_holds(const char *path, teal_bytes what)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    static uint8_t content[8 << 20];
    size_t n = fread(content, 1, sizeof content, file);
    assert_true(n < sizeof content);
    fclose(file);
    return memmem(content, n, what.at, what.len) != NULL;
}

static bool database_holds(const fixture *f, teal_bytes what)
{
    return file_holds(folder_file(&f->where, "db"), what) ||
           file_holds(folder_file(&f->where, "db-wal"), what);
}

/* Recognisable wherever a page ends: the same 24 bytes again and again. */
static teal_bytes secret(uint8_t *room, size_t len, int number)
{
    char mark[25];
    snprintf(mark, sizeof mark, "<secret of fallback %03d>", number);
    for (size_t i = 0; i < len; i++)
        room[i] = (uint8_t)mark[i % 24];
    return (teal_bytes){ room, len };
}

/* Sizes on both sides of what fits a page, so that overflow pages and rebalanced ones take part. */
static size_t secret_len(int number)
{
    return number % 3 == 0 ? 100 : number % 3 == 1 ? 3000 : TEAL_MAX_FALLBACK_BYTES;
}

static void drop_and_look(fixture *f, const int64_t *seqs, int first, int last)
{
    static uint8_t room[TEAL_MAX_FALLBACK_BYTES];
    assert_int_equal(ops->begin(f->s), STORE_OK);
    for (int i = first; i < last; i++)
        assert_int_equal(ops->drop_fallback(f->s, seqs[i]), STORE_OK);
    assert_int_equal(ops->commit(f->s), STORE_OK);
    assert_int_equal(ops->scrub(f->s), STORE_OK);
    for (int i = first; i < last; i++)
        assert_false(database_holds(f, secret(room, 24, i)));
}

static void test_dropped_fallbacks_leave_the_files(void **state)
{
    enum { FALLBACKS = 60 };
    fixture *f = *state;
    static uint8_t room[TEAL_MAX_FALLBACK_BYTES];
    int64_t seqs[FALLBACKS];
    for (int i = 0; i < FALLBACKS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(ops->begin(f->s), STORE_OK);
        assert_int_equal(put_message(f->s, id, teal_text("envelope"), &seqs[i]), STORE_OK);
        teal_bytes sealed = secret(room, secret_len(i), i);
        assert_int_equal(ops->put_fallback(f->s, seqs[i], teal_text("enc"), sealed), STORE_OK);
        assert_int_equal(ops->commit(f->s), STORE_OK);
    }
    for (int i = 0; i < FALLBACKS; i++)
        assert_true(database_holds(f, secret(room, 24, i)));
    drop_and_look(f, seqs, 20, 40);
    drop_and_look(f, seqs, 0, 20);
    for (int i = 40; i < FALLBACKS; i++)
        assert_true(database_holds(f, secret(room, 24, i)));
    drop_and_look(f, seqs, 40, FALLBACKS);
}

static void test_scrub_minds_readers(void **state)
{
    fixture *f = *state;
    sqlite3 *reader;
    int64_t seq;
    assert_int_equal(ops->begin(f->s), STORE_OK);
    assert_int_equal(put_message(f->s, "id", teal_text("envelope"), &seq), STORE_OK);
    assert_int_equal(ops->put_fallback(f->s, seq, teal_text("enc"), teal_text("sealed")), STORE_OK);
    assert_int_equal(ops->commit(f->s), STORE_OK);
    assert_int_equal(sqlite3_open(db(f), &reader), SQLITE_OK);
    execute(reader, "BEGIN; SELECT count(*) FROM messages;");
    assert_int_equal(ops->begin(f->s), STORE_OK);
    assert_int_equal(ops->drop_fallback(f->s, seq), STORE_OK);
    assert_int_equal(ops->commit(f->s), STORE_OK);
    assert_int_equal(ops->scrub(f->s), STORE_BUSY);
    execute(reader, "COMMIT");
    assert_int_equal(ops->scrub(f->s), STORE_OK);
    sqlite3_close(reader);
}

/* ---- a full disk ------------------------------------------------------------------------------
 */

static void limit_pages(store *s, int more)
{
    char sql[64];
    sqlite3_stmt *count;
    assert_int_equal(sqlite3_prepare_v2(handle_of(s), "PRAGMA page_count", -1, &count, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", sqlite3_column_int(count, 0) + more);
    sqlite3_finalize(count);
    execute(handle_of(s), sql);
}

static void test_full_disk(void **state)
{
    fixture *f = *state;
    static uint8_t large[64 << 10];
    teal_bytes envelope = { large, sizeof large };
    int64_t seq, first;
    teal_arena arena = { malloc(1 << 20), 1 << 20, 0 };
    store_message got;
    limit_pages(f->s, 4);
    assert_int_equal(ops->begin(f->s), STORE_OK);
    assert_int_equal(put_message(f->s, "small", teal_text("small"), &first), STORE_OK);
    assert_int_equal(put_message(f->s, "large", envelope, &seq), STORE_FULL);
    /* Nothing that comes after may end up committed by itself. */
    assert_int_equal(put_message(f->s, "after", teal_text("small"), &seq), STORE_FULL);
    assert_int_equal(ops->commit(f->s), STORE_FULL);
    assert_int_equal(ops->begin(f->s), STORE_OK);
    assert_int_equal(ops->get_message(f->s, first, &arena, &got), STORE_NONE);
    assert_int_equal(put_message(f->s, "small", teal_text("small"), &seq), STORE_OK);
    assert_int_equal(ops->commit(f->s), STORE_OK);

    assert_int_equal(ops->begin(f->s), STORE_OK);
    assert_int_equal(put_message(f->s, "large", envelope, &seq), STORE_FULL);
    limit_pages(f->s, 1000);
    assert_int_equal(ops->begin(f->s), STORE_OK);
    assert_int_equal(put_message(f->s, "large", envelope, &seq), STORE_OK);
    assert_int_equal(ops->commit(f->s), STORE_OK);
    free(arena.base);
}

/* ---- a long queue -----------------------------------------------------------------------------
 */

static int count_step(void *steps)
{
    ++*(int *)steps;
    return 0;
}

static void fill_lane(store *s, int64_t message_seq, const char *recipient, int waiting)
{
    for (int i = 0; i < waiting; i++) {
        store_delivery d = { .message_seq = message_seq,
                             .recipient = teal_text(recipient),
                             .path = PATH_RCS,
                             .network = teal_text("peer"),
                             .state = STATE_WAITING };
        assert_int_equal(ops->put_delivery(s, &d), STORE_OK);
    }
}

/* Two recipients' heads fail again and again, thousands wait behind them. Asking what is due, and
 * ending a head, must not read them: all of it takes a few thousand steps of SQLite's machine. */
static void test_long_lanes_cost_nothing(void **state)
{
    enum { WAITING = 3000, STEPS_A_CALL = 100, CALLS = 20 };
    fixture *f = *state;
    static uint8_t room[1 << 16];
    teal_arena arena = { room, sizeof room, 0 };
    store_delivery out[8];
    size_t n;
    int calls = 0;
    int64_t due_ms, seq;
    teal_bytes peer = teal_text("peer");
    assert_int_equal(ops->begin(f->s), STORE_OK);
    assert_int_equal(put_message(f->s, "id", teal_text("envelope"), &seq), STORE_OK);
    fill_lane(f->s, seq, "sip:bob@rcs.example", WAITING);
    fill_lane(f->s, seq, "sip:eve@rcs.example", WAITING);
    assert_int_equal(ops->commit(f->s), STORE_OK);

    sqlite3_progress_handler(handle_of(f->s), STEPS_A_CALL, count_step, &calls);
    for (int64_t i = 1; i <= 3; i++) {
        assert_int_equal(ops->list_due(f->s, PATH_RCS, peer, 1, &arena, out, 8, &n), STORE_OK);
        assert_int_equal(n, 2);
        assert_int_equal(out[0].id, 1);
        assert_int_equal(out[1].id, WAITING + i);
        assert_int_equal(ops->next_due(f->s, PATH_RCS, peer, &due_ms), STORE_OK);
        out[1].state = STATE_SENT;
        assert_int_equal(ops->begin(f->s), STORE_OK);
        assert_int_equal(ops->update_delivery(f->s, &out[1]), STORE_OK);
        assert_int_equal(ops->commit(f->s), STORE_OK);
    }
    assert_int_equal(ops->list_expired(f->s, 1, &arena, out, 8, &n), STORE_OK);
    assert_int_equal(n, 0);
    assert_int_equal(ops->list_expired(f->s, 2, &arena, out, 8, &n), STORE_OK);
    assert_int_equal(n, 8);
    assert_int_equal(ops->list_leaving(f->s, &arena, out, 8, &n), STORE_OK);
    assert_int_equal(n, 0);
    sqlite3_progress_handler(handle_of(f->s), 0, NULL, NULL);
    assert_in_range(calls, 0, CALLS);
}

#define ON_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FIXTURE(test_files_are_private),
        ON_FIXTURE(test_newer_schema_is_refused),
        ON_FIXTURE(test_foreign_database_is_left_alone),
        ON_FIXTURE(test_no_database_is_refused),
        ON_FIXTURE(test_empty_file_is_as_missing),
        ON_FIXTURE(test_dropped_fallbacks_leave_the_files),
        ON_FIXTURE(test_scrub_minds_readers),
        ON_FIXTURE(test_full_disk),
        ON_FIXTURE(test_long_lanes_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
