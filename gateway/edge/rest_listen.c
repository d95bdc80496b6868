/* Listening; in clear text on loopback only, unless the configuration says otherwise. */
#include "gateway/edge/rest_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static bool bind_and_listen(int fd, const struct addrinfo *a)
{
    const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char service[8];
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, service, sizeof service,
                    NI_NUMERICSERV) != 0)
        return 0;
    return (uint16_t)strtoul(service, NULL, 10);
}

int rest_listen(const char *host, bool anywhere, uint16_t *port, FILE *errors)
{
    char service[8];
    snprintf(service, sizeof service, "%u", *port);
    const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    int fd = -1;
    int failure = getaddrinfo(host, service, &wanted, &found);
    if (failure != 0) {
        fprintf(errors, "listen: %s: %s. Give 127.0.0.1:PORT.\n", host, gai_strerror(failure));
        goto out;
    }
    if (!anywhere && !is_loopback(found->ai_addr)) {
        fprintf(errors,
                "listen: %s is not on loopback, and there is no TLS (REQ-REST-5). Add [tls].\n",
                host);
        goto out;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !bind_and_listen(fd, found)) {
        fprintf(errors, "listen: %s:%s: %s. Free the port, or give another one.\n", host, service,
                strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
        goto out;
    }
    *port = port_of(fd);
out:
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}
