/* Blocking sockets with a time limit, so that a test that would hang fails. */
#include "tests/support/raw_http.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 20 };

raw_client *raw_open(uint16_t port)
{
    raw_client *c = calloc(1, sizeof *c);
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    const int at_once = 1;
    assert_non_null(c);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    assert_int_equal(connect(c->fd, (const struct sockaddr *)&to, sizeof to), 0);
    return c;
}

void raw_close(raw_client **c)
{
    close((*c)->fd);
    free(*c);
    *c = NULL;
}

void raw_hang_up(raw_client **c)
{
    const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    setsockopt((*c)->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    raw_close(c);
}

void raw_send_bytes(raw_client *c, const void *at, size_t len)
{
    const char *next = at;
    while (len > 0) {
        ssize_t n = send(c->fd, next, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the server ended it: what it said before is for raw_receive */
        next += n;
        len -= (size_t)n;
    }
}

void raw_send(raw_client *c, const char *text)
{
    raw_send_bytes(c, text, strlen(text));
}

void raw_request(raw_client *c, const char *method, const char *path, const char *rest)
{
    char head[1024];
    int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: gateway\r\n", method, path);
    assert_in_range(n, 1, sizeof head - 1);
    raw_send(c, head);
    raw_send(c, rest);
}

/* False: the connection ended. */
static bool read_more(raw_client *c)
{
    assert_true(c->len < sizeof c->read - 1);
    ssize_t n = recv(c->fd, c->read + c->len, sizeof c->read - 1 - c->len, 0);
    if (n <= 0)
        return false;
    c->len += (size_t)n;
    c->read[c->len] = '\0';
    return true;
}

static void take(raw_client *c, size_t n)
{
    memmove(c->read, c->read + n, c->len - n + 1);
    c->len -= n;
}

void raw_receive(raw_client *c, bool head, raw_answer *out)
{
    memset(out, 0, sizeof *out);
    char *end;
    while ((end = strstr(c->read, "\r\n\r\n")) == NULL)
        if (!read_more(c))
            return;
    size_t header_len = (size_t)(end - c->read) + 4;
    assert_true(header_len < sizeof out->header);
    memcpy(out->header, c->read, header_len);
    take(c, header_len);
    out->status = (int)strtol(out->header + strlen("HTTP/1.1 "), NULL, 10);
    char length[256];
    if (!head && raw_header(out, "Content-Length", length) != NULL)
        out->len = strtoul(length, NULL, 10);
    assert_true(out->len < sizeof out->body);
    while (c->len < out->len)
        assert_true(read_more(c));
    memcpy(out->body, c->read, out->len);
    take(c, out->len);
}

void raw_ask(uint16_t port, const char *method, const char *path, const char *rest, raw_answer *out)
{
    raw_client *c = raw_open(port);
    raw_request(c, method, path, rest);
    raw_receive(c, strcmp(method, "HEAD") == 0, out);
    raw_close(&c);
}

bool raw_is_readable(raw_client *c, int timeout_ms)
{
    struct pollfd p = { .fd = c->fd, .events = POLLIN };
    return poll(&p, 1, timeout_ms) > 0;
}

bool raw_ended(raw_client *c)
{
    return c->len == 0 && !read_more(c);
}

const char *raw_header(const raw_answer *a, const char *name, char buf[static 256])
{
    size_t len = strlen(name);
    for (const char *line = strstr(a->header, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " ");
            snprintf(buf, 256, "%.*s", (int)strcspn(value, "\r"), value);
            return buf;
        }
    }
    return NULL;
}

json_t *raw_json(const raw_answer *a)
{
    json_t *body = json_loadb(a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(body));
    return body;
}
