/* Whatever message is taken gives a content that RCS can say again, and that means the same. */
#include "codecs/rcs/bodies.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_MESSAGE = 32 << 10 };

static uint8_t encoded[2][1 << 20];
static _Alignas(16) uint8_t room[4][4 << 20];

static teal_bytes encode(const Teal__V1__Content *c, size_t which)
{
    teal_writer out = { encoded[which], sizeof encoded[which], 0 };
    require(teal_content_encode(c, &out) == TEAL_OK);
    return teal_written(&out);
}

/* By way of a whole message. */
static void check_message(const teal_body *b)
{
    static const teal_bytes to = { (const uint8_t *)"im:b@x", 6 };
    const teal_rcs_head head = {
        .from = to, .to = &to, .n_to = 1, .sent_at_ms = 1, .message_id = teal_text("a")
    };
    teal_arena arena = { room[3], sizeof room[3], 0 };
    teal_writer out = { teal_arena_take(&arena, 2 << 20), 2 << 20, 0 };
    teal_cpim m;
    teal_body back;
    require(teal_body_message_encode(&head, NULL, b, &out) == TEAL_OK);
    require(teal_cpim_decode(teal_written(&out), &arena, &m, NULL) == TEAL_OK);
    require(teal_body_read(&m, &arena, &back, NULL) == TEAL_OK);
    require(teal_bytes_equal(back.bytes, b->bytes) && back.stand_in == b->stand_in);
    require(teal_bytes_equal(back.reaction, b->reaction));
}

static void check(const Teal__V1__Content *c, teal_bytes type)
{
    const teal_body_context x = { .sealed = true };
    teal_arena arena = { room[1], sizeof room[1], 0 };
    const teal_body *bodies;
    size_t n;
    teal_diag why = { 0 };
    teal_result result = teal_bodies_encode(c, &x, &arena, &bodies, &n, &why);
    if (result == TEAL_LIMIT) /* the words have made a text too long */
        return;
    require(result == TEAL_OK && n > 0);
    for (size_t i = 0; i < n; i++) {
        teal_arena again = { room[2], sizeof room[2], 0 };
        Teal__V1__Content *back;
        check_message(&bodies[i]);
        result = teal_body_decode(&bodies[i], 1, &again, &back, &why);
        require(result == TEAL_OK);
        bool same_type = teal_media_type_is(type, "text/plain") ==
                         teal_media_type_is(bodies[i].content_type, "text/plain");
        if (n == 1 && same_type && bodies[i].kind == TEAL_KIND_MESSAGE && encode(c, 0).len > 0)
            require(teal_bytes_equal(encode(c, 0), encode(back, 1)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MAX_MESSAGE)
        return 0;
    teal_arena arena = { room[0], TEAL_CPIM_ARENA(size) + 2 * size + 64, 0 };
    teal_cpim m;
    teal_body b;
    Teal__V1__Content *c;
    teal_diag why = { 0 };
    teal_result result = teal_cpim_decode((teal_bytes){ data, size }, &arena, &m, &why);
    if (result == TEAL_OK)
        result = teal_body_read(&m, &arena, &b, &why);
    require(result != TEAL_SPACE);
    if (result == TEAL_OK) {
        teal_arena body_arena = { room[0] + (2 << 20), TEAL_BODY_ARENA(b.bytes.len), 0 };
        require(body_arena.cap <= 2 << 20);
        result = teal_body_decode(&b, 1, &body_arena, &c, &why);
        require(result != TEAL_SPACE);
    }
    if (result == TEAL_OK)
        check(c, b.content_type);
    else
        require(why.rule != NULL);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, test_random_below(&s, 2) > 0 ? '\n' : '>', &s);
}
