/* The own account, as the keychain has it: its manifest, its handles, this device. */
#ifndef TEAL_CLIENT_ACCOUNT_H
#define TEAL_CLIENT_ACCOUNT_H

#include "codecs/native/manifest.h"
#include "gateway/client/keychain.h"

/* A new device of that name, in a transaction. */
void account_make(keychain *k, const char *name, int64_t now_ms);

void account_device(const keychain *k, uint8_t id[static TEAL_DEVICE_BYTES]);
/* Ed25519, public. */
const uint8_t *account_key(const keychain *k);

/* The manifest that the gateway has taken; false: none yet. Lives in the arena. */
bool account_manifest(const keychain *k, teal_arena *arena, teal_manifest *out);
/* The same encoded; pending: the one that the gateway may have taken. */
bool account_encoded(const keychain *k, bool pending, teal_arena *arena, teal_bytes *out);

/* Of the handle that messages are sent from; empty: none is registered. In the arena. */
teal_bytes account_handle(const keychain *k, teal_arena *arena);
bool account_has_handle(const keychain *k, teal_bytes handle);

/* Makes the next manifest the pending one, with `handles` and this device, in a transaction. */
void account_propose(keychain *k, const teal_bytes *handles, size_t n, int64_t now_ms,
                     teal_arena *arena);
/* In a transaction: the gateway has taken the pending manifest, or has refused it. */
void account_settle(keychain *k, bool taken);

#endif
