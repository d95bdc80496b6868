/* The core asks the room for another downgrade key, and believes nothing that the room's device has
 * not signed: the test is the room. PROTOCOL.md REQ-KEY-3..5. */
#include "codecs/native/seal.h"
#include "gateway/clock.h"
#include "tests/support/core_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NEXT = 77, STRANGER = 5 };

static void *rotate(void *arg)
{
    core_rig *r = arg;
    return (void *)(uintptr_t)core_rotate_downgrade(r->core);
}

typedef struct answer {
    uint64_t signer; /* device; 0: the room */
    const char *reason;
    int64_t until_ms; /* of the key that goes; 0: it is gone already */
} answer;

/* Answers the core's question. The key is that of NEXT. */
static void answer_rotated(core_rig *r, uint64_t ref, const answer *a)
{
    Teal__V1__Rotated rotated = TEAL__V1__ROTATED__INIT;
    Teal__V1__RetiredKey retired = TEAL__V1__RETIRED_KEY__INIT, *list[] = { &retired };
    uint8_t encoded[256], id[TEAL_GATEWAY_KEY_BYTES];
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_prekey key = { .id = 0 };
    test_device next = test_device_of(NEXT), other = test_device_of(STRANGER);
    memcpy(key.key, next.prekey_pk, sizeof key.key);
    teal_prekey_sign(&key, r->room.id, a->signer != 0 ? other.sign_sk : r->room.sign_sk);
    assert_int_equal(teal_prekey_encode(&key, &w), TEAL_OK);
    teal_gateway_key_id(r->room.prekey_pk, id);
    retired.id = (ProtobufCBinaryData){ sizeof id, id };
    retired.until_ms = (uint64_t)a->until_ms;
    rotated.ref = ref;
    rotated.reason = (char *)(uintptr_t)a->reason;
    rotated.downgrade_key = (ProtobufCBinaryData){ w.len, encoded };
    rotated.retired = list;
    rotated.n_retired = a->until_ms > 0;
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_ROTATED, &rotated);
}

static core_rotation rotate_with(core_rig *r, const answer *a)
{
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, rotate, r), 0);
    uint64_t ref =
        rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_ROTATE_DOWNGRADE)->rotate_downgrade->ref;
    answer_rotated(r, ref, a);
    pthread_join(thread, &result);
    return (core_rotation)(uintptr_t)result;
}

/* Of the key that the core hands out now. */
static void key_now(core_rig *r, uint8_t key[static TEAL_KEY_BYTES])
{
    uint8_t encoded[256];
    size_t len;
    teal_prekey p;
    assert_true(core_downgrade_key(r->core, encoded, sizeof encoded, &len));
    assert_int_equal(teal_prekey_decode((teal_bytes){ encoded, len }, &p, NULL), TEAL_OK);
    memcpy(key, p.key, TEAL_KEY_BYTES);
}

/* To the key that has gone. */
static core_result submit_old(core_rig *r, const char *id, core_outcome *out)
{
    rig_letter l = core_room_letter(id);
    return rig_submit(r, rig_seal(r, &l), out);
}

static void the_old_key_counts_until_it_ends(void **state)
{
    core_rig *r = *state;
    core_outcome out = { 0 };
    uint8_t key[TEAL_KEY_BYTES];
    test_device next = test_device_of(NEXT);
    int64_t until_ms = clock_unix_ms() + 3600000;
    assert_int_equal(rotate_with(r, &(answer){ 0, "", until_ms }), CORE_ROTATED);
    key_now(r, key);
    assert_memory_equal(key, next.prekey_pk, sizeof key);
    assert_int_equal(submit_old(r, "within", &out), CORE_ACCEPTED);

    answer_rotated(r, 0, &(answer){ 0, "", 0 }); /* unasked: its overlap is over */
    core_result result = CORE_ACCEPTED;
    for (int i = 0; result == CORE_ACCEPTED && i < 10000; i++) { /* until the frame was read */
        char id[32];
        snprintf(id, sizeof id, "after%d", i);
        result = submit_old(r, id, &out);
    }
    assert_int_equal(result, CORE_REFUSED);
    assert_string_equal(out.problem, "consent-gateway-key");
    assert_true(out.wrong_gateway_key);
}

static void a_key_of_somebody_else_is_not_taken(void **state)
{
    core_rig *r = *state;
    uint8_t key[TEAL_KEY_BYTES];
    assert_int_equal(rotate_with(r, &(answer){ STRANGER, "", 0 }), CORE_ROTATION_FAILED);
    key_now(r, key);
    assert_memory_equal(key, r->room.prekey_pk, sizeof key);
    core_outcome out = { 0 };
    assert_int_equal(submit_old(r, "still", &out), CORE_ACCEPTED);
}

static void reasons_are_passed_on(void **state)
{
    core_rig *r = *state;
    int64_t until_ms = clock_unix_ms() + 3600000;
    assert_int_equal(rotate_with(r, &(answer){ 0, "rotation-too-soon", until_ms }),
                     CORE_ROTATION_TOO_SOON);
    assert_int_equal(rotate_with(r, &(answer){ 0, "rotation-failed", until_ms }),
                     CORE_ROTATION_FAILED);
}

static void without_a_room_nothing_is_asked(void **state)
{
    core_rig *r = *state;
    rig_start(r, 0);
    assert_int_equal(core_rotate_downgrade(r->core), CORE_ROTATION_NO_ROOM);
}

#define ON_RIG(test) cmocka_unit_test_setup_teardown(test, core_room_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_RIG(the_old_key_counts_until_it_ends),
        ON_RIG(a_key_of_somebody_else_is_not_taken),
        ON_RIG(reasons_are_passed_on),
        cmocka_unit_test_setup_teardown(without_a_room_nothing_is_asked, rig_open, rig_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
