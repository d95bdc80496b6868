/* Receipt texts: refused, or what was read encodes and reads as the same. */
#include "codecs/sms/dlr.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values that are field names themselves do not survive being written: no centre writes them. */
static bool is_plain(teal_bytes value)
{
    return value.len == 0 || memchr(value.at, ':', value.len) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[8192];
    if (size > 4096)
        return 0;
    teal_dlr dlr, back;
    teal_diag why = { 0 };
    if (teal_dlr_decode((teal_bytes){ data, size }, &dlr, &why) != TEAL_OK) {
        require(why.rule != NULL);
        return 0;
    }
    require(dlr.id.len >= 1 && dlr.id.len <= TEAL_SMPP_MAX_MESSAGE_ID);
    if (!is_plain(dlr.id) || !is_plain(dlr.error) || !is_plain(dlr.submit_date) ||
        !is_plain(dlr.done_date))
        return 0;
    teal_writer w = { buf, sizeof buf, 0 };
    require(teal_dlr_encode(&dlr, &w) == TEAL_OK);
    require(teal_dlr_decode(teal_written(&w), &back, NULL) == TEAL_OK);
    require(teal_bytes_equal(dlr.id, back.id) && dlr.state == back.state);
    require(teal_bytes_equal(dlr.error, back.error));
    require(teal_bytes_equal(dlr.submit_date, back.submit_date));
    require(teal_bytes_equal(dlr.done_date, back.done_date));
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, ' ', &s);
}
