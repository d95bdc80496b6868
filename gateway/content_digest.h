/* Content-Digest (RFC 9530): the hash of a body, as a field. Pure, any thread. */
#ifndef TEAL_GATEWAY_CONTENT_DIGEST_H
#define TEAL_GATEWAY_CONTENT_DIGEST_H

#include "codecs/arena.h"
#include "codecs/result.h"

/* "sha-256=:...:", without NUL. */
enum { CONTENT_DIGEST_BYTES = 54 };

void content_digest_write(teal_bytes body, teal_writer *w);

/* field: the value. Every sha-256 and sha-512 in it must be the body's, and there must be one of
 * them; others are passed over. TEAL_MALFORMED, TEAL_LIMIT, TEAL_SPACE; TEAL_UNSUPPORTED: none that
 * is known; TEAL_FORGED: not of this body. */
__attribute__((warn_unused_result)) teal_result content_digest_check(teal_bytes field,
                                                                     teal_bytes body,
                                                                     teal_arena *arena,
                                                                     teal_diag *why);

#endif
