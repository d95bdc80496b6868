/* Which conversation a message to a set of people belongs to. It is derived from who takes part,
 * unless one of them began it with another id: then all go on with that one. */
#ifndef TEAL_CLIENT_CONVERSATIONS_H
#define TEAL_CLIENT_CONVERSATIONS_H

#include "gateway/client/keychain.h"

enum { CONVERSATIONS_MAX = 500 };

/* In a transaction: of an envelope that verified. */
void conversations_learn(keychain *k, const teal_envelope *e);

/* The id for a message that sender sends to recipients. In the arena. */
teal_bytes conversations_find(const keychain *k, teal_bytes sender, const teal_bytes *recipients,
                              size_t n, teal_arena *arena);

#endif
