/* Handlers that say what they got, hold their worker, park; and the rest that serves them. */
#include "tests/support/rest_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

rest *served;

/* A door that workers stand at until the test opens it. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t standing;
    bool open;
} door = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false };

void door_await(size_t standing)
{
    pthread_mutex_lock(&door.lock);
    while (door.standing < standing)
        pthread_cond_wait(&door.changed, &door.lock);
    pthread_mutex_unlock(&door.lock);
}

void door_set(bool open)
{
    pthread_mutex_lock(&door.lock);
    door.open = open;
    if (!open)
        door.standing = 0;
    pthread_cond_broadcast(&door.changed);
    pthread_mutex_unlock(&door.lock);
}

static rest_next handle_hold(rest_call *c)
{
    pthread_mutex_lock(&door.lock);
    door.standing++;
    pthread_cond_broadcast(&door.changed);
    while (!door.open)
        pthread_cond_wait(&door.changed, &door.lock);
    pthread_mutex_unlock(&door.lock);
    return rest_empty(c, 204);
}

static rest_next handle_name(rest_call *c)
{
    const char *q = rest_query(c, "q");
    return rest_json(c, 200,
                     json_pack("{s:s%, s:s, s:s*}", "parameter", c->parameter.at, c->parameter.len,
                               "method", c->method, "q", q));
}

static rest_next handle_echo(rest_call *c)
{
    return rest_bytes(c, 200, "text/x-echo", c->body);
}

static rest_next handle_problem(rest_call *c)
{
    rest_answer_retry_after(c->answer, 1001);
    return rest_problem(c, 409, "keys-stale", "REQ-MSG-9 keys do not match", "Claim again.",
                        json_pack("{s:{s:s}, s:i}", "manifests", "im:a@b", "AA", "status", 7));
}

static void key_of(rest_call *c, uint8_t key[static REST_KEY_BYTES])
{
    memset(key, 0, REST_KEY_BYTES);
    memcpy(key, c->parameter.at,
           c->parameter.len < REST_KEY_BYTES ? c->parameter.len : REST_KEY_BYTES);
}

/* Parks once, then says how it came back. */
static rest_next handle_wait(rest_call *c)
{
    uint8_t key[REST_KEY_BYTES];
    key_of(c, key);
    const char *wait_ms = rest_query(c, "ms");
    if (c->turn != REST_FIRST)
        return rest_json(c, 200, json_pack("{s:i}", "turn", (int)c->turn));
    uint64_t ticket = rest_ticket(c, key);
    pthread_mutex_lock(&door.lock);
    door.standing++;
    pthread_cond_broadcast(&door.changed);
    pthread_mutex_unlock(&door.lock);
    return rest_park(c, key, ticket, strtol(wait_ms, NULL, 10));
}

/* What it waits for comes between its look and its parking. */
static rest_next handle_race(rest_call *c)
{
    uint8_t key[REST_KEY_BYTES];
    key_of(c, key);
    if (c->turn != REST_FIRST)
        return rest_json(c, 200, json_pack("{s:i}", "turn", (int)c->turn));
    uint64_t ticket = rest_ticket(c, key);
    rest_wake(served, key);
    return rest_park(c, key, ticket, 600000);
}

static rest_next handle_certified(rest_call *c)
{
    const config_list domains = { .at = { (char[]){ FIXTURE_DOMAIN } }, .n = 1 };
    return rest_json(c, 200, json_pack("{s:s*}", "wrong", rest_client_wrong(c, &domains)));
}

static const rest_route names[] = {
    { "GET", "/v1/names/{}", 0, NULL, CALLER_ANYBODY, handle_name },
    { "PUT", "/v1/names/{}", FIXTURE_MAX_BODY, "text/x-echo", CALLER_ANYBODY, handle_echo },
    { "POST", "/v1/names/{}/claim", FIXTURE_MAX_BODY, NULL, CALLER_ANYBODY, handle_name },
    { 0 },
};
static const rest_route others[] = {
    { "POST", "/v1/echo", FIXTURE_MAX_BODY, "application/json text/x-echo", CALLER_ANYBODY,
      handle_echo },
    { "GET", "/v1/problem", 0, NULL, CALLER_ANYBODY, handle_problem },
    { "GET", "/v1/hold", 0, NULL, CALLER_ANYBODY, handle_hold },
    { "GET", "/v1/wait/{}", 0, NULL, CALLER_ANYBODY, handle_wait },
    { "GET", "/v1/race/{}", 0, NULL, CALLER_ANYBODY, handle_race },
    { "GET", "/v1/certified", 0, NULL, CALLER_ANYBODY, handle_certified },
    { 0 },
};
static const rest_route *const tables[] = { names, others, NULL };

static store_result open_nothing(const char *url, bool create, store **out)
{
    assert_string_equal(url, "nothing");
    assert_false(create);
    *out = NULL;
    return STORE_OK;
}

static void close_nothing(store **s)
{
    *s = NULL;
}

static const store_ops no_store = { .name = "none", .open = open_nothing, .close = close_nothing };
static config settings, under_tls;
static rest_services services;
uint16_t served_port;

void fixture_use_tls(char *certificate, char *key, char *client_ca)
{
    under_tls = (config){ .path = (char[]){ "teal.conf" },
                          .tls_certificate = certificate,
                          .tls_key = key,
                          .tls_client_ca = client_ca };
}

void fixture_serve(uint32_t workers, uint32_t max_waiting, unsigned idle_s)
{
    settings = under_tls;
    settings.listen_host = "127.0.0.1";
    settings.workers = workers;
    settings.max_connections = 2048;
    settings.max_waiting = max_waiting;
    settings.store_url = "nothing";
    under_tls = (config){ 0 };
    services = (rest_services){ .config = &settings, .idle_s = idle_s };
    door_set(false);
    served = rest_open(&settings, stderr);
    assert_non_null(served);
    served_port = rest_port(served);
    assert_int_not_equal(served_port, 0);
    assert_true(rest_start(served, &services, &no_store, tables, stderr));
}

void fixture_stop(void)
{
    rest_stop(served);
    rest_close(&served);
    assert_null(served);
}

void assert_member(json_t *o, const char *name, const char *value)
{
    assert_non_null(json_object_get(o, name));
    assert_string_equal(json_string_value(json_object_get(o, name)), value);
}

void assert_problem(const raw_answer *a, int status, const char *name, const char *requirement)
{
    char type[256], buf[256];
    snprintf(type, sizeof type, "urn:teal:problem:%s", name);
    assert_int_equal(a->status, status);
    assert_string_equal(raw_header(a, "Content-Type", buf), "application/problem+json");
    json_t *p = raw_json(a);
    assert_member(p, "type", type);
    assert_member(p, "requirement", requirement);
    assert_int_equal(json_integer_value(json_object_get(p, "status")), status);
    size_t len = strlen(requirement);
    assert_memory_equal(json_string_value(json_object_get(p, "detail")), requirement, len);
    assert_int_equal(json_string_value(json_object_get(p, "detail"))[len], ' ');
    assert_true(json_string_length(json_object_get(p, "title")) > 0);
    assert_true(json_string_length(json_object_get(p, "remedy")) > 0);
    json_decref(p);
}

const char *fixture_text(size_t len)
{
    static char text[200000];
    assert_true(len < sizeof text);
    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}
