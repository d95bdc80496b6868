/* The core's side of its talk with the plaintext room (REQ-ROOM-*): the test is the room. */
#include "codecs/native/content.h"
#include "codecs/native/transcript.h"
#include "codecs/rcs/imdn.h"
#include "gateway/clock.h"
#include "tests/support/core_room.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

/* ---- Submit ---- */

static void what_the_room_is_given(void **state)
{
    core_rig *r = *state;
    teal_envelope e;
    teal_manifest m;
    teal_hash ciphertext_hash, want, got;
    uint8_t text[256];
    size_t len;
    test_device alice = test_device_of(11);
    teal_envelope *sent = rig_accept(
        r, &(rig_letter){ .id = "g1", .to = { BOB, PHONE }, .keys = { 21, 22 }, .consents = true });
    Teal__V1__Submit *s = core_room_expect_submit(r);
    assert_int_equal(s->ref, rig_delivery(r, "g1", 1).id);
    assert_string_equal(s->recipient, PHONE);
    assert_string_equal(s->path, "sms");
    assert_string_equal(s->network, "");
    assert_int_equal(s->failing_since_ms, 0);
    assert_false(s->e2ee_before);
    assert_false(s->left_before);
    assert_int_equal(teal_envelope_decode_detached(
                         (teal_bytes){ s->envelope.data, s->envelope.len }, &r->arena, &e, NULL),
                     TEAL_OK);
    assert_int_equal(s->ciphertext_hash.len, sizeof ciphertext_hash.at);
    memcpy(ciphertext_hash.at, s->ciphertext_hash.data, sizeof ciphertext_hash.at);
    assert_int_equal(test_envelope_verify(&e, &ciphertext_hash, alice.sign_pk, NULL), TEAL_OK);
    teal_transcript_hash(sent, NULL, &want);
    teal_transcript_hash(&e, &ciphertext_hash, &got);
    assert_memory_equal(&want, &got, sizeof want);
    assert_true(e.downgrade.sealed.len <= sizeof text);
    assert_int_equal(teal_fallback_open(&e, r->room.prekey_pk, r->room.prekey_sk, text, &len, NULL),
                     TEAL_OK);
    assert_int_equal(teal_manifest_decode((teal_bytes){ s->manifest.data, s->manifest.len },
                                          &r->arena, &m, NULL),
                     TEAL_OK);
    assert_true(teal_manifest_has_handle(&m, teal_text(ALICE)));
}

/* A peer's sender by SMS; a native sender to a plain peer. */
static void both_lower_paths(void **state)
{
    core_rig *r = *state;
    teal_manifest m;
    rig_accept(r, &(rig_letter){ .id = "b1", .to = { PAUL }, .consents = true });
    Teal__V1__Submit *s = core_room_expect_submit(r);
    assert_string_equal(s->path, "plain");
    assert_string_equal(s->network, "rcs");
    assert_string_equal(s->recipient, PAUL);
    rig_accept(r,
               &(rig_letter){
                   .id = "b2", .sender = RITA, .device = 31, .to = { PHONE }, .consents = true });
    s = core_room_expect_submit(r);
    assert_string_equal(s->path, "sms");
    assert_int_equal(teal_manifest_decode((teal_bytes){ s->manifest.data, s->manifest.len },
                                          &r->arena, &m, NULL),
                     TEAL_OK);
    assert_true(teal_manifest_has_handle(&m, teal_text(RITA)));
    teal_receipt sent = rig_receipt(r, s, (rig_statement){ TEAL_STATUS_SENT, true, "" });
    rig_say_leaving(r, s->ref);
    uint64_t ref = rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_GO)->go->ref;
    rig_say_done(r, ref, &sent, "id-1");
    rig_expect_taken_done(r, ref);
    /* REQ-RCPT-4: what left below end-to-end encryption is called interworking */
    teal_cpim cpim;
    teal_imdn n;
    teal_bytes encoded;
    teal_receipt receipt;
    scripted_peer_await(r->peer, 1);
    assert_int_equal(teal_cpim_decode(scripted_peer_message(r->peer, 0), &r->arena, &cpim, NULL),
                     TEAL_OK);
    assert_int_equal(teal_imdn_decode(cpim.body, &r->arena, &n, NULL), TEAL_OK);
    assert_int_equal(n.kind, TEAL_IMDN_INTERWORKING);
    assert_int_equal(teal_imdn_receipt(&cpim, &r->arena, &encoded, NULL), TEAL_OK);
    assert_int_equal(teal_receipt_decode(encoded, &r->arena, &receipt, NULL), TEAL_OK);
    assert_int_equal(teal_receipt_verify(&receipt, r->room.sign_pk, NULL), TEAL_OK);
}

/* ---- Leaving, Go, Done, Report ---- */

static void leaving_is_durable_before_go(void **state)
{
    core_rig *r = *state;
    teal_receipt sent;
    uint8_t generation[16];
    uint64_t ref = core_room_submit(r, "l1", &sent);
    assert_true(rig_is_in_state(r, "l1", 0, STATE_WAITING));
    rig_say_leaving(r, ref);
    rig_expect_go(r, ref);
    store_delivery d = rig_delivery(r, "l1", 0);
    memset(generation, GENERATION, sizeof generation);
    assert_int_equal(d.state, STATE_LEAVING);
    assert_memory_equal(d.generation, generation, sizeof generation);
    assert_true(rig_has_fallback(r, "l1")); /* it may be deferred yet */
    rig_say_leaving(r, ref);                /* Go was not heard */
    rig_expect_go(r, ref);
    rig_say_done(r, ref, &sent, "smsc-1");
    rig_expect_taken(r, ref);
    assert_true(rig_is_in_state(r, "l1", 0, STATE_SENT));
    assert_false(rig_has_fallback(r, "l1"));
    core_room_expect_receipt(r, "l1", 1, TEAL_STATUS_SENT, TEAL_PLAINTEXT);
    rig_say_done(r, ref, &sent, "smsc-1"); /* Taken was not heard */
    rig_expect_taken(r, ref);
    rig_say_leaving(r, ref); /* out of its senses: no Go any more */
    teal_receipt arrived = core_room_restated(r, sent, TEAL_STATUS_ARRIVED, "");
    rig_say_report(r, ROOM_REF, &arrived);
    rig_expect_taken(r, ROOM_REF);
    assert_true(rig_is_in_state(r, "l1", 0, STATE_ARRIVED));
    core_room_expect_receipt(r, "l1", 2, TEAL_STATUS_ARRIVED, TEAL_PLAINTEXT);
    rig_say_report(r, ROOM_REF, &arrived); /* likewise */
    rig_expect_taken(r, ROOM_REF);
    core_room_expect_receipt(r, "l1", 2, TEAL_STATUS_ARRIVED, TEAL_PLAINTEXT);
}

static void ends_of_all_kinds(void **state)
{
    core_rig *r = *state;
    static const struct {
        const char *id;
        bool leaves;
        teal_status status;
        const char *reason;
        store_state state;
    } rows[] = {
        { "e1", false, TEAL_STATUS_UNDELIVERABLE, "text-too-long", STATE_FAILED },
        { "e2", true, TEAL_STATUS_UNDELIVERABLE, "sms-refused", STATE_FAILED },
        { "e3", true, TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown", STATE_FAILED },
        { "e4", true, TEAL_STATUS_SENT, "", STATE_SENT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_receipt sent;
        print_message("row: %s\n", rows[i].id);
        uint64_t ref = rows[i].leaves ? core_room_leave(r, rows[i].id, &sent)
                                      : core_room_submit(r, rows[i].id, &sent);
        if (!rows[i].leaves) {
            sent.level = TEAL_LEVEL_NONE;
            sent.path = sent.mark = (teal_bytes){ 0 };
        }
        teal_receipt end = core_room_restated(r, sent, rows[i].status, rows[i].reason);
        rig_say_done(r, ref, &end, NULL);
        rig_expect_taken(r, ref);
        assert_true(rig_is_in_state(r, rows[i].id, 0, rows[i].state));
        assert_false(rig_has_fallback(r, rows[i].id));
        core_room_expect_receipt(r, rows[i].id, 1, rows[i].status,
                                 rows[i].leaves ? TEAL_PLAINTEXT : TEAL_LEVEL_NONE);
    }
}

static void a_report_can_be_bad_news(void **state)
{
    core_rig *r = *state;
    teal_receipt sent;
    uint64_t ref = core_room_leave(r, "u1", &sent);
    rig_say_done(r, ref, &sent, "smsc-1");
    rig_expect_taken(r, ref);
    teal_receipt lost = core_room_restated(r, sent, TEAL_STATUS_UNDELIVERABLE, "sms-undelivered");
    rig_say_report(r, ROOM_REF, &lost);
    rig_expect_taken(r, ROOM_REF);
    assert_true(rig_is_in_state(r, "u1", 0, STATE_FAILED));
    core_room_expect_receipt(r, "u1", 2, TEAL_STATUS_UNDELIVERABLE, TEAL_PLAINTEXT);
}

/* In a group the fallback stays until the last that needs it. */
static void a_group_shares_its_fallback(void **state)
{
    core_rig *r = *state;
    uint64_t refs[2];
    teal_receipt sent[2];
    rig_accept(r, &(rig_letter){ .id = "s1",
                                 .to = { PHONE, BOB, "tel:+14155550101" },
                                 .keys = { 21, 22 },
                                 .consents = true });
    for (size_t i = 0; i < 2; i++) {
        Teal__V1__Submit *s = core_room_expect_submit(r);
        refs[i] = s->ref;
        sent[i] = rig_receipt(r, s, (rig_statement){ TEAL_STATUS_SENT, true, "" });
    }
    for (size_t i = 0; i < 2; i++) {
        assert_true(rig_has_fallback(r, "s1"));
        rig_say_leaving(r, refs[i]);
        rig_expect_go(r, refs[i]);
        rig_say_done(r, refs[i], &sent[i], NULL);
        rig_expect_taken(r, refs[i]);
    }
    assert_false(rig_has_fallback(r, "s1")); /* that bob waits on does not need it */
}

/* ---- Deferred ---- */

static void deferred_before_leaving_waits(void **state)
{
    core_rig *r = *state;
    uint64_t ref = core_room_submit(r, "d1", NULL);
    int64_t before_ms = clock_unix_ms();
    rig_say_deferred(r, ref, "sms-link-down", 60);
    assert_int_equal(core_room_expect_submit(r)->ref, ref);
    assert_true(clock_unix_ms() >= before_ms + 60);
    assert_true(rig_is_in_state(r, "d1", 0, STATE_WAITING));
}

/* A link that is down is not asked for each message; the others of the room go on. */
static void a_link_that_is_down_pauses_its_lane_alone(void **state)
{
    core_rig *r = *state;
    uint64_t ref = core_room_submit(r, "p1", NULL);
    rig_say_deferred(r, ref, "sms-link-down", 3600000);
    rig_accept(r, &(rig_letter){ .id = "p2", .to = { PAUL }, .consents = true });
    assert_string_equal(core_room_expect_submit(r)->path, "plain");
    rig_letter l = core_room_letter("p3");
    l.conversation = "p3";
    rig_accept(r, &l);
    rig_expect_silence(r);
    rig_say_hello(r, NEXT_GENERATION); /* a new room has a new link */
    for (size_t i = 0; i < 3; i++)
        core_room_expect_submit(r);
}

static void deferred_after_leaving_waits_again(void **state)
{
    core_rig *r = *state;
    uint64_t ref = core_room_leave(r, "a1", NULL);
    rig_say_deferred(r, ref, "sms-throttled", 1);
    rig_expect_taken(r, ref);
    assert_int_equal(core_room_expect_submit(r)->ref, ref);
    assert_true(rig_is_in_state(r, "a1", 0, STATE_WAITING));
    assert_true(rig_has_fallback(r, "a1"));
}

static void what_is_malformed_holds_up_only_itself(void **state)
{
    core_rig *r = *state;
    uint64_t ref = core_room_submit(r, "m1", NULL);
    rig_say_deferred(r, ref, "submit-malformed", 3600000);
    rig_expect_taken(r, ref);
    rig_letter l = core_room_letter("m2");
    l.conversation = "m2";
    rig_accept(r, &l);
    assert_true(core_room_expect_submit(r)->ref != ref);
}

/* ---- windows ---- */

static void no_more_than_the_window(void **state)
{
    enum { PLAIN_WINDOW = 4, MESSAGES = 9 };
    core_rig *r = *state;
    uint64_t refs[MESSAGES];
    size_t n = 0;
    for (size_t i = 0; i < MESSAGES; i++) {
        char *id = teal_arena_take(&r->arena, 8);
        snprintf(id, 8, "w%zu", i);
        rig_accept(r,
                   &(rig_letter){ .id = id, .conversation = id, .to = { PAUL }, .consents = true });
    }
    /* What is taken at once depends on when the core looked; never more than the window. */
    Teal__V1__RoomFrame *frame;
    while (channel_receive(r->fds[1], 50, r->frame, &r->frame_arena, &frame) == 1) {
        assert_int_equal(frame->frame_case, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT);
        refs[n++] = frame->submit->ref;
        assert_true(n <= PLAIN_WINDOW);
    }
    assert_true(n >= PLAIN_WINDOW / 2);
    for (size_t i = 0; i < n; i++)
        rig_say_deferred(r, refs[i], "room-busy", 0);
    core_room_expect_submit(r);
}

/* In one conversation the second is not submitted before the first has left. */
static void order_is_kept(void **state)
{
    core_rig *r = *state;
    teal_receipt sent;
    uint64_t first = core_room_submit(r, "o1", &sent);
    rig_letter l = core_room_letter("o2");
    rig_accept(r, &l);
    rig_say_leaving(r, first);
    rig_expect_go(r, first);
    rig_expect_silence(r);
    rig_say_done(r, first, &sent, NULL);
    rig_expect_taken(r, first);
    assert_int_equal(core_room_expect_submit(r)->ref, rig_delivery(r, "o2", 0).id);
}

/* ---- restarts ---- */

static void a_new_room_is_asked_about_what_was_leaving(void **state)
{
    core_rig *r = *state;
    teal_receipt sent;
    uint64_t left = core_room_leave(r, "n1", &sent);
    rig_letter l = core_room_letter("n2");
    l.conversation = "n2";
    rig_accept(r, &l);
    uint64_t waits = core_room_expect_submit(r)->ref;
    rig_say_hello(r, NEXT_GENERATION);
    for (size_t i = 0; i < 2; i++) {
        Teal__V1__Submit *s = core_room_expect_submit(r);
        assert_true(s->ref == left || s->ref == waits);
        assert_int_equal(s->left_before, s->ref == left);
    }
    rig_say_deferred(r, left, "room-busy", 5); /* it stays what it is */
    Teal__V1__Submit *s = core_room_expect_submit(r);
    assert_int_equal(s->ref, left);
    assert_true(s->left_before);
    assert_true(rig_is_in_state(r, "n1", 0, STATE_LEAVING));
    rig_say_leaving(r, left); /* never again */
    teal_receipt unknown =
        core_room_restated(r, sent, TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown");
    rig_say_done(r, left, &unknown, NULL);
    rig_expect_taken(r, left);
    assert_true(rig_is_in_state(r, "n1", 0, STATE_FAILED));
    core_room_expect_receipt(r, "n1", 1, TEAL_STATUS_OUTCOME_UNKNOWN, TEAL_PLAINTEXT);
}

/* What the last room said shortly before its end is made durable before the new one is asked. */
static void leaving_and_hello_in_one_breath(void **state)
{
    core_rig *r = *state;
    uint64_t ref = core_room_submit(r, "h1", NULL);
    rig_say_leaving(r, ref);
    rig_say_hello(r, NEXT_GENERATION);
    Teal__V1__RoomFrame *frame;
    bool recalled = false;
    while (!recalled) { /* Go may come first, to a room that does not know it */
        assert_int_equal(channel_receive(r->fds[1], 10000, r->frame, &r->frame_arena, &frame), 1);
        if (frame->frame_case == TEAL__V1__ROOM_FRAME__FRAME_GO)
            continue;
        assert_int_equal(frame->frame_case, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT);
        assert_int_equal(frame->submit->ref, ref);
        assert_true(frame->submit->left_before);
        recalled = true;
    }
}

/* Rows in every state; the room goes on and says what it remembers. */
static void the_core_restarts(void **state)
{
    core_rig *r = *state;
    teal_receipt receipts[3];
    const char *const ids[] = { "c0", "c1", "c2", "c3" };
    uint64_t refs[4];
    for (size_t i = 0; i < 3; i++) {
        rig_letter l = core_room_letter(ids[i]);
        l.conversation = ids[i];
        rig_accept(r, &l);
        Teal__V1__Submit *s = core_room_expect_submit(r);
        refs[i] = s->ref;
        receipts[i] = rig_receipt(r, s, (rig_statement){ TEAL_STATUS_SENT, true, "" });
        rig_say_leaving(r, refs[i]);
        rig_expect_go(r, refs[i]);
    }
    rig_say_done(r, refs[0], &receipts[0], "smsc-0");
    rig_expect_taken(r, refs[0]);
    rig_letter l = core_room_letter(ids[3]);
    l.conversation = ids[3];
    rig_accept(r, &l);
    refs[3] = core_room_expect_submit(r)->ref;
    rig_stop(r);
    rig_start(r, 0);
    rig_say_hello(r, GENERATION);
    /* SENT is Outstanding, WAITING is submitted, LEAVING under this room stays. */
    Teal__V1__RoomFrame *frame = rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_OUTSTANDING);
    assert_int_equal(frame->outstanding->n_remote_ids, 1);
    assert_string_equal(frame->outstanding->remote_ids[0], "smsc-0");
    assert_int_equal(core_room_expect_submit(r)->ref, refs[3]);
    rig_expect_silence(r);
    rig_say_done(r, refs[1], &receipts[1], "smsc-1"); /* as REQ-ROOM-6 has it */
    rig_expect_taken(r, refs[1]);
    rig_say_deferred(r, refs[2], "sms-link-down", 50);
    rig_expect_taken(r, refs[2]);
    Teal__V1__Submit *s = core_room_expect_submit(r);
    assert_int_equal(s->ref, refs[2]);
    assert_false(s->left_before);
    assert_true(rig_is_in_state(r, "c1", 0, STATE_SENT));
    assert_true(rig_is_in_state(r, "c2", 0, STATE_WAITING));
    teal_receipt arrived = core_room_restated(r, receipts[0], TEAL_STATUS_ARRIVED, "");
    rig_say_report(r, ROOM_REF, &arrived);
    rig_expect_taken(r, ROOM_REF);
    assert_true(rig_is_in_state(r, "c0", 0, STATE_ARRIVED));
}

static void *stop_core(void *r)
{
    rig_stop(r);
    return NULL;
}

/* A gateway that is asked to stop hears the end of what is leaving, and lets nothing new leave. */
static void the_core_stops_when_what_left_has_ended(void **state)
{
    core_rig *r = *state;
    pthread_t stopper;
    teal_receipt sent;
    rig_stop(r);
    r->drain_ms = 20000;
    rig_start(r, GENERATION);
    uint64_t ref = core_room_leave(r, "d1", &sent);
    assert_int_equal(pthread_create(&stopper, NULL, stop_core, r), 0);
    rig_say_done(r, ref, &sent, "smsc-1");
    rig_expect_taken(r, ref);
    assert_int_equal(pthread_join(stopper, NULL), 0);
    assert_true(rig_is_in_state(r, "d1", 0, STATE_SENT));
}

/* What an edge before this one has not read is said again once the room has been greeted. */
static void frames_before_the_greeting_are_stale(void **state)
{
    core_rig *r = *state;
    uint64_t ref = core_room_submit(r, "e1", NULL);
    rig_stop(r);
    rig_say_leaving(r, ref);
    rig_start(r, 0);
    rig_say_hello(r, GENERATION);
    assert_int_equal(core_room_expect_submit(r)->ref, ref);
    rig_say_leaving(r, ref);
    rig_expect_go(r, ref);
    rig_expect_silence(r);
    assert_int_equal(rig_delivery(r, "e1", 0).generation[0], GENERATION);
}

static void core_and_room_restart(void **state)
{
    core_rig *r = *state;
    uint64_t ref = core_room_leave(r, "b1", NULL);
    rig_stop(r);
    rig_start(r, 0);
    rig_say_hello(r, NEXT_GENERATION);
    Teal__V1__Submit *s = core_room_expect_submit(r);
    assert_int_equal(s->ref, ref);
    assert_true(s->left_before);
}

#define ON_RIG(test) cmocka_unit_test_setup_teardown(test, core_room_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_RIG(what_the_room_is_given),
        ON_RIG(both_lower_paths),
        ON_RIG(leaving_is_durable_before_go),
        ON_RIG(ends_of_all_kinds),
        ON_RIG(a_report_can_be_bad_news),
        ON_RIG(a_group_shares_its_fallback),
        ON_RIG(deferred_before_leaving_waits),
        ON_RIG(a_link_that_is_down_pauses_its_lane_alone),
        ON_RIG(deferred_after_leaving_waits_again),
        ON_RIG(what_is_malformed_holds_up_only_itself),
        ON_RIG(no_more_than_the_window),
        ON_RIG(order_is_kept),
        ON_RIG(a_new_room_is_asked_about_what_was_leaving),
        ON_RIG(leaving_and_hello_in_one_breath),
        ON_RIG(the_core_restarts),
        ON_RIG(the_core_stops_when_what_left_has_ended),
        ON_RIG(frames_before_the_greeting_are_stale),
        ON_RIG(core_and_room_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
