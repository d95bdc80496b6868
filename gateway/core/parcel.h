/* One stored message as one peer gets it. */
#ifndef TEAL_GATEWAY_CORE_PARCEL_H
#define TEAL_GATEWAY_CORE_PARCEL_H

#include "gateway/core/core.h"

typedef enum parcel_result {
    PARCEL_READY,
    PARCEL_STALE,       /* the recipient has no end-to-end encrypted path any more */
    PARCEL_UNREACHABLE, /* its network does not say which devices it has */
    PARCEL_FAILED,      /* our own store or memory; logged */
} parcel_result;

/* Which recipients of a message one POST to that peer serves: those whose delivery goes by rcs over
 * it. out: TEAL_MAX_RECIPIENTS. */
store_result parcel_recipients(store *s, int64_t message_seq, teal_bytes network, teal_arena *arena,
                               store_delivery *out, size_t *n);

/* The CPIM form of e, the message that d delivers: only the wrapped keys for devices of that peer's
 * recipients, all key_hashes, no fallback (REQ-MSG-14). */
parcel_result parcel_make(core *c, store *reader, const teal_envelope *e, const store_delivery *d,
                          int64_t now_ms, teal_arena *arena, teal_bytes *cpim);

#endif
