/* Comparable forms of centres' message ids. */
#include "gateway/plaintext/remote_ids.h"

#include <inttypes.h>
#include <stdio.h>

remote_id remote_id_of(teal_bytes id)
{
    remote_id out = { 0 };
    size_t zeros = 0;
    if (id.len > TEAL_SMPP_MAX_MESSAGE_ID)
        return out;
    while (zeros + 1 < id.len && id.at[zeros] == '0')
        zeros++;
    for (size_t i = zeros; i < id.len; i++) {
        char c = (char)id.at[i];
        out.at[out.len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return out;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static bool read_number(const remote_id *id, unsigned base, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < id->len; i++) {
        unsigned digit = (unsigned)digit_of(id->at[i]);
        if (digit >= base || *value > (UINT64_MAX - digit) / base)
            return false;
        *value = *value * base + digit;
    }
    return id->len > 0;
}

bool remote_id_to_hex(const remote_id *decimal, remote_id *out)
{
    uint64_t value;
    if (!read_number(decimal, 10, &value))
        return false;
    out->len = (size_t)snprintf(out->at, sizeof out->at, "%" PRIx64, value);
    return true;
}

bool remote_id_to_decimal(const remote_id *hex, remote_id *out)
{
    uint64_t value;
    if (!read_number(hex, 16, &value))
        return false;
    out->len = (size_t)snprintf(out->at, sizeof out->at, "%" PRIu64, value);
    return true;
}
