/* /v1/peers over HTTP, and what a network may say in whose name. REQ-NET-6, -9. */
#include "tests/support/edge_fixture.h"
#include "tests/support/envelopes.h"

#define JSON "application/json"
/* Key of RFC 8032 section 7.1, test 1, and of test 2. */
#define KEY_A "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define KEY_B "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"

static raw_answer answer;

static const raw_answer *ask(const char *method, const char *path, const char *body)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", body);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    edge_ask(method, path, JSON, teal_text(text), &answer);
    return &answer;
}

static void assert_status(const raw_answer *a, int status)
{
    if (a->status != status)
        fail_msg("%d: %s", a->status, a->body);
}

static void add_peers(void)
{
    assert_status(ask("PUT", "/v1/peers/rcs",
                      "{'url':'http://127.0.0.1:1','domains':['rcs.example'],'numbers':['+44']}"),
                  201);
    assert_status(ask("PUT", "/v1/peers/other",
                      "{'url':'http://127.0.0.1:2','domains':['other.example'],"
                      "'numbers':['+4477']}"),
                  201);
}

static void a_network_is_put_listed_and_removed(void **state)
{
    (void)state;
    assert_json(ask("GET", "/v1/peers", ""), 200, "{'peers':[]}");
    add_peers();
    assert_status(ask("PUT", "/v1/peers/rcs",
                      "{'url':'https://rcs.example','domains':['rcs.example','b.example']}"),
                  204);
    assert_status(ask("PUT", "/v1/peers/rcs/keys", "{'key':'" KEY_A "','until_ms':9}"), 201);
    assert_status(ask("PUT", "/v1/peers/rcs/keys", "{'key':'" KEY_B "','from_ms':5}"), 201);
    assert_status(ask("PUT", "/v1/peers/rcs/keys", "{'key':'" KEY_B "','from_ms':6}"), 204);
    assert_status(ask("PUT", "/v1/peers/other/suspension", ""), 204);
    assert_json(ask("GET", "/v1/peers", ""), 200,
                "{'peers':[{'name':'rcs','url':'https://rcs.example','domains':['rcs.example',"
                "'b.example'],'numbers':[],'keys':[{'key':'" KEY_A "','from_ms':0,'until_ms':9},"
                "{'key':'" KEY_B "','from_ms':6}],'configured':false,'suspended':false},"
                "{'name':'other','url':'http://127.0.0.1:2','domains':['other.example'],"
                "'numbers':['+4477'],'keys':[],'configured':false,'suspended':true}]}");
    assert_status(ask("DELETE", "/v1/peers/other/suspension", ""), 204);
    assert_status(ask("DELETE", "/v1/peers/rcs/keys?key=" KEY_B "&until_ms=7", ""), 204);
    assert_status(ask("DELETE", "/v1/peers/rcs", ""), 204);
    assert_int_equal(script.n_forced, 0);
    assert_status(ask("DELETE", "/v1/peers/other?force=1", ""), 204);
    assert_int_equal(script.n_forced, 1);
    assert_json(ask("GET", "/v1/peers", ""), 200, "{'peers':[]}");
}

static void refusals_say_what_and_whose(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *problem, *requirement;
    } rows[] = {
        { "PUT", "/v1/peers/x", "{'url':'http://x','domains':['rcs.example']}", 409,
          "network-overlap", "REQ-NET-1" },
        { "PUT", "/v1/peers/x", "{'url':'http://x','numbers':['+4477']}", 409, "network-overlap",
          "REQ-NET-1" },
        { "PUT", "/v1/peers/native", "{'url':'http://x','domains':['x.example']}", 422,
          "network-malformed", "REQ-NET-9" },
        { "PUT", "/v1/peers/x", "{'url':'http://x','domains':['x.example, y.example']}", 400,
          "json-malformed", "REQ-REST-9" },
        { "PUT", "/v1/peers/x", "{'url':'https://x','domains':['x.example'],'ca':7}", 400,
          "json-malformed", "REQ-REST-9" },
        { "PUT", "/v1/peers/x", "{'url':'https://x','domains':['x.example'],'ca':'x'}", 422,
          "network-malformed", "REQ-NET-9" },
        { "PUT", "/v1/peers/x", "{'url':'http://x','domains':[7]}", 400, "json-malformed",
          "REQ-REST-9" },
        { "PUT", "/v1/peers/x", "{'url':'http://x','domains':'x.example'}", 400, "json-malformed",
          "REQ-REST-9" },
        { "PUT", "/v1/peers/x", "{'domains':['x.example']}", 400, "json-malformed", "REQ-REST-9" },
        { "PUT", "/v1/peers/x", "[]", 400, "json-malformed", "REQ-REST-9" },
        { "PUT", "/v1/peers/x/keys", "{'key':'" KEY_A "'}", 404, "network-unknown", "REQ-NET-9" },
        { "PUT", "/v1/peers/rcs/keys", "{'key':'AAAA'}", 400, "json-malformed", "REQ-REST-9" },
        { "PUT", "/v1/peers/rcs/keys", "{'key':'" KEY_A "','from_ms':-1}", 400, "json-malformed",
          "REQ-REST-9" },
        { "PUT", "/v1/peers/rcs/keys", "{'key':'" KEY_A "','from_ms':2,'until_ms':2}", 422,
          "key-times", "REQ-NET-5" },
        { "PUT", "/v1/peers/rcs/keys", "{'key':'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}", 422,
          "key-weak", "REQ-NET-1" },
        { "PUT", "/v1/peers/rcs/keys", "{'key':'" KEY_B "'}", 409, "key-taken", "REQ-NET-1" },
        { "DELETE", "/v1/peers/rcs/keys", "", 400, "query-malformed", "REQ-REST-8" },
        { "DELETE", "/v1/peers/rcs/keys?key=" KEY_A, "", 404, "key-unknown", "REQ-NET-5" },
        { "DELETE", "/v1/peers/x", "", 404, "network-unknown", "REQ-NET-9" },
        { "DELETE", "/v1/peers/rcs?force=2", "", 400, "query-malformed", "REQ-REST-8" },
        { "PUT", "/v1/peers/x/suspension", "", 404, "network-unknown", "REQ-NET-9" },
    };
    add_peers();
    assert_status(ask("PUT", "/v1/peers/other/keys", "{'key':'" KEY_B "'}"), 201);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(ask(rows[i].method, rows[i].path, rows[i].body), rows[i].status,
                       rows[i].problem, rows[i].requirement);
    json_t *p = raw_json(ask("PUT", "/v1/peers/x", "{'url':'http://x','numbers':['+33','+4477']}"));
    assert_string_equal(json_string_value(json_object_get(p, "element")), "+4477");
    assert_string_equal(json_string_value(json_object_get(p, "network")), "other");
    json_decref(p);
}

/* ---- who speaks for whom --------------------------------------------------------------------- */

/* What POST /v1/messages answers to `name`, of that role, with a message from `sender`. */
static unsigned post_as(caller_role role, const char *name, const char *sender)
{
    enum { BYTES = TEST_ENVELOPE_ARENA + (256 << 10) };
    uint8_t *memory = malloc(BYTES);
    teal_arena arena = { memory, BYTES, 0 };
    test_random random = test_random_of(1);
    test_sealed sealed;
    test_sealed_random(&random, &arena, &sealed);
    sealed.envelope.sender = teal_text(sender);
    teal_writer w = teal_arena_rest(&arena);
    assert_int_equal(teal_envelope_encode(&sealed.envelope, &w), TEAL_OK);
    arena.used += w.len;
    const caller who = { .role = role, .name = teal_text(name) };
    rest_answer a = { 0 };
    rest_call c = { .services = &services,
                    .reader = edge_store,
                    .arena = &arena,
                    .caller = &who,
                    .now_ms = 1,
                    .method = "POST",
                    .content_type = "application/vnd.teal.envelope",
                    .body = teal_written(&w),
                    .answer = &a };
    script.submit = CORE_DUPLICATE; /* what core makes of it is not asked here */
    assert_int_equal(messages_routes[0].handle(&c), REST_ANSWERED);
    unsigned status = a.status;
    if (status == 403)
        assert_non_null(strstr(a.body, "urn:teal:problem:handle-foreign"));
    rest_answer_clear(&a);
    free(memory);
    return status;
}

static void a_network_speaks_for_its_own_people(void **state)
{
    (void)state;
    static const struct {
        caller_role role;
        const char *name, *sender;
        unsigned status;
    } rows[] = {
        { CALLER_PEER, "rcs", "sip:bob@rcs.example", 200 },
        { CALLER_PEER, "rcs", "tel:+442012345678", 200 },
        { CALLER_PEER, "rcs", "tel:+447700900123", 403 }, /* the longer prefix is other's */
        { CALLER_PEER, "other", "tel:+447700900123", 200 },
        { CALLER_PEER, "rcs", "sip:olga@other.example", 403 },
        { CALLER_PEER, "rcs", "sip:bob@evil.rcs.example", 403 },
        { CALLER_PEER, "rcs", "im:alice@native.example", 403 },
        { CALLER_PEER, "rcs", "sip:x@nobody.example", 403 },
        { CALLER_PEER, "gone", "sip:bob@rcs.example", 403 }, /* removed since it was let in */
        { CALLER_PEER, "", "sip:bob@rcs.example", 403 },
        { CALLER_ANYBODY, "", "im:alice@native.example", 200 },
    };
    add_peers();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned status = post_as(rows[i].role, rows[i].name, rows[i].sender);
        if (status != rows[i].status)
            fail_msg("%s as %s: %u", rows[i].sender, rows[i].name, status);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, edge_fixture_open, edge_fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_network_is_put_listed_and_removed),
        TEST(refusals_say_what_and_whose),
        TEST(a_network_speaks_for_its_own_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
