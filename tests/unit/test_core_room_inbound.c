/* The core's side of its talk with the plaintext room (REQ-ROOM-*, REQ-INB-*) about what came in
 * from outside: the test is the room. */
#include "gateway/clock.h"
#include "tests/support/core_room.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static store_result put_prekeys(store *s, void *arg)
{
    (void)arg;
    store_result result = STORE_OK;
    for (uint64_t n = 21; result == STORE_OK && n <= 22; n++) {
        uint8_t encoded[256];
        teal_writer w = { encoded, sizeof encoded, 0 };
        test_device d = test_device_of(n);
        teal_prekey p = test_prekey_of(&d);
        if (teal_prekey_encode(&p, &w) != TEAL_OK)
            return STORE_BROKEN;
        result = s->ops->put_prekey(s, d.id, p.id, teal_written(&w));
    }
    return result;
}

static void whose_number_is_it(void **state)
{
    core_rig *r = *state;
    Teal__V1__WhoIs who_is = TEAL__V1__WHO_IS__INIT;
    assert_int_equal(writer_do(r->writer, put_prekeys, NULL), STORE_OK);
    who_is.ref = ROOM_REF;
    who_is.number = (char *)(uintptr_t) "+493012345";
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS, &who_is);
    Teal__V1__WhoIsAnswer *a =
        rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER)->who_is_answer;
    assert_int_equal(a->ref, ROOM_REF);
    assert_true(a->known);
    assert_string_equal(a->handle, BOB_TEL);
    assert_int_equal(a->n_prekeys, 1); /* [REQ-FWD-1]: of the first device alone */
    assert_int_equal(a->n_grants, 0);
    test_device d = test_device_of(21);
    assert_memory_equal(a->prekeys[0]->device.data, d.id, sizeof d.id);
    assert_true(a->manifest.len > 0);
    who_is.number = (char *)(uintptr_t) "+493099999"; /* under a native prefix, but nobody's */
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS, &who_is);
    assert_false(rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER)->who_is_answer->known);
    who_is.number = (char *)(uintptr_t) "no number";
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS, &who_is);
    assert_false(rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER)->who_is_answer->known);
}

static teal_envelope *seal_inbound(core_rig *r, const char *id)
{
    teal_envelope *e = rig_seal(r, &(rig_letter){ .id = id,
                                                  .conversation = "in",
                                                  .sender = GATEWAY,
                                                  .device = RIG_ROOM,
                                                  .to = { BOB_TEL },
                                                  .keys = { 21, 22 } });
    e->has_origin = true;
    e->origin = (teal_origin){ TEAL_PLAINTEXT, teal_text("sms"), teal_text(GATEWAY) };
    test_envelope_sign(e, r->room.sign_sk);
    return e;
}

static void say_inbound(core_rig *r, uint64_t ref, const teal_envelope *e)
{
    Teal__V1__Inbound inbound = TEAL__V1__INBOUND__INIT;
    teal_writer w = { teal_arena_take(&r->arena, 8192), 8192, 0 };
    assert_int_equal(teal_envelope_encode(e, &w), TEAL_OK);
    inbound.ref = ref;
    inbound.envelope = (ProtobufCBinaryData){ w.len, w.base };
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_INBOUND, &inbound);
}

static void what_the_room_has_sealed(void **state)
{
    core_rig *r = *state;
    store_item items[4];
    bool seen = true;
    teal_envelope *e = seal_inbound(r, "i1");
    say_inbound(r, ROOM_REF, e);
    rig_expect_taken(r, ROOM_REF);
    say_inbound(r, ROOM_REF, e); /* Taken was not heard */
    rig_expect_taken(r, ROOM_REF);
    assert_int_equal(rig_items(r, 22, items, 4), 1);
    assert_int_equal(rig_items(r, 21, items, 4), 1);
    teal_envelope got;
    assert_int_equal(teal_envelope_decode(items[0].data, &r->arena, &got, NULL), TEAL_OK);
    assert_true(got.has_origin);
    test_device d = test_device_of(21);
    assert_int_equal(core_acknowledge(r->core, d.id, &items[0].seq, 1, clock_unix_ms()), STORE_OK);
    assert_true(rig_is_in_state(r, "i1", 0, STATE_ARRIVED));
    /* It was not end-to-end encrypted, and the gateway needs no receipts. */
    assert_int_equal(
        r->reader->ops->seen_e2ee(r->reader, teal_text("in"), teal_text(BOB_TEL), &seen), STORE_OK);
    assert_false(seen);
    assert_int_equal(rig_items(r, RIG_ROOM, items, 4), 0);
}

/* REQ-INB-1, -3 */
static void inbound_that_proves_nothing(void **state)
{
    core_rig *r = *state;
    store_item items[4];
    test_device edge = test_device_of(RIG_EDGE);
    teal_envelope *e = seal_inbound(r, "j1");
    e->signature[3] ^= 1;
    say_inbound(r, ROOM_REF, e);
    e = seal_inbound(r, "j2"); /* without origin it would look like a person's */
    e->has_origin = false;
    test_envelope_sign(e, r->room.sign_sk);
    say_inbound(r, ROOM_REF, e);
    e = seal_inbound(r, "j3"); /* in a person's name */
    e->sender = teal_text(ALICE);
    e->origin.gateway = teal_text(ALICE);
    test_envelope_sign(e, r->room.sign_sk);
    say_inbound(r, ROOM_REF, e);
    e = seal_inbound(r, "j4"); /* by another device of the gateway's */
    memcpy(e->sender_device, edge.id, sizeof edge.id);
    test_envelope_sign(e, edge.sign_sk);
    say_inbound(r, ROOM_REF, e);
    e = seal_inbound(r, "j5"); /* for somebody who is not ours */
    e->recipients = (teal_bytes[]){ { (const uint8_t *)RITA, strlen(RITA) } };
    test_envelope_sign(e, r->room.sign_sk);
    say_inbound(r, ROOM_REF, e);
    say_inbound(r, ROOM_REF + 1, seal_inbound(r, "j6"));
    rig_expect_taken(r, ROOM_REF + 1);
    assert_int_equal(rig_items(r, 21, items, 4), 1);
}

#define ON_RIG(test) cmocka_unit_test_setup_teardown(test, core_room_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_RIG(whose_number_is_it),
        ON_RIG(what_the_room_has_sealed),
        ON_RIG(inbound_that_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
