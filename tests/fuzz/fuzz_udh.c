/* User data behind a header: refused, or the concatenation that is read encodes and reads again. */
#include "codecs/sms/udh.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    teal_bytes header, rest;
    teal_udh_concat c, back;
    teal_diag why = { 0 };
    if (teal_udh_split((teal_bytes){ data, size }, &header, &rest, &why) != TEAL_OK)
        return 0;
    require(header.len + rest.len == size);
    teal_result result = teal_udh_decode(header, &c, &why);
    if (result != TEAL_OK) {
        require(result == TEAL_MALFORMED && why.rule != NULL && why.at <= header.len);
        return 0;
    }
    if (c.total == 0)
        return 0;
    uint8_t buf[TEAL_UDH_CONCAT_WIDE_OCTETS];
    size_t len;
    require(teal_udh_encode(&c, buf, sizeof buf, &len) == TEAL_OK);
    require(teal_udh_decode((teal_bytes){ buf, len }, &back, NULL) == TEAL_OK);
    require(c.ref == back.ref && c.total == back.total && c.seq == back.seq && c.wide == back.wide);
    return 0;
}
