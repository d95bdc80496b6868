/* The files of the gateway's secrets, in the state folder: each in a frame that finds damage, and
 * sealed under the operator's passphrase unless [keys] protection = none. Messages are one line:
 * file: what. remedy. */
#ifndef TEAL_GATEWAY_KEY_FILE_H
#define TEAL_GATEWAY_KEY_FILE_H

#include "codecs/native/envelope.h"
#include "gateway/config.h"
#include "gateway/sealed_file.h"

enum {
    KEY_SEED_BYTES = 32,
    KEY_MAX_DOWNGRADES = 8, /* the one in force, and those that consents may still be sealed to */
};

/* Who reads it. */
typedef enum key_owner { KEY_ACCOUNT, KEY_EDGE, KEY_ROOM, KEY_OWNERS } key_owner;

typedef struct key_downgrade {
    uint8_t sk[TEAL_KEY_BYTES];
    uint64_t until_ms; /* 0: it is the one in force */
} key_downgrade;

/* What a file holds; in locked memory. */
typedef struct key_parts {
    uint8_t id[TEAL_DEVICE_BYTES];                /* not of the account */
    uint8_t seed[KEY_SEED_BYTES];                 /* Ed25519 */
    key_downgrade downgrades[KEY_MAX_DOWNGRADES]; /* of the room; the one in force is first */
    size_t n_downgrades;
} key_parts;

/* "edge.key" */
const char *key_file_name(key_owner owner);

/* Whether one of the files that are there is sealed. */
bool key_file_any_sealed(const config *c);

/* What opens this file, and no other: derived from the passphrase. *out is NULL where files are not
 * protected. False: a line on errors. */
bool key_file_unlock(const config *c, key_owner owner, teal_bytes passphrase, sealed_key **out,
                     FILE *errors);
/* The same, whatever the configuration says: the first of the two passphrases that fits. */
bool key_file_unlock_any(const config *c, key_owner owner, const teal_bytes passphrases[static 2],
                         sealed_key **out, FILE *errors);
/* The same for a file to come, with a salt of its own. */
bool key_file_new_lock(const config *c, teal_bytes passphrase, sealed_key **out, FILE *errors);

/* key: of the two above. name: key_file_name, or another one for a file that is to take its place.
 * make: must not be there; replace: the old file or the new one, whatever happens. */
bool key_file_make(const config *c, key_owner owner, const sealed_key *key, const key_parts *parts,
                   FILE *errors);
bool key_file_replace(const config *c, const char *name, key_owner owner, const sealed_key *key,
                      const key_parts *parts, FILE *errors);
bool key_file_read(const config *c, const char *name, key_owner owner, const sealed_key *key,
                   key_parts *out, FILE *errors);

#endif
