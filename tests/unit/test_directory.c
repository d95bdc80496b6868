/* What the directory takes from owners of accounts, and says of them. REQ-DIR-20, -21, -23. */
#include "tests/support/devices.h"
#include "tests/support/directory_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_bytes(teal_bytes got, teal_bytes want)
{
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.at, want.at, want.len);
}

/* ---- accounts */

/* One after the other over one store. follows: the row whose hash is `previous`, plus one. */
static const struct {
    const char *name, *path;
    test_manifest manifest;
    size_t follows;
    directory_put want;
    const char *problem;
    unsigned status;
} uploads[] = {
    { "first version",
      "im:a@n.example",
      { .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1 } },
      0,
      PUT_NEW,
      "",
      0 },
    { "put again",
      "im:a@n.example",
      { .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1 } },
      0,
      PUT_NEXT,
      "",
      0 },
    { "path names another handle",
      "im:b@n.example",
      { .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1 } },
      0,
      PUT_REFUSED,
      "handle-missing",
      422 },
    { "handle of nobody's network",
      "im:b@n.example",
      { .account = 2,
        .version = 1,
        .handles = { "im:b@n.example", "im:b@else.example" },
        .devices = { 2 } },
      0,
      PUT_REFUSED,
      "handle-foreign",
      403 },
    { "handle of a peer",
      "sip:bob@rcs.example",
      { .account = 2, .version = 1, .handles = { "sip:bob@rcs.example" }, .devices = { 2 } },
      0,
      PUT_REFUSED,
      "handle-foreign",
      403 },
    { "handle of the gateway",
      "im:gateway@n.example",
      { .account = 2, .version = 1, .handles = { "im:gateway@n.example" }, .devices = { 2 } },
      0,
      PUT_REFUSED,
      "handle-taken",
      409 },
    { "handle of another account",
      "im:b@n.example",
      { .account = 2,
        .version = 1,
        .handles = { "im:b@n.example", "im:a@n.example" },
        .devices = { 2 } },
      0,
      PUT_REFUSED,
      "handle-taken",
      409 },
    { "device of another account",
      "im:b@n.example",
      { .account = 2, .version = 1, .handles = { "im:b@n.example" }, .devices = { 2, 1 } },
      0,
      PUT_REFUSED,
      "device-taken",
      409 },
    { "begins with version 2",
      "im:b@n.example",
      { .account = 2, .version = 2, .handles = { "im:b@n.example" }, .devices = { 2 } },
      1,
      PUT_REFUSED,
      "manifest-version",
      409 },
    { "forged",
      "im:b@n.example",
      { .account = 2,
        .version = 1,
        .handles = { "im:b@n.example" },
        .devices = { 2 },
        .forged = true },
      0,
      PUT_REFUSED,
      "signature-invalid",
      403 },
    { "forged next version",
      "im:a@n.example",
      { .account = 1,
        .version = 2,
        .handles = { "im:a@n.example" },
        .devices = { 9 },
        .forged = true },
      1,
      PUT_REFUSED,
      "signature-invalid",
      403 },
    { "from the future",
      "im:b@n.example",
      { .account = 2,
        .version = 1,
        .handles = { "im:b@n.example" },
        .devices = { 2 },
        .created_at_ms = NOW_MS + 300001 },
      0,
      PUT_REFUSED,
      "created-at-out-of-range",
      422 },
    { "leaves a version out",
      "im:a@n.example",
      { .account = 1, .version = 3, .handles = { "im:a@n.example" }, .devices = { 1 } },
      1,
      PUT_REFUSED,
      "manifest-version",
      409 },
    { "version 2 of something else",
      "im:a@n.example",
      { .account = 1, .version = 2, .handles = { "im:a@n.example" }, .devices = { 1 } },
      0,
      PUT_REFUSED,
      "manifest-version",
      409 },
    { "gives one handle up for another",
      "im:b@n.example",
      { .account = 1,
        .version = 2,
        .handles = { "im:b@n.example" },
        .devices = { 1, 3 },
        .created_at_ms = NOW_MS + 300000 },
      1,
      PUT_NEXT,
      "",
      0 },
    { "its old version at the old handle",
      "im:a@n.example",
      { .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1 } },
      0,
      PUT_REFUSED,
      "manifest-version",
      409 },
    { "the handle's next owner",
      "im:a@n.example",
      { .account = 2,
        .version = 1,
        .handles = { "im:a@n.example", "tel:+14155550100" },
        .devices = { 2 } },
      0,
      PUT_NEW,
      "",
      0 },
};

static void test_put_manifests(void **state)
{
    directory_fixture *f = *state;
    teal_hash hashes[sizeof uploads / sizeof *uploads];
    for (size_t i = 0; i < sizeof uploads / sizeof *uploads; i++) {
        print_message("           %s\n", uploads[i].name);
        test_manifest t = uploads[i].manifest;
        if (uploads[i].follows > 0)
            t.previous = &hashes[uploads[i].follows - 1];
        directory_refusal why = { 0 };
        f->arena.used = 0;
        teal_bytes encoded = test_manifest_encode(&t, &f->arena, &hashes[i]);
        directory_put got = directory_put_manifest(f->directory, teal_text(uploads[i].path),
                                                   encoded, NOW_MS, &f->arena, &why);
        assert_int_equal(got, uploads[i].want);
        if (got != PUT_REFUSED) {
            assert_int_equal(look_up(f, uploads[i].path, NOW_MS), DIRECTORY_OK);
            assert_bytes(f->entry.encoded, encoded);
            continue;
        }
        assert_string_equal(why.problem, uploads[i].problem);
        assert_int_equal(why.status, uploads[i].status);
        assert_memory_equal(why.rule, "REQ-DIR-20 ", 11);
        assert_non_null(why.remedy);
    }
}

static void test_put_garbage(void **state)
{
    directory_fixture *f = *state;
    directory_refusal why = { 0 };
    uint8_t device[TEAL_DEVICE_BYTES];
    store_prekeys_left left;
    assert_int_equal(directory_put_manifest(f->directory, teal_text("im:a@n.example"),
                                            teal_text("garbage"), NOW_MS, &f->arena, &why),
                     PUT_REFUSED);
    assert_string_equal(why.problem, "manifest-malformed");
    assert_int_equal(why.status, 400);
    assert_int_equal(directory_put_prekeys(f->directory, f->reader, teal_text("im:a@n.example"),
                                           teal_text("garbage"), &f->arena, device, &left, &why),
                     PUT_REFUSED);
    assert_string_equal(why.problem, "prekeys-malformed");
}

static void put_account(directory_fixture *f, const test_manifest *t)
{
    directory_refusal why;
    teal_bytes encoded = test_manifest_encode(t, &f->arena, NULL);
    assert_int_equal(directory_put_manifest(f->directory, teal_text(t->handles[0]), encoded, NOW_MS,
                                            &f->arena, &why),
                     PUT_NEW);
}

static void test_look_up_own(void **state)
{
    directory_fixture *f = *state;
    put_account(f, &(test_manifest){ .account = 1,
                                     .version = 1,
                                     .handles = { "im:a@n.example", "tel:+14155550100" },
                                     .devices = { 1 } });
    assert_int_equal(look_up(f, "im:a@n.example", NOW_MS), DIRECTORY_OK);
    assert_true(f->entry.has_native && f->entry.has_manifest);
    assert_false(f->entry.has_rcs || f->entry.has_plain || f->entry.has_sms);
    assert_bytes(f->entry.network, teal_text("native"));
    assert_int_equal(f->entry.manifest.n_handles, 2);

    assert_int_equal(look_up(f, "tel:+14155550100", NOW_MS), DIRECTORY_OK);
    assert_true(f->entry.has_native && f->entry.has_sms);

    assert_int_equal(look_up(f, "tel:+14155550199", NOW_MS), DIRECTORY_OK);
    assert_true(f->entry.has_sms);
    assert_false(f->entry.has_native || f->entry.has_manifest);
    assert_bytes(f->entry.network, teal_text("sms"));

    static const char *const nobody[] = { "im:b@n.example", "im:gateway@n.example",
                                          "im:a@else.example", "tel:+33155550100" };
    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++) {
        assert_int_equal(look_up(f, nobody[i], NOW_MS), DIRECTORY_NONE);
        assert_int_equal(claim(f, nobody[i], NOW_MS), DIRECTORY_NONE);
    }
    assert_int_equal(lying_peer_requests(f->peer), 0);
}

/* ---- own prekeys */

static directory_put put_prekeys(directory_fixture *f, const char *handle, uint64_t device,
                                 const teal_prekey *prekeys, size_t n, store_prekeys_left *left,
                                 directory_refusal *why)
{
    uint8_t room[32 << 10], id[TEAL_DEVICE_BYTES];
    teal_writer w = { room, sizeof room, 0 };
    teal_prekeys p = { .prekeys = prekeys, .n_prekeys = n };
    memcpy(p.device, test_device_of(device).id, TEAL_DEVICE_BYTES);
    assert_int_equal(teal_prekeys_encode(&p, &w), TEAL_OK);
    directory_put put = directory_put_prekeys(f->directory, f->reader, teal_text(handle),
                                              teal_written(&w), &f->arena, id, left, why);
    if (put == PUT_NEXT)
        assert_memory_equal(id, p.device, TEAL_DEVICE_BYTES);
    return put;
}

static void expect_refused(directory_fixture *f, const char *handle, uint64_t device,
                           uint64_t signer, const char *problem)
{
    directory_refusal why = { 0 };
    store_prekeys_left left;
    const teal_prekey prekeys[] = { test_prekey_signed(device, 0, device),
                                    test_prekey_signed(device, 1, signer) };
    assert_int_equal(put_prekeys(f, handle, device, prekeys, 2, &left, &why), PUT_REFUSED);
    assert_string_equal(why.problem, problem);
    assert_memory_equal(why.rule, "REQ-DIR-21 ", 11);
}

/* Claims for im:a@n.example, whose device 1 is the only one that has any. */
static void expect_claimed(directory_fixture *f, uint32_t id)
{
    teal_prekey got;
    assert_int_equal(claim(f, "im:a@n.example", NOW_MS), DIRECTORY_OK);
    assert_int_equal(f->n_prekeys, 1);
    assert_memory_equal(f->prekeys[0].device, test_device_of(1).id, TEAL_DEVICE_BYTES);
    assert_int_equal(teal_prekey_decode(f->prekeys[0].encoded, &got, NULL), TEAL_OK);
    assert_int_equal(got.id, id);
    assert_int_equal(f->entry.manifest.n_devices, 2);
}

static void test_own_prekeys(void **state)
{
    directory_fixture *f = *state;
    directory_refusal why;
    store_prekeys_left left = { 99, 99 };
    put_account(
        f, &(test_manifest){
               .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1, 2 } });
    put_account(
        f, &(test_manifest){
               .account = 2, .version = 1, .handles = { "im:b@n.example" }, .devices = { 3 } });
    expect_refused(f, "im:nobody@n.example", 1, 1, "account-unknown");
    expect_refused(f, "im:a@n.example", 3, 3, "device-unknown");
    expect_refused(f, "im:a@n.example", 1, 2, "signature-invalid");
    assert_int_equal(claim(f, "im:a@n.example", NOW_MS), DIRECTORY_OK);
    assert_int_equal(f->n_prekeys, 0);

    const teal_prekey prekeys[] = { test_prekey_signed(1, 0, 1), test_prekey_signed(1, 7, 1),
                                    test_prekey_signed(1, 5, 1) };
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, prekeys, 3, &left, &why), PUT_NEXT);
    assert_int_equal(left.one_time, 2);
    assert_int_equal(left.last_id, 7);
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, prekeys, 2, &left, &why), PUT_NEXT);
    assert_int_equal(left.one_time, 2);
    assert_int_equal(left.last_id, 7);
    expect_claimed(f, 5);
    expect_claimed(f, 7);
    expect_claimed(f, 0);
    expect_claimed(f, 0);
    /* What was claimed is known: nobody who says it again has it handed out again. */
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, prekeys, 3, &left, &why), PUT_NEXT);
    assert_int_equal(left.one_time, 0);
    expect_claimed(f, 0);
}

static void test_prekeys_full(void **state)
{
    directory_fixture *f = *state;
    directory_refusal why;
    store_prekeys_left left;
    static teal_prekey prekeys[DIRECTORY_MAX_ONE_TIME + 1];
    put_account(
        f, &(test_manifest){
               .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1, 2 } });
    for (uint32_t i = 0; i <= DIRECTORY_MAX_ONE_TIME; i++)
        prekeys[i] = test_prekey_signed(1, i + 1, 1);
    assert_int_equal(
        put_prekeys(f, "im:a@n.example", 1, prekeys, DIRECTORY_MAX_ONE_TIME + 1, &left, &why),
        PUT_REFUSED);
    assert_string_equal(why.problem, "prekeys-full");
    assert_int_equal(claim(f, "im:a@n.example", NOW_MS), DIRECTORY_OK);
    assert_int_equal(f->n_prekeys, 0); /* none of it was taken */
    assert_int_equal(
        put_prekeys(f, "im:a@n.example", 1, prekeys, DIRECTORY_MAX_ONE_TIME, &left, &why),
        PUT_NEXT);
    assert_int_equal(left.one_time, DIRECTORY_MAX_ONE_TIME);
    const teal_prekey *last = &prekeys[DIRECTORY_MAX_ONE_TIME];
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, last, 1, &left, &why), PUT_REFUSED);
    expect_claimed(f, 1);
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, last, 1, &left, &why), PUT_NEXT);
}

/* A device that keeps its id but signs with another key is another one: what is sealed to the old
 * one's prekeys it could not open, and nobody could verify them. REQ-PRE-7. */
static void test_another_signing_key(void **state)
{
    directory_fixture *f = *state;
    directory_refusal why;
    store_prekeys_left left;
    test_manifest t = {
        .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1, 2 }
    };
    const teal_prekey prekeys[] = { test_prekey_signed(1, 0, 1), test_prekey_signed(1, 9, 1) };
    put_account(f, &t);
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, prekeys, 2, &left, &why), PUT_NEXT);
    teal_hash previous;
    test_manifest_encode(&t, &f->arena, &previous);
    t.version = 2;
    t.previous = &previous;
    t.first_signs_as = 3;
    assert_int_equal(directory_put_manifest(f->directory, teal_text("im:a@n.example"),
                                            test_manifest_encode(&t, &f->arena, NULL), NOW_MS,
                                            &f->arena, &why),
                     PUT_NEXT);
    assert_int_equal(claim(f, "im:a@n.example", NOW_MS), DIRECTORY_OK);
    assert_int_equal(f->n_prekeys, 0);
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, prekeys, 2, &left, &why), PUT_REFUSED);
    assert_string_equal(why.problem, "signature-invalid");
    const teal_prekey anew[] = { test_prekey_signed(1, 1, 3) };
    assert_int_equal(put_prekeys(f, "im:a@n.example", 1, anew, 1, &left, &why), PUT_NEXT);
    expect_claimed(f, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DIRECTORY(test_put_manifests), ON_DIRECTORY(test_put_garbage),
        ON_DIRECTORY(test_look_up_own),   ON_DIRECTORY(test_own_prekeys),
        ON_DIRECTORY(test_prekeys_full),  ON_DIRECTORY(test_another_signing_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
