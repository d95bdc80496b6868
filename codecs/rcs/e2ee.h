/* The envelope in CPIM: namespace `e2ee` (urn:teal:ns:e2ee:1), part application/vnd.teal.sealed.
 * Changes the frame, never a value that the signature covers (I1, I2). REQ-CPIM-40 ff. */
#ifndef TEAL_CODECS_RCS_E2EE_H
#define TEAL_CODECS_RCS_E2EE_H

#include "codecs/native/envelope.h"
#include "codecs/rcs/message.h"

/* Decodes one CPIM message with e2ee headers. Canonical input comes out of encode byte for byte;
 * input that only differs in what teal_cpim_decode tolerates gives the same envelope. An e2ee
 * header that is unknown, missing, doubled or not canonical in its value is refused. Ends with
 * teal_envelope_check. The signature is not verified here.
 * in:      must live as long as *out.   arena: TEAL_E2EE_ARENA(in.len) bytes are always enough.
 * routing: see message.h; may be NULL.  out: untouched unless TEAL_OK.
 * Returns TEAL_OK, what teal_cpim_decode, teal_rcs_head_read and teal_envelope_check return, and
 * TEAL_UNSUPPORTED (another media type or transfer encoding). */
__attribute__((warn_unused_result))
teal_result teal_e2ee_decode(teal_bytes in, teal_arena *arena, teal_rcs_routing *routing,
                             teal_envelope *out, teal_diag *why);
/* The same for a message that teal_cpim_decode has taken apart. */
__attribute__((warn_unused_result))
teal_result teal_e2ee_read(const teal_cpim *m, teal_arena *arena, teal_rcs_routing *routing,
                           teal_envelope *out, teal_diag *why);

static inline size_t TEAL_E2EE_ARENA(size_t in_len)
{
    size_t lists = TEAL_MAX_KEYS * (sizeof(teal_wrapped_key) + sizeof(teal_hash));
    return TEAL_CPIM_ARENA(in_len) + 16 * 1024 + 4 * in_len + lists;
}

/* Appends the canonical form of `e`, which has passed teal_envelope_check.
 * routing: only its flags are obeyed; NULL: nothing is anonymous.
 * Returns TEAL_OK; TEAL_SPACE (out->len: need); TEAL_MALFORMED (hides_to, several recipients). */
__attribute__((warn_unused_result))
teal_result teal_e2ee_encode(const teal_envelope *e, const teal_rcs_routing *routing,
                             teal_writer *out);

#endif
