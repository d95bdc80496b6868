/* What is taken as an envelope keeps every rule and is written back in the same octets; the arena
 * that is promised to be enough is. */
#include "codecs/native/transcript.h"
#include "tests/fuzz/mutate.h"

#include "proto/envelope.pb-c.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef teal_result decoder(teal_bytes in, teal_arena *arena, teal_envelope *out, teal_diag *why);
typedef teal_result checker(const teal_envelope *e, teal_diag *why);

static void run(teal_bytes in, decoder *decode, checker *check)
{
    static uint8_t room[4 << 20], encoded[1 << 20];
    static const uint8_t pk[32] = { 0x58, 0x66 }; /* whoever that is: nothing here is signed */
    if (TEAL_ENVELOPE_ARENA(in.len) > sizeof room)
        return;
    teal_arena arena = { room, TEAL_ENVELOPE_ARENA(in.len), 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_envelope e;
    teal_diag why = { 0 };
    teal_result result = decode(in, &arena, &e, &why);
    if (result == TEAL_SPACE || (result != TEAL_OK && (why.rule == NULL || why.at > in.len)))
        abort();
    if (result != TEAL_OK)
        return;
    if (check(&e, NULL) != TEAL_OK || teal_envelope_encode(&e, &w) != TEAL_OK ||
        !teal_bytes_equal(teal_written(&w), in) ||
        teal_envelope_verify(&e, NULL, pk, &arena, NULL) != TEAL_FORGED)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run((teal_bytes){ data, size }, teal_envelope_decode, teal_envelope_check);
    run((teal_bytes){ data, size }, teal_envelope_decode_detached, teal_envelope_check_detached);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(&teal__v1__envelope__descriptor, mutate_mend_envelope, data, size, max,
                           &s);
}
