/* Handles: the URIs that people are reached by. PROTOCOL.md REQ-HDL-*. */
#ifndef TEAL_CODECS_HANDLE_H
#define TEAL_CODECS_HANDLE_H

#include "codecs/cursor.h"
#include "codecs/result.h"

enum { TEAL_MAX_HANDLE_BYTES = 256 };

/* Canonical, but nobody's: what CPIM writes where an address stands outside of it. */
#define TEAL_HANDLE_ANONYMOUS "sip:anonymous@anonymous.invalid"

static inline bool teal_handle_is_anonymous(teal_bytes h)
{
    return teal_bytes_equal(h, teal_text(TEAL_HANDLE_ANONYMOUS));
}

/* Whether `h` is canonical: `tel:+` and 5..15 digits, the first not 0 (E.164); or `im:`/`sip:`,
 * local part, `@`, host. Scheme and host lower-case, no parameters, no visual separators,
 * at most TEAL_MAX_HANDLE_BYTES; local part of unreserved characters and %HH. */
bool teal_handle_is_canonical(teal_bytes h);

/* Writes the canonical form of what people and peers write: `<...>` around it, any case of scheme
 * and host, separators in numbers (space - . ( )), parameters (`;user=phone`), `sip:+1...@host`
 * with user=phone (becomes tel:), a bare number with `+`.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result))
teal_result teal_handle_canonicalize(teal_bytes in, teal_writer *out, teal_diag *why);

/* Host of im: and sip:; empty for tel:. A view of h, which is canonical. */
teal_bytes teal_handle_host(teal_bytes h);
/* "+14155550100" of a canonical tel:; empty for others. */
teal_bytes teal_handle_number(teal_bytes h);

#endif
