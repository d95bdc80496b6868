/* Whether the writer batches, keeps failures apart, and tells nobody too early: over a back end
 * that only takes notes, then over SQLite from several threads. */
#include "gateway/store/writer.h"
#include "tests/support/folder.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the back end that takes notes ------------------------------------------------------------
 */

/* B begin, ( savepoint, ) release, ! undo, C commit, R rollback, X close; d: a job's done. The
 * first transaction, the gate's, is always well; the settings are for what follows it. */
typedef struct notes {
    store base;
    char log[256];
    size_t len;
    int begins, commits, scrubs;
    int busy_begins; /* this many answer STORE_BUSY */
    store_result commit_result;
    bool broken;
} notes;

static void note(store *s, char what)
{
    notes *n = (notes *)s;
    assert_true(n->len + 1 < sizeof n->log);
    n->log[n->len++] = what;
}

static store_result note_begin(store *s)
{
    notes *n = (notes *)s;
    note(s, 'B');
    if (n->begins++ > 0 && n->busy_begins > 0) {
        n->busy_begins--;
        return STORE_BUSY;
    }
    return n->broken ? STORE_BROKEN : STORE_OK;
}

static store_result note_commit(store *s)
{
    notes *n = (notes *)s;
    note(s, 'C');
    return n->commits++ == 0 ? STORE_OK : n->commit_result;
}

static void note_rollback(store *s)
{
    note(s, 'R');
}

static store_result note_savepoint(store *s)
{
    note(s, '(');
    return STORE_OK;
}

static store_result note_release(store *s)
{
    note(s, ')');
    return STORE_OK;
}

static store_result note_undo(store *s)
{
    note(s, '!');
    return STORE_OK;
}

static store_result note_scrub(store *s)
{
    ((notes *)s)->scrubs++;
    return STORE_OK;
}

static void note_close(store **s)
{
    note(*s, 'X');
    *s = NULL;
}

static const store_ops note_ops = {
    .name = "notes",
    .begin = note_begin,
    .commit = note_commit,
    .rollback = note_rollback,
    .savepoint = note_savepoint,
    .release = note_release,
    .undo = note_undo,
    .scrub = note_scrub,
    .close = note_close,
};

/* ---- jobs -------------------------------------------------------------------------------------
 */

typedef struct job {
    writer_job queued;
    store *s;
    store_result answer; /* of run */
    store_result result; /* as done was told */
    int n_done;
} job;

static store_result run_job(store *s, void *arg)
{
    job *j = arg;
    ((notes *)s)->broken = j->answer == STORE_BROKEN;
    return j->answer;
}

static void note_done(void *arg, store_result result)
{
    job *j = arg;
    j->result = result;
    j->n_done++;
    note(j->s, 'd');
}

/* The first job of a test: while it is inside run, the test lines up the next batch. */
typedef struct gate {
    job j;
    sem_t entered, leave;
} gate;

static store_result run_gate(store *s, void *arg)
{
    (void)s;
    gate *g = arg;
    sem_post(&g->entered);
    sem_wait(&g->leave);
    return STORE_OK;
}

static writer *start_gated(notes *n, gate *g, size_t max_waiting)
{
    n->base.ops = &note_ops;
    *g = (gate){ .j = { .queued = { run_gate, note_done, g, NULL }, .s = &n->base } };
    sem_init(&g->entered, 0, 0);
    sem_init(&g->leave, 0, 0);
    writer *w = writer_start(&n->base, max_waiting);
    assert_non_null(w);
    assert_true(writer_submit(w, &g->j.queued));
    sem_wait(&g->entered);
    return w;
}

static void stop_gated(writer **w, gate *g)
{
    sem_post(&g->leave);
    writer_stop(w);
    assert_null(*w);
    assert_int_equal(g->j.n_done, 1);
    sem_destroy(&g->entered);
    sem_destroy(&g->leave);
}

enum { MAX_JOBS = 4 };

static const struct {
    const char *name;
    size_t n_jobs;
    store_result answers[MAX_JOBS];
    int busy_begins;
    store_result commit_result;
    store_result results[MAX_JOBS];
    const char *log;
} rows[] = {
    { "one commit for all", 3, { 0 }, 0, STORE_OK, { 0 }, "B()CdB()()()CdddX" },
    { "exists and none are kept",
      2,
      { STORE_EXISTS, STORE_NONE },
      0,
      STORE_OK,
      { STORE_EXISTS, STORE_NONE },
      "B()CdB()()CddX" },
    { "a job that fails is undone alone",
      3,
      { STORE_OK, STORE_SPACE, STORE_OK },
      0,
      STORE_OK,
      { STORE_OK, STORE_SPACE, STORE_OK },
      "B()CdB()(!()CdddX" },
    { "busy is a job's own",
      2,
      { STORE_BUSY, STORE_OK },
      0,
      STORE_OK,
      { STORE_BUSY, STORE_OK },
      "B()CdB(!()CddX" },
    { "full is everybody's",
      3,
      { STORE_OK, STORE_FULL, STORE_OK },
      0,
      STORE_OK,
      { STORE_FULL, STORE_FULL, STORE_FULL },
      "B()CdB()(RdddX" },
    { "broken too",
      2,
      { STORE_EXISTS, STORE_BROKEN },
      0,
      STORE_OK,
      { STORE_BROKEN, STORE_BROKEN },
      "B()CdB()(RddX" },
    { "a failed commit overrules",
      2,
      { STORE_EXISTS, STORE_OK },
      0,
      STORE_FULL,
      { STORE_FULL, STORE_FULL },
      "B()CdB()()CddX" },
    { "begin is tried again", 1, { STORE_OK }, 2, STORE_OK, { STORE_OK }, "B()CdBBB()CdX" },
    { "but not for ever",
      2,
      { STORE_OK, STORE_OK },
      99,
      STORE_OK,
      { STORE_BUSY, STORE_BUSY },
      "B()CdBBBBBBBBRddX" },
};

static void check_row(size_t i)
{
    notes n = { .busy_begins = rows[i].busy_begins, .commit_result = rows[i].commit_result };
    job jobs[MAX_JOBS] = { 0 };
    gate g;
    writer *w = start_gated(&n, &g, MAX_JOBS);
    for (size_t k = 0; k < rows[i].n_jobs; k++) {
        jobs[k] = (job){ .queued = { run_job, note_done, &jobs[k], NULL },
                         .s = &n.base,
                         .answer = rows[i].answers[k] };
        assert_true(writer_submit(w, &jobs[k].queued));
    }
    stop_gated(&w, &g);
    for (size_t k = 0; k < rows[i].n_jobs; k++) {
        assert_int_equal(jobs[k].n_done, 1);
        assert_int_equal(jobs[k].result, rows[i].results[k]);
    }
    assert_string_equal(n.log, rows[i].log);
    assert_true(n.scrubs > 0);
}

static void test_batches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("           %s\n", rows[i].name);
        check_row(i);
    }
}

static void test_broken_stays_broken(void **state)
{
    (void)state;
    notes n = { .base = { &note_ops } };
    job ends = { .s = &n.base, .answer = STORE_BROKEN }, later = { .s = &n.base };
    writer *w = writer_start(&n.base, 1);
    assert_int_equal(writer_do(w, run_job, &ends), STORE_BROKEN);
    assert_int_equal(writer_do(w, run_job, &later), STORE_BROKEN);
    writer_stop(&w);
    assert_string_equal(n.log, "B(RBRX");
}

static void test_full_queue_refuses(void **state)
{
    (void)state;
    notes n = { 0 };
    gate g;
    writer *w = start_gated(&n, &g, 2);
    job jobs[3] = { 0 };
    for (size_t k = 0; k < 3; k++) {
        jobs[k] = (job){ .queued = { run_job, note_done, &jobs[k], NULL }, .s = &n.base };
        assert_int_equal(writer_submit(w, &jobs[k].queued), k < 2);
    }
    assert_int_equal(writer_do(w, run_job, &jobs[2]), STORE_BUSY);
    stop_gated(&w, &g);
    assert_int_equal(jobs[2].n_done, 0);
    assert_string_equal(n.log, "B()CdB()()CddX");
}

static void test_stop_of_nothing(void **state)
{
    (void)state;
    writer *w = NULL;
    writer_stop(&w);
    notes n = { .base = { &note_ops } };
    w = writer_start(&n.base, 1);
    writer_stop(&w);
    assert_string_equal(n.log, "X");
}

/* ---- over SQLite, from several threads --------------------------------------------------------
 */

enum { THREADS = 4, PUTS = 50 };

typedef struct maker {
    writer *w;
    int number, at;
    bool fails;
    int64_t seqs[PUTS];
} maker;

/* Every fifth job fails after it has written. */
static store_result put_message(store *s, void *arg)
{
    maker *m = arg;
    char id[32];
    snprintf(id, sizeof id, "message %d of %d", m->at, m->number);
    store_message message = { .message_id = teal_text(id), .kind = TEAL_KIND_MESSAGE };
    store_result result = s->ops->put_message(s, &message);
    m->seqs[m->at] = message.seq;
    return m->at % 5 == 4 ? STORE_SPACE : result;
}

static void *make_messages(void *arg)
{
    maker *m = arg;
    for (m->at = 0; m->at < PUTS; m->at++) {
        store_result want = m->at % 5 == 4 ? STORE_SPACE : STORE_OK;
        m->fails |= writer_do(m->w, put_message, m) != want;
    }
    return NULL;
}

static void check_messages(store *s, const maker *m)
{
    static uint8_t room[4096];
    for (int at = 0; at < PUTS; at++) {
        char id[32];
        store_message got;
        teal_arena arena = { room, sizeof room, 0 };
        snprintf(id, sizeof id, "message %d of %d", at, m->number);
        const uint8_t device[TEAL_DEVICE_BYTES] = { 0 };
        store_result result =
            s->ops->find_message(s, device, (teal_bytes){ 0 }, teal_text(id), &arena, &got);
        assert_int_equal(result, at % 5 == 4 ? STORE_NONE : STORE_OK);
        if (result == STORE_OK)
            assert_int_equal(got.seq, m->seqs[at]);
    }
}

static void test_threads(void **state)
{
    (void)state;
    folder where = folder_make();
    store *s;
    assert_int_equal(store_sqlite.open(folder_file(&where, "db"), true, &s), STORE_OK);
    writer *w = writer_start(s, THREADS);
    assert_non_null(w);
    static maker makers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        makers[i] = (maker){ .w = w, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, make_messages, &makers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    writer_stop(&w);
    assert_int_equal(store_sqlite.open(folder_file(&where, "db"), false, &s), STORE_OK);
    for (int i = 0; i < THREADS; i++) {
        assert_false(makers[i].fails);
        check_messages(s, &makers[i]);
    }
    store_sqlite.close(&s);
    folder_remove(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_broken_stays_broken),
        cmocka_unit_test(test_full_queue_refuses),
        cmocka_unit_test(test_stop_of_nothing),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
