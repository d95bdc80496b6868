/* What is taken as a gateway's receipt is marked below E2EE and written back in the same octets. */
#include "codecs/native/receipt.h"
#include "tests/fuzz/mutate.h"

#include "proto/receipt.pb-c.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[1 << 20], encoded[64 << 10];
    static const uint8_t pk[32] = { 0x58, 0x66 }; /* whoever that is: nothing here is signed */
    teal_arena arena = { room, sizeof room, 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_receipt r;
    teal_diag why = { 0 };
    if (teal_receipt_decode((teal_bytes){ data, size }, &arena, &r, &why) != TEAL_OK) {
        if (why.rule == NULL || why.at > size)
            abort();
        return 0;
    }
    if ((r.level != TEAL_E2EE && r.level != TEAL_LEVEL_NONE && r.mark.len == 0) ||
        teal_receipt_encode(&r, &w) != TEAL_OK ||
        !teal_bytes_equal(teal_written(&w), (teal_bytes){ data, size }) ||
        teal_receipt_verify(&r, pk, NULL) != TEAL_FORGED)
        abort();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(&teal__v1__receipt__descriptor, NULL, data, size, max, &s);
}
