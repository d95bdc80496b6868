/* Whether what is logged stays one line, whatever the values hold. */
#include "gateway/log.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIME_CHARS = sizeof "2026-11-24T09:00:00.123Z" - 1 };

static char captured[8192];
static int capture_fd, saved_fd;

static void begin_capture(void)
{
    capture_fd = memfd_create("log", MFD_CLOEXEC);
    saved_fd = dup(STDERR_FILENO);
    assert_true(capture_fd >= 0 && saved_fd >= 0);
    dup2(capture_fd, STDERR_FILENO);
}

static const char *end_capture(void)
{
    dup2(saved_fd, STDERR_FILENO);
    ssize_t n = pread(capture_fd, captured, sizeof captured - 1, 0);
    assert_true(n >= 0);
    captured[n] = '\0';
    close(saved_fd);
    close(capture_fd);
    return captured;
}

static const char *log_value(bool json, const char *value)
{
    begin_capture();
    log_setup(LOG_INFO, json, "edge");
    log_event(LOG_WARN, "test.value", "v", value, NULL);
    return end_capture();
}

static void plain_lines(void **state)
{
    static const struct {
        const char *name, *value, *want;
    } rows[] = {
        { "bare", "abc-1.5/x", " warn edge test.value v=abc-1.5/x\n" },
        { "empty", "", " warn edge test.value v=\"\"\n" },
        { "space", "a b", " warn edge test.value v=\"a b\"\n" },
        { "another pair", "a level=error", " warn edge test.value v=\"a level=error\"\n" },
        { "equals sign alone", "a=b", " warn edge test.value v=\"a=b\"\n" },
        { "quote", "a\" b=\"c", " warn edge test.value v=\"a\\\" b=\\\"c\"\n" },
        { "backslash", "a\\n", " warn edge test.value v=\"a\\\\n\"\n" },
        { "newline", "a\n2026 error", " warn edge test.value v=\"a\\u000a2026 error\"\n" },
        { "carriage return", "a\rb", " warn edge test.value v=\"a\\u000db\"\n" },
        { "terminal escape", "\x1b[31m", " warn edge test.value v=\"\\u001b[31m\"\n" },
        { "C1 control", "\xc2\x9b", " warn edge test.value v=\"\\u009b\"\n" },
        { "delete", "\x7f", " warn edge test.value v=\"\\u007f\"\n" },
        { "right-to-left override", "\xe2\x80\xae", " warn edge test.value v=\"\\u202e\"\n" },
        { "beyond the BMP", "\xf0\x9f\x98\x80", " warn edge test.value v=\"\\ud83d\\ude00\"\n" },
        { "not UTF-8", "\xff\xc0", " warn edge test.value v=\"\\ufffd\\ufffd\"\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *line = log_value(false, rows[i].value);
        if (strlen(line) < TIME_CHARS || strcmp(line + TIME_CHARS, rows[i].want) != 0)
            fail_msg("%s: got %s", rows[i].name, line);
    }
}

static void json_lines(void **state)
{
    static const struct {
        const char *name, *value, *want;
    } rows[] = {
        { "quote", "a\",\"level\":\"x", "a\",\"level\":\"x" },
        { "newline", "a\nb", "a\nb" },
        { "backslash", "\\u0041", "\\u0041" },
        { "beyond the BMP", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "not UTF-8", "\xff", "\xef\xbf\xbd" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *line = log_value(true, rows[i].value);
        json_error_t why;
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &why);
        if (object == NULL || strchr(line, '\n') != line + strlen(line) - 1)
            fail_msg("%s: %s in %s", rows[i].name, why.text, line);
        assert_string_equal(json_string_value(json_object_get(object, "v")), rows[i].want);
        assert_string_equal(json_string_value(json_object_get(object, "level")), "warn");
        assert_string_equal(json_string_value(json_object_get(object, "process")), "edge");
        assert_string_equal(json_string_value(json_object_get(object, "event")), "test.value");
        json_decref(object);
    }
}

/* Values that grow sixfold when escaped, more of them than a line holds. */
static void long_lines_are_cut(void **state)
{
    (void)state;
    char long_value[3000];
    memset(long_value, 1, sizeof long_value - 1);
    long_value[sizeof long_value - 1] = '\0';
    for (int json = 0; json < 2; json++) {
        begin_capture();
        log_setup(LOG_INFO, json == 1, "edge");
        log_event(LOG_INFO, "test.long", "a", long_value, "b", long_value, "c", "d", NULL);
        const char *line = end_capture();
        assert_true(strlen(line) <= 4096);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        assert_non_null(strstr(line, json == 1 ? "\"cut\":\"true\"}\n" : " cut=true\n"));
        if (json == 1) {
            json_t *object = json_loads(line, 0, NULL);
            assert_non_null(object);
            json_decref(object);
        }
    }
}

static void quieter_levels_are_left_out(void **state)
{
    (void)state;
    begin_capture();
    log_setup(LOG_WARN, false, "edge");
    log_event(LOG_INFO, "test.info", NULL);
    log_event(LOG_ERROR, "test.error", NULL);
    const char *text = end_capture();
    assert_null(strstr(text, "test.info"));
    assert_non_null(strstr(text, "test.error"));
}

static void handles_are_hashed(void **state)
{
    (void)state;
    char first[32], again[32], other[32], odd[32];
    log_setup(LOG_INFO, false, "edge");
    log_handle(first, teal_text("tel:+14155550100"));
    log_handle(again, teal_text("tel:+14155550100"));
    log_handle(other, teal_text("tel:+14155550101"));
    log_handle(odd, teal_text("+14155550100:"));
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    assert_int_equal(strlen(first), strlen("tel:") + 8);
    assert_memory_equal(first, "tel:", 4);
    assert_memory_equal(odd, "?:", 2);

    log_setup(LOG_INFO, false, "edge"); /* as another process would: another key */
    log_handle(again, teal_text("tel:+14155550100"));
    assert_string_not_equal(first, again);
}

static void numbers_and_hex(void **state)
{
    (void)state;
    char number[24], hex[5];
    assert_string_equal(log_number(number, INT64_MIN), "-9223372036854775808");
    assert_string_equal(log_hex(hex, sizeof hex, teal_text("\x01\xab\xff")), "01ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines),        cmocka_unit_test(json_lines),
        cmocka_unit_test(long_lines_are_cut), cmocka_unit_test(quieter_levels_are_left_out),
        cmocka_unit_test(handles_are_hashed), cmocka_unit_test(numbers_and_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
