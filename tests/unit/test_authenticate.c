/* Who a request is from, over the endpoint itself: each role, each refusal, and that a request
 * counts once. Requests are signed by request_signature, and sent as octets. */
#include "gateway/clock.h"
#include "gateway/directory/networks.h"
#include "gateway/edge/rest.h"
#include "gateway/request_signature.h"
#include "tests/support/devices.h"
#include "tests/support/folder.h"
#include "tests/support/manifests.h"
#include "tests/support/raw_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <sodium.h>

enum { ALICE = 1, STRANGER = 2, PEER = 3, OPERATOR = 4, SUSPENDED = 5 };

static folder where;
static char url[128];
static char own_host[] = "127.0.0.1", own_handle[] = "im:gateway@native.example";
static config settings;
static rest_services services;
static rest *served;
static store *db;
static networks *all_networks;
static nonces *used;
static operators *known;
static authorities *names;
static uint16_t port;
static raw_answer answer;

/* ---- what is served -------------------------------------------------------------------------- */

static rest_next who(rest_call *c)
{
    return rest_json(c, 200,
                     json_pack("{s:i, s:s%, s:b}", "role", (int)c->caller->role, "name",
                               c->caller->name.len > 0 ? (const char *)c->caller->name.at : "",
                               c->caller->name.len, "account", c->caller->account_key != NULL));
}

/* Parks once: who asks is known afterwards too. */
static rest_next who_later(rest_call *c)
{
    static const uint8_t key[REST_KEY_BYTES];
    if (c->turn == REST_FIRST)
        return rest_park(c, key, rest_ticket(c, key), 1);
    return who(c);
}

static const rest_route routes[] = {
    { "GET", "/anybody", 0, NULL, CALLER_ANYBODY, who },
    { "POST", "/anybody", 100, "text/plain", CALLER_ANYBODY, who },
    { "GET", "/device", 0, NULL, CALLER_DEVICE, who },
    { "GET", "/later", 0, NULL, CALLER_DEVICE, who_later },
    { "GET", "/account", 0, NULL, CALLER_ACCOUNT, who },
    { "GET", "/peer", 0, NULL, CALLER_PEER, who },
    { "GET", "/operator", 0, NULL, CALLER_OPERATOR, who },
    { 0 },
};
static const rest_route *const tables[] = { routes, NULL };

static void keys_of(uint64_t n, uint8_t pk[static 32], uint8_t sk[static 64])
{
    test_account_keys(n, pk, sk);
}

static void write_key(uint64_t n, char *out)
{
    uint8_t pk[32], sk[64];
    keys_of(n, pk, sk);
    sodium_bin2base64(out, 64, pk, sizeof pk, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void write_operators(void)
{
    char key[64];
    FILE *file = fopen(folder_file(&where, "operators"), "w");
    assert_non_null(file);
    write_key(OPERATOR, key);
    fprintf(file, "# who runs this\n\n%s Olive O.\n", key);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(folder_file(&where, "operators"), 0600), 0);
}

static void configure_peer(config_peer *p, char *name, char *host, uint64_t key)
{
    static char nowhere[] = "http://127.0.0.1:1", nothing[] = "";
    uint8_t sk[64];
    p->name = name;
    p->url = nowhere;
    p->ca = p->certificate = p->key = nothing;
    p->domains = (config_list){ .at = { host }, .n = 1 };
    keys_of(key, p->keys.at[0], sk);
    p->keys.n = 1;
}

static void store_alice(void)
{
    uint8_t memory[64 << 10];
    teal_arena arena = { memory, sizeof memory, 0 };
    const test_manifest t = { .account = ALICE,
                              .version = 1,
                              .handles = { "im:alice@native.example" },
                              .devices = { ALICE },
                              .created_at_ms = 1 };
    teal_manifest m;
    teal_bytes encoded = test_manifest_encode(&t, &arena, NULL);
    assert_int_equal(teal_manifest_decode(encoded, &arena, &m, NULL), TEAL_OK);
    assert_int_equal(store_sqlite.begin(db), STORE_OK);
    assert_int_equal(store_sqlite.put_manifest(db, &m, encoded), STORE_OK);
    assert_int_equal(store_sqlite.suspend_peer(db, teal_text("away"), 1), STORE_OK);
    assert_int_equal(store_sqlite.commit(db), STORE_OK);
}

static int set_up(void **state)
{
    static char rcs[] = "rcs", away[] = "away", rcs_host[] = "rcs.example",
                away_host[] = "a.example";
    static const nonces_boot boot = { { 1 }, 0 };
    (void)state;
    where = folder_make();
    snprintf(url, sizeof url, "%s", folder_file(&where, "db"));
    settings = (config){ .listen_host = own_host,
                         .workers = 2,
                         .max_connections = 64,
                         .max_waiting = 64,
                         .store_url = url,
                         .handle = own_handle,
                         .n_peers = 2 };
    configure_peer(&settings.peers[0], rcs, rcs_host, PEER);
    configure_peer(&settings.peers[1], away, away_host, SUSPENDED);
    assert_int_equal(store_sqlite.open(url, true, &db), STORE_OK);
    store_alice();
    write_operators();
    all_networks = networks_open(&settings);
    assert_int_equal(networks_load(all_networks, db), STORE_OK);
    served = rest_open(&settings, stderr);
    assert_non_null(served);
    port = rest_port(served);
    used = nonces_open(where.path, 1000, &boot, clock_unix_ms(), stderr);
    known = operators_load(where.path, stderr);
    names = authorities_open(&settings, port);
    assert_true(used != NULL && known != NULL);
    services = (rest_services){ .config = &settings,
                                .networks = all_networks,
                                .nonces = used,
                                .operators = known,
                                .authorities = names };
    assert_true(rest_start(served, &services, &store_sqlite, tables, stderr));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rest_close(&served);
    networks_close(&all_networks);
    nonces_close(&used);
    operators_close(&known);
    authorities_close(&names);
    store_sqlite.close(&db);
    folder_remove(&where);
    return 0;
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* One request, and what is wrong with it. */
typedef struct ask {
    const char *path;
    request_key kind;
    uint64_t key; /* test_account_keys, or test_device_of for DEVICE */
    uint64_t id;  /* DEVICE: another one's id; 0: its own */
    const char *body, *sent_body;
    const char *host; /* NULL: the address that is listened at */
    const char *signed_path, *signed_method, *signed_host;
    int64_t created_ago_s;
    bool again;       /* with the nonce of the one before */
    const char *more; /* header lines */
} ask;

static void sign(const ask *a, const char *host, request_signed *out)
{
    static uint8_t nonce[REQUEST_NONCE_BYTES];
    uint8_t pk[32], sk[64];
    char target[256];
    const char *body = a->body != NULL ? a->body : "";
    test_device device = test_device_of(a->key);
    test_device named = test_device_of(a->id != 0 ? a->id : a->key);
    keys_of(a->key, pk, sk);
    request_signer signer = { .kind = a->kind,
                              .sk = a->kind == REQUEST_DEVICE ? device.sign_sk : sk };
    memcpy(signer.id, named.id, sizeof signer.id);
    snprintf(target, sizeof target, "http://%s%s", host,
             a->signed_path != NULL ? a->signed_path : a->path);
    http_message m;
    const http_field type = { teal_text("Content-Type"), teal_text("text/plain") };
    assert_true(http_message_of_url(teal_text(target), &m));
    m.method = teal_text(a->signed_method != NULL ? a->signed_method
                         : a->body != NULL        ? "POST"
                                                  : "GET");
    m.fields = &type;
    m.n_fields = a->body != NULL;
    if (!a->again)
        randombytes_buf(nonce, sizeof nonce);
    assert_int_equal(request_sign(&m, teal_text(body), &signer,
                                  clock_unix_ms() - a->created_ago_s * 1000, nonce, out, NULL),
                     TEAL_OK);
}

static const raw_answer *send_signed(const ask *a)
{
    char own[64], request[4096];
    request_signed s;
    const char *body = a->sent_body != NULL ? a->sent_body : a->body != NULL ? a->body : "";
    snprintf(own, sizeof own, "127.0.0.1:%u", port);
    const char *host = a->host != NULL ? a->host : own;
    sign(a, a->signed_host != NULL ? a->signed_host : host, &s);
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: %s\r\n"
             "%s%s%sSignature-Input: %s\r\nSignature: %s\r\n%sContent-Length: %zu\r\n\r\n",
             a->body != NULL ? "POST" : "GET", a->path, host,
             a->body != NULL ? "Content-Type: text/plain\r\nContent-Digest: " : "",
             s.content_digest, a->body != NULL ? "\r\n" : "", s.signature_input, s.signature,
             a->more != NULL ? a->more : "", strlen(body));
    raw_client *c = raw_open(port);
    raw_send(c, request);
    raw_send(c, body);
    raw_receive(c, false, &answer);
    raw_close(&c);
    return &answer;
}

static void assert_caller(const raw_answer *a, caller_role role, const char *name)
{
    assert_int_equal(a->status, 200);
    json_t *o = raw_json(a);
    assert_int_equal(json_integer_value(json_object_get(o, "role")), role);
    assert_string_equal(json_string_value(json_object_get(o, "name")), name);
    assert_int_equal(json_is_true(json_object_get(o, "account")),
                     role == CALLER_DEVICE || role == CALLER_ACCOUNT);
    json_decref(o);
}

static void assert_refused(const raw_answer *a, int status, const char *problem,
                           const char *requirement)
{
    char type[128], buf[256];
    snprintf(type, sizeof type, "urn:teal:problem:%s", problem);
    assert_int_equal(a->status, status);
    json_t *p = raw_json(a);
    assert_string_equal(json_string_value(json_object_get(p, "type")), type);
    assert_string_equal(json_string_value(json_object_get(p, "requirement")), requirement);
    json_decref(p);
    assert_non_null(raw_header(a, "Accept-Signature", buf));
    assert_non_null(strstr(buf, "tag=\"teal\""));
    const char *challenge = raw_header(a, "WWW-Authenticate", buf);
    assert_int_equal(challenge != NULL, status == 401); /* RFC 9110 section 11.6.1 */
    if (challenge != NULL)
        assert_string_equal(challenge, "Signature realm=\"im:gateway@native.example\"");
}

/* ---- who is who ------------------------------------------------------------------------------ */

static void test_roles(void **state)
{
    (void)state;
    static const struct {
        ask ask;
        caller_role role;
        const char *name;
    } rows[] = {
        { { .path = "/anybody", .kind = REQUEST_DEVICE, .key = ALICE },
          CALLER_DEVICE,
          "im:alice@native.example" },
        { { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE },
          CALLER_DEVICE,
          "im:alice@native.example" },
        { { .path = "/device?a=b&c", .kind = REQUEST_DEVICE, .key = ALICE },
          CALLER_DEVICE,
          "im:alice@native.example" },
        { { .path = "/later", .kind = REQUEST_DEVICE, .key = ALICE },
          CALLER_DEVICE,
          "im:alice@native.example" },
        { { .path = "/account", .kind = REQUEST_ACCOUNT, .key = ALICE }, CALLER_ACCOUNT, "" },
        { { .path = "/account", .kind = REQUEST_ACCOUNT, .key = STRANGER }, CALLER_ACCOUNT, "" },
        { { .path = "/peer", .kind = REQUEST_KEY, .key = PEER }, CALLER_PEER, "rcs" },
        { { .path = "/operator", .kind = REQUEST_KEY, .key = OPERATOR },
          CALLER_OPERATOR,
          "Olive O." },
        { { .path = "/anybody", .kind = REQUEST_KEY, .key = STRANGER }, CALLER_ANYBODY, "" },
        { { .path = "/anybody", .kind = REQUEST_KEY, .key = STRANGER, .body = "hello" },
          CALLER_ANYBODY,
          "" },
        { { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .created_ago_s = 290 },
          CALLER_DEVICE,
          "im:alice@native.example" },
        { { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .created_ago_s = -290 },
          CALLER_DEVICE,
          "im:alice@native.example" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_caller(send_signed(&rows[i].ask), rows[i].role, rows[i].name);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        ask ask;
        int status;
        const char *problem, *requirement;
    } rows[] = {
        { "an account is no device",
          { .path = "/device", .kind = REQUEST_ACCOUNT, .key = ALICE },
          403,
          "caller-not-allowed",
          "REQ-SIG-12" },
        { "a device is no operator",
          { .path = "/operator", .kind = REQUEST_DEVICE, .key = ALICE },
          403,
          "caller-not-allowed",
          "REQ-SIG-12" },
        { "a peer is no operator",
          { .path = "/operator", .kind = REQUEST_KEY, .key = PEER },
          403,
          "caller-not-allowed",
          "REQ-SIG-12" },
        { "a stranger is nobody",
          { .path = "/peer", .kind = REQUEST_KEY, .key = STRANGER },
          403,
          "caller-not-allowed",
          "REQ-SIG-12" },
        { "the account key as a network's",
          { .path = "/peer", .kind = REQUEST_KEY, .key = ALICE },
          403,
          "caller-not-allowed",
          "REQ-SIG-12" },
        { "an operator's key as an account",
          { .path = "/operator", .kind = REQUEST_ACCOUNT, .key = OPERATOR },
          403,
          "caller-not-allowed",
          "REQ-SIG-12" },
        { "no such device",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = STRANGER },
          401,
          "signature-invalid",
          "REQ-SIG-7" },
        { "another's device",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = STRANGER, .id = ALICE },
          401,
          "signature-invalid",
          "REQ-SIG-10" },
        { "even for anybody",
          { .path = "/anybody", .kind = REQUEST_DEVICE, .key = STRANGER, .id = ALICE },
          401,
          "signature-invalid",
          "REQ-SIG-10" },
        { "another path",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .signed_path = "/later" },
          401,
          "signature-invalid",
          "REQ-SIG-10" },
        { "another query",
          { .path = "/device?a=1",
            .kind = REQUEST_DEVICE,
            .key = ALICE,
            .signed_path = "/device?a=2" },
          401,
          "signature-invalid",
          "REQ-SIG-10" },
        { "an empty query is none, but nothing else is",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .signed_path = "/device?a" },
          401,
          "signature-invalid",
          "REQ-SIG-10" },
        { "another method",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .signed_method = "DELETE" },
          401,
          "signature-invalid",
          "REQ-SIG-10" },
        { "another gateway",
          { .path = "/device",
            .kind = REQUEST_DEVICE,
            .key = ALICE,
            .signed_host = "teal.example" },
          401,
          "signature-invalid",
          "REQ-SIG-10" },
        { "a name that the gateway does not have",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .host = "teal.example" },
          401,
          "signature-invalid",
          "REQ-SIG-8" },
        { "another body",
          { .path = "/anybody",
            .kind = REQUEST_KEY,
            .key = PEER,
            .body = "hello",
            .sent_body = "jello" },
          401,
          "signature-invalid",
          "REQ-SIG-4" },
        { "a body less",
          { .path = "/anybody",
            .kind = REQUEST_KEY,
            .key = PEER,
            .body = "hello",
            .sent_body = "" },
          401,
          "signature-invalid",
          "REQ-SIG-4" },
        { "Rcs-From put in",
          { .path = "/device",
            .kind = REQUEST_DEVICE,
            .key = ALICE,
            .more = "Rcs-From: sip:a@b\r\n" },
          401,
          "signature-invalid",
          "REQ-SIG-2" },
        { "too old",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .created_ago_s = 310 },
          401,
          "signature-stale",
          "REQ-SIG-5" },
        { "from the future",
          { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .created_ago_s = -310 },
          401,
          "signature-stale",
          "REQ-SIG-5" },
        { "two hosts",
          { .path = "/device",
            .kind = REQUEST_DEVICE,
            .key = ALICE,
            .more = "Host: teal.example\r\n" },
          401,
          "signature-invalid",
          "REQ-SIG-8" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        assert_refused(send_signed(&rows[i].ask), rows[i].status, rows[i].problem,
                       rows[i].requirement);
    }
}

static void test_unsigned(void **state)
{
    (void)state;
    static const char *const paths[] = { "/device", "/account", "/peer", "/operator" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        raw_client *c = raw_open(port);
        raw_request(c, "GET", paths[i], "\r\n");
        raw_receive(c, false, &answer);
        raw_close(&c);
        assert_refused(&answer, 401, "signature-missing", "REQ-SIG-11");
    }
}

static void test_once(void **state)
{
    (void)state;
    assert_int_equal(
        send_signed(&(ask){ .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE })->status,
        200);
    const ask again = { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .again = true };
    assert_refused(send_signed(&again), 401, "nonce-replayed", "REQ-SIG-6");
    const ask elsewhere = { .path = "/later", .kind = REQUEST_DEVICE, .key = ALICE, .again = true };
    assert_refused(send_signed(&elsewhere), 401, "nonce-replayed", "REQ-SIG-6");
    /* What does not verify uses nothing up. */
    const ask forged = { .path = "/device", .kind = REQUEST_DEVICE, .key = STRANGER, .id = ALICE };
    assert_int_equal(send_signed(&forged)->status, 401);
    assert_int_equal(send_signed(&again)->status, 200);
}

static const ask by_alice = { .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE },
                 by_alice_again = {
                     .path = "/device", .kind = REQUEST_DEVICE, .key = ALICE, .again = true
                 };

/* Who is turned away, or is nobody, fills no memory of nonces. */
static void test_nonces_are_spared(void **state)
{
    (void)state;
    const ask elsewhere = { .path = "/operator", .kind = REQUEST_DEVICE, .key = ALICE };
    assert_int_equal(send_signed(&elsewhere)->status, 403);
    assert_int_equal(send_signed(&by_alice_again)->status, 200);
    ask stranger = { .path = "/anybody", .kind = REQUEST_KEY, .key = STRANGER };
    assert_caller(send_signed(&stranger), CALLER_ANYBODY, "");
    stranger.again = true;
    assert_caller(send_signed(&stranger), CALLER_ANYBODY, "");

    settings.limit_device = 1;
    assert_int_equal(send_signed(&by_alice)->status, 200);
    assert_int_equal(send_signed(&by_alice)->status, 429);
    settings.limit_device = 0;
    assert_int_equal(send_signed(&by_alice_again)->status, 200);
}

/* Whoever has seen a request cannot use up what its sender may send. */
static void test_replays_cost_the_sender_nothing(void **state)
{
    (void)state;
    settings.limit_device = 2;
    settings.limit_burst_s = 60;
    assert_int_equal(send_signed(&by_alice)->status, 200);
    for (size_t i = 0; i < 3; i++)
        assert_refused(send_signed(&by_alice_again), 401, "nonce-replayed", "REQ-SIG-6");
    assert_int_equal(send_signed(&by_alice)->status, 200);
    assert_int_equal(send_signed(&by_alice)->status, 429);
}

/* A key costs nothing to make, so what it signs is counted by the address, refused or not. */
static void test_refused_callers_are_counted(void **state)
{
    static const ask refused[] = {
        { .path = "/peer", .kind = REQUEST_KEY, .key = STRANGER },
        { .path = "/device", .kind = REQUEST_ACCOUNT, .key = STRANGER },
        { .path = "/operator", .kind = REQUEST_DEVICE, .key = ALICE },
        { .path = "/device", .kind = REQUEST_DEVICE, .key = STRANGER, .id = ALICE },
    };
    (void)state;
    settings.limit_loopback = 4;
    settings.limit_burst_s = 60;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_not_equal(send_signed(&refused[i])->status, 429);
    assert_int_equal(send_signed(&refused[0])->status, 429);
}

/* Known by its signature, and turned away for what it is: see test_admission. */
static void test_suspended(void **state)
{
    (void)state;
    send_signed(&(ask){ .path = "/anybody", .kind = REQUEST_KEY, .key = SUSPENDED });
    assert_int_equal(answer.status, 403);
    assert_non_null(strstr(answer.body, "network-suspended"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_roles),
        TEST(test_refusals),
        TEST(test_unsigned),
        TEST(test_once),
        TEST(test_nonces_are_spared),
        TEST(test_replays_cost_the_sender_nothing),
        TEST(test_refused_callers_are_counted),
        TEST(test_suspended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
