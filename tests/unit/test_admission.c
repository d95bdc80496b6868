/* Who is handled and who is not: buckets by caller and by address, and networks that are suspended.
 * REQ-LIM-1 .. -4, REQ-NET-7. */
#include "gateway/edge/admission.h"
#include "tests/support/edge_fixture.h"

#include <arpa/inet.h>

static admission *door;
static rest_answer answer;
static struct sockaddr_storage remote;
static caller who;
static rest_call call;

static int open_door(void **state)
{
    edge_fixture_open(state);
    door = admission_open();
    settings.limit_device = settings.limit_peer = settings.limit_address = 60;
    settings.limit_burst_s = 2;
    return 0;
}

static int close_door(void **state)
{
    rest_answer_clear(&answer);
    admission_close(&door);
    return edge_fixture_close(state);
}

static void come_from(const char *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&remote;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&remote;
    remote = (struct sockaddr_storage){ .ss_family = AF_INET };
    if (inet_pton(AF_INET, address, &v4->sin_addr) != 1) {
        remote.ss_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
    }
}

static rest_call *call_as(caller_role role, const char *name, uint8_t device)
{
    rest_answer_clear(&answer);
    who = (caller){ .role = role, .name = teal_text(name), .device = { device } };
    call = (rest_call){ .services = &services,
                        .caller = &who,
                        .remote = (const struct sockaddr *)(const void *)&remote,
                        .answer = &answer };
    return &call;
}

/* How many of ten are let in. */
static int enter(caller_role role, const char *name, uint8_t device)
{
    int n = 0;
    for (int i = 0; i < 10; i++)
        n += admission_enter(door, call_as(role, name, device));
    return n;
}

static int enter_from(const char *address)
{
    come_from(address);
    return enter(CALLER_ANYBODY, "", 0);
}

static void assert_limited(void)
{
    assert_int_equal(answer.status, 429);
    assert_non_null(strstr(answer.body, "urn:teal:problem:rate-limited"));
    assert_int_equal(answer.retry_after_s, 1);
}

static void test_whoever_signs_has_a_bucket_of_his_own(void **state)
{
    (void)state;
    come_from("192.0.2.1");
    assert_int_equal(enter(CALLER_DEVICE, "", 1), 2);
    assert_limited();
    assert_string_equal(answer.rate_policy, "\"device\";q=2;w=2");
    assert_string_equal(answer.rate, "\"device\";r=0;t=1");
    assert_int_equal(enter(CALLER_DEVICE, "", 2), 2);
    assert_int_equal(enter(CALLER_PEER, "rcs", 0), 2);
    assert_limited();
    assert_string_equal(answer.rate_policy, "\"peer\";q=2;w=2");
    assert_int_equal(enter(CALLER_PEER, "other", 0), 2);
    assert_int_equal(enter(CALLER_OPERATOR, "op", 0), 10);
    assert_int_equal(enter(CALLER_ANYBODY, "", 0), 2); /* and the address has lost nothing */
    come_from("192.0.2.2");
    assert_int_equal(enter(CALLER_DEVICE, "", 1), 0); /* wherever it goes */
    assert_limited();
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        int n;
    } rows[] = {
        { "192.0.2.1", 2 },         { "192.0.2.1", 0 },
        { "192.0.2.2", 2 },         { "::ffff:192.0.2.1", 0 },     /* the same */
        { "2001:db8:1:2::1", 2 },   { "2001:db8:1:2:ffff::2", 0 }, /* one /64 */
        { "2001:db8:1:3::1", 2 },   { "127.0.0.1", 10 }, /* a proxy, as long as nothing is said */
        { "127.9.9.9", 10 },        { "::1", 10 },
        { "::ffff:127.0.0.1", 10 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int n = enter_from(rows[i].address);
        if (n != rows[i].n)
            fail_msg("%s: %d", rows[i].address, n);
    }
    assert_string_equal(answer.rate, "");
    settings.limit_loopback = 60;
    assert_int_equal(enter_from("127.0.0.1"), 2);
    assert_string_equal(answer.rate_policy, "\"loopback\";q=2;w=2");
}

/* Anybody makes account keys, so they are worth nothing. */
static void test_account_keys_are_counted_by_address(void **state)
{
    (void)state;
    come_from("192.0.2.1");
    assert_int_equal(enter(CALLER_ACCOUNT, "", 0), 2);
    assert_int_equal(enter(CALLER_ANYBODY, "", 0), 0);
}

/* Signatures that do not hold are not looked at without end. */
static void test_bad_signatures_cost_the_address(void **state)
{
    (void)state;
    come_from("192.0.2.1");
    for (int i = 0; i < 10; i++)
        assert_true(admission_knock(door, call_as(CALLER_ANYBODY, "", 0))); /* which is free */
    admission_turned_away(door, call_as(CALLER_ANYBODY, "", 0));
    admission_turned_away(door, call_as(CALLER_ANYBODY, "", 0));
    assert_false(admission_knock(door, call_as(CALLER_ANYBODY, "", 0)));
    assert_limited();
    come_from("192.0.2.2");
    assert_true(admission_knock(door, call_as(CALLER_ANYBODY, "", 0)));
}

static void test_limits_may_change(void **state)
{
    (void)state;
    assert_int_equal(enter_from("192.0.2.1"), 2);
    settings.limit_burst_s = 5;
    assert_int_equal(enter_from("192.0.2.1"), 3); /* two were used */
    settings.limit_address = 0;
    assert_int_equal(enter_from("192.0.2.1"), 10);
}

static void test_suspended_networks(void **state)
{
    (void)state;
    const networks_tools tools = { edge_networks, edge_writer, edge_store };
    networks_refusal why;
    const store_peer p = { teal_text("rcs"),
                           teal_text("http://127.0.0.1:1"),
                           teal_text("rcs.example"),
                           teal_text(""),
                           { 0 } };
    settings.limit_peer = 0;
    assert_int_equal(networks_put(&tools, &p, &why), NETWORKS_NEW);
    assert_int_equal(enter(CALLER_PEER, "rcs", 0), 10);
    assert_int_equal(networks_suspend(&tools, p.name, 1, &why), NETWORKS_CHANGED);
    assert_int_equal(enter(CALLER_PEER, "rcs", 0), 0);
    assert_int_equal(answer.status, 403);
    assert_non_null(strstr(answer.body, "urn:teal:problem:network-suspended"));
    assert_int_equal(networks_resume(&tools, p.name, &why), NETWORKS_CHANGED);
    assert_int_equal(enter(CALLER_PEER, "rcs", 0), 10);
}

static void test_what_the_caller_sees(void **state)
{
    (void)state;
    raw_answer got;
    char value[256];
    settings.limit_loopback = 60;
    edge_ask("GET", "/healthz", "", (teal_bytes){ 0 }, &got);
    assert_json(&got, 200, "{'status':'ok'}");
    assert_string_equal(raw_header(&got, "RateLimit-Policy", value), "\"loopback\";q=2;w=2");
    assert_string_equal(raw_header(&got, "RateLimit", value), "\"loopback\";r=1;t=1");
    edge_ask("GET", "/healthz", "", (teal_bytes){ 0 }, &got);
    edge_ask("GET", "/healthz", "", (teal_bytes){ 0 }, &got);
    assert_refused(&got, 429, "rate-limited", "REQ-LIM-1");
    assert_string_equal(raw_header(&got, "Retry-After", value), "1");
    settings.limit_loopback = 0;
    edge_ask("GET", "/healthz", "", (teal_bytes){ 0 }, &got);
    assert_int_equal(got.status, 200);
    assert_null(raw_header(&got, "RateLimit", value));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_door, close_door)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whoever_signs_has_a_bucket_of_his_own),
        TEST(test_addresses),
        TEST(test_account_keys_are_counted_by_address),
        TEST(test_bad_signatures_cost_the_address),
        TEST(test_limits_may_change),
        TEST(test_suspended_networks),
        TEST(test_what_the_caller_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
