/* A plain RCS text message: CPIM with a text/plain part, level TRANSPORT. What Teal writes says so
 * in `e2ee.Level: transport`; the mark that the recipient sees is in the text: the caller's. */
#ifndef TEAL_CODECS_RCS_PLAIN_H
#define TEAL_CODECS_RCS_PLAIN_H

#include "codecs/rcs/message.h"

enum { TEAL_PLAIN_MAX_TEXT_BYTES = 64 << 10 };

typedef struct teal_plain {
    teal_bytes from, to; /* canonical handles */
    teal_bytes message_id;
    uint64_t sent_at_ms;
    uint32_t wants;  /* TEAL_WANTS_* */
    teal_bytes text; /* UTF-8, not empty, no NUL */
} teal_plain;

/* Decodes a message to one recipient. `e2ee.Level: transport` may be there, and the headers of
 * bodies.h, which say what the text says too; any other e2ee header is refused: such a message is
 * not plain. Charset UTF-8 or US-ASCII; base64 in lines is taken, as
 * some networks write it.
 *
 * in:    must live as long as *out.
 * arena: TEAL_PLAIN_ARENA(in.len) bytes are always enough.
 *
 * Returns TEAL_OK, what teal_cpim_decode and teal_rcs_head_read return, TEAL_UNSUPPORTED (media
 * type, charset, transfer encoding, several recipients), TEAL_LIMIT (text). */
__attribute__((warn_unused_result))
teal_result teal_plain_decode(teal_bytes in, teal_arena *arena, teal_rcs_routing *routing,
                              teal_plain *out, teal_diag *why);
/* The same for a message that teal_cpim_decode has taken apart. */
__attribute__((warn_unused_result))
teal_result teal_plain_read(const teal_cpim *m, teal_arena *arena, teal_rcs_routing *routing,
                            teal_plain *out, teal_diag *why);

static inline size_t TEAL_PLAIN_ARENA(size_t in_len)
{
    return TEAL_CPIM_ARENA(in_len) + 16 * 1024 + 3 * in_len;
}

/* Whether a media type's charset is UTF-8 or US-ASCII, or not given. */
bool teal_plain_charset_is_utf8(teal_bytes content_type);

/* Appends the canonical form. routing: only its flags are obeyed; may be NULL.
 * Returns TEAL_OK, TEAL_SPACE (out->len: need), TEAL_MALFORMED (no UTF-8 text, a value that cannot
 * be written), TEAL_LIMIT (text). */
__attribute__((warn_unused_result))
teal_result teal_plain_encode(const teal_plain *p, const teal_rcs_routing *routing,
                              teal_writer *out);

#endif
