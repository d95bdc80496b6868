/* What is taken is in range, and its canonical form is the same instant. */
#include "codecs/rcs/datetime.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t ms, back;
    uint8_t text[24];
    teal_writer w = { text, sizeof text, 0 };
    if (teal_datetime_decode((teal_bytes){ data, size }, &ms, NULL) != TEAL_OK)
        return 0;
    if (teal_datetime_encode(ms, &w) != TEAL_OK || w.len != sizeof text)
        abort();
    if (teal_datetime_decode(teal_written(&w), &back, NULL) != TEAL_OK || back != ms)
        abort();
    return 0;
}
