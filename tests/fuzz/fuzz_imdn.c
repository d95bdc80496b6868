/* What is taken can be written, and is the same when read again. */
#include "codecs/rcs/imdn.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(16) uint8_t room[2][TEAL_IMDN_ARENA];
static uint8_t text[64 << 10];

static void require(bool claim)
{
    if (!claim)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    teal_arena a = { room[0], sizeof room[0], 0 }, b = { room[1], sizeof room[1], 0 };
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
    require(first.has_sent_at == second.has_sent_at);
    require(!first.has_sent_at || first.sent_at_ms == second.sent_at_ms);
    return 0;
}
