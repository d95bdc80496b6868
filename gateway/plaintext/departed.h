/* What has left, and to whom. A Submit is known by the edge's reference, which the edge may change;
 * this knows the message itself, so that no edge, confused or hostile, makes one consent send
 * twice. Bounded and in memory only: holds for the last hundred thousand or so of this process. */
#ifndef TEAL_GATEWAY_PLAINTEXT_DEPARTED_H
#define TEAL_GATEWAY_PLAINTEXT_DEPARTED_H

#include "codecs/native/envelope.h"

typedef struct departed departed;

departed *departed_open(void);
void departed_close(departed **d);

bool departed_has(const departed *d, const teal_hash *transcript, teal_bytes recipient);
void departed_put(departed *d, const teal_hash *transcript, teal_bytes recipient);
/* It has not left after all. Nothing where it is not there. */
void departed_drop(departed *d, const teal_hash *transcript, teal_bytes recipient);

#endif
