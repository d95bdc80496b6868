/* Which devices of an account a text is sealed for: the first of its manifest, and those that the
 * account key has granted it. Believes signatures alone, and remembers the highest sequence that it
 * has seen, so that an edge cannot show a grant again that was taken back. Bounded and in memory
 * only: an edge that kept a revocation from this process can use the grant until it expires.
 * PROTOCOL.md REQ-FWD-4, -5. */
#ifndef TEAL_GATEWAY_PLAINTEXT_GRANTED_H
#define TEAL_GATEWAY_PLAINTEXT_GRANTED_H

#include "codecs/native/forwarding_grant.h"
#include "codecs/native/manifest.h"

typedef struct granted granted;

granted *granted_open(size_t max);
void granted_close(granted **g);

/* account: verified, names the handle, and of the key that the room knows it by. shown: encoded
 * grants, of which only what verifies counts. may: by place in the manifest. Once full, nothing
 * more is remembered, and nothing ever forgotten: what stands in `shown` counts by itself then. */
void granted_judge(granted *g, const teal_manifest *account, teal_bytes handle,
                   const teal_bytes *shown, size_t n_shown, int64_t now_ms,
                   bool may[static TEAL_MAX_DEVICES]);

#endif
