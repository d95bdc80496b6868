/* The canonical protobuf encoding: what it is, and what else protobuf allows but we do not. */
#include "codecs/native/wire.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The example message: 1 number (at most 2^32 - 1), 2 string, 3 two octets, 4 repeated string,
 * 5 message { 1 bool }, 16 number. Field 3 is a must. */
typedef struct example {
    uint64_t number, last;
    teal_bytes text;
    uint8_t fixed[2];
    const teal_bytes *list;
    size_t n_list;
    bool has_inner, inner;
} example;

static teal_result decode(teal_bytes in, teal_arena *arena, example *out, teal_diag *why)
{
    teal_wire w = teal_wire_of(in), inner;
    out->number = teal_wire_uint(&w, 1, UINT32_MAX);
    out->text = teal_wire_bytes(&w, 2);
    teal_wire_copy(&w, 3, out->fixed, sizeof out->fixed);
    teal_result result = teal_wire_list(&w, 4, 2, arena, &out->list, &out->n_list, why);
    if (result != TEAL_OK)
        return result;
    out->has_inner = teal_wire_enter(&w, 5, &inner);
    if (out->has_inner) {
        out->inner = teal_wire_bool(&inner, 1);
        teal_wire_leave(&w, &inner);
    }
    out->last = teal_wire_uint(&w, 16, UINT64_MAX);
    return teal_wire_done(&w, why);
}

static void write_inner(teal_writer *w, const void *message)
{
    const example *e = message;
    teal_wire_put_uint(w, 1, e->inner);
}

static void encode(const example *e, teal_writer *w)
{
    teal_wire_put_uint(w, 1, e->number);
    teal_wire_put_bytes(w, 2, e->text);
    teal_wire_put_bytes(w, 3, (teal_bytes){ e->fixed, sizeof e->fixed });
    for (size_t i = 0; i < e->n_list; i++)
        teal_wire_put_element(w, 4, e->list[i]);
    if (e->has_inner)
        teal_wire_put_message(w, 5, write_inner, e);
    teal_wire_put_uint(w, 16, e->last);
}

/* "Protocol Buffers, Encoding" is where the forms are from. rule: NULL where it is good. */
static const struct {
    const char *name;
    uint8_t in[32];
    size_t len;
    const char *rule;
    size_t at;
} rows[] = {
    { "least", { 0x1a, 2, 7, 8 }, 4, NULL, 0 },
    { "all fields",
      { 8, 1, 0x12, 1, 'x', 0x1a, 2, 7, 8, 0x22, 1, 'y', 0x22, 0, 0x2a, 2, 8, 1, 0x80, 1, 5 },
      21,
      NULL,
      0 },
    { "number of 2 octets", { 8, 0x96, 1, 0x1a, 2, 7, 8 }, 7, NULL, 0 },
    { "largest number", { 8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a, 2, 7, 8 }, 10, NULL, 0 },
    { "largest of 64 bits",
      { 0x1a, 2, 7, 8, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 },
      16,
      NULL,
      0 },
    { "empty message inside", { 0x1a, 2, 7, 8, 0x2a, 0 }, 6, NULL, 0 },

    { "nothing", { 0 }, 0, "REQ-WIRE-5 ", 0 },
    { "fixed too short", { 0x1a, 1, 7 }, 3, "REQ-WIRE-5 ", 3 },
    { "fixed too long", { 0x1a, 3, 7, 8, 9 }, 5, "REQ-WIRE-5 ", 5 },
    { "default number", { 8, 0, 0x1a, 2, 7, 8 }, 6, "REQ-WIRE-2 ", 2 },
    { "default string", { 0x12, 0, 0x1a, 2, 7, 8 }, 6, "REQ-WIRE-2 ", 2 },
    { "default bool", { 0x1a, 2, 7, 8, 0x2a, 2, 8, 0 }, 8, "REQ-WIRE-2 ", 8 },
    { "bool of 2", { 0x1a, 2, 7, 8, 0x2a, 2, 8, 2 }, 8, "REQ-WIRE-3 ", 8 },
    { "number not shortest", { 8, 0x81, 0, 0x1a, 2, 7, 8 }, 7, "REQ-WIRE-3 ", 1 },
    { "zero not shortest", { 8, 0x80, 0, 0x1a, 2, 7, 8 }, 7, "REQ-WIRE-3 ", 1 },
    { "tag not shortest", { 0x88, 0, 1, 0x1a, 2, 7, 8 }, 7, "REQ-WIRE-3 ", 0 },
    { "length not shortest", { 0x1a, 0x82, 0, 7, 8 }, 5, "REQ-WIRE-3 ", 1 },
    { "number too large",
      { 8, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1a, 2, 7, 8 },
      10,
      "REQ-WIRE-3 ",
      6 },
    { "number over 64 bits",
      { 0x1a, 2, 7, 8, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 },
      16,
      "REQ-WIRE-3 ",
      6 },
    { "number of 11 octets",
      { 0x1a, 2, 7, 8, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0 },
      17,
      "REQ-WIRE-3 ",
      6 },
    { "number cut short", { 8, 0x96 }, 2, "REQ-WIRE-4 ", 1 },
    { "length past the end", { 0x12, 2, 'x' }, 3, "REQ-WIRE-4 ", 2 },
    { "length near 2^64",
      { 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 },
      11,
      "REQ-WIRE-4 ",
      11 },
    { "out of order", { 0x12, 1, 'x', 8, 1, 0x1a, 2, 7, 8 }, 9, "REQ-WIRE-1 ", 3 },
    { "out of order, after all", { 0x1a, 2, 7, 8, 8, 1 }, 6, "REQ-WIRE-1 ", 4 },
    { "twice", { 0x1a, 2, 7, 8, 0x1a, 2, 7, 8 }, 8, "REQ-WIRE-1 ", 4 },
    { "unknown field", { 0x1a, 2, 7, 8, 0x30, 1 }, 6, "REQ-WIRE-1 ", 4 },
    { "unknown field inside", { 0x1a, 2, 7, 8, 0x2a, 2, 0x10, 1 }, 8, "REQ-WIRE-1 ", 6 },
    { "message inside twice", { 0x1a, 2, 7, 8, 0x2a, 0, 0x2a, 0 }, 8, "REQ-WIRE-1 ", 6 },
    { "field of another type", { 0x1a, 2, 7, 8, 0x82, 1, 0 }, 7, "REQ-WIRE-1 ", 4 },
    { "group", { 0x1a, 2, 7, 8, 0x33, 0x34 }, 6, "REQ-WIRE-1 ", 4 },
    { "field 0", { 0x1a, 2, 7, 8, 2, 0 }, 6, "REQ-WIRE-1 ", 4 },
    { "inner crosses the outer's end", { 0x1a, 2, 7, 8, 0x2a, 3, 8, 1 }, 8, "REQ-WIRE-4 ", 6 },
    { "too many", { 0x1a, 2, 7, 8, 0x22, 0, 0x22, 0, 0x22, 0 }, 10, "REQ-WIRE-6 ", 4 },
};

static void check(size_t row)
{
    uint8_t room[256], again[64], *in = exact_copy(rows[row].in, rows[row].len);
    teal_arena arena = { room, sizeof room, 0 };
    teal_writer w = { again, sizeof again, 0 };
    example got = { 0 };
    teal_diag why = { 0 };
    print_message("%s\n", rows[row].name);
    teal_result result = decode((teal_bytes){ in, rows[row].len }, &arena, &got, &why);
    if (rows[row].rule == NULL) {
        assert_int_equal(result, TEAL_OK);
        encode(&got, &w);
        assert_int_equal(w.len, rows[row].len);
        assert_memory_equal(again, in, w.len);
    } else {
        assert_int_equal(result,
                         strcmp(rows[row].rule, "REQ-WIRE-6 ") == 0 ? TEAL_LIMIT : TEAL_MALFORMED);
        if (strncmp(why.rule, rows[row].rule, strlen(rows[row].rule)) != 0)
            fail_msg("wanted %s, got %s", rows[row].rule, why.rule);
        assert_int_equal(why.at, rows[row].at);
    }
    free(in);
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(i);
}

/* A length never wraps, so that what needs too much never seems to fit. */
static void test_saturates(void **state)
{
    (void)state;
    const teal_bytes endless = { NULL, SIZE_MAX };
    teal_writer w = { 0 };
    teal_wire_put_bytes(&w, 1, endless);
    assert_true(w.len == SIZE_MAX);
    teal_wire_put_bytes(&w, 1, endless);
    assert_true(w.len == SIZE_MAX);
    assert_false(teal_write_fits(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
