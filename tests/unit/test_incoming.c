/* What the inbox believes: nothing that is not signed, addressed, sealed for this device and as
 * marked as it must be. Without network: senders and gateway are made up here. */
#include "gateway/client/incoming.h"

#include "codecs/native/content.h"
#include "codecs/native/transcript.h"
#include "gateway/client/account.h"
#include "gateway/client/member.h"
#include "gateway/client/sent.h"
#include "tests/support/devices.h"
#include "tests/support/envelopes.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define ALICE   "im:alice@native.example"
#define NOOR    "im:noor@native.example"
#define GATEWAY "im:gateway@native.example"
#define PHONE   "tel:+4915112345678"

enum {
    NOORS_PHONE = 1,
    EDGE,
    ROOM,
    NEXT_ROOM,
    STRANGER,
    ARENA_BYTES = 4 << 20,
    PREKEY = 7,
    CONTENT_BYTES = 512
};

/* ---- a world --------------------------------------------------------------------------------- */

static folder home;
static options no_options;
static session s;
static verify_gateway gateway;
static person noor;
static keychain_prekey prekey;
static uint8_t last_resort[TEAL_KEY_BYTES];

static void *take(size_t count, size_t size)
{
    void *taken = teal_arena_array(&s.arena, count, size);
    assert_non_null(taken);
    return taken;
}

/* Signed by account number `account`; names and numbers of up to two devices. */
static teal_manifest manifest(uint64_t account, const char *handle, const char *const names[2],
                              const uint64_t numbers[2])
{
    uint8_t sk[64];
    teal_bytes *handles = take(1, sizeof *handles);
    teal_device *devices = take(2, sizeof *devices);
    teal_manifest m = { .version = 1, .handles = handles, .n_handles = 1, .devices = devices };
    handles[0] = teal_text(handle);
    for (size_t i = 0; i < 2 && numbers[i] != 0; i++) {
        test_device d = test_device_of(numbers[i]);
        memcpy(devices[i].id, d.id, sizeof devices[i].id);
        memcpy(devices[i].signing_key, d.sign_pk, sizeof devices[i].signing_key);
        devices[i].name = teal_text(names[i]);
        m.n_devices++;
    }
    test_account_keys(account, m.account_key, sk);
    teal_manifest_sign(&m, sk);
    return m;
}

static void make_others(void)
{
    static const char *const gateway_names[] = { "edge", "plaintext" };
    static const char *const phone_names[] = { "plaintext", NULL }; /* which is of no use to her */
    gateway = (verify_gateway){ .handle = teal_text(GATEWAY) };
    gateway.manifest = manifest(1, GATEWAY, gateway_names, (const uint64_t[]){ EDGE, ROOM });
    noor = (person){ .handle = teal_text(NOOR), .path = "native", .has_manifest = true };
    noor.manifest = manifest(2, NOOR, phone_names, (const uint64_t[]){ NOORS_PHONE, 0 });
}

/* Alice's keychain, in a transaction: a handle, a one-time prekey, a last-resort prekey. */
static int set_up(void **state)
{
    (void)state;
    const teal_bytes handle = teal_text(ALICE);
    home = folder_make();
    s = (session){ .options = &no_options };
    s.arena = (teal_arena){ malloc(ARENA_BYTES), ARENA_BYTES, 0 };
    no_options = (options){ 0 };
    if (keychain_make(home.path, teal_text("right"), &s.keychain) != OUTCOME_OK)
        return 1;
    account_make(s.keychain, "laptop", 1764000000000);
    const teal_device own = account_this(s.keychain, &s.arena);
    account_propose(s.keychain, &handle, 1, &own, 1, 1764000000000, &s.arena);
    account_settle(s.keychain, true);
    prekey.id = PREKEY;
    randombytes_buf(prekey.sk, sizeof prekey.sk);
    randombytes_buf(last_resort, sizeof last_resort);
    s.keychain->secrets->one_time[0] = prekey;
    s.keychain->secrets->n_one_time = 1;
    memcpy(s.keychain->secrets->last_resort[0], last_resort, sizeof last_resort);
    s.keychain->secrets->n_last_resort = 1;
    make_others();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keychain_close(&s.keychain);
    free(s.arena.base);
    folder_remove(&home);
    return 0;
}

/* ---- messages -------------------------------------------------------------------------------- */

typedef struct draft {
    const char *from, *to, *id;
    uint64_t device; /* that signs */
    teal_kind kind;
    uint32_t prekey_id;
    bool has_origin;
    teal_bytes content;
    bool forged;
} draft;

static teal_bytes text_content(const char *text, const char *claimed)
{
    teal_writer w = { take(CONTENT_BYTES, 1), CONTENT_BYTES, 0 };
    assert_int_equal(teal_content_of_inbound(teal_text(text), teal_text(claimed), &s.arena, &w),
                     TEAL_OK);
    return teal_written(&w);
}

static teal_bytes receipt_content(const char *message_id)
{
    teal_writer w = { take(CONTENT_BYTES, 1), CONTENT_BYTES, 0 };
    assert_int_equal(teal_content_of_receipt(teal_text(message_id),
                                             TEAL__V1__DISPOSITION__DELIVERED, 1764000000000,
                                             &s.arena, &w),
                     TEAL_OK);
    return teal_written(&w);
}

static draft from_noor(const char *id)
{
    return (draft){ .from = NOOR,
                    .to = ALICE,
                    .id = id,
                    .device = NOORS_PHONE,
                    .kind = TEAL_KIND_MESSAGE,
                    .prekey_id = PREKEY,
                    .content = text_content("Hello", "") };
}

static draft from_phone(const char *id)
{
    draft d = from_noor(id);
    d.from = GATEWAY;
    d.device = ROOM;
    d.has_origin = true;
    d.content = text_content("Hello", PHONE);
    return d;
}

/* As the inbox gives it. */
static incoming item_of(const draft *d)
{
    const test_device device = test_device_of(d->device);
    teal_bytes *to = take(1, sizeof *to);
    teal_seal_to seal_to = { .prekey_id = d->prekey_id };
    uint8_t message_key[32], eph[32];
    to[0] = teal_text(d->to);
    account_device(s.keychain, seal_to.device);
    crypto_scalarmult_base(seal_to.prekey, d->prekey_id == 0 ? last_resort : prekey.sk);
    randombytes_buf(message_key, sizeof message_key);
    randombytes_buf(eph, sizeof eph);
    incoming in = { .seq = 1, .decoded = true };
    in.envelope = (teal_envelope){ .suite = TEAL_SUITE_SEALED,
                                   .message_id = teal_text(d->id),
                                   .conversation_id = teal_text("c"),
                                   .sender = teal_text(d->from),
                                   .recipients = to,
                                   .n_recipients = 1,
                                   .sent_at_ms = 1764000000000,
                                   .kind = d->kind,
                                   .wants = TEAL_WANTS_DELIVERED };
    memcpy(in.envelope.sender_device, device.id, sizeof device.id);
    assert_int_equal(teal_seal(&in.envelope, d->content, &seal_to, 1, message_key, eph,
                               take(1, sizeof(teal_wrapped_key)),
                               take(teal_seal_ciphertext_len(d->content.len), 1)),
                     TEAL_OK);
    in.envelope.has_origin = d->has_origin;
    if (d->has_origin)
        in.envelope.origin = (teal_origin){ TEAL_PLAINTEXT, teal_text("sms"), teal_text(GATEWAY) };
    test_envelope_sign(&in.envelope, device.sign_sk);
    in.envelope.signature[0] ^= d->forged;
    in.sender = strcmp(d->from, NOOR) == 0 ? &noor : NULL;
    in.data =
        teal_arena_copy(&s.arena, (teal_bytes){ in.envelope.signature, TEAL_SIGNATURE_BYTES });
    return in;
}

static incoming_verdict judge(const incoming *in)
{
    incoming_verdict v;
    incoming_judge(&s, &gateway, in, &v);
    return v;
}

static const char *word(const incoming_verdict *v, const char *name)
{
    return json_string_value(json_object_get(v->item, name));
}

/* Neither text nor level, and the rule is named. */
static void assert_refused(incoming_verdict v, const char *rule)
{
    assert_non_null(v.item);
    assert_non_null(v.aside.wrong);
    assert_memory_equal(v.aside.wrong, rule, strlen(rule));
    assert_true(json_is_false(json_object_get(v.item, "verified")));
    assert_string_equal(word(&v, "level"), "NONE");
    assert_true(json_is_null(json_object_get(v.item, "text")));
    assert_true(json_is_null(json_object_get(v.item, "origin")));
    assert_false(v.owes_receipt);
    assert_int_equal(s.keychain->secrets->n_one_time, 1);
    json_decref(v.item);
}

static void assert_verified(const incoming_verdict *v, const char *level)
{
    assert_non_null(v->item);
    assert_null(v->aside.wrong);
    assert_true(json_is_true(json_object_get(v->item, "verified")));
    if (level != NULL)
        assert_string_equal(word(v, "level"), level);
}

/* ---- tests of messages ----------------------------------------------------------------------- */

static void a_message_is_opened_once(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    incoming in = item_of(&d);
    incoming_verdict v = judge(&in);
    assert_verified(&v, "E2EE");
    assert_string_equal(word(&v, "text"), "Hello");
    assert_string_equal(word(&v, "from"), NOOR);
    assert_true(v.owes_receipt);
    assert_int_equal(s.keychain->secrets->n_one_time, 0);
    json_decref(v.item);

    v = judge(&in); /* once more, after a crash before the acknowledgement */
    assert_null(v.item);
    assert_false(v.owes_receipt);
}

static void a_used_prekey_opens_nothing(void **state)
{
    (void)state;
    draft d = from_noor("Mx1"), again = from_noor("Mx2");
    incoming in = item_of(&d);
    json_decref(judge(&in).item);
    in = item_of(&again);
    incoming_verdict v = judge(&in);
    assert_string_equal(v.aside.wrong, "REQ-SEAL-1 its one-time prekey has been used already");
    assert_string_equal(word(&v, "level"), "NONE");
    json_decref(v.item);
}

static void the_last_resort_stays(void **state)
{
    (void)state;
    keychain_secrets *k = s.keychain->secrets;
    draft d = from_noor("Mx1");
    d.prekey_id = 0;
    memcpy(k->last_resort[1], k->last_resort[0], sizeof k->last_resort[1]); /* it was renewed */
    randombytes_buf(k->last_resort[0], sizeof k->last_resort[0]);
    k->n_last_resort = 2;
    incoming in = item_of(&d);
    incoming_verdict v = judge(&in);
    assert_verified(&v, "E2EE");
    assert_int_equal(k->n_last_resort, 2);
    json_decref(v.item);
}

static void a_forged_signature_is_not_opened(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    d.forged = true;
    incoming in = item_of(&d);
    assert_refused(judge(&in), "REQ-TRN-1");
    d.forged = false;
    d.device = STRANGER;
    in = item_of(&d);
    assert_refused(judge(&in), "REQ-TRN-1");
}

/* Whoever forges a copy of a message cannot have the message itself taken for seen. */
static void a_forgery_does_not_hide_the_message(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    incoming good = item_of(&d), forged = good;
    forged.envelope.signature[5] ^= 1;
    forged.data = (teal_bytes){ forged.envelope.signature, sizeof forged.envelope.signature };
    assert_refused(judge(&forged), "REQ-TRN-1");
    incoming_verdict v = judge(&good);
    assert_verified(&v, "E2EE");
    json_decref(v.item);
}

static void what_is_for_somebody_else_is_not_opened(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    d.to = "im:somebody@native.example";
    incoming in = item_of(&d);
    assert_refused(judge(&in), "REQ-TRN-1");
}

static void an_unknown_sender_is_not_believed(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    incoming in = item_of(&d);
    in.sender = NULL;
    assert_refused(judge(&in), "REQ-DIR-24");
    in.wrong = "REQ-DIR-24 the manifest does not name the handle";
    in.data = teal_text("other octets");
    assert_refused(judge(&in), "REQ-DIR-24");
}

static void a_changed_key_is_shown_as_that(void **state)
{
    (void)state;
    draft d = from_noor("Mx1"), next = from_noor("Mx2");
    static const char *const names[] = { "phone", NULL };
    incoming in = item_of(&d);
    json_decref(judge(&in).item); /* the first one is kept */
    noor.manifest = manifest(3, NOOR, names, (const uint64_t[]){ STRANGER, 0 });
    next.device = STRANGER;
    next.prekey_id = 0;
    in = item_of(&next);
    incoming_verdict v = judge(&in);
    assert_memory_equal(v.aside.wrong, "REQ-DIR-24", 10);
    assert_string_equal(word(&v, "level"), "NONE");
    assert_false(v.owes_receipt);
    json_decref(v.item);

    no_options.accept_key_change = true;
    next.id = "Mx3";
    in = item_of(&next);
    v = judge(&in);
    assert_verified(&v, "E2EE");
    json_decref(v.item);
}

static void octets_that_are_no_envelope_are_shown_as_that(void **state)
{
    (void)state;
    incoming in = { .seq = 1, .data = teal_text("x"), .wrong = "REQ-WIRE-4 cut short" };
    assert_refused(judge(&in), "REQ-WIRE-4");
}

static void typing_shows_nothing_but_uses_its_key_up(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    d.kind = TEAL_KIND_TYPING;
    incoming in = item_of(&d);
    incoming_verdict v = judge(&in);
    assert_null(v.item);
    assert_int_equal(s.keychain->secrets->n_one_time, 0);
}

/* ---- origin: REQ-INB-3 ----------------------------------------------------------------------- */

static void an_sms_is_never_e2ee(void **state)
{
    (void)state;
    draft d = from_phone("Mx1");
    incoming in = item_of(&d);
    incoming_verdict v = judge(&in);
    assert_verified(&v, "PLAINTEXT");
    assert_string_equal(word(&v, "from"), PHONE);
    assert_true(json_is_true(json_object_get(v.item, "claimed")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(v.item, "origin"), "network")), "sms");
    assert_false(v.owes_receipt);
    json_decref(v.item);
}

static void only_the_gateway_names_an_origin(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    d.has_origin = true;
    incoming in = item_of(&d);
    assert_refused(judge(&in), "REQ-INB-3");
}

static void the_gateway_always_names_an_origin(void **state)
{
    (void)state;
    draft d = from_phone("Mx1");
    d.has_origin = false;
    incoming in = item_of(&d);
    assert_refused(judge(&in), "REQ-INB-3");
}

static void only_the_room_names_an_origin(void **state)
{
    (void)state;
    draft d = from_phone("Mx1");
    d.device = EDGE;
    incoming in = item_of(&d);
    assert_refused(judge(&in), "REQ-INB-1");
}

/* REQ-KEY-7: what it signed while it was the room's device, and nothing later. */
static void a_device_that_has_gone_is_believed_until_then(void **state)
{
    static const char *const names[] = { "edge", "plaintext" };
    (void)state;
    draft d = from_phone("Mx1");
    incoming in = item_of(&d);
    draft later = from_phone("Mx2");
    gateway.past[0] = gateway.manifest;
    gateway.manifest = manifest(1, GATEWAY, names, (const uint64_t[]){ EDGE, NEXT_ROOM });
    gateway.manifest.created_at_ms = in.envelope.sent_at_ms - 1;
    gateway.n_past = 1;
    assert_refused(judge(&in), "REQ-DIR-24");
    gateway.manifest.created_at_ms = in.envelope.sent_at_ms;
    in = item_of(&later);
    incoming_verdict v = judge(&in);
    assert_verified(&v, "PLAINTEXT");
    json_decref(v.item);
}

/* ---- receipts: REQ-RCPT-1..3 ----------------------------------------------------------------- */

static teal_hash remember_sent(const char *id, const char *to, teal_level floor)
{
    teal_bytes recipient = teal_text(to);
    teal_hash hash;
    teal_envelope e = { .message_id = teal_text(id), .recipients = &recipient, .n_recipients = 1 };
    randombytes_buf(hash.at, sizeof hash.at);
    sent_add(s.keychain, &e, &hash, floor);
    return hash;
}

typedef struct receipt_row {
    const char *name;
    uint64_t device; /* that signs */
    teal_level level, floor;
    const char *path, *mark, *gateway, *recipient, *id;
    bool other_hash, forged;
    const char *rule; /* NULL: it verifies */
} receipt_row;

static const receipt_row receipt_rows[] = {
    { "E2EE by the edge", EDGE, TEAL_E2EE, TEAL_E2EE, "native", "", GATEWAY, PHONE, "Mx1", false,
      false, NULL },
    { "PLAINTEXT by the room", ROOM, TEAL_PLAINTEXT, TEAL_PLAINTEXT, "sms", "[SMS]", GATEWAY, PHONE,
      "Mx1", false, false, NULL },
    { "TRANSPORT under a consent to PLAINTEXT", ROOM, TEAL_TRANSPORT, TEAL_PLAINTEXT, "plain",
      "[RCS]", GATEWAY, PHONE, "Mx1", false, false, NULL },
    { "nothing left, by the edge", EDGE, TEAL_LEVEL_NONE, TEAL_E2EE, "", "", GATEWAY, PHONE, "Mx1",
      false, false, NULL },
    { "PLAINTEXT by the edge", EDGE, TEAL_PLAINTEXT, TEAL_PLAINTEXT, "sms", "[SMS]", GATEWAY, PHONE,
      "Mx1", false, false, "REQ-RCPT-2" },
    { "TRANSPORT by the edge", EDGE, TEAL_TRANSPORT, TEAL_TRANSPORT, "plain", "[RCS]", GATEWAY,
      PHONE, "Mx1", false, false, "REQ-RCPT-2" },
    { "PLAINTEXT without a mark", ROOM, TEAL_PLAINTEXT, TEAL_PLAINTEXT, "sms", "", GATEWAY, PHONE,
      "Mx1", false, false, "REQ-RCPT-2" },
    { "below the consent", ROOM, TEAL_PLAINTEXT, TEAL_TRANSPORT, "sms", "[SMS]", GATEWAY, PHONE,
      "Mx1", false, false, "REQ-DGR-5" },
    { "without any consent", ROOM, TEAL_TRANSPORT, TEAL_E2EE, "plain", "[RCS]", GATEWAY, PHONE,
      "Mx1", false, false, "REQ-DGR-5" },
    { "forged", EDGE, TEAL_E2EE, TEAL_E2EE, "native", "", GATEWAY, PHONE, "Mx1", false, true,
      "REQ-RCPT-1" },
    { "by somebody else's device", STRANGER, TEAL_E2EE, TEAL_E2EE, "native", "", GATEWAY, PHONE,
      "Mx1", false, false, "REQ-RCPT-1" },
    { "of another gateway", EDGE, TEAL_E2EE, TEAL_E2EE, "native", "", NOOR, PHONE, "Mx1", false,
      false, "REQ-RCPT-1" },
    { "another message of that id", EDGE, TEAL_E2EE, TEAL_E2EE, "native", "", GATEWAY, PHONE, "Mx1",
      true, false, "REQ-RCPT-3" },
    { "a message that was not sent", EDGE, TEAL_E2EE, TEAL_E2EE, "native", "", GATEWAY, PHONE,
      "Mx9", false, false, "REQ-RCPT-3" },
    { "somebody it was not sent to", EDGE, TEAL_E2EE, TEAL_E2EE, "native", "", GATEWAY, NOOR, "Mx1",
      false, false, "REQ-RCPT-3" },
};

static incoming receipt_of(const receipt_row *row, teal_hash hash)
{
    const test_device device = test_device_of(row->device);
    incoming in = { .seq = 1, .kind = INCOMING_RECEIPT, .decoded = true };
    in.receipt = (teal_receipt){ .message_id = teal_text(row->id),
                                 .sender = teal_text(ALICE),
                                 .recipient = teal_text(row->recipient),
                                 .status = row->level == TEAL_LEVEL_NONE ? TEAL_STATUS_UNDELIVERABLE
                                                                         : TEAL_STATUS_SENT,
                                 .level = row->level,
                                 .path = teal_text(row->path),
                                 .mark = teal_text(row->mark),
                                 .gateway = teal_text(row->gateway),
                                 .transcript_hash = hash };
    in.receipt.transcript_hash.at[0] ^= row->other_hash;
    memcpy(in.receipt.device, device.id, sizeof device.id);
    teal_receipt_sign(&in.receipt, device.sign_sk);
    in.receipt.signature[9] ^= row->forged;
    in.data = (teal_bytes){ (const uint8_t *)row, sizeof *row }; /* different for each */
    return in;
}

static void receipts_hold_or_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof receipt_rows / sizeof receipt_rows[0]; i++) {
        const receipt_row *row = &receipt_rows[i];
        incoming in = receipt_of(row, remember_sent("Mx1", PHONE, row->floor));
        incoming_verdict v = judge(&in);
        bool kept = json_array_size(
                        json_object_get(sent_find(s.keychain, teal_text("Mx1")), "receipts")) == 1;
        bool named = row->rule != NULL && v.aside.wrong != NULL &&
                     strncmp(v.aside.wrong, row->rule, strlen(row->rule)) == 0;
        if (row->rule == NULL ? v.aside.wrong != NULL : !named)
            print_error("%s: %s\n", row->name, v.aside.wrong);
        assert_true(row->rule == NULL ? v.aside.wrong == NULL : named);
        assert_int_equal(json_is_true(json_object_get(v.item, "verified")), row->rule == NULL);
        assert_int_equal(kept, row->rule == NULL);
        json_decref(v.item);
        assert_null(judge(&in).item); /* shown once */
    }
}

static void a_device_receipt_is_of_what_was_sent_to_them(void **state)
{
    (void)state;
    draft d = from_noor("Mx5");
    d.kind = TEAL_KIND_RECEIPT;
    d.prekey_id = 0;
    d.content = receipt_content("Mx1");
    remember_sent("Mx1", NOOR, TEAL_E2EE);
    incoming in = item_of(&d);
    incoming_verdict v = judge(&in);
    assert_verified(&v, NULL);
    assert_string_equal(word(&v, "kind"), "device-receipt");
    assert_string_equal(word(&v, "message_id"), "Mx1");
    assert_string_equal(word(&v, "disposition"), "delivered");
    assert_false(v.owes_receipt);
    json_decref(v.item);

    remember_sent("Mx2", PHONE, TEAL_E2EE);
    d.content = receipt_content("Mx2");
    in = item_of(&d);
    v = judge(&in);
    assert_memory_equal(v.aside.wrong, "REQ-RCPT-3", 10);
    assert_true(json_is_false(json_object_get(v.item, "verified")));
    json_decref(v.item);
}

/* A message that says that it is a receipt is none, and the other way round. */
static void a_receipt_without_receipt_is_refused(void **state)
{
    (void)state;
    draft d = from_noor("Mx1");
    d.kind = TEAL_KIND_RECEIPT;
    incoming in = item_of(&d);
    incoming_verdict v = judge(&in);
    assert_memory_equal(v.aside.wrong, "REQ-CNT-4", 9);
    json_decref(v.item);
}

static void only_the_last_messages_are_kept(void **state)
{
    (void)state;
    char id[16];
    for (int i = 0; i <= SENT_MAX; i++) {
        snprintf(id, sizeof id, "Mx%d", i);
        remember_sent(id, NOOR, TEAL_E2EE);
    }
    assert_int_equal(json_array_size(sent_all(s.keychain)), SENT_MAX);
    assert_null(sent_find(s.keychain, teal_text("Mx0")));
    assert_non_null(sent_find(s.keychain, teal_text("Mx1")));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_message_is_opened_once),
        IN_WORLD(a_used_prekey_opens_nothing),
        IN_WORLD(the_last_resort_stays),
        IN_WORLD(a_forged_signature_is_not_opened),
        IN_WORLD(a_forgery_does_not_hide_the_message),
        IN_WORLD(what_is_for_somebody_else_is_not_opened),
        IN_WORLD(an_unknown_sender_is_not_believed),
        IN_WORLD(a_changed_key_is_shown_as_that),
        IN_WORLD(octets_that_are_no_envelope_are_shown_as_that),
        IN_WORLD(typing_shows_nothing_but_uses_its_key_up),
        IN_WORLD(an_sms_is_never_e2ee),
        IN_WORLD(only_the_gateway_names_an_origin),
        IN_WORLD(the_gateway_always_names_an_origin),
        IN_WORLD(only_the_room_names_an_origin),
        IN_WORLD(a_device_that_has_gone_is_believed_until_then),
        IN_WORLD(receipts_hold_or_are_refused),
        IN_WORLD(a_device_receipt_is_of_what_was_sent_to_them),
        IN_WORLD(a_receipt_without_receipt_is_refused),
        IN_WORLD(only_the_last_messages_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
