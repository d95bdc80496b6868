/* The core's side of its talk with the plaintext room (REQ-ROOM-*), when that is confused or lies:
 * the test is the room. */
#include "tests/support/core_room.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

static void receipts_that_prove_nothing(void **state)
{
    core_rig *r = *state;
    teal_receipt good, other, bad;
    uint64_t ref = core_room_leave(r, "v1", &good);
    rig_letter l = core_room_letter("v2");
    l.conversation = "v2";
    rig_accept(r, &l);
    Teal__V1__Submit *s = core_room_expect_submit(r);
    uint64_t second = s->ref;
    other = rig_receipt(r, s, (rig_statement){ TEAL_STATUS_SENT, true, "" });

    bad = good; /* by the edge, whose key the room does not have to have */
    memcpy(bad.device, r->keys.id, sizeof bad.device);
    teal_receipt_sign(&bad, r->keys.sk);
    rig_say_done(r, ref, &bad, NULL);
    bad = good; /* a signature over something else */
    bad.reason = teal_text("changed");
    rig_say_done(r, ref, &bad, NULL);
    bad = good; /* of another gateway */
    bad.gateway = teal_text("im:gateway@elsewhere.example");
    rig_sign(r, &bad);
    rig_say_done(r, ref, &bad, NULL);
    rig_say_done(r, ref, &other, NULL); /* of another message */
    bad = good;                         /* on a path that it was not given */
    bad.path = teal_text("plain");
    bad.level = TEAL_TRANSPORT;
    rig_sign(r, &bad);
    rig_say_done(r, ref, &bad, NULL);
    rig_say_report(r, ROOM_REF, &good); /* not final */
    bad = core_room_restated(r, other, TEAL_STATUS_ARRIVED, "");
    rig_say_report(r, ROOM_REF + 1, &bad); /* of what was never Done: nothing to do */
    rig_expect_taken(r, ROOM_REF + 1);
    assert_true(rig_is_in_state(r, "v1", 0, STATE_LEAVING));
    assert_true(rig_is_in_state(r, "v2", 0, STATE_WAITING));
    rig_say_done(r, 4711, &good, NULL); /* a ref of nothing: forgotten */
    rig_expect_taken(r, 4711);
    rig_say_done(r, ref, &good, NULL);
    rig_expect_taken(r, ref);
    assert_true(rig_is_in_state(r, "v1", 0, STATE_SENT));
    core_room_expect_receipt(r, "v1", 1, TEAL_STATUS_SENT, TEAL_PLAINTEXT);
    rig_say_done(r, second, &other, NULL); /* it left without asking: not to be sent again */
    rig_expect_taken(r, second);
    assert_true(rig_is_in_state(r, "v2", 0, STATE_SENT));
}

/* A native delivery is none of the room's business. */
static void the_room_cannot_touch_what_is_encrypted(void **state)
{
    core_rig *r = *state;
    teal_receipt sent;
    uint64_t ref = core_room_submit(r, "t1", &sent);
    rig_accept(r, &(rig_letter){ .id = "t2", .to = { BOB }, .keys = { 21, 22 } });
    store_delivery d = rig_delivery(r, "t2", 0);
    store_message m;
    assert_int_equal(r->reader->ops->get_message(r->reader, d.message_seq, &r->arena, &m),
                     STORE_OK);
    teal_receipt failed = core_room_restated(r, sent, TEAL_STATUS_UNDELIVERABLE, "sms-refused");
    failed.message_id = teal_text("t2");
    failed.recipient = teal_text(BOB);
    failed.transcript_hash = m.transcript_hash;
    failed.level = TEAL_LEVEL_NONE;
    failed.path = failed.mark = (teal_bytes){ 0 };
    rig_sign(r, &failed);
    rig_say_done(r, (uint64_t)d.id, &failed, NULL);
    rig_say_leaving(r, (uint64_t)d.id);
    rig_say_deferred(r, (uint64_t)d.id, "room-busy", 1);
    rig_expect_taken(r, (uint64_t)d.id);
    assert_true(rig_is_in_state(r, "t2", 0, STATE_WAITING));
    rig_say_leaving(r, ref);
    rig_expect_go(r, ref);
}

static void a_hello_that_proves_nothing(void **state)
{
    core_rig *r = *state;
    uint8_t key[256], generation[16] = { 7 };
    size_t len;
    rig_start(r, 0);
    Teal__V1__RoomHello hello = TEAL__V1__ROOM_HELLO__INIT;
    teal_prekey prekey = { .id = 0 };
    teal_writer w = { key, sizeof key, 0 };
    test_device stranger = test_device_of(5);
    memcpy(prekey.key, stranger.prekey_pk, sizeof prekey.key);
    teal_prekey_sign(&prekey, r->room.id, stranger.sign_sk);
    assert_int_equal(teal_prekey_encode(&prekey, &w), TEAL_OK);
    hello.generation = (ProtobufCBinaryData){ sizeof generation, generation };
    hello.downgrade_key = (ProtobufCBinaryData){ w.len, key };
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO, &hello);
    uint8_t garbage[] = { 0xff, 0xff, 0xff };
    assert_int_equal(send(r->fds[1], garbage, sizeof garbage, 0), sizeof garbage);
    Teal__V1__WhoIs who_is = TEAL__V1__WHO_IS__INIT;
    who_is.ref = ROOM_REF;
    who_is.number = (char *)(uintptr_t) "+1";
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS,
            &who_is); /* who is not greeted is not answered */
    assert_false(core_downgrade_key(r->core, key, sizeof key, &len));
    rig_say_hello(r, GENERATION);
    who_is.ref++;
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS, &who_is);
    Teal__V1__WhoIsAnswer *answer =
        rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER)->who_is_answer;
    assert_int_equal(answer->ref, who_is.ref);
    assert_false(answer->known);
    uint8_t spoken[256];
    assert_true(core_downgrade_key(r->core, spoken, sizeof spoken, &len));
    assert_false(teal_bytes_equal((teal_bytes){ spoken, len }, teal_written(&w)));
}

#define ON_RIG(test) cmocka_unit_test_setup_teardown(test, core_room_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_RIG(receipts_that_prove_nothing),
        ON_RIG(the_room_cannot_touch_what_is_encrypted),
        cmocka_unit_test_setup_teardown(a_hello_that_proves_nothing, rig_open, rig_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
