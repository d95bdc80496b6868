/* The room as its edge and its SMS centre see it: what becomes of delivery receipts, also of what a
 * room before this one has sent. PROTOCOL.md REQ-ROOM-*. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/room_rig.h"

static int set_up(void **state)
{
    *state = room_rig_start("", false);
    return 0;
}

static int tear_down(void **state)
{
    room_rig_stop((room_rig **)state);
    return 0;
}

static void expect_answer(room_rig *r, uint32_t sequence, uint32_t status)
{
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP);
    assert_int_equal(pdu.sequence, sequence);
    assert_int_equal(pdu.status, status);
}

static void a_delivery_receipt_becomes_a_report(void **state)
{
    static const struct {
        const char *submitted, *reported, *state;
        teal_status status;
    } rows[] = {
        { "A1B2", "A1B2", "DELIVRD", TEAL_STATUS_ARRIVED },
        { "a1b3", "00A1B3", "DELIVRD", TEAL_STATUS_ARRIVED }, /* case, zeros */
        { "1f4", "500", "DELIVRD", TEAL_STATUS_ARRIVED },     /* hexadecimal, then decimal */
        { "0000001000", "3E8", "UNDELIV", TEAL_STATUS_UNDELIVERABLE }, /* the other way round */
        { "x", "x", "EXPIRED", TEAL_STATUS_UNDELIVERABLE },
    };
    room_rig *r = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t ref;
        room_rig_send_one(r, &(room_rig_order){ .ref = i + 1 }, rows[i].submitted);
        uint32_t first = centre_report(&r->centre, "447700900123", rows[i].reported, "ACCEPTD");
        expect_answer(r, first, ESME_ROK); /* not final: of no interest */
        uint32_t sequence =
            centre_report(&r->centre, "447700900123", rows[i].reported, rows[i].state);
        teal_receipt receipt = room_rig_expect_report(r, &ref);
        if (receipt.status != rows[i].status)
            fail_msg("%s: %s", rows[i].reported, teal_status_name(receipt.status));
        char id[8];
        snprintf(id, sizeof id, "M%zu", i + 1);
        assert_true(teal_bytes_equal(receipt.message_id, teal_text(id)));
        assert_int_equal(receipt.level, TEAL_PLAINTEXT);
        room_rig_sync(r);
        assert_int_equal(room_rig_expect_report(r, &ref).status, rows[i].status);
        room_rig_expect_nothing(r); /* not answered yet */
        room_rig_taken(r, ref);
        expect_answer(r, sequence, ESME_ROK);
    }
}

static void a_delivery_receipt_may_come_first(void **state)
{
    room_rig *r = *state;
    uint64_t ref;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1 });
    uint32_t submit = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM).sequence;
    uint32_t sequence = centre_report(&r->centre, "447700900123", "early", "DELIVRD");
    centre_answer(&r->centre, submit, ESME_ROK, "early");
    assert_int_equal(room_rig_expect_done(r, 1, NULL).status, TEAL_STATUS_SENT);
    assert_int_equal(room_rig_expect_report(r, &ref).status, TEAL_STATUS_ARRIVED);
    room_rig_taken(r, ref);
    expect_answer(r, sequence, ESME_ROK);
}

/* [REQ-ROOM-11] */
static void all_segments_must_arrive(void **state)
{
    room_rig *r = *state;
    uint64_t ref;
    for (uint64_t turn = 0; turn < 2; turn++) {
        const char *ids[] = { turn == 0 ? "s1" : "s3", turn == 0 ? "s2" : "s4" };
        room_rig_submit_and_go(
            r, &(room_rig_order){ .ref = turn + 1, .text = room_rig_long_text(200) });
        for (int i = 0; i < 2; i++)
            centre_answer(&r->centre, centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM).sequence,
                          ESME_ROK, ids[i]);
        room_rig_expect_done(r, turn + 1, NULL);
        room_rig_taken(r, turn + 1);
        expect_answer(r, centre_report(&r->centre, "447700900123", ids[1], "DELIVRD"), ESME_ROK);
        expect_answer(r, centre_report(&r->centre, "447700900123", ids[1], "DELIVRD"), ESME_ROK);
        uint32_t last =
            centre_report(&r->centre, "447700900123", ids[0], turn == 0 ? "DELIVRD" : "REJECTD");
        teal_receipt receipt = room_rig_expect_report(r, &ref);
        assert_int_equal(receipt.status,
                         turn == 0 ? TEAL_STATUS_ARRIVED : TEAL_STATUS_UNDELIVERABLE);
        assert_int_equal(receipt.segments, 2);
        room_rig_taken(r, ref);
        expect_answer(r, last, ESME_ROK);
    }
}

static void outstanding_parts(room_rig *r, teal_bytes receipt, char **ids, size_t n)
{
    Teal__V1__Outstanding o = TEAL__V1__OUTSTANDING__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    o.receipt = (ProtobufCBinaryData){ receipt.len, (uint8_t *)(uintptr_t)receipt.at };
    o.remote_ids = ids;
    o.n_remote_ids = n;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_OUTSTANDING;
    frame.outstanding = &o;
    room_rig_send(r, &frame);
}

static void outstanding(room_rig *r, teal_bytes receipt, const char *id)
{
    outstanding_parts(r, receipt, (char *[]){ (char *)(uintptr_t)id }, 1);
}

static void outstanding_messages_survive_the_room(void **state)
{
    room_rig *r = *state;
    const Teal__V1__Done *done;
    uint8_t kept[2048];
    uint64_t ref;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1 });
    centre_answer(&r->centre, centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM).sequence, ESME_ROK,
                  "0A");
    room_rig_expect_done(r, 1, &done);
    teal_bytes receipt = { kept, done->receipt.len };
    memcpy(kept, done->receipt.data, done->receipt.len);
    room_rig_taken(r, 1);
    room_rig_restart(r);

    uint8_t forged[2048];
    memcpy(forged, kept, receipt.len);
    forged[4] ^= 1; /* in the message id */
    outstanding(r, (teal_bytes){ forged, receipt.len }, "0b");
    outstanding_parts(r, receipt, (char *[]){ "0A", "0b" }, 2); /* it left in one */
    room_rig_sync(r);
    uint32_t sequence = centre_report(&r->centre, "447700900123", "0A", "DELIVRD");
    outstanding(r, receipt, "0A"); /* before or after the delivery receipt: both will do */
    outstanding(r, receipt, "0A");
    assert_int_equal(room_rig_expect_report(r, &ref).status, TEAL_STATUS_ARRIVED);
    room_rig_taken(r, ref);
    expect_answer(r, sequence, ESME_ROK);

    outstanding(r, receipt, "0C"); /* an id of the edge's choice, but of another number */
    room_rig_sync(r);
    centre_report(&r->centre, "447700900999", "0C", "DELIVRD");
    room_rig_sync(r);
    room_rig_expect_nothing(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_delivery_receipt_becomes_a_report),
        TEST(a_delivery_receipt_may_come_first),
        TEST(all_segments_must_arrive),
        TEST(outstanding_messages_survive_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
