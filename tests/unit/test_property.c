/* The property runner: that it finds what is false, makes it as small as is known beforehand, and
 * can show it again. */
#include "tests/support/property.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEEDS = 20 };

static const char *wrong_if(bool claim)
{
    return claim ? property_wrong("so it is") : NULL;
}

/* --- claims that are false, and the smallest case of each --------------------------------------
 */

static const char *below_1000(test_random *r)
{
    return wrong_if(test_random_below(r, 1000000) >= 1000);
}

static const char *never_all_ones(test_random *r)
{
    return wrong_if((test_random_u64(r) & 0xff) == 0xff);
}

/* The choices before the one that counts are no part of it. */
static const char *last_of_three_is_even(test_random *r)
{
    (void)test_random_u64(r);
    (void)test_random_u64(r);
    return wrong_if(test_random_u64(r) % 2 == 1);
}

static const char *no_octet_above_100(test_random *r)
{
    size_t n = test_random_below(r, 300);
    bool found = false;
    for (; n > 0; n--)
        found |= test_random_u8(r) > 100;
    return wrong_if(found);
}

static const char *fewer_than_7_octets(test_random *r)
{
    uint8_t room[1024];
    teal_arena arena = { room, sizeof room, 0 };
    return wrong_if(test_random_bytes(r, &arena, 0, 300).len >= 7);
}

/* Elements of two choices each; one that counts may stand anywhere. */
static const char *no_pair_in_order(test_random *r)
{
    bool found = false;
    for (size_t n = test_random_below(r, 60); n > 0; n--) {
        uint64_t a = test_random_below(r, 50), b = test_random_below(r, 50);
        found |= a >= 5 && b > a;
    }
    return wrong_if(found);
}

/* A list that is as long as the answers say. */
static const char *no_three_more(test_random *r)
{
    size_t n = 0;
    while (test_random_bool(r))
        n++;
    return wrong_if(n >= 3);
}

/* Two lists, of which the second has to keep its place when the first goes. */
static const char *second_list_lacks_x(test_random *r)
{
    static uint8_t room[4096];
    teal_arena arena = { room, sizeof room, 0 };
    (void)test_random_text(r, &arena, 0, 100, "abc");
    teal_bytes second = test_random_text(r, &arena, 0, 100, "abx");
    return wrong_if(second.len > 0 && memchr(second.at, 'x', second.len) != NULL);
}

static const char *always_false(test_random *r)
{
    (void)test_random_u64(r);
    return property_wrong("nothing is right");
}

#define CLAIM(claim) #claim, claim

static const struct {
    const char *name;
    property claim;
    const char *smallest; /* choices */
} rows[] = {
    { CLAIM(below_1000), "1000" },
    { CLAIM(never_all_ones), "255" },
    { CLAIM(last_of_three_is_even), "0*2,1" },
    { CLAIM(no_octet_above_100), "1,101" },
    { CLAIM(fewer_than_7_octets), "7" },
    { CLAIM(no_pair_in_order), "1,5,6" },
    { CLAIM(no_three_more), "1*3" },
    { CLAIM(second_list_lacks_x), "0,1,2" },
    { CLAIM(always_false), "" },
};

static void assert_choices(const test_choices *choices, const char *want)
{
    char text[1024];
    teal_writer out = { (uint8_t *)text, sizeof text - 1, 0 };
    property_choices_write(choices, &out);
    assert_true(teal_write_fits(&out));
    text[out.len] = '\0';
    assert_string_equal(text, want);
}

static void test_smallest(void **state)
{
    static property_failure failure;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint64_t seed = test_seed(); seed < test_seed() + SEEDS; seed++) {
            print_message("%s, %llu\n", rows[i].name, (unsigned long long)seed);
            assert_true(property_refute(rows[i].claim, seed, 10000, NULL, &failure));
            assert_choices(&failure.choices, rows[i].smallest);
            assert_false(failure.flaky);
        }
}

/* What is reported is said of the smallest case, not of the first that was found. */
static const char *says_its_value(test_random *r)
{
    uint64_t value = test_random_below(r, 1000000);
    return value >= 20 ? property_wrong("value %llu", (unsigned long long)value) : NULL;
}

static void test_says_smallest(void **state)
{
    static property_failure failure;
    (void)state;
    assert_true(property_refute(says_its_value, test_seed(), 1000, NULL, &failure));
    assert_string_equal(failure.wrong, "value 20");
}

/* --- what holds, and what proves nothing -------------------------------------------------------
 */

static const char *holds(test_random *r)
{
    return wrong_if(test_random_below(r, 10) > 9);
}

static const char *odd_is_moot(test_random *r)
{
    return test_random_below(r, 100) % 2 == 1 ? property_moot : NULL;
}

static void test_holds(void **state)
{
    static property_failure failure;
    size_t moot = 1;
    (void)state;
    assert_false(property_refute(holds, test_seed(), 1000, &moot, &failure));
    assert_int_equal(moot, 0);
    assert_false(property_refute(odd_is_moot, test_seed(), 1000, &moot, &failure));
    assert_in_range(moot, 300, 700);
    assert_property(holds, 100);
}

static const char *only_once(test_random *r)
{
    static bool before;
    bool first = !before;
    (void)test_random_u64(r);
    before = true;
    return wrong_if(first);
}

static void test_flaky(void **state)
{
    static property_failure failure;
    (void)state;
    assert_true(property_refute(only_once, test_seed(), 10, NULL, &failure));
    assert_true(failure.flaky);
    assert_string_equal(failure.wrong, "so it is");
}

/* --- the source of the choices -----------------------------------------------------------------
 */

static void test_replay(void **state)
{
    static test_choices first, second;
    uint8_t a[100], b[sizeof a];
    (void)state;
    test_random r = test_random_recorded(test_seed(), &first);
    test_random_fill(&r, a, sizeof a);
    uint64_t last = test_random_u64(&r);
    assert_int_equal(first.n, sizeof a + 1);
    r = test_random_replayed(&first, &second);
    test_random_fill(&r, b, sizeof b);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(test_random_u64(&r), last);
    assert_int_equal(test_random_u64(&r), 0); /* none is left */
    assert_int_equal(second.n, first.n + 1);
}

static void test_replay_within_bounds(void **state)
{
    static test_choices given, used;
    (void)state;
    assert_true(property_choices_read("1000,3", &given));
    test_random r = test_random_replayed(&given, &used);
    assert_int_equal(test_random_below(&r, 7), 6);
    assert_int_equal(test_random_between(&r, 10, 20), 13);
    assert_choices(&used, "6,3");
}

/* Without a record nothing changes: published vectors are made of these. */
static void test_same_of_seed(void **state)
{
    (void)state;
    test_random a = test_random_of(7), b = test_random_of(7), c = test_random_of(8);
    uint64_t value = test_random_u64(&a);
    assert_int_equal(test_random_u64(&b), value);
    assert_int_not_equal(test_random_u64(&c), value);
}

static void test_choices_as_text(void **state)
{
    static const char *const good[] = { "",       "0",    "7",
                                        "1,2,3",  "0*31", "5,0*2,18446744073709551615",
                                        "1*65536" };
    static const char *const bad[] = { ",",       "1,",       ",1", "x",    "1*",
                                       "1*0",     "-1",       "1 ", "1,,2", "18446744073709551616",
                                       "1*65537", "1*65536,1" };
    static test_choices choices;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(property_choices_read(good[i], &choices));
        assert_choices(&choices, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        print_message("%s\n", bad[i]);
        assert_false(property_choices_read(bad[i], &choices));
    }
}

static void test_differ(void **state)
{
    (void)state;
    assert_null(property_differ(teal_text("same"), teal_text("same")));
    assert_string_equal(property_differ(teal_text("a\nc"), teal_text("a\nbd")),
                        "3 octets, not 4; from 2 on differs\n    got  a\\x0ac\n"
                        "    want a\\x0abd");
    assert_non_null(property_differ((teal_bytes){ 0 }, teal_text("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest),     cmocka_unit_test(test_says_smallest),
        cmocka_unit_test(test_holds),        cmocka_unit_test(test_flaky),
        cmocka_unit_test(test_replay),       cmocka_unit_test(test_replay_within_bounds),
        cmocka_unit_test(test_same_of_seed), cmocka_unit_test(test_choices_as_text),
        cmocka_unit_test(test_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
