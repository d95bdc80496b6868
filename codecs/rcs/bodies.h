/* Contents (teal.v1.Content) as RCS says them, and back: one content becomes one RCS message or
 * several, each with a media type, a body, and what has no place in a body in provisional e2ee
 * headers. Whoever does not read the headers finds the same in words at the start of the text
 * (`stand_in` says how many octets): nothing is dropped in silence. PROTOCOL.md REQ-BODY-*.
 * Holds plaintext: used where that may be. Pure, any thread. */
#ifndef TEAL_CODECS_RCS_BODIES_H
#define TEAL_CODECS_RCS_BODIES_H

#include "codecs/native/content.h"
#include "codecs/rcs/message.h"
#include "codecs/rcs/vcard.h"
#include "codecs/xml.h"

enum {
    TEAL_BODY_MAX_QUOTE_BYTES = 120,
    TEAL_BODY_MAX_EMOJI_BYTES = 64,
    TEAL_BODY_MAX_SENDER_BYTES = 256,
    TEAL_BODY_MAX_PARTS = 64,
};

/* One RCS message without its head. Views. */
typedef struct teal_body {
    teal_kind kind; /* TEAL_KIND_MESSAGE, _RECEIPT or _TYPING: of the envelope that carries it */
    uint64_t at_ms; /* of a receipt: what DateTime of its message says; 0: any time */
    teal_bytes content_type, bytes;
    size_t stand_in; /* the first octets of a text, which say what the headers say */
    /* The headers; empty: not there. Message ids, but for claimed_sender and reaction. */
    teal_bytes reply_to, edit_of, revoke_of, reaction_to;
    teal_bytes reaction; /* the emoji */
    bool reaction_removed;
    teal_bytes claimed_sender;
} teal_body;

/* What is known of the message around a content, all of it optional. */
typedef struct teal_body_context {
    bool sealed; /* the bodies travel end-to-end encrypted: keys of media may stand in them */
    teal_bytes
        quote; /* how the text of the message that is answered, edited or reacted to begins */
    teal_bytes sender;             /* a canonical handle, for a location */
    uint64_t sent_at_ms;           /* 0: not known */
    uint64_t receipted_sent_at_ms; /* of the message that a receipt speaks of; 0: not known */
    uint64_t media_until_ms;       /* how long media can be fetched, where they do not say; 0 */
} teal_body_context;

/* Says a content, which has passed teal_content_decode, as RCS bodies, in the order to send them.
 * context: may be NULL. arena: holds all bodies.
 * bodies:  bodies[0..*n), of the arena; at least one. written on TEAL_OK only.
 * Returns TEAL_OK, TEAL_MALFORMED (an id that is none, a reaction that is not one short line, a
 * location that is not on the globe), TEAL_LIMIT (parts, texts), TEAL_SPACE. */
__attribute__((warn_unused_result))
teal_result teal_bodies_encode(const Teal__V1__Content *c, const teal_body_context *context,
                               teal_arena *arena, const teal_body **bodies, size_t *n,
                               teal_diag *why);

/* The content that one body says, which teal_content_encode can write. A notice (see below) is a
 * content without anything in it.
 * at_ms: when the message was sent, by its head: the time of a receipt.
 * arena: holds *out; TEAL_BODY_ARENA(b->bytes.len) bytes are always enough.
 * Returns TEAL_OK, what the decoders of filetransfer.h, location.h, vcard.h, iscomposing.h and
 * imdn.h return, TEAL_MALFORMED, TEAL_UNSUPPORTED (another media type; a notification that a
 * DeviceReceipt has no word for: processing, interworking, a display that was refused), TEAL_SPACE.
 */
__attribute__((warn_unused_result))
teal_result teal_body_decode(const teal_body *b, uint64_t at_ms, teal_arena *arena,
                             Teal__V1__Content **out, teal_diag *why);

static inline size_t TEAL_BODY_ARENA(size_t in_len)
{
    return TEAL_XML_ARENA(in_len) + TEAL_VCARD_ARENA(in_len) + 2 * in_len + (128 << 10);
}

/* Words alone, that announce the next body to who reads no headers: not to be shown by who does. */
bool teal_body_is_notice(const teal_body *b);

/* The body of a message that teal_cpim_decode has taken apart. E2ee headers other than these and
 * `e2ee.Level: transport` are refused.
 * arena: 2 * m->body.len bytes and 64 are always enough.
 * Returns TEAL_OK, what teal_rcs_content returns, TEAL_MALFORMED. */
__attribute__((warn_unused_result))
teal_result teal_body_read(const teal_cpim *m, teal_arena *arena, teal_body *out, teal_diag *why);

/* Appends the CPIM message of level TRANSPORT: head, `e2ee.Level: transport`, headers, part.
 * routing: as with teal_rcs_head_write.
 * Returns TEAL_OK, TEAL_SPACE, TEAL_MALFORMED (what no decoder would take, or take for the same: an
 * id that is none, a kind that is not the media type's, a stand_in of what is no text; a notification
 * or a typing state that asks for notifications). */
__attribute__((warn_unused_result))
teal_result teal_body_message_encode(const teal_rcs_head *head, const teal_rcs_routing *routing,
                                     const teal_body *b, teal_writer *out);

#endif
