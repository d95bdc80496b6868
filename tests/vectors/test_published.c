/* The published vectors are what the codecs make today, octet for octet. What the vectors say is
 * checked while they are made. A test that fails here means either that the protocol has changed,
 * which others have to be told of, or that `make vectors` was forgotten. Runs from the project's
 * folder. */
#include "tests/support/published/published.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

enum { MAX_FILE = 4 << 20 };

static char *read_published(const char *name)
{
    char path[128], *text = malloc(MAX_FILE);
    assert_non_null(text);
    snprintf(path, sizeof path, "proto/vectors/%s", name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        fail_msg("%s: cannot be read", path);
    size_t len = fread(text, 1, MAX_FILE - 1, f);
    assert_true(feof(f));
    fclose(f);
    text[len] = '\0';
    return text;
}

/* Both texts at the first line in which they differ: a whole file would be no message. */
static void assert_same_text(const char *name, const char *made, const char *published)
{
    size_t at = 0, line = 1, start = 0;
    for (; made[at] == published[at] && made[at] != '\0'; at++)
        if (made[at] == '\n') {
            line++;
            start = at + 1;
        }
    if (made[at] != published[at])
        fail_msg("%s differs in line %zu:\n published %.*s\n made      %.*s", name, line,
                 (int)strcspn(published + start, "\n"), published + start,
                 (int)strcspn(made + start, "\n"), made + start);
}

static void test_are_what_is_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < published_count; i++) {
        char *made = published_text(&published_files[i]);
        char *published = read_published(published_files[i].name);
        assert_same_text(published_files[i].name, made, published);
        free(published);
        free(made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_are_what_is_made) };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
