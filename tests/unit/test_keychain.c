/* The keychain: what is in it comes back, to nobody without the passphrase, and whole or not at
 * all. */
#include "gateway/client/keychain.h"

#include "gateway/sealed_file.h"
#include "tests/support/exact.h"
#include "tests/support/folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

enum { FRONT_BYTES = 53, CHANGES = 25 };

static folder home;

static int set_up(void **state)
{
    (void)state;
    home = folder_make();
    return sodium_init() < 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&home);
    return 0;
}

static keychain *make(void)
{
    keychain *k;
    assert_int_equal(keychain_make(home.path, teal_text("right"), &k), OUTCOME_OK);
    assert_int_equal(keychain_commit(k), OUTCOME_OK);
    return k;
}

static json_int_t count_of(const keychain *k)
{
    return json_integer_value(json_object_get(k->state, "count"));
}

static void set_count(keychain *k, json_int_t count)
{
    json_object_set_new(k->state, "count", json_integer(count));
}

static void what_is_committed_comes_back(void **state)
{
    (void)state;
    keychain *k = make(), *again;
    assert_int_equal(keychain_begin(k), OUTCOME_OK);
    k->secrets->n_last_resort = 2;
    randombytes_buf(k->secrets->last_resort, sizeof k->secrets->last_resort);
    k->secrets->n_one_time = KEYCHAIN_MAX_ONE_TIME;
    for (size_t i = 0; i < KEYCHAIN_MAX_ONE_TIME; i++) {
        k->secrets->one_time[i].id = (uint32_t)i + 7;
        randombytes_buf(k->secrets->one_time[i].sk, sizeof k->secrets->one_time[i].sk);
    }
    set_count(k, 3);
    assert_int_equal(keychain_commit(k), OUTCOME_OK);

    assert_int_equal(keychain_open(home.path, teal_text("right"), &again), OUTCOME_OK);
    assert_memory_equal(again->secrets, k->secrets, sizeof *k->secrets);
    assert_int_equal(count_of(again), 3);
    keychain_close(&again);
    keychain_close(&k);
    assert_null(k);
}

static void a_rollback_changes_nothing(void **state)
{
    (void)state;
    keychain *k = make(), *again;
    assert_int_equal(keychain_begin(k), OUTCOME_OK);
    set_count(k, 1);
    k->secrets->n_one_time = 1;
    keychain_rollback(k);
    assert_int_equal(count_of(k), 0);
    assert_int_equal(k->secrets->n_one_time, 0);
    assert_int_equal(keychain_open(home.path, teal_text("right"), &again), OUTCOME_OK);
    assert_int_equal(count_of(again), 0);
    keychain_close(&again);
    keychain_close(&k);
}

static void it_opens_only_with_its_passphrase(void **state)
{
    (void)state;
    static const char *const wrong[] = { "wrong", "right ", "righ", "Right", "" };
    keychain *k = make();
    keychain_close(&k);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(keychain_open(home.path, teal_text(wrong[i]), &k), OUTCOME_KEYCHAIN);
        assert_null(k);
    }
}

static void nobody_else_may_read_it(void **state)
{
    (void)state;
    struct stat about;
    keychain *k = make();
    keychain_close(&k);
    assert_int_equal(stat(folder_file(&home, "keychain"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(chmod(folder_file(&home, "keychain"), 0640), 0);
    assert_int_equal(keychain_open(home.path, teal_text("right"), &k), OUTCOME_KEYCHAIN);
}

static void a_missing_one_is_not_made_up(void **state)
{
    (void)state;
    keychain *k;
    assert_int_equal(keychain_open(home.path, teal_text("right"), &k), OUTCOME_KEYCHAIN);
    assert_int_equal(keychain_open("/nonexistent/home", teal_text("right"), &k), OUTCOME_KEYCHAIN);
}

static void an_old_one_is_not_overwritten(void **state)
{
    (void)state;
    keychain *k = make(), *other;
    assert_int_equal(keychain_make(home.path, teal_text("other"), &other), OUTCOME_KEYCHAIN);
    assert_int_equal(keychain_begin(k), OUTCOME_OK); /* still there, and not locked */
    keychain_rollback(k);
    keychain_close(&k);
}

static void what_was_not_committed_was_never_made(void **state)
{
    (void)state;
    keychain *k;
    assert_int_equal(keychain_make(home.path, teal_text("right"), &k), OUTCOME_OK);
    keychain_close(&k);
    assert_int_equal(access(folder_file(&home, "keychain"), F_OK), -1);
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* Under a key that is derived once: a derivation for each octet would take minutes. */
static void damage_is_found(void **state)
{
    (void)state;
    sealed_key *key;
    teal_bytes file;
    uint8_t *plain;
    size_t len;
    assert_int_equal(sealed_key_make(teal_text("right"), &key), SEALED_OK);
    sealed_seal(key, teal_text("all that a device remembers"), &file);
    assert_int_equal(sealed_open(file, key, &plain, &len), SEALED_OK);
    assert_int_equal(len, strlen("all that a device remembers"));
    assert_memory_equal(plain, "all that a device remembers", len);
    sodium_free(plain);

    for (size_t i = 0; i < file.len; i++) {
        uint8_t *flipped = exact_copy(file.at, file.len);
        flipped[i] ^= (uint8_t)(1u << (i % 8));
        sealed_result result = sealed_open((teal_bytes){ flipped, file.len }, key, &plain, &len);
        if (i >= FRONT_BYTES)
            assert_int_equal(result, SEALED_DAMAGED);
        assert_int_not_equal(result, SEALED_OK);
        assert_null(plain);
        free(flipped);
    }
    for (size_t i = 0; i < file.len; i++) {
        uint8_t *cut = exact_copy(file.at, i);
        assert_int_not_equal(sealed_open((teal_bytes){ cut, i }, key, &plain, &len), SEALED_OK);
        assert_null(plain);
        free(cut);
    }
    free((void *)file.at);
    sealed_key_close(&key);
}

/* A file that asks for a derivation of hours, or for all memory, is refused before it begins. */
static void hostile_parameters_are_refused(void **state)
{
    (void)state;
    sealed_key *key, *derived;
    teal_bytes file;
    assert_int_equal(sealed_key_make(teal_text("right"), &key), SEALED_OK);
    sealed_seal(key, teal_text("x"), &file);
    uint8_t *at = (uint8_t *)file.at;
    at[9] = 0xFF; /* passes */
    assert_int_equal(sealed_key_derive(file, teal_text("right"), &derived), SEALED_DAMAGED);
    at[9] = 0;
    at[13] = 0xFF; /* memory */
    assert_int_equal(sealed_key_derive(file, teal_text("right"), &derived), SEALED_DAMAGED);
    at[13] = 0;
    at[8] = 2; /* version */
    assert_int_equal(sealed_key_derive(file, teal_text("right"), &derived), SEALED_FOREIGN);
    assert_null(derived);
    free(at);
    sealed_key_close(&key);
}

static void two_files_of_one_passphrase_differ(void **state)
{
    (void)state;
    sealed_key *one, *other;
    teal_bytes file;
    uint8_t *plain;
    size_t len;
    assert_int_equal(sealed_key_make(teal_text("right"), &one), SEALED_OK);
    assert_int_equal(sealed_key_make(teal_text("right"), &other), SEALED_OK);
    sealed_seal(one, teal_text("x"), &file);
    assert_int_equal(sealed_open(file, other, &plain, &len), SEALED_PASSPHRASE);
    free((void *)file.at);
    sealed_key_close(&one);
    sealed_key_close(&other);
}

/* ---- replacing ------------------------------------------------------------------------------- */

static size_t count_files(void)
{
    size_t n = 0;
    DIR *d = opendir(home.path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* In a process of its own, which may not write a file of more than a few octets. */
static void commit_without_room(void)
{
    const struct rlimit little = { 16, 16 };
    keychain *k;
    signal(SIGXFSZ, SIG_IGN);
    if (keychain_open(home.path, teal_text("right"), &k) != OUTCOME_OK ||
        keychain_begin(k) != OUTCOME_OK || setrlimit(RLIMIT_FSIZE, &little) != 0)
        _exit(1);
    set_count(k, 99);
    _exit(keychain_commit(k) == OUTCOME_KEYCHAIN ? 0 : 2);
}

static void a_failed_write_leaves_the_old_one(void **state)
{
    (void)state;
    int status;
    keychain *k = make();
    assert_int_equal(keychain_begin(k), OUTCOME_OK);
    set_count(k, 5);
    assert_int_equal(keychain_commit(k), OUTCOME_OK);
    keychain_close(&k);

    pid_t child = fork();
    if (child == 0)
        commit_without_room();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(keychain_open(home.path, teal_text("right"), &k), OUTCOME_OK);
    assert_int_equal(count_of(k), 5);
    assert_int_equal(count_files(), 2); /* keychain, keychain.lock */
    keychain_close(&k);
}

static bool change_often(keychain *k)
{
    bool good = true;
    for (int i = 0; i < CHANGES && good; i++) {
        good = keychain_begin(k) == OUTCOME_OK;
        set_count(k, count_of(k) + 1);
        good = good && keychain_commit(k) == OUTCOME_OK;
    }
    return good;
}

static void two_at_once_lose_nothing(void **state)
{
    (void)state;
    int status;
    keychain *k = make();
    pid_t child = fork();
    if (child == 0)
        _exit(change_often(k) ? 0 : 1);
    assert_true(change_often(k));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(keychain_begin(k), OUTCOME_OK);
    assert_int_equal(count_of(k), 2 * CHANGES);
    keychain_rollback(k);
    keychain_close(&k);
}

static void another_passphrase(void **state)
{
    (void)state;
    keychain *k = make(), *other;
    assert_int_equal(keychain_open(home.path, teal_text("right"), &other), OUTCOME_OK);
    assert_int_equal(keychain_begin(k), OUTCOME_OK);
    set_count(k, 7);
    assert_int_equal(keychain_commit_under(k, teal_text("new")), OUTCOME_OK);
    assert_int_equal(keychain_begin(k), OUTCOME_OK); /* it goes on with the new one */
    assert_int_equal(keychain_commit(k), OUTCOME_OK);
    assert_int_equal(keychain_begin(other), OUTCOME_KEYCHAIN);
    keychain_close(&other);
    keychain_close(&k);
    assert_int_equal(keychain_open(home.path, teal_text("right"), &k), OUTCOME_KEYCHAIN);
    assert_null(k);
    assert_int_equal(keychain_open(home.path, teal_text("new"), &k), OUTCOME_OK);
    assert_int_equal(count_of(k), 7);
    keychain_close(&k);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_committed_comes_back),
        IN_FOLDER(a_rollback_changes_nothing),
        IN_FOLDER(it_opens_only_with_its_passphrase),
        IN_FOLDER(nobody_else_may_read_it),
        IN_FOLDER(a_missing_one_is_not_made_up),
        IN_FOLDER(an_old_one_is_not_overwritten),
        IN_FOLDER(what_was_not_committed_was_never_made),
        IN_FOLDER(another_passphrase),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(hostile_parameters_are_refused),
        cmocka_unit_test(two_files_of_one_passphrase_differ),
        IN_FOLDER(a_failed_write_leaves_the_old_one),
        IN_FOLDER(two_at_once_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
