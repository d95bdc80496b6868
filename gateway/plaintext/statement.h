/* The room's signed receipts: the only ones that may speak of what left below end-to-end
 * encryption (REQ-RCPT-2). */
#ifndef TEAL_GATEWAY_PLAINTEXT_STATEMENT_H
#define TEAL_GATEWAY_PLAINTEXT_STATEMENT_H

#include "codecs/native/receipt.h"
#include "gateway/plaintext/state.h"

enum { STATEMENT_MAX_BYTES = 2048 };

/* Which message, to whom. Views are borrowed. */
typedef struct statement_subject {
    teal_bytes message_id, sender, recipient;
    teal_hash transcript_hash;
} statement_subject;

/* level: TEAL_LEVEL_NONE where no octet of the text left; else path and mark follow from it. */
typedef struct statement {
    teal_status status;
    teal_level level;
    const char *reason; /* "" where there is nothing to explain */
    uint32_t segments;
} statement;

/* An encoded, signed receipt. */
typedef struct statement_bytes {
    uint8_t at[STATEMENT_MAX_BYTES];
    size_t len;
} statement_bytes;

void statement_sign(const room *r, const statement_subject *subject, const statement *s,
                    statement_bytes *out);

/* Decodes a receipt and checks that this room's key signed it and that it says that an SMS left.
 * arena: holds what *out points to. */
bool statement_is_own(const room *r, teal_bytes encoded, teal_arena *arena, teal_receipt *out);

#endif
