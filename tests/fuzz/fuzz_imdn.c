/* What is taken can be written, and is the same when read again. */
#include "codecs/rcs/imdn.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* TEAL_IMDN_ARENA of the largest document */
static _Alignas(16) uint8_t room[2][256 << 10];
static uint8_t text[64 << 10];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEAL_XML_MAX_BYTES + 1)
        return 0;
    teal_arena a = { room[0], TEAL_IMDN_ARENA(size), 0 }, b = { room[1], sizeof room[1], 0 };
    teal_imdn first, second;
    teal_diag why = { 0 };
    teal_result result = teal_imdn_decode((teal_bytes){ data, size }, &a, &first, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= size);
        return 0;
    }
    teal_writer out = { text, sizeof text, 0 };
    require(teal_imdn_encode(&first, &out) == TEAL_OK);
    require(teal_imdn_decode(teal_written(&out), &b, &second, &why) == TEAL_OK);
    require(first.kind == second.kind && first.status == second.status);
    require(teal_bytes_equal(first.message_id, second.message_id));
    require(teal_bytes_equal(first.recipient_uri, second.recipient_uri));
    require(teal_bytes_equal(first.original_recipient_uri, second.original_recipient_uri));
    require(teal_bytes_equal(first.subject, second.subject));
    require(first.reason_of == second.reason_of);
    require(teal_bytes_equal(first.reason, second.reason));
    require(first.has_sent_at == second.has_sent_at);
    require(!first.has_sent_at || first.sent_at_ms == second.sent_at_ms);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '>', &s);
}
