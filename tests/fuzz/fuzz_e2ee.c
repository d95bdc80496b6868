/* What is taken passes the envelope's rules, and its canonical form decodes to the same form again,
 * in CPIM and across the native encoding (I2). */
#include "codecs/rcs/e2ee.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

#include "proto/envelope.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 4 << 20, TEXT = 1 << 20 };

static _Alignas(16) uint8_t room[3][ROOM];
static uint8_t text[3][TEXT];

static teal_bytes encode(const teal_envelope *e, const teal_rcs_routing *routing, uint8_t *at)
{
    teal_writer out = { at, TEXT, 0 };
    require(teal_e2ee_encode(e, routing, &out) == TEAL_OK);
    return teal_written(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    teal_bytes in = { data, size };
    teal_envelope first, second, native;
    teal_diag why = { 0 };
    teal_rcs_routing routing = { .from = teal_text("im:alice@native.example"),
                                 .to = teal_text("tel:+14155550100") };
    if (TEAL_E2EE_ARENA(size) > ROOM)
        return 0;
    teal_arena a = { room[0], TEAL_E2EE_ARENA(size), 0 };
    teal_result result = teal_e2ee_decode(in, &a, &routing, &first, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= size);
        return 0;
    }
    require(teal_envelope_check(&first, NULL) == TEAL_OK);
    teal_bytes canonical = encode(&first, &routing, text[0]);

    teal_arena b = { room[1], ROOM, 0 };
    require(teal_e2ee_decode(canonical, &b, &routing, &second, &why) == TEAL_OK);
    require(teal_bytes_equal(encode(&second, &routing, text[1]), canonical));

    teal_arena c = { room[2], ROOM, 0 };
    teal_writer packed = { text[1], TEXT, 0 };
    require(teal_envelope_encode(&second, &packed) == TEAL_OK);
    require(teal_envelope_decode(teal_written(&packed), &c, &native, &why) == TEAL_OK);
    require(teal_bytes_equal(encode(&native, &routing, text[2]), canonical));
    return 0;
}

/* By way of the native form, or line by line. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    teal_rcs_routing routing = { .from = teal_text("im:alice@native.example"),
                                 .to = teal_text("tel:+14155550100") };
    teal_arena arena = { room[0], ROOM, 0 };
    teal_writer native = { text[0], TEXT, 0 }, cpim = { text[1], TEXT, 0 };
    teal_envelope e;
    if (test_random_below(&s, 2) > 0 || TEAL_E2EE_ARENA(size) > ROOM ||
        teal_e2ee_decode((teal_bytes){ data, size }, &arena, &routing, &e, NULL) != TEAL_OK ||
        teal_envelope_encode(&e, &native) != TEAL_OK)
        return mutate_pieces(data, size, max, '\n', &s);
    size_t len = mutate_protobuf(&teal__v1__envelope__descriptor, mutate_mend_envelope, text[0],
                                 native.len, TEXT / 2, &s);
    arena.used = 0;
    if (teal_envelope_decode((teal_bytes){ text[0], len }, &arena, &e, NULL) != TEAL_OK ||
        teal_e2ee_encode(&e, e.n_recipients == 1 ? &routing : NULL, &cpim) != TEAL_OK ||
        cpim.len > max)
        return mutate_pieces(data, size, max, '\n', &s);
    memcpy(data, text[1], cpim.len);
    return cpim.len;
}
