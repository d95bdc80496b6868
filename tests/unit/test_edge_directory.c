/* Accounts, directory, gateway and health over HTTP: every answer that the directory can give.
 * PROTOCOL.md section 9.3. */
#include "tests/support/devices.h"
#include "tests/support/edge_fixture.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MANIFEST_TYPE "application/vnd.teal.manifest"
#define PREKEYS_TYPE  "application/vnd.teal.prekeys"
#define ALICE         "im:alice@native.example"

static const teal_bytes nothing;

static raw_answer get(const char *path)
{
    static raw_answer a;
    edge_ask("GET", path, "", nothing, &a);
    return a;
}

static raw_answer put(const char *path, const char *type)
{
    static raw_answer a;
    edge_ask("PUT", path, type, teal_text("bytes"), &a);
    return a;
}

static void test_manifests_are_put(void **state)
{
    (void)state;
    raw_answer a = put("/v1/accounts/im%3Aalice%40native.example", MANIFEST_TYPE);
    assert_int_equal(a.status, 201);
    assert_string_equal(script.handle, ALICE);
    script.put = PUT_NEXT;
    a = put("/v1/accounts/" ALICE, MANIFEST_TYPE);
    assert_int_equal(a.status, 200);
    script.put = PUT_REFUSED;
    script.refusal =
        (directory_refusal){ "handle-taken", 409, "REQ-DIR-20 a handle is taken", "Give another." };
    a = put("/v1/accounts/" ALICE, MANIFEST_TYPE);
    assert_refused(&a, 409, "handle-taken", "REQ-DIR-20");
    script.put = PUT_BUSY;
    a = put("/v1/accounts/" ALICE, MANIFEST_TYPE);
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
    a = put("/v1/accounts/alice", MANIFEST_TYPE);
    assert_refused(&a, 400, "handle-malformed", "REQ-HDL-1");
    a = put("/v1/accounts/" ALICE, PREKEYS_TYPE);
    assert_refused(&a, 415, "media-type-unknown", "REQ-REST-2");
}

static void test_prekeys_are_put(void **state)
{
    (void)state;
    raw_answer a = put("/v1/accounts/" ALICE "/prekeys", PREKEYS_TYPE);
    assert_json(&a, 200, "{'one_time_left':7,'last_id':9}");
    script.put = PUT_REFUSED;
    script.refusal =
        (directory_refusal){ "device-unknown", 404, "REQ-DIR-21 no such device", "Register it." };
    a = put("/v1/accounts/" ALICE "/prekeys", PREKEYS_TYPE);
    assert_refused(&a, 404, "device-unknown", "REQ-DIR-21");
}

/* Alice, with one device and three prekeys, one of them the last resort. */
static size_t store_account(uint8_t *encoded, size_t cap, test_device *device)
{
    static uint8_t memory[1 << 16];
    teal_arena arena = { memory, sizeof memory, 0 };
    const teal_bytes handle = teal_text(ALICE);
    teal_manifest m = test_manifest(&handle, 1, 1, 1, 1, &arena);
    teal_writer w = { encoded, cap, 0 };
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    *device = test_device_of(1);
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    assert_int_equal(store_sqlite.put_manifest(edge_store, &m, teal_written(&w)), STORE_OK);
    for (uint32_t id = 0; id < 3; id++)
        assert_int_equal(store_sqlite.put_prekey(edge_store, device->id, id, teal_text("prekey")),
                         STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
    return w.len;
}

static void test_accounts_are_read(void **state)
{
    (void)state;
    uint8_t encoded[TEAL_MAX_MANIFEST_BYTES];
    test_device device;
    char path[128], value[256];
    raw_answer a = get("/v1/accounts/" ALICE);
    assert_refused(&a, 404, "account-unknown", "REQ-DIR-26");
    size_t len = store_account(encoded, sizeof encoded, &device);
    a = get("/v1/accounts/" ALICE);
    assert_int_equal(a.status, 200);
    assert_string_equal(raw_header(&a, "Content-Type", value), MANIFEST_TYPE);
    assert_int_equal(a.len, len);
    assert_memory_equal(a.body, encoded, len);

    char hex[TEAL_DEVICE_BYTES * 2 + 1];
    log_hex(hex, sizeof hex, (teal_bytes){ device.id, TEAL_DEVICE_BYTES });
    snprintf(path, sizeof path, "/v1/accounts/" ALICE "/prekeys?device=%s", hex);
    a = get(path);
    assert_json(&a, 200, "{'one_time_left':2,'last_id':2}");
    a = get("/v1/accounts/" ALICE "/prekeys?device=00000000000000000000000000000000");
    assert_refused(&a, 404, "device-unknown", "REQ-DIR-21");
    a = get("/v1/accounts/im:bob@native.example/prekeys?device=00000000000000000000000000000000");
    assert_refused(&a, 404, "account-unknown", "REQ-DIR-26");
    a = get("/v1/accounts/" ALICE "/prekeys");
    assert_refused(&a, 400, "device-malformed", "REQ-REST-7");
}

/* A key that anybody can make sees its own account; whoever else does has looked it up. */
static void test_accounts_of_others(void **state)
{
    (void)state;
    uint8_t encoded[TEAL_MAX_MANIFEST_BYTES], own[TEAL_KEY_BYTES], other[TEAL_KEY_BYTES], sk[64];
    test_device device;
    store_account(encoded, sizeof encoded, &device);
    test_account_keys(1, own, sk);
    test_account_keys(2, other, sk);
    script.caller = (caller){ .role = CALLER_ACCOUNT, .account_key = other };
    raw_answer a = get("/v1/accounts/" ALICE);
    assert_refused(&a, 403, "caller-not-allowed", "REQ-SIG-12");
    a = get("/v1/accounts/im:nobody@native.example");
    assert_refused(&a, 403, "caller-not-allowed", "REQ-SIG-12");
    script.caller.account_key = own;
    assert_int_equal(get("/v1/accounts/" ALICE).status, 200);
    script.caller = (caller){ .role = CALLER_DEVICE, .account_key = own };
    assert_int_equal(get("/v1/accounts/" ALICE).status, 200);
    assert_string_equal(script.noted, "");

    script.caller.account_key = other;
    assert_int_equal(get("/v1/accounts/" ALICE).status, 200);
    assert_string_equal(script.noted, ALICE);
    get("/v1/accounts/im:nobody@native.example/manifests");
    assert_string_equal(script.noted, "im:nobody@native.example");
    get("/v1/accounts/" ALICE "/manifests");
    assert_string_equal(script.noted, ALICE);
    script.log_is_full = true;
    a = get("/v1/accounts/" ALICE);
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
    a = get("/v1/accounts/" ALICE "/manifests");
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
}

#define SMS_PATH "{'network':'sms','capability':'none','path':'sms','level':'PLAINTEXT'}"
/* A manifest as the script's entries have it: in the log, as version 1. */
static const teal_manifest *logged_manifest(void)
{
    static teal_bytes handle;
    static teal_manifest m = { .version = 1, .handles = &handle, .n_handles = 1 };
    teal_bytes there;
    handle = teal_text(ALICE);
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    if (store_sqlite.get_manifest(edge_store, handle, &(teal_arena){ 0 }, &there) == STORE_NONE)
        assert_int_equal(key_log_put_manifest(edge_store, &m, teal_text("manifest"), 1), STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
    return &m;
}

/* network, capability, path and level follow from what there is; E2EE before all else (I4). */
static const struct {
    const char *name, *network;
    bool native, rcs, plain, sms, mls;
    const char *want;
} paths[] = {
    { "native", "native", true, false, false, true, false,
      "{'handle':'" ALICE
      "','network':'native','capability':'sealed','path':'native','level':'E2EE',"
      "'manifest':'bWFuaWZlc3Q','ttl_s':300,'paths':["
      "{'network':'native','capability':'sealed','path':'native','level':'E2EE'}," SMS_PATH "]}" },
    { "sealed peer", "rcs-a", false, true, true, true, false,
      "{'handle':'" ALICE "','network':'rcs-a','capability':'sealed','path':'rcs','level':'E2EE',"
      "'manifest':'bWFuaWZlc3Q','ttl_s':300,'paths':["
      "{'network':'rcs-a','capability':'sealed','path':'rcs','level':'E2EE'},"
      "{'network':'rcs-a','capability':'plain','path':'plain','level':'TRANSPORT'}," SMS_PATH
      "]}" },
    { "plain peer", "rcs-a", false, false, true, true, false,
      "{'handle':'" ALICE "','network':'rcs-a','capability':'plain','path':'plain',"
      "'level':'TRANSPORT','ttl_s':300,'paths':["
      "{'network':'rcs-a','capability':'plain','path':'plain','level':'TRANSPORT'}," SMS_PATH
      "]}" },
    { "SMS", "sms", false, false, false, true, false,
      "{'handle':'" ALICE "','network':'sms','capability':'none','path':'sms','level':'PLAINTEXT',"
      "'ttl_s':300,'paths':[" SMS_PATH "]}" },
    { "MLS, reserved", "sms", false, false, false, true, true,
      "{'handle':'" ALICE "','network':'sms','capability':'mls','path':'sms','level':'PLAINTEXT',"
      "'ttl_s':300,'paths':[" SMS_PATH "]}" },
};

static void test_look_ups(void **state)
{
    (void)state;
    raw_answer a;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        print_message("  %s\n", paths[i].name);
        script.entry = (directory_entry){ .network = teal_text(paths[i].network),
                                          .has_native = paths[i].native,
                                          .has_rcs = paths[i].rcs,
                                          .has_plain = paths[i].plain,
                                          .has_sms = paths[i].sms,
                                          .speaks_mls = paths[i].mls,
                                          .has_manifest = paths[i].native || paths[i].rcs,
                                          .manifest = *logged_manifest(),
                                          .encoded = teal_text("manifest"),
                                          .ttl_ms = 300999 };
        a = get("/v1/directory/" ALICE);
        assert_json(&a, 200, paths[i].want);
    }
    script.look_up = DIRECTORY_NONE;
    a = get("/v1/directory/" ALICE);
    assert_refused(&a, 404, "recipient-unroutable", "REQ-DIR-22");
    script.look_up = DIRECTORY_UNREACHABLE;
    a = get("/v1/directory/" ALICE);
    assert_refused(&a, 503, "peer-unreachable", "REQ-MSG-10");
    script.look_up = DIRECTORY_BROKEN;
    a = get("/v1/directory/" ALICE);
    assert_refused(&a, 503, "store-failed", "REQ-REST-10");
}

static void test_askers_are_noted(void **state)
{
    (void)state;
    raw_answer a;
    script.look_up = DIRECTORY_NONE; /* whatever the answer */
    get("/v1/directory/" ALICE);
    assert_string_equal(script.noted, ALICE);
    edge_ask("POST", "/v1/directory/im:bob@native.example/claim", "", nothing, &a);
    assert_string_equal(script.noted, "im:bob@native.example");
    script.log_is_full = true;
    a = get("/v1/directory/" ALICE);
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
    edge_ask("POST", "/v1/directory/" ALICE "/claim", "", nothing, &a);
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
}

static void test_claims(void **state)
{
    (void)state;
    raw_answer a;
    script.entry = (directory_entry){ .has_native = true,
                                      .has_manifest = true,
                                      .manifest = *logged_manifest(),
                                      .encoded = teal_text("manifest") };
    script.prekeys[0] = (directory_prekey){ .device = { 0xab }, .encoded = teal_text("prekey") };
    script.n_prekeys = 1;
    edge_ask("POST", "/v1/directory/" ALICE "/claim", "", nothing, &a);
    assert_json(&a, 200,
                "{'handle':'" ALICE "','manifest':'bWFuaWZlc3Q','prekeys':[{"
                "'device':'ab000000000000000000000000000000','prekey':'cHJla2V5'}]}");
    edge_ask("POST", "/v1/directory/" ALICE "/claim", "application/json", teal_text("{}"), &a);
    assert_int_equal(a.status, 200);
    script.entry = (directory_entry){ .has_sms = true };
    edge_ask("POST", "/v1/directory/" ALICE "/claim", "", nothing, &a);
    assert_refused(&a, 404, "recipient-not-sealed", "REQ-DIR-23");
    script.look_up = DIRECTORY_NONE;
    edge_ask("POST", "/v1/directory/" ALICE "/claim", "", nothing, &a);
    assert_refused(&a, 404, "recipient-not-sealed", "REQ-DIR-23");
}

static int claim_status(const char *handle, raw_answer *a)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/directory/%s/claim", handle);
    edge_ask("POST", path, "", nothing, a);
    return a->status;
}

static void test_claims_are_limited(void **state)
{
    (void)state;
    raw_answer a;
    char value[256];
    script.entry = (directory_entry){ .has_native = true,
                                      .has_manifest = true,
                                      .manifest = *logged_manifest(),
                                      .encoded = teal_text("manifest") };
    settings.limit_claims = 3; /* a minute, all at once */
    settings.limit_one_time = 2;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(claim_status(ALICE, &a), 200);
        assert_int_equal(script.spared, i == 2); /* too many of this handle: the last resort does */
    }
    claim_status(ALICE, &a);
    assert_refused(&a, 429, "rate-limited", "REQ-PRE-8");
    assert_non_null(raw_header(&a, "Retry-After", value));
    assert_int_equal(claim_status("im:bob@native.example", &a), 200); /* another handle's */
    assert_false(script.spared);
}

/* Many handles are no way around it. */
static void test_claims_of_one_account(void **state)
{
    static uint8_t memory[1 << 16], encoded[TEAL_MAX_MANIFEST_BYTES];
    (void)state;
    raw_answer a;
    teal_arena arena = { memory, sizeof memory, 0 };
    const teal_bytes handles[] = { teal_text(ALICE), teal_text("im:also-alice@native.example") };
    const teal_manifest m = test_manifest(handles, 2, 1, 1, 1, &arena);
    teal_writer w = { encoded, sizeof encoded, 0 };
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    assert_int_equal(store_sqlite.put_manifest(edge_store, &m, teal_written(&w)), STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
    script.entry = (directory_entry){ .has_manifest = true, .encoded = teal_text("manifest") };
    settings.limit_claims = 2;
    assert_int_equal(claim_status(ALICE, &a), 200);
    assert_int_equal(claim_status("im:also-alice@native.example", &a), 200);
    claim_status(ALICE, &a);
    assert_refused(&a, 429, "rate-limited", "REQ-PRE-8");
    claim_status("im:also-alice@native.example", &a);
    assert_refused(&a, 429, "rate-limited", "REQ-PRE-8");
}

static void test_gateway_and_health(void **state)
{
    (void)state;
    char value[256];
    raw_answer a = get("/v1/gateway");
    assert_json(&a, 200,
                "{'handle':'im:gateway@native.example','manifest':'bWFuaWZlc3Q',"
                "'downgrade_key':'a2V5','sms_mark':'[SMS]','plain_mark':'[plain]'}");
    script.has_downgrade_key = false;
    a = get("/v1/gateway");
    assert_refused(&a, 503, "room-not-ready", "REQ-DIR-25");
    assert_string_equal(raw_header(&a, "Retry-After", value), "1");
    a = get("/healthz");
    assert_json(&a, 200, "{'status':'ok'}");
}

static void test_rotation_of_the_downgrade_key(void **state)
{
    static const struct {
        core_rotation result;
        int status;
        const char *problem, *rule;
    } rows[] = {
        { CORE_ROTATION_TOO_SOON, 409, "rotation-too-soon", "REQ-KEY-4" },
        { CORE_ROTATION_FAILED, 500, "rotation-failed", "REQ-KEY-3" },
        { CORE_ROTATION_NO_ROOM, 503, "room-not-ready", "REQ-DIR-25" },
        { CORE_ROTATION_UNKNOWN, 503, "rotation-unknown", "REQ-KEY-3" },
    };
    (void)state;
    raw_answer a;
    script.rotation = CORE_ROTATED;
    edge_ask("POST", "/v1/gateway/keys/downgrade", "", nothing, &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"downgrade_key\":\"a2V5\""));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script.rotation = rows[i].result;
        edge_ask("POST", "/v1/gateway/keys/downgrade", "", nothing, &a);
        assert_refused(&a, rows[i].status, rows[i].problem, rows[i].rule);
    }
    a = get("/v1/gateway?version=1"); /* nothing is in the fixture's folder */
    assert_refused(&a, 404, "manifest-unknown", "REQ-KEY-6");
    a = get("/v1/gateway?version=-1");
    assert_refused(&a, 400, "query-malformed", "REQ-REST-8");
}

#define edge_test(f) cmocka_unit_test_setup_teardown(f, edge_fixture_open, edge_fixture_close)

int main(void)
{
    log_setup(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        edge_test(test_manifests_are_put),
        edge_test(test_prekeys_are_put),
        edge_test(test_accounts_are_read),
        edge_test(test_accounts_of_others),
        edge_test(test_look_ups),
        edge_test(test_askers_are_noted),
        edge_test(test_claims),
        edge_test(test_claims_are_limited),
        edge_test(test_claims_of_one_account),
        edge_test(test_gateway_and_health),
        edge_test(test_rotation_of_the_downgrade_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
