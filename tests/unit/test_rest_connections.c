/* The HTTP frame against clients that stall, flood, hang up and wait for long. PROTOCOL.md
 * REQ-REST-4, -5. */
#include "tests/support/rest_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

enum { MANY = 1000 };

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    fixture_serve(4, 16, 0);
    raw_client *c = raw_open(served_port);
    for (int i = 0; i < 20; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/names/n%d", i);
        raw_request(c, "GET", path, "\r\n");
    }
    for (int i = 0; i < 20; i++) {
        raw_answer a;
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        raw_receive(c, false, &a);
        json_t *o = raw_json(&a);
        assert_member(o, "parameter", name);
        json_decref(o);
    }
    raw_close(&c);
    fixture_stop();
}

static void test_who_stalls_is_cut_and_holds_nobody_up(void **state)
{
    (void)state;
    raw_answer a;
    fixture_serve(1, 16, 1);
    raw_client *body = raw_open(served_port), *header = raw_open(served_port),
               *nothing = raw_open(served_port);
    raw_request(body, "POST", "/v1/echo",
                "Content-Type: text/x-echo\r\nContent-Length: 3\r\n\r\na");
    raw_send(header, "GET /v1/names/a HTTP/1.1\r\nHost: gate");
    raw_ask(served_port, "GET", "/v1/names/a", "\r\n", &a);
    assert_int_equal(a.status, 200);
    assert_true(raw_ended(body));
    assert_true(raw_ended(header));
    assert_true(raw_ended(nothing));
    raw_close(&body);
    raw_close(&header);
    raw_close(&nothing);
    fixture_stop();
}

static void test_a_header_without_end_is_refused(void **state)
{
    (void)state;
    raw_answer a;
    fixture_serve(1, 16, 0);
    raw_client *c = raw_open(served_port);
    raw_send(c, "GET /v1/names/a HTTP/1.1\r\nHost: gateway\r\nX: ");
    raw_send(c, fixture_text(100000));
    raw_receive(c, false, &a);
    assert_in_range(a.status, 400, 499);
    raw_close(&c);
    raw_ask(served_port, "GET", "/v1/names/a", "\r\n", &a);
    assert_int_equal(a.status, 200);
    fixture_stop();
}

static void test_overload_is_answered_at_once(void **state)
{
    (void)state;
    enum { WORKERS = 2, WAITING = 2, HELD = WORKERS + WAITING };
    raw_client *c[HELD + 1];
    raw_answer a;
    char buf[256];
    size_t refused = HELD + 1;
    fixture_serve(WORKERS, WAITING, 0);
    for (size_t i = 0; i < WORKERS; i++) {
        c[i] = raw_open(served_port);
        raw_request(c[i], "GET", "/v1/hold", "\r\n");
    }
    door_await(WORKERS);
    for (size_t i = WORKERS; i < HELD + 1; i++) {
        c[i] = raw_open(served_port);
        raw_request(c[i], "GET", "/v1/hold", "\r\n");
    }
    while (refused == HELD + 1)
        for (size_t i = WORKERS; i < HELD + 1; i++)
            if (raw_is_readable(c[i], 1))
                refused = i;
    raw_receive(c[refused], false, &a);
    assert_problem(&a, 503, "overloaded", "REQ-REST-4");
    assert_string_equal(raw_header(&a, "Retry-After", buf), "1");
    door_set(true);
    for (size_t i = 0; i < HELD + 1; i++) {
        if (i == refused) /* the refusal did not cost the connection */
            raw_request(c[i], "GET", "/v1/hold", "\r\n");
        raw_receive(c[i], false, &a);
        assert_int_equal(a.status, 204);
        raw_close(&c[i]);
    }
    fixture_stop();
}

static void test_a_thousand_connections(void **state)
{
    (void)state;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    assert_true(files.rlim_max > 2 * MANY + 64);
    static raw_client *c[MANY];
    static raw_answer a;
    fixture_serve(4, MANY, 0);
    for (size_t i = 0; i < MANY; i++)
        c[i] = raw_open(served_port);
    for (size_t turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < MANY; i++)
            raw_request(c[i], "GET", "/v1/names/a", "\r\n");
        for (size_t i = 0; i < MANY; i++) {
            raw_receive(c[i], false, &a);
            assert_int_equal(a.status, 200);
        }
    }
    for (size_t i = 0; i < MANY; i++)
        raw_close(&c[i]);
    fixture_stop();
}

static int turn_of(raw_client *c)
{
    raw_answer a;
    raw_receive(c, false, &a);
    assert_int_equal(a.status, 200);
    json_t *o = raw_json(&a);
    int turn = (int)json_integer_value(json_object_get(o, "turn"));
    json_decref(o);
    return turn;
}

static const uint8_t alice[REST_KEY_BYTES] = "alice";

static void test_a_parked_call_is_woken(void **state)
{
    (void)state;
    fixture_serve(1, 16, 1);
    raw_client *woken = raw_open(served_port), *other = raw_open(served_port);
    raw_request(woken, "GET", "/v1/wait/alice?ms=600000", "\r\n");
    raw_request(other, "GET", "/v1/wait/bob?ms=600000", "\r\n");
    door_await(2);
    /* Longer than idle_s: who is parked is not idle. */
    assert_false(raw_is_readable(woken, 1500));
    rest_wake(served, alice);
    assert_int_equal(turn_of(woken), REST_WOKEN);
    assert_false(raw_is_readable(other, 0));
    raw_request(woken, "GET", "/v1/race/carol", "\r\n");
    assert_int_equal(turn_of(woken), REST_WOKEN);
    raw_close(&woken);
    raw_close(&other);
    fixture_stop();
}

static void test_a_parked_call_times_out(void **state)
{
    (void)state;
    fixture_serve(2, 16, 0);
    raw_client *c = raw_open(served_port);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    raw_request(c, "GET", "/v1/wait/alice?ms=50", "\r\n");
    assert_int_equal(turn_of(c), REST_TIMED_OUT);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 >= 49);
    raw_close(&c);
    fixture_stop();
}

static void test_who_hangs_up_is_harmless(void **state)
{
    (void)state;
    enum { GONE = 50 };
    fixture_serve(2, 64, 0);
    raw_answer a;
    for (size_t i = 0; i < GONE; i++) {
        raw_client *c = raw_open(served_port);
        raw_request(c, "GET", "/v1/wait/alice?ms=600000", "\r\n");
        door_await(i + 1);
        if (i % 2 == 0)
            raw_close(&c);
        else
            raw_hang_up(&c);
    }
    rest_wake(served, alice);
    raw_ask(served_port, "GET", "/v1/names/a", "\r\n", &a);
    assert_int_equal(a.status, 200);
    door_set(false);
    for (size_t i = 0; i < 2; i++) { /* while a worker has it */
        raw_client *c = raw_open(served_port);
        raw_request(c, "GET", "/v1/hold", "\r\n");
        door_await(i + 1);
        raw_hang_up(&c);
    }
    raw_client *half = raw_open(served_port);
    raw_request(half, "POST", "/v1/echo",
                "Content-Type: text/x-echo\r\nContent-Length: 3\r\n\r\na");
    raw_hang_up(&half);
    door_set(true);
    raw_ask(served_port, "GET", "/v1/names/a", "\r\n", &a);
    assert_int_equal(a.status, 200);
    fixture_stop();
}

static void test_stop_answers_what_is_parked(void **state)
{
    (void)state;
    fixture_serve(1, 16, 0);
    raw_client *c = raw_open(served_port), *idle = raw_open(served_port);
    raw_request(c, "GET", "/v1/wait/alice?ms=600000", "\r\n");
    door_await(1);
    rest_stop(served);
    rest_wake(served, alice); /* core goes on for a while */
    assert_int_equal(turn_of(c), REST_TIMED_OUT);
    assert_true(raw_ended(c));
    assert_true(raw_ended(idle));
    raw_close(&c);
    raw_close(&idle);
    fixture_stop();
}

static void test_only_loopback_is_listened_on(void **state)
{
    (void)state;
    static const char *const hosts[] = { "0.0.0.0", "::", "192.0.2.1", "no such host" };
    FILE *errors = tmpfile();
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        const config c = { .listen_host = (char *)(uintptr_t)hosts[i], .max_waiting = 1 };
        assert_null(rest_open(&c, errors));
    }
    assert_true(ftell(errors) > 0);
    fclose(errors);
}

int main(void)
{
    log_setup(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_who_stalls_is_cut_and_holds_nobody_up),
        cmocka_unit_test(test_a_header_without_end_is_refused),
        cmocka_unit_test(test_overload_is_answered_at_once),
        cmocka_unit_test(test_a_thousand_connections),
        cmocka_unit_test(test_a_parked_call_is_woken),
        cmocka_unit_test(test_a_parked_call_times_out),
        cmocka_unit_test(test_who_hangs_up_is_harmless),
        cmocka_unit_test(test_stop_answers_what_is_parked),
        cmocka_unit_test(test_only_loopback_is_listened_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
