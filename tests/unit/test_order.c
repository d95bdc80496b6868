/* Which of two views comes first. */
#include "codecs/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
