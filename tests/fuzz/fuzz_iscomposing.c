/* What is taken can be written, and is the same when read again. */
#include "codecs/rcs/iscomposing.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* TEAL_XML_ARENA of the largest document */
static _Alignas(16) uint8_t room[2][256 << 10];
static uint8_t text[8 << 10];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEAL_XML_MAX_BYTES + 1)
        return 0;
    teal_arena a = { room[0], TEAL_XML_ARENA(size), 0 }, b = { room[1], sizeof room[1], 0 };
    teal_iscomposing first, second;
    teal_diag why = { 0 };
    teal_result result = teal_iscomposing_decode((teal_bytes){ data, size }, &a, &first, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= size);
        return 0;
    }
    teal_writer out = { text, sizeof text, 0 };
    require(teal_iscomposing_encode(&first, &out) == TEAL_OK);
    require(teal_iscomposing_decode(teal_written(&out), &b, &second, &why) == TEAL_OK);
    require(first.active == second.active && first.refresh_s == second.refresh_s);
    require(teal_bytes_equal(first.content_type, second.content_type));
    require(first.has_last_active == second.has_last_active);
    require(!first.has_last_active || first.last_active_ms == second.last_active_ms);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '>', &s);
}
