/* What is inside the ciphertext, and inside a fallback: text and end-to-end receipts; other parts
 * are passed through as they were found. */
#ifndef TEAL_CODECS_NATIVE_CONTENT_H
#define TEAL_CODECS_NATIVE_CONTENT_H

#include "codecs/arena.h"
#include "codecs/result.h"

#include "proto/content.pb-c.h"

/* Decodes an encoded teal.v1.Content into the arena: what it points to lives as long as that.
 * Strings are UTF-8 without NUL, known fields stand in number order. Unknown fields are kept and
 * ignored: contents are between end devices and may grow. 4 KiB + 16 * in.len of arena is enough
 * for whatever is not made of empty elements. REQ-CNT-*.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_SPACE (arena full). */
__attribute__((warn_unused_result))
teal_result teal_content_decode(teal_bytes in, teal_arena *arena, Teal__V1__Content **out,
                                teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_content_encode(const Teal__V1__Content *c, teal_writer *out);

/* Encodes a Content of one text part. text: UTF-8 without NUL, may be empty. arena: scratch, which
 * holds the text afterwards: whoever wipes that wipes it too.
 * Returns TEAL_OK, TEAL_MALFORMED (text), TEAL_SPACE (arena or output); so do those below. */
__attribute__((warn_unused_result))
teal_result teal_content_of_text(teal_bytes text, teal_arena *arena, teal_writer *out);
/* Encodes a Content of one text part that came in from outside and says that it is from
 * claimed_sender (UTF-8 without NUL, may be empty): what a gateway seals in its own name. */
__attribute__((warn_unused_result))
teal_result teal_content_of_inbound(teal_bytes text, teal_bytes claimed_sender, teal_arena *arena,
                                    teal_writer *out);
/* Encodes a Content that is an end-to-end receipt. disposition: not DISPOSITION_NONE (asserted). */
__attribute__((warn_unused_result))
teal_result teal_content_of_receipt(teal_bytes message_id, Teal__V1__Disposition disposition,
                                    uint64_t at_ms, teal_arena *arena, teal_writer *out);

/* teal.v1.Fallback, likewise; text is UTF-8, not empty or with at least one link. */
__attribute__((warn_unused_result))
teal_result teal_fallback_decode(teal_bytes in, teal_arena *arena, Teal__V1__Fallback **out,
                                 teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_fallback_of_text(teal_bytes text, teal_arena *arena, teal_writer *out);

#endif
