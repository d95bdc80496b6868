/* The HTTP frame over raw sockets: what it refuses and how, parameters, bodies. PROTOCOL.md
 * REQ-REST-1, -2, -6. */
#include "gateway/edge/rest_body.h"
#include "tests/support/rest_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *name, *method, *path, *rest;
    int status;
    const char *problem, *requirement;
} refusals[] = {
    { "unknown resource", "GET", "/v1/nothing", "\r\n", 404, "resource-unknown", "REQ-REST-2" },
    { "empty parameter", "GET", "/v1/names/", "\r\n", 404, "resource-unknown", "REQ-REST-2" },
    { "a segment too many", "GET", "/v1/names/a/b", "\r\n", 404, "resource-unknown", "REQ-REST-2" },
    { "unknown method", "DELETE", "/v1/names/a", "\r\n", 405, "method-unknown", "REQ-REST-2" },
    { "HEAD of a POST", "OPTIONS", "/v1/echo", "\r\n", 405, "method-unknown", "REQ-REST-2" },
    { "no media type", "POST", "/v1/echo", "Content-Length: 1\r\n\r\nx", 415, "media-type-unknown",
      "REQ-REST-2" },
    { "part of a media type", "POST", "/v1/echo",
      "Content-Type: application/js\r\nContent-Length: 1\r\n\r\nx", 415, "media-type-unknown",
      "REQ-REST-2" },
    { "two media types", "POST", "/v1/echo",
      "Content-Type: application/json text/x-echo\r\nContent-Length: 0\r\n\r\n", 200, NULL, NULL },
    { "length over the limit", "POST", "/v1/echo",
      "Content-Type: text/x-echo\r\nContent-Length: 1001\r\n\r\n", 413, "body-too-large",
      "REQ-REST-2" },
    { "a body for GET", "GET", "/v1/names/a", "Content-Length: 1\r\n\r\nx", 413, "body-too-large",
      "REQ-REST-2" },
    { "bad escape", "GET", "/v1/names/a%4", "\r\n", 400, "path-malformed", "REQ-REST-6" },
    { "no escape", "GET", "/v1/names/%zz", "\r\n", 400, "path-malformed", "REQ-REST-6" },
    { "NUL", "GET", "/v1/names/a%00b", "\r\n", 400, "path-malformed", "REQ-REST-6" },
};

static void test_refusals(void **state)
{
    (void)state;
    fixture_serve(2, 16, 0);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        raw_answer a;
        print_message("  %s\n", refusals[i].name);
        raw_ask(served_port, refusals[i].method, refusals[i].path, refusals[i].rest, &a);
        if (refusals[i].problem == NULL)
            assert_int_equal(a.status, refusals[i].status);
        else
            assert_problem(&a, refusals[i].status, refusals[i].problem, refusals[i].requirement);
    }
    fixture_stop();
}

static void test_method_unknown_names_the_methods(void **state)
{
    (void)state;
    raw_answer a;
    char buf[256];
    fixture_serve(1, 16, 0);
    raw_ask(served_port, "DELETE", "/v1/names/a", "\r\n", &a);
    assert_string_equal(raw_header(&a, "Allow", buf), "GET, HEAD, PUT");
    raw_ask(served_port, "GET", "/v1/names/a/claim", "\r\n", &a);
    assert_string_equal(raw_header(&a, "Allow", buf), "POST");
    raw_ask(served_port, "HEAD", "/v1/echo", "\r\n", &a);
    assert_int_equal(a.status, 405);
    fixture_stop();
}

static void test_a_problem_document_member_by_member(void **state)
{
    (void)state;
    raw_answer a;
    char buf[256];
    fixture_serve(1, 16, 0);
    raw_ask(served_port, "GET", "/v1/problem", "\r\n", &a);
    assert_int_equal(a.status, 409);
    assert_string_equal(raw_header(&a, "Content-Type", buf), "application/problem+json");
    assert_string_equal(raw_header(&a, "Retry-After", buf), "2");
    assert_null(raw_header(&a, "Server", buf));
    json_t *p = raw_json(&a);
    assert_int_equal(json_object_size(p), 7);
    assert_member(p, "type", "urn:teal:problem:keys-stale");
    assert_member(p, "title", "Keys stale");
    assert_int_equal(json_integer_value(json_object_get(p, "status")), 409);
    assert_member(p, "detail", "REQ-MSG-9 keys do not match");
    assert_member(p, "requirement", "REQ-MSG-9");
    assert_member(p, "remedy", "Claim again.");
    assert_member(json_object_get(p, "manifests"), "im:a@b", "AA");
    json_decref(p);
    fixture_stop();
}

static const struct {
    const char *name, *path, *parameter, *q; /* q: NULL: missing */
} decoded[] = {
    { "as it is", "/v1/names/im:alice@native.example", "im:alice@native.example", NULL },
    { "encoded", "/v1/names/im%3aalice%40native.example", "im:alice@native.example", NULL },
    { "once only", "/v1/names/%2561", "%61", NULL },
    { "an encoded slash is no border", "/v1/names/a%2Fclaim", "a/claim", NULL },
    { "a plus in a path is one", "/v1/names/tel:+49", "tel:+49", NULL },
    { "query", "/v1/names/a?q=%61b", "a", "ab" },
    { "query: first of two", "/v1/names/a?x=1&q=2", "a", "2" },
    { "query: NUL", "/v1/names/a?q=a%00b", "a", "" },
    { "query: bad escape", "/v1/names/a?q=%6", "a", "" },
    { "query: no value", "/v1/names/a?q", "a", "" },
    { "query: not in the path", "/v1/names/a?q=b/c", "a", "b/c" },
};

static void test_parameters_are_decoded_once(void **state)
{
    (void)state;
    fixture_serve(1, 16, 0);
    for (size_t i = 0; i < sizeof decoded / sizeof decoded[0]; i++) {
        raw_answer a;
        print_message("  %s\n", decoded[i].name);
        raw_ask(served_port, "GET", decoded[i].path, "\r\n", &a);
        assert_int_equal(a.status, 200);
        json_t *o = raw_json(&a);
        assert_member(o, "parameter", decoded[i].parameter);
        if (decoded[i].q == NULL)
            assert_null(json_object_get(o, "q"));
        else
            assert_member(o, "q", decoded[i].q);
        json_decref(o);
    }
    fixture_stop();
}

static void test_head_is_get_without_a_body(void **state)
{
    (void)state;
    raw_answer get, head;
    char a[256], b[256];
    fixture_serve(1, 16, 0);
    raw_client *c = raw_open(served_port);
    raw_request(c, "GET", "/v1/names/a", "\r\n");
    raw_receive(c, false, &get);
    raw_request(c, "HEAD", "/v1/names/a", "\r\n");
    raw_receive(c, true, &head);
    assert_int_equal(head.status, 200);
    assert_string_equal(raw_header(&head, "Content-Length", a),
                        raw_header(&get, "Content-Length", b));
    raw_request(c, "GET", "/v1/names/a", "\r\n");
    raw_receive(c, false, &get);
    assert_int_equal(get.status, 200);
    raw_close(&c);
    fixture_stop();
}

static void test_a_body_of_exactly_the_limit(void **state)
{
    (void)state;
    raw_answer a;
    char text[FIXTURE_MAX_BODY + 200];
    fixture_serve(1, 16, 0);
    snprintf(text, sizeof text,
             "Content-Type: Text/X-Echo; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s",
             FIXTURE_MAX_BODY, fixture_text(FIXTURE_MAX_BODY));
    raw_ask(served_port, "POST", "/v1/echo", text, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, FIXTURE_MAX_BODY);
    assert_string_equal(a.body, fixture_text(FIXTURE_MAX_BODY));
    fixture_stop();
}

static void send_chunk(raw_client *c, const char *text)
{
    char size[24];
    snprintf(size, sizeof size, "%zx\r\n", strlen(text));
    raw_send(c, size);
    raw_send(c, text);
    raw_send(c, "\r\n");
}

static void test_chunked_bodies_keep_the_connection_in_step(void **state)
{
    (void)state;
    raw_answer a;
    fixture_serve(1, 16, 0);
    raw_client *c = raw_open(served_port);
    const char *head = "Content-Type: text/x-echo\r\nTransfer-Encoding: chunked\r\n\r\n";
    raw_request(c, "POST", "/v1/echo", head);
    send_chunk(c, "ab");
    send_chunk(c, "cde");
    raw_send(c, "0\r\n\r\n");
    raw_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "abcde");
    raw_request(c, "POST", "/v1/echo", head);
    for (size_t i = 0; i < 3; i++)
        send_chunk(c, fixture_text(900));
    raw_send(c, "0\r\n\r\n");
    raw_request(c, "GET", "/v1/names/a", "\r\n");
    raw_receive(c, false, &a);
    assert_problem(&a, 413, "body-too-large", "REQ-REST-2");
    raw_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    raw_close(&c);
    fixture_stop();
}

static void test_a_large_body_is_refused_before_it_is_sent(void **state)
{
    (void)state;
    raw_answer a;
    fixture_serve(1, 16, 0);
    raw_client *c = raw_open(served_port);
    raw_request(c, "POST", "/v1/echo",
                "Content-Type: text/x-echo\r\nContent-Length: 1000000\r\n\r\n");
    raw_receive(c, false, &a);
    assert_problem(&a, 413, "body-too-large", "REQ-REST-2");
    assert_true(raw_ended(c));
    raw_close(&c);
    /* The same from one who does not wait for the answer. */
    c = raw_open(served_port);
    raw_request(c, "POST", "/v1/echo",
                "Content-Type: text/x-echo\r\nContent-Length: 1000000\r\n\r\n");
    raw_send(c, fixture_text(150000));
    raw_receive(c, false, &a);
    assert_problem(&a, 413, "body-too-large", "REQ-REST-2");
    raw_close(&c);
    fixture_stop();
}

static void test_a_refused_body_is_read_over(void **state)
{
    (void)state;
    raw_answer a;
    char text[60200];
    fixture_serve(1, 16, 0);
    raw_client *c = raw_open(served_port);
    /* The body looks like a request: taken for one, it would be answered. */
    snprintf(text, sizeof text, "Content-Length: 60000\r\n\r\n%-60000s",
             "GET /v1/problem HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_request(c, "POST", "/v1/nothing", text);
    raw_request(c, "GET", "/v1/names/a", "\r\n");
    raw_receive(c, false, &a);
    assert_problem(&a, 404, "resource-unknown", "REQ-REST-2");
    raw_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    raw_close(&c);
    fixture_stop();
}

static void test_who_expects_100_is_refused_without_it(void **state)
{
    (void)state;
    raw_answer a;
    fixture_serve(1, 16, 0);
    raw_client *c = raw_open(served_port);
    raw_request(c, "POST", "/v1/echo",
                "Expect: 100-continue\r\nContent-Type: text/x-echo\r\nContent-Length: 3\r\n\r\n");
    raw_receive(c, false, &a);
    assert_int_equal(a.status, 100);
    raw_send(c, "abc");
    raw_receive(c, false, &a);
    assert_string_equal(a.body, "abc");
    raw_request(c, "POST", "/v1/echo",
                "Expect: 100-continue\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n");
    raw_receive(c, false, &a);
    assert_problem(&a, 415, "media-type-unknown", "REQ-REST-2");
    raw_close(&c);
    fixture_stop();
}

static void test_bodies_share_one_budget(void **state)
{
    (void)state;
    static const uint8_t piece[10000];
    rest_body a = { 0 }, b = { 0 };
    size_t spent = 0;
    assert_true(rest_body_append(&a, (teal_bytes){ piece, 10000 }, 20000, &spent, 15000));
    assert_int_equal(spent, 10000);
    assert_false(rest_body_append(&b, (teal_bytes){ piece, 6000 }, 20000, &spent, 15000));
    assert_int_equal(spent, 10000);
    assert_false(rest_body_append(&a, (teal_bytes){ piece, 10000 }, 19999, &spent, 90000));
    assert_int_equal(a.len, 10000);
    rest_body_clear(&a, &spent);
    assert_int_equal(spent, 0);
    assert_true(rest_body_append(&b, (teal_bytes){ piece, 6000 }, 6000, &spent, 15000));
    rest_body_clear(&b, &spent);
}

int main(void)
{
    log_setup(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_method_unknown_names_the_methods),
        cmocka_unit_test(test_a_problem_document_member_by_member),
        cmocka_unit_test(test_parameters_are_decoded_once),
        cmocka_unit_test(test_head_is_get_without_a_body),
        cmocka_unit_test(test_a_body_of_exactly_the_limit),
        cmocka_unit_test(test_chunked_bodies_keep_the_connection_in_step),
        cmocka_unit_test(test_a_large_body_is_refused_before_it_is_sent),
        cmocka_unit_test(test_a_refused_body_is_read_over),
        cmocka_unit_test(test_who_expects_100_is_refused_without_it),
        cmocka_unit_test(test_bodies_share_one_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
