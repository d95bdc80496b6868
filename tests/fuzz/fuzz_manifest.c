/* What is taken as a manifest is written back in the same octets. */
#include "codecs/native/manifest.h"
#include "tests/fuzz/mutate.h"

#include "proto/directory.pb-c.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[64 << 10], encoded[TEAL_MAX_MANIFEST_BYTES];
    teal_arena arena = { room, sizeof room, 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_manifest m;
    teal_diag why = { 0 };
    teal_result result = teal_manifest_decode((teal_bytes){ data, size }, &arena, &m, &why);
    if (result == TEAL_SPACE || (result != TEAL_OK && (why.rule == NULL || why.at > size)))
        abort();
    if (result != TEAL_OK)
        return 0;
    (void)!teal_manifest_verify(&m, NULL);
    if (teal_manifest_encode(&m, &w) != TEAL_OK ||
        !teal_bytes_equal(teal_written(&w), (teal_bytes){ data, size }) ||
        teal_manifest_device(&m, m.devices[0].id) != &m.devices[0] ||
        !teal_manifest_has_handle(&m, m.handles[0]))
        abort();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(&teal__v1__manifest__descriptor, NULL, data, size, max, &s);
}
