/* What is taken can be written, is the same when read again, and its URLs are ones to fetch. */
#include "codecs/rcs/filetransfer.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* TEAL_FILE_ARENA of the largest document */
static _Alignas(16) uint8_t room[2][256 << 10];
static uint8_t text[2][64 << 10];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEAL_XML_MAX_BYTES + 1)
        return 0;
    teal_arena a = { room[0], TEAL_FILE_ARENA(size), 0 }, b = { room[1], sizeof room[1], 0 };
    teal_filetransfer first, second;
    teal_diag why = { 0 };
    teal_result result = teal_filetransfer_decode((teal_bytes){ data, size }, &a, &first, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= size);
        return 0;
    }
    require(first.file.url.len > 7 && (first.file.url.at[0] | 0x20) == 'h');
    require(first.name.len == 0 || memchr(first.name.at, '/', first.name.len) == NULL);
    teal_writer out = { text[0], sizeof text[0], 0 }, again = { text[1], sizeof text[1], 0 };
    require(teal_filetransfer_encode(&first, &out) == TEAL_OK);
    if (out.len > TEAL_XML_MAX_BYTES) /* escapes have made it longer than it may be */
        return 0;
    require(teal_filetransfer_decode(teal_written(&out), &b, &second, &why) == TEAL_OK);
    require(teal_filetransfer_encode(&second, &again) == TEAL_OK);
    require(teal_bytes_equal(teal_written(&out), teal_written(&again)));
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '>', &s);
}
