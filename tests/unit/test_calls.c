/* The queue of calls, without threads: order, bounds, keys, tickets, deadlines. */
#include "gateway/edge/calls.h"

#include "gateway/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t alice[REST_KEY_BYTES] = "alice", bob[REST_KEY_BYTES] = "bob";

static calls_entry parked_until(const uint8_t *key, int64_t deadline_ms)
{
    calls_entry e = { .deadline_ms = deadline_ms };
    memcpy(e.key, key, sizeof e.key);
    return e;
}

static void test_first_come_first_served_within_the_bound(void **state)
{
    (void)state;
    calls *c = calls_open(2);
    calls_entry e[3] = { 0 };
    assert_true(calls_push(c, &e[0]));
    assert_true(calls_push(c, &e[1]));
    assert_false(calls_push(c, &e[2]));
    assert_ptr_equal(calls_next(c), &e[0]);
    assert_true(calls_push(c, &e[2]));
    assert_ptr_equal(calls_next(c), &e[1]);
    assert_ptr_equal(calls_next(c), &e[2]);
    assert_int_equal(e[2].turn, REST_FIRST);
    calls_close(&c);
}

static void test_a_wake_reaches_its_own_key_only(void **state)
{
    (void)state;
    calls *c = calls_open(4);
    int64_t later = clock_monotonic_ms() + 60000;
    calls_entry a1 = parked_until(alice, later), b = parked_until(bob, later),
                a2 = parked_until(alice, later);
    calls_park(c, &a1, calls_ticket(c, alice));
    calls_park(c, &b, calls_ticket(c, bob));
    calls_park(c, &a2, calls_ticket(c, alice));
    calls_wake(c, alice);
    calls_stop(c);
    calls_entry *first = calls_next(c), *second = calls_next(c);
    assert_true((first == &a1 && second == &a2) || (first == &a2 && second == &a1));
    assert_int_equal(first->turn, REST_WOKEN);
    assert_null(calls_next(c));
    calls_expire_all(c);
    assert_ptr_equal(calls_next(c), &b);
    assert_int_equal(b.turn, REST_TIMED_OUT);
    calls_close(&c);
}

static void test_a_wake_after_the_ticket_is_not_lost(void **state)
{
    (void)state;
    calls *c = calls_open(1);
    calls_entry e = parked_until(alice, clock_monotonic_ms() + 60000);
    uint64_t ticket = calls_ticket(c, alice);
    calls_wake(c, alice);
    calls_park(c, &e, ticket);
    assert_ptr_equal(calls_next(c), &e);
    assert_int_equal(e.turn, REST_WOKEN);
    calls_close(&c);
}

static void test_deadlines_expire_in_their_order(void **state)
{
    (void)state;
    calls *c = calls_open(1);
    int64_t now = clock_monotonic_ms();
    calls_entry e[4] = { parked_until(alice, now + 30), parked_until(bob, now + 10),
                         parked_until(alice, now + 20), parked_until(bob, now + 60000) };
    for (size_t i = 0; i < 4; i++)
        calls_park(c, &e[i], calls_ticket(c, e[i].key));
    assert_ptr_equal(calls_next(c), &e[1]);
    assert_ptr_equal(calls_next(c), &e[2]);
    assert_ptr_equal(calls_next(c), &e[0]);
    assert_int_equal(e[0].turn, REST_TIMED_OUT);
    assert_true(clock_monotonic_ms() >= now + 30);
    calls_wake(c, bob);
    assert_ptr_equal(calls_next(c), &e[3]);
    calls_close(&c);
}

static void test_whoever_parks_while_all_expire_is_handed_back(void **state)
{
    (void)state;
    calls *c = calls_open(1);
    calls_entry e = parked_until(alice, clock_monotonic_ms() + 60000);
    calls_expire_all(c);
    calls_park(c, &e, calls_ticket(c, alice));
    calls_stop(c);
    assert_ptr_equal(calls_next(c), &e);
    assert_int_equal(e.turn, REST_TIMED_OUT);
    assert_null(calls_next(c));
    calls_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come_first_served_within_the_bound),
        cmocka_unit_test(test_a_wake_reaches_its_own_key_only),
        cmocka_unit_test(test_a_wake_after_the_ticket_is_not_lost),
        cmocka_unit_test(test_deadlines_expire_in_their_order),
        cmocka_unit_test(test_whoever_parks_while_all_expire_is_handed_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
