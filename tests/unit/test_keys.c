/* The gateway's keys: made once, private, and refused when they are not what was made. */
#include "gateway/keys.h"

#include "codecs/native/seal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const names[] = { "account.key", "edge.key", "plaintext.key",
                                     "gateway.manifest" };
enum { ACCOUNT, EDGE, ROOM, MANIFEST, N_NAMES };

/* A fresh folder with keys in it. */
typedef struct fixture {
    char folder[40], paths[N_NAMES][64];
    config c;
    char *said;
    size_t said_len;
    FILE *errors;
    char text[4000];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/teal-test-keys-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    for (size_t i = 0; i < N_NAMES; i++)
        snprintf(f->paths[i], sizeof f->paths[i], "%s/%s", f->folder, names[i]);
    f->c.state = f->folder;
    f->c.handle = (char *)"im:gateway@native.example";
    f->errors = open_memstream(&f->said, &f->said_len);
    assert_true(keys_init(&f->c, (teal_bytes){ 0 }, f->errors));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    fclose(f->errors);
    free(f->said);
    for (size_t i = 0; i < N_NAMES; i++)
        unlink(f->paths[i]);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

/* What was said since the last time; until the next. */
static const char *said(fixture *f)
{
    fclose(f->errors);
    snprintf(f->text, sizeof f->text, "%s", f->said);
    free(f->said);
    f->errors = open_memstream(&f->said, &f->said_len);
    return f->text;
}

static size_t read_whole(const char *path, uint8_t *buf, size_t cap)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, buf, cap);
    close(fd);
    assert_true(n > 0);
    return (size_t)n;
}

static void write_whole(const char *path, const uint8_t *buf, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, buf, len), len);
    close(fd);
}

static void files_are_private(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < N_NAMES; i++) {
        struct stat about;
        assert_int_equal(stat(f->paths[i], &about), 0);
        assert_int_equal(about.st_mode & 0777, i == MANIFEST ? 0644 : 0600);
    }
}

static void keys_stand_in_the_manifest(void **state)
{
    fixture *f = *state;
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES], scratch[64 << 10], pk[32];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_manifest m;
    size_t len;
    assert_true(keys_load_manifest(&f->c, buf, &len, f->errors));
    assert_int_equal(teal_manifest_decode((teal_bytes){ buf, len }, &arena, &m, NULL), TEAL_OK);
    assert_int_equal(teal_manifest_verify(&m, NULL), TEAL_OK);
    assert_int_equal(m.n_devices, 2); /* REQ-DIR-25 */

    keys_device *edge = keys_load_edge(&f->c, NULL, f->errors);
    assert_non_null(edge);
    const teal_device *d = teal_manifest_device(&m, edge->id);
    assert_non_null(d);
    assert_true(teal_bytes_equal(d->name, teal_text("edge")));
    crypto_sign_ed25519_sk_to_pk(pk, edge->sk);
    assert_memory_equal(d->signing_key, pk, sizeof pk);

    keys_room *room = keys_load_room(&f->c, NULL, f->errors);
    assert_non_null(room);
    d = teal_manifest_device(&m, room->device.id);
    assert_non_null(d);
    assert_true(teal_bytes_equal(d->name, teal_text("plaintext")));
    assert_memory_not_equal(edge->id, room->device.id, sizeof edge->id);

    uint8_t id[TEAL_GATEWAY_KEY_BYTES];
    assert_int_equal(room->published.id, 0);
    assert_memory_equal(room->published.key, room->downgrades[0].pk, 32);
    assert_int_equal(teal_prekey_verify(&room->published, room->device.id, d->signing_key, NULL),
                     TEAL_OK);
    crypto_scalarmult_base(pk, room->downgrades[0].sk);
    assert_memory_equal(room->downgrades[0].pk, pk, sizeof pk);
    teal_gateway_key_id(pk, id);
    assert_memory_equal(room->downgrades[0].id, id, sizeof id);

    keys_free_edge(&edge);
    keys_free_room(&room);
    assert_null(edge);
    assert_null(room);
    assert_string_equal(said(f), "");
}

/* Whichever of the files is left, the others are not made beside it. */
static void nothing_is_overwritten(void **state)
{
    fixture *f = *state;
    for (size_t left = 0; left < N_NAMES; left++) {
        uint8_t before[1000], after[1000];
        size_t len = read_whole(f->paths[left], before, sizeof before);
        for (size_t i = 0; i < N_NAMES; i++)
            if (i != left)
                unlink(f->paths[i]);
        assert_false(keys_init(&f->c, (teal_bytes){ 0 }, f->errors));
        assert_non_null(strstr(said(f), names[left]));
        assert_int_equal(read_whole(f->paths[left], after, sizeof after), len);
        assert_memory_equal(before, after, len);
        for (size_t i = 0; i < N_NAMES; i++)
            assert_int_equal(access(f->paths[i], F_OK), i == left ? 0 : -1);

        unlink(f->paths[left]);
        assert_true(keys_init(&f->c, (teal_bytes){ 0 }, f->errors));
    }
}

/* The disk takes the first file and half of the second one. */
static void nothing_is_left_behind(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < N_NAMES; i++)
        unlink(f->paths[i]);
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){ 60, before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    bool made = keys_init(&f->c, (teal_bytes){ 0 }, f->errors);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_false(made);
    assert_non_null(strstr(said(f), "edge.key: cannot be written: File too large."));
    for (size_t i = 0; i < N_NAMES; i++)
        assert_int_equal(access(f->paths[i], F_OK), -1);

    f->c.state = (char *)"/nonexistent";
    assert_false(keys_init(&f->c, (teal_bytes){ 0 }, f->errors));
    assert_non_null(strstr(said(f), "/nonexistent/account.key: cannot be made"));
}

static void others_must_not_read(void **state)
{
    fixture *f = *state;
    chmod(f->paths[EDGE], 0640);
    assert_null(keys_load_edge(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "edge.key: others may read or write it. Run chmod 600"));
    chmod(f->paths[ROOM], 0602);
    assert_null(keys_load_room(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "plaintext.key: others may read or write it. Run chmod 600"));
}

static void missing_files_name_the_remedy(void **state)
{
    fixture *f = *state;
    unlink(f->paths[ROOM]);
    assert_null(keys_load_room(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "plaintext.key: is missing. Make the state with teald --init"));
    unlink(f->paths[MANIFEST]);
    assert_null(keys_load_edge(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "gateway.manifest: is missing."));
}

static void links_are_refused(void **state)
{
    fixture *f = *state;
    char elsewhere[80];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", f->folder);
    assert_int_equal(rename(f->paths[EDGE], elsewhere), 0);
    assert_int_equal(symlink(elsewhere, f->paths[EDGE]), 0);
    assert_null(keys_load_edge(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "edge.key: cannot be opened"));
    unlink(elsewhere);
}

/* Every bit matters, every octet less or more too. */
static void damage_is_found(void **state)
{
    fixture *f = *state;
    uint8_t good[200], bad[201];
    size_t len = read_whole(f->paths[ROOM], good, sizeof good);
    for (size_t i = 0; i < len; i++) {
        memcpy(bad, good, len);
        bad[i] ^= (uint8_t)(1 << i % 8);
        write_whole(f->paths[ROOM], bad, len);
        if (keys_load_room(&f->c, NULL, f->errors) != NULL)
            fail_msg("octet %zu was changed", i);
        assert_non_null(strstr(said(f), "plaintext.key: "));
    }
    for (size_t n = 0; n < len; n++) {
        write_whole(f->paths[ROOM], good, n);
        if (keys_load_room(&f->c, NULL, f->errors) != NULL)
            fail_msg("cut to %zu octets", n);
    }
    memcpy(bad, good, len);
    bad[len] = 0;
    write_whole(f->paths[ROOM], bad, len + 1);
    assert_null(keys_load_room(&f->c, NULL, f->errors));
    said(f);

    memcpy(bad, good, len);
    bad[7] = 9;
    write_whole(f->paths[ROOM], bad, len);
    assert_null(keys_load_room(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "has a version that this teald does not read"));

    write_whole(f->paths[EDGE], good, len);
    assert_null(keys_load_edge(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "edge.key: is the key of another process"));
}

static void a_manifest_that_does_not_fit(void **state)
{
    fixture *f = *state;
    uint8_t good[1000], bad[1000], out[TEAL_MAX_MANIFEST_BYTES];
    size_t out_len, len = read_whole(f->paths[MANIFEST], good, sizeof good);
    memcpy(bad, good, len);
    bad[len - 1] ^= 1;
    write_whole(f->paths[MANIFEST], bad, len);
    assert_false(keys_load_manifest(&f->c, out, &out_len, f->errors));
    assert_non_null(strstr(said(f), "gateway.manifest: has a signature that does not hold"));
    write_whole(f->paths[MANIFEST], bad, len - 1);
    assert_false(keys_load_manifest(&f->c, out, &out_len, f->errors));
    assert_non_null(strstr(said(f), "gateway.manifest: is not a manifest"));

    write_whole(f->paths[MANIFEST], good, len);
    f->c.handle = (char *)"im:another@native.example";
    assert_false(keys_load_manifest(&f->c, out, &out_len, f->errors));
    assert_non_null(strstr(said(f), "does not name the handle of [gateway]"));
    f->c.handle = (char *)"im:gateway@native.example";

    /* Keys of one gateway beside the manifest of another. */
    for (size_t i = 0; i < N_NAMES; i++)
        unlink(f->paths[i]);
    assert_true(keys_init(&f->c, (teal_bytes){ 0 }, f->errors));
    write_whole(f->paths[MANIFEST], good, len);
    assert_null(keys_load_edge(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "edge.key: is not the key in gateway.manifest"));
    assert_null(keys_load_room(&f->c, NULL, f->errors));
    assert_non_null(strstr(said(f), "plaintext.key: is not the key in gateway.manifest"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_private, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_stand_in_the_manifest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_overwritten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_must_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_files_name_the_remedy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_manifest_that_does_not_fit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
