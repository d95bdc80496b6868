/* What the gateway was before: versions of its manifest, by which receipts of devices that have
 * gone verify, and downgrade keys that it has replaced. Members of the keychain's gateway: past, an
 * array of manifests, oldest first; former, one of keys. PROTOCOL.md REQ-KEY-6..8. */
#ifndef TEAL_CLIENT_GATEWAY_PAST_H
#define TEAL_CLIENT_GATEWAY_PAST_H

#include "gateway/client/session.h"
#include "gateway/client/verify.h"

/* Fills out->past of what the keychain has. False: it is malformed. */
bool gateway_past_read(const json_t *gateway, teal_arena *arena, verify_gateway *out);

/* From the gateway as it is known to what it says now, of the same account key: asks for the
 * versions between and checks that each follows from the one before. Fills now->past. *past: what
 * to keep, the caller's. Has said what is wrong. */
outcome gateway_past_follow(session *s, const verify_gateway *known, verify_gateway *now,
                            json_t **past);

/* Before the gateway's new members are kept: remembers the downgrade key that goes. */
void gateway_past_keep_key(json_t *gateway, const verify_gateway *now);
/* Whether that downgrade key was replaced before. */
bool gateway_past_has_key(const json_t *gateway, const uint8_t key[static TEAL_KEY_BYTES]);

#endif
