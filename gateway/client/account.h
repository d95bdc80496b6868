/* The own account, as the keychain has it: its manifest, its handles, this device. */
#ifndef TEAL_CLIENT_ACCOUNT_H
#define TEAL_CLIENT_ACCOUNT_H

#include "codecs/native/manifest.h"
#include "gateway/client/keychain.h"

/* A new device of that name, in a transaction. */
void account_make(keychain *k, const char *name, int64_t now_ms);

void account_device(const keychain *k, uint8_t id[static TEAL_DEVICE_BYTES]);
/* As it stands in manifests; the name is in the arena. */
teal_device account_this(const keychain *k, teal_arena *arena);
/* Ed25519, public. */
const uint8_t *account_key(const keychain *k);
/* Whether this device made the account: it alone can sign manifests. REQ-DEV-7 */
bool account_signs(const keychain *k);
/* In a transaction: this device belongs to another's account from now on. */
void account_join(keychain *k, const uint8_t account_pk[static TEAL_KEY_BYTES]);

/* The manifest that the gateway has taken; false: none yet. Lives in the arena. */
bool account_manifest(const keychain *k, teal_arena *arena, teal_manifest *out);
/* The same encoded; pending: the one that the gateway may have taken. */
bool account_encoded(const keychain *k, bool pending, teal_arena *arena, teal_bytes *out);

/* Of the handle that messages are sent from; empty: none is registered. In the arena. */
teal_bytes account_handle(const keychain *k, teal_arena *arena);
bool account_has_handle(const keychain *k, teal_bytes handle);

/* Makes the next manifest the pending one, in a transaction, on a device that signs. */
void account_propose(keychain *k, const teal_bytes *handles, size_t n_handles,
                     const teal_device *devices, size_t n_devices, int64_t now_ms,
                     teal_arena *arena);
/* In a transaction: the gateway has taken the pending manifest, or has refused it. */
void account_settle(keychain *k, bool taken);

/* In a transaction: takes a manifest that came from the gateway, if it is newer than the known one.
 * *out: it, decoded. Answers NULL, or the rule that does not hold. REQ-DIR-24, REQ-DEV-10. */
const char *account_take(keychain *k, teal_bytes encoded, teal_arena *arena, teal_manifest *out,
                         bool *newer);

/* What has changed from one manifest to the next: an object as `teal --json inbox` prints it, the
 * caller's. NULL: no device and no handle. */
json_t *account_change(const teal_manifest *before, const teal_manifest *now);

#endif
