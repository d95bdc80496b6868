/* How two ends of a conversation that has no id yet arrive at the same one. */
#ifndef TEAL_CODECS_NATIVE_CONVERSATION_H
#define TEAL_CODECS_NATIVE_CONVERSATION_H

#include "codecs/native/envelope.h"

enum { TEAL_MAX_PARTICIPANTS = TEAL_MAX_RECIPIENTS + 1 }; /* the sender, and everybody else */

/* SHA-256(lp "teal conversation v1", list of lp participant), participants sorted bytewise and
 * each once, so that neither order nor repetition matters. participants: canonical handles, n of
 * them, at most TEAL_MAX_PARTICIPANTS. Never fails; any thread. */
void teal_conversation_of(const teal_bytes *participants, size_t n,
                          uint8_t out[static TEAL_HASH_BYTES]);

#endif
