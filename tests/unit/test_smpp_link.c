/* The SMPP link against a centre that behaves, stalls, lies and dies. The link's clock is the
 * test's: nothing here waits for time to pass. */
#include "gateway/links/sms_smpp.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/centre.h"

enum { ENQUIRE_MS = 1000, RESPONSE_MS = 2000, RECONNECT_MS = 100, WINDOW = 4 };

typedef struct fixture {
    centre centre;
    smpp_link *link;
    int64_t now_ms;
    unsigned bound, unbound, answered, lost, delivered;
    uint64_t token; /* of the last answered or lost */
    uint32_t status;
    char id[TEAL_SMPP_MAX_MESSAGE_ID + 1];
    smpp_link_ticket ticket;
    bool answer_at_once;
} fixture;

static void on_bound(void *arg)
{
    ((fixture *)arg)->bound++;
}

static void on_unbound(void *arg)
{
    ((fixture *)arg)->unbound++;
}

static void on_answered(void *arg, uint64_t token, uint32_t status, teal_bytes id)
{
    fixture *f = arg;
    f->answered++;
    f->token = token;
    f->status = status;
    snprintf(f->id, sizeof f->id, "%.*s", (int)id.len, (const char *)id.at);
}

static void on_lost(void *arg, uint64_t token)
{
    fixture *f = arg;
    f->lost++;
    f->token = token;
}

static void on_delivered(void *arg, smpp_link_ticket ticket, const teal_smpp_pdu *pdu)
{
    fixture *f = arg;
    (void)pdu;
    f->delivered++;
    f->ticket = ticket;
    if (f->answer_at_once)
        assert_true(smpp_link_answer(f->link, ticket, ESME_ROK));
}

/* One turn of the owner's loop, at the fixture's time. Waits a moment for the socket only. */
static void turn(fixture *f)
{
    struct pollfd p;
    smpp_link_poll(f->link, &p);
    poll(&p, 1, 5);
    smpp_link_run(f->link, p.revents, f->now_ms);
    smpp_link_flush(f->link);
}

#define UNTIL(f, condition)                                                                        \
    do {                                                                                           \
        int turns = 0;                                                                             \
        while (!(condition)) {                                                                     \
            turn(f);                                                                               \
            if (++turns > 1000)                                                                    \
                fail_msg("never: %s", #condition);                                                 \
        }                                                                                          \
    } while (0)

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    centre_open(&f->centre);
    f->now_ms = 1000000;
    smpp_link_options o = { .host = "127.0.0.1",
                            .port = f->centre.port,
                            .system_id = "teal",
                            .password = "secret",
                            .window = WINDOW,
                            .enquire_ms = ENQUIRE_MS,
                            .response_ms = RESPONSE_MS,
                            .reconnect_first_ms = RECONNECT_MS };
    smpp_link_events e = { f, on_bound, on_answered, on_lost, on_delivered, on_unbound };
    f->link = smpp_link_open(&o, &e, f->now_ms);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    smpp_link_close(&f->link);
    centre_close(&f->centre);
    free(f);
    return 0;
}

static void bind_it(fixture *f)
{
    unsigned bound = f->bound;
    bool accepted = false;
    teal_smpp_pdu pdu;
    for (int i = 0; i < 1000 && !accepted; i++) {
        turn(f);
        accepted = centre_accept(&f->centre, 0);
    }
    assert_true(accepted);
    for (int i = 0; i < 1000 && !centre_read(&f->centre, &pdu, 0); i++)
        turn(f);
    assert_int_equal(pdu.command, TEAL_SMPP_BIND_TRANSCEIVER);
    assert_true(teal_bytes_equal(pdu.bind.system_id, teal_text("teal")));
    assert_true(teal_bytes_equal(pdu.bind.password, teal_text("secret")));
    assert_int_equal(pdu.bind.interface_version, 0x34);
    centre_write(&f->centre,
                 &(teal_smpp_pdu){ .command = TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP,
                                   .sequence = pdu.sequence,
                                   .id = teal_text("centre") });
    UNTIL(f, f->bound == bound + 1);
}

static bool submit(fixture *f, uint64_t token)
{
    teal_diag why;
    teal_smpp_message m = { .source = { 5, 0, teal_text("Teal") },
                            .destination = { 1, 1, teal_text("447700900123") },
                            .short_message = teal_text("text") };
    return smpp_link_submit(f->link, &m, token, f->now_ms, &why);
}

static teal_smpp_pdu next_unit(fixture *f)
{
    teal_smpp_pdu pdu = { 0 };
    for (int i = 0; i < 1000 && !centre_read(&f->centre, &pdu, 0); i++)
        turn(f);
    return pdu;
}

static void submits_are_answered_in_any_order(void **state)
{
    fixture *f = *state;
    uint32_t sequences[WINDOW];
    bind_it(f);
    for (uint64_t i = 0; i < WINDOW; i++)
        assert_true(submit(f, i));
    assert_int_equal(smpp_link_room(f->link, f->now_ms), 0);
    assert_false(submit(f, 99));
    for (int i = 0; i < WINDOW; i++) {
        teal_smpp_pdu pdu = next_unit(f);
        assert_int_equal(pdu.command, TEAL_SMPP_SUBMIT_SM);
        assert_true(teal_bytes_equal(pdu.message.short_message, teal_text("text")));
        sequences[i] = pdu.sequence;
    }
    for (unsigned i = WINDOW; i-- > 0;) {
        char id[16];
        snprintf(id, sizeof id, "id%u", i);
        centre_answer(&f->centre, sequences[i], ESME_ROK, id);
        UNTIL(f, f->answered == WINDOW - i);
        assert_int_equal(f->token, i);
        assert_int_equal(f->status, ESME_ROK);
        assert_string_equal(f->id, id);
    }
    centre_answer(&f->centre, sequences[0], ESME_ROK, "again"); /* answers nothing: ignored */
    centre_answer(&f->centre, 0, ESME_ROK, "zero");
    centre_deliver(&f->centre, "1", "2", 0, teal_text("later"));
    UNTIL(f, f->delivered == 1);
    assert_int_equal(f->answered, WINDOW);
    assert_int_equal(smpp_link_in_flight(f->link), 0);
}

/* A generic_nack answers a submit too, and never with success. */
static void a_nack_is_an_answer(void **state)
{
    fixture *f = *state;
    bind_it(f);
    assert_true(submit(f, 7));
    teal_smpp_pdu pdu = next_unit(f);
    centre_write(&f->centre,
                 &(teal_smpp_pdu){ .command = TEAL_SMPP_GENERIC_NACK, .sequence = pdu.sequence });
    UNTIL(f, f->answered == 1);
    assert_int_equal(f->token, 7);
    assert_int_equal(f->status, ESME_RUNKNOWNERR);
}

static void what_was_in_flight_is_lost_with_the_session(void **state)
{
    fixture *f = *state;
    bind_it(f);
    assert_true(submit(f, 1) && submit(f, 2));
    next_unit(f);
    centre_hang_up(&f->centre);
    UNTIL(f, f->unbound == 1);
    assert_int_equal(f->lost, 2);
    assert_int_equal(f->answered, 0);
    assert_false(submit(f, 3));
    f->now_ms += RECONNECT_MS;
    bind_it(f);
    assert_int_equal(smpp_link_in_flight(f->link), 0);
    assert_true(submit(f, 4)); /* and what comes now is the new one, not an old one again */
    assert_int_equal(next_unit(f).command, TEAL_SMPP_SUBMIT_SM);
    assert_false(centre_read(&f->centre, &(teal_smpp_pdu){ 0 }, 0));
}

static void throttling_pauses_the_link(void **state)
{
    static const uint32_t statuses[] = { ESME_RTHROTTLED, ESME_RMSGQFUL };
    fixture *f = *state;
    int64_t pause_ms = 0;
    bind_it(f);
    for (size_t i = 0; i < 2; i++) {
        assert_true(submit(f, i));
        centre_answer(&f->centre, next_unit(f).sequence, statuses[i], NULL);
        UNTIL(f, f->answered == i + 1);
        assert_int_equal(f->status, statuses[i]);
        assert_int_equal(smpp_link_room(f->link, f->now_ms), 0);
        assert_true(smpp_link_pause_ms(f->link, f->now_ms) > pause_ms); /* longer each time */
        pause_ms = smpp_link_pause_ms(f->link, f->now_ms);
        assert_true(smpp_link_due_ms(f->link) <= f->now_ms + pause_ms);
        f->now_ms += pause_ms;
        assert_int_equal(smpp_link_room(f->link, f->now_ms), WINDOW);
    }
    assert_true(submit(f, 9));
    centre_answer(&f->centre, next_unit(f).sequence, ESME_ROK, "id");
    UNTIL(f, f->answered == 3);
    assert_true(submit(f, 10));
    centre_answer(&f->centre, next_unit(f).sequence, ESME_RTHROTTLED, NULL);
    UNTIL(f, f->answered == 4);
    assert_int_equal(smpp_link_pause_ms(f->link, f->now_ms), SMPP_LINK_PAUSE_FIRST_MS);
}

static void silence_is_asked_about_then_ended(void **state)
{
    fixture *f = *state;
    bind_it(f);
    f->now_ms += ENQUIRE_MS;
    teal_smpp_pdu pdu = next_unit(f);
    assert_int_equal(pdu.command, TEAL_SMPP_ENQUIRE_LINK);
    centre_write(&f->centre, &(teal_smpp_pdu){ .command = TEAL_SMPP_ENQUIRE_LINK | TEAL_SMPP_RESP,
                                               .sequence = pdu.sequence });
    centre_deliver(&f->centre, "1", "2", 0, teal_text("alive"));
    UNTIL(f, f->delivered == 1);
    f->now_ms += ENQUIRE_MS;
    assert_int_equal(next_unit(f).command, TEAL_SMPP_ENQUIRE_LINK);
    f->now_ms += RESPONSE_MS - 1;
    turn(f);
    assert_int_equal(f->unbound, 0);
    f->now_ms += 1;
    turn(f);
    assert_int_equal(f->unbound, 1);
}

static void a_submit_without_an_answer_ends_the_session(void **state)
{
    fixture *f = *state;
    bind_it(f);
    assert_true(submit(f, 5));
    for (int64_t passed = 0; passed < RESPONSE_MS; passed += ENQUIRE_MS / 2) {
        turn(f);
        assert_int_equal(f->lost, 0);
        centre_deliver(&f->centre, "1", "2", 0, teal_text("alive"));
        f->now_ms += ENQUIRE_MS / 2;
    }
    turn(f);
    assert_int_equal(f->lost, 1);
    assert_int_equal(f->token, 5);
    assert_int_equal(f->unbound, 1);
}

/* How long the link waits before it tries again; the attempt before is over first. */
static int64_t pause_ms(fixture *f)
{
    int64_t wait_ms = 0;
    for (int k = 0; k < 1000 && wait_ms <= 0; k++) {
        turn(f);
        wait_ms = smpp_link_due_ms(f->link) - f->now_ms;
        if (wait_ms == RESPONSE_MS)
            wait_ms = 0; /* still in that session */
    }
    return wait_ms;
}

static void assert_doubled(int64_t wait_ms, int64_t last_ms)
{
    assert_true(wait_ms * 8 >= last_ms * 12 - 8); /* less up to a quarter */
}

static void back_off_grows_and_starts_anew(void **state)
{
    fixture *f = *state;
    int64_t last_ms = 0;
    for (int i = 0; i < 5; i++) {
        bool accepted = false;
        for (int k = 0; k < 1000 && !accepted; k++) {
            turn(f);
            accepted = centre_accept(&f->centre, 0);
        }
        assert_true(accepted);
        turn(f); /* connected: bind is out */
        centre_hang_up(&f->centre);
        int64_t wait_ms = pause_ms(f);
        assert_doubled(wait_ms, last_ms);
        last_ms = wait_ms;
        f->now_ms += wait_ms;
    }
    assert_int_equal(f->unbound, 0); /* it never was */
    bind_it(f);
    centre_deliver(&f->centre, "1", "2", 0, teal_text("of use"));
    UNTIL(f, f->delivered == 1);
    centre_hang_up(&f->centre);
    UNTIL(f, f->unbound == 1);
    last_ms = smpp_link_due_ms(f->link) - f->now_ms;
    assert_true(last_ms <= RECONNECT_MS);
    centre_close(&f->centre); /* connections are refused from here on */
    for (int i = 0; i < 4; i++) {
        f->now_ms += last_ms;
        int64_t wait_ms = pause_ms(f);
        assert_doubled(wait_ms, last_ms);
        last_ms = wait_ms;
    }
}

static void a_refused_bind_is_no_session(void **state)
{
    fixture *f = *state;
    bool accepted = false;
    for (int i = 0; i < 1000 && !accepted; i++) {
        turn(f);
        accepted = centre_accept(&f->centre, 0);
    }
    teal_smpp_pdu pdu = next_unit(f);
    centre_write(&f->centre,
                 &(teal_smpp_pdu){ .command = TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP,
                                   .status = ESME_RINVPASWD,
                                   .sequence = pdu.sequence });
    UNTIL(f, smpp_link_due_ms(f->link) != f->now_ms + RESPONSE_MS);
    assert_int_equal(f->bound, 0);
    assert_false(smpp_link_is_bound(f->link));
}

static void texts_are_answered_in_their_session_only(void **state)
{
    fixture *f = *state;
    bind_it(f);
    uint32_t sequence = centre_deliver(&f->centre, "1", "2", 0, teal_text("one"));
    UNTIL(f, f->delivered == 1);
    smpp_link_ticket old = f->ticket;
    assert_true(smpp_link_answer(f->link, f->ticket, ESME_RX_T_APPN));
    teal_smpp_pdu pdu = next_unit(f);
    assert_int_equal(pdu.command, TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP);
    assert_int_equal(pdu.sequence, sequence);
    assert_int_equal(pdu.status, ESME_RX_T_APPN);
    centre_hang_up(&f->centre);
    UNTIL(f, f->unbound == 1);
    f->now_ms += RECONNECT_MS;
    bind_it(f);
    assert_false(smpp_link_answer(f->link, old, ESME_ROK));
    f->answer_at_once = true;
    sequence = centre_deliver(&f->centre, "1", "2", 0, teal_text("two"));
    pdu = next_unit(f);
    assert_int_equal(pdu.sequence, sequence);
    assert_int_equal(pdu.status, ESME_ROK);
}

/* Some centres deliver by data_sm, which has no short_message [SMPP 3.4 §4.7]. */
static void data_sm_is_a_delivery(void **state)
{
    static const uint8_t data[] = "\0\0\0\x27\0\0\x01\x03\0\0\0\0\0\0\0\x09"
                                  "\0\x01\x01"
                                  "447700\0\x01\x01"
                                  "2\0\0\0\0"
                                  "\x04\x24\0\x02hi";
    fixture *f = *state;
    bind_it(f);
    centre_write_bytes(&f->centre, (teal_bytes){ data, sizeof data - 1 });
    UNTIL(f, f->delivered == 1);
    assert_true(smpp_link_answer(f->link, f->ticket, ESME_ROK));
    teal_smpp_pdu pdu = next_unit(f);
    assert_int_equal(pdu.command, TEAL_SMPP_DATA_SM | TEAL_SMPP_RESP);
    assert_int_equal(pdu.sequence, 9);
    assert_int_equal(pdu.status, ESME_ROK);
}

/* alert_notification and outbind have no answer: the next one is to what comes behind them. */
static void notifications_are_not_answered(void **state)
{
    static const uint8_t units[] = "\0\0\0\x16\0\0\x01\x02\0\0\0\0\0\0\0\x07\x01\x01\0\x01\x01\0"
                                   "\0\0\0\x12\0\0\0\x0B\0\0\0\0\0\0\0\x08\0\0"
                                   "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x09";
    fixture *f = *state;
    bind_it(f);
    centre_write_bytes(&f->centre, (teal_bytes){ units, sizeof units - 1 });
    teal_smpp_pdu pdu = next_unit(f);
    assert_int_equal(pdu.command, TEAL_SMPP_ENQUIRE_LINK | TEAL_SMPP_RESP);
    assert_int_equal(pdu.sequence, 9);
}

static void unbind_is_answered(void **state)
{
    fixture *f = *state;
    bind_it(f);
    centre_write(&f->centre, &(teal_smpp_pdu){ .command = TEAL_SMPP_UNBIND, .sequence = 77 });
    UNTIL(f, f->unbound == 1);
    teal_smpp_pdu pdu;
    assert_true(centre_read(&f->centre, &pdu, CENTRE_PATIENCE_MS));
    assert_int_equal(pdu.command, TEAL_SMPP_UNBIND | TEAL_SMPP_RESP);
    assert_int_equal(pdu.sequence, 77);
}

/* What a centre may send that is no unit of the session's grammar. */
static void odd_units_cost_the_session_at_most(void **state)
{
    static const struct {
        const char *name;
        uint8_t in[40];
        size_t len;
        uint32_t nack; /* status of the generic_nack that comes; 0: the session ends */
    } rows[] = {
        { "command_length 0", { 0 }, 16, 0 },
        { "command_length over the bound", { 0x7F, 0, 0, 0, 0, 0, 0, 5 }, 16, 0 },
        { "unknown request",
          { 0, 0, 0, 16, 0, 0, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 9 },
          16,
          ESME_RINVCMDID },
        { "deliver_sm without a body",
          { 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9 },
          16,
          ESME_RINVCMDLEN },
        { "sm_length past the end",
          { 0, 0, 0, 33, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9,  0,
            0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200 },
          33,
          ESME_RINVCMDLEN },
        { "query_sm from the centre",
          { 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0 },
          20,
          ESME_RINVCMDID },
        { "submit_sm_resp whose id has no end",
          { 0, 0, 0, 18, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 'a', 'b' },
          18,
          0 },
        { "bind_transceiver from the centre",
          { 0, 0, 0, 23, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0x34, 0, 0, 0 },
          23,
          ESME_RINVBNDSTS },
    };
    fixture *f = *state;
    bind_it(f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned unbound = f->unbound;
        centre_write_bytes(&f->centre, (teal_bytes){ rows[i].in, rows[i].len });
        if (rows[i].nack != 0) {
            teal_smpp_pdu pdu = next_unit(f);
            if (pdu.command != TEAL_SMPP_GENERIC_NACK || pdu.status != rows[i].nack ||
                pdu.sequence != 9)
                fail_msg("%s: command %x status %x", rows[i].name, pdu.command, pdu.status);
            assert_int_equal(f->unbound, unbound);
            continue;
        }
        for (int k = 0; k < 1000 && f->unbound == unbound; k++)
            turn(f);
        if (f->unbound == unbound)
            fail_msg("%s: the session goes on", rows[i].name);
        f->now_ms += SMPP_LINK_RECONNECT_MAX_MS;
        bind_it(f);
    }
    for (int i = 0; i < 20; i++) /* and no end of them ends the session too */
        centre_write_bytes(&f->centre, (teal_bytes){ rows[2].in, rows[2].len });
    unsigned unbound = f->unbound;
    UNTIL(f, f->unbound == unbound + 1);
}

static void names_are_resolved(void **state)
{
    fixture *f = *state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it does not see the thread that glibc resolves in, and dies of its first access */
#endif
    smpp_link_close(&f->link);
    smpp_link_options o = { .host = "localhost",
                            .port = f->centre.port,
                            .system_id = "teal",
                            .password = "secret",
                            .window = WINDOW,
                            .enquire_ms = ENQUIRE_MS,
                            .response_ms = RESPONSE_MS,
                            .reconnect_first_ms = RECONNECT_MS };
    smpp_link_events e = { f, on_bound, on_answered, on_lost, on_delivered, on_unbound };
    f->link = smpp_link_open(&o, &e, f->now_ms);
    bind_it(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(submits_are_answered_in_any_order),
        TEST(a_nack_is_an_answer),
        TEST(what_was_in_flight_is_lost_with_the_session),
        TEST(throttling_pauses_the_link),
        TEST(silence_is_asked_about_then_ended),
        TEST(a_submit_without_an_answer_ends_the_session),
        TEST(back_off_grows_and_starts_anew),
        TEST(a_refused_bind_is_no_session),
        TEST(texts_are_answered_in_their_session_only),
        TEST(data_sm_is_a_delivery),
        TEST(notifications_are_not_answered),
        TEST(unbind_is_answered),
        TEST(odd_units_cost_the_session_at_most),
        TEST(names_are_resolved),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
