/* CPace, a balanced password-authenticated key exchange: two parties that share a short code agree
 * on a key, and whoever stands between them gets one guess for each run. Suite
 * CPACE-RISTR255-SHA512. Source: draft-irtf-cfrg-cpace-21 sections 3, 7.1, 7.3, 9.4; checked
 * against its appendix B.3. Randomness is an argument. Constant time in code and scalars. */
#ifndef TEAL_CODECS_NATIVE_CPACE_H
#define TEAL_CODECS_NATIVE_CPACE_H

#include "codecs/cursor.h"
#include "codecs/result.h"

enum {
    TEAL_CPACE_SCALAR_BYTES = 32,
    TEAL_CPACE_SHARE_BYTES = 32,
    TEAL_CPACE_KEY_BYTES = 64,
    TEAL_CPACE_TAG_BYTES = 64,
};

/* What a party says: its share, and what it wants to be bound to the run. Views. */
typedef struct teal_cpace_party {
    teal_bytes share; /* TEAL_CPACE_SHARE_BYTES */
    teal_bytes data;
} teal_cpace_party;

/* The share of a run. scalar: fresh random octets, never used again; the caller keeps them for
 * teal_cpace_key and wipes them. channel: what both know the run to be of; sid: never the same for
 * two runs. */
void teal_cpace_share(teal_bytes code, teal_bytes channel, teal_bytes sid,
                      const uint8_t scalar[static TEAL_CPACE_SCALAR_BYTES],
                      uint8_t share[static TEAL_CPACE_SHARE_BYTES]);

/* The key, which the caller wipes: the same for both only if they used one code, channel and sid,
 * and saw the same of each other. theirs: the other party's share.
 * Returns TEAL_OK, or TEAL_FORGED for a share that is no element, or the neutral one. */
__attribute__((warn_unused_result)) teal_result teal_cpace_key(
    teal_bytes sid, const uint8_t scalar[static TEAL_CPACE_SCALAR_BYTES],
    const teal_cpace_party *initiator, const teal_cpace_party *responder, teal_bytes theirs,
    uint8_t key[static TEAL_CPACE_KEY_BYTES]);

/* What `of` shows to prove that it has the key. Compare with sodium_memcmp. */
void teal_cpace_tag(teal_bytes sid, const uint8_t key[static TEAL_CPACE_KEY_BYTES],
                    const teal_cpace_party *of, uint8_t tag[static TEAL_CPACE_TAG_BYTES]);

#endif
