/* Date-times against RFC 3339, RFC 3862, captures of RCS peers, and a second way to count days. */
#include "codecs/rcs/datetime.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
    const char *name, *in;
    int64_t ms;
} good[] = {
    { "3339 section 5.8, fraction", "1985-04-12T23:20:50.52Z", 482196050520 },
    { "3339 section 5.8, offset", "1996-12-19T16:39:57-08:00", 851042397000 },
    { "3339 section 5.8, leap second", "1990-12-31T23:59:60Z", 662688000000 },
    { "3339 section 5.8, leap second by offset", "1990-12-31T15:59:60-08:00", 662688000000 },
    { "3339 section 5.8, Netherlands", "1937-01-01T12:00:27.87+00:20", -1041337172130 },
    { "3339 section 4.3, unknown offset", "1970-01-01T00:00:00-00:00", 0 },
    { "3339 section 5.6, small letters", "1970-01-01t00:00:00z", 0 },
    { "3862 section 5.1", "2000-12-13T13:40:00-08:00", 976743600000 },
    { "capture, UTC", "2015-02-17T06:54:27Z", 1424156067000 },
    { "capture, offset and fraction", "2020-10-24T10:24:11.270+08:00", 1603506251270 },
    { "canonical form", "2026-11-24T09:00:00.123Z", 1795510800123 },
    { "nine digits are cut", "1970-01-01T00:00:00.123999999Z", 123 },
    { "leap day of a fourth century", "2000-02-29T00:00:00Z", 951782400000 },
    { "first", "0000-01-01T00:00:00.000Z", TEAL_DATETIME_MIN_MS },
    { "last", "9999-12-31T23:59:59.999Z", TEAL_DATETIME_MAX_MS },
};

/* What RFC 3339 does not know, peers write, and can be read in one way only. */
static const struct {
    const char *name, *in;
    int64_t ms;
} tolerated[] = {
    { "capture, offset of one digit", "2018-02-16T01:42:50+5:30", 1518725570000 },
    { "8601 basic offset", "2018-02-16T01:42:50+0530", 1518725570000 },
    { "8601 offset of hours", "2018-02-16T01:42:50-05", 1518763370000 },
    { "offset of hours, one digit", "2018-02-16T01:42:50-5", 1518763370000 },
    { "3339 section 5.6, blank for T", "2018-02-16 01:42:50Z", 1518745370000 },
    { "8601 comma", "2018-02-16T01:42:50,5Z", 1518745370500 },
};

static const struct {
    const char *name, *in;
    teal_result want;
} bad[] = {
    { "empty", "", TEAL_MALFORMED },
    { "no offset", "2026-11-24T09:00:00", TEAL_MALFORMED },
    { "month 0", "2026-00-24T09:00:00Z", TEAL_MALFORMED },
    { "month 13", "2026-13-24T09:00:00Z", TEAL_MALFORMED },
    { "day 0", "2026-11-00T09:00:00Z", TEAL_MALFORMED },
    { "day 31 of November", "2026-11-31T09:00:00Z", TEAL_MALFORMED },
    { "leap day of no leap year", "2025-02-29T09:00:00Z", TEAL_MALFORMED },
    { "leap day of a first century", "1900-02-29T09:00:00Z", TEAL_MALFORMED },
    { "hour 24", "2026-11-24T24:00:00Z", TEAL_MALFORMED },
    { "minute 60", "2026-11-24T09:60:00Z", TEAL_MALFORMED },
    { "second 61", "2026-11-24T09:00:61Z", TEAL_MALFORMED },
    { "no digit in the fraction", "2026-11-24T09:00:00.Z", TEAL_MALFORMED },
    { "ten digits in the fraction", "2026-11-24T09:00:00.1234567890Z", TEAL_MALFORMED },
    { "offset 24:00", "2026-11-24T09:00:00+24:00", TEAL_MALFORMED },
    { "offset minute 60", "2026-11-24T09:00:00+01:60", TEAL_MALFORMED },
    { "two blanks for T", "2026-11-24  09:00:00Z", TEAL_MALFORMED },
    { "NUL for T",
      "2026-11-24\0"
      "09:00:00Z",
      TEAL_MALFORMED },
    { "point and comma", "2026-11-24T09:00:00.,5Z", TEAL_MALFORMED },
    { "offset of three digits", "2026-11-24T09:00:00+130", TEAL_MALFORMED },
    { "offset of three digits, hour 53", "2026-11-24T09:00:00+530", TEAL_MALFORMED },
    { "offset of five digits", "2026-11-24T09:00:00+01300", TEAL_MALFORMED },
    { "offset with one digit of minutes", "2026-11-24T09:00:00+01:3", TEAL_MALFORMED },
    { "offset with a colon and nothing", "2026-11-24T09:00:00+01:", TEAL_MALFORMED },
    { "offset without digits", "2026-11-24T09:00:00+", TEAL_MALFORMED },
    { "offset of minutes only", "2026-11-24T09:00:00+:30", TEAL_MALFORMED },
    { "five digits of year", "12026-11-24T09:00:00Z", TEAL_MALFORMED },
    { "signed field", "2026-+1-24T09:00:00Z", TEAL_MALFORMED },
    { "trailing blank", "2026-11-24T09:00:00Z ", TEAL_MALFORMED },
    { "before year 0", "0000-01-01T00:00:00+00:01", TEAL_LIMIT },
    { "after year 9999", "9999-12-31T23:59:00-00:01", TEAL_LIMIT },
    { "leap second after year 9999", "9999-12-31T23:59:60Z", TEAL_LIMIT },
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        print_message("%s\n", good[i].name);
        size_t len = strlen(good[i].in);
        bool offset = len > 6 && strchr("+-", good[i].in[len - 6]) != NULL;
        for (size_t n = 0; n <= len; n++) {
            int64_t ms = INT64_MIN;
            uint8_t *copy = exact_copy(good[i].in, n);
            teal_result got = teal_datetime_decode((teal_bytes){ copy, n }, &ms, NULL);
            bool hours_only = offset && (n == len - 3 || n == len - 4); /* tolerated, see below */
            assert_int_equal(got, n == len || hours_only ? TEAL_OK : TEAL_MALFORMED);
            assert_true(n < len || ms == good[i].ms);
            assert_true(got == TEAL_OK || ms == INT64_MIN);
            free(copy);
        }
    }
}

static void test_tolerated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tolerated / sizeof tolerated[0]; i++) {
        print_message("%s\n", tolerated[i].name);
        int64_t ms;
        uint8_t *copy = exact_copy(tolerated[i].in, strlen(tolerated[i].in));
        teal_bytes in = { copy, strlen(tolerated[i].in) };
        assert_int_equal(teal_datetime_decode(in, &ms, NULL), TEAL_OK);
        assert_true(ms == tolerated[i].ms);
        free(copy);
    }
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        print_message("%s\n", bad[i].name);
        int64_t ms;
        teal_diag why = { 0 };
        assert_int_equal(teal_datetime_decode(teal_text(bad[i].in), &ms, &why), bad[i].want);
        assert_memory_equal(why.rule, "REQ-CPIM-2", 10);
        assert_true(why.at <= strlen(bad[i].in));
    }
}

/* Walks every day of ten thousand years with a calendar of its own. */
static void test_every_day(void **state)
{
    (void)state;
    static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = 0, month = 1, day = 1;
    for (int64_t ms = TEAL_DATETIME_MIN_MS; ms <= TEAL_DATETIME_MAX_MS; ms += 86400000) {
        char want[64];
        uint8_t text[24];
        snprintf(want, sizeof want, "%04d-%02d-%02dT00:00:00.000Z", year, month, day);
        teal_writer w = { text, sizeof text, 0 };
        assert_int_equal(teal_datetime_encode(ms, &w), TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), teal_text(want)));
        int64_t back;
        assert_int_equal(teal_datetime_decode(teal_written(&w), &back, NULL), TEAL_OK);
        assert_true(back == ms);
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (++day > length[month - 1] + (month == 2 && leap)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
    assert_int_equal(year, 10000);
}

static void test_encode_range(void **state)
{
    (void)state;
    uint8_t text[24];
    teal_writer w = { text, sizeof text, 0 };
    assert_int_equal(teal_datetime_encode(TEAL_DATETIME_MAX_MS + 1, &w), TEAL_LIMIT);
    assert_int_equal(teal_datetime_encode(TEAL_DATETIME_MIN_MS - 1, &w), TEAL_LIMIT);
    assert_int_equal(teal_datetime_encode(INT64_MIN, &w), TEAL_LIMIT);
    assert_int_equal(w.len, 0);
    assert_int_equal(teal_datetime_encode(1795510800123, &w), TEAL_OK);
    assert_true(teal_bytes_equal(teal_written(&w), teal_text("2026-11-24T09:00:00.123Z")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_tolerated),
        cmocka_unit_test(test_bad),          cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_encode_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
