/* Contents and fallbacks: what we write can be read, and what must not be shown is refused. */
#include "codecs/native/content.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static uint8_t room[32 << 10], encoded_room[4 << 10];

static teal_arena arena(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

static void test_text(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "hello", "\xe2\x82\xac \xf0\x9f\x90\xa6\n" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        teal_arena a = arena();
        teal_writer w = { encoded_room, sizeof encoded_room, 0 };
        Teal__V1__Content *content;
        assert_int_equal(teal_content_of_text(teal_text(texts[i]), &a, &w), TEAL_OK);
        assert_int_equal(teal_content_decode(teal_written(&w), &a, &content, NULL), TEAL_OK);
        assert_int_equal(content->n_parts, 1);
        assert_int_equal(content->parts[0]->part_case, TEAL__V1__PART__PART_TEXT);
        assert_string_equal(content->parts[0]->text, texts[i]);
        assert_string_equal(content->claimed_sender, "");
    }
}

static void test_inbound(void **state)
{
    (void)state;
    teal_arena a = arena();
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    Teal__V1__Content *content;
    assert_int_equal(teal_content_of_inbound(teal_text("hi"), teal_text("PostOffice"), &a, &w),
                     TEAL_OK);
    assert_int_equal(teal_content_decode(teal_written(&w), &a, &content, NULL), TEAL_OK);
    assert_string_equal(content->parts[0]->text, "hi");
    assert_string_equal(content->claimed_sender, "PostOffice");
}

static void test_receipt(void **state)
{
    (void)state;
    teal_arena a = arena();
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    Teal__V1__Content *content;
    assert_int_equal(teal_content_of_receipt(teal_text("Mx1"), TEAL__V1__DISPOSITION__DISPLAYED,
                                             1764000000000, &a, &w),
                     TEAL_OK);
    assert_int_equal(teal_content_decode(teal_written(&w), &a, &content, NULL), TEAL_OK);
    assert_non_null(content->receipt);
    assert_string_equal(content->receipt->message_id, "Mx1");
    assert_int_equal(content->receipt->disposition, TEAL__V1__DISPOSITION__DISPLAYED);
    assert_int_equal(content->receipt->at_ms, 1764000000000);
}

static void test_fallback(void **state)
{
    (void)state;
    teal_arena a = arena();
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    Teal__V1__Fallback *fallback;
    assert_int_equal(teal_fallback_of_text(teal_text(""), &a, &w), TEAL_MALFORMED);
    assert_int_equal(teal_fallback_of_text(teal_text("call me"), &a, &w), TEAL_OK);
    assert_int_equal(teal_fallback_decode(teal_written(&w), &a, &fallback, NULL), TEAL_OK);
    assert_string_equal(fallback->text, "call me");
    assert_int_equal(fallback->n_media_links, 0);
}

/* Nothing else of a content is lost by a program that knows only some of it. */
static void test_encode(void **state)
{
    (void)state;
    static const uint8_t in[] = {
        0x0a, 4,    0x0a, 2,   'h', 'i', /* parts { text } */
        0x0a, 18,   0x1a, 16,            /* parts { location } */
        0x09, 0,    0,    0,   0,   0,    0, 0xf0, 0x3f, 0x1a, 5,
        'p',  'l',  'a',  'c', 'e', 0x12, 3, 'M',  'x',  '1', /* reply_to */
        0x1a, 2,    0x18, 1,                                  /* reaction { removed } */
        0xfa, 0x07, 1,    'x'                                 /* field 127, of a later version */
    };
    teal_arena a = arena();
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    Teal__V1__Content *content;
    assert_int_equal(teal_content_decode((teal_bytes){ in, sizeof in }, &a, &content, NULL),
                     TEAL_OK);
    assert_true(content->parts[1]->location->latitude == 1.0);
    assert_int_equal(teal_content_encode(content, &w), TEAL_OK);
    assert_int_equal(w.len, sizeof in);
    assert_memory_equal(encoded_room, in, sizeof in);
    for (size_t cap = 0; cap < sizeof in; cap++) {
        w = (teal_writer){ encoded_room, cap, 0 };
        assert_int_equal(teal_content_encode(content, &w), TEAL_SPACE);
        assert_int_equal(w.len, sizeof in);
    }
}

static const struct {
    const char *name;
    uint8_t in[24];
    size_t len;
    const char *rule; /* NULL where it is good */
} rows[] = {
    { "empty", { 0 }, 0, NULL },
    { "unknown fields of every type",
      { 0xf8, 7, 1, 0xf9, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 7, 1, 2, 3, 4, 0xfa, 7, 0 },
      22,
      NULL },
    { "last disposition", { 0x32, 2, 0x10, 3 }, 4, NULL },
    { "tag alone", { 0x0a }, 1, "REQ-CNT-1 " },
    { "string past the end", { 0x12, 2, 'a' }, 3, "REQ-CNT-1 " },
    { "part past the end", { 0x0a, 3, 0x0a, 0 }, 4, "REQ-CNT-1 " },
    { "string past the part's end", { 0x0a, 2, 0x0a, 1, 'a' }, 5, "REQ-CNT-1 " },
    { "length near 2^35", { 0x12, 0xff, 0xff, 0xff, 0xff, 0x7f }, 6, "REQ-CNT-1 " },
    { "group", { 0x0b, 0x0c }, 2, "REQ-CNT-1 " },
    { "field 0", { 0x02, 0 }, 2, "REQ-CNT-1 " },
    { "tag over 32 bits", { 0xfa, 0xff, 0xff, 0xff, 0x1f, 0 }, 6, "REQ-CNT-1 " },
    { "number of 11 octets",
      { 0xf8, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 },
      13,
      "REQ-CNT-1 " },
    { "number for a string", { 0x10, 1 }, 2, "REQ-CNT-1 " },
    { "string for a number", { 0x32, 2, 0x12, 0 }, 4, "REQ-CNT-1 " },
    { "out of order", { 0x22, 1, 'e', 0x12, 1, 'r' }, 6, "REQ-CNT-2 " },
    { "twice", { 0x12, 1, 'r', 0x12, 1, 's' }, 6, "REQ-CNT-2 " },
    { "message twice", { 0x1a, 0, 0x1a, 0 }, 4, "REQ-CNT-2 " },
    { "NUL in a text", { 0x0a, 5, 0x0a, 3, 'a', 0, 'b' }, 7, "REQ-CNT-3 " },
    { "text that is no UTF-8", { 0x0a, 3, 0x0a, 1, 0xff }, 5, "REQ-CNT-3 " },
    { "overlong form", { 0x0a, 4, 0x0a, 2, 0xc0, 0x80 }, 6, "REQ-CNT-3 " },
    { "claimed sender that is no UTF-8", { 0x3a, 1, 0xe2 }, 3, "REQ-CNT-3 " },
    { "no disposition", { 0x32, 0 }, 2, "REQ-CNT-4 " },
    { "disposition of 4", { 0x32, 2, 0x10, 4 }, 4, "REQ-CNT-4 " },
    { "disposition below 0", { 0x32, 6, 0x10, 0xff, 0xff, 0xff, 0xff, 0x0f }, 8, "REQ-CNT-4 " },
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *in = exact_copy(rows[i].in, rows[i].len);
        teal_arena a = arena();
        teal_diag why = { 0 };
        Teal__V1__Content *content;
        print_message("%s\n", rows[i].name);
        teal_result result =
            teal_content_decode((teal_bytes){ in, rows[i].len }, &a, &content, &why);
        free(in);
        assert_int_equal(result, rows[i].rule == NULL ? TEAL_OK : TEAL_MALFORMED);
        if (rows[i].rule != NULL && strncmp(why.rule, rows[i].rule, strlen(rows[i].rule)) != 0)
            fail_msg("wanted %s, got %s", rows[i].rule, why.rule);
    }
}

static void test_fallback_without_anything(void **state)
{
    (void)state;
    static const uint8_t link[] = { 0x12, 1, 'l' };
    teal_arena a = arena();
    teal_diag why = { 0 };
    Teal__V1__Fallback *fallback;
    assert_int_equal(teal_fallback_decode((teal_bytes){ link, 0 }, &a, &fallback, &why),
                     TEAL_MALFORMED);
    assert_string_equal(why.rule, "REQ-CNT-5 fallback has no text and no link");
    assert_int_equal(teal_fallback_decode((teal_bytes){ link, 3 }, &a, &fallback, NULL), TEAL_OK);
    assert_string_equal(fallback->media_links[0], "l");
}

/* 2 octets of input ask protobuf-c for far more; they get what the arena has. */
static void test_amplification(void **state)
{
    (void)state;
    static uint8_t flood[8 << 10];
    teal_arena a = arena();
    teal_writer w = { flood, sizeof flood, 0 };
    teal_diag why = { 0 };
    Teal__V1__Content *content;
    while (w.len < sizeof flood)
        teal_write_u16(&w, 0x0a00);
    assert_int_equal(teal_content_decode(teal_written(&w), &a, &content, &why), TEAL_SPACE);
    assert_string_equal(why.rule, TEAL_ARENA_TOO_SMALL);
}

static void test_not_text(void **state)
{
    (void)state;
    teal_arena a = arena(), none = { 0 };
    teal_writer w = { encoded_room, sizeof encoded_room, 0 };
    const teal_bytes nul = { (const uint8_t *)"a\0b", 3 };
    assert_int_equal(teal_content_of_text(nul, &a, &w), TEAL_MALFORMED);
    assert_int_equal(teal_content_of_text(teal_text("\xff"), &a, &w), TEAL_MALFORMED);
    assert_int_equal(teal_content_of_inbound(teal_text("x"), nul, &a, &w), TEAL_MALFORMED);
    assert_int_equal(teal_content_of_receipt(nul, TEAL__V1__DISPOSITION__DELIVERED, 1, &a, &w),
                     TEAL_MALFORMED);
    assert_int_equal(teal_fallback_of_text(nul, &a, &w), TEAL_MALFORMED);
    assert_int_equal(teal_content_of_text(teal_text("x"), &none, &w), TEAL_SPACE);
    assert_int_equal(w.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_inbound),
        cmocka_unit_test(test_receipt),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_fallback_without_anything),
        cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_not_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
