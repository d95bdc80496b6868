/* Whose account key a handle was first seen with. The directory is the edge's, so without this the
 * edge could show its own manifest in place of a known sender's and consent in their name.
 * Bounded and in memory only: protects what this process has dealt with. */
#ifndef TEAL_GATEWAY_PLAINTEXT_PINS_H
#define TEAL_GATEWAY_PLAINTEXT_PINS_H

#include "codecs/native/envelope.h"

typedef struct pins pins;

pins *pins_open(size_t max);
void pins_close(pins **p);

/* Whether that key may stand for the handle: none is pinned, or that one. */
bool pins_allow(const pins *p, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES]);
/* Pins it where nothing is. Once full, nothing more is pinned, and nothing ever forgotten: an edge
 * that floods the table cannot push out a key that is known. */
void pins_put(pins *p, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES]);

#endif
