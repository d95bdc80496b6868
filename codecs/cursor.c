/* The parts of the cursor that are too long to inline. */
#include "codecs/cursor.h"

void teal_write_decimal(teal_writer *w, uint64_t value)
{
    uint8_t digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    teal_write_bytes(w, (teal_bytes){ digits + first, sizeof digits - first });
}
