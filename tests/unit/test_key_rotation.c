/* The gateway's keys under a passphrase, and over time: who opens what, what is kept for how long,
 * and that no moment to die in leaves a gateway without keys. PROTOCOL.md REQ-KEY-*. */
#include "gateway/keys.h"

#include "tests/support/folder.h"

#include "codecs/native/seal.h"

#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOW_MS = 1000000, OVERLAP_MS = 5000, KILLS = 40, MAX_RUN_US = 4000 };

static folder place;
static config settings;
static char *said;
static size_t said_len;
static FILE *errors;

static void make(bool sealed)
{
    place = folder_make();
    settings = (config){ .path = (char *)"teal.conf",
                         .state = place.path,
                         .handle = (char *)"im:gateway@native.example",
                         .keys_sealed = sealed,
                         .downgrade_overlap_ms = OVERLAP_MS };
    errors = open_memstream(&said, &said_len);
    assert_true(keys_init(&settings, teal_text("right"), errors));
}

static int make_open(void **state)
{
    (void)state;
    make(false);
    return 0;
}

static int make_sealed(void **state)
{
    (void)state;
    make(true);
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    fclose(errors);
    free(said);
    folder_remove(&place);
    return 0;
}

static void assert_said(const char *what)
{
    fflush(errors);
    if (strstr(said, what) == NULL)
        fail_msg("%s is not in %s", what, said);
    rewind(errors);
}

static sealed_key *unlock(key_owner owner, const char *passphrase)
{
    sealed_key *key;
    return key_file_unlock(&settings, owner, teal_text(passphrase), &key, errors) ? key : NULL;
}

static keys_room *load_room(const char *passphrase)
{
    sealed_key *key = NULL;
    keys_room *k = NULL;
    if (key_file_unlock(&settings, KEY_ROOM, teal_text(passphrase), &key, errors))
        k = keys_load_room(&settings, key, errors);
    sealed_key_close(&key);
    return k;
}

static void load_manifest(uint64_t version, teal_manifest *m)
{
    static uint8_t buf[TEAL_MAX_MANIFEST_BYTES], scratch[64 << 10];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    size_t len;
    assert_true(version == 0 ? keys_load_manifest(&settings, buf, &len, errors)
                             : keys_load_manifest_version(&settings, version, buf, &len));
    assert_int_equal(teal_manifest_decode((teal_bytes){ buf, len }, &arena, m, NULL), TEAL_OK);
}

/* ---- sealed ---------------------------------------------------------------------------------- */

static bool file_holds(const char *name, const uint8_t *secret, size_t len)
{
    uint8_t buf[2048];
    FILE *file = fopen(folder_file(&place, name), "re");
    assert_non_null(file);
    size_t n = fread(buf, 1, sizeof buf, file);
    fclose(file);
    return memmem(buf, n, secret, len) != NULL;
}

static void nothing_opens_without_the_passphrase(void **state)
{
    (void)state;
    assert_null(unlock(KEY_ROOM, "wrong"));
    assert_said("plaintext.key: this is not its passphrase");
    assert_null(keys_load_room(&settings, NULL, errors));
    assert_said("plaintext.key: is sealed under a passphrase. Set protection");
    keys_room *k = load_room("right");
    assert_non_null(k);
    assert_false(file_holds("plaintext.key", k->device.sk, 32));
    assert_false(file_holds("plaintext.key", k->downgrades[0].sk, 32));
    keys_free_room(&k);
}

/* What the edge is handed must not open the room's file, which it could read (I8). */
static void each_key_opens_its_own_file_alone(void **state)
{
    (void)state;
    sealed_key *edge = unlock(KEY_EDGE, "right"), *room = unlock(KEY_ROOM, "right");
    keys_device *k = keys_load_edge(&settings, edge, errors);
    assert_non_null(k);
    keys_free_edge(&k);
    assert_null(keys_load_room(&settings, edge, errors));
    assert_said("plaintext.key: this is not its passphrase");
    assert_null(keys_load_edge(&settings, room, errors));
    sealed_key_close(&edge);
    sealed_key_close(&room);
}

static void a_key_travels_as_octets(void **state)
{
    (void)state;
    uint8_t octets[SEALED_KEY_BYTES];
    sealed_key *key = unlock(KEY_EDGE, "right");
    sealed_key_export(key, octets);
    sealed_key *other = sealed_key_import(octets);
    keys_device *k = keys_load_edge(&settings, other, errors);
    assert_non_null(k);
    keys_free_edge(&k);
    sealed_key_close(&key);
    sealed_key_close(&other);
}

static void what_is_not_sealed_is_refused(void **state)
{
    (void)state;
    settings.keys_sealed = true;
    assert_null(unlock(KEY_EDGE, "right"));
    assert_said("edge.key: is not sealed, and [keys] says that it is");
}

static void the_passphrase_changes(void **state)
{
    (void)state;
    const teal_bytes right = teal_text("right"), next = teal_text("next"), none = { 0 };
    assert_false(keys_change_passphrase(&settings, teal_text("wrong"), next, errors));
    assert_said("account.key: this is not its passphrase");
    assert_true(keys_change_passphrase(&settings, right, next, errors));
    assert_null(load_room("right"));
    keys_room *k = load_room("next");
    assert_non_null(k);
    keys_free_room(&k);

    settings.keys_sealed = false; /* as [keys] asks then */
    assert_true(keys_change_passphrase(&settings, next, none, errors));
    k = load_room("");
    assert_non_null(k);
    assert_true(file_holds("plaintext.key", k->device.sk, 32));
    keys_free_room(&k);

    settings.keys_sealed = true;
    unlink(folder_file(&place, "account.key")); /* it is kept elsewhere, as it should be */
    assert_true(keys_change_passphrase(&settings, none, right, errors));
    k = load_room("right");
    assert_non_null(k);
    keys_free_room(&k);
}

/* ---- downgrade keys -------------------------------------------------------------------------- */

static void a_downgrade_key_goes_on_for_the_overlap(void **state)
{
    (void)state;
    sealed_key *key = unlock(KEY_ROOM, "right");
    keys_room *k = keys_load_room(&settings, key, errors), *again;
    keys_downgrade first = k->downgrades[0];
    size_t retired;
    assert_true(keys_rotate_downgrade(&settings, key, k, NOW_MS, errors));
    assert_memory_not_equal(k->downgrades[0].id, first.id, sizeof first.id);
    assert_memory_equal(k->published.key, k->downgrades[0].pk, sizeof k->published.key);

    uint8_t pk[32];
    memcpy(pk, k->device.sk + 32, sizeof pk);
    assert_int_equal(teal_prekey_verify(&k->published, k->device.id, pk, NULL), TEAL_OK);

    const int64_t end_ms = NOW_MS + OVERLAP_MS;
    assert_memory_equal(keys_find_downgrade(k, first.id, end_ms - 1)->sk, first.sk, 32);
    assert_null(keys_find_downgrade(k, first.id, end_ms));
    again = keys_load_room(&settings, key, errors); /* after a restart too */
    assert_int_equal(again->n_downgrades, 2);
    assert_memory_equal(again->published.key, k->published.key, 32);
    assert_memory_equal(keys_find_downgrade(again, first.id, end_ms - 1)->sk, first.sk, 32);
    keys_free_room(&again);

    assert_true(keys_retire_downgrades(&settings, key, k, end_ms - 1, &retired, errors));
    assert_int_equal(retired, 0);
    assert_true(keys_retire_downgrades(&settings, key, k, end_ms, &retired, errors));
    assert_int_equal(retired, 1);
    assert_int_equal(k->n_downgrades, 1);
    assert_null(memmem(k, sizeof *k, first.sk, sizeof first.sk)); /* wiped, not only unlisted */
    if (key == NULL)
        assert_false(file_holds("plaintext.key", first.sk, sizeof first.sk));
    again = keys_load_room(&settings, key, errors);
    assert_int_equal(again->n_downgrades, 1);
    keys_free_room(&again);
    keys_free_room(&k);
    sealed_key_close(&key);
}

static void no_more_are_kept_than_there_is_room_for(void **state)
{
    (void)state;
    keys_room *k = keys_load_room(&settings, NULL, errors);
    for (int i = 1; i < KEY_MAX_DOWNGRADES; i++)
        assert_true(keys_rotate_downgrade(&settings, NULL, k, NOW_MS, errors));
    keys_downgrade in_force = k->downgrades[0];
    assert_false(keys_rotate_downgrade(&settings, NULL, k, NOW_MS, errors));
    assert_said("REQ-KEY-4");
    assert_memory_equal(k->downgrades[0].sk, in_force.sk, 32);
    assert_true(keys_rotate_downgrade(&settings, NULL, k, NOW_MS + OVERLAP_MS, errors));
    assert_int_equal(k->n_downgrades, 2); /* those that had ended went with it */
    keys_free_room(&k);
}

static void a_disk_that_is_full_changes_nothing(void **state)
{
    (void)state;
    keys_room *k = keys_load_room(&settings, NULL, errors);
    keys_downgrade before = k->downgrades[0];
    char *folder_name = settings.state;
    settings.state = (char *)"/nonexistent";
    assert_false(keys_rotate_downgrade(&settings, NULL, k, NOW_MS, errors));
    settings.state = folder_name;
    assert_int_equal(k->n_downgrades, 1);
    assert_memory_equal(k->downgrades[0].sk, before.sk, 32);
    assert_memory_equal(k->published.key, before.pk, 32);
    keys_free_room(&k);
}

/* ---- devices --------------------------------------------------------------------------------- */

static void a_device_is_followed_by_another(void **state)
{
    (void)state;
    teal_manifest first, second;
    teal_hash hash;
    keys_room *before = load_room("right");
    load_manifest(1, &first);
    uint8_t account[TEAL_KEY_BYTES];
    memcpy(account, first.account_key, sizeof account);
    teal_manifest_hash(&first, &hash);
    assert_true(keys_rotate_device(&settings, KEY_ROOM, teal_text("right"), errors));
    keys_room *after = load_room("right");
    assert_non_null(after);
    assert_memory_not_equal(after->device.id, before->device.id, TEAL_DEVICE_BYTES);
    assert_memory_equal(after->downgrades[0].sk, before->downgrades[0].sk, 32);
    assert_int_equal(before->n_former, 0);
    assert_int_equal(after->n_former, 1);
    assert_memory_equal(after->former[0].id, before->device.id, TEAL_DEVICE_BYTES);
    assert_memory_equal(after->former[0].pk, before->device.sk + 32, TEAL_KEY_BYTES);

    load_manifest(0, &second);
    assert_int_equal(second.version, 2);
    assert_int_equal(teal_manifest_verify(&second, NULL), TEAL_OK);
    assert_memory_equal(second.account_key, account, sizeof account);
    assert_true(teal_bytes_equal(second.previous, (teal_bytes){ hash.at, sizeof hash.at }));
    assert_int_equal(second.n_devices, 2);
    assert_null(teal_manifest_device(&second, before->device.id));
    assert_non_null(teal_manifest_device(&second, after->device.id));
    load_manifest(1, &first); /* receipts of the device that went are verified by it */
    assert_non_null(teal_manifest_device(&first, before->device.id));
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES];
    size_t len;
    assert_false(keys_load_manifest_version(&settings, 3, buf, &len));
    assert_false(keys_load_manifest_version(&settings, 0, buf, &len));
    keys_free_room(&before);
    keys_free_room(&after);
}

static void only_the_account_key_can_do_it(void **state)
{
    (void)state;
    teal_manifest m;
    unlink(folder_file(&place, "account.key"));
    assert_false(keys_rotate_device(&settings, KEY_EDGE, (teal_bytes){ 0 }, errors));
    assert_said("account.key: is missing");
    load_manifest(0, &m);
    assert_int_equal(m.version, 1);
    keys_device *k = keys_load_edge(&settings, NULL, errors);
    assert_non_null(k);
    keys_free_edge(&k);
}

/* ---- dying ----------------------------------------------------------------------------------- */

static void rotate_devices(void)
{
    keys_rotate_device(&settings, KEY_ROOM, (teal_bytes){ 0 }, errors);
    keys_rotate_device(&settings, KEY_EDGE, (teal_bytes){ 0 }, errors);
}

static void rotate_downgrade(void)
{
    static int64_t now_ms = NOW_MS;
    keys_room *k = keys_load_room(&settings, NULL, errors);
    keys_rotate_downgrade(&settings, NULL, k, now_ms += OVERLAP_MS, errors);
    keys_free_room(&k);
}

/* Kills it at a time that differs each time; then everything has to load. */
static void kill_while(void (*change)(void), useconds_t after_us)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        for (;;)
            change();
    usleep(after_us);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    keys_device *edge = keys_load_edge(&settings, NULL, errors);
    keys_room *room = keys_load_room(&settings, NULL, errors);
    fflush(errors);
    if (edge == NULL || room == NULL)
        fail_msg("after %u us: %s", after_us, said);
    keys_free_edge(&edge);
    keys_free_room(&room);
    teal_manifest m;
    load_manifest(0, &m);
    for (uint64_t v = m.version, i = 0; v > 1 && i < 3; v--, i++) /* the chain has no hole */
        load_manifest(v - 1, &m);
}

static void no_moment_to_die_loses_keys(void **state)
{
    (void)state;
    for (useconds_t i = 0; i < KILLS; i++) {
        kill_while(rotate_devices, 200 + i * (MAX_RUN_US / KILLS));
        kill_while(rotate_downgrade, 200 + i * (MAX_RUN_US / KILLS));
    }
}

/* Each state that the steps of a device's rotation leave behind. */
static void every_step_can_be_the_last(void **state)
{
    (void)state;
    static const char *const names[] = { "edge.key", "gateway.manifest" };
    char before[2][4096], after[2][4096];
    size_t before_len[2], after_len[2];
    for (size_t i = 0; i < 2; i++) {
        FILE *f = fopen(folder_file(&place, names[i]), "re");
        before_len[i] = fread(before[i], 1, sizeof before[i], f);
        fclose(f);
    }
    assert_true(keys_rotate_device(&settings, KEY_EDGE, (teal_bytes){ 0 }, errors));
    for (size_t i = 0; i < 2; i++) {
        FILE *f = fopen(folder_file(&place, names[i]), "re");
        after_len[i] = fread(after[i], 1, sizeof after[i], f);
        fclose(f);
    }
    const struct {
        const char *name;
        bool next, manifest;
    } rows[] = { { "the next key is there", true, false },
                 { "and the manifest names it", true, true } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *manifest = rows[i].manifest ? after[1] : before[1];
        size_t manifest_len = rows[i].manifest ? after_len[1] : before_len[1];
        const struct {
            const char *name, *at;
            size_t len;
        } files[] = { { "edge.key", before[0], before_len[0] },
                      { "edge.key.next", after[0], after_len[0] },
                      { "gateway.manifest", manifest, manifest_len } };
        for (size_t k = 0; k < 3; k++) {
            FILE *f = fopen(folder_file(&place, files[k].name), "we");
            assert_int_equal(fchmod(fileno(f), 0600), 0);
            assert_int_equal(fwrite(files[k].at, 1, files[k].len, f), files[k].len);
            fclose(f);
        }
        keys_device *k = keys_load_edge(&settings, NULL, errors);
        if (k == NULL)
            fail_msg("%s", rows[i].name);
        keys_free_edge(&k);
        assert_int_equal(access(folder_file(&place, "edge.key.next"), F_OK), -1);
        k = keys_load_edge(&settings, NULL, errors);
        assert_non_null(k);
        keys_free_edge(&k);
    }
}

#define OPEN(test)   cmocka_unit_test_setup_teardown(test, make_open, remove_all)
#define SEALED(test) cmocka_unit_test_setup_teardown(test, make_sealed, remove_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEALED(nothing_opens_without_the_passphrase),
        SEALED(each_key_opens_its_own_file_alone),
        SEALED(a_key_travels_as_octets),
        OPEN(what_is_not_sealed_is_refused),
        SEALED(the_passphrase_changes),
        OPEN(a_downgrade_key_goes_on_for_the_overlap),
        SEALED(a_downgrade_key_goes_on_for_the_overlap),
        OPEN(no_more_are_kept_than_there_is_room_for),
        OPEN(a_disk_that_is_full_changes_nothing),
        SEALED(a_device_is_followed_by_another),
        OPEN(only_the_account_key_can_do_it),
        OPEN(no_moment_to_die_loses_keys),
        OPEN(every_step_can_be_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
