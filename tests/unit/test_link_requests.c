/* Devices that ask to be added: what is kept of them, for how long, and how many. REQ-DEV-2, -3. */
#include "gateway/directory/link_requests.h"
#include "tests/support/devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1000000 };

static link_requests *links;
static link_request found[LINK_REQUESTS_OF_ACCOUNT];

static int open_links(void **state)
{
    (void)state;
    links = link_requests_open();
    return 0;
}

static int close_links(void **state)
{
    (void)state;
    link_requests_close(&links);
    return 0;
}

static const uint8_t *account(uint8_t n)
{
    static uint8_t key[TEAL_KEY_BYTES];
    memset(key, n, sizeof key);
    return key;
}

static link_request request(uint8_t of, uint64_t device, uint8_t share)
{
    const test_device d = test_device_of(device);
    link_request r = { .device.name = teal_text("a new phone") };
    memcpy(r.account_key, account(of), sizeof r.account_key);
    memcpy(r.device.id, d.id, sizeof r.device.id);
    memcpy(r.device.signing_key, d.sign_pk, sizeof r.device.signing_key);
    memset(r.share, share, sizeof r.share);
    return r;
}

static link_result put(uint8_t of, uint64_t device, uint8_t share, int64_t now_ms)
{
    int64_t expires_ms = 0;
    link_request r = request(of, device, share);
    link_result result = link_requests_put(links, &r, now_ms, &expires_ms);
    if (result == LINK_OK)
        assert_in_range(expires_ms, now_ms, now_ms + LINK_LIFE_MS);
    return result;
}

static link_result answer(uint8_t of, uint64_t device, int64_t now_ms)
{
    static const uint8_t share[TEAL_CPACE_SHARE_BYTES] = { 7 }, tag[TEAL_CPACE_TAG_BYTES] = { 8 };
    return link_requests_answer(links, account(of), test_device_of(device).id, share, tag, now_ms);
}

static link_result confirm(uint8_t of, uint64_t device, int64_t now_ms)
{
    static const uint8_t tag[TEAL_CPACE_TAG_BYTES] = { 9 };
    return link_requests_confirm(links, account(of), test_device_of(device).id, tag, now_ms);
}

static link_result get(uint8_t of, uint64_t device, int64_t now_ms)
{
    return link_requests_get(links, account(of), test_device_of(device).id, now_ms, found);
}

static void test_a_request_is_answered_and_confirmed(void **state)
{
    (void)state;
    assert_int_equal(put(1, 1, 1, NOW_MS), LINK_OK);
    assert_int_equal(confirm(1, 1, NOW_MS), LINK_ANSWERED);
    assert_int_equal(answer(1, 1, NOW_MS), LINK_OK);
    assert_int_equal(answer(1, 1, NOW_MS), LINK_ANSWERED);
    assert_int_equal(confirm(1, 1, NOW_MS), LINK_OK);
    assert_int_equal(confirm(1, 1, NOW_MS), LINK_ANSWERED);
    assert_int_equal(get(1, 1, NOW_MS), LINK_OK);
    assert_true(found->answered && found->confirmed);
    assert_int_equal(found->answer_share[0], 7);
    assert_int_equal(found->answer_tag[0], 8);
    assert_int_equal(found->tag[0], 9);
    assert_true(teal_bytes_equal(found->device.name, teal_text("a new phone")));
    assert_ptr_equal(found->device.name.at, found->name_room);
}

static void test_only_its_account_sees_it(void **state)
{
    (void)state;
    assert_int_equal(put(1, 1, 1, NOW_MS), LINK_OK);
    assert_int_equal(put(2, 1, 1, NOW_MS), LINK_TAKEN);
    assert_int_equal(get(2, 1, NOW_MS), LINK_NONE);
    assert_int_equal(answer(2, 1, NOW_MS), LINK_NONE);
    assert_int_equal(link_requests_list(links, account(2), NOW_MS, found), 0);
    assert_int_equal(link_requests_drop(links, account(2), test_device_of(1).id, NOW_MS),
                     LINK_NONE);
    assert_int_equal(link_requests_list(links, account(1), NOW_MS, found), 1);
    assert_int_equal(link_requests_drop(links, account(1), test_device_of(1).id, NOW_MS), LINK_OK);
    assert_int_equal(get(1, 1, NOW_MS), LINK_NONE);
}

/* A code can be guessed at three times, whoever guesses. */
static void test_three_rounds(void **state)
{
    (void)state;
    for (uint8_t round = 1; round <= LINK_ROUNDS; round++) {
        assert_int_equal(put(1, 1, round, NOW_MS), LINK_OK);
        assert_int_equal(put(1, 1, round, NOW_MS), LINK_OK); /* the same round, said again */
        assert_int_equal(answer(1, 1, NOW_MS), LINK_OK);
    }
    assert_int_equal(put(1, 1, LINK_ROUNDS + 1, NOW_MS), LINK_SPENT);
    assert_int_equal(get(1, 1, NOW_MS), LINK_OK);
    assert_true(found->answered);
    assert_int_equal(found->share[0], LINK_ROUNDS);
}

static void test_another_key_is_another_device(void **state)
{
    (void)state;
    int64_t expires_ms;
    assert_int_equal(put(1, 1, 1, NOW_MS), LINK_OK);
    link_request swapped = request(1, 1, 2);
    swapped.device.signing_key[0] ^= 1;
    assert_int_equal(link_requests_put(links, &swapped, NOW_MS, &expires_ms), LINK_TAKEN);
    assert_int_equal(get(1, 1, NOW_MS), LINK_OK);
    assert_int_equal(found->share[0], 1);
}

static void test_ten_minutes(void **state)
{
    (void)state;
    assert_int_equal(put(1, 1, 1, NOW_MS), LINK_OK);
    assert_int_equal(put(1, 2, 1, NOW_MS + 1), LINK_OK);
    assert_int_equal(put(1, 1, 2, NOW_MS + LINK_LIFE_MS - 1), LINK_OK); /* lives no longer for it */
    assert_int_equal(get(1, 1, NOW_MS + LINK_LIFE_MS - 1), LINK_OK);
    assert_int_equal(answer(1, 1, NOW_MS + LINK_LIFE_MS), LINK_NONE);
    assert_int_equal(get(1, 2, NOW_MS + LINK_LIFE_MS), LINK_OK);
    assert_ptr_equal(found->device.name.at, found->name_room);
}

static void test_bounds(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < LINK_REQUESTS_OF_ACCOUNT; i++)
        assert_int_equal(put(1, 1 + i, 1, NOW_MS), LINK_OK);
    assert_int_equal(put(1, 100, 1, NOW_MS), LINK_FULL);
    assert_int_equal(link_requests_list(links, account(1), NOW_MS, found),
                     LINK_REQUESTS_OF_ACCOUNT);
    assert_memory_equal(found[0].device.id, test_device_of(1).id, TEAL_DEVICE_BYTES);
    for (size_t i = LINK_REQUESTS_OF_ACCOUNT; i < LINK_REQUESTS_MAX; i++)
        assert_int_equal(put((uint8_t)(2 + i / LINK_REQUESTS_OF_ACCOUNT), 1000 + i, 1, NOW_MS),
                         LINK_OK);
    assert_int_equal(put(1, 100, 1, NOW_MS), LINK_FULL);
    assert_int_equal(put(200, 100, 1, NOW_MS), LINK_OVERLOADED);
    assert_int_equal(put(200, 100, 1, NOW_MS + LINK_LIFE_MS), LINK_OK);
}

#define ON_LINKS(test) cmocka_unit_test_setup_teardown(test, open_links, close_links)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_LINKS(test_a_request_is_answered_and_confirmed),
        ON_LINKS(test_only_its_account_sees_it),
        ON_LINKS(test_three_rounds),
        ON_LINKS(test_another_key_is_another_device),
        ON_LINKS(test_ten_minutes),
        ON_LINKS(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
