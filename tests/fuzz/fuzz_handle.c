/* The canonical form of a handle is canonical, and its own canonical form. */
#include "codecs/handle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t room[256], again_room[256];
    teal_bytes in = { data, size };
    teal_writer w = { room, sizeof room, 0 }, again = { again_room, sizeof again_room, 0 };
    teal_diag why = { 0 };
    if (teal_handle_canonicalize(in, &w, &why) != TEAL_OK) {
        if (why.rule == NULL || teal_handle_is_canonical(in))
            abort();
        return 0;
    }
    teal_bytes handle = teal_written(&w);
    if (teal_handle_is_canonical(in) != teal_bytes_equal(in, handle) ||
        !teal_handle_is_canonical(handle) ||
        teal_handle_canonicalize(handle, &again, &why) != TEAL_OK ||
        !teal_bytes_equal(teal_written(&again), handle) ||
        (teal_handle_host(handle).len == 0) == (teal_handle_number(handle).len == 0))
        abort();
    return 0;
}
