/* Who is typing: application/im-iscomposing+xml (RFC 3994). REQ-CMP-*. */
#ifndef TEAL_CODECS_RCS_ISCOMPOSING_H
#define TEAL_CODECS_RCS_ISCOMPOSING_H

#include "codecs/xml.h"

#define TEAL_XMLNS_ISCOMPOSING "urn:ietf:params:xml:ns:im-iscomposing"
#define TEAL_ISCOMPOSING_TYPE  "application/im-iscomposing+xml"

enum { TEAL_ISCOMPOSING_MAX_TEXT_BYTES = 255 };

typedef struct teal_iscomposing {
    bool active;          /* a state that is neither `active` nor `idle` reads as idle */
    uint32_t refresh_s;   /* how long `active` holds; 0: not said, RFC 3994 has 120 then */
    bool has_last_active; /* <lastactive> was there and readable */
    int64_t last_active_ms;
    teal_bytes content_type; /* of what is being composed; empty: text */
} teal_iscomposing;

/* Decodes one XML document (xml.h); a refresh that is no number counts as absent.
 * arena: holds the texts of *out; TEAL_XML_ARENA(in.len) bytes are always enough.
 * Returns TEAL_OK, what teal_xml_read returns, TEAL_MALFORMED (no state, an element twice),
 * TEAL_UNSUPPORTED (another root), TEAL_LIMIT (a text). */
__attribute__((warn_unused_result))
teal_result teal_iscomposing_decode(teal_bytes in, teal_arena *arena, teal_iscomposing *out,
                                    teal_diag *why);

/* Appends the document. Returns TEAL_OK, TEAL_SPACE, TEAL_LIMIT (a text or the time is out of
 * range). */
__attribute__((warn_unused_result))
teal_result teal_iscomposing_encode(const teal_iscomposing *c, teal_writer *out);

#endif
