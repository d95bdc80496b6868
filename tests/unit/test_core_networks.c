/* Delivery while networks come, rest and go. REQ-NET-4, -7, -8. */
#include "gateway/clock.h"
#include "tests/support/core_rig.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { GENERATION = 1, MAX_LOOKS = 100000 };

#define NORA "sip:nora@new.example"

static const char *const new_domain = "new.example";

static networks_tools tools_of(core_rig *r)
{
    return (networks_tools){ r->networks, r->writer, r->reader };
}

static networks_result put(core_rig *r, const char *name, const char *domain, scripted_peer *peer)
{
    char url[64];
    networks_refusal why;
    networks_tools tools = tools_of(r);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", scripted_peer_port(peer));
    const store_peer p = { teal_text(name), teal_text(url), teal_text(domain), { 0 }, { 0 } };
    return networks_put(&tools, &p, &why);
}

static void suspend(core_rig *r, const char *name)
{
    networks_refusal why;
    networks_tools tools = tools_of(r);
    assert_int_equal(networks_suspend(&tools, teal_text(name), 1, &why), NETWORKS_CHANGED);
}

static void resume(core_rig *r, const char *name)
{
    networks_refusal why;
    networks_tools tools = tools_of(r);
    assert_int_equal(networks_resume(&tools, teal_text(name), &why), NETWORKS_CHANGED);
}

/* Nora, of device 61, is at whatever listens there. */
static void know_nora(core_rig *r, scripted_peer *peer)
{
    const teal_bytes handle = teal_text(NORA);
    teal_manifest m = test_manifest(&handle, 1, 6, 61, 1, &r->arena);
    teal_writer w = { teal_arena_take(&r->arena, TEAL_MAX_MANIFEST_BYTES), TEAL_MAX_MANIFEST_BYTES,
                      0 };
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    scripted_peer_know(peer, NORA, "sealed", teal_written(&w));
}

static void accept_for_nora(core_rig *r, const char *id)
{
    rig_accept(r, &(rig_letter){ .id = id, .to = { NORA }, .keys = { 61 } });
}

static int open_started(void **state)
{
    rig_open(state);
    rig_start(*state, GENERATION);
    return 0;
}

/* The peer `other` takes a part in these under a new name, with nobody of its old one. */
static scripted_peer *add_new(core_rig *r)
{
    know_nora(r, r->other);
    assert_int_equal(put(r, "new", new_domain, r->other), NETWORKS_NEW);
    return r->other;
}

static void assert_problem(core_rig *r, const rig_letter *l, const char *problem)
{
    core_outcome out;
    assert_int_equal(rig_submit(r, rig_seal(r, l), &out), CORE_REFUSED);
    assert_string_equal(out.problem, problem);
}

/* ---- coming ---------------------------------------------------------------------------------- */

static void a_new_network_is_sent_to_at_once(void **state)
{
    core_rig *r = *state;
    const rig_letter early = { .id = "early", .to = { NORA }, .keys = { 61 } };
    assert_problem(r, &early, "recipient-unroutable");
    scripted_peer *peer = add_new(r);
    accept_for_nora(r, "n1");
    scripted_peer_await(peer, 1);
    assert_int_equal(rig_await_receipt(r, "n1", 1).status, TEAL_STATUS_SENT);
}

static void a_new_network_may_send(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    const rig_letter l = {
        .id = "in", .sender = NORA, .device = 61, .to = { BOB }, .keys = { 21, 22 }
    };
    assert_problem(r, &l, "sender-unknown");
    add_new(r);
    assert_int_equal(rig_submit(r, rig_seal(r, &l), &out), CORE_ACCEPTED);
}

/* REQ-NET-4: the room would not know where to send it, and must not be told by us. */
static void a_new_network_has_no_plain_path(void **state)
{
    core_rig *r = *state;
    scripted_peer_know(r->other, "sip:pia@new.example", "plain", (teal_bytes){ 0 });
    assert_int_equal(put(r, "new", new_domain, r->other), NETWORKS_NEW);
    const rig_letter l = {
        .id = "p1", .to = { "sip:pia@new.example" }, .consents = true, .floor = TEAL_TRANSPORT
    };
    assert_problem(r, &l, "recipient-unroutable");
}

/* What its link was like before says nothing of the new place. */
static void a_network_that_moves_is_found(void **state)
{
    core_rig *r = *state;
    know_nora(r, r->peer);
    scripted_peer *before = add_new(r);
    scripted_peer_say(before, 503, NULL, 0);
    accept_for_nora(r, "m1");
    scripted_peer_await(before, 1);
    assert_int_equal(put(r, "new", new_domain, r->peer), NETWORKS_CHANGED);
    assert_int_equal(rig_await_receipt(r, "m1", 1).status, TEAL_STATUS_SENT);
    assert_true(scripted_peer_count(r->peer) > 0);
}

/* ---- resting --------------------------------------------------------------------------------- */

static void what_is_for_a_suspended_network_waits(void **state)
{
    core_rig *r = *state;
    scripted_peer *peer = add_new(r);
    accept_for_nora(r, "s1"); /* which also has its directory remembered */
    rig_await_receipt(r, "s1", 1);
    suspend(r, "new");
    accept_for_nora(r, "s2");
    rig_accept(r, &(rig_letter){ .id = "s3", .to = { RITA }, .keys = { 31, 32 } });
    rig_await_receipt(r, "s3", 1); /* nobody else waits */
    assert_true(rig_is_in_state(r, "s2", 0, STATE_WAITING));
    assert_int_equal(rig_delivery(r, "s2", 0).attempts, 0);
    assert_int_equal(rig_delivery(r, "s2", 0).failing_since_ms, 0);
    assert_int_equal(scripted_peer_count(peer), 1);
    resume(r, "new");
    scripted_peer_await(peer, 2);
    assert_int_equal(rig_await_receipt(r, "s2", 1).status, TEAL_STATUS_SENT);
}

static void a_suspended_network_is_neither_asked_nor_heard(void **state)
{
    core_rig *r = *state;
    scripted_peer *peer = add_new(r);
    suspend(r, "new");
    size_t asked = scripted_peer_look_ups(peer);
    const rig_letter to = { .id = "a1", .to = { NORA }, .keys = { 61 } };
    assert_problem(r, &to, "peer-unreachable");
    const rig_letter from = {
        .id = "a2", .sender = NORA, .device = 61, .to = { BOB }, .keys = { 21, 22 }
    };
    assert_problem(r, &from, "network-suspended");
    assert_int_equal(scripted_peer_look_ups(peer), asked);
}

/* An operator's suspension is no reason to leave end-to-end encryption. */
static void suspension_makes_nothing_fall_back(void **state)
{
    core_rig *r = *state;
    assert_int_equal(put(r, "new", "new.example", r->other), NETWORKS_NEW);
    know_nora(r, r->other);
    accept_for_nora(r, "f0");
    rig_await_receipt(r, "f0", 1);
    suspend(r, "new");
    rig_accept(r, &(rig_letter){ .id = "f1",
                                 .to = { NORA },
                                 .keys = { 61 },
                                 .consents = true,
                                 .accepts_loss = true,
                                 .when = TEAL_OR_FAILED });
    rig_expect_silence(r);
    assert_int_equal(rig_delivery(r, "f1", 0).path, PATH_RCS);
}

static void plain_messages_of_a_suspended_network_wait(void **state)
{
    core_rig *r = *state;
    rig_letter l = {
        .id = "q1", .conversation = "one", .to = { PAUL }, .consents = true, .floor = TEAL_TRANSPORT
    };
    rig_accept(r, &l);
    rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT);
    suspend(r, "rcs");
    l.id = "q2";
    l.conversation = "two";
    rig_accept(r, &l);
    rig_expect_silence(r);
    resume(r, "rcs");
    rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT);
}

/* ---- going ----------------------------------------------------------------------------------- */

static networks_result remove_new(core_rig *r, bool force, networks_refusal *why)
{
    networks_tools tools = tools_of(r);
    return force ? core_remove_network(r->core, r->reader, teal_text("new"), clock_unix_ms(), why)
                 : networks_remove(&tools, teal_text("new"), clock_unix_ms(), why);
}

static void removal_ends_what_waits_with_receipts(void **state)
{
    core_rig *r = *state;
    networks_refusal why;
    add_new(r);
    accept_for_nora(r, "r0");
    rig_await_receipt(r, "r0", 1);
    suspend(r, "new");
    accept_for_nora(r, "r1");
    accept_for_nora(r, "r2");
    assert_int_equal(remove_new(r, false, &why), NETWORKS_REFUSED);
    assert_string_equal(why.problem, "network-busy");
    assert_int_equal(why.deliveries, 2);
    assert_true(rig_is_in_state(r, "r1", 0, STATE_WAITING));
    assert_int_equal(remove_new(r, true, &why), NETWORKS_CHANGED);
    for (int i = 1; i <= 2; i++) {
        const char *id = i == 1 ? "r1" : "r2";
        teal_receipt receipt = rig_await_receipt(r, id, 1);
        assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
        assert_true(teal_bytes_equal(receipt.reason, teal_text("network-removed")));
        assert_true(rig_is_in_state(r, id, 0, STATE_FAILED));
    }
    const rig_letter late = { .id = "r3", .to = { NORA }, .keys = { 61 } };
    assert_problem(r, &late, "recipient-unroutable");
    assert_int_equal(remove_new(r, true, &why), NETWORKS_REFUSED);
    assert_string_equal(why.problem, "network-unknown");
}

/* It may have it: nobody says that it does not. */
static void removal_says_that_nobody_knows(void **state)
{
    core_rig *r = *state;
    networks_refusal why;
    scripted_peer *peer = add_new(r);
    scripted_peer_say(peer, 0, NULL, 0);
    accept_for_nora(r, "u1");
    scripted_peer_await(peer, 1);
    for (int i = 0; i < MAX_LOOKS && rig_delivery(r, "u1", 0).attempts == 0; i++)
        ;
    assert_int_equal(remove_new(r, true, &why), NETWORKS_CHANGED);
    teal_receipt receipt = rig_await_receipt(r, "u1", 1);
    assert_int_equal(receipt.status, TEAL_STATUS_OUTCOME_UNKNOWN);
}

static void what_is_in_the_networks_hand_is_not_ended(void **state)
{
    core_rig *r = *state;
    networks_refusal why;
    scripted_peer *peer = add_new(r);
    scripted_peer_hold(peer);
    accept_for_nora(r, "h1");
    scripted_peer_await(peer, 1);
    assert_int_equal(remove_new(r, true, &why), NETWORKS_REFUSED);
    assert_string_equal(why.problem, "network-busy");
    scripted_peer_say(peer, 202, NULL, 0);
    assert_int_equal(rig_await_receipt(r, "h1", 1).status, TEAL_STATUS_SENT);
    assert_int_equal(remove_new(r, true, &why), NETWORKS_CHANGED);
}

static void the_configurations_networks_stay(void **state)
{
    core_rig *r = *state;
    networks_refusal why;
    assert_int_equal(core_remove_network(r->core, r->reader, teal_text("rcs"), 1, &why),
                     NETWORKS_REFUSED);
    assert_string_equal(why.problem, "network-configured");
    rig_accept(r, &(rig_letter){ .id = "c1", .to = { RITA }, .keys = { 31, 32 } });
    assert_int_equal(rig_await_receipt(r, "c1", 1).status, TEAL_STATUS_SENT); /* not suspended */
}

/* A slot's next network has the thread of the one before. */
static void networks_come_and_go(void **state)
{
    core_rig *r = *state;
    networks_refusal why;
    add_new(r);
    for (size_t i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "g%zu", i % 10);
        accept_for_nora(r, id);
        assert_int_equal(rig_await_receipt(r, id, 1).status, TEAL_STATUS_SENT);
        assert_int_equal(remove_new(r, true, &why), NETWORKS_CHANGED);
        assert_int_equal(put(r, "new", new_domain, r->other), NETWORKS_NEW);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_started, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_network_is_sent_to_at_once),
        TEST(a_new_network_may_send),
        TEST(a_new_network_has_no_plain_path),
        TEST(a_network_that_moves_is_found),
        TEST(what_is_for_a_suspended_network_waits),
        TEST(a_suspended_network_is_neither_asked_nor_heard),
        TEST(suspension_makes_nothing_fall_back),
        TEST(plain_messages_of_a_suspended_network_wait),
        TEST(removal_ends_what_waits_with_receipts),
        TEST(removal_says_that_nobody_knows),
        TEST(what_is_in_the_networks_hand_is_not_ended),
        TEST(the_configurations_networks_stay),
        TEST(networks_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
