/* What is taken is on the globe, can be written, and is the same when read again. */
#include "codecs/rcs/location.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* TEAL_XML_ARENA of the largest document */
static _Alignas(16) uint8_t room[2][256 << 10];
static uint8_t text[2][64 << 10];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEAL_XML_MAX_BYTES + 1)
        return 0;
    teal_arena a = { room[0], TEAL_XML_ARENA(size), 0 }, b = { room[1], sizeof room[1], 0 };
    teal_location first, second;
    teal_diag why = { 0 };
    teal_result result = teal_location_decode((teal_bytes){ data, size }, &a, &first, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= size);
        return 0;
    }
    require(llabs(first.latitude_ndeg) <= 90 * TEAL_NANODEGREES);
    require(llabs(first.longitude_ndeg) <= 180 * TEAL_NANODEGREES);
    teal_writer out = { text[0], sizeof text[0], 0 }, again = { text[1], sizeof text[1], 0 };
    require(teal_location_encode(&first, &out) == TEAL_OK);
    if (out.len > TEAL_XML_MAX_BYTES) /* escapes have made it longer than it may be */
        return 0;
    require(teal_location_decode(teal_written(&out), &b, &second, &why) == TEAL_OK);
    require(first.latitude_ndeg == second.latitude_ndeg);
    require(teal_location_encode(&second, &again) == TEAL_OK);
    require(teal_bytes_equal(teal_written(&out), teal_written(&again)));
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '>', &s);
}
