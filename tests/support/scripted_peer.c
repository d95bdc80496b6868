/* See scripted_peer.h. */
#include "tests/support/scripted_peer.h"

#include "codecs/base64.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_KNOWN = 16, MAX_MESSAGES = 512, MAX_REQUEST = 2 << 20, MAX_HELD = 16, AWAIT_S = 10 };

typedef struct known {
    char handle[128], capability[16];
    char manifest[32 << 10]; /* base64url */
} known;

struct scripted_peer {
    int listener, wake[2];
    uint16_t port;
    pthread_t thread;
    char *request;
    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t changed;
    bool stopping, holds, listens;
    known known[MAX_KNOWN];
    size_t n_known, n_look_ups;
    int status, next_status;
    size_t left; /* messages that get status; then next_status */
    char body[1024];
    teal_bytes messages[MAX_MESSAGES];
    size_t n_messages;
    int held[MAX_HELD];
    size_t n_held;
};

static void answer(int fd, int status, const char *body)
{
    char head[160];
    int len = snprintf(head, sizeof head,
                       "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       status, strlen(body));
    if (status != 0 && send(fd, head, (size_t)len, MSG_NOSIGNAL) == len)
        send(fd, body, strlen(body), MSG_NOSIGNAL);
    close(fd);
}

/* The head, and as much of a body as Content-Length says. */
static bool read_request(int fd, char *out, size_t *head_len, size_t *len)
{
    size_t want = SIZE_MAX;
    *len = 0;
    while (*len < want && *len < MAX_REQUEST - 1) {
        ssize_t n = recv(fd, out + *len, MAX_REQUEST - 1 - *len, 0);
        if (n <= 0)
            return false;
        *len += (size_t)n;
        out[*len] = '\0';
        const char *end = strstr(out, "\r\n\r\n");
        if (want != SIZE_MAX || end == NULL)
            continue;
        const char *length = strcasestr(out, "content-length:");
        *head_len = (size_t)(end - out) + 4;
        want = *head_len + (length != NULL && length < end ? strtoul(length + 15, NULL, 10) : 0);
    }
    return *len == want;
}

static void unescape(const char *in, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned c = (unsigned char)in[i];
        if (c == '%' && i + 2 < len && sscanf(in + i + 1, "%2x", &c) == 1)
            i += 2;
        *out++ = (char)c;
    }
    *out = '\0';
}

static void answer_look_up(scripted_peer *p, int fd)
{
    char handle[512], body[33 << 10];
    const char *from = p->request + strlen("GET /v1/directory/");
    const known *k = NULL;
    unescape(from, strcspn(from, " "), handle);
    p->n_look_ups++;
    for (size_t i = 0; i < p->n_known; i++)
        if (strcmp(p->known[i].handle, handle) == 0)
            k = &p->known[i];
    if (k == NULL || k->capability[0] == '\0') {
        answer(fd, 404, "{}");
        return;
    }
    snprintf(body, sizeof body, "{\"handle\":\"%s\",\"capability\":\"%s\"%s%s%s}", handle,
             k->capability, k->manifest[0] != '\0' ? ",\"manifest\":\"" : "", k->manifest,
             k->manifest[0] != '\0' ? "\"" : "");
    answer(fd, 200, body);
}

static void take_message(scripted_peer *p, int fd, const char *at, size_t len)
{
    assert_true(p->n_messages < MAX_MESSAGES);
    uint8_t *copy = malloc(len + 1);
    memcpy(copy, at, len);
    copy[len] = '\0';
    p->messages[p->n_messages++] = (teal_bytes){ copy, len };
    if (p->holds) {
        assert_true(p->n_held < MAX_HELD);
        p->held[p->n_held++] = fd;
        return;
    }
    answer(fd, p->status, p->body);
    if (p->left > 0 && --p->left == 0)
        p->status = p->next_status;
}

static void take_connection(scripted_peer *p)
{
    size_t head_len = 0, len = 0;
    int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    bool whole = read_request(fd, p->request, &head_len, &len);
    pthread_mutex_lock(&p->lock);
    if (!whole)
        close(fd);
    else if (strncmp(p->request, "GET /v1/directory/", 18) == 0)
        answer_look_up(p, fd);
    else if (strncmp(p->request, "POST /v1/messages ", 18) == 0)
        take_message(p, fd, p->request + head_len, len - head_len);
    else
        answer(fd, 404, "{}");
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* A port that nothing listens on refuses connections; the same one is taken again afterwards. */
static int open_listener(uint16_t *port)
{
    int yes = 1;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) },
                                   .sin_port = htons(*port) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* False: it is to stop. */
static bool look_again(scripted_peer *p)
{
    char byte;
    bool goes_on = read(p->wake[0], &byte, 1) == 1;
    pthread_mutex_lock(&p->lock);
    goes_on = goes_on && !p->stopping;
    for (; p->n_held > 0 && (!p->holds || !goes_on); p->n_held--)
        answer(p->held[p->n_held - 1], goes_on ? p->status : 0, p->body);
    if (!p->listens && p->listener >= 0) {
        close(p->listener);
        p->listener = -1;
    } else if (p->listens && p->listener < 0) {
        p->listener = open_listener(&p->port);
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return goes_on;
}

static void *serve(void *arg)
{
    scripted_peer *p = arg;
    bool goes_on = true;
    while (goes_on) {
        struct pollfd fds[] = { { p->listener, POLLIN, 0 }, { p->wake[0], POLLIN, 0 } };
        poll(fds, 2, -1);
        if (fds[1].revents != 0)
            goes_on = look_again(p);
        else if (fds[0].revents != 0)
            take_connection(p);
    }
    return NULL;
}

static void wake(scripted_peer *p)
{
    assert_int_equal(write(p->wake[1], "", 1), 1);
}

scripted_peer *scripted_peer_start(void)
{
    scripted_peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->request = malloc(MAX_REQUEST);
    p->listener = open_listener(&p->port);
    p->listens = true;
    p->status = 202;
    assert_int_equal(pipe(p->wake), 0);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
    return p;
}

void scripted_peer_stop(scripted_peer **p)
{
    scripted_peer *it = *p;
    pthread_mutex_lock(&it->lock);
    it->stopping = true;
    pthread_mutex_unlock(&it->lock);
    wake(it);
    pthread_join(it->thread, NULL);
    if (it->listener >= 0)
        close(it->listener);
    close(it->wake[0]);
    close(it->wake[1]);
    for (size_t i = 0; i < it->n_messages; i++)
        free((void *)(uintptr_t)it->messages[i].at);
    pthread_mutex_destroy(&it->lock);
    pthread_cond_destroy(&it->changed);
    free(it->request);
    free(it);
    *p = NULL;
}

uint16_t scripted_peer_port(const scripted_peer *p)
{
    return p->port;
}

void scripted_peer_know(scripted_peer *p, const char *handle, const char *capability,
                        teal_bytes manifest)
{
    pthread_mutex_lock(&p->lock);
    known *k = NULL;
    for (size_t i = 0; i < p->n_known; i++)
        if (strcmp(p->known[i].handle, handle) == 0)
            k = &p->known[i];
    if (k == NULL) {
        assert_true(p->n_known < MAX_KNOWN);
        k = &p->known[p->n_known++];
    }
    teal_writer w = { (uint8_t *)k->manifest, sizeof k->manifest - 1, 0 };
    teal_base64url_encode(manifest, &w);
    k->manifest[w.len] = '\0';
    snprintf(k->handle, sizeof k->handle, "%s", handle);
    snprintf(k->capability, sizeof k->capability, "%s", capability != NULL ? capability : "");
    pthread_mutex_unlock(&p->lock);
}

void scripted_peer_say(scripted_peer *p, int status, const char *body, size_t times)
{
    pthread_mutex_lock(&p->lock);
    if (times > 0)
        p->next_status = p->status;
    p->status = status;
    p->left = times;
    p->holds = false;
    snprintf(p->body, sizeof p->body, "%s", body != NULL ? body : "");
    pthread_mutex_unlock(&p->lock);
    wake(p);
}

void scripted_peer_hold(scripted_peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->holds = true;
    pthread_mutex_unlock(&p->lock);
}

void scripted_peer_listen(scripted_peer *p, bool listens)
{
    pthread_mutex_lock(&p->lock);
    p->listens = listens;
    wake(p);
    while ((p->listener >= 0) != listens)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void scripted_peer_await(scripted_peer *p, size_t n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += AWAIT_S;
    int timed_out = 0;
    pthread_mutex_lock(&p->lock);
    while (p->n_messages < n && timed_out == 0)
        timed_out = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    size_t got = p->n_messages;
    pthread_mutex_unlock(&p->lock);
    if (got < n)
        fail_msg("the peer was sent %zu messages, not %zu", got, n);
}

size_t scripted_peer_count(scripted_peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->n_messages;
    pthread_mutex_unlock(&p->lock);
    return n;
}

teal_bytes scripted_peer_message(scripted_peer *p, size_t i)
{
    pthread_mutex_lock(&p->lock);
    assert_true(i < p->n_messages);
    teal_bytes message = p->messages[i];
    pthread_mutex_unlock(&p->lock);
    return message;
}

size_t scripted_peer_look_ups(scripted_peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->n_look_ups;
    pthread_mutex_unlock(&p->lock);
    return n;
}
