/* A stream of units: each is refused with a rule, or encodes to the same octets again. */
#include "codecs/sms/dlr.h"
#include "codecs/sms/smpp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

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
                pdu.command == TEAL_SMPP_DATA_SM)
                check_message(&pdu);
        } else
            require(result != TEAL_MORE && why.rule != NULL && why.at <= unit.len);
        stream = (teal_bytes){ stream.at + unit.len, stream.len - unit.len };
    }
    return 0;
}
