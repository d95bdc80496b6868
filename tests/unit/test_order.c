/* Views in order, each once: against the C library's sort. */
#include "codecs/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/random.h"

enum { MAX = 300 };

static int compare(const void *a, const void *b)
{
    return teal_bytes_compare(*(const teal_bytes *)a, *(const teal_bytes *)b);
}

static void test_compare(void **state)
{
    (void)state;
    static const char *const rising[] = { "", "a", "aa", "ab", "b", "\xff" };
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++) {
            int order = teal_bytes_compare(teal_text(rising[i]), teal_text(rising[k]));
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

static void check(const teal_bytes *list, size_t n)
{
    teal_bytes want[MAX], got[MAX], distinct[MAX];
    memcpy(want, list, n * sizeof *list);
    memcpy(got, list, n * sizeof *list);
    memcpy(distinct, list, n * sizeof *list);
    qsort(want, n, sizeof *want, compare);
    teal_bytes_sort(got, n);
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(compare(&want[i], &got[i]), 0);
        if (i == 0 || compare(&want[i - 1], &want[i]) != 0)
            want[left++] = want[i];
    }
    assert_int_equal(teal_bytes_sort_distinct(distinct, n), left);
    for (size_t i = 0; i < left; i++)
        assert_int_equal(compare(&want[i], &distinct[i]), 0);
}

/* Short texts of few letters: many begin alike, many are equal. */
static void test_random_lists(void **state)
{
    (void)state;
    test_random s = test_random_of(test_seed());
    for (size_t round = 0; round < 400; round++) {
        uint8_t letters[4 * MAX];
        teal_bytes list[MAX + 1];
        size_t n = round < 8 ? round : test_random_below(&s, MAX + 1), used = 0;
        for (size_t i = 0; i < n; i++) {
            size_t len = test_random_below(&s, 4);
            for (size_t at = 0; at < len; at++)
                letters[used + at] = (uint8_t)test_random_below(&s, 3);
            list[i] = (teal_bytes){ letters + used, len };
            used += len;
        }
        check(list, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_random_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
