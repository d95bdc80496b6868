/* Token buckets under a clock that the test turns: who waits how long, and what a table that is
 * full does. REQ-LIM-1, -4. */
#include "gateway/edge/rate_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { BUCKETS = 64, START_MS = 1000000 };

static const rate_limit_policy sixty = { 60, 10 }; /* one a second, ten at once */

static rate_limit *limit;

static int open_limit(void **state)
{
    (void)state;
    limit = rate_limit_open(BUCKETS);
    return 0;
}

static int close_limit(void **state)
{
    (void)state;
    rate_limit_close(&limit);
    assert_null(limit);
    return 0;
}

static rate_limit_state take(const char *who, int64_t at_ms)
{
    return rate_limit_take(limit, 1, teal_text(who), &sixty, 1, START_MS + at_ms);
}

static void drain(const char *who, int64_t at_ms)
{
    while (take(who, at_ms).granted)
        ;
}

static void test_a_burst_then_one_by_one(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        rate_limit_state s = take("a", 0);
        assert_true(s.granted);
        assert_int_equal(s.remaining, 9 - i);
        assert_int_equal(s.quota, 10);
        assert_int_equal(s.window_s, 10);
        assert_int_equal(s.wait_ms, 1000);
    }
    rate_limit_state s = take("a", 0);
    assert_false(s.granted);
    assert_int_equal(s.remaining, 0);
    assert_int_equal(s.wait_ms, 1000);
    s = take("a", 300);
    assert_false(s.granted);
    assert_int_equal(s.wait_ms, 700); /* what was refused costs nothing */
    assert_false(take("a", 999).granted);
    assert_true(take("a", 1000).granted);
    assert_false(take("a", 1000).granted);
    assert_true(take("a", 3500).granted);
    assert_true(take("a", 3500).granted);
    assert_false(take("a", 3500).granted);
}

static void test_a_bucket_never_holds_more_than_it_can(void **state)
{
    (void)state;
    drain("a", 0);
    int n = 0;
    while (take("a", 1000000).granted)
        n++;
    assert_int_equal(n, 10);
}

static void test_callers_are_apart(void **state)
{
    (void)state;
    drain("a", 0);
    assert_true(take("b", 0).granted);
    assert_true(rate_limit_take(limit, 2, teal_text("a"), &sixty, 1, START_MS).granted);
    assert_false(take("a", 0).granted);
}

static void test_looking_costs_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(rate_limit_take(limit, 1, teal_text("a"), &sixty, 0, START_MS).granted);
    drain("a", 0);
    assert_false(rate_limit_take(limit, 1, teal_text("a"), &sixty, 0, START_MS).granted);
}

static void test_a_clock_that_is_set_back_locks_nobody_out(void **state)
{
    (void)state;
    drain("a", 0);
    rate_limit_state s = take("a", -500000);
    assert_false(s.granted);
    assert_int_equal(s.wait_ms, 1000);
    drain("b", 0);
    take("b", -500000);
    assert_false(take("b", -500000).granted); /* nor is it a way to have more */
}

/* REQ-LIM-4: what was used under one policy counts under the next. */
static void test_another_policy(void **state)
{
    (void)state;
    const rate_limit_policy slow = { 6, 20 }, fast = { 6000, 1 }, least = { 1, 1 };
    drain("a", 0);
    rate_limit_state s = rate_limit_take(limit, 1, teal_text("a"), &slow, 1, START_MS);
    assert_true(s.granted); /* ten seconds of twenty are used */
    assert_int_equal(s.quota, 2);
    assert_int_equal(s.window_s, 20);
    assert_false(rate_limit_take(limit, 1, teal_text("a"), &slow, 1, START_MS).granted);
    assert_false(rate_limit_take(limit, 1, teal_text("a"), &fast, 1, START_MS).granted);
    assert_true(rate_limit_take(limit, 1, teal_text("b"), &fast, 1, START_MS).granted);
    s = rate_limit_take(limit, 1, teal_text("c"), &least, 1, START_MS);
    assert_true(s.granted); /* one token at least */
    assert_int_equal(s.quota, 1);
    assert_int_equal(s.window_s, 60);
}

static void name(char out[static 16], int i)
{
    snprintf(out, 16, "%d", i);
}

/* Whoever fills the table does not get the buckets of others emptied or forgotten. */
static void test_a_table_that_is_full(void **state)
{
    (void)state;
    char who[16];
    drain("victim", 0);
    int granted = 0;
    for (int i = 0; i < 10000; i++) {
        name(who, i);
        granted += take(who, 0).granted;
    }
    assert_in_range(granted, 1, BUCKETS + 10); /* a bucket each, and the shared one's ten */
    assert_false(take("victim", 0).granted);
    assert_false(take("another", 0).granted); /* shares with the rest */
    assert_true(take("another", 1000).granted);
    /* What is full is not kept: ten seconds on, all have room. */
    granted = 0;
    for (int i = 0; i < BUCKETS / 4; i++) {
        name(who, 20000 + i);
        granted += take(who, 20000).granted;
    }
    assert_int_equal(granted, BUCKETS / 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_limit, close_limit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_burst_then_one_by_one),
        TEST(test_a_bucket_never_holds_more_than_it_can),
        TEST(test_callers_are_apart),
        TEST(test_looking_costs_nothing),
        TEST(test_a_clock_that_is_set_back_locks_nobody_out),
        TEST(test_another_policy),
        TEST(test_a_table_that_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
