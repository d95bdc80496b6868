/* Messages sent, and what has been heard of them. */
#ifndef TEAL_CLIENT_SENT_H
#define TEAL_CLIENT_SENT_H

#include "gateway/client/keychain.h"

enum { SENT_MAX = 1000 };

/* In transactions. floor: TEAL_E2EE where no consent was given. Drops the oldest beyond SENT_MAX.
 */
void sent_add(keychain *k, const teal_envelope *e, const teal_hash *transcript, teal_level floor);
void sent_remove(keychain *k, teal_bytes message_id);
/* Takes a receipt that verified (an item of the inbox). False: it is there already. */
bool sent_add_receipt(keychain *k, const json_t *receipt);
bool sent_add_device_receipt(keychain *k, const json_t *receipt);

/* {"message_id","to","sent_at_ms","receipts","device_receipts", …}, or NULL. Borrowed. */
const json_t *sent_find(const keychain *k, teal_bytes message_id);
/* Oldest first. Borrowed; may be NULL. */
const json_t *sent_all(const keychain *k);

/* Views that live as long as `sent`. */
size_t sent_recipients(const json_t *sent, teal_bytes out[static TEAL_MAX_RECIPIENTS]);
bool sent_transcript(const json_t *sent, teal_hash *out);
teal_level sent_floor(const json_t *sent);

#endif
