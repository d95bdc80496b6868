/* What is taken as a grant of text forwarding is written back in the same octets, and holds for no
 * longer than a year. */
#include "codecs/native/forwarding_grant.h"
#include "tests/fuzz/mutate.h"

#include "proto/forwarding.pb-c.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t encoded[TEAL_MAX_FORWARDING_GRANT_BYTES];
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_forwarding_grant g;
    teal_diag why = { 0 };
    if (teal_forwarding_grant_decode((teal_bytes){ data, size }, &g, &why) != TEAL_OK) {
        if (why.rule == NULL || why.at > size)
            abort();
        return 0;
    }
    if (teal_forwarding_grant_encode(&g, &w) != TEAL_OK ||
        !teal_bytes_equal(teal_written(&w), (teal_bytes){ data, size }))
        abort();
    if (g.sequence == 0 || g.expires_at_ms <= g.granted_at_ms ||
        g.expires_at_ms - g.granted_at_ms > TEAL_MAX_FORWARDING_MS)
        abort();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(&teal__v1__forwarding_grant__descriptor, NULL, data, size, max, &s);
}
