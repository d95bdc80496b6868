/* Properties of what all codecs stand on: base64, UTF-8, handles, times, orders, and what
 * people see of a text. */
#include "codecs/base64.h"
#include "codecs/handle.h"
#include "codecs/order.h"
#include "codecs/rcs/datetime.h"
#include "codecs/sms/grapheme.h"
#include "codecs/sms/mark.h"
#include "codecs/utf8.h"
#include "tests/support/envelopes.h"
#include "tests/support/recode.h"
#include "tests/support/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unigbrk.h>

static _Alignas(16) uint8_t room[64 << 10];
static uint8_t text[16 << 10];

static teal_arena fresh(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

static teal_writer output(void)
{
    return (teal_writer){ text, sizeof text, 0 };
}

/* --- base64 ------------------------------------------------------------------------------------
 */

static recoded recode_base64(teal_bytes in, teal_writer *out)
{
    uint8_t value[1024];
    teal_writer w = { value, sizeof value, 0 };
    recoded what = { 0 };
    what.decoded = teal_base64_decode(in, &w, &what.why);
    if (what.decoded == TEAL_OK)
        teal_base64_encode(teal_written(&w), out);
    return what;
}

static recoded recode_base64url(teal_bytes in, teal_writer *out)
{
    uint8_t value[1024];
    teal_writer w = { value, sizeof value, 0 };
    recoded what = { 0 };
    what.decoded = teal_base64url_decode(in, &w, &what.why);
    if (what.decoded == TEAL_OK)
        teal_base64url_encode(teal_written(&w), out);
    return what;
}

static const char *base64_comes_back(test_random *r)
{
    uint8_t value[256];
    teal_arena arena = fresh();
    teal_bytes in = test_random_bytes(r, &arena, 0, 200);
    teal_writer out = output(), url = { text + 512, 512, 0 }, w = { value, sizeof value, 0 };
    teal_base64_encode(in, &out);
    teal_base64url_encode(in, &url);
    return property_that(out.len == teal_base64_length(in.len))
               ?: property_that(url.len == teal_base64url_length(in.len))
               ?: property_ok(teal_base64_decode(teal_written(&out), &w, NULL), NULL)
               ?: property_differ(teal_written(&w), in)
               ?: recode_canonical(recode_base64, teal_written(&out))
               ?: recode_canonical(recode_base64url, teal_written(&url));
}

/* One value has one text: what is taken is what would have been written. */
static const char *base64_has_one_text(test_random *r)
{
    uint8_t again[512];
    teal_arena arena = fresh();
    bool url = test_random_bool(r);
    teal_bytes in = test_random_text(r, &arena, 0, 40, "AZaz09+/=-_Qg");
    teal_writer out = { again, sizeof again, 0 };
    recoded what = (url ? recode_base64url : recode_base64)(in, &out);
    return what.decoded == TEAL_OK ? property_differ(teal_written(&out), in) : property_moot;
}

static void test_base64(void **state)
{
    (void)state;
    assert_property(base64_comes_back, 2000);
    assert_property(base64_has_one_text, 5000);
}

/* --- UTF-8 -------------------------------------------------------------------------------------
 */

static const char *code_points_come_back(test_random *r)
{
    uint32_t points[64], point;
    size_t n = test_random_below(r, 65);
    teal_writer out = output();
    for (size_t i = 0; i < n; i++) {
        points[i] = (uint32_t)test_random_below(r, 0x110000 - 0x800);
        points[i] += points[i] >= 0xD800 ? 0x800 : 0;
        teal_utf8_write(&out, points[i]);
    }
    teal_reader in = teal_reader_of(teal_written(&out));
    const char *wrong = property_that(teal_utf8_valid(teal_written(&out)));
    for (size_t i = 0; i < n && wrong == NULL; i++)
        wrong = property_ok(teal_utf8_read(&in, &point), NULL) ?: property_that(point == points[i]);
    return wrong ?: property_that(teal_read_done(&in));
}

static recoded recode_utf8(teal_bytes in, teal_writer *out)
{
    recoded what = { .why = { "RFC 3629", 0 } };
    teal_reader left = teal_reader_of(in);
    uint32_t point;
    while (what.decoded == TEAL_OK && teal_read_left(&left) > 0) {
        what.decoded = teal_utf8_read(&left, &point);
        if (what.decoded == TEAL_OK)
            teal_utf8_write(out, point);
    }
    return what;
}

/* What is read is written in the same octets: there is no other form. */
static const char *changed_utf8_has_one_form(test_random *r)
{
    teal_arena arena = fresh();
    return recode_mutated(recode_utf8, test_hard_text(r, &arena, 40, true), r);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_property(code_points_come_back, 5000);
    assert_property(changed_utf8_has_one_form, 5000);
}

/* --- handles -----------------------------------------------------------------------------------
 */

static recoded recode_handle(teal_bytes in, teal_writer *out)
{
    recoded what = { 0 };
    what.decoded = teal_handle_canonicalize(in, out, &what.why);
    return what;
}

static const char *handles_stay(test_random *r)
{
    teal_arena arena = fresh();
    teal_bytes handle = test_handle(r, &arena);
    return property_that(teal_handle_is_canonical(handle))
               ?: recode_canonical(recode_handle, handle);
}

static const char *changed_handles_become_canonical(test_random *r)
{
    teal_arena arena = fresh();
    return recode_mutated(recode_handle, test_handle(r, &arena), r);
}

/* As people and peers write them: brackets, letter case, separators, parameters. */
static const char *dressed_handles_are_the_same(test_random *r)
{
    uint8_t got[TEAL_MAX_HANDLE_BYTES];
    teal_arena arena = fresh();
    teal_bytes handle = test_handle(r, &arena);
    teal_writer out = output(), w = { got, sizeof got, 0 };
    teal_diag why = { 0 };
    bool number = teal_handle_number(handle).len > 0, brackets = test_random_bool(r), host = number;
    if (brackets)
        teal_write_u8(&out, '<');
    for (size_t i = 0; i < handle.len; i++) {
        uint8_t c = handle.at[i];
        host |= c == '@';
        if ((i < 3 || host) && c >= 'a' && c <= 'z' && test_random_bool(r))
            c = (uint8_t)(c - 'a' + 'A');
        teal_write_u8(&out, c);
        if (number && i > 6 && i + 1 < handle.len && test_random_below(r, 4) == 3)
            teal_write_u8(&out, (uint8_t) "-.()"[test_random_below(r, 4)]);
    }
    if (test_random_bool(r))
        teal_write_text(&out, ";user=phone");
    if (brackets)
        teal_write_u8(&out, '>');
    if (!number && handle.at[0] == 's' && out.len > handle.len + 2U * brackets)
        return property_moot; /* a parameter of sip: that says another thing */
    return property_ok(teal_handle_canonicalize(teal_written(&out), &w, &why), &why)
               ?: property_differ(teal_written(&w), handle);
}

static void test_handles(void **state)
{
    (void)state;
    assert_property(handles_stay, 3000);
    assert_property(changed_handles_become_canonical, 5000);
    assert_property(dressed_handles_are_the_same, 3000);
}

/* --- times -------------------------------------------------------------------------------------
 */

static recoded recode_datetime(teal_bytes in, teal_writer *out)
{
    int64_t ms;
    recoded what = { 0 };
    what.decoded = teal_datetime_decode(in, &ms, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_datetime_encode(ms, out);
    return what;
}

static int64_t random_time(test_random *r)
{
    return TEAL_DATETIME_MIN_MS +
           (int64_t)test_random_below(r,
                                      (uint64_t)(TEAL_DATETIME_MAX_MS - TEAL_DATETIME_MIN_MS) + 1);
}

static const char *times_come_back(test_random *r)
{
    int64_t ms = random_time(r), back;
    teal_writer out = output();
    return property_ok(teal_datetime_encode(ms, &out), NULL)
               ?: property_ok(teal_datetime_decode(teal_written(&out), &back, NULL), NULL)
               ?: property_that(back == ms)
               ?: recode_canonical(recode_datetime, teal_written(&out));
}

static const char *changed_times_become_canonical(test_random *r)
{
    teal_writer out = output();
    return property_ok(teal_datetime_encode(random_time(r), &out), NULL)
               ?: recode_mutated(recode_datetime, teal_written(&out), r);
}

static void test_times(void **state)
{
    (void)state;
    assert_property(times_come_back, 5000);
    assert_property(changed_times_become_canonical, 5000);
}

/* --- orders ------------------------------------------------------------------------------------
 */

enum { MAX_LIST = 300 };

/* memcmp says which octet is less; a shorter text comes before those that it begins. */
static int compare(const void *a, const void *b)
{
    const teal_bytes *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int first = n > 0 ? memcmp(x->at, y->at, n) : 0;
    return first != 0 ? first : (x->len > y->len) - (x->len < y->len);
}

/* Short texts of few letters: many begin alike, many are equal. */
static const char *lists_are_sorted(test_random *r)
{
    teal_arena arena = fresh();
    teal_bytes want[MAX_LIST], got[MAX_LIST], distinct[MAX_LIST];
    const char *wrong = NULL;
    size_t n = test_random_below(r, MAX_LIST + 1), left = 0;
    for (size_t i = 0; i < n; i++)
        want[i] = got[i] = distinct[i] = test_random_text(r, &arena, 0, 3, "abc");
    qsort(want, n, sizeof *want, compare);
    teal_bytes_sort(got, n);
    for (size_t i = 0; i < n && wrong == NULL; i++)
        wrong = property_differ(got[i], want[i]);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || compare(&want[i - 1], &want[i]) != 0)
            want[left++] = want[i];
    wrong = wrong ?: property_that(teal_bytes_sort_distinct(distinct, n) == left);
    for (size_t i = 0; i < left && wrong == NULL; i++)
        wrong = property_differ(distinct[i], want[i]);
    return wrong;
}

static void test_orders(void **state)
{
    (void)state;
    assert_property(lists_are_sorted, 400);
}

/* --- Unicode -----------------------------------------------------------------------------------
 */

static uint32_t one_of(test_random *r, const uint32_t *points, size_t n)
{
    return points[test_random_below(r, n)];
}

#define ONE_OF(r, points) one_of(r, points, sizeof(points) / sizeof *(points))

/* The second opinion is libunistring's. */
static const char *clusters_begin_where_they_do(test_random *r)
{
    static const uint32_t kinds[] = { 'a',    '\r',   '\n',   0x301,   0x200D, 0x1F468, 0x1F1E6,
                                      0x1100, 0x1160, 0x11A8, 0xAC00,  0xAC01, 0x903,   0x600,
                                      0xFE0F, 0x2764, 0xAD,   0x1F3FD, 0x20E3, 0x915,   0x94D };
    uint32_t points[24];
    char breaks[24];
    size_t n = test_random_between(r, 1, 24);
    teal_grapheme g = { 0 };
    for (size_t i = 0; i < n; i++)
        points[i] = test_random_below(r, 10) == 9 ? (uint32_t)test_random_below(r, 0xD800)
                                                  : ONE_OF(r, kinds);
    uc_grapheme_breaks(points, n, breaks);
    for (size_t i = 0; i < n; i++)
        if (teal_grapheme_begins(&g, points[i]) != (breaks[i] != 0))
            return property_wrong("libunistring thinks otherwise of number %zu, U+%04X, of %zu", i,
                                  (unsigned)points[i], n);
    return NULL;
}

static const char *tame_texts_stay(test_random *r)
{
    static const uint32_t points[] = { 'a',     '\r',    '\n',    0x1B,    0x200B,  0x200D,
                                       0x202E,  0x2028,  0xFEFF,  0x1F3F4, 0xE0067, 0xE0062,
                                       0xE007F, 0xE0100, 0x1F600, 0x5D0 };
    uint8_t once[128], twice[128];
    teal_writer in = output(), o = { once, sizeof once, 0 }, t = { twice, sizeof twice, 0 };
    for (size_t n = test_random_below(r, 15); n > 0; n--)
        teal_utf8_write(&in, ONE_OF(r, points));
    return property_ok(teal_text_tame(teal_written(&in), &o, NULL), NULL)
               ?: property_that(o.len <= in.len)
               ?: property_ok(teal_text_tame(teal_written(&o), &t, NULL), NULL)
               ?: property_differ(teal_written(&t), teal_written(&o));
}

static void test_unicode(void **state)
{
    (void)state;
    assert_property(clusters_begin_where_they_do, 20000);
    assert_property(tame_texts_stay, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),  cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_handles), cmocka_unit_test(test_times),
        cmocka_unit_test(test_orders),  cmocka_unit_test(test_unicode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
