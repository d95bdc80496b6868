/* The account keys by which others are known. The first one seen is kept; another one is not taken
 * without its owner's word for it. REQ-DIR-24. */
#ifndef TEAL_CLIENT_CONTACTS_H
#define TEAL_CLIENT_CONTACTS_H

#include "gateway/client/keychain.h"

typedef enum contacts_trust { CONTACTS_NEW, CONTACTS_KNOWN, CONTACTS_CHANGED } contacts_trust;

/* Own handles are known by the own key. */
contacts_trust contacts_check(const keychain *k, teal_bytes handle,
                              const uint8_t key[static TEAL_KEY_BYTES]);
/* In a transaction. */
void contacts_pin(keychain *k, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES]);
const char *contacts_trust_name(contacts_trust trust); /* "new" … */

/* A key for people to compare: hexadecimal, in groups of four. */
enum { CONTACTS_FINGERPRINT_BYTES = 2 * TEAL_KEY_BYTES + TEAL_KEY_BYTES / 2 };
const char *contacts_fingerprint(const uint8_t key[static TEAL_KEY_BYTES],
                                 char out[static CONTACTS_FINGERPRINT_BYTES]);

/* Says, loudly, that the key has changed. */
outcome contacts_refuse(const keychain *k, teal_bytes handle,
                        const uint8_t key[static TEAL_KEY_BYTES]);

#endif
