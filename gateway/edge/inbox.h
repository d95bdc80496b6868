/* GET /v1/inbox, POST /v1/inbox/ack: what waits for a native device. */
#ifndef TEAL_GATEWAY_EDGE_INBOX_H
#define TEAL_GATEWAY_EDGE_INBOX_H

#include "codecs/native/envelope.h"

/* Makes of an envelope what one device is given: its wrapped keys alone, the whole list in
 * key_hashes, nothing of the fallback but its hash. The signature holds as before. REQ-REST-21.
 * out:   a copy that shares e's memory.   arena: holds the lists.
 * False: the arena does not suffice. */
bool inbox_filter(const teal_envelope *e, const uint8_t device[static TEAL_DEVICE_BYTES],
                  teal_arena *arena, teal_envelope *out);

#endif
