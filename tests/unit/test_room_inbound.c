/* The room as its edge and its SMS centre see it, inbound: who gets a text, sealed for which keys,
 * and when the centre is told that it may forget it. */
#include "codecs/native/content.h"
#include "codecs/native/conversation.h"
#include "codecs/native/forwarding_grant.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "gateway/clock.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/envelopes.h"
#include "tests/support/room_rig.h"

#define FROM "447700900555"
#define TO   "447900000001"

enum { OWNER_ACCOUNT = 3, OWNER_DEVICE = 30, N_DEVICES = 2 };

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

static uint32_t send_text(room_rig *r, const char *text)
{
    return centre_deliver(&r->centre, FROM, TO, 0, teal_text(text));
}

static uint64_t expect_who_is(room_rig *r)
{
    const Teal__V1__WhoIs *w = room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS)->who_is;
    assert_string_equal(w->number, "+" TO); /* [REQ-ROOM-13] */
    assert_true(w->ref >> 63 == 1);
    return w->ref;
}

/* How an edge lies about whose number it is. */
typedef struct lie {
    const char *name;
    bool unknown, other_handle, spoil_manifest, no_prekeys;
    bool foreign_prekey; /* the edge's own, in place of the device's */
    bool spoil_prekey, twice;
    uint64_t account;                   /* 0: OWNER_ACCOUNT */
    const teal_forwarding_grant *grant; /* shown; NULL: none */
} lie;

static void tell(room_rig *r, uint64_t ref, const lie *how)
{
    uint8_t encoded[8192], grant[512], prekeys[N_DEVICES][256];
    uint8_t ids[N_DEVICES][TEAL_DEVICE_BYTES];
    Teal__V1__DevicePrekey pairs[N_DEVICES], *list[N_DEVICES];
    teal_bytes handle = teal_text(how->other_handle ? "tel:+447900000002" : "tel:+" TO);
    r->arena.used = 0;
    teal_manifest m = test_manifest(&handle, 1, how->account != 0 ? how->account : OWNER_ACCOUNT,
                                    OWNER_DEVICE, N_DEVICES, &r->arena);
    if (how->spoil_manifest)
        m.created_at_ms++;
    teal_writer w = { encoded, sizeof encoded, 0 };
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    for (size_t i = 0; i < N_DEVICES; i++) {
        test_device device = test_device_of(OWNER_DEVICE + (how->twice ? 0 : i));
        test_device edge = test_device_of(666);
        teal_prekey p = test_prekey_of(how->foreign_prekey && i == 0 ? &edge : &device);
        if (how->spoil_prekey)
            p.key[0] ^= 1;
        teal_writer pw = { prekeys[i], sizeof prekeys[i], 0 };
        assert_int_equal(teal_prekey_encode(&p, &pw), TEAL_OK);
        memcpy(ids[i], device.id, sizeof ids[i]);
        pairs[i] = (Teal__V1__DevicePrekey)TEAL__V1__DEVICE_PREKEY__INIT;
        pairs[i].device = (ProtobufCBinaryData){ sizeof ids[i], ids[i] };
        pairs[i].prekey = (ProtobufCBinaryData){ pw.len, prekeys[i] };
        list[i] = &pairs[i];
    }
    Teal__V1__WhoIsAnswer a = TEAL__V1__WHO_IS_ANSWER__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    a.ref = ref;
    a.known = !how->unknown;
    a.handle = (char *)(uintptr_t) "tel:+" TO;
    a.manifest = (ProtobufCBinaryData){ w.len, encoded };
    a.prekeys = list;
    a.n_prekeys = how->no_prekeys ? 0 : N_DEVICES;
    teal_writer gw = { grant, sizeof grant, 0 };
    ProtobufCBinaryData shown = { 0, grant };
    if (how->grant != NULL) {
        assert_int_equal(teal_forwarding_grant_encode(how->grant, &gw), TEAL_OK);
        shown.len = gw.len;
        a.grants = &shown;
        a.n_grants = 1;
    }
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER;
    frame.who_is_answer = &a;
    room_rig_send(r, &frame);
}

static void tell_truth(room_rig *r, uint64_t ref)
{
    tell(r, ref, &(lie){ 0 });
}

/* [REQ-INB-1], [REQ-INB-2]: takes Inbound and opens it as the first n devices would, for whom alone
 * it is. Returns its ref. */
static uint64_t expect_inbound_for(room_rig *r, size_t n, const char *text, const char *claimed)
{
    const Teal__V1__Inbound *in = room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_INBOUND)->inbound;
    teal_envelope e;
    teal_diag why = { 0 };
    r->arena.used = 0;
    if (teal_envelope_decode((teal_bytes){ in->envelope.data, in->envelope.len }, &r->arena, &e,
                             &why) != TEAL_OK)
        fail_msg("envelope: %s", why.rule);
    assert_int_equal(test_envelope_verify(&e, NULL, r->gateway_key, &why), TEAL_OK);
    assert_memory_equal(e.sender_device, r->gateway_device, sizeof e.sender_device);
    assert_true(teal_bytes_equal(e.sender, teal_text(RIG_GATEWAY)));
    assert_int_equal(e.n_recipients, 1);
    assert_true(teal_bytes_equal(e.recipients[0], teal_text("tel:+" TO)));
    assert_true(e.has_origin && !e.has_downgrade);
    assert_int_equal(e.origin.level, TEAL_PLAINTEXT);
    assert_true(teal_bytes_equal(e.origin.network, teal_text("sms")));
    assert_true(teal_bytes_equal(e.origin.gateway, teal_text(RIG_GATEWAY)));
    teal_bytes people[] = { teal_text("tel:+" TO), teal_text(claimed) };
    uint8_t conversation[32], content[16384];
    teal_conversation_of(people, 2, conversation);
    assert_true(teal_bytes_equal(e.conversation_id, (teal_bytes){ conversation, 32 }));
    assert_int_equal(e.n_keys, n);
    for (size_t i = 0; i < n; i++) {
        test_device device = test_device_of(OWNER_DEVICE + i);
        size_t len = 0;
        Teal__V1__Content *c;
        assert_memory_equal(e.keys[i].device, device.id, sizeof device.id);
        assert_int_equal(
            teal_open(&e, &e.keys[i], device.prekey_pk, device.prekey_sk, content, &len, &why),
            TEAL_OK);
        assert_int_equal(teal_content_decode((teal_bytes){ content, len }, &r->arena, &c, &why),
                         TEAL_OK);
        assert_int_equal(c->n_parts, 1);
        assert_string_equal(c->parts[0]->text, text);
        assert_string_equal(c->claimed_sender, claimed);
    }
    return in->ref;
}

/* [REQ-FWD-1]: without a grant the account's first device alone. */
static uint64_t expect_inbound(room_rig *r, const char *text, const char *claimed)
{
    return expect_inbound_for(r, 1, text, claimed);
}

static void expect_answer(room_rig *r, uint32_t sequence, uint32_t status)
{
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP);
    if (pdu.sequence != sequence || pdu.status != status)
        fail_msg("%u was answered %s, not %u %s", pdu.sequence, teal_smpp_status_name(pdu.status),
                 sequence, teal_smpp_status_name(status));
}

static void assert_unanswered(room_rig *r)
{
    teal_smpp_pdu pdu;
    if (centre_read(&r->centre, &pdu, 0))
        fail_msg("the centre got a %s", teal_smpp_command_name(pdu.command));
}

/* [REQ-INB-4] */
static void a_text_is_sealed_and_answered_when_taken(void **state)
{
    room_rig *r = *state;
    uint32_t sequence = send_text(r, "hi there");
    tell_truth(r, expect_who_is(r));
    uint64_t ref = expect_inbound(r, "hi there", "tel:+" FROM);
    room_rig_sync(r);
    assert_int_equal(expect_inbound(r, "hi there", "tel:+" FROM), ref); /* again, the same */
    assert_unanswered(r);
    room_rig_taken(r, ref);
    expect_answer(r, sequence, ESME_ROK);
    room_rig_sync(r); /* nothing more to say */
    send_text(r, "next");
    expect_who_is(r);
}

static uint32_t send_part(room_rig *r, uint8_t ref, uint8_t total, uint8_t seq, const char *text)
{
    uint8_t octets[160];
    teal_udh udh = { .concat = { ref, total, seq, false } };
    size_t len;
    assert_int_equal(teal_udh_encode(&udh, octets, sizeof octets, &len), TEAL_OK);
    memcpy(octets + len, text, strlen(text));
    return centre_deliver(&r->centre, FROM, TO, TEAL_ESM_UDHI,
                          (teal_bytes){ octets, len + strlen(text) });
}

static void parts_are_answered_together(void **state)
{
    room_rig *r = *state;
    uint32_t third = send_part(r, 9, 3, 3, "three");
    uint32_t first = send_part(r, 9, 3, 1, "one ");
    uint32_t other = send_part(r, 8, 2, 1, "other"); /* another text, never finished */
    room_rig_sync(r);
    assert_unanswered(r);
    uint32_t second = send_part(r, 9, 3, 2, "two ");
    tell_truth(r, expect_who_is(r));
    uint64_t ref = expect_inbound(r, "one two three", "tel:+" FROM);
    assert_unanswered(r);
    room_rig_taken(r, ref);
    expect_answer(r, third, ESME_ROK);
    expect_answer(r, first, ESME_ROK);
    expect_answer(r, second, ESME_ROK);
    expect_answer(r, other, ESME_RX_T_APPN); /* after its two seconds */
}

/* [REQ-ROOM-12]: a centre with a window of one gets on, and nothing is lost or delivered twice. */
static void a_window_of_one_gets_on(void **state)
{
    room_rig *r = *state;
    expect_answer(r, send_part(r, 5, 2, 1, "one "), ESME_RX_T_APPN);
    uint32_t second = send_part(r, 5, 2, 2, "two");
    tell_truth(r, expect_who_is(r));
    room_rig_taken(r, expect_inbound(r, "one two", "tel:+" FROM));
    expect_answer(r, second, ESME_ROK);
    expect_answer(r, send_part(r, 5, 2, 1, "one "), ESME_ROK); /* comes back: recognised */
    room_rig_sync(r);
}

static void nobody_has_the_number(void **state)
{
    room_rig *r = *state;
    uint32_t sequence = send_text(r, "anybody?");
    tell(r, expect_who_is(r), &(lie){ .unknown = true });
    expect_answer(r, sequence, ESME_RX_R_APPN);
    static const struct {
        const char *name, *destination;
        uint8_t data_coding;
        const char *text;
    } rows[] = {
        { "a short code", "12", 0, "text" },
        { "binary", TO, 0x04, "\x01\x02" },
        { "half a UCS-2 unit", TO, 0x08, "odd" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_smpp_pdu pdu = { .command = TEAL_SMPP_DELIVER_SM,
                              .sequence = r->centre.next_sequence++,
                              .message = { .source = { 1, 1, teal_text(FROM) },
                                           .destination = { 1, 1, teal_text(rows[i].destination) },
                                           .data_coding = rows[i].data_coding,
                                           .short_message = teal_text(rows[i].text) } };
        centre_write(&r->centre, &pdu);
        expect_answer(r, pdu.sequence, ESME_RX_R_APPN);
    }
}

/* [REQ-DIR-24]: the room seals for nobody whom the edge alone vouches for. */
static void a_lying_edge_gets_nothing(void **state)
{
    static const lie lies[] = {
        { .name = "prekey of another key", .foreign_prekey = true },
        { .name = "prekey that was changed", .spoil_prekey = true },
        { .name = "manifest of another number", .other_handle = true },
        { .name = "forged manifest", .spoil_manifest = true },
        { .name = "a device twice", .twice = true },
        { .name = "no prekeys", .no_prekeys = true },
    };
    room_rig *r = *state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char text[16];
        snprintf(text, sizeof text, "text %zu", i);
        uint32_t sequence = send_text(r, text);
        uint64_t ref = expect_who_is(r);
        tell(r, ref, &lies[i]);
        expect_answer(r, sequence, ESME_RX_T_APPN);
        tell_truth(r, ref); /* too late: it will ask again */
        room_rig_sync(r);   /* no Inbound, of either answer */
    }
}

/* The room has sealed for an account: another one does not get the number's texts any more. */
static void a_known_number_cannot_be_taken_over(void **state)
{
    room_rig *r = *state;
    uint32_t sequence = send_text(r, "one");
    tell_truth(r, expect_who_is(r));
    room_rig_taken(r, expect_inbound(r, "one", "tel:+" FROM));
    expect_answer(r, sequence, ESME_ROK);
    sequence = send_text(r, "two");
    tell(r, expect_who_is(r), &(lie){ .account = 66 });
    expect_answer(r, sequence, ESME_RX_T_APPN);
}

/* A word of the account key about its second device. */
static teal_forwarding_grant word_of(uint64_t account, uint64_t sequence, bool revoked)
{
    const test_device tablet = test_device_of(OWNER_DEVICE + 1);
    uint8_t pk[32], sk[64];
    teal_forwarding_grant g = { .handle = teal_text("tel:+" TO),
                                .sequence = sequence,
                                .revoked = revoked };
    g.granted_at_ms = (uint64_t)clock_unix_ms();
    g.expires_at_ms = g.granted_at_ms + 60 * 60 * 1000;
    memcpy(g.device, tablet.id, sizeof g.device);
    memcpy(g.signing_key, tablet.sign_pk, sizeof g.signing_key);
    test_account_keys(account, pk, sk);
    teal_forwarding_grant_sign(&g, sk);
    return g;
}

/* [REQ-FWD-4], [REQ-FWD-5]: as the account key says, whatever the edge does. */
static void a_further_device_needs_a_grant(void **state)
{
    const teal_forwarding_grant grant = word_of(OWNER_ACCOUNT, 1, false),
                                end = word_of(OWNER_ACCOUNT, 2, true),
                                forged = word_of(66, 3, false),
                                anew = word_of(OWNER_ACCOUNT, 3, false);
    const struct {
        const char *text;
        const teal_forwarding_grant *shown;
        size_t devices;
    } steps[] = {
        { "no grant", NULL, 1 },      { "forged", &forged, 1 },  { "granted", &grant, 2 },
        { "not shown now", NULL, 2 }, { "taken back", &end, 1 }, { "shown again", &grant, 1 },
        { "granted anew", &anew, 2 },
    };
    room_rig *r = *state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        print_message("%s\n", steps[i].text);
        uint32_t sequence = send_text(r, steps[i].text);
        tell(r, expect_who_is(r), &(lie){ .grant = steps[i].shown });
        room_rig_taken(r, expect_inbound_for(r, steps[i].devices, steps[i].text, "tel:+" FROM));
        expect_answer(r, sequence, ESME_ROK);
    }
}

/* The session ends before the answer: the centre brings the text again, and it is the same text. */
static void a_text_that_comes_again_is_delivered_once(void **state)
{
    room_rig *r = *state;
    send_text(r, "again");
    uint64_t who_is = expect_who_is(r);
    centre_hang_up(&r->centre);
    centre_bind(&r->centre);
    uint32_t second = send_text(r, "again"); /* while it is under way */
    tell_truth(r, who_is);
    uint64_t ref = expect_inbound(r, "again", "tel:+" FROM);
    centre_hang_up(&r->centre);
    centre_bind(&r->centre);
    room_rig_taken(r, ref); /* nobody there who could be told */
    room_rig_sync(r);
    (void)second;
    expect_answer(r, send_text(r, "again"), ESME_ROK);
    uint32_t fourth = send_text(r, "again"); /* now it is a new one */
    tell_truth(r, expect_who_is(r));
    room_rig_taken(r, expect_inbound(r, "again", "tel:+" FROM));
    expect_answer(r, fourth, ESME_ROK);
}

static void the_same_text_twice_is_two_texts(void **state)
{
    room_rig *r = *state;
    uint32_t first = send_text(r, "ok");
    uint32_t second = send_text(r, "ok");
    uint64_t refs[2] = { expect_who_is(r), expect_who_is(r) };
    for (int i = 0; i < 2; i++) {
        tell_truth(r, refs[i]);
        room_rig_taken(r, expect_inbound(r, "ok", "tel:+" FROM));
        expect_answer(r, i == 0 ? first : second, ESME_ROK);
    }
}

static void names_are_claims_too(void **state)
{
    room_rig *r = *state;
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_DELIVER_SM,
                          .sequence = 900,
                          .message = { .source = { 5, 0, teal_text("Bank\xe9\x01") },
                                       .destination = { 1, 1, teal_text(TO) },
                                       .data_coding = 0x08,
                                       .short_message = { (const uint8_t *)"\x20\xac", 2 } } };
    centre_write(&r->centre, &pdu);
    tell_truth(r, expect_who_is(r));
    room_rig_taken(r, expect_inbound(r, "\xe2\x82\xac", "Bank??"));
    expect_answer(r, 900, ESME_ROK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_sealed_and_answered_when_taken),
        TEST(parts_are_answered_together),
        TEST(a_window_of_one_gets_on),
        TEST(nobody_has_the_number),
        TEST(a_lying_edge_gets_nothing),
        TEST(a_known_number_cannot_be_taken_over),
        TEST(a_further_device_needs_a_grant),
        TEST(a_text_that_comes_again_is_delivered_once),
        TEST(the_same_text_twice_is_two_texts),
        TEST(names_are_claims_too),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
