/* What is taken as an entry of the key log is written back in the same octets. */
#include "codecs/native/key_log_entry.h"
#include "tests/fuzz/mutate.h"

#include "proto/key_log.pb-c.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t encoded[TEAL_MAX_KEY_LOG_ENTRY_BYTES];
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_key_log_entry e;
    teal_diag why = { 0 };
    if (teal_key_log_entry_decode((teal_bytes){ data, size }, &e, &why) != TEAL_OK) {
        if (why.rule == NULL || why.at > size)
            abort();
        return 0;
    }
    if (teal_key_log_entry_encode(&e, &w) != TEAL_OK ||
        !teal_bytes_equal(teal_written(&w), (teal_bytes){ data, size }))
        abort();
    for (size_t i = 0; i < e.n_handle_hashes; i++)
        if (!teal_key_log_has_handle(&e, &e.handle_hashes[i]))
            abort();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(&teal__v1__key_log_entry__descriptor, NULL, data, size, max, &s);
}
