/* Messages, their state, inboxes and translation over HTTP: every answer that the core can give.
 * PROTOCOL.md sections 9.1 and 9.2. */
#include "codecs/base64.h"
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"
#include "gateway/edge/message_body.h"
#include "tests/support/edge_fixture.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ARENA = 1 << 20 };

static const teal_bytes nothing;
static uint8_t memory[ARENA];
static teal_arena arena;
static test_sealed sealed;
static raw_answer a;

static teal_bytes encoded(const teal_envelope *e)
{
    teal_writer w = { teal_arena_take(&arena, TEST_ENVELOPE_ARENA), TEST_ENVELOPE_ARENA, 0 };
    assert_int_equal(teal_envelope_encode(e, &w), TEAL_OK);
    return teal_written(&w);
}

static teal_bytes as_cpim(const teal_envelope *e, const teal_rcs_routing *routing)
{
    teal_writer w = { teal_arena_take(&arena, TEST_ENVELOPE_ARENA), TEST_ENVELOPE_ARENA, 0 };
    assert_int_equal(teal_e2ee_encode(e, routing, &w), TEAL_OK);
    return teal_written(&w);
}

/* A message whose id is "message-1", sealed to two devices at least. */
static int open_messages(void **state)
{
    test_random r = test_random_of(test_seed());
    do {
        arena = (teal_arena){ memory, sizeof memory, 0 };
        test_sealed_random(&r, &arena, &sealed);
    } while (sealed.n_to < 2);
    sealed.envelope.message_id = teal_text("message-1");
    test_sealed_sign(&sealed);
    return edge_fixture_open(state);
}

static core_fate fates[] = {
    { { (const uint8_t *)"im:a@n.example", 14 }, PATH_NATIVE, TEAL_E2EE, STATE_WAITING, NULL },
    { { (const uint8_t *)"tel:+4915112345", 15 }, PATH_SMS, TEAL_PLAINTEXT, STATE_WAITING, NULL },
};
#define ACCEPTED                                                                                   \
    "{'message_id':'message-1','state':'accepted','recipients':["                                  \
    "{'recipient':'im:a@n.example','path':'native','level':'E2EE'},"                               \
    "{'recipient':'tel:+4915112345','path':'sms','level':'PLAINTEXT'}]}"

static void post(const char *type, teal_bytes body)
{
    edge_ask("POST", "/v1/messages", type, body, &a);
}

static void test_a_message_is_accepted_in_either_format(void **state)
{
    (void)state;
    script.outcome = (core_outcome){ .fates = fates, .n_fates = 2 };
    post(MESSAGE_ENVELOPE_TYPE, encoded(&sealed.envelope));
    assert_json(&a, 202, ACCEPTED);
    assert_string_equal(script.submitted, "message-1");
    memset(script.submitted, 0, sizeof script.submitted);
    script.submit = CORE_DUPLICATE;
    post(MESSAGE_CPIM_TYPE, as_cpim(&sealed.envelope, NULL));
    assert_json(&a, 200, ACCEPTED);
    assert_string_equal(script.submitted, "message-1");
}

static void test_accepted_is_said_after_the_commit(void **state)
{
    (void)state;
    script.outcome = (core_outcome){ .fates = fates, .n_fates = 2 };
    script.commit = CORE_OVERLOADED;
    post(MESSAGE_ENVELOPE_TYPE, encoded(&sealed.envelope));
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
    script.n_races = 1; /* decided anew, now that there is a first one */
    post(MESSAGE_ENVELOPE_TYPE, encoded(&sealed.envelope));
    assert_json(&a, 200, ACCEPTED);
}

static void test_hidden_identities_stand_beside_the_cpim(void **state)
{
    (void)state;
    char fields[1024];
    const teal_rcs_routing hidden = { .hides_from = true };
    teal_bytes cpim = as_cpim(&sealed.envelope, &hidden);
    post(MESSAGE_CPIM_TYPE, cpim);
    assert_int_equal(a.status, 400);
    raw_client *c = raw_open(edge_port);
    snprintf(fields, sizeof fields,
             "Content-Type: message/cpim\r\nRcs-From: %.*s\r\nContent-Length: %zu\r\n\r\n",
             (int)sealed.envelope.sender.len, (const char *)sealed.envelope.sender.at, cpim.len);
    raw_request(c, "POST", "/v1/messages", fields);
    raw_send_bytes(c, cpim.at, cpim.len);
    raw_receive(c, false, &a);
    assert_int_equal(a.status, 202);
    raw_close(&c);
}

static void test_refusals_name_recipients_and_manifests(void **state)
{
    (void)state;
    char value[256];
    core_fate refused[] = { fates[0], fates[1] };
    const core_stale stale = { teal_text("im:a@n.example"), teal_text("manifest") };
    refused[1].code = "consent-missing";
    script.submit = CORE_REFUSED;
    script.outcome = (core_outcome){ .problem = "keys-stale",
                                     .status = 409,
                                     .rule = "REQ-MSG-9 keys do not match",
                                     .remedy = "Claim again, seal again.",
                                     .retry_after_ms = 1500,
                                     .fates = refused,
                                     .n_fates = 2,
                                     .stale = &stale,
                                     .n_stale = 1 };
    post(MESSAGE_ENVELOPE_TYPE, encoded(&sealed.envelope));
    assert_json(&a, 409,
                "{'type':'urn:teal:problem:keys-stale','title':'Keys stale','status':409,"
                "'detail':'REQ-MSG-9 keys do not match','requirement':'REQ-MSG-9',"
                "'remedy':'Claim again, seal again.',"
                "'refusals':[{'recipient':'tel:+4915112345','code':'consent-missing'}],"
                "'manifests':{'im:a@n.example':'bWFuaWZlc3Q'}}");
    assert_string_equal(raw_header(&a, "Retry-After", value), "2");
    script.submit = CORE_OVERLOADED;
    post(MESSAGE_ENVELOPE_TYPE, encoded(&sealed.envelope));
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
}

#define CPIM_HEAD                                                                                  \
    "From: <sip:a@r.example>\r\nTo: <im:b@n.example>\r\nDateTime: 2026-01-01T00:00:00.000Z\r\n"    \
    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\n\r\n"

static const struct {
    const char *name, *type, *body;
    int status;
    const char *problem;
} bodies[] = {
    { "no protobuf", MESSAGE_ENVELOPE_TYPE, "hello", 400, "envelope-malformed" },
    { "no CPIM", MESSAGE_CPIM_TYPE, "hello", 400, "cpim-malformed" },
    { "plain text", MESSAGE_CPIM_TYPE, CPIM_HEAD "Content-Type: text/plain\r\n\r\nhello", 422,
      "plain-not-here" },
    { "another media type", MESSAGE_CPIM_TYPE, CPIM_HEAD "Content-Type: image/png\r\n\r\nhello",
      422, "plain-not-here" },
    { "MLS", MESSAGE_CPIM_TYPE, CPIM_HEAD "Content-Type: message/mls\r\n\r\nhello", 422,
      "mls-not-here" },
    { "IMDN", MESSAGE_CPIM_TYPE, CPIM_HEAD "Content-Type: message/imdn+xml\r\n\r\n<imdn/>", 422,
      "imdn-not-here" },
    { "sealed without e2ee headers", MESSAGE_CPIM_TYPE,
      CPIM_HEAD "Content-Type: application/vnd.teal.sealed\r\n\r\nhello", 400, "cpim-malformed" },
};

static void test_what_is_no_sealed_message_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char type[128];
        print_message("  %s\n", bodies[i].name);
        post(bodies[i].type, teal_text(bodies[i].body));
        assert_int_equal(a.status, bodies[i].status);
        json_t *p = raw_json(&a);
        snprintf(type, sizeof type, "urn:teal:problem:%s", bodies[i].problem);
        assert_string_equal(json_string_value(json_object_get(p, "type")), type);
        assert_memory_equal(json_string_value(json_object_get(p, "requirement")), "REQ-", 4);
        json_decref(p);
    }
    assert_string_equal(script.submitted, "");
}

static void test_translation_loses_nothing(void **state)
{
    (void)state;
    sealed.envelope.has_downgrade = false; /* its sealed part stays with the gateway */
    sealed.envelope.downgrade = (teal_consent){ 0 };
    test_sealed_sign(&sealed);
    teal_bytes native = encoded(&sealed.envelope), cpim = as_cpim(&sealed.envelope, NULL);
    edge_ask("POST", "/v1/translate", MESSAGE_ENVELOPE_TYPE, native, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, cpim.len);
    assert_memory_equal(a.body, cpim.at, cpim.len);
    edge_ask("POST", "/v1/translate", MESSAGE_CPIM_TYPE, cpim, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, native.len);
    assert_memory_equal(a.body, native.at, native.len);
    edge_ask("POST", "/v1/translate", MESSAGE_ENVELOPE_TYPE, teal_text("hello"), &a);
    assert_int_equal(a.status, 400);
    assert_string_equal(script.submitted, "");
}

/* The account that it is from. */
static void store_sender(void)
{
    teal_device device = { 0 };
    const teal_manifest m = {
        .handles = &sealed.envelope.sender, .n_handles = 1, .devices = &device, .n_devices = 1
    };
    memcpy(device.id, sealed.sender.id, sizeof device.id);
    assert_int_equal(store_sqlite.put_manifest(edge_store, &m, teal_text("manifest")), STORE_OK);
}

/* Stores the message; its number. */
static int64_t store_sent(void)
{
    store_sender();
    store_message m = { .message_id = sealed.envelope.message_id,
                        .conversation_id = sealed.envelope.conversation_id,
                        .sender = sealed.envelope.sender,
                        .envelope = encoded(&sealed.envelope),
                        .accepted_ms = 1000,
                        .expires_ms = 2000,
                        .kind = TEAL_KIND_MESSAGE,
                        .network = teal_text("native") };
    memcpy(m.sender_device, sealed.sender.id, TEAL_DEVICE_BYTES);
    assert_int_equal(store_sqlite.put_message(edge_store, &m), STORE_OK);
    return m.seq;
}

static const char *path_for(const char *format, const test_device *device)
{
    static char path[256];
    char hex[TEAL_DEVICE_BYTES * 2 + 1];
    snprintf(path, sizeof path, format,
             log_hex(hex, sizeof hex, (teal_bytes){ device->id, TEAL_DEVICE_BYTES }));
    return path;
}

static void ask_for(const char *format, const test_device *device)
{
    edge_ask("GET", path_for(format, device), "", nothing, &a);
}

static void test_a_message_tells_its_state(void **state)
{
    (void)state;
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    int64_t seq = store_sent();
    store_delivery native = { .message_seq = seq,
                              .recipient = fates[0].recipient,
                              .path = PATH_NATIVE,
                              .network = teal_text("native"),
                              .state = STATE_ARRIVED };
    store_delivery sms = { .message_seq = seq,
                           .recipient = fates[1].recipient,
                           .path = PATH_SMS,
                           .network = teal_text("sms"),
                           .state = STATE_SENT };
    const store_receipt receipt = { seq, fates[1].recipient, teal_text("receipt") };
    assert_int_equal(store_sqlite.put_delivery(edge_store, &native), STORE_OK);
    assert_int_equal(store_sqlite.put_delivery(edge_store, &sms), STORE_OK);
    assert_int_equal(store_sqlite.put_receipt(edge_store, &receipt), STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
    ask_for("/v1/messages/message-1?device=%s", &sealed.sender);
    assert_json(&a, 200,
                "{'message_id':'message-1','accepted_at_ms':1000,'recipients':["
                "{'recipient':'im:a@n.example','path':'native','level':'E2EE','state':'arrived'},"
                "{'recipient':'tel:+4915112345','path':'sms','level':'PLAINTEXT','state':'sent'}],"
                "'receipts':['cmVjZWlwdA']}");
    ask_for("/v1/messages/message-2?device=%s", &sealed.sender);
    assert_refused(&a, 404, "message-unknown", "REQ-REST-12");
    ask_for("/v1/messages/message-1?device=%s", &sealed.to[0]);
    assert_refused(&a, 404, "message-unknown", "REQ-REST-12");
}

static const char *const no_devices[] = {
    "/v1/messages/m",
    "/v1/messages/m?device=",
    "/v1/messages/m?device=0123456789abcdef0123456789abcde",
    "/v1/messages/m?device=0123456789abcdef0123456789abcdef0",
    "/v1/messages/m?device=0123456789ABCDEF0123456789ABCDEF",
    "/v1/inbox?device=0123456789abcdef0123456789abcdeg",
    "/v1/inbox?device=0123456789abcdef0123456789abcdef%00",
};
static const char *const no_queries[] = {
    "wait_s=61", "wait_s=-1", "wait_s=1.5", "wait_s=", "max=0", "max=101", "max=1e1", "max=%31%30x",
};

static void test_devices_and_queries_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof no_devices / sizeof no_devices[0]; i++) {
        print_message("  %s\n", no_devices[i]);
        edge_ask("GET", no_devices[i], "", nothing, &a);
        assert_refused(&a, 400, "device-malformed", "REQ-REST-7");
    }
    for (size_t i = 0; i < sizeof no_queries / sizeof no_queries[0]; i++) {
        char path[128];
        print_message("  %s\n", no_queries[i]);
        snprintf(path, sizeof path, "/v1/inbox?device=0123456789abcdef0123456789abcdef&%s",
                 no_queries[i]);
        edge_ask("GET", path, "", nothing, &a);
        assert_refused(&a, 400, "query-malformed", "REQ-REST-8");
    }
}

static void store_items(const test_device *device)
{
    store_item envelope = { .kind = ITEM_ENVELOPE, .message_seq = store_sent() };
    store_item receipt = { .kind = ITEM_RECEIPT, .data = teal_text("receipt") };
    memcpy(envelope.device, device->id, TEAL_DEVICE_BYTES);
    memcpy(receipt.device, device->id, TEAL_DEVICE_BYTES);
    assert_int_equal(store_sqlite.put_item(edge_store, &envelope), STORE_OK);
    assert_int_equal(store_sqlite.put_item(edge_store, &receipt), STORE_OK);
}

/* The envelope of the first item, as a device reads it. */
static teal_envelope read_first(const json_t *items)
{
    teal_envelope e;
    const json_t *item = json_array_get(items, 0), *data = json_object_get(item, "data");
    assert_string_equal(json_string_value(json_object_get(item, "kind")), "envelope");
    teal_writer w = { teal_arena_take(&arena, TEST_ENVELOPE_ARENA), TEST_ENVELOPE_ARENA, 0 };
    assert_int_equal(teal_base64url_decode(teal_text(json_string_value(data)), &w, NULL), TEAL_OK);
    assert_int_equal(teal_envelope_decode(teal_written(&w), &arena, &e, NULL), TEAL_OK);
    return e;
}

static void test_an_inbox_waits_for_what_comes(void **state)
{
    (void)state;
    const test_device *device = &sealed.to[1];
    ask_for("/v1/inbox?device=%s", device);
    assert_json(&a, 200, "{'items':[],'prekeys_left':0}");
    raw_client *c = raw_open(edge_port);
    raw_request(c, "GET", path_for("/v1/inbox?device=%s&wait_s=60", device), "\r\n");
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    store_items(device);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
    rest_wake(edge_rest, device->id);
    raw_receive(c, false, &a);
    raw_close(&c);
    assert_int_equal(a.status, 200);
    json_t *body = raw_json(&a), *items = json_object_get(body, "items");
    assert_int_equal(json_array_size(items), 2);
    teal_envelope e = read_first(items);
    assert_int_equal(e.n_keys, 1);
    assert_memory_equal(e.keys[0].device, device->id, TEAL_DEVICE_BYTES);
    assert_int_equal(e.n_key_hashes, sealed.n_to);
    assert_int_equal(test_envelope_verify(&e, NULL, sealed.sender.sign_pk, NULL), TEAL_OK);
    const json_t *receipt = json_array_get(items, 1);
    assert_string_equal(json_string_value(json_object_get(receipt, "kind")), "receipt");
    assert_string_equal(json_string_value(json_object_get(receipt, "data")), "cmVjZWlwdA");
    assert_true(json_integer_value(json_object_get(receipt, "seq")) >
                json_integer_value(json_object_get(json_array_get(items, 0), "seq")));
    json_decref(body);
    ask_for("/v1/inbox?device=%s&max=1", device);
    body = raw_json(&a);
    assert_int_equal(json_array_size(json_object_get(body, "items")), 1);
    json_decref(body);
    ask_for("/v1/inbox?device=%s", &sealed.to[0]);
    assert_json(&a, 200, "{'items':[],'prekeys_left':0}");
}

#define DEVICE "'device':'0123456789abcdef0123456789abcdef'"

static const struct {
    const char *body;
    int status;
    const char *problem, *requirement;
} acks[] = {
    { "{" DEVICE ",'seqs':[3,1]}", 204, NULL, NULL },
    { "{" DEVICE ",'seqs':[]}", 204, NULL, NULL },
    { "{" DEVICE "}", 400, "json-malformed", "REQ-REST-9" },
    { "{" DEVICE ",'seqs':[1.0]}", 400, "json-malformed", "REQ-REST-9" },
    { "{" DEVICE ",'seqs':[0]}", 400, "json-malformed", "REQ-REST-9" },
    { "{" DEVICE ",'seqs':[9223372036854775808]}", 400, "json-malformed", "REQ-REST-9" },
    { "{" DEVICE "," DEVICE ",'seqs':[1]}", 400, "json-malformed", "REQ-REST-9" },
    { "[]", 400, "json-malformed", "REQ-REST-9" },
    { "{'seqs':[1]} ", 400, "device-malformed", "REQ-REST-7" },
    { "{'device':7,'seqs':[1]}", 400, "device-malformed", "REQ-REST-7" },
};

static void test_acknowledgements(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
        char body[256];
        print_message("  %s\n", acks[i].body);
        snprintf(body, sizeof body, "%s", acks[i].body);
        for (char *c = body; *c != '\0'; c++)
            *c = *c == '\'' ? '"' : *c;
        edge_ask("POST", "/v1/inbox/ack", "application/json", teal_text(body), &a);
        if (acks[i].problem == NULL)
            assert_int_equal(a.status, acks[i].status);
        else
            assert_refused(&a, acks[i].status, acks[i].problem, acks[i].requirement);
        if (i == 0) {
            assert_int_equal(script.n_acknowledged, 2);
            assert_int_equal(script.acknowledged[0], 3);
            assert_int_equal(script.acknowledged[1], 1);
        }
    }
    script.acknowledge = STORE_FULL;
    edge_ask("POST", "/v1/inbox/ack", "application/json",
             teal_text("{\"device\":\"0123456789abcdef0123456789abcdef\",\"seqs\":[1]}"), &a);
    assert_refused(&a, 503, "store-failed", "REQ-REST-10");
}

#define edge_test(f) cmocka_unit_test_setup_teardown(f, open_messages, edge_fixture_close)

int main(void)
{
    log_setup(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        edge_test(test_a_message_is_accepted_in_either_format),
        edge_test(test_accepted_is_said_after_the_commit),
        edge_test(test_hidden_identities_stand_beside_the_cpim),
        edge_test(test_refusals_name_recipients_and_manifests),
        edge_test(test_what_is_no_sealed_message_is_refused),
        edge_test(test_translation_loses_nothing),
        edge_test(test_a_message_tells_its_state),
        edge_test(test_devices_and_queries_are_read_strictly),
        edge_test(test_an_inbox_waits_for_what_comes),
        edge_test(test_acknowledgements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
