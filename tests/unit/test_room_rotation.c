/* The room's downgrade keys over time, as its edge sees them. Names in brackets are the requirement
 * that a test is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codecs/native/seal.h"

#include "tests/support/room_rig.h"

/* Sets what orders seal to. The frame lives until the next one. */
static const Teal__V1__Rotated *expect_rotated(room_rig *r, uint64_t ref, size_t n_retired)
{
    const Teal__V1__Rotated *f = room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_ROTATED)->rotated;
    teal_prekey key;
    teal_bytes encoded = { f->downgrade_key.data, f->downgrade_key.len };
    assert_int_equal(f->ref, ref);
    assert_int_equal(f->n_retired, n_retired);
    assert_int_equal(teal_prekey_decode(encoded, &key, NULL), TEAL_OK);
    assert_int_equal(key.id, 0);
    assert_int_equal(teal_prekey_verify(&key, r->gateway_device, r->gateway_key, NULL), TEAL_OK);
    memcpy(r->downgrade_pk, key.key, sizeof r->downgrade_pk);
    return f;
}

static void rotate(room_rig *r, uint64_t ref)
{
    Teal__V1__RotateDowngrade rotate = TEAL__V1__ROTATE_DOWNGRADE__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    rotate.ref = ref;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_ROTATE_DOWNGRADE;
    frame.rotate_downgrade = &rotate;
    room_rig_send(r, &frame);
}

static room_rig *start(int overlap_s)
{
    char extra[64];
    snprintf(extra, sizeof extra, "[keys]\nprotection = none\ndowngrade_overlap_s = %d\n",
             overlap_s);
    return room_rig_start(extra, false);
}

static void use(room_rig *r, const uint8_t pk[static 32])
{
    memcpy(r->downgrade_pk, pk, sizeof r->downgrade_pk);
}

/* [REQ-KEY-5] */
static void a_consent_counts_within_the_overlap(void **state)
{
    (void)state;
    room_rig *r = start(3600);
    uint8_t old[32], current[32], id[TEAL_GATEWAY_KEY_BYTES];
    memcpy(old, r->downgrade_pk, sizeof old);
    rotate(r, 5);
    const Teal__V1__Rotated *f = expect_rotated(r, 5, 1);
    assert_string_equal(f->reason, "");
    teal_gateway_key_id(old, id);
    assert_memory_equal(f->retired[0]->id.data, id, sizeof id);
    memcpy(current, r->downgrade_pk, sizeof current);
    assert_memory_not_equal(current, old, sizeof old);

    use(r, old);
    room_rig_send_one(r, &(room_rig_order){ .ref = 7 }, "A1");
    use(r, current);
    room_rig_send_one(r, &(room_rig_order){ .ref = 8 }, "A2");
    room_rig_restart(r); /* its RoomHello says the same key */
    assert_memory_equal(r->downgrade_pk, current, sizeof current);
    use(r, old);
    room_rig_send_one(r, &(room_rig_order){ .ref = 9 }, "A3");
    room_rig_stop(&r);
}

static void assert_gateway_key_refused(room_rig *r, uint64_t ref)
{
    room_rig_submit(r, &(room_rig_order){ .ref = ref });
    teal_receipt receipt = room_rig_expect_done(r, ref, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    assert_true(teal_bytes_equal(receipt.reason, teal_text("consent-gateway-key")));
    room_rig_taken(r, ref);
}

/* [REQ-KEY-5] The end is said by itself, with ref 0. */
static void afterwards_it_does_not(void **state)
{
    (void)state;
    room_rig *r = start(1);
    uint8_t old[32], current[32];
    memcpy(old, r->downgrade_pk, sizeof old);
    rotate(r, 5);
    expect_rotated(r, 5, 1);
    memcpy(current, r->downgrade_pk, sizeof current);
    expect_rotated(r, 0, 0);
    assert_memory_equal(r->downgrade_pk, current, sizeof current);
    use(r, old);
    assert_gateway_key_refused(r, 7);
    use(r, current);
    room_rig_send_one(r, &(room_rig_order){ .ref = 8 }, "A1");
    room_rig_restart(r);
    assert_memory_equal(r->downgrade_pk, current, sizeof current);
    use(r, old);
    assert_gateway_key_refused(r, 9);
    room_rig_stop(&r);
}

/* [REQ-KEY-4] An edge that asks and asks can neither drive out a key nor fill the room. */
static void it_is_not_asked_for_ever(void **state)
{
    (void)state;
    room_rig *r = start(3600);
    uint8_t first[32], last[32];
    memcpy(first, r->downgrade_pk, sizeof first);
    for (size_t i = 1; i < 8; i++) {
        rotate(r, i);
        assert_string_equal(expect_rotated(r, i, i)->reason, "");
    }
    memcpy(last, r->downgrade_pk, sizeof last);
    rotate(r, 8);
    assert_string_equal(expect_rotated(r, 8, 7)->reason, "rotation-too-soon");
    assert_memory_equal(r->downgrade_pk, last, sizeof last);
    use(r, first);
    room_rig_send_one(r, &(room_rig_order){ .ref = 70 }, "A1");
    room_rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consent_counts_within_the_overlap),
        cmocka_unit_test(afterwards_it_does_not),
        cmocka_unit_test(it_is_not_asked_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
