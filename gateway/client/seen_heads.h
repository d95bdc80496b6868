/* The heads of the key log that this device has seen, each checked against those before it: so that
 * a gateway which shows it two logs, or takes something back, is found out. REQ-LOG-16, -17. */
#ifndef TEAL_CLIENT_SEEN_HEADS_H
#define TEAL_CLIENT_SEEN_HEADS_H

#include "gateway/client/session.h"
#include "gateway/ledger/tree_head.h"

enum { SEEN_HEADS_MAX = 64 };

/* Oldest first; the number of them. out: SEEN_HEADS_MAX. */
size_t seen_heads_list(const keychain *k, tree_head *out);

/* What a head, seen now, has to be: signed by the gateway, of its key log, of this time, and
 * consistent with those that were seen before. May ask the gateway for a proof. A new one is kept,
 * in a transaction of its own.
 * *wrong: NULL, or the rule that does not hold. Two logs have been said, loudly; nothing else has.
 * Returns the last call's outcome, or that of the keychain, which has been said. */
outcome seen_heads_take(session *s, const tree_head *h, const char **wrong);

/* The gateway's head now, taken. Has said what went wrong. */
outcome seen_heads_fetch(session *s, tree_head *out);

/* Whether both are of one log; asks the gateway for the proof. As above. */
outcome seen_heads_relate(session *s, const tree_head *a, const tree_head *b, const char **wrong);

/* Signed by the device `edge` of the gateway, which is asked anew where it does not know it. As
 * above. */
outcome seen_heads_check_signature(session *s, const tree_head *h, const char **wrong);

#endif
