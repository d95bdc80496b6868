/* What has been shown already: an item that comes again after a crash is acknowledged, not shown.
 */
#ifndef TEAL_CLIENT_RECEIVED_H
#define TEAL_CLIENT_RECEIVED_H

#include "gateway/client/keychain.h"

enum { RECEIVED_MAX = 4000 };

/* item: the hash of its transcript where that verified, else of its octets: somebody who cannot
 * sign must not be able to hide what somebody else signed. */
bool received_has(const keychain *k, const teal_hash *item);
/* In a transaction. */
void received_add(keychain *k, const teal_hash *item);

#endif
