/* All manifests that an account has had, as the gateway shows them: each signed by the account key,
 * naming the one before, and proved to be in the key log. REQ-LOG-22. */
#ifndef TEAL_CLIENT_MANIFEST_CHAIN_H
#define TEAL_CLIENT_MANIFEST_CHAIN_H

#include "codecs/native/manifest.h"
#include "gateway/client/session.h"

typedef struct manifest_chain {
    uint64_t first, last; /* versions; first is above 1 where the log began later */
    teal_hash *hashes;    /* of first and those behind it, in the session's arena */
    size_t n;
} manifest_chain;

/* *wrong: NULL, or the rule that does not hold. Returns the last call's outcome; nothing has been
 * said but what seen_heads_take says. */
outcome manifest_chain_fetch(session *s, teal_bytes handle,
                             const uint8_t account_key[static TEAL_KEY_BYTES], manifest_chain *out,
                             const char **wrong);

bool manifest_chain_has(const manifest_chain *c, const teal_hash *manifest);

#endif
