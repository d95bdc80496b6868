/* What a device believes of text forwarding: words of the account key alone. */
#ifndef TEAL_CLIENT_GRANTS_H
#define TEAL_CLIENT_GRANTS_H

#include "codecs/native/forwarding_grant.h"
#include "codecs/native/manifest.h"
#include "gateway/client/keychain.h"

/* NULL, or the rule that does not hold: that it is a grant, signed by that account key. out: its
 * handle is a view of `encoded`. */
const char *grants_read(teal_bytes encoded, const uint8_t account_key[static TEAL_KEY_BYTES],
                        teal_forwarding_grant *out);

/* "granted", "revoked", "expired", or "void": the manifest has no such device any more. */
const char *grants_state(const teal_forwarding_grant *g, const teal_manifest *m, int64_t now_ms);

/* As `teal --json forwarding` and `inbox` print it, the caller's. m: what names the device. */
json_t *grants_item(const teal_forwarding_grant *g, const teal_manifest *m, int64_t now_ms);

/* In a transaction: one above every sequence that this device has signed or seen. seen: the highest
 * that the gateway shows. */
uint64_t grants_next_sequence(keychain *k, uint64_t seen);

#endif
