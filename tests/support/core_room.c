/* See core_room.h. */
#include "tests/support/core_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

int core_room_open(void **state)
{
    rig_open(state);
    rig_start(*state, GENERATION);
    return 0;
}

rig_letter core_room_letter(const char *id)
{
    return (rig_letter){ .id = id, .to = { PHONE }, .consents = true };
}

Teal__V1__Submit *core_room_expect_submit(core_rig *r)
{
    return rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT)->submit;
}

uint64_t core_room_submit(core_rig *r, const char *id, teal_receipt *sent)
{
    rig_letter l = core_room_letter(id);
    rig_accept(r, &l);
    Teal__V1__Submit *s = core_room_expect_submit(r);
    if (sent != NULL)
        *sent = rig_receipt(r, s, (rig_statement){ TEAL_STATUS_SENT, true, "" });
    return s->ref;
}

uint64_t core_room_leave(core_rig *r, const char *id, teal_receipt *sent)
{
    uint64_t ref = core_room_submit(r, id, sent);
    rig_say_leaving(r, ref);
    rig_expect_go(r, ref);
    return ref;
}

teal_receipt core_room_restated(core_rig *r, teal_receipt receipt, teal_status status,
                                const char *reason)
{
    receipt.status = status;
    receipt.reason = teal_text(reason);
    rig_sign(r, &receipt);
    return receipt;
}

void core_room_expect_receipt(core_rig *r, const char *id, size_t n, teal_status status,
                              teal_level level)
{
    teal_receipt receipt = rig_await_receipt(r, id, n);
    assert_int_equal(receipt.status, status);
    assert_int_equal(receipt.level, level);
    if (level != TEAL_LEVEL_NONE)
        assert_memory_equal(receipt.device, r->room.id, sizeof receipt.device);
}
