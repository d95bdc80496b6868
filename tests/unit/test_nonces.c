/* A nonce counts once: over restarts, with a journal that is cut short or damaged, after the
 * machine has been started again, and until its request is too old to be taken. */
#include "gateway/edge/nonces.h"

#include "gateway/request_signature.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

enum { NOW_S = 1700000000, GENERATION_S = NONCES_GENERATION_MS / 1000, FEW = 100 };

typedef struct rig {
    folder state;
    nonces_boot boot;
    nonces *n;
    int64_t now_s;
} rig;

static int set_up(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    *state = r;
    r->state = folder_make();
    r->boot = (nonces_boot){ { 1, 2, 3 }, (int64_t)(NOW_S - 1000) * 1000 };
    r->now_s = NOW_S;
    r->n = nonces_open(r->state.path, FEW, &r->boot, r->now_s * 1000, stderr);
    assert_non_null(r->n);
    return 0;
}

static int tear_down(void **state)
{
    rig *r = *state;
    nonces_close(&r->n);
    folder_remove(&r->state);
    free(r);
    return 0;
}

static void open_again(rig *r)
{
    nonces_close(&r->n);
    r->n = nonces_open(r->state.path, FEW, &r->boot, r->now_s * 1000, stderr);
    assert_non_null(r->n);
}

static nonces_result use_created(rig *r, const char *nonce, int64_t created_s)
{
    return nonces_use(r->n, NONCES_ALL, teal_text("key:a"), teal_text(nonce), created_s,
                      r->now_s * 1000);
}

static nonces_result use(rig *r, const char *nonce)
{
    return use_created(r, nonce, r->now_s);
}

static void test_once(void **state)
{
    rig *r = *state;
    assert_int_equal(use(r, "one"), NONCES_NEW);
    assert_int_equal(use(r, "one"), NONCES_SEEN);
    assert_int_equal(use(r, "two"), NONCES_NEW);
    assert_int_equal(use_created(r, "one", r->now_s + 1), NONCES_SEEN);
    assert_int_equal(nonces_use(r->n, NONCES_ALL, teal_text("key:b"), teal_text("one"), r->now_s,
                                r->now_s * 1000),
                     NONCES_NEW);
    /* lp: the border between keyid and nonce counts. */
    assert_int_equal(nonces_use(r->n, NONCES_ALL, teal_text("key:ao"), teal_text("ne"), r->now_s,
                                r->now_s * 1000),
                     NONCES_NEW);
}

static void test_restart(void **state)
{
    rig *r = *state;
    for (int i = 0; i < 3; i++) {
        char nonce[] = { (char)('a' + i), '\0' };
        assert_int_equal(use(r, nonce), NONCES_NEW);
        open_again(r);
        for (char c = 'a'; c <= 'a' + i; c++)
            assert_int_equal(use(r, (char[]){ c, '\0' }), NONCES_SEEN);
    }
}

/* From the first use to the last moment at which the request would be taken, with everything that
 * may happen between. */
static void test_generations(void **state)
{
    rig *r = *state;
    for (int64_t first = 0; first < GENERATION_S; first += 97) {
        open_again(r);
        int64_t begin_s = r->now_s;
        r->now_s += first;
        int64_t created_s = r->now_s + REQUEST_WINDOW_S;
        assert_int_equal(use_created(r, "early", created_s), NONCES_NEW);
        while (r->now_s <= created_s + REQUEST_WINDOW_S) {
            assert_int_equal(use_created(r, "early", created_s), NONCES_SEEN);
            if (r->now_s % 2 == 0)
                open_again(r);
            r->now_s += 61;
        }
        r->now_s = begin_s + 3 * GENERATION_S;
        assert_int_equal(use(r, "late"), NONCES_NEW); /* turns; and so does the next round */
        r->now_s += 3 * GENERATION_S;
        assert_int_equal(use(r, "later"), NONCES_NEW);
    }
}

/* Perhaps there was a journal, which the machine did not get to disk before it went down. */
static void test_no_journal(void **state)
{
    rig *r = *state;
    const int64_t begun_s = r->boot.begun_ms / 1000;
    assert_int_equal(use_created(r, "one", begun_s + 5), NONCES_OLD);
    assert_int_equal(use_created(r, "one", begun_s + 6), NONCES_NEW);
}

/* What is forgotten stays refused where the clock goes back. */
static void test_clock_set_back(void **state)
{
    rig *r = *state;
    int64_t created_s = r->now_s;
    assert_int_equal(use(r, "one"), NONCES_NEW);
    r->now_s += 100 * GENERATION_S;
    assert_int_equal(use(r, "two"), NONCES_NEW);
    r->now_s += 100 * GENERATION_S;
    assert_int_equal(use(r, "three"), NONCES_NEW);
    r->now_s = created_s;
    assert_int_equal(use(r, "one"), NONCES_OLD);
    open_again(r);
    assert_int_equal(use(r, "one"), NONCES_OLD);
    r->now_s += 1;
    assert_int_equal(use(r, "one"), NONCES_NEW); /* with another `created`: another request */
}

static void test_full(void **state)
{
    rig *r = *state;
    char nonce[16];
    for (int i = 0; i < FEW; i++) {
        snprintf(nonce, sizeof nonce, "%d", i);
        assert_int_equal(use(r, nonce), NONCES_NEW);
    }
    assert_int_equal(use(r, "more"), NONCES_FULL);
    assert_int_equal(use(r, "0"), NONCES_SEEN);
    open_again(r);
    assert_int_equal(use(r, "more"), NONCES_FULL);
    r->now_s += GENERATION_S;
    assert_int_equal(use(r, "more"), NONCES_NEW);
    assert_int_equal(use_created(r, "0", r->now_s), NONCES_SEEN); /* previous generation */
}

/* Whoever makes themselves keys leaves room for those that an operator has named. */
static void test_part(void **state)
{
    rig *r = *state;
    char nonce[16];
    for (int i = 0; i < FEW; i++) {
        snprintf(nonce, sizeof nonce, "%d", i);
        assert_int_equal(nonces_use(r->n, NONCES_PART, teal_text("device:a"), teal_text(nonce),
                                    r->now_s, r->now_s * 1000),
                         i < FEW / 4 * 3 ? NONCES_NEW : NONCES_FULL);
    }
    for (int i = FEW / 4 * 3; i < FEW; i++) {
        snprintf(nonce, sizeof nonce, "%d", i);
        assert_int_equal(use(r, nonce), NONCES_NEW);
    }
    assert_int_equal(use(r, "more"), NONCES_FULL);
}

/* A set that has grown many times. */
static void test_many(void **state)
{
    rig *r = *state;
    char nonce[16];
    nonces_close(&r->n);
    r->n = nonces_open(r->state.path, NONCES_MAX, &r->boot, r->now_s * 1000, stderr);
    assert_non_null(r->n);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 20000; i++) {
            snprintf(nonce, sizeof nonce, "%d", i);
            assert_int_equal(use(r, nonce), pass == 0 ? NONCES_NEW : NONCES_SEEN);
        }
}

static void test_other_boot(void **state)
{
    rig *r = *state;
    assert_int_equal(use(r, "one"), NONCES_NEW);
    r->now_s += 20;
    r->boot.id[0] ^= 1;
    r->boot.begun_ms = (r->now_s - 10) * 1000;
    open_again(r);
    assert_int_equal(use_created(r, "one", r->now_s - 20), NONCES_OLD);
    assert_int_equal(use_created(r, "new", r->now_s - 5), NONCES_OLD);
    assert_int_equal(use_created(r, "new", r->now_s - 4), NONCES_NEW);
    open_again(r); /* it says so again */
    assert_int_equal(use_created(r, "two", r->now_s - 5), NONCES_OLD);
    assert_int_equal(use_created(r, "new", r->now_s - 4), NONCES_SEEN);
    r->now_s += GENERATION_S;
    assert_int_equal(use(r, "three"), NONCES_NEW);
    open_again(r);
    assert_int_equal(use_created(r, "two", r->now_s - GENERATION_S - 10), NONCES_OLD);
}

/* Used before the machine started again, and still to be taken after: of both generations, with
 * nothing in the files but what had to be synced. */
static void test_ahead_of_a_boot(void **state)
{
    rig *r = *state;
    int64_t created_s = r->now_s + REQUEST_WINDOW_S;
    assert_int_equal(use_created(r, "ahead", created_s), NONCES_NEW);
    for (size_t i = 0; i < 3; i++) {
        r->now_s += 10;
        r->boot.id[0]++;
        r->boot.begun_ms = (r->now_s - 1) * 1000;
        open_again(r);
        assert_int_equal(use_created(r, "ahead", created_s), NONCES_SEEN);
        assert_int_equal(use_created(r, (char[]){ (char)('a' + i), '\0' }, created_s), NONCES_NEW);
        assert_int_equal(use(r, "now"), NONCES_OLD);
    }
    r->now_s = NOW_S + GENERATION_S - 1; /* as late as it is taken */
    r->boot.id[0]++;
    r->boot.begun_ms = (r->now_s - 310) * 1000;
    assert_int_equal(use(r, "last"), NONCES_NEW);
    open_again(r);
    assert_int_equal(use_created(r, "ahead", created_s), NONCES_SEEN);
    r->now_s += 2;
    assert_int_equal(use(r, "turns"), NONCES_NEW);
    r->boot.id[0]++;
    r->boot.begun_ms = (r->now_s - 310) * 1000;
    open_again(r);
    assert_int_equal(use_created(r, "a", created_s), NONCES_SEEN);
}

/* ---- journals that are not whole ------------------------------------------------------------- */

/* One at a time is enough for folder_file; these outlive it. */
typedef struct journals {
    char current[128], previous[128];
} journals;

static journals journals_of(const rig *r)
{
    journals j;
    snprintf(j.current, sizeof j.current, "%s", folder_file(&r->state, "nonces.current"));
    snprintf(j.previous, sizeof j.previous, "%s", folder_file(&r->state, "nonces.previous"));
    return j;
}

static size_t size_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (size_t)about.st_size : 0;
}

/* Cut at every octet: what is left in whole records counts; without a header nothing from before
 * does. */
static void test_cut(void **state)
{
    rig *r = *state;
    static const char *const names[] = { "a", "b", "c" };
    journals j = journals_of(r);
    const char *path = j.current;
    size_t header = size_of(path), record = 0, whole = 0;
    for (size_t cut = 0; cut == 0 || cut <= whole; cut++) {
        nonces_close(&r->n);
        unlink(path);
        open_again(r);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(use(r, names[i]), NONCES_NEW);
        whole = size_of(path);
        record = (whole - header) / 3;
        nonces_close(&r->n);
        assert_int_equal(truncate(path, (off_t)cut), 0);
        open_again(r);
        for (size_t i = 0; i < 3; i++) {
            bool kept = cut >= header + (i + 1) * record;
            nonces_result want = cut < header ? NONCES_OLD : kept ? NONCES_SEEN : NONCES_NEW;
            assert_int_equal(use(r, names[i]), want);
        }
        open_again(r); /* what came behind the cut is whole again */
        assert_int_equal(use(r, "a"), cut < header ? NONCES_OLD : NONCES_SEEN);
        assert_int_equal(use(r, "c"), cut < header ? NONCES_OLD : NONCES_SEEN);
    }
}

static void flip(const char *path, off_t at)
{
    uint8_t octet;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &octet, 1, at), 1);
    octet ^= 1;
    assert_int_equal(pwrite(fd, &octet, 1, at), 1);
    close(fd);
}

static void test_damaged_header(void **state)
{
    rig *r = *state;
    journals j = journals_of(r);
    const char *current = j.current, *previous = j.previous;
    size_t header = size_of(current);
    for (size_t at = 0; at < header; at++) {
        assert_int_equal(use(r, "one"), NONCES_NEW);
        nonces_close(&r->n);
        flip(current, (off_t)at);
        open_again(r);
        assert_int_equal(use(r, "one"), NONCES_OLD);
        r->now_s += 3 * GENERATION_S;
    }
    /* The older one: what is in the newer one stays known. */
    assert_int_equal(use(r, "one"), NONCES_NEW);
    r->now_s += GENERATION_S;
    assert_int_equal(use_created(r, "two", r->now_s + 5), NONCES_NEW);
    nonces_close(&r->n);
    flip(previous, 3);
    open_again(r);
    assert_int_equal(use(r, "one"), NONCES_OLD);
    assert_int_equal(use_created(r, "two", r->now_s + 5), NONCES_SEEN);
    open_again(r);
    assert_int_equal(use(r, "one"), NONCES_OLD);
    assert_int_equal(use_created(r, "two", r->now_s + 5), NONCES_SEEN);
}

/* Killed while generations turned: the newer journal is not there yet. */
static void test_killed_while_turning(void **state)
{
    rig *r = *state;
    journals j = journals_of(r);
    const char *current = j.current, *previous = j.previous;
    assert_int_equal(use(r, "one"), NONCES_NEW);
    nonces_close(&r->n);
    assert_int_equal(rename(current, previous), 0);
    open_again(r);
    assert_int_equal(use(r, "one"), NONCES_SEEN);
    assert_int_equal(use(r, "two"), NONCES_NEW);
    open_again(r);
    assert_int_equal(use(r, "one"), NONCES_SEEN);
    assert_int_equal(use(r, "two"), NONCES_SEEN);
}

static void test_no_folder(void **state)
{
    rig *r = *state;
    FILE *errors = tmpfile();
    assert_null(nonces_open("/nowhere/at/all", FEW, &r->boot, r->now_s * 1000, errors));
    assert_true(ftell(errors) > 0);
    fclose(errors);
}

static void test_this_boot(void **state)
{
    (void)state;
    nonces_boot first, second;
    assert_true(nonces_this_boot((int64_t)NOW_S * 1000, &first));
    assert_true(nonces_this_boot((int64_t)NOW_S * 1000, &second));
    assert_memory_equal(first.id, second.id, sizeof first.id);
    assert_true(first.begun_ms < (int64_t)NOW_S * 1000);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_once),
        WITH_RIG(test_restart),
        WITH_RIG(test_generations),
        WITH_RIG(test_clock_set_back),
        WITH_RIG(test_full),
        WITH_RIG(test_part),
        WITH_RIG(test_many),
        WITH_RIG(test_other_boot),
        WITH_RIG(test_ahead_of_a_boot),
        WITH_RIG(test_cut),
        WITH_RIG(test_damaged_header),
        WITH_RIG(test_killed_while_turning),
        WITH_RIG(test_no_folder),
        WITH_RIG(test_no_journal),
        WITH_RIG(test_this_boot),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
