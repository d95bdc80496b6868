/* Structured fields against RFC 8941: what its grammar takes, in the form in which it is written
 * again, and what it refuses. */
#include "gateway/structured_field.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 << 10 };

typedef struct row {
    const char *name, *in;
    const char *again; /* canonical; NULL: refused */
    teal_result want;
} row;

static const row items[] = {
    { "8941 3.3.1 integer", "42", "42", TEAL_OK },
    { "8941 3.3.1 negative", "-42", "-42", TEAL_OK },
    { "8941 4.2.4 leading zeros", "0042", "42", TEAL_OK },
    { "8941 4.2.4 minus nothing", "-0", "0", TEAL_OK },
    { "8941 3.3.1 fifteen digits", "999999999999999", "999999999999999", TEAL_OK },
    { "8941 4.2.4 sixteen digits", "9999999999999999", NULL, TEAL_MALFORMED },
    { "8941 4.2.4 sign alone", "-", NULL, TEAL_MALFORMED },
    { "8941 4.2.4 two signs", "--1", NULL, TEAL_MALFORMED },
    { "8941 3.3.2 decimal", "4.5", "4.5", TEAL_OK },
    { "8941 4.1.5 trailing zeros", "-1.500", "-1.5", TEAL_OK },
    { "8941 4.1.5 no fraction left", "1.000", "1.0", TEAL_OK },
    { "8941 4.1.5 zeros between", "0.005", "0.005", TEAL_OK },
    { "8941 3.3.2 twelve and three digits", "123456789012.123", "123456789012.123", TEAL_OK },
    { "8941 4.2.4 thirteen digits and a point", "1234567890123.1", NULL, TEAL_MALFORMED },
    { "8941 4.2.4 four digits behind the point", "1.1234", NULL, TEAL_MALFORMED },
    { "8941 4.2.4 point at the end", "1.", NULL, TEAL_MALFORMED },
    { "8941 4.2.4 point at the beginning", ".5", NULL, TEAL_MALFORMED },
    { "8941 3.3.3 string", "\"hello world\"", "\"hello world\"", TEAL_OK },
    { "8941 3.3.3 escapes", "\"b\\\"c\\\\d\"", "\"b\\\"c\\\\d\"", TEAL_OK },
    { "8941 3.3.3 empty", "\"\"", "\"\"", TEAL_OK },
    { "8941 4.2.5 other escape", "\"a\\n\"", NULL, TEAL_MALFORMED },
    { "8941 4.2.5 escape at the end", "\"a\\", NULL, TEAL_MALFORMED },
    { "8941 4.2.5 no end", "\"foo", NULL, TEAL_MALFORMED },
    { "8941 4.2.5 single quotes", "'foo'", NULL, TEAL_MALFORMED },
    { "8941 4.2.5 tabulator", "\"a\tb\"", NULL, TEAL_MALFORMED },
    { "8941 4.2.5 beyond ASCII", "\"f\xc3\xbc\"", NULL, TEAL_MALFORMED },
    { "8941 3.3.4 token", "foo123/456", "foo123/456", TEAL_OK },
    { "8941 3.3.4 star and colon", "*a:b", "*a:b", TEAL_OK },
    { "8941 4.2.6 comma behind it", "a,b", NULL, TEAL_MALFORMED },
    { "8941 3.3.5 bytes", ":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:",
      ":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:", TEAL_OK },
    { "8941 3.3.5 no bytes", "::", "::", TEAL_OK },
    { "8941 4.2.7 no end", ":aGVsbG8=", NULL, TEAL_MALFORMED },
    { "8941 4.2.7 white space", ":aGVsb G8=:", NULL, TEAL_MALFORMED },
    { "8941 4.2.7 foreign character", ":aGVsbG!8=:", NULL, TEAL_MALFORMED },
    { "REQ-SIG-9 no padding", ":aGVsbG8:", NULL, TEAL_MALFORMED },
    { "REQ-SIG-9 pad bits", ":iZ==:", NULL, TEAL_MALFORMED },
    { "8941 3.3.6 true", "?1", "?1", TEAL_OK },
    { "8941 3.3.6 false", "?0", "?0", TEAL_OK },
    { "8941 4.2.8 neither", "?2", NULL, TEAL_MALFORMED },
    { "8941 4.2.8 cut short", "?", NULL, TEAL_MALFORMED },
    { "8941 4.2 blanks around it", "  1  ", "1", TEAL_OK },
    { "8941 4.2 tabulator before it", "\t1", NULL, TEAL_MALFORMED },
    { "8941 4.2 nothing", "", NULL, TEAL_MALFORMED },
    { "8941 4.2 two", "1 2", NULL, TEAL_MALFORMED },
    { "8941 3.1.2 parameters", "5; foo=bar", "5;foo=bar", TEAL_OK },
    { "8941 3.1.2 true is left out", "a;b;c=?1;d=?0", "a;b;c;d=?0", TEAL_OK },
    { "8941 4.2.3.2 the last one counts, in its first place", "a;b=1;c=2;b=3", "a;b=3;c=2",
      TEAL_OK },
    { "8941 4.2.3.2 no key", "a;", NULL, TEAL_MALFORMED },
    { "8941 4.2.3.3 upper case", "a;B=1", NULL, TEAL_MALFORMED },
    { "8941 4.2.3.2 blank before =", "a;b =1", NULL, TEAL_MALFORMED },
    { "8941 4.2.3.2 blank before ;", "a ;b", NULL, TEAL_MALFORMED },
    { "8941 4.2.3.2 value missing", "a;b=", NULL, TEAL_MALFORMED },
};

static const row dictionaries[] = {
    { "8941 3.2",
      "en=\"Applepie\", da=:w4ZibGV0w6ZydGU=:", "en=\"Applepie\", da=:w4ZibGV0w6ZydGU=:", TEAL_OK },
    { "8941 3.2 booleans", "a=?0, b, c; foo=bar", "a=?0, b, c;foo=bar", TEAL_OK },
    { "8941 3.2 lists", "rating=1.5, feelings=(joy sadness)", "rating=1.5, feelings=(joy sadness)",
      TEAL_OK },
    { "8941 3.2 mixed", "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid",
      "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", TEAL_OK },
    { "8941 3.1.1 blanks in a list", "a=(  1   2  )", "a=(1 2)", TEAL_OK },
    { "8941 3.1.1 empty list", "a=()", "a=()", TEAL_OK },
    { "8941 3.1.1 parameters inside", "a=(\"foo\";a=1;b=2);lvl=5", "a=(\"foo\";a=1;b=2);lvl=5",
      TEAL_OK },
    { "8941 4.2.1.2 no end", "a=(1 2", NULL, TEAL_MALFORMED },
    { "8941 4.2.1.2 no blank between", "a=(1\"b\")", NULL, TEAL_MALFORMED },
    { "8941 4.2.1.2 comma inside", "a=(1, 2)", NULL, TEAL_MALFORMED },
    { "8941 4.2.1.2 list in a list", "a=((1))", NULL, TEAL_MALFORMED },
    { "8941 4.2.1.2 tabulator inside", "a=(1\t2)", NULL, TEAL_MALFORMED },
    { "8941 4.2 empty", "", "", TEAL_OK },
    { "8941 4.2.2 no blanks", "a=1,b=2", "a=1, b=2", TEAL_OK },
    { "8941 4.2.2 tabulators around the comma", "a=1\t,\tb=2", "a=1, b=2", TEAL_OK },
    { "8941 4.2.2 the last one counts, in its first place", "a=1,b=2,a=3", "a=3, b=2", TEAL_OK },
    { "8941 4.2.2 comma at the end", "a=1, b=2,", NULL, TEAL_MALFORMED },
    { "8941 4.2.2 comma at the beginning", ",a=1", NULL, TEAL_MALFORMED },
    { "8941 4.2.2 two commas", "a=1,,b=2", NULL, TEAL_MALFORMED },
    { "8941 4.2.2 no comma", "a=1 b=2", NULL, TEAL_MALFORMED },
    { "8941 4.2.2 blank before =", "a =1", NULL, TEAL_MALFORMED },
    { "8941 4.2.2 blank behind =", "a= 1", NULL, TEAL_MALFORMED },
    { "8941 4.2.3.3 key in upper case", "A=1", NULL, TEAL_MALFORMED },
    { "8941 4.2.3.3 key of digits", "1a=1", NULL, TEAL_MALFORMED },
    { "8941 4.2.3.3 characters of keys", "*a_b-c.d*0=1", "*a_b-c.d*0=1", TEAL_OK },
};

static teal_result read_item(teal_bytes in, teal_arena *arena, teal_writer *again, teal_diag *why)
{
    structured_item item;
    teal_result r = structured_read_item(in, arena, &item, why);
    if (r == TEAL_OK)
        structured_write_item(&item, again);
    return r;
}

static teal_result read_dictionary(teal_bytes in, teal_arena *arena, teal_writer *again,
                                   teal_diag *why)
{
    structured_dictionary d;
    teal_result r = structured_read_dictionary(in, arena, &d, why);
    if (r == TEAL_OK)
        structured_write_dictionary(&d, again);
    return r;
}

typedef teal_result reader(teal_bytes in, teal_arena *arena, teal_writer *again, teal_diag *why);

static void check(const row *wanted, reader *read)
{
    static uint8_t memory[ARENA_BYTES];
    uint8_t room[256];
    size_t len = strlen(wanted->in);
    uint8_t *in = exact_copy(wanted->in, len);
    teal_arena arena = { memory, sizeof memory, 0 };
    teal_writer again = { room, sizeof room, 0 };
    teal_diag why = { 0 };
    print_message("%s\n", wanted->name);
    assert_int_equal(read((teal_bytes){ in, len }, &arena, &again, &why), wanted->want);
    if (wanted->want == TEAL_OK) {
        assert_true(teal_bytes_equal(teal_written(&again), teal_text(wanted->again)));
    } else {
        assert_non_null(why.rule);
        assert_true(why.at <= len);
    }
    for (size_t cap = 0; cap < arena.used; cap++) { /* whatever room there is */
        teal_arena small = { exact_copy(memory, cap), cap, 0 };
        teal_writer nowhere = { 0 };
        teal_result r = read((teal_bytes){ in, len }, &small, &nowhere, &why);
        assert_true(r == wanted->want || r == TEAL_SPACE);
        free(small.base);
    }
    free(in);
}

static void test_items(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        check(&items[i], read_item);
}

static void test_dictionaries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dictionaries / sizeof dictionaries[0]; i++)
        check(&dictionaries[i], read_dictionary);
}

/* n of `piece`, numbered where it has a %zu, between two ends. */
static teal_bytes repeat(char *buf, size_t cap, const char *first, const char *piece, size_t n,
                         const char *last)
{
    size_t len = (size_t)snprintf(buf, cap, "%s", first);
    for (size_t i = 0; i < n; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        len += (size_t)snprintf(buf + len, cap - len, piece, i);
#pragma GCC diagnostic pop
    }
    len += (size_t)snprintf(buf + len, cap - len, "%s", last);
    assert_true(len < cap);
    return (teal_bytes){ (const uint8_t *)buf, len };
}

static void check_limit(const char *first, const char *piece, size_t most, const char *last)
{
    static uint8_t memory[ARENA_BYTES];
    char buf[1024];
    structured_dictionary d;
    teal_diag why = { 0 };
    for (size_t n = most; n <= most + 1; n++) {
        teal_arena arena = { memory, sizeof memory, 0 };
        teal_bytes in = repeat(buf, sizeof buf, first, piece, n, last);
        assert_int_equal(structured_read_dictionary(in, &arena, &d, &why),
                         n == most ? TEAL_OK : TEAL_LIMIT);
    }
}

static void test_limits(void **state)
{
    (void)state;
    check_limit("a", ";k%zu", STRUCTURED_MAX_PARAMETERS, "");
    check_limit("a=(", " %zu", STRUCTURED_MAX_ITEMS, ")");
    check_limit("z", ",k%zu", STRUCTURED_MAX_MEMBERS - 1, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_dictionaries),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
