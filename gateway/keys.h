/* The gateway's own keys. `teald --init` makes them, each process reads only its own file:
 *   STATE/account.key    signs the gateway's manifest; no process reads it: keep it off the machine
 *   STATE/edge.key       the edge's device key: receipts of what stayed end-to-end encrypted
 *   STATE/plaintext.key  the room's device key and the downgrade keys
 *   STATE/gateway.manifest  public; gateway.manifest.N: version N, once another one has followed
 * Secrets live in sodium_malloc memory. PROTOCOL.md REQ-KEY-*. */
#ifndef TEAL_GATEWAY_KEYS_H
#define TEAL_GATEWAY_KEYS_H

#include "codecs/native/manifest.h"
#include "gateway/key_file.h"

typedef struct keys_device {
    uint8_t id[TEAL_DEVICE_BYTES];
    uint8_t sk[64]; /* Ed25519, libsodium form */
} keys_device;

typedef struct keys_downgrade {
    uint8_t pk[32], sk[32];
    uint8_t id[TEAL_GATEWAY_KEY_BYTES];
    int64_t until_ms; /* consents may be sealed to it before then; INT64_MAX: it is in force */
} keys_downgrade;

enum { KEYS_MAX_FORMER = 8 };

typedef struct keys_room {
    keys_device device;
    struct {
        uint8_t id[TEAL_DEVICE_BYTES], pk[TEAL_KEY_BYTES];
    } former[KEYS_MAX_FORMER]; /* the devices before it, newest first: what they have signed is ours
                                */
    size_t n_former;
    keys_downgrade downgrades[KEY_MAX_DOWNGRADES]; /* the one in force is first */
    size_t n_downgrades;
    teal_prekey published; /* prekey 0 of the device, signed: the downgrade key in force */
} keys_room;

/* Makes keys and manifest. Refuses (false, with a line on errors) where any of the files is there.
 * passphrase: looked at where [keys] asks for one. */
bool keys_init(const config *c, teal_bytes passphrase, FILE *errors);

/* NULL: a line on errors with file and remedy (missing, wrong size, readable by others, ...).
 * key: of key_file_unlock, NULL where files are not protected. A rotation that was cut short is
 * brought to its end. Freed with keys_free_*, which wipe. */
keys_device *keys_load_edge(const config *c, const sealed_key *key, FILE *errors);
keys_room *keys_load_room(const config *c, const sealed_key *key, FILE *errors);
void keys_free_edge(keys_device **k);
void keys_free_room(keys_room **k);

/* The gateway's manifest: encoded into buf (TEAL_MAX_MANIFEST_BYTES), *len. False: as above. */
bool keys_load_manifest(const config *c, uint8_t *buf, size_t *len, FILE *errors);
/* One of its versions, the newest one too. False: there is no such version here. */
bool keys_load_manifest_version(const config *c, uint64_t version, uint8_t *buf, size_t *len);

/* ---- rotation: after a crash at any step the old keys are there, or the new ones --------------
 */

/* By the room, for itself. The key in force goes on opening for the overlap, which begins now.
 * False: a line on errors, and all is as it was; also where KEY_MAX_DOWNGRADES are kept already. */
bool keys_rotate_downgrade(const config *c, const sealed_key *key, keys_room *k, int64_t now_ms,
                           FILE *errors);
/* Wipes those whose overlap is over, from the file first. *retired: how many. */
bool keys_retire_downgrades(const config *c, const sealed_key *key, keys_room *k, int64_t now_ms,
                            size_t *retired, FILE *errors);
/* The one of that id that may be sealed to now; NULL: none. */
const keys_downgrade *keys_find_downgrade(const keys_room *k,
                                          const uint8_t id[static TEAL_GATEWAY_KEY_BYTES],
                                          int64_t now_ms);

/* While no process runs: KEY_EDGE or KEY_ROOM gets a new id and signing key, and the manifest a new
 * version with it, signed by account.key, which has to be there. */
bool keys_rotate_device(const config *c, key_owner owner, teal_bytes passphrase, FILE *errors);
/* Seals, or unseals, every file as [keys] asks. Where it was cut short it can be repeated. */
bool keys_change_passphrase(const config *c, teal_bytes old, teal_bytes new_one, FILE *errors);

#endif
