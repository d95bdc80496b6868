/* A TPDU in the direction that the first octet says: refused with a rule, or its encoding decodes
 * and encodes to the same octets again. */
#include "codecs/sms/tpdu.h"
#include "codecs/sms/udh.h"
#include "codecs/utf8.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static teal_bytes encode(const teal_tpdu *t, uint8_t buf[static TEAL_TPDU_MAX_OCTETS])
{
    teal_writer w = { buf, TEAL_TPDU_MAX_OCTETS, 0 };
    require(teal_tpdu_encode(t, &w, NULL) == TEAL_OK);
    return teal_written(&w);
}

/* The text, as far as it is one, can be read. */
static void check_text(const teal_tpdu *t)
{
    uint8_t text[3 * TEAL_TPDU_USER_DATA_MAX];
    teal_writer w = { text, sizeof text, 0 };
    teal_bytes data = { t->user_data, t->len }, header = { 0 };
    teal_udh udh = { 0 };
    if (t->has_header && t->has_user_data) {
        require(teal_udh_split(data, &header, &data, NULL) == TEAL_OK);
        if (teal_udh_decode(header, &udh, NULL) != TEAL_OK)
            return;
    }
    uint8_t coding = teal_tpdu_coding(t->data_coding);
    teal_result result = teal_coding_decode(coding, udh.shift, data, &w, NULL);
    require(result != TEAL_SPACE && (coding != TEAL_CODING_GSM7 || result == TEAL_OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    teal_tpdu_direction direction = data[0] & 1 ? TEAL_TPDU_FROM_CENTRE : TEAL_TPDU_TO_CENTRE;
    teal_bytes in = { data + 1, size - 1 };
    teal_tpdu t, back;
    teal_diag why = { 0 };
    teal_result result = teal_tpdu_decode(in, direction, &t, &why);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= in.len);
        return 0;
    }
    require(teal_utf8_valid((teal_bytes){ t.address.text, t.address.len }));
    check_text(&t);
    uint8_t once[TEAL_TPDU_MAX_OCTETS], twice[TEAL_TPDU_MAX_OCTETS];
    teal_bytes first = encode(&t, once);
    require(teal_tpdu_decode(first, direction, &back, NULL) == TEAL_OK);
    require(teal_bytes_equal(first, encode(&back, twice)));
    return 0;
}
