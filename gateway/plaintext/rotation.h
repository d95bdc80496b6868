/* Downgrade keys over time: the room makes the next one itself when it is asked to, and destroys
 * those whose overlap is over. PROTOCOL.md REQ-KEY-3..5. */
#ifndef TEAL_GATEWAY_PLAINTEXT_ROTATION_H
#define TEAL_GATEWAY_PLAINTEXT_ROTATION_H

#include "gateway/plaintext/state.h"

/* What the edge is told of the keys: views of itself, until it is filled again. */
typedef struct rotation_news {
    uint8_t key[256];
    size_t key_len;
    Teal__V1__RetiredKey retired[KEY_MAX_DOWNGRADES], *list[KEY_MAX_DOWNGRADES];
    size_t n_retired;
} rotation_news;
void rotation_tell(const room *r, rotation_news *out);

/* Frame RotateDowngrade: answers Rotated, with a reason where nothing has changed. */
void rotation_asked(room *r, uint64_t ref);
/* In each turn. */
void rotation_run(room *r);

#endif
