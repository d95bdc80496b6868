/* HTTP Message Signatures with Ed25519 (RFC 9421): the signature base, and signing and verifying
 * it. What must be covered, by whom and when, is for others to say. Pure, any thread. */
#ifndef TEAL_GATEWAY_HTTP_SIGNATURE_H
#define TEAL_GATEWAY_HTTP_SIGNATURE_H

#include "codecs/native/envelope.h"
#include "gateway/http_message.h"
#include "gateway/structured_field.h"

typedef struct http_signature {
    teal_bytes label;
    structured_list input; /* covered components, each a string; parameters */
    const uint8_t *value;  /* TEAL_SIGNATURE_BYTES */
} http_signature;

/* The one signature of the message that has this tag (section 3.2). out->label empty: there is
 * none. Lives as long as arena and message. Returns TEAL_OK; TEAL_MALFORMED: the fields' grammar,
 * two signatures with the tag, or one without a value of TEAL_SIGNATURE_BYTES; TEAL_LIMIT,
 * TEAL_SPACE. */
__attribute__((warn_unused_result)) teal_result http_signature_find(
    const http_message *m, const char *tag, teal_arena *arena, http_signature *out, teal_diag *why);

/* Section 2.5. TEAL_MALFORMED: a component that is no string, stands there twice, or that the
 * message does not have. TEAL_UNSUPPORTED: a component with a parameter (sf, key, bs, tr, req,
 * name), or derived but none of http_message.h. The writer says whether it fits. */
__attribute__((warn_unused_result)) teal_result http_signature_base(const http_message *m,
                                                                    const structured_list *input,
                                                                    teal_writer *w, teal_diag *why);

/* As http_signature_base, and TEAL_SPACE where the arena's rest does not hold the base. */
__attribute__((warn_unused_result)) teal_result http_signature_sign(
    const http_message *m, const structured_list *input, const uint8_t sk[static 64],
    const teal_arena *arena, uint8_t out[static TEAL_SIGNATURE_BYTES], teal_diag *why);
/* TEAL_FORGED: it does not verify, or the key or a point of the signature is of small order or not
 * in its one encoding, or the scalar is not below the group's order. */
__attribute__((warn_unused_result)) teal_result http_signature_verify(
    const http_message *m, const http_signature *s, const uint8_t key[static TEAL_KEY_BYTES],
    const teal_arena *arena, teal_diag *why);

#endif
