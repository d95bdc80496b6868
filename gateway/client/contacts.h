/* The account keys by which others are known. The first one seen is kept; another one is not taken
 * without its owner's word for it. REQ-DIR-24. */
#ifndef TEAL_CLIENT_CONTACTS_H
#define TEAL_CLIENT_CONTACTS_H

#include "codecs/native/manifest.h"
#include "gateway/client/keychain.h"

typedef enum contacts_trust { CONTACTS_NEW, CONTACTS_KNOWN, CONTACTS_CHANGED } contacts_trust;

/* Own handles are known by the own key. */
contacts_trust contacts_check(const keychain *k, teal_bytes handle,
                              const uint8_t key[static TEAL_KEY_BYTES]);
/* In a transaction. */
void contacts_pin(keychain *k, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES]);
/* What is remembered of the manifest that was seen last: version, hash, devices. In a transaction,
 * with the key. Own handles' are the account's. */
void contacts_note(keychain *k, teal_bytes handle, const teal_manifest *m);
/* The same of a manifest that only its entry in the key log is known of. */
void contacts_note_entry(keychain *k, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES],
                         uint64_t version, const teal_hash *hash);
/* That a manifest of the handle was proved to be in the key log. In a transaction. */
void contacts_note_logged(keychain *k, teal_bytes handle);
bool contacts_was_logged(const keychain *k, teal_bytes handle);
/* NULL, or that the manifest is older than one that was seen, or another one of the same version.
 * REQ-DEV-10 */
const char *contacts_order(const keychain *k, teal_bytes handle, const teal_manifest *m);
/* Says which devices of somebody who is known were not there before. */
void contacts_tell_new(const keychain *k, teal_bytes handle, const teal_manifest *m);
const char *contacts_trust_name(contacts_trust trust); /* "new" … */

/* A key for people to compare: hexadecimal, in groups of four. */
enum { CONTACTS_FINGERPRINT_BYTES = 2 * TEAL_KEY_BYTES + TEAL_KEY_BYTES / 2 };
const char *contacts_fingerprint(const uint8_t key[static TEAL_KEY_BYTES],
                                 char out[static CONTACTS_FINGERPRINT_BYTES]);

/* Says, loudly, that the key has changed. */
outcome contacts_refuse(const keychain *k, teal_bytes handle,
                        const uint8_t key[static TEAL_KEY_BYTES]);

#endif
