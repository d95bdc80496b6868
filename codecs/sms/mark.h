/* What a person sees when a message is not end-to-end encrypted (invariant I5): the mark before
 * the text, and a text that cannot hide or imitate one. PROTOCOL.md REQ-SMS-50..53. Pure. */
#ifndef TEAL_CODECS_SMS_MARK_H
#define TEAL_CODECS_SMS_MARK_H

#include "codecs/cursor.h"
#include "codecs/result.h"

/* Appends mark, one space, text.
 * Returns TEAL_OK; TEAL_MALFORMED if `mark` shows nothing (empty, or only spaces and what
 * teal_text_tame removes), or either is not UTF-8; TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result))
teal_result teal_mark_apply(teal_bytes mark, teal_bytes text, teal_writer *out, teal_diag *why);

/* Appends `text` without what a reader cannot see but a display obeys. Removed: C0 and C1 controls
 * but newline and tab, bidirectional overrides, embeddings and isolates, zero-width characters
 * other than the joiners, and noncharacters. CR LF, a lone CR and U+2028/9 become newlines. Kept:
 * text of every script, LRM, RLM and ALM, ZWJ and ZWNJ, variation selectors, emoji sequences and
 * flags. The result is never longer than `text`, and taming it again changes nothing.
 * Returns TEAL_OK; TEAL_MALFORMED if `text` is not UTF-8; TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result))
teal_result teal_text_tame(teal_bytes text, teal_writer *out, teal_diag *why);

#endif
