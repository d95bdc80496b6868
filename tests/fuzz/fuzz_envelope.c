/* What is taken as an envelope keeps every rule and is written back in the same octets. */
#include "codecs/native/transcript.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[4 << 20], encoded[1 << 20];
    static const uint8_t pk[32] = { 0x58, 0x66 }; /* whoever that is: nothing here is signed */
    teal_arena arena = { room, sizeof room, 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_envelope e;
    teal_diag why = { 0 };
    if (teal_envelope_decode((teal_bytes){ data, size }, &arena, &e, &why) != TEAL_OK) {
        if (why.rule == NULL || why.at > size)
            abort();
        return 0;
    }
    if (arena.used > TEAL_ENVELOPE_ARENA(size) || teal_envelope_check(&e, NULL) != TEAL_OK ||
        teal_envelope_encode(&e, &arena, &w) != TEAL_OK ||
        !teal_bytes_equal(teal_written(&w), (teal_bytes){ data, size }) ||
        teal_envelope_verify(&e, NULL, pk, NULL) != TEAL_FORGED)
        abort();
    return 0;
}
