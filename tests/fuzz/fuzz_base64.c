/* What either decoder takes is exactly what the encoder writes. */
#include "codecs/base64.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(teal_bytes in, teal_result (*decode)(teal_bytes, teal_writer *, teal_diag *),
                  void (*encode)(teal_bytes, teal_writer *))
{
    static uint8_t value[4096], text[8192];
    teal_writer v = { value, sizeof value, 0 }, t = { text, sizeof text, 0 };
    teal_diag why = { 0 };
    if (decode(in, &v, &why) != TEAL_OK) {
        if (why.rule == NULL || why.at > in.len)
            abort();
        return;
    }
    encode(teal_written(&v), &t);
    if (!teal_bytes_equal(teal_written(&t), in))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    teal_bytes in = { data, size };
    check(in, teal_base64_decode, teal_base64_encode);
    check(in, teal_base64url_decode, teal_base64url_encode);
    return 0;
}
