/* What happens in the directory when devices join an account and leave it. REQ-DEV-1 to -9. */
#include "tests/support/devices.h"
#include "tests/support/directory_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HANDLE "im:a@n.example"

static size_t told[TEST_MAX_NAMED + 1]; /* how often each device was woken */

static void tell(void *arg, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    (void)arg;
    for (size_t i = 1; i <= TEST_MAX_NAMED; i++)
        told[i] += memcmp(test_device_of(i).id, device, TEAL_DEVICE_BYTES) == 0;
}

static uint64_t version; /* of the last manifest */
static teal_hash previous;

/* The next manifest of account 1. */
static teal_bytes put(directory_fixture *f, const uint64_t *devices)
{
    test_manifest t = { .account = 1, .version = ++version, .handles = { HANDLE } };
    directory_refusal why = { 0 };
    const teal_hash before = previous;
    t.previous = version > 1 ? &before : NULL;
    memcpy(t.devices, devices, sizeof t.devices);
    teal_bytes encoded = test_manifest_encode(&t, &f->arena, &previous);
    memset(told, 0, sizeof told);
    directory_put result =
        directory_put_manifest(f->directory, teal_text(HANDLE), encoded, NOW_MS, &f->arena, &why);
    if (result == PUT_REFUSED)
        fail_msg("%s", why.rule);
    assert_int_equal(result, version == 1 ? PUT_NEW : PUT_NEXT);
    return encoded;
}

static void put_only(directory_fixture *f)
{
    version = 0;
    put(f, (const uint64_t[TEST_MAX_NAMED]){ 1 });
}

static link_request request(uint64_t device)
{
    const test_device d = test_device_of(device);
    link_request r = { .device.name = teal_text("new"),
                       .prekey = test_prekey_signed(device, 0, device) };
    memcpy(r.device.id, d.id, sizeof r.device.id);
    memcpy(r.device.signing_key, d.sign_pk, sizeof r.device.signing_key);
    return r;
}

static const char *ask(directory_fixture *f, const char *handle, link_request r)
{
    int64_t expires_ms = 0;
    directory_refusal why = { .problem = "" };
    directory_tell(f->directory, tell, NULL);
    directory_ask_link(f->directory, f->reader, teal_text(handle), &r, NOW_MS, &f->arena,
                       &expires_ms, &why);
    return why.problem;
}

static void test_who_may_ask(void **state)
{
    directory_fixture *f = *state;
    put_only(f);
    assert_string_equal(ask(f, "im:nobody@n.example", request(2)), "account-unknown");
    assert_string_equal(ask(f, HANDLE, request(1)), "device-taken");
    link_request r = request(2);
    r.prekey = test_prekey_signed(2, 0, 3);
    assert_string_equal(ask(f, HANDLE, r), "signature-invalid");
    r.prekey = test_prekey_signed(2, 1, 2);
    assert_string_equal(ask(f, HANDLE, r), "signature-invalid");
    r = request(2);
    r.device.name = teal_text("two\nlines");
    assert_string_equal(ask(f, HANDLE, r), "device-malformed");
    assert_string_equal(ask(f, HANDLE, request(2)), "");
    assert_string_equal(ask(f, HANDLE, request(2)), "");
}

static void test_only_the_account_lists_answers_and_drops(void **state)
{
    directory_fixture *f = *state;
    uint8_t pk[32], other[32], sk[64];
    link_request out[LINK_REQUESTS_OF_ACCOUNT];
    size_t n = 0;
    directory_refusal why = { 0 };
    const teal_bytes handle = teal_text(HANDLE);
    const directory_link_answer nothing = { .has_share = true };
    put_only(f);
    assert_string_equal(ask(f, HANDLE, request(2)), "");
    test_account_keys(1, pk, sk);
    test_account_keys(2, other, sk);
    assert_false(directory_list_links(f->directory, f->reader, handle, other, NULL, NOW_MS,
                                      &f->arena, out, &n, &why));
    assert_string_equal(why.problem, "caller-not-allowed");
    assert_false(directory_answer_link(f->directory, f->reader, handle, other, &nothing, NOW_MS,
                                       &f->arena, &why));
    assert_string_equal(why.problem, "caller-not-allowed");
    assert_false(directory_drop_link(f->directory, f->reader, handle, other, out[0].device.id,
                                     NOW_MS, &f->arena, &why));
    assert_string_equal(why.problem, "caller-not-allowed");
    assert_true(directory_list_links(f->directory, f->reader, handle, pk, NULL, NOW_MS, &f->arena,
                                     out, &n, &why));
    assert_int_equal(n, 1);
    assert_true(directory_drop_link(f->directory, f->reader, handle, pk, out[0].device.id, NOW_MS,
                                    &f->arena, &why));
    assert_false(directory_drop_link(f->directory, f->reader, handle, pk, out[0].device.id, NOW_MS,
                                     &f->arena, &why));
    assert_string_equal(why.problem, "link-unknown");
}

/* From the moment that it is in the manifest, others can seal to it: its prekey came with the
 * request. */
static void test_a_device_joins_with_its_prekey(void **state)
{
    directory_fixture *f = *state;
    put_only(f);
    assert_string_equal(ask(f, HANDLE, request(2)), "");
    put(f, (const uint64_t[TEST_MAX_NAMED]){ 1, 2 });
    assert_int_equal(claim(f, HANDLE, NOW_MS), DIRECTORY_OK);
    assert_int_equal(f->n_prekeys, 1);
    assert_memory_equal(f->prekeys[0].device, test_device_of(2).id, TEAL_DEVICE_BYTES);
    link_request out;
    size_t n = 0;
    directory_refusal why = { 0 };
    assert_false(directory_list_links(f->directory, f->reader, teal_text(HANDLE), NULL,
                                      test_device_of(2).id, NOW_MS, &f->arena, &out, &n, &why));
    assert_string_equal(why.problem, "link-unknown");
}

/* The account's devices sign another key than the one that asked: its prekey is not taken. */
static void test_a_prekey_of_another_key_is_not_taken(void **state)
{
    directory_fixture *f = *state;
    put_only(f);
    link_request r = request(2);
    const test_device other = test_device_of(3);
    memcpy(r.device.signing_key, other.sign_pk, sizeof r.device.signing_key);
    teal_prekey_sign(&r.prekey, r.device.id, other.sign_sk);
    assert_string_equal(ask(f, HANDLE, r), "");
    put(f, (const uint64_t[TEST_MAX_NAMED]){ 1, 2 });
    assert_int_equal(claim(f, HANDLE, NOW_MS), DIRECTORY_OK);
    assert_int_equal(f->n_prekeys, 0);
}

static void expect_notice(directory_fixture *f, uint64_t device, const teal_bytes *manifest)
{
    store_item items[4];
    size_t n = 0;
    assert_int_equal(f->reader->ops->list_items(f->reader, test_device_of(device).id, 0, &f->arena,
                                                items, 4, &n),
                     STORE_OK);
    assert_int_equal(n, manifest != NULL);
    assert_int_equal(told[device] > 0, manifest != NULL);
    if (manifest == NULL)
        return;
    assert_int_equal(items[0].kind, ITEM_MANIFEST);
    assert_true(teal_bytes_equal(items[0].data, *manifest));
}

static void test_devices_that_stay_are_told(void **state)
{
    directory_fixture *f = *state;
    teal_bytes manifest;
    directory_tell(f->directory, tell, NULL);
    put_only(f);
    expect_notice(f, 1, NULL);
    manifest = put(f, (const uint64_t[TEST_MAX_NAMED]){ 1, 2 });
    expect_notice(f, 1, &manifest);
    manifest = put(f, (const uint64_t[TEST_MAX_NAMED]){ 1, 2, 3 });
    expect_notice(f, 1, &manifest); /* in the place of the one before */
    expect_notice(f, 2, &manifest);
    manifest = put(f, (const uint64_t[TEST_MAX_NAMED]){ 1, 3 });
    expect_notice(f, 1, &manifest);
    expect_notice(f, 3, &manifest);
    told[2] = 0;
    expect_notice(f, 2, NULL); /* its queue went with it */
    assert_int_equal(claim(f, HANDLE, NOW_MS), DIRECTORY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DIRECTORY(test_who_may_ask),
        ON_DIRECTORY(test_only_the_account_lists_answers_and_drops),
        ON_DIRECTORY(test_a_device_joins_with_its_prekey),
        ON_DIRECTORY(test_a_prekey_of_another_key_is_not_taken),
        ON_DIRECTORY(test_devices_that_stay_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
