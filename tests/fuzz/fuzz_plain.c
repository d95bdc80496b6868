/* A plain message, or a notification: what is taken keeps its rules, and what is written of it is
 * taken again and is the same. */
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/plain.h"
#include "codecs/utf8.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 4 << 20, TEXT = 1 << 20, MAX_OCTETS = 256 << 10 };

static _Alignas(16) uint8_t room[2][ROOM];
static uint8_t text[2][TEXT];

static const teal_rcs_routing outside = {
    .from = { (const uint8_t *)"im:alice@native.example", 23 },
    .to = { (const uint8_t *)"tel:+14155550100", 16 },
};

static teal_bytes encode(const teal_plain *p, const teal_rcs_routing *routing, uint8_t *at)
{
    teal_writer out = { at, TEXT, 0 };
    require(teal_plain_encode(p, routing, &out) == TEAL_OK);
    return teal_written(&out);
}

static void check_plain(teal_bytes in)
{
    teal_arena a = { room[0], TEAL_PLAIN_ARENA(in.len), 0 }, b = { room[1], ROOM, 0 };
    teal_rcs_routing routing = outside, again = outside;
    teal_plain first, second;
    teal_diag why = { 0 };
    teal_result result = teal_plain_decode(in, &a, &routing, &first, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= in.len);
        return;
    }
    require(first.text.len > 0 && first.text.len <= TEAL_PLAIN_MAX_TEXT_BYTES);
    require(teal_utf8_valid(first.text) && memchr(first.text.at, 0, first.text.len) == NULL);
    teal_bytes canonical = encode(&first, &routing, text[0]);
    require(teal_plain_decode(canonical, &b, &again, &second, &why) == TEAL_OK);
    require(again.hides_from == routing.hides_from && again.hides_to == routing.hides_to);
    require(teal_bytes_equal(encode(&second, &again, text[1]), canonical));
}

/* Heads without a time are the notifications'. */
static void check_notification(teal_bytes in)
{
    teal_arena a = { room[0], ROOM, 0 };
    teal_rcs_routing routing = outside;
    teal_cpim m;
    teal_rcs_head head;
    teal_imdn n;
    teal_bytes receipt;
    teal_diag why = { 0 };
    if (teal_cpim_decode(in, &a, &m, NULL) != TEAL_OK ||
        teal_rcs_head_read(&m, &a, &routing, &head, NULL) != TEAL_OK)
        return;
    if (teal_imdn_receipt(&m, &a, &receipt, &why) != TEAL_OK) {
        require(why.rule != NULL);
        return;
    }
    if (teal_rcs_form_of(&m) != TEAL_RCS_IMDN || teal_imdn_read(&m, &a, &n, &why) != TEAL_OK)
        return;
    teal_writer out = { text[0], TEXT, 0 };
    teal_arena b = { room[1], ROOM, 0 };
    teal_bytes back;
    head.wants = 0;
    require(teal_imdn_message_encode(&head, &routing, &n, receipt, &out) == TEAL_OK);
    require(teal_cpim_decode(teal_written(&out), &b, &m, NULL) == TEAL_OK);
    require(teal_imdn_receipt(&m, &b, &back, NULL) == TEAL_OK && teal_bytes_equal(back, receipt));
    require(teal_imdn_read(&m, &b, &n, NULL) == TEAL_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MAX_OCTETS)
        return 0;
    check_plain((teal_bytes){ data, size });
    check_notification((teal_bytes){ data, size });
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, test_random_below(&s, 4) > 0 ? '\n' : '>', &s);
}
