/* The keys of one user with one device, and what is done with them: the manifest, prekeys that are
 * handed out, opening and signing. Secret keys never leave this file. One thread at a time. */
#ifndef TEAL_TESTS_PEERS_ACCOUNT_H
#define TEAL_TESTS_PEERS_ACCOUNT_H

#include "codecs/native/manifest.h"

typedef struct account account;

/* seed: all keys but the one-time prekeys follow from it and the first handle, so that a network
 * that starts again still has the devices that others know. handles: borrowed for its life. */
account *account_new(const teal_bytes *handles, size_t n_handles, const uint8_t seed[static 32],
                     uint64_t created_at_ms);
void account_free(account **a);

teal_bytes account_manifest(const account *a);   /* encoded, signed */
const uint8_t *account_device(const account *a); /* TEAL_DEVICE_BYTES */

/* A one-time prekey, which is never handed out again; the last-resort one when they are used up. */
teal_prekey account_claim(account *a);

/* Whether it is sealed for the device; and whether for a prekey that the device still has. */
bool account_is_named(const account *a, const teal_envelope *e);
bool account_can_open(const account *a, const teal_envelope *e);

/* Opens what account_can_open says, and whose signature the caller has verified. content: of
 * e->ciphertext.len octets. The private part of a one-time prekey is destroyed by that. Returns as
 * teal_open. */
teal_result account_open(account *a, const teal_envelope *e, uint8_t *content, size_t *content_len,
                         teal_diag *why);

/* Signs with the device key; e->sender_device is account_device already. False: scratch is full. */
bool account_sign(const account *a, teal_envelope *e, const teal_arena *scratch);

#endif
