/* What of an envelope is a destination's to see: REQ-MSG-14, REQ-REST-21. */
#ifndef TEAL_GATEWAY_CORE_FORWARD_H
#define TEAL_GATEWAY_CORE_FORWARD_H

#include "codecs/native/manifest.h"

/* *out: e with only the wrapped keys for devices of these manifests, in order, all key_hashes, and
 * without enc and sealed. Views of e and of the arena. False: the arena is too small. */
bool forward_to(const teal_envelope *e, const teal_manifest *const *manifests, size_t n,
                teal_arena *arena, teal_envelope *out);
/* The same for one device. */
bool forward_to_device(const teal_envelope *e, const uint8_t device[static TEAL_DEVICE_BYTES],
                       teal_arena *arena, teal_envelope *out);

/* The whole list: e's own, or made from its keys. NULL: the arena is too small. */
const teal_hash *forward_key_hashes(const teal_envelope *e, teal_arena *arena, size_t *n);

#endif
