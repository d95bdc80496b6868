/* The gateway's own keys. `teald --init` makes them, each process reads only its own file:
 *   STATE/account.key    signs the gateway's manifest; no process reads it: keep it off the machine
 *   STATE/edge.key       the edge's device key: receipts of what stayed end-to-end encrypted
 *   STATE/plaintext.key  the room's device key and the downgrade key
 *   STATE/gateway.manifest  public
 * Secrets live in sodium_malloc memory. */
#ifndef TEAL_GATEWAY_KEYS_H
#define TEAL_GATEWAY_KEYS_H

#include "codecs/native/manifest.h"
#include "gateway/config.h"

typedef struct keys_device {
    uint8_t id[TEAL_DEVICE_BYTES];
    uint8_t sk[64]; /* Ed25519, libsodium form */
} keys_device;

typedef struct keys_room {
    keys_device device;
    uint8_t downgrade_pk[32], downgrade_sk[32];
    uint8_t downgrade_id[TEAL_GATEWAY_KEY_BYTES];
    teal_prekey published; /* prekey 0 of the device, signed */
} keys_room;

/* Makes keys and manifest. Refuses (false, with a line on errors) where any of the files is there.
 */
bool keys_init(const config *c, FILE *errors);

/* NULL: a line on errors with file and remedy (missing, wrong size, readable by others, ...).
 * Freed with keys_free_*, which wipe. */
keys_device *keys_load_edge(const config *c, FILE *errors);
keys_room *keys_load_room(const config *c, FILE *errors);
void keys_free_edge(keys_device **k);
void keys_free_room(keys_room **k);

/* The gateway's manifest: encoded into buf (TEAL_MAX_MANIFEST_BYTES), *len. False: as above. */
bool keys_load_manifest(const config *c, uint8_t *buf, size_t *len, FILE *errors);

#endif
