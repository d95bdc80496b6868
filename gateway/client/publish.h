/* The account's next manifest, from the keychain to the gateway. What is put is in the keychain
 * before it leaves, so that an answer that is lost can be asked for again. */
#ifndef TEAL_CLIENT_PUBLISH_H
#define TEAL_CLIENT_PUBLISH_H

#include "gateway/client/account.h"
#include "gateway/client/session.h"

/* Puts the manifest that was signed and not yet answered for; where there is none, the one that the
 * gateway has taken before, which costs nothing and mends a gateway that lost it. On a device that
 * does not sign: nothing. Has said what went wrong. */
outcome publish_pending(session *s);

/* Signs and puts the next one. Refuses on a device that does not hold the account key. */
outcome publish_next(session *s, const teal_bytes *handles, size_t n_handles,
                     const teal_device *devices, size_t n_devices);

/* That this device holds the account key, else says which one does. */
outcome publish_allowed(const session *s);

#endif
