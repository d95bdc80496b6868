/* Contacts: text/vcard. Written as vCard 3.0 (RFC 2426) with a name and ways to reach; read from
 * 2.1, 3.0 and 4.0 (RFC 6350), of which only FN, TEL and IMPP count. REQ-VCF-*. */
#ifndef TEAL_CODECS_RCS_VCARD_H
#define TEAL_CODECS_RCS_VCARD_H

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_VCARD_TYPE "text/vcard"

enum {
    TEAL_VCARD_MAX_BYTES = 256 << 10, /* of one body: photos may be in it */
    TEAL_VCARD_MAX_TEXT_BYTES = 1024,
    TEAL_VCARD_MAX_HANDLES = 32, /* of one card */
};

typedef struct teal_vcard {
    teal_bytes name;           /* FN; may be empty where there are handles */
    const teal_bytes *handles; /* canonical (handle.h) where they can be, else as written */
    size_t n_handles;
} teal_vcard;

/* Takes the next card off *list, at first a whole body.
 * list:  must not live longer than the call; left where the card ends; empty behind the last.
 * arena: holds *out; TEAL_VCARD_ARENA(list->len) bytes are always enough for all cards.
 * Returns TEAL_OK, TEAL_MALFORMED (no BEGIN or END, not UTF-8, neither name nor handle), TEAL_LIMIT
 * (the limits above), TEAL_SPACE. On these *list has not moved. */
__attribute__((warn_unused_result))
teal_result teal_vcard_next(teal_bytes *list, teal_arena *arena, teal_vcard *out, teal_diag *why);

static inline size_t TEAL_VCARD_ARENA(size_t in_len)
{
    size_t cards = in_len / 32 + 1; /* BEGIN and END, with something between them */
    size_t handles = in_len / 6 + 1;
    return 2 * in_len + cards * 64 + handles * (sizeof(teal_bytes) + 48);
}

/* Appends one card. Line ends in a text become blanks.
 * Returns TEAL_OK, TEAL_SPACE, TEAL_MALFORMED (neither name nor handle; not UTF-8), TEAL_LIMIT. */
__attribute__((warn_unused_result))
teal_result teal_vcard_encode(const teal_vcard *c, teal_writer *out);

#endif
