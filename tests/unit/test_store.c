/* What gateway/store/store.h promises, asked of every back end: transactions, accounts, and what is
 * remembered of other networks. */
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- accounts */

/* The store reads nothing of a manifest but account key, handles and device ids. */
typedef struct account {
    teal_manifest m;
    teal_bytes handles[4];
    teal_device devices[4];
} account;

/* handles, devices: each letter is one of them. */
static account *make_account(uint8_t key, const char *handles, const char *devices)
{
    static account made;
    static const char *const names[] = { "im:a@n.example", "im:b@n.example", "im:c@n.example",
                                         "tel:+14155550100" };
    made = (account){ 0 };
    memset(made.m.account_key, key, TEAL_KEY_BYTES);
    for (; handles[made.m.n_handles] != '\0'; made.m.n_handles++)
        made.handles[made.m.n_handles] = teal_text(names[handles[made.m.n_handles] - 'a']);
    for (; devices[made.m.n_devices] != '\0'; made.m.n_devices++)
        memset(made.devices[made.m.n_devices].id, devices[made.m.n_devices], TEAL_DEVICE_BYTES);
    made.m.handles = made.handles;
    made.m.devices = made.devices;
    return &made;
}

static store_result put_account(store_fixture *f, uint8_t key, const char *handles,
                                const char *devices, const char *encoded)
{
    begin(f);
    store_result result =
        ops->put_manifest(f->s, &make_account(key, handles, devices)->m, teal_text(encoded));
    commit(f);
    return result;
}

static void expect_manifest(store_fixture *f, const char *handle, const char *encoded)
{
    teal_bytes got;
    store_result result = ops->get_manifest(f->s, teal_text(handle), &f->arena, &got);
    assert_int_equal(result, encoded == NULL ? STORE_NONE : STORE_OK);
    if (encoded != NULL)
        assert_text(got, encoded);
}

static void test_manifests(void **state)
{
    store_fixture *f = *state;
    assert_int_equal(put_account(f, 1, "ab", "A", "first"), STORE_OK);
    expect_manifest(f, "im:a@n.example", "first");
    expect_manifest(f, "im:b@n.example", "first");
    expect_manifest(f, "im:c@n.example", NULL);

    assert_int_equal(put_account(f, 2, "cb", "B", "thief of a handle"), STORE_EXISTS);
    assert_int_equal(put_account(f, 2, "c", "BA", "thief of a device"), STORE_EXISTS);
    expect_manifest(f, "im:c@n.example", NULL);

    assert_int_equal(put_account(f, 1, "bc", "AB", "second"), STORE_OK);
    reopen(f);
    expect_manifest(f, "im:a@n.example", NULL);
    expect_manifest(f, "im:b@n.example", "second");
    expect_manifest(f, "im:c@n.example", "second");

    teal_bytes got;
    const teal_manifest *m = &make_account(1, "", "")->m;
    assert_int_equal(ops->get_account(f->s, m->account_key, &f->arena, &got), STORE_OK);
    assert_text(got, "second");
    assert_int_equal(ops->get_device(f->s, device('B'), &f->arena, &got), STORE_OK);
    assert_text(got, "second");
    assert_int_equal(ops->get_device(f->s, device('C'), &f->arena, &got), STORE_NONE);
    m = &make_account(9, "", "")->m;
    assert_int_equal(ops->get_account(f->s, m->account_key, &f->arena, &got), STORE_NONE);

    assert_int_equal(put_account(f, 2, "a", "C", "heir of what was given up"), STORE_OK);
    expect_manifest(f, "im:a@n.example", "heir of what was given up");
}

static void expect_claim(store_fixture *f, char letter, const char *want)
{
    teal_bytes got;
    begin(f);
    store_result result = ops->claim_prekey(f->s, device(letter), &f->arena, &got);
    commit(f);
    assert_int_equal(result, want == NULL ? STORE_NONE : STORE_OK);
    if (want != NULL)
        assert_text(got, want);
}

static void expect_put_prekey(store_fixture *f, char letter, uint32_t id, const char *encoded,
                              store_result want)
{
    begin(f);
    assert_int_equal(ops->put_prekey(f->s, device(letter), id, teal_text(encoded)), want);
    commit(f);
}

static void expect_count(store_fixture *f, char letter, size_t want)
{
    store_prekeys_left left = { 99, 99 };
    assert_int_equal(ops->count_prekeys(f->s, device(letter), &left), STORE_OK);
    assert_int_equal(left.one_time, want);
}

static void test_prekeys(void **state)
{
    store_fixture *f = *state;
    assert_int_equal(put_account(f, 1, "a", "AB", "m"), STORE_OK);
    expect_put_prekey(f, 'A', 3, "three", STORE_OK);
    expect_put_prekey(f, 'A', 7, "seven", STORE_OK);
    expect_put_prekey(f, 'A', UINT32_MAX, "last id", STORE_OK);
    expect_put_prekey(f, 'A', 0, "resort", STORE_OK);
    expect_put_prekey(f, 'A', 3, "another three", STORE_EXISTS);
    expect_put_prekey(f, 'A', 5, "one that was passed over", STORE_EXISTS);
    expect_put_prekey(f, 'A', 0, "new resort", STORE_OK);
    expect_put_prekey(f, 'Z', 1, "of nobody", STORE_NONE);
    expect_count(f, 'A', 3);
    expect_claim(f, 'A', "three");
    expect_claim(f, 'A', "seven");
    expect_put_prekey(f, 'A', 7, "seven", STORE_EXISTS); /* claimed: it never comes back */
    reopen(f);
    expect_claim(f, 'A', "last id");
    expect_count(f, 'A', 0);
    expect_claim(f, 'A', "new resort");
    expect_claim(f, 'A', "new resort");
    expect_claim(f, 'B', NULL);
    expect_count(f, 'B', 0);
}

/* What a device with another signing key is left with: nothing of the old one's. */
static void test_device_that_is_renewed(void **state)
{
    store_fixture *f = *state;
    store_item out[4];
    teal_bytes got;
    assert_int_equal(put_account(f, 1, "a", "AB", "m"), STORE_OK);
    for (const char *letter = "AB"; *letter != '\0'; letter++) {
        expect_put_prekey(f, *letter, 0, "resort", STORE_OK);
        expect_put_prekey(f, *letter, 8, "eight", STORE_OK);
        put_item(f, *letter, ITEM_RECEIPT, 0, 0, "receipt");
    }
    assert_int_equal(ops->get_last_resort(f->s, device('A'), &f->arena, &got), STORE_OK);
    assert_text(got, "resort");
    begin(f);
    assert_int_equal(ops->renew_device(f->s, device('A')), STORE_OK);
    commit(f);
    assert_int_equal(ops->get_last_resort(f->s, device('A'), &f->arena, &got), STORE_NONE);
    expect_claim(f, 'A', NULL);
    assert_int_equal(list_items(f, 'A', 0, out, 4), 0);
    expect_put_prekey(f, 'A', 1, "one", STORE_OK); /* it counts anew */
    expect_claim(f, 'A', "one");
    expect_claim(f, 'B', "eight");
    assert_int_equal(list_items(f, 'B', 0, out, 4), 1);
}

static void test_device_that_left(void **state)
{
    store_fixture *f = *state;
    store_item out[4];
    assert_int_equal(put_account(f, 1, "a", "AB", "first"), STORE_OK);
    for (const char *letter = "AB"; *letter != '\0'; letter++) {
        expect_put_prekey(f, *letter, 1, "one", STORE_OK);
        expect_put_prekey(f, *letter, 0, "resort", STORE_OK);
        put_item(f, *letter, ITEM_RECEIPT, 0, 0, "receipt");
    }
    assert_int_equal(put_account(f, 1, "a", "AC", "second"), STORE_OK);
    expect_claim(f, 'A', "one");
    expect_claim(f, 'B', NULL);
    assert_int_equal(list_items(f, 'A', 0, out, 4), 1);
    assert_int_equal(list_items(f, 'B', 0, out, 4), 0);
    put_item(f, 'B', ITEM_RECEIPT, 0, 0, "of a message that it had sent");
    assert_int_equal(put_account(f, 2, "b", "B", "its next owner"), STORE_OK);
    assert_int_equal(list_items(f, 'B', 0, out, 4), 0);
    put_item(f, 'B', ITEM_RECEIPT, 0, 0, "receipt");
    assert_int_equal(put_account(f, 2, "b", "BD", "second"), STORE_OK);
    assert_int_equal(list_items(f, 'B', 0, out, 4), 1);
}

/* ---- other networks */

static void put_remote(store_fixture *f, const char *capability, const char *manifest,
                       int64_t expires_ms)
{
    store_remote r = { teal_text("sip:bob@rcs.example"), teal_text("peer"), teal_text(capability),
                       teal_text(manifest), expires_ms };
    begin(f);
    assert_int_equal(ops->put_remote(f->s, &r, 0), STORE_OK);
    commit(f);
}

/* Asking for ever new handles must not fill the disk; manifests are needed for longer. */
static void test_old_remotes_go(void **state)
{
    enum { HANDLES = 40 };
    store_fixture *f = *state;
    store_remote got, r = { .network = teal_text("peer"), .capability = teal_text("none") };
    size_t kept = 0;
    put_remote(f, "sealed", "manifest", 1);
    begin(f);
    for (int i = 0; i < HANDLES; i++) {
        char handle[32];
        snprintf(handle, sizeof handle, "tel:+1415555%04d", i);
        r.handle = teal_text(handle);
        r.expires_ms = i + 1;
        assert_int_equal(ops->put_remote(f->s, &r, i), STORE_OK);
    }
    commit(f);
    for (int i = 0; i < HANDLES; i++) {
        char handle[32];
        snprintf(handle, sizeof handle, "tel:+1415555%04d", i);
        kept += ops->get_remote(f->s, teal_text(handle), 0, &f->arena, &got) == STORE_OK;
    }
    assert_in_range(kept, 1, 4);
    assert_int_equal(ops->get_remote(f->s, teal_text("sip:bob@rcs.example"), 0, &f->arena, &got),
                     STORE_OK);
}

static void test_remotes(void **state)
{
    store_fixture *f = *state;
    store_remote got;
    teal_bytes bob = teal_text("sip:bob@rcs.example");
    assert_int_equal(ops->get_remote(f->s, bob, 0, &f->arena, &got), STORE_NONE);
    put_remote(f, "sealed", "manifest", 1000);
    put_remote(f, "plain", "", 2000);
    reopen(f);
    assert_int_equal(ops->get_remote(f->s, bob, 1999, &f->arena, &got), STORE_OK);
    assert_bytes(got.handle, bob);
    assert_text(got.network, "peer");
    assert_text(got.capability, "plain");
    assert_text(got.manifest, "");
    assert_int_equal(got.expires_ms, 2000);
    assert_int_equal(ops->get_remote(f->s, bob, 2000, &f->arena, &got), STORE_NONE);
    begin(f);
    assert_int_equal(ops->drop_remote(f->s, bob), STORE_OK);
    assert_int_equal(ops->drop_remote(f->s, bob), STORE_OK);
    commit(f);
    assert_int_equal(ops->get_remote(f->s, bob, 0, &f->arena, &got), STORE_NONE);
}

static void test_pins(void **state)
{
    store_fixture *f = *state;
    uint8_t key[TEAL_KEY_BYTES] = { 1 }, other[TEAL_KEY_BYTES] = { 2 }, got[TEAL_KEY_BYTES];
    teal_bytes bob = teal_text("sip:bob@rcs.example");
    assert_int_equal(ops->get_pin(f->s, bob, got), STORE_NONE);
    begin(f);
    assert_int_equal(ops->pin_key(f->s, bob, key), STORE_OK);
    assert_int_equal(ops->pin_key(f->s, bob, key), STORE_OK);
    assert_int_equal(ops->pin_key(f->s, bob, other), STORE_EXISTS);
    assert_int_equal(ops->drop_remote(f->s, bob), STORE_OK);
    commit(f);
    reopen(f);
    assert_int_equal(ops->get_pin(f->s, bob, got), STORE_OK);
    assert_memory_equal(got, key, sizeof key);
}

/* ---- transactions */

static bool has_message(store_fixture *f, const char *id)
{
    store_message got;
    store_result result = ops->find_message(f->s, device('A'), teal_text("im:a@n.example"),
                                            teal_text(id), &f->arena, &got);
    assert_true(result == STORE_OK || result == STORE_NONE);
    return result == STORE_OK;
}

static void test_missing_is_not_made(void **state)
{
    store_fixture *f = *state;
    store *s = f->s;
    assert_int_equal(ops->open(folder_file(&f->where, "missing"), false, &s), STORE_NONE);
    assert_null(s);
    assert_int_not_equal(access(folder_file(&f->where, "missing"), F_OK), 0);
    assert_int_equal(ops->open(folder_file(&f->where, "no/such/folder"), true, &s), STORE_BROKEN);
    ops->close(&s);
}

static void test_names(void **state)
{
    (void)state;
    assert_ptr_equal(store_backend(ops->name), ops);
    assert_null(store_backend("no such back end"));
    assert_string_equal(store_path_name(PATH_SMS), "sms");
    assert_string_equal(store_state_name(STATE_LEAVING), "leaving");
    assert_string_equal(store_result_name(STORE_FULL), "full");
}

static void test_rollback(void **state)
{
    store_fixture *f = *state;
    begin(f);
    put_message(f, "kept", "talk");
    commit(f);
    begin(f);
    put_message(f, "taken back", "talk");
    ops->rollback(f->s);
    ops->rollback(f->s);
    begin(f);
    put_message(f, "closed upon", "talk");
    reopen(f);
    assert_true(has_message(f, "kept"));
    assert_false(has_message(f, "taken back"));
    assert_false(has_message(f, "closed upon"));
}

static void test_savepoints(void **state)
{
    store_fixture *f = *state;
    begin(f);
    assert_int_equal(ops->savepoint(f->s), STORE_OK);
    put_message(f, "first", "talk");
    assert_int_equal(ops->release(f->s), STORE_OK);
    assert_int_equal(ops->savepoint(f->s), STORE_OK);
    put_message(f, "second", "talk");
    assert_int_equal(ops->undo(f->s), STORE_OK);
    assert_int_equal(ops->savepoint(f->s), STORE_OK);
    put_message(f, "third", "talk");
    assert_int_equal(ops->release(f->s), STORE_OK);
    commit(f);
    reopen(f);
    assert_true(has_message(f, "first"));
    assert_false(has_message(f, "second"));
    assert_true(has_message(f, "third"));
}

static void test_two_handles(void **state)
{
    store_fixture *f = *state;
    store_fixture reader = *f;
    assert_int_equal(ops->open(folder_file(&f->where, "db"), false, &reader.s), STORE_OK);
    begin(f);
    put_message(f, "id", "talk");
    assert_false(has_message(&reader, "id"));
    assert_int_equal(ops->begin(reader.s), STORE_BUSY);
    commit(f);
    assert_true(has_message(&reader, "id"));
    begin(&reader);
    put_message(&reader, "from the other", "talk");
    commit(&reader);
    assert_true(has_message(f, "from the other"));
    ops->close(&reader.s);
}

static void test_small_arena(void **state)
{
    store_fixture *f = *state;
    uint8_t room[40];
    teal_arena small = { room, sizeof room, 0 };
    store_message got;
    store_item out[4];
    size_t n = 99;
    begin(f);
    int64_t seq = put_message(f, "id", "talk");
    commit(f);
    put_item(f, 'A', ITEM_RECEIPT, 0, 0, "fits");
    put_item(f, 'A', ITEM_RECEIPT, 0, 0, "does not fit beside the first one");
    assert_int_equal(ops->get_message(f->s, seq, &small, &got), STORE_SPACE);
    small.used = 0;
    assert_int_equal(ops->list_items(f->s, device('A'), 0, &small, out, 4, &n), STORE_SPACE);
    assert_int_equal(n, 1);
    assert_text(out[0].data, "fits");
}

/* The child says what it has done, then waits inside a transaction for its end. */
static void run_child(const char *path, int to_parent)
{
    store_fixture f = { 0 };
    bool ready = ops->open(path, false, &f.s) == STORE_OK && ops->begin(f.s) == STORE_OK;
    store_message kept = make_message('A', "kept", "talk"),
                  lost = make_message('A', "lost", "talk");
    ready = ready && ops->put_message(f.s, &kept) == STORE_OK && ops->commit(f.s) == STORE_OK;
    ready = ready && ops->begin(f.s) == STORE_OK && ops->put_message(f.s, &lost) == STORE_OK;
    if (write(to_parent, ready ? "1" : "0", 1) == 1)
        pause();
    _exit(1);
}

static void test_killed_in_a_transaction(void **state)
{
    store_fixture *f = *state;
    char said = '0';
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    ops->close(&f->s); /* no open handle crosses the fork */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(folder_file(&f->where, "db"), ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &said, 1), 1);
    close(ends[0]);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(said, '1');
    assert_int_equal(ops->open(folder_file(&f->where, "db"), false, &f->s), STORE_OK);
    assert_true(has_message(f, "kept"));
    assert_false(has_message(f, "lost"));
}

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(test_manifests),
        ON_STORE(test_prekeys),
        ON_STORE(test_device_that_is_renewed),
        ON_STORE(test_device_that_left),
        ON_STORE(test_remotes),
        ON_STORE(test_old_remotes_go),
        ON_STORE(test_pins),
        ON_STORE(test_missing_is_not_made),
        ON_STORE(test_names),
        ON_STORE(test_rollback),
        ON_STORE(test_savepoints),
        ON_STORE(test_two_handles),
        ON_STORE(test_small_arena),
        ON_STORE(test_killed_in_a_transaction),
    };
    return cmocka_run_group_tests_name(ops->name, tests, NULL, NULL);
}

int main(void)
{
    return store_for_each_backend(run_group);
}
