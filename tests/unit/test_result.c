/* Every result has words of its own. */
#include "codecs/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_texts(void **state)
{
    (void)state;
    assert_string_equal(teal_result_text((teal_result)(TEAL_FORGED + 1)), "no result");
    for (int i = TEAL_OK; i <= TEAL_FORGED; i++) {
        assert_true(strlen(teal_result_text((teal_result)i)) > 0);
        for (int before = TEAL_OK; before < i; before++)
            assert_string_not_equal(teal_result_text((teal_result)i),
                                    teal_result_text((teal_result)before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
