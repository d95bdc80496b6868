/* The room as its edge and its SMS centre see it, outbound: what leaves, under which consent, and
 * what is said of it. Names in brackets are the requirement that a test is about. */
#include <poll.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "codecs/sms/coding.h"

#include "tests/support/room_rig.h"

#define MARK "[SMS, not encrypted]"

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

static void assert_text(const teal_smpp_pdu *pdu, const char *text)
{
    uint8_t buf[1024];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_diag why;
    assert_int_equal(teal_coding_decode(pdu->message.data_coding, (teal_gsm7_shift){ 0 },
                                        pdu->message.short_message, &w, &why),
                     TEAL_OK);
    if (!teal_bytes_equal(teal_written(&w), teal_text(text)))
        fail_msg("the centre got: %.*s", (int)w.len, (const char *)buf);
}

static void consented_text_leaves_marked(void **state)
{
    room_rig *r = *state;
    room_rig_submit(
        r, &(room_rig_order){ .ref = 7, .text = "tea at four?\x1b[2J \xe2\x80\xaegnp.exe" });
    room_rig_expect_leaving(r, 7);
    room_rig_expect_nothing(r); /* [REQ-ROOM-2] */
    room_rig_go(r, 7);
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    assert_text(&pdu, MARK " tea at four?[2J gnp.exe"); /* [REQ-DGR-10], tamed [REQ-SMS-51] */
    assert_true(teal_bytes_equal(pdu.message.destination.digits, teal_text("447700900123")));
    assert_int_equal(pdu.message.destination.ton, 1);
    assert_true(teal_bytes_equal(pdu.message.source.digits, teal_text("447700900000")));
    assert_int_equal(pdu.message.registered_delivery, TEAL_REGISTERED_FINAL);
    centre_answer(&r->centre, pdu.sequence, ESME_ROK, "A1");

    const Teal__V1__Done *done;
    teal_receipt receipt = room_rig_expect_done(r, 7, &done);
    assert_int_equal(receipt.status, TEAL_STATUS_SENT);
    assert_int_equal(receipt.level, TEAL_PLAINTEXT);
    assert_true(teal_bytes_equal(receipt.path, teal_text("sms")));
    assert_true(teal_bytes_equal(receipt.mark, teal_text(MARK)));
    assert_true(teal_bytes_equal(receipt.recipient, teal_text(RIG_RECIPIENT)));
    assert_true(teal_bytes_equal(receipt.message_id, teal_text("M7")));
    assert_int_equal(receipt.segments, 1);
    assert_int_equal(done->n_remote_ids, 1);
    assert_string_equal(done->remote_ids[0], "A1");
}

/* The default alphabet has ü and é, but no combining marks [REQ-SMS-25]. */
static void decomposed_text_leaves_composed(void **state)
{
    room_rig *r = *state;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 7, .text = "u\u0308bers cafe\u0301" });
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    assert_int_equal(pdu.message.data_coding, TEAL_CODING_GSM7);
    assert_text(&pdu, MARK " übers café");
}

static void long_text_leaves_in_segments(void **state)
{
    room_rig *r = *state;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 8, .text = room_rig_long_text(400) });
    uint32_t sequences[3];
    uint8_t concat_ref = 0;
    for (uint8_t i = 0; i < 3; i++) {
        teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
        teal_bytes octets;
        teal_udh udh;
        teal_diag why;
        assert_int_equal(teal_smpp_user_data(&pdu, &octets, &udh, &why), TEAL_OK);
        assert_int_equal(udh.concat.total, 3);
        assert_int_equal(udh.concat.seq, i + 1);
        assert_true(i == 0 || udh.concat.ref == concat_ref);
        concat_ref = (uint8_t)udh.concat.ref;
        sequences[i] = pdu.sequence;
    }
    centre_answer(&r->centre, sequences[2], ESME_ROK, "c");
    centre_answer(&r->centre, sequences[0], ESME_ROK, "a");
    centre_answer(&r->centre, sequences[1], ESME_ROK, "b");
    const Teal__V1__Done *done;
    assert_int_equal(room_rig_expect_done(r, 8, &done).segments, 3);
    assert_int_equal(done->n_remote_ids, 3);
    assert_string_equal(done->remote_ids[0], "a");
    assert_string_equal(done->remote_ids[1], "b");
    assert_string_equal(done->remote_ids[2], "c");
}

/* [REQ-ROOM-1]: whatever the edge says, what the sender did not sign does not leave. */
static void what_is_not_consented_does_not_leave(void **state)
{
    static const struct {
        const char *name, *reason;
        room_rig_order order;
    } rows[] = {
        { "forged signature", "consent-forged", { .spoil_signature = true } },
        { "signed over another ciphertext", "consent-forged", { .spoil_hash = true } },
        { "forged manifest", "consent-forged", { .spoil_manifest = true } },
        { "manifest of somebody else",
          "consent-forged",
          { .manifest_handle = "im:mallory@native.example" } },
        { "device that is not in the manifest", "consent-forged", { .manifest_device = 99 } },
        { "a gateway's own origin", "consent-forged", { .with_origin = true } },
        { "REQ-DGR-2", "consent-kind", { .kind = TEAL_KIND_RECEIPT } },
        { "REQ-DGR-3", "consent-missing", { .no_consent = true } },
        { "REQ-DGR-4", "consent-expired", { .consent_ms = -1 } },
        { "message expired", "expired", { .message_ms = -1 } },
        { "REQ-DGR-5", "consent-floor-too-high", { .floor = TEAL_TRANSPORT } },
        { "REQ-DGR-6", "consent-fallback-missing", { .no_fallback = true } },
        { "fallback that is none", "consent-fallback-missing", { .empty_fallback_seal = true } },
        { "REQ-DGR-7", "consent-e2ee-loss", { .e2ee_before = true } },
        { "REQ-DGR-8", "consent-gateway-key", { .other_gateway_key = true } },
        { "REQ-DGR-9: a better path that fails",
          "consent-not-failed-yet",
          { .failing_for_ms = 60000 } },
        { "REQ-DGR-9: not long enough",
          "consent-not-failed-yet",
          { .when = TEAL_OR_FAILED, .failed_after_ms = 120000, .failing_for_ms = 60000 } },
        { "REQ-DGR-13", "text-too-long", { .text = NULL } }, /* set below */
        { "no number", "recipient-unroutable", { .recipient = "im:bob@elsewhere.example" } },
        { "no such peer", "recipient-unroutable", { .path = "plain", .network = "nobody" } },
    };
    room_rig *r = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        room_rig_order o = rows[i].order;
        o.ref = 100 + i;
        if (strcmp(rows[i].reason, "text-too-long") == 0)
            o.text = room_rig_long_text(1600);
        room_rig_submit(r, &o);
        teal_receipt receipt = room_rig_expect_done(r, o.ref, NULL);
        if (receipt.status != TEAL_STATUS_UNDELIVERABLE || receipt.level != TEAL_LEVEL_NONE ||
            !teal_bytes_equal(receipt.reason, teal_text(rows[i].reason)))
            fail_msg("%s: %s, %.*s", rows[i].name, teal_status_name(receipt.status),
                     (int)receipt.reason.len, (const char *)receipt.reason.at);
        room_rig_go(r, o.ref); /* [REQ-ROOM-2] */
        room_rig_taken(r, o.ref);
    }
    room_rig_sync(r);
    room_rig_expect_nothing(r);
    room_rig_send_one(r, &(room_rig_order){ .ref = 5 },
                      "fine"); /* and the room is none the worse for it */
}

static void what_is_no_message_is_deferred(void **state)
{
    room_rig *r = *state;
    room_rig_submit(r, &(room_rig_order){ .ref = 1, .to = "tel:+447700900999" });
    room_rig_expect_deferred(r, 1, "submit-malformed"); /* wrong recipient */
    room_rig_submit(r, &(room_rig_order){ .ref = 2, .spoil_fallback = true });
    room_rig_expect_deferred(r, 2, "submit-malformed");
    room_rig_submit(r, &(room_rig_order){ .ref = 3, .path = "pigeon" });
    room_rig_expect_deferred(r, 3, "submit-malformed");
    room_rig_submit(r, &(room_rig_order){ .ref = 4, .left_before = true, .path = "rcs" });
    room_rig_expect_deferred(r, 4, "submit-malformed");
    for (uint64_t ref = 1; ref < 5; ref++)
        room_rig_go(r, ref);
    room_rig_sync(r);
    room_rig_expect_nothing(r);
}

/* Datagrams that are no frames, frames that are not the edge's, and references to nothing. */
static void garbage_is_survived(void **state)
{
    room_rig *r = *state;
    uint8_t noise[600];
    for (int i = 0; i < 300; i++) {
        randombytes_buf(noise, sizeof noise);
        noise[0] = (uint8_t)((i % 22) << 3 | 2); /* half of them look like a frame at first */
        size_t len = randombytes_uniform(sizeof noise) + 1;
        assert_int_equal(send(r->edge_fd, noise, len, MSG_NOSIGNAL), len);
    }
    uint64_t refs[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 62 };
    for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++) {
        room_rig_go(r, refs[i]);
        room_rig_taken(r, refs[i]);
        Teal__V1__WhoIsAnswer answer = TEAL__V1__WHO_IS_ANSWER__INIT;
        Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
        frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER;
        frame.who_is_answer = &answer;
        answer.ref = refs[i];
        answer.known = true;
        room_rig_send(r, &frame);
    }
    Teal__V1__Leaving leaving = TEAL__V1__LEAVING__INIT; /* the room's own frames, thrown back */
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_LEAVING;
    frame.leaving = &leaving;
    room_rig_send(r, &frame);
    room_rig_submit(r, &(room_rig_order){ .ref = UINT64_C(1) << 63 }); /* [REQ-ROOM-3] */
    room_rig_sync(r);
    room_rig_expect_nothing(r);
    room_rig_send_one(r, &(room_rig_order){ .ref = 5 }, "fine");
}

/* [REQ-ROOM-5] */
static void a_ref_leaves_once(void **state)
{
    room_rig *r = *state;
    room_rig_submit(r, &(room_rig_order){ .ref = 9, .text = "first" });
    room_rig_expect_leaving(r, 9);
    room_rig_submit(r, &(room_rig_order){ .ref = 9, .text = "second" }); /* before Go: replaces */
    room_rig_expect_leaving(r, 9);
    room_rig_go(r, 9);
    room_rig_go(r, 9);
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    assert_text(&pdu, MARK " second");
    uint32_t sequence = pdu.sequence;
    room_rig_submit(r, &(room_rig_order){ .ref = 9, .text = "third" }); /* after Go: of no effect */
    room_rig_sync(r);
    room_rig_expect_nothing(r);
    centre_answer(&r->centre, sequence, ESME_ROK, "id");
    room_rig_expect_done(r, 9, NULL);
    room_rig_submit(r,
                    &(room_rig_order){ .ref = 9, .text = "fourth" }); /* after Done: Done again */
    assert_int_equal(room_rig_expect_done(r, 9, NULL).status, TEAL_STATUS_SENT);
    room_rig_go(r, 9);
    room_rig_sync(r);
    room_rig_expect_done(r, 9, NULL); /* [REQ-ROOM-6] */
    room_rig_expect_nothing(r);
}

/* [REQ-ROOM-5]: what answers an older Leaving moves nothing, though the ref is the same. */
static void an_answer_names_what_it_answers(void **state)
{
    room_rig *r = *state;
    room_rig_submit(r, &(room_rig_order){ .ref = 9, .text = "first" });
    room_rig_expect_leaving(r, 9);
    uint64_t first = room_rig_job_of(r, 9);
    room_rig_submit(r, &(room_rig_order){ .ref = 9, .text = "second" });
    room_rig_expect_leaving(r, 9);
    assert_int_not_equal(room_rig_job_of(r, 9), first);
    room_rig_go_of(r, 9, first);
    room_rig_go_of(r, 9, 0);
    room_rig_sync(r);
    room_rig_expect_leaving(r, 9); /* asked as before */
    room_rig_expect_nothing(r);
    room_rig_go(r, 9);
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    assert_text(&pdu, MARK " second");
}

/* The edge may have it as LEAVING: that it does not is said until it is taken, also of a Submit
 * that came to nothing. */
static void what_was_asked_is_deferred_until_taken(void **state)
{
    room_rig *r = *state;
    room_rig_submit(r, &(room_rig_order){ .ref = 9 });
    room_rig_expect_leaving(r, 9);
    centre_hang_up(&r->centre);
    room_rig_expect_deferred(r, 9, "sms-link-down");
    room_rig_submit_again(r, 9);
    room_rig_expect_deferred(r, 9, "sms-link-down");
    room_rig_sync(r);
    room_rig_expect_deferred(r, 9, "sms-link-down");
    room_rig_taken(r, 9);
    room_rig_sync(r);
}

static void expect_doubt(room_rig *r, uint64_t ref)
{
    teal_receipt receipt = room_rig_expect_done(r, ref, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_OUTCOME_UNKNOWN);
    assert_int_equal(receipt.level, TEAL_PLAINTEXT);
    room_rig_taken(r, ref);
}

/* [REQ-ROOM-7]: one consent, one text, whatever the edge calls it. */
static void a_message_leaves_once_under_any_ref(void **state)
{
    room_rig *r = *state;
    room_rig_submit(r, &(room_rig_order){ .ref = 1, .consent_ms = 3000 });
    room_rig_expect_leaving(r, 1);
    room_rig_submit_again(r, 2); /* both asked before either left */
    room_rig_expect_leaving(r, 2);
    room_rig_go(r, 1);
    room_rig_go(r, 2);
    expect_doubt(r, 2);
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    room_rig_submit_again(r, 3); /* while it is under way */
    expect_doubt(r, 3);
    centre_answer(&r->centre, pdu.sequence, ESME_ROK, "id");
    assert_int_equal(room_rig_expect_done(r, 1, NULL).status, TEAL_STATUS_SENT);
    room_rig_taken(r, 1);
    room_rig_submit_again(r, 1); /* when the ref is free again */
    expect_doubt(r, 1);
    room_rig_sync(r);
    room_rig_expect_nothing(r);
}

/* What was taken back after Go has not left: it may, once the link is there. */
static void what_was_taken_back_may_leave(void **state)
{
    room_rig_stop((room_rig **)state);
    room_rig *r = *state = room_rig_start("window = 1\n", false);
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1 });
    centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM); /* the window is full */
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 2, .text = "two" });
    room_rig_sync(r);
    centre_hang_up(&r->centre);
    expect_doubt(r, 1);
    room_rig_expect_deferred(r, 2, "sms-link-down");
    room_rig_taken(r, 2);
    centre_bind(&r->centre);
    room_rig_sync(r);
    room_rig_submit_again(r, 2);
    room_rig_expect_leaving(r, 2);
    room_rig_go(r, 2);
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    assert_text(&pdu, MARK " two");
}

/* [REQ-ROOM-7]: the throttled message stays first, and comes again only then. */
static void throttling_keeps_the_order(void **state)
{
    room_rig *r = *state;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1, .text = "one" });
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    centre_answer(&r->centre, pdu.sequence, ESME_RTHROTTLED, NULL);
    do { /* until the room has heard it */
        room_rig_submit(r, &(room_rig_order){ .ref = 2, .text = "two" });
        const Teal__V1__RoomFrame *f;
        Teal__V1__RoomFrame *frame = NULL;
        assert_int_equal(
            channel_receive(r->edge_fd, CENTRE_PATIENCE_MS, r->buf, &r->frames, &frame), 1);
        f = frame;
        if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_DEFERRED) {
            assert_string_equal(f->deferred->reason, "sms-throttled");
            assert_true(f->deferred->retry_after_ms <= 250);
            break;
        }
        assert_int_equal(f->frame_case, TEAL__V1__ROOM_FRAME__FRAME_LEAVING);
    } while (true);
    pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    assert_text(&pdu, MARK " one");
    centre_answer(&r->centre, pdu.sequence, ESME_ROK, "id");
    assert_int_equal(room_rig_expect_done(r, 1, NULL).status, TEAL_STATUS_SENT);
}

static void throttle_until_it_ends(room_rig *r, const room_rig_order *o, const char *reason)
{
    teal_smpp_pdu pdu;
    struct pollfd p[] = { { .fd = r->edge_fd, .events = POLLIN },
                          { .fd = r->centre.fd, .events = POLLIN } };
    room_rig_submit_and_go(r, o);
    while (p[0].revents == 0) {
        if (centre_read(&r->centre, &pdu, 0))
            centre_answer(&r->centre, pdu.sequence, ESME_RTHROTTLED, NULL);
        assert_true(poll(p, 2, CENTRE_PATIENCE_MS) > 0);
    }
    teal_receipt receipt = room_rig_expect_done(r, o->ref, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    assert_true(teal_bytes_equal(receipt.reason, teal_text(reason)));
    room_rig_taken(r, o->ref);
    room_rig_sync(r);
    room_rig_expect_nothing(r);
}

/* [REQ-ROOM-1]: the consent lapses while the centre throttles. */
static void a_consent_that_lapses_stops_the_text(void **state)
{
    throttle_until_it_ends(*state, &(room_rig_order){ .ref = 1, .consent_ms = 1000 },
                           "consent-expired");
}

/* [REQ-MSG-13]: not even a centre that throttles for ever keeps a message from its end. */
static void the_gateway_gives_up(void **state)
{
    room_rig_stop((room_rig **)state);
    room_rig *r = *state = room_rig_start("[queue]\ngive_up_after_s = 1\n", false);
    throttle_until_it_ends(r, &(room_rig_order){ .ref = 1 }, "expired");
}

static void refusals_of_the_centre_are_final(void **state)
{
    room_rig *r = *state;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1 });
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    centre_answer(&r->centre, pdu.sequence, ESME_RINVDSTADR, NULL);
    teal_receipt receipt = room_rig_expect_done(r, 1, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    assert_true(teal_bytes_equal(receipt.reason, teal_text("sms-refused")));
    assert_int_equal(receipt.level, TEAL_PLAINTEXT); /* [REQ-ROOM-8]: the centre has seen it */
    room_rig_sync(r);
    room_rig_expect_done(r, 1, NULL);
    room_rig_expect_nothing(r);
}

/* One of two segments refused: the text does not arrive whole, and is not tried again. */
static void a_refused_segment_refuses_the_text(void **state)
{
    room_rig *r = *state;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1, .text = room_rig_long_text(200) });
    uint32_t first = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM).sequence;
    uint32_t second = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM).sequence;
    centre_answer(&r->centre, first, ESME_ROK, "a");
    centre_answer(&r->centre, second, ESME_RSUBMITFAIL, NULL);
    const Teal__V1__Done *done;
    teal_receipt receipt = room_rig_expect_done(r, 1, &done);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    assert_int_equal(receipt.segments, 2);
    assert_string_equal(done->remote_ids[0], "a");
    assert_string_equal(done->remote_ids[1], "");
}

static void a_link_that_is_down_defers(void **state)
{
    room_rig *r = *state;
    room_rig_submit(r, &(room_rig_order){ .ref = 1 });
    room_rig_expect_leaving(r, 1);
    centre_hang_up(&r->centre);
    room_rig_expect_deferred(r, 1, "sms-link-down");
    room_rig_go(r, 1); /* too late */
    room_rig_submit(r, &(room_rig_order){ .ref = 2 });
    const Teal__V1__RoomFrame *f = room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_DEFERRED);
    assert_int_equal(f->deferred->ref, 2);
    room_rig_sync(r);
    room_rig_expect_deferred(r, 1, "sms-link-down"); /* [REQ-ROOM-4]: Leaving was said */
    centre_bind(&r->centre);
    room_rig_sync(r);
    room_rig_expect_deferred(r, 1, NULL);
    room_rig_expect_nothing(r);
    room_rig_taken(r, 1);
    room_rig_sync(r); /* nothing more to say */
    room_rig_submit(r, &(room_rig_order){ .ref = 3 });
    room_rig_expect_leaving(r, 3);
}

static void a_link_that_dies_with_it_leaves_doubt(void **state)
{
    room_rig *r = *state;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1 });
    centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    centre_hang_up(&r->centre);
    teal_receipt receipt = room_rig_expect_done(r, 1, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_OUTCOME_UNKNOWN);
    assert_int_equal(receipt.level, TEAL_PLAINTEXT);
    assert_true(teal_bytes_equal(receipt.reason, teal_text("outcome-unknown")));
    centre_bind(&r->centre);
    room_rig_sync(r);
    room_rig_expect_done(r, 1, NULL);
    room_rig_expect_nothing(r); /* [REQ-ROOM-7] */
}

/* [REQ-ROOM-10] */
static void what_left_before_is_only_stated(void **state)
{
    room_rig *r = *state;
    room_rig_submit_and_go(r, &(room_rig_order){ .ref = 1 });
    centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    room_rig_restart(r);
    room_rig_submit(r, &(room_rig_order){ .ref = 1, .left_before = true, .consent_ms = -5 });
    teal_receipt receipt = room_rig_expect_done(r, 1, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_OUTCOME_UNKNOWN);
    assert_int_equal(receipt.level, TEAL_PLAINTEXT);
    room_rig_submit(r, &(room_rig_order){ .ref = 2, .left_before = true, .spoil_signature = true });
    receipt = room_rig_expect_done(r, 2, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    room_rig_submit(r, &(room_rig_order){ .ref = 3, .left_before = true, .floor = TEAL_TRANSPORT });
    receipt = room_rig_expect_done(r, 3, NULL);
    assert_true(teal_bytes_equal(receipt.reason, teal_text("consent-floor-too-high")));
    for (uint64_t ref = 1; ref < 4; ref++)
        room_rig_taken(r, ref);
    room_rig_sync(r);
    room_rig_expect_nothing(r);
}

/* [REQ-DGR-15]: the edge shows another account, with the sender's handle, its own device and a
 * signature that holds. */
static void a_known_sender_cannot_be_replaced(void **state)
{
    room_rig *r = *state;
    room_rig_send_one(r, &(room_rig_order){ .ref = 1 }, "id");
    room_rig_submit(r, &(room_rig_order){ .ref = 2, .account = 66, .device = 67 });
    teal_receipt receipt = room_rig_expect_done(r, 2, NULL);
    assert_int_equal(receipt.status, TEAL_STATUS_UNDELIVERABLE);
    assert_true(teal_bytes_equal(receipt.reason, teal_text("consent-sender-changed")));
    room_rig_taken(r, 2);
    room_rig_send_one(r, &(room_rig_order){ .ref = 3, .device = 12 },
                      "id2"); /* a new device of the same */
}

/* [REQ-ROOM-6]: everything again, in the first order, until it is taken. */
static void a_new_edge_hears_everything(void **state)
{
    room_rig *r = *state;
    room_rig_submit(r, &(room_rig_order){ .ref = 1, .no_consent = true });
    room_rig_expect_done(r, 1, NULL);
    room_rig_submit(r, &(room_rig_order){ .ref = 2 });
    room_rig_expect_leaving(r, 2);
    room_rig_submit(r, &(room_rig_order){ .ref = 3, .spoil_signature = true });
    room_rig_expect_done(r, 3, NULL);
    for (int i = 0; i < 2; i++) {
        room_rig_sync(r);
        room_rig_expect_done(r, 1, NULL);
        room_rig_expect_leaving(r, 2);
        room_rig_expect_done(r, 3, NULL);
    }
    room_rig_taken(r, 1);
    room_rig_sync(r);
    room_rig_expect_leaving(r, 2);
    room_rig_expect_done(r, 3, NULL);
    room_rig_go(r, 2);
    centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
}

/* Takes Done of that ref; how many said Leaving before it. */
static uint64_t take_done(room_rig *r, uint64_t ref)
{
    uint64_t leaving = 0;
    const Teal__V1__RoomFrame *frame = room_rig_next(r);
    for (; frame != NULL && frame->frame_case == TEAL__V1__ROOM_FRAME__FRAME_LEAVING; leaving++)
        frame = room_rig_next(r);
    assert_non_null(frame);
    assert_int_equal(frame->frame_case, TEAL__V1__ROOM_FRAME__FRAME_DONE);
    assert_int_equal(frame->done->ref, ref);
    return leaving;
}

/* More Submits than there are slots wait, and all of them leave in their order. */
static void a_crowd_leaves_in_order(void **state)
{
    enum { CROWD = 400 };
    room_rig *r = *state;
    char text[32];
    uint64_t said = 0; /* Leaving, in the order of the refs */
    for (uint64_t i = 0; i < CROWD; i++) {
        snprintf(text, sizeof text, "n%llu", (unsigned long long)i);
        room_rig_submit(r, &(room_rig_order){ .ref = i + 1, .text = text });
    }
    for (uint64_t i = 0; i < CROWD; i++) {
        if (i >= said)
            room_rig_expect_leaving(r, ++said);
        room_rig_go(r, i + 1);
        teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
        snprintf(text, sizeof text, MARK " n%llu", (unsigned long long)i);
        assert_text(&pdu, text);
        centre_answer(&r->centre, pdu.sequence, ESME_ROK, "id");
        said += take_done(r, i + 1);
        room_rig_taken(r, i + 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(consented_text_leaves_marked),
        TEST(decomposed_text_leaves_composed),
        TEST(long_text_leaves_in_segments),
        TEST(what_is_not_consented_does_not_leave),
        TEST(what_is_no_message_is_deferred),
        TEST(garbage_is_survived),
        TEST(a_ref_leaves_once),
        TEST(an_answer_names_what_it_answers),
        TEST(what_was_asked_is_deferred_until_taken),
        TEST(a_message_leaves_once_under_any_ref),
        TEST(what_was_taken_back_may_leave),
        TEST(throttling_keeps_the_order),
        TEST(a_consent_that_lapses_stops_the_text),
        TEST(the_gateway_gives_up),
        TEST(refusals_of_the_centre_are_final),
        TEST(a_refused_segment_refuses_the_text),
        TEST(a_link_that_is_down_defers),
        TEST(a_link_that_dies_with_it_leaves_doubt),
        TEST(what_left_before_is_only_stated),
        TEST(a_known_sender_cannot_be_replaced),
        TEST(a_new_edge_hears_everything),
        TEST(a_crowd_leaves_in_order),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
