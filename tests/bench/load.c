/* See load.h. */
#include "tests/bench/load.h"

#include "tests/bench/measure.h"
#include "tests/bench/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_ANSWER = 8 << 10, MAX_EVENTS = 64, WAIT_MS = 30 * 1000 };

typedef struct connection {
    int fd;
    size_t next; /* request */
    size_t sent; /* octets of it */
    size_t received;
    char answer[MAX_ANSWER + 1]; /* NUL-terminated */
} connection;

struct bench_load {
    int epoll;
    size_t n;
    const teal_bytes *requests;
    size_t n_requests, answered;
    int want_status;
    connection connections[];
};

static void watch(bench_load *l, connection *c, int operation, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = c };
    bench_require(epoll_ctl(l->epoll, operation, c->fd, &event) == 0, "epoll_ctl");
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons(port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_require(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                      fcntl(fd, F_SETFL, O_NONBLOCK) == 0,
                  "the server takes connections");
    return fd;
}

bench_load *bench_load_open(uint16_t port, size_t connections)
{
    bench_load *l = calloc(1, sizeof *l + connections * sizeof *l->connections);
    bench_require(l != NULL, "there is memory");
    l->n = connections;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    bench_require(l->epoll >= 0, "epoll_create1");
    for (size_t i = 0; i < l->n; i++) {
        l->connections[i].fd = connect_to(port);
        watch(l, &l->connections[i], EPOLL_CTL_ADD, 0);
    }
    return l;
}

void bench_load_close(bench_load **l)
{
    if (*l == NULL)
        return;
    for (size_t i = 0; i < (*l)->n; i++)
        close((*l)->connections[i].fd);
    close((*l)->epoll);
    free(*l);
    *l = NULL;
}

teal_bytes bench_request(const char *method, const char *path, const char *content_type,
                         teal_bytes body, teal_arena *arena)
{
    char head[512];
    int len = snprintf(head, sizeof head,
                       "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       method, path, content_type, body.len);
    bench_require(len > 0 && (size_t)len < sizeof head, "the head fits");
    size_t room = (size_t)len + body.len;
    teal_writer w = { bench_take(arena, room), room, 0 };
    teal_write_text(&w, head);
    teal_write_bytes(&w, body);
    return teal_written(&w);
}

/* As much as the socket takes; then waits for the rest to be taken, or for the answer. */
static void send_some(bench_load *l, connection *c)
{
    teal_bytes request = l->requests[c->next];
    ssize_t n = send(c->fd, request.at + c->sent, request.len - c->sent, MSG_NOSIGNAL);
    bench_require(n >= 0 || errno == EAGAIN, "the server takes requests");
    c->sent += n > 0 ? (size_t)n : 0;
    watch(l, c, EPOLL_CTL_MOD, c->sent < request.len ? EPOLLOUT : EPOLLIN);
}

static void begin(bench_load *l, connection *c, size_t request)
{
    c->next = request;
    c->sent = c->received = 0;
    if (request < l->n_requests)
        send_some(l, c);
    else
        watch(l, c, EPOLL_CTL_MOD, 0);
}

/* The whole of it is there: its head, and as much as that announces. */
static bool is_whole(const connection *c)
{
    const char *end = strstr(c->answer, "\r\n\r\n");
    if (end == NULL)
        return false;
    const char *length = strcasestr(c->answer, "\r\nContent-Length:");
    bench_require(length != NULL && length < end, "answers say their length");
    size_t body = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    return c->received >= (size_t)(end + 4 - c->answer) + body;
}

static void receive_some(bench_load *l, connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->received, MAX_ANSWER - c->received, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    bench_require(n > 0, "the server answers every request, within 8 KiB");
    c->received += (size_t)n;
    c->answer[c->received] = '\0';
    if (!is_whole(c))
        return;
    int status = 0;
    if (sscanf(c->answer, "HTTP/1.1 %d", &status) != 1 || status != l->want_status) {
        fprintf(stderr, "wanted status %d, got:\n%s\n", l->want_status, c->answer);
        exit(EXIT_FAILURE);
    }
    l->answered++;
    begin(l, c, c->next + l->n);
}

static void serve(bench_load *l, const struct epoll_event *event)
{
    connection *c = event->data.ptr;
    if (event->events & EPOLLOUT)
        send_some(l, c);
    else
        receive_some(l, c);
}

void bench_load_run(bench_load *l, const teal_bytes *requests, size_t n, int want_status)
{
    struct epoll_event events[MAX_EVENTS];
    l->requests = requests;
    l->n_requests = n;
    l->answered = 0;
    l->want_status = want_status;
    for (size_t i = 0; i < l->n; i++)
        begin(l, &l->connections[i], i);
    while (l->answered < n) {
        int ready = epoll_wait(l->epoll, events, MAX_EVENTS, WAIT_MS);
        bench_require(ready > 0 || (ready < 0 && errno == EINTR), "the server answers in 30 s");
        for (int i = 0; i < ready; i++)
            serve(l, &events[i]);
    }
}
