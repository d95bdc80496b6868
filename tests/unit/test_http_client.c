/* The HTTP client against servers that answer well, lie, stall and hang up. */
#include "gateway/http_client.h"

#include "gateway/links/rcs_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_BODY = 1000, PATIENT_MS = 10000 };

/* Serves `n_answers` requests, one after the other, each with the same text; then stops. */
typedef struct server {
    int listener;
    uint16_t port;
    const char *answer;
    bool closes;   /* after each answer */
    size_t silent; /* the request, from 1, that it closes on without an answer; 0: none */
    size_t n_answers, n_requests, n_connections;
    char request[4096]; /* the last one */
    pthread_t thread;
} server;

static void listen_locally(server *s)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->listener >= 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &len), 0);
    s->port = ntohs(address.sin_port);
}

/* Reads headers, and as many octets as Content-Length says. False: the client hung up. */
static bool read_request(int fd, char *out, size_t cap)
{
    size_t len = 0;
    for (;;) {
        ssize_t n = recv(fd, out + len, cap - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        out[len] = '\0';
        const char *end = strstr(out, "\r\n\r\n");
        const char *length = strcasestr(out, "\r\nContent-Length: ");
        size_t want = length != NULL ? strtoul(length + 18, NULL, 10) : 0;
        if (end != NULL && len - (size_t)(end + 4 - out) >= want)
            return true;
    }
}

static void *serve(void *arg)
{
    server *s = arg;
    int fd = -1;
    for (size_t i = 0; i < s->n_answers;) {
        if (fd < 0) {
            fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
            s->n_connections++;
        }
        bool asked = read_request(fd, s->request, sizeof s->request);
        bool silent = asked && ++s->n_requests == s->silent;
        if (asked && !silent) {
            send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL);
            i++;
        }
        if (!asked || silent || s->closes) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void start(server *s)
{
    listen_locally(s);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(server *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static void call(http_client *c, const server *s, const char *method, const char *content_type,
                 const char *body, http_answer *out)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/v1/../x", s->port);
    http_client_call(c, method, url, content_type, teal_text(body), PATIENT_MS, out);
}

static void answers(void **state)
{
    static const struct {
        const char *name, *answer;
        long status;
        const char *content_type, *body;
        int64_t retry_after_ms;
    } rows[] = {
        { "plain", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
          200, "text/plain", "hi", 0 },
        { "media type with case and parameters",
          "HTTP/1.1 404 No\r\nContent-Type: Application/JSON; a=b\r\nContent-Length: 2\r\n\r\n{}",
          404, "application/json", "{}", 0 },
        { "no content", "HTTP/1.1 204 No\r\n\r\n", 204, "", "", 0 },
        { "retry after", "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 503, "",
          "", 7000 },
        { "chunks",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
          200, "", "abc", 0 },
        { "redirect is handed out, not followed",
          "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, "",
          "", 0 },
        { "promises more than the bound",
          "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"
          "0123456789012345678901234567890123456789012345678901234567890123456789",
          0, "", NULL, 0 },
        { "body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", 0, "", NULL, 0 },
        { "not HTTP", "SSH-2.0-x\r\n\r\n", 0, "", NULL, 0 },
        { "hangs up", "", 0, "", NULL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server s = { .answer = rows[i].answer, .closes = true, .n_answers = 1 };
        http_client *c = http_client_open(MAX_BODY);
        http_answer out;
        start(&s);
        call(c, &s, "GET", NULL, "", &out);
        stop(&s);
        if (out.status != rows[i].status || (out.status == 0) != (out.error[0] != '\0'))
            fail_msg("%s: status %ld, error %s", rows[i].name, out.status, out.error);
        if (strcmp(out.content_type, rows[i].content_type) != 0 ||
            out.retry_after_ms != rows[i].retry_after_ms)
            fail_msg("%s: type %s", rows[i].name, out.content_type);
        if (rows[i].body != NULL && strcmp((const char *)out.body, rows[i].body) != 0)
            fail_msg("%s: body %s", rows[i].name, (const char *)out.body);
        http_client_close(&c);
        assert_null(c);
    }
}

/* A body of exactly the bound is taken, one octet more is not, whether announced or not. */
static void bodies_are_bounded(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        for (int announced = 0; announced < 2; announced++) {
            char answer[2000], length[64] = "";
            if (announced == 1)
                snprintf(length, sizeof length, "Content-Length: %d\r\n", MAX_BODY + over);
            int head = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\n%s\r\n", length);
            memset(answer + head, 'x', (size_t)(MAX_BODY + over));
            answer[head + MAX_BODY + over] = '\0';

            server s = { .answer = answer, .closes = true, .n_answers = 1 };
            http_client *c = http_client_open(MAX_BODY);
            http_answer out;
            start(&s);
            call(c, &s, "GET", NULL, "", &out);
            stop(&s);
            assert_int_equal(out.status, over == 1 ? 0 : 200);
            assert_int_equal(out.len, over == 1 ? 0 : MAX_BODY);
            if (over == 1)
                assert_string_equal(out.error, "the answer is longer than 1000 octets");
            http_client_close(&c);
        }
    }
}

static void requests(void **state)
{
    static const struct {
        const char *method, *content_type, *body, *line, *has, *has_not;
    } rows[] = {
        { "GET", NULL, "", "GET /v1/../x HTTP/1.1\r\n", "User-Agent: teal/", "Content-" },
        { "POST", "message/cpim", "a\r\nb", "POST /v1/../x HTTP/1.1\r\n",
          "Content-Type: message/cpim\r\n", "Expect" },
        { "POST", NULL, "", "POST /v1/../x HTTP/1.1\r\n", "Content-Length: 0\r\n", "Content-Type" },
        { "PUT", "application/json", "{}", "PUT /v1/../x HTTP/1.1\r\n", "\r\n\r\n{}", "Expect" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server s = { .answer = "HTTP/1.1 204 No\r\n\r\n", .n_answers = 1 };
        http_client *c = http_client_open(MAX_BODY);
        http_answer out;
        start(&s);
        call(c, &s, rows[i].method, rows[i].content_type, rows[i].body, &out);
        stop(&s);
        assert_int_equal(out.status, 204);
        assert_memory_equal(s.request, rows[i].line, strlen(rows[i].line));
        assert_non_null(strstr(s.request, rows[i].has));
        assert_null(strstr(s.request, rows[i].has_not));
        http_client_close(&c);
    }
}

static void one_connection_serves_several_calls(void **state)
{
    (void)state;
    server s = { .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", .n_answers = 3 };
    http_client *c = http_client_open(MAX_BODY);
    http_answer out;
    start(&s);
    call(c, &s, "POST", "text/plain", "x", &out);
    assert_int_equal(out.status, 200);
    call(c, &s, "GET", NULL, "", &out);
    assert_int_equal(out.status, 200);
    assert_memory_equal(s.request, "GET ", 4);
    call(c, &s, "POST", "text/plain", "y", &out);
    assert_int_equal(out.status, 200);
    stop(&s);
    assert_int_equal(s.n_connections, 1);
    http_client_close(&c);
}

/* The listener's backlog accepts; nobody ever answers. */
/* I7: libcurl sends again what a connection that it has kept closed on, and then tells the answer
 * to the second alone. */
static void what_left_twice_is_in_doubt(void **state)
{
    (void)state;
    static const char busy[] = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
    server s = { .answer = busy, .silent = 2, .n_answers = 2 };
    http_client *c = http_client_open(MAX_BODY);
    http_answer out;
    start(&s);
    call(c, &s, "POST", "text/plain", "one", &out);
    assert_false(out.sent_again);
    call(c, &s, "POST", "text/plain", "two", &out);
    assert_int_equal(out.status, 503);
    assert_true(out.sent_again);
    http_client_close(&c);
    stop(&s);
    assert_int_equal(s.n_connections, 2);

    static const uint8_t sk[64];
    const request_signer signer = { .kind = REQUEST_KEY, .sk = sk };
    const http_credentials none = { 0 };
    char url[64];
    rcs_http_answer answer;
    s = (server){ .answer = busy, .silent = 2, .n_answers = 2 };
    start(&s);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", s.port);
    rcs_http *link = rcs_http_open(url, &none, &signer, PATIENT_MS);
    rcs_http_post(link, teal_text("one"), &answer);
    assert_int_equal(answer.outcome, RCS_HTTP_FAILED);
    rcs_http_post(link, teal_text("two"), &answer);
    assert_int_equal(answer.outcome, RCS_HTTP_UNKNOWN);
    assert_true(answer.peer_fails);
    rcs_http_close(&link);
    stop(&s);
}

static void a_stalled_server_times_out(void **state)
{
    (void)state;
    server s = { 0 };
    char url[64];
    http_client *c = http_client_open(MAX_BODY);
    http_answer out;
    listen_locally(&s);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", s.port);
    http_client_call(c, "GET", url, NULL, (teal_bytes){ 0 }, 20, &out);
    assert_int_equal(out.status, 0);
    assert_non_null(strstr(out.error, "timed out"));
    assert_true(out.sent);
    close(s.listener);

    http_client_call(c, "GET", url, NULL, (teal_bytes){ 0 }, PATIENT_MS, &out);
    assert_int_equal(out.status, 0); /* refused: the client is still of use */
    assert_false(out.sent);
    assert_string_not_equal(out.error, "");
    http_client_close(&c);
}

static void other_schemes_are_refused(void **state)
{
    static const char *const urls[] = {
        "file:///etc/hostname",     "ftp://127.0.0.1/", "gopher://x/", "", "http://",
        "http://127.0.0.1:1/a\r\nb"
    };
    (void)state;
    http_client *c = http_client_open(MAX_BODY);
    http_answer out;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        http_client_call(c, "GET", urls[i], NULL, (teal_bytes){ 0 }, PATIENT_MS, &out);
        if (out.status != 0 || out.error[0] == '\0' || out.len != 0)
            fail_msg("%s: status %ld", urls[i], out.status);
    }
    http_client_close(&c);
}

static void the_environment_names_no_proxy(void **state)
{
    (void)state;
    server s = { .answer = "HTTP/1.1 204 No\r\n\r\n", .n_answers = 1 };
    http_client *c = http_client_open(MAX_BODY);
    http_answer out;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    start(&s);
    call(c, &s, "GET", NULL, "", &out);
    stop(&s);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(out.status, 204);
    http_client_close(&c);
}

static void path_segments(void **state)
{
    static const struct {
        const char *name, *in, *want;
    } rows[] = {
        { "RFC 3986 3.3 pchar", "im:a-z_0.9~!$&'()*+,;=@x", "im:a-z_0.9~!$&'()*+,;=@x" },
        { "RFC 3986 2.1 percent", "im:a%20b@x", "im:a%2520b@x" },
        { "gen-delims", "/?#[]", "%2F%3F%23%5B%5D" },
        { "not ASCII", "\xc3\xa9 \x7f", "%C3%A9%20%7F" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[64];
        teal_writer w = { out, sizeof out, 0 };
        http_write_path_segment(&w, teal_text(rows[i].in));
        if (!teal_bytes_equal(teal_written(&w), teal_text(rows[i].want)))
            fail_msg("%s: got %.*s", rows[i].name, (int)w.len, (const char *)out);
    }
    uint8_t zero[4];
    teal_writer w = { zero, sizeof zero, 0 };
    http_write_path_segment(&w, (teal_bytes){ (const uint8_t *)"", 1 });
    assert_true(teal_bytes_equal(teal_written(&w), teal_text("%00")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(bodies_are_bounded),
        cmocka_unit_test(requests),
        cmocka_unit_test(one_connection_serves_several_calls),
        cmocka_unit_test(what_left_twice_is_in_doubt),
        cmocka_unit_test(a_stalled_server_times_out),
        cmocka_unit_test(other_schemes_are_refused),
        cmocka_unit_test(the_environment_names_no_proxy),
        cmocka_unit_test(path_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
