/* User data behind a header: refused, or what is read of it encodes and reads again. */
#include "codecs/sms/udh.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    teal_bytes header, rest;
    teal_udh udh, back;
    teal_diag why = { 0 };
    if (teal_udh_split((teal_bytes){ data, size }, &header, &rest, &why) != TEAL_OK)
        return 0;
    require(header.len + rest.len == size);
    teal_result result = teal_udh_decode(header, &udh, &why);
    if (result != TEAL_OK) {
        require(result == TEAL_MALFORMED && why.rule != NULL && why.at <= header.len);
        return 0;
    }
    uint8_t buf[TEAL_UDH_MAX_OCTETS];
    size_t len;
    require(teal_udh_encode(&udh, buf, sizeof buf, &len) == TEAL_OK);
    if (len == 0)
        return 0;
    require(teal_udh_decode((teal_bytes){ buf, len }, &back, NULL) == TEAL_OK);
    require(udh.concat.ref == back.concat.ref && udh.concat.total == back.concat.total &&
            udh.concat.seq == back.concat.seq && udh.concat.wide == back.concat.wide);
    require(udh.shift.locking == back.shift.locking && udh.shift.single == back.shift.single);
    require(udh.ports.destination == back.ports.destination &&
            udh.ports.source == back.ports.source && udh.ports.wide == back.ports.wide &&
            udh.ports.present == back.ports.present);
    return 0;
}
