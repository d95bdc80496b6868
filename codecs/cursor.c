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

bool teal_decimal_value(teal_bytes text, uint64_t max, uint64_t *value)
{
    uint64_t found = 0;
    if (text.len == 0 || (text.len > 1 && text.at[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.at[i] - '0'; /* below '0' wraps */
        if (digit > 9 || found > (max - digit) / 10)
            return false;
        found = found * 10 + digit;
    }
    *value = found;
    return true;
}
