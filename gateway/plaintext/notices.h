/* What the room says to the edge: frames wait here until the channel takes them, so that a slow
 * edge never stops the room, and stay until the edge has acknowledged them, so that an edge that
 * starts anew hears all of it again, in the same order. */
#ifndef TEAL_GATEWAY_PLAINTEXT_NOTICES_H
#define TEAL_GATEWAY_PLAINTEXT_NOTICES_H

#include "gateway/channel.h"

/* Inside its owner; zeroed when it holds nothing. */
typedef struct notice {
    struct notice *next, *previous;
    uint8_t *frame;
    size_t len;
    bool once; /* nobody owns it: freed as soon as it was said */
} notice;

typedef struct notices {
    int fd;
    notice unsaid, said; /* heads of rings */
    size_t n_once;
} notices;

enum { NOTICES_MAX_ONCE = 8192 };

void notices_open(notices *n, int fd);
void notices_close(notices *n); /* frees once-notices; the others are their owners' */

/* Says the frame, and again after each notices_again, until notices_drop. A notice that is in use
 * is replaced. */
void notices_put(notices *n, notice *item, const Teal__V1__RoomFrame *frame);
/* Says the frame once. Dropped, and logged, when NOTICES_MAX_ONCE wait already. */
void notices_tell(notices *n, const Teal__V1__RoomFrame *frame);
/* Says once more what was said; of no effect on an empty notice. */
void notices_repeat(notices *n, notice *item);
void notices_drop(notices *n, notice *item);
/* The edge has started: first `hello`, then everything that was said, then what was not yet. */
void notices_again(notices *n, const Teal__V1__RoomFrame *hello);

bool notices_wait(const notices *n); /* something is unsaid: poll for POLLOUT */
/* Says as much as the channel takes now. False: the other end is gone for good. */
bool notices_flush(notices *n);

#endif
