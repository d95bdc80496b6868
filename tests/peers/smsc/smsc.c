/* One poll loop over all sessions. */
#include "tests/peers/smsc/smsc.h"

#include "tests/peers/smsc/answers.h"

#include "tests/peers/shared/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(*port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)&address, len) == 0 && listen(fd, SMSC_SESSIONS) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &len) == 0) {
        *port = ntohs(address.sin_port);
        return fd;
    }
    fprintf(stderr, "smsc: cannot listen on 127.0.0.1:%u: %s\n", *port, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool smsc_open(smsc *s, uint16_t *port)
{
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; i < SMSC_SESSIONS; i++)
        s->sessions[i].fd = -1;
    s->run = randombytes_random();
    s->phones = phones_open();
    s->outbox = outbox_open();
    s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->listener = listen_on(port);
    return s->phones != NULL && s->outbox != NULL && s->wake >= 0 && s->listener >= 0;
}

void smsc_close(smsc *s)
{
    for (size_t i = 0; i < SMSC_SESSIONS; i++)
        session_close(&s->sessions[i]);
    phones_close(&s->phones);
    outbox_close(&s->outbox);
    close(s->wake);
    close(s->listener);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}

session *smsc_bound(smsc *s)
{
    for (size_t i = 0; i < SMSC_SESSIONS; i++)
        if (s->sessions[i].bound)
            return &s->sessions[i];
    return NULL;
}

void smsc_wake(smsc *s)
{
    eventfd_write(s->wake, 1);
}

static void accept_session(smsc *s, int64_t now_ms)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (size_t i = 0; fd >= 0 && i < SMSC_SESSIONS; i++) {
        if (s->sessions[i].fd < 0) {
            session_open(&s->sessions[i], fd, now_ms);
            return;
        }
    }
    if (fd >= 0)
        close(fd);
}

static void serve(smsc *s, session *e, short revents, int64_t now_ms)
{
    teal_bytes unit;
    size_t done = 0;
    if ((revents & ~POLLOUT) != 0) {
        session_receive(e, now_ms);
        while (session_next(e, &done, &unit))
            answers_take(s, e, unit, now_ms);
        session_consume(e, done);
    }
    session_tick(e, now_ms);
}

/* Sends what the bound ESME has to get, then writes to all and closes what has ended. */
static void finish_turn(smsc *s, int64_t now_ms)
{
    session *bound = smsc_bound(s);
    if (bound != NULL)
        answers_deliver(s, bound, now_ms);
    for (size_t i = 0; i < SMSC_SESSIONS; i++) {
        session *e = &s->sessions[i];
        session_flush(e);
        if (!e->ending)
            continue;
        if (e->bound)
            outbox_return(s->outbox);
        session_close(e);
    }
    phones_expire(s->phones, now_ms);
    pthread_cond_broadcast(&s->changed);
}

static int patience_ms(smsc *s, int64_t now_ms)
{
    int64_t due_ms = now_ms + SESSION_ENQUIRE_MS;
    const session *bound = smsc_bound(s);
    if (bound != NULL && session_has_room(bound) && outbox_due_ms(s->outbox) < due_ms)
        due_ms = outbox_due_ms(s->outbox);
    for (size_t i = 0; i < SMSC_SESSIONS; i++)
        if (s->sessions[i].fd >= 0 && session_due_ms(&s->sessions[i]) < due_ms)
            due_ms = session_due_ms(&s->sessions[i]);
    return due_ms > now_ms ? (int)(due_ms - now_ms) : 0;
}

enum { STOP, WAKE, LISTENER, FIRST_SESSION };

void smsc_run(smsc *s, int stop)
{
    struct pollfd p[FIRST_SESSION + SMSC_SESSIONS] = {
        [STOP] = { stop, POLLIN, 0 },
        [WAKE] = { s->wake, POLLIN, 0 },
        [LISTENER] = { s->listener, POLLIN, 0 },
    };
    pthread_mutex_lock(&s->lock);
    while (p[STOP].revents == 0) {
        for (size_t i = 0; i < SMSC_SESSIONS; i++)
            p[FIRST_SESSION + i] =
                (struct pollfd){ s->sessions[i].fd, session_events(&s->sessions[i]), 0 };
        int wait_ms = patience_ms(s, clock_monotonic_ms());
        pthread_mutex_unlock(&s->lock);
        poll(p, sizeof p / sizeof p[0], wait_ms);
        pthread_mutex_lock(&s->lock);

        eventfd_t orders;
        int64_t now_ms = clock_monotonic_ms();
        eventfd_read(s->wake, &orders);
        for (size_t i = 0; i < SMSC_SESSIONS; i++)
            if (s->sessions[i].fd >= 0)
                serve(s, &s->sessions[i], p[FIRST_SESSION + i].revents, now_ms);
        if (p[LISTENER].revents != 0)
            accept_session(s, now_ms);
        finish_turn(s, now_ms);
    }
    s->stopping = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}
