/* The prekeys of this device: the private parts in the keychain, the public ones at the gateway. */
#ifndef TEAL_CLIENT_PREKEYS_H
#define TEAL_CLIENT_PREKEYS_H

#include "codecs/native/manifest.h"
#include "gateway/client/session.h"

enum { PREKEYS_WANTED = 100, PREKEYS_FEW = 20 };

/* Opens e with this device's wrapped key, in a transaction, and deletes the one-time prekey that
 * has opened it. content: e->ciphertext.len octets of room. Answers NULL, or the rule that does not
 * hold. */
const char *prekeys_open(keychain *k, const teal_envelope *e, uint8_t *content, size_t *len);

/* The last-resort prekey, in a transaction: a new one if there is none, or a week has passed since
 * the newest was published. */
void prekeys_last_resort(keychain *k, int64_t now_ms, teal_prekey *out);
/* The gateway has it, in a transaction. */
void prekeys_published(keychain *k, int64_t now_ms);

/* Uploads new ones if the gateway has fewer than PREKEYS_FEW one-time prekeys of this device, or
 * the last-resort prekey is a week old. In a transaction of its own. *left: as the gateway counts.
 */
outcome prekeys_replenish(session *s, size_t *left);
/* The same, but asks nothing where so many are known to be left and the last-resort prekey is
 * young.
 */
outcome prekeys_keep(session *s, size_t known_left);
/* At the end of any command: replaces a last-resort prekey that is a week old. Its failure is a
 * note.
 */
void prekeys_rotate(session *s);

#endif
