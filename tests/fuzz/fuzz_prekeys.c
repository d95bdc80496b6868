/* What is taken as an upload of prekeys, or as one prekey, is written back in the same octets. */
#include "codecs/native/manifest.h"
#include "tests/fuzz/mutate.h"

#include "proto/directory.pb-c.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t room[64 << 10], encoded[64 << 10];

static void upload(teal_bytes in)
{
    teal_arena arena = { room, sizeof room, 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_prekeys p;
    teal_diag why = { 0 };
    teal_result result = teal_prekeys_decode(in, &arena, &p, &why);
    if (result == TEAL_SPACE || (result != TEAL_OK && (why.rule == NULL || why.at > in.len)))
        abort();
    if (result == TEAL_OK &&
        (teal_prekeys_encode(&p, &w) != TEAL_OK || !teal_bytes_equal(teal_written(&w), in)))
        abort();
}

static void one(teal_bytes in)
{
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_prekey p;
    if (teal_prekey_decode(in, &p, NULL) == TEAL_OK &&
        (teal_prekey_encode(&p, &w) != TEAL_OK || !teal_bytes_equal(teal_written(&w), in)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    upload((teal_bytes){ data, size });
    one((teal_bytes){ data, size });
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(&teal__v1__prekeys__descriptor, NULL, data, size, max, &s);
}
