/* See lying_peer.h. */
#include "tests/support/lying_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_HELD = 16, MAX_BODY = 128 << 10 };

struct lying_peer {
    int listener, wake[2]; /* a byte into wake: look again */
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t asked;
    bool stopping;
    int status;
    char body[MAX_BODY];
    size_t n_requests;
    char last[1024];
    int held[MAX_HELD];
    size_t n_held;
};

static void answer(const lying_peer *p, int fd)
{
    char head[128];
    int len = snprintf(head, sizeof head,
                       "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       p->status, strlen(p->body));
    if (send(fd, head, (size_t)len, MSG_NOSIGNAL) == len)
        send(fd, p->body, strlen(p->body), MSG_NOSIGNAL);
    close(fd);
}

/* The requests of these tests have no bodies. */
static bool read_request(int fd, char *out, size_t cap)
{
    size_t len = 0;
    while (len < cap - 1) {
        ssize_t n = recv(fd, out + len, cap - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        out[len] = '\0';
        if (strstr(out, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static void take_connection(lying_peer *p)
{
    char request[sizeof p->last];
    int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || !read_request(fd, request, sizeof request)) {
        close(fd);
        return;
    }
    pthread_mutex_lock(&p->lock);
    request[strcspn(request, "\r")] = '\0';
    memcpy(p->last, request, sizeof request);
    p->n_requests++;
    if (p->status != 0 || p->n_held == MAX_HELD)
        answer(p, fd);
    else
        p->held[p->n_held++] = fd;
    pthread_cond_broadcast(&p->asked);
    pthread_mutex_unlock(&p->lock);
}

/* Answers what is held, where there is something to say. False: it is to stop. */
static bool look_again(lying_peer *p)
{
    char byte;
    bool goes_on = read(p->wake[0], &byte, 1) == 1;
    pthread_mutex_lock(&p->lock);
    goes_on = goes_on && !p->stopping;
    while (p->n_held > 0 && (p->status != 0 || !goes_on)) {
        p->n_held--;
        if (goes_on)
            answer(p, p->held[p->n_held]);
        else
            close(p->held[p->n_held]);
    }
    pthread_mutex_unlock(&p->lock);
    return goes_on;
}

static void *serve(void *arg)
{
    lying_peer *p = arg;
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

lying_peer *lying_peer_start(void)
{
    lying_peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->status = 404;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(p->listener >= 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(p->listener, 16), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&address, &len), 0);
    p->port = ntohs(address.sin_port);
    assert_int_equal(pipe(p->wake), 0);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->asked, NULL);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
    return p;
}

static void wake(lying_peer *p)
{
    assert_int_equal(write(p->wake[1], "", 1), 1);
}

void lying_peer_stop(lying_peer **p)
{
    pthread_mutex_lock(&(*p)->lock);
    (*p)->stopping = true;
    pthread_mutex_unlock(&(*p)->lock);
    wake(*p);
    pthread_join((*p)->thread, NULL);
    close((*p)->listener);
    close((*p)->wake[0]);
    close((*p)->wake[1]);
    pthread_cond_destroy(&(*p)->asked);
    pthread_mutex_destroy(&(*p)->lock);
    free(*p);
    *p = NULL;
}

uint16_t lying_peer_port(const lying_peer *p)
{
    return p->port;
}

void lying_peer_say(lying_peer *p, int status, const char *body)
{
    pthread_mutex_lock(&p->lock);
    p->status = status;
    assert_true(strlen(body) < sizeof p->body);
    memcpy(p->body, body, strlen(body) + 1);
    pthread_mutex_unlock(&p->lock);
    wake(p);
}

size_t lying_peer_requests(lying_peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->n_requests;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void lying_peer_await(lying_peer *p, size_t requests)
{
    pthread_mutex_lock(&p->lock);
    while (p->n_requests < requests)
        pthread_cond_wait(&p->asked, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

const char *lying_peer_asked(lying_peer *p)
{
    static char last[sizeof p->last];
    pthread_mutex_lock(&p->lock);
    memcpy(last, p->last, sizeof last);
    pthread_mutex_unlock(&p->lock);
    return last;
}
