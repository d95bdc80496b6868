/* All that a device remembers, in one file under a passphrase: its secrets, and what it knows of
 * others. Changed in transactions, so that two `teal` at once do not overwrite each other's. */
#ifndef TEAL_CLIENT_KEYCHAIN_H
#define TEAL_CLIENT_KEYCHAIN_H

#include "codecs/native/envelope.h"
#include "gateway/client/outcome.h"

#include <jansson.h>

enum {
    KEYCHAIN_MAX_ONE_TIME = 1024,
    KEYCHAIN_LAST_RESORTS =
        2, /* the one in use, and the one before: messages may be on their way */
};

typedef struct keychain_prekey {
    uint32_t id;
    uint8_t sk[TEAL_KEY_BYTES];
} keychain_prekey;

typedef struct keychain_secrets {
    uint8_t account_sk[64], device_sk[64];                      /* libsodium's Ed25519 */
    uint8_t last_resort[KEYCHAIN_LAST_RESORTS][TEAL_KEY_BYTES]; /* newest first */
    size_t n_last_resort;
    keychain_prekey one_time[KEYCHAIN_MAX_ONE_TIME]; /* oldest first */
    size_t n_one_time;
} keychain_secrets;

typedef struct keychain {
    keychain_secrets *secrets; /* locked memory */
    json_t *state; /* what is not secret; its parts belong to the modules that read them */
    struct keychain_file *file;
} keychain;

/* Folder (0700), new keys, empty state. Begins a transaction: the file is there after the first
 * commit. Refuses where there is one. */
outcome keychain_make(const char *folder, teal_bytes passphrase, keychain **out);
outcome keychain_open(const char *folder, teal_bytes passphrase, keychain **out);
void keychain_close(keychain **k);

/* Waits for other processes, then reads what they have written: secrets and state are new, views
 * of the old ones are gone. Changes outside of a transaction are lost. No network in between. */
outcome keychain_begin(keychain *k);
/* Durable when it returns OK. Ends the transaction either way. */
outcome keychain_commit(keychain *k);
/* The same, under another passphrase from now on. */
outcome keychain_commit_under(keychain *k, teal_bytes passphrase);
/* Everything as it was before. */
void keychain_rollback(keychain *k);

#endif
