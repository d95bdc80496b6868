/* What a Submit proves by itself. The edge is not believed: who sent, to whom, and to what they
 * consented is read from what the sender's device signed, and which paths exist from the room's
 * own configuration. What only the edge can know (that a better path failed, that end-to-end
 * encryption was there before) it states; an edge that lies there can at most use a consent that
 * the sender gave for a case that did not arise, never one that was not given. */
#ifndef TEAL_GATEWAY_PLAINTEXT_EVIDENCE_H
#define TEAL_GATEWAY_PLAINTEXT_EVIDENCE_H

#include "gateway/core/policy.h"
#include "gateway/plaintext/state.h"

typedef struct evidence {
    teal_envelope envelope; /* detached; views of the arena */
    teal_hash ciphertext_hash, transcript_hash;
    teal_bytes recipient;
    uint8_t account_key[TEAL_KEY_BYTES]; /* of the sender's manifest */
    store_path path;                     /* PATH_PLAIN or PATH_SMS */
    teal_level level;
    const config_peer *peer; /* for PATH_PLAIN */
} evidence;

typedef enum evidence_verdict {
    EVIDENCE_HOLDS,
    EVIDENCE_REFUSES, /* *reason: a code of PROTOCOL.md section 8 */
    EVIDENCE_ABSENT,  /* not even a message that a receipt could name */
} evidence_verdict;

/* The whole question: may this leave now? */
evidence_verdict evidence_weigh(const room *r, const Teal__V1__Submit *s, teal_arena *arena,
                                evidence *out, const char **reason);
/* The same for what left once already: whether the sender signed it and consented to that level at
 * all. Nothing is sent on it, so time does not count. */
evidence_verdict evidence_recall(const room *r, const Teal__V1__Submit *s, teal_arena *arena,
                                 evidence *out, const char **reason);

/* An arena of that many octets is always enough. */
enum { EVIDENCE_ARENA_BYTES = 1 << 20 };

#endif
