/* Opening a TCP connection in steps that never block. */
#include "gateway/links/dial.h"

#include "gateway/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct dial {
    dial_state state;
    struct gaicb query; /* ar_result: what was found, whoever found it */
    struct addrinfo hints;
    char port[8];
    struct addrinfo *next; /* the address to try after this one */
    int fd;
    const char *error;
};

static void fail(dial *d, const char *error)
{
    d->state = DIAL_FAILED;
    d->error = error;
}

static void close_fd(dial *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

/* Starts connecting to the next address that lets itself be tried. */
static void try_next(dial *d)
{
    for (close_fd(d); d->next != NULL; close_fd(d)) {
        const struct addrinfo *a = d->next;
        d->next = a->ai_next;
        d->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
        if (d->fd < 0)
            continue;
        int on = 1; /* FACTS: Nagle against delayed acknowledgements stalls every window */
        setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(d->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) {
            d->state = DIAL_CONNECTING;
            return;
        }
    }
    fail(d, "connection-refused");
}

static void resolved(dial *d, int error)
{
    if (error != 0) {
        fail(d, "host-unknown");
        return;
    }
    d->next = d->query.ar_result;
    try_next(d);
}

dial *dial_open(const char *host, uint16_t port)
{
    dial *d = calloc(1, sizeof *d);
    if (d == NULL)
        bug("out of memory");
    d->fd = -1;
    d->state = DIAL_RESOLVING;
    d->error = "";
    snprintf(d->port, sizeof d->port, "%u", port);
    d->hints = (struct addrinfo){ .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
    d->query = (struct gaicb){ .ar_name = host, .ar_service = d->port, .ar_request = &d->hints };

    /* An address needs no resolver, and no thread of it. */
    if (getaddrinfo(host, d->port, &d->hints, &d->query.ar_result) == 0) {
        resolved(d, 0);
        return d;
    }
    d->query.ar_result = NULL;
    d->hints.ai_flags = 0;
    struct gaicb *list[] = { &d->query };
    if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0)
        fail(d, "host-unknown");
    return d;
}

void dial_close(dial **d)
{
    if (*d == NULL)
        return;
    close_fd(*d);
    bool busy = (*d)->state == DIAL_RESOLVING && gai_cancel(&(*d)->query) == EAI_NOTCANCELED;
    if (!busy) { /* else the resolver still writes there: a few hundred octets are left to it */
        if ((*d)->query.ar_result != NULL)
            freeaddrinfo((*d)->query.ar_result);
        free(*d);
    }
    *d = NULL;
}

static void look_connected(dial *d)
{
    struct pollfd p = { .fd = d->fd, .events = POLLOUT };
    if (poll(&p, 1, 0) <= 0)
        return;
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
        d->state = DIAL_CONNECTED;
    else
        try_next(d);
}

dial_state dial_run(dial *d)
{
    if (d->state == DIAL_RESOLVING) {
        int error = gai_error(&d->query);
        if (error != EAI_INPROGRESS)
            resolved(d, error);
    }
    if (d->state == DIAL_CONNECTING)
        look_connected(d);
    return d->state;
}

dial_state dial_where(const dial *d)
{
    return d->state;
}

int dial_fd(const dial *d)
{
    return d->fd;
}

int dial_take(dial *d)
{
    int fd = d->fd;
    d->fd = -1;
    return fd;
}

const char *dial_error(const dial *d)
{
    return d->error;
}
