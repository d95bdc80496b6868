/* Delivery to peers: what they are sent, what their answers lead to, when it falls back, when it
 * ends (REQ-MSG-14, -15, REQ-RCPT-4). */
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/imdn.h"
#include "gateway/clock.h"
#include "gateway/core/attempt.h"
#include "tests/support/core_rig.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    GENERATION = 1,
    HOUR_MS = 3600 * 1000,
    ENOUGH_MS = 1000, /* for a busy machine to have a peer asked before the message expires */
};

static const rig_letter to_rita = { .id = "x", .to = { RITA }, .keys = { 31, 32 } };

static int open_started(void **state)
{
    rig_open(state);
    rig_start(*state, GENERATION);
    return 0;
}

static void assert_text(teal_bytes got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.at, want, got.len);
}

static rig_letter letter(const char *id)
{
    rig_letter l = to_rita;
    l.id = id;
    return l;
}

/* Message i that a peer was sent, as it is to be: canonical, signed by its sender's device. */
static teal_envelope received(core_rig *r, scripted_peer *peer, size_t i, uint64_t sender)
{
    teal_envelope e;
    teal_diag why = { 0 };
    test_device d = test_device_of(sender);
    scripted_peer_await(peer, i + 1);
    teal_bytes cpim = scripted_peer_message(peer, i);
    if (teal_e2ee_decode(cpim, &r->arena, NULL, &e, &why) != TEAL_OK)
        fail_msg("%s in: %s", why.rule, (const char *)cpim.at);
    assert_int_equal(test_envelope_verify(&e, NULL, d.sign_pk, NULL), TEAL_OK);
    return e;
}

static void assert_keys(const teal_envelope *e, const uint64_t *devices, size_t n)
{
    assert_int_equal(e->n_keys, n);
    for (size_t i = 0; i < n; i++) {
        test_device d = test_device_of(devices[i]);
        assert_memory_equal(e->keys[i].device, d.id, sizeof d.id);
    }
}

/* ---- what peers are sent ---- */

static void each_destination_gets_its_own_keys(void **state)
{
    core_rig *r = *state;
    teal_envelope *e = rig_accept(r, &(rig_letter){ .id = "g1",
                                                    .to = { BOB, RITA, ROB, OLGA },
                                                    .keys = { 51, 21, 31, 12, 41, 22, 32 },
                                                    .consents = true,
                                                    .when = TEAL_OR_FAILED,
                                                    .failed_after_ms = HOUR_MS });
    teal_envelope rcs = received(r, r->peer, 0, 11), other = received(r, r->other, 0, 11);
    assert_keys(&rcs, (uint64_t[]){ 31, 41, 32 }, 3);
    assert_keys(&other, (uint64_t[]){ 51 }, 1);
    const teal_envelope *both[] = { &rcs, &other };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(both[i]->n_key_hashes, 7);
        assert_true(both[i]->has_downgrade);
        assert_int_equal(both[i]->downgrade.sealed.len, 0);
        assert_memory_equal(&both[i]->downgrade.fallback_hash, &e->downgrade.fallback_hash,
                            sizeof(teal_hash));
        assert_true(teal_bytes_equal(both[i]->ciphertext, e->ciphertext));
        assert_int_equal(both[i]->n_recipients, 4);
    }
}

/* One POST reaches all that the message has on that peer; what is left waits no more. */
static void one_post_for_all_recipients_of_a_peer(void **state)
{
    core_rig *r = *state;
    rig_accept(r, &(rig_letter){ .id = "p1", .to = { RITA, ROB }, .keys = { 31, 32, 41 } });
    rig_await_receipt(r, "p1", 2);
    assert_true(rig_is_in_state(r, "p1", 0, STATE_SENT));
    assert_true(rig_is_in_state(r, "p1", 1, STATE_SENT));
    assert_int_equal(scripted_peer_count(r->peer), 1);
}

static void taken_is_sent(void **state)
{
    core_rig *r = *state;
    bool seen = false;
    rig_letter l = letter("t1");
    rig_accept(r, &l);
    teal_receipt receipt = rig_await_receipt(r, "t1", 1);
    assert_int_equal(receipt.status, TEAL_STATUS_SENT);
    assert_int_equal(receipt.level, TEAL_E2EE);
    assert_text(receipt.path, "rcs");
    assert_int_equal(receipt.reason.len, 0);
    assert_true(rig_is_in_state(r, "t1", 0, STATE_SENT));
    assert_int_equal(
        r->reader->ops->seen_e2ee(r->reader, teal_text("talk"), teal_text(RITA), &seen), STORE_OK);
    assert_true(seen);
}

/* REQ-MSG-15. */
static const struct {
    const char *id;
    int status;
    const char *body, *reason;
} refusals[] = {
    { "e400", 400, "{}", "peer-refused" },
    { "e403", 403, "{\"type\":\"urn:teal:problem:signature-invalid\"}", "peer-refused" },
    { "e409", 409, "{\"type\":\"urn:teal:problem:message-id-reused\"}", "peer-refused" },
    { "e409k", 409, "{\"type\":\"urn:teal:problem:keys-stale\"}", "keys-stale" },
    { "e422", 422, "no JSON", "peer-refused" },
};

static void refusals_end_it(void **state)
{
    core_rig *r = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        rig_letter l = letter(refusals[i].id);
        print_message("row: %s\n", l.id);
        l.conversation = l.id;
        scripted_peer_say(r->peer, refusals[i].status, refusals[i].body, 0);
        rig_accept(r, &l);
        teal_receipt receipt = rig_await_receipt(r, l.id, 1);
        assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
        assert_text(receipt.reason, refusals[i].reason);
        assert_true(rig_is_in_state(r, l.id, 0, STATE_FAILED));
        assert_int_equal(scripted_peer_count(r->peer), i + 1);
    }
}

/* Stale keys: the next message asks the peer anew. */
static void stale_keys_are_forgotten(void **state)
{
    core_rig *r = *state;
    rig_letter l = letter("k1");
    scripted_peer_say(r->peer, 409, "{\"type\":\"urn:teal:problem:keys-stale\"}", 0);
    rig_accept(r, &l);
    rig_await_receipt(r, "k1", 1);
    size_t asked = scripted_peer_look_ups(r->peer);
    scripted_peer_say(r->peer, 202, NULL, 0);
    l = letter("k2");
    rig_accept(r, &l);
    assert_int_equal(scripted_peer_look_ups(r->peer), asked + 1);
}

/* What is not the message's fault is tried again: refused connections, answers that say later. */
static void what_fails_is_tried_again(void **state)
{
    static const int statuses[] = { 500, 503, 429, 408, 425, 502, 0 };
    core_rig *r = *state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char *id = teal_arena_take(&r->arena, 8);
        snprintf(id, 8, "s%d", statuses[i]);
        print_message("row: %s\n", id);
        size_t before = scripted_peer_count(r->peer);
        rig_letter l = letter(id);
        scripted_peer_say(r->peer, statuses[i], NULL, 2);
        rig_accept(r, &l);
        teal_receipt receipt = rig_await_receipt(r, id, 1);
        assert_int_equal(receipt.status, TEAL_STATUS_SENT);
        assert_int_equal(scripted_peer_count(r->peer), before + 3);
        assert_int_equal(rig_delivery(r, id, 0).attempts, 2);
    }
    scripted_peer_listen(r->peer, false);
    rig_letter l = letter("down");
    rig_accept(r, &l);
    scripted_peer_listen(r->peer, true);
    assert_int_equal(rig_await_receipt(r, "down", 1).status, TEAL_STATUS_SENT);
}

/* Within one conversation, whatever happens to the first. */
static void order_is_kept(void **state)
{
    static const char *const ids[] = { "o1", "o2", "o3", "o4", "o5" };
    core_rig *r = *state;
    rig_letter l = letter("o0");
    rig_accept(r, &l);
    rig_await_receipt(r, "o0", 1);
    scripted_peer_listen(r->peer, false);
    for (size_t i = 0; i < 5; i++) {
        l.id = ids[i];
        rig_accept(r, &l);
    }
    scripted_peer_listen(r->peer, true);
    rig_await_receipt(r, "o5", 1);
    for (size_t i = 0; i < 5; i++)
        assert_text(received(r, r->peer, i + 1, 11).message_id, ids[i]);
}

static void a_stalled_peer_stops_nobody_else(void **state)
{
    core_rig *r = *state;
    rig_letter l = letter("h1");
    scripted_peer_hold(r->peer);
    rig_accept(r, &l);
    scripted_peer_await(r->peer, 1);
    rig_accept(r, &(rig_letter){ .id = "h2", .to = { OLGA }, .keys = { 51 } });
    assert_int_equal(rig_await_receipt(r, "h2", 1).status, TEAL_STATUS_SENT);
    assert_true(rig_is_in_state(r, "h1", 0, STATE_WAITING));
    scripted_peer_say(r->peer, 202, NULL, 0);
    assert_int_equal(rig_await_receipt(r, "h1", 1).status, TEAL_STATUS_SENT);
}

/* ---- falling back ---- */

/* To a number that the peer has and SMS reaches too. */
#define RITA_TEL "tel:+447700900123"

static int open_with_numbers(void **state)
{
    rig_open(state);
    core_rig *r = *state;
    static char prefix[] = "+4477";
    r->config.peers[0].numbers.at[0] = prefix;
    r->config.peers[0].numbers.n = 1;
    assert_int_equal(networks_load(r->networks, r->reader), STORE_OK);
    teal_bytes handle = teal_text(RITA_TEL);
    teal_device devices[1] = { 0 };
    test_device d = test_device_of(61);
    uint8_t sk[64];
    teal_manifest m = {
        .version = 1, .handles = &handle, .n_handles = 1, .devices = devices, .n_devices = 1
    };
    teal_writer w = { teal_arena_take(&r->arena, 4096), 4096, 0 };
    memcpy(devices[0].id, d.id, sizeof d.id);
    memcpy(devices[0].signing_key, d.sign_pk, sizeof d.sign_pk);
    test_account_keys(6, m.account_key, sk);
    teal_manifest_sign(&m, sk);
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    scripted_peer_know(r->peer, RITA_TEL, "sealed", teal_written(&w));
    rig_start(r, GENERATION);
    return 0;
}

static rig_letter fallible(const char *id, int64_t failed_after_ms)
{
    return (rig_letter){ .id = id,
                         .to = { RITA_TEL },
                         .keys = { 61 },
                         .consents = true,
                         .when = TEAL_OR_FAILED,
                         .failed_after_ms = failed_after_ms };
}

/* Fills the directory's memory, so that a peer that is down does not refuse the submission. */
static void remember_rita(core_rig *r)
{
    rig_accept(r, &(rig_letter){
                      .id = "warm", .conversation = "warm", .to = { RITA_TEL }, .keys = { 61 } });
    rig_await_receipt(r, "warm", 1);
}

static void what_has_failed_long_enough_goes_by_sms(void **state)
{
    core_rig *r = *state;
    remember_rita(r);
    scripted_peer_listen(r->peer, false);
    int64_t before_ms = clock_unix_ms();
    rig_letter l = fallible("f1", 60);
    rig_accept(r, &l);
    Teal__V1__Submit *s = rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT)->submit;
    assert_true(clock_unix_ms() - before_ms >= 60);
    assert_string_equal(s->path, "sms");
    assert_string_equal(s->recipient, RITA_TEL);
    assert_true(s->failing_since_ms >= (uint64_t)before_ms);
    assert_true((int64_t)s->failing_since_ms + 60 <= clock_unix_ms());
    assert_false(s->e2ee_before); /* in this conversation */
    store_delivery d = rig_delivery(r, "f1", 0);
    assert_int_equal(d.path, PATH_SMS);
    assert_text(d.network, "sms");
    assert_true(rig_has_fallback(r, "f1"));
}

static void a_better_path_that_recovers_destroys_the_fallback(void **state)
{
    core_rig *r = *state;
    remember_rita(r);
    scripted_peer_listen(r->peer, false);
    rig_letter l = fallible("f2", HOUR_MS);
    rig_accept(r, &l);
    assert_true(rig_has_fallback(r, "f2"));
    scripted_peer_listen(r->peer, true);
    assert_int_equal(rig_await_receipt(r, "f2", 1).status, TEAL_STATUS_SENT);
    assert_false(rig_has_fallback(r, "f2"));
    rig_expect_silence(r);
}

/* I7: the peer may have it, so it must not come twice. It ends with the truth. */
static void an_unknown_outcome_never_falls_back(void **state)
{
    core_rig *r = *state;
    remember_rita(r);
    rig_letter l = fallible("f3", 0);
    l.expires_at_ms = clock_unix_ms() + ENOUGH_MS;
    scripted_peer_say(r->peer, 503, NULL, 0);
    scripted_peer_say(r->peer, 0, NULL, 1); /* took it, perhaps, and said nothing; then 503 */
    rig_accept(r, &l);
    teal_receipt receipt = rig_await_receipt(r, "f3", 1);
    assert_true(scripted_peer_count(r->peer) > 2);
    assert_int_equal(receipt.status, TEAL_STATUS_OUTCOME_UNKNOWN);
    assert_text(receipt.reason, "outcome-unknown");
    assert_text(receipt.path, "rcs");
    assert_false(rig_has_fallback(r, "f3"));
    rig_expect_silence(r);
}

/* I7: whoever dies between the POST and the commit of its answer finds it in doubt. */
static void what_may_fall_back_is_in_doubt_while_it_is_posted(void **state)
{
    core_rig *r = *state;
    remember_rita(r);
    scripted_peer_hold(r->peer);
    rig_letter l = fallible("f4", 0);
    rig_accept(r, &l);
    scripted_peer_await(r->peer, 2);
    assert_true(rig_delivery(r, "f4", 0).failing_since_ms < 0);
    scripted_peer_say(r->peer, 503, NULL, 0); /* it does not have it: no doubt any more */
    assert_string_equal(rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT)->submit->path, "sms");
    assert_true(rig_delivery(r, "f4", 0).failing_since_ms > 0);
}

/* One POST was for both, so both are in doubt. */
static void doubt_is_shared_by_whom_the_post_was_for(void **state)
{
    core_rig *r = *state;
    rig_letter l = { .id = "f5",
                     .to = { RITA, ROB },
                     .keys = { 31, 32, 41 },
                     .expires_at_ms = clock_unix_ms() + ENOUGH_MS };
    scripted_peer_say(r->peer, 503, NULL, 0);
    scripted_peer_say(r->peer, 0, NULL, 1);
    rig_accept(r, &l);
    assert_int_equal(rig_await_receipt(r, "f5", 2).status, TEAL_STATUS_OUTCOME_UNKNOWN);
    for (size_t i = 0; i < 2; i++)
        assert_true(rig_delivery(r, "f5", i).failing_since_ms < 0);
}

/* Nor can a peer keep its people from hearing anything for ever. */
static void a_pause_that_a_peer_asks_for_has_an_end(void **state)
{
    attempt_peer p = { .c = ((core_rig *)*state)->core };
    static const int64_t asked_ms[] = { 0, 60000, HOUR_MS, 68 * 365 * (int64_t)24 * HOUR_MS };
    static const int64_t pauses_ms[] = { 0, 60000, HOUR_MS, HOUR_MS };
    for (size_t i = 0; i < sizeof asked_ms / sizeof asked_ms[0]; i++) {
        const rcs_http_answer answer = { .peer_fails = true, .retry_after_ms = asked_ms[i] };
        attempt_judge_peer(&p, &answer, 1000);
        assert_in_range(p.paused_until_ms, 1000 + pauses_ms[i], 1000 + pauses_ms[i] + 100);
    }
    attempt_judge_peer(&p, &(rcs_http_answer){ .outcome = RCS_HTTP_TAKEN }, 1000);
    assert_int_equal(p.failures, 0);
}

/* REQ-DGR-7, when it fails and when there is no better path any more. */
static void what_was_encrypted_stays_so(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    remember_rita(r);
    scripted_peer_listen(r->peer, false);
    rig_letter l = fallible("l1", 0);
    l.conversation = "warm";
    l.expires_at_ms = clock_unix_ms() + 200;
    rig_accept(r, &l);
    teal_receipt receipt = rig_await_receipt(r, "l1", 1);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    assert_text(receipt.reason, "expired");
    assert_false(rig_has_fallback(r, "l1"));

    scripted_peer_listen(r->peer, true);
    scripted_peer_know(r->peer, RITA_TEL, "none", (teal_bytes){ 0 });
    directory_forget(r->directory, teal_text(RITA_TEL));
    l = fallible("l2", 0);
    l.conversation = "warm";
    l.keys[0] = 0;
    assert_int_equal(rig_submit(r, rig_seal(r, &l), &out), CORE_REFUSED);
    assert_string_equal(out.problem, "consent-e2ee-loss");
    assert_memory_equal(out.rule, "REQ-DGR-7 ", 10);
    l.accepts_loss = true;
    l.id = "l3";
    rig_accept(r, &l);
    Teal__V1__Submit *s = rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_SUBMIT)->submit;
    assert_true(s->e2ee_before);
    assert_int_equal(s->failing_since_ms, 0);
}

/* ---- ends ---- */

static void what_nobody_takes_expires(void **state)
{
    core_rig *r = *state;
    store_item items[4];
    int64_t now_ms = clock_unix_ms();
    rig_letter native = {
        .id = "x1", .to = { BOB }, .keys = { 21, 22 }, .expires_at_ms = now_ms + 150
    };
    rig_letter control = native, far = letter("x3");
    control.id = "x2";
    control.kind = TEAL_KIND_CONTROL;
    far.expires_at_ms = now_ms + 200;
    rig_accept(r, &(rig_letter){ .id = "x0", .to = { RITA }, .keys = { 31, 32 } });
    rig_await_receipt(r, "x0", 1);
    scripted_peer_listen(r->peer, false);
    rig_accept(r, &native);
    rig_accept(r, &control); /* REQ-RCPT-5: the one receipt that it causes */
    rig_accept(r, &far);
    const char *const ids[] = { "x1", "x2", "x3" };
    for (size_t i = 0; i < 3; i++) {
        teal_receipt receipt = rig_await_receipt(r, ids[i], 1);
        assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
        assert_text(receipt.reason, "expired");
        assert_int_equal(receipt.level, TEAL_LEVEL_NONE);
        assert_true(rig_is_in_state(r, ids[i], 0, STATE_FAILED));
    }
    assert_int_equal(rig_items(r, 21, items, 4), 0);
    assert_int_equal(rig_items(r, 22, items, 4), 0);
}

/* REQ-MSG-13: it is not said to have failed while the peer may be taking it. */
static void what_is_with_the_peer_does_not_expire(void **state)
{
    core_rig *r = *state;
    rig_letter l = letter("x4"), after = { .id = "x5", .to = { BOB }, .keys = { 21, 22 } };
    l.expires_at_ms = clock_unix_ms() + ENOUGH_MS;
    after.expires_at_ms = l.expires_at_ms + 50;
    scripted_peer_hold(r->peer);
    rig_accept(r, &l);
    scripted_peer_await(r->peer, 1);
    rig_accept(r, &after);
    rig_await_receipt(r, "x5", 1); /* the sweep has been by */
    assert_true(rig_is_in_state(r, "x4", 0, STATE_WAITING));
    scripted_peer_say(r->peer, 202, NULL, 0);
    assert_int_equal(rig_await_receipt(r, "x4", 1).status, TEAL_STATUS_SENT);
}

static void a_restart_goes_on_where_it_was(void **state)
{
    core_rig *r = *state;
    rig_letter l = letter("y0");
    rig_accept(r, &l);
    rig_await_receipt(r, "y0", 1);
    scripted_peer_listen(r->peer, false);
    l = letter("y1");
    rig_accept(r, &l);
    rig_stop(r);
    rig_start(r, GENERATION);
    rig_letter doomed = {
        .id = "y2", .to = { BOB }, .keys = { 21, 22 }, .expires_at_ms = clock_unix_ms() + 1500
    };
    rig_accept(r, &doomed);
    rig_stop(r);
    while (clock_unix_ms() <= doomed.expires_at_ms)
        sched_yield();
    scripted_peer_listen(r->peer, true);
    rig_start(r, GENERATION);
    assert_int_equal(rig_await_receipt(r, "y1", 1).status, TEAL_STATUS_SENT);
    assert_int_equal(rig_await_receipt(r, "y2", 1).status, TEAL_STATUS_UNDELIVERABLE);
}

/* ---- receipts for a peer's sender ---- */

static teal_cpim notification(core_rig *r, scripted_peer *peer, size_t i, teal_imdn *n,
                              teal_receipt *receipt)
{
    teal_cpim m;
    teal_bytes encoded;
    test_device edge = test_device_of(RIG_EDGE);
    scripted_peer_await(peer, i + 1);
    assert_int_equal(teal_cpim_decode(scripted_peer_message(peer, i), &r->arena, &m, NULL),
                     TEAL_OK);
    assert_int_equal(teal_rcs_form_of(&m), TEAL_RCS_IMDN);
    assert_int_equal(teal_imdn_decode(m.body, &r->arena, n, NULL), TEAL_OK);
    assert_int_equal(teal_imdn_receipt(&m, &r->arena, &encoded, NULL), TEAL_OK);
    assert_int_equal(teal_receipt_decode(encoded, &r->arena, receipt, NULL), TEAL_OK);
    assert_int_equal(teal_receipt_verify(receipt, edge.sign_pk, NULL), TEAL_OK);
    return m;
}

/* REQ-RCPT-4 */
static void a_peers_sender_hears_by_imdn(void **state)
{
    core_rig *r = *state;
    store_item items[4];
    teal_imdn n;
    teal_receipt receipt;
    teal_rcs_head head;
    rig_accept(
        r, &(rig_letter){
               .id = "i1", .sender = RITA, .device = 31, .to = { BOB, ROB }, .keys = { 21, 22 } });
    test_device d = test_device_of(21);
    assert_int_equal(rig_items(r, 21, items, 4), 1);
    scripted_peer_say(r->peer, 503, NULL, 2); /* receipts are tried again too */
    assert_int_equal(core_acknowledge(r->core, d.id, &items[0].seq, 1, clock_unix_ms()), STORE_OK);
    teal_cpim m = notification(r, r->peer, 2, &n, &receipt);
    assert_int_equal(teal_rcs_head_read(&m, &r->arena, NULL, &head, NULL), TEAL_OK);
    assert_text(head.from, BOB);
    assert_text(head.to[0], RITA);
    assert_int_equal(n.kind, TEAL_IMDN_DELIVERY);
    assert_int_equal(n.status, TEAL_IMDN_DELIVERED);
    assert_text(n.message_id, "i1");
    assert_int_equal(receipt.status, TEAL_STATUS_ARRIVED);
    assert_text(receipt.recipient, BOB);
    /* a message in transit, and one that fails */
    rig_accept(r, &(rig_letter){
                      .id = "i2", .sender = RITA, .device = 31, .to = { OLGA }, .keys = { 51 } });
    notification(r, r->peer, 3, &n, &receipt);
    assert_int_equal(n.status, TEAL_IMDN_PROCESSED);
    assert_int_equal(receipt.status, TEAL_STATUS_SENT);
    scripted_peer_say(r->other, 403, NULL, 0);
    rig_accept(r, &(rig_letter){
                      .id = "i3", .sender = RITA, .device = 31, .to = { OLGA }, .keys = { 51 } });
    notification(r, r->peer, 4, &n, &receipt);
    assert_int_equal(n.status, TEAL_IMDN_FAILED);
    assert_text(receipt.reason, "peer-refused");
}

/* ---- */

#define ON_RIG(test)     cmocka_unit_test_setup_teardown(test, open_started, rig_close)
#define ON_NUMBERS(test) cmocka_unit_test_setup_teardown(test, open_with_numbers, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_RIG(each_destination_gets_its_own_keys),
        ON_RIG(one_post_for_all_recipients_of_a_peer),
        ON_RIG(taken_is_sent),
        ON_RIG(refusals_end_it),
        ON_RIG(stale_keys_are_forgotten),
        ON_RIG(what_fails_is_tried_again),
        ON_RIG(order_is_kept),
        ON_RIG(a_stalled_peer_stops_nobody_else),
        ON_NUMBERS(what_has_failed_long_enough_goes_by_sms),
        ON_NUMBERS(a_better_path_that_recovers_destroys_the_fallback),
        ON_NUMBERS(an_unknown_outcome_never_falls_back),
        ON_NUMBERS(what_may_fall_back_is_in_doubt_while_it_is_posted),
        ON_RIG(a_pause_that_a_peer_asks_for_has_an_end),
        ON_RIG(doubt_is_shared_by_whom_the_post_was_for),
        ON_NUMBERS(what_was_encrypted_stays_so),
        ON_RIG(what_nobody_takes_expires),
        ON_RIG(what_is_with_the_peer_does_not_expire),
        ON_RIG(a_restart_goes_on_where_it_was),
        ON_RIG(a_peers_sender_hears_by_imdn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
