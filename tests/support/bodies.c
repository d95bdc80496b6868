/* See bodies.h. */
#include "tests/support/bodies.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[2 << 20], scratch[1 << 20];

teal_arena test_body_arena(void)
{
    return (teal_arena){ scratch, sizeof scratch, 0 };
}

Teal__V1__Content *test_body_content(body_content *s, Teal__V1__Part__PartCase part_case)
{
    teal__v1__content__init(&s->c);
    teal__v1__part__init(&s->part);
    s->part.part_case = part_case;
    s->parts[0] = &s->part;
    s->c.parts = s->parts;
    s->c.n_parts = part_case != TEAL__V1__PART__PART__NOT_SET;
    return &s->c;
}

const teal_body *test_bodies_of(const Teal__V1__Content *c, const teal_body_context *x,
                                teal_arena *arena, size_t *n)
{
    const teal_body *bodies;
    teal_diag why = { 0 };
    if (teal_bodies_encode(c, x, arena, &bodies, n, &why) != TEAL_OK)
        fail_msg("%s", why.rule);
    return bodies;
}

teal_result test_bodies_refusal(const Teal__V1__Content *c, const char **rule)
{
    teal_arena arena = test_body_arena();
    const teal_body *b;
    size_t n;
    teal_diag why = { 0 };
    teal_result result = teal_bodies_encode(c, NULL, &arena, &b, &n, &why);
    *rule = why.rule;
    return result;
}

teal_bytes test_body_message(const teal_body *b, teal_arena *arena)
{
    static const teal_bytes to = { (const uint8_t *)"sip:bob@rcs.example", 19 };
    const teal_rcs_head head = { .from = teal_text("tel:+14155550100"),
                                 .to = &to,
                                 .n_to = 1,
                                 .sent_at_ms = 1795510800123,
                                 .message_id = teal_text("MxM") };
    size_t cap = b->bytes.len + 4096;
    teal_writer out = { teal_arena_take(arena, cap), cap, 0 };
    assert_int_equal(teal_body_message_encode(&head, NULL, b, &out), TEAL_OK);
    return teal_written(&out);
}

teal_result test_body_read(teal_bytes message, teal_body *b, teal_diag *why)
{
    static uint8_t *copy, *body_room, *cpim_room;
    free(copy); /* views of the last message end here */
    free(body_room);
    free(cpim_room);
    copy = exact_copy(message.at, message.len);
    cpim_room = malloc(TEAL_CPIM_ARENA(message.len));
    teal_arena cpim_arena = { cpim_room, TEAL_CPIM_ARENA(message.len), 0 };
    teal_cpim m;
    body_room = NULL;
    teal_result result = teal_cpim_decode((teal_bytes){ copy, message.len }, &cpim_arena, &m, why);
    if (result != TEAL_OK)
        return result;
    body_room = malloc(2 * m.body.len + 64);
    teal_arena body_arena = { body_room, 2 * m.body.len + 64, 0 };
    return teal_body_read(&m, &body_arena, b, why);
}

teal_result test_body_decode(const teal_body *b, Teal__V1__Content **c, teal_diag *why)
{
    teal_arena arena = { room, TEAL_BODY_ARENA(b->bytes.len), 0 };
    assert_true(arena.cap <= sizeof room);
    return teal_body_decode(b, 1795510800123, &arena, c, why);
}

static teal_bytes encoded(const Teal__V1__Content *c, teal_arena *arena)
{
    teal_writer measured = { 0 };
    (void)!teal_content_encode(c, &measured);
    teal_writer out = { teal_arena_take(arena, measured.len), measured.len, 0 };
    assert_int_equal(teal_content_encode(c, &out), TEAL_OK);
    return teal_written(&out);
}

void assert_body_comes_back(const Teal__V1__Content *c, const teal_body *b)
{
    static uint8_t kept[1 << 20];
    teal_arena arena = { kept, sizeof kept, 0 };
    Teal__V1__Content *back;
    teal_body read;
    teal_diag why = { 0 };
    teal_bytes want = encoded(c, &arena);
    if (test_body_read(test_body_message(b, &arena), &read, &why) != TEAL_OK ||
        test_body_decode(&read, &back, &why) != TEAL_OK)
        fail_msg("%s at %zu", why.rule, why.at);
    assert_int_equal(read.kind, b->kind);
    assert_true(teal_bytes_equal(encoded(back, &arena), want));
}
