/* A stream of units: each is refused with a rule, or encodes to the same octets again. */
#include "codecs/sms/dlr.h"
#include "codecs/sms/smpp.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const teal_smpp_pdu *pdu)
{
    teal_bytes octets;
    teal_udh udh;
    teal_dlr dlr;
    teal_diag why = { 0 };
    if (teal_smpp_user_data(pdu, &octets, &udh, &why) == TEAL_OK)
        require(udh.concat.total == 0 ||
                (udh.concat.seq >= 1 && udh.concat.seq <= udh.concat.total));
    else
        require(why.rule != NULL);
    if (teal_dlr_of_message(pdu, &dlr, &why) == TEAL_OK)
        require(dlr.id.len > 0 && dlr.state != TEAL_DLR_NONE);
}

/* Re-encoding is exact but for responses: a refusal loses a body that says nothing, a bare
 * deliver_sm_resp gains one. */
static void check_encoding(const teal_smpp_pdu *pdu, teal_bytes unit)
{
    static uint8_t buf[TEAL_SMPP_MAX_OCTETS];
    teal_writer w = { buf, sizeof buf, 0 };
    require(teal_smpp_encode(pdu, &w, NULL) == TEAL_OK);
    bool response = (pdu->command & TEAL_SMPP_RESP) != 0;
    bool loses = response && pdu->status != 0 && w.len == TEAL_SMPP_HEADER_OCTETS;
    bool gains = response && unit.len == TEAL_SMPP_HEADER_OCTETS;
    if (!loses && !gains)
        require(teal_bytes_equal(teal_written(&w), unit));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    teal_bytes stream = { data, size }, unit;
    teal_diag why = { 0 };
    while (teal_smpp_frame(stream, &unit, &why) == TEAL_OK) {
        teal_smpp_pdu pdu;
        teal_result result = teal_smpp_decode(unit, &pdu, &why);
        if (result == TEAL_OK) {
            check_encoding(&pdu, unit);
            if (pdu.command == TEAL_SMPP_SUBMIT_SM || pdu.command == TEAL_SMPP_DELIVER_SM ||
                pdu.command == TEAL_SMPP_DATA_SM ||
                pdu.command == TEAL_SMPP_SUBMIT_MULTI)
                check_message(&pdu);
        } else
            require(result != TEAL_MORE && why.rule != NULL && why.at <= unit.len);
        stream = (teal_bytes){ stream.at + unit.len, stream.len - unit.len };
    }
    return 0;
}

/* One unit of the stream, which keeps its length before it. */
static size_t mutate_unit(uint8_t *unit, size_t len, size_t max, test_random *s)
{
    static uint8_t fresh[TEAL_SMPP_MAX_OCTETS];
    size_t head = test_random_below(s, 4) > 0 ? TEAL_SMPP_HEADER_OCTETS : 4; /* the length */
    if (max > sizeof fresh)
        max = sizeof fresh;
    if (len > max || len <= head || max <= head)
        return len;
    memcpy(fresh, unit + head, len - head);
    size_t body = LLVMFuzzerMutate(fresh, len - head, max - head);
    memcpy(unit + head, fresh, body);
    teal_writer length = { unit, 4, 0 };
    teal_write_u32(&length, (uint32_t)(head + body));
    return head + body;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    static uint8_t rest[1 << 20];
    test_random s = test_random_of(number);
    teal_bytes stream = { data, size }, unit = { 0 };
    size_t at = 0, skip = test_random_below(&s, 4);
    bool found = teal_smpp_frame(stream, &unit, NULL) == TEAL_OK;
    while (found && skip-- > 0 && size - at > unit.len) {
        at += unit.len;
        stream = (teal_bytes){ data + at, size - at };
        found = teal_smpp_frame(stream, &unit, NULL) == TEAL_OK;
    }
    if (!found || size > sizeof rest || test_random_below(&s, 8) == 0)
        return LLVMFuzzerMutate(data, size, max);
    size_t left = size - at - unit.len;
    memcpy(rest, data + at + unit.len, left);
    size_t len = mutate_unit(data + at, unit.len, max - at - left, &s);
    memcpy(data + at + len, rest, left);
    return at + len + left;
}
