/* One attempt to open a TCP connection without ever blocking its caller: resolves the name, then
 * tries each address in turn. Must never be waited for: its owner polls. */
#ifndef TEAL_GATEWAY_LINKS_DIAL_H
#define TEAL_GATEWAY_LINKS_DIAL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct dial dial;

typedef enum dial_state {
    DIAL_RESOLVING,  /* no descriptor to poll yet: look again after DIAL_RESOLVE_POLL_MS */
    DIAL_CONNECTING, /* poll dial_fd for POLLOUT */
    DIAL_CONNECTED,  /* dial_take */
    DIAL_FAILED,     /* dial_error says why */
} dial_state;

enum { DIAL_RESOLVE_POLL_MS = 20 };

/* host: borrowed, must outlive the attempt. */
dial *dial_open(const char *host, uint16_t port);
void dial_close(dial **d); /* NULL-safe */

dial_state dial_run(dial *d);
dial_state dial_where(const dial *d); /* what dial_run said last */
int dial_fd(const dial *d);           /* -1: none */
/* The connected descriptor, non-blocking, TCP_NODELAY; the caller's from now on. */
int dial_take(dial *d);
const char *dial_error(const dial *d); /* static text */

#endif
