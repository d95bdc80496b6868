/* Instant message disposition notifications: message/imdn+xml (RFC 5438), and the interworking
 * notification of OMA CPM, which says that a message went on as SMS or MMS. REQ-IMDN-*. */
#ifndef TEAL_CODECS_RCS_IMDN_H
#define TEAL_CODECS_RCS_IMDN_H

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/rcs/message.h"
#include "codecs/result.h"
#include "codecs/xml.h"

#define TEAL_XMLNS_IMDN "urn:ietf:params:xml:ns:imdn"
/* As deployed clients write it (several, alike). Provisional: the text of OMA CPM has not been
 * compared. Read by local name, whatever the namespace. */
#define TEAL_XMLNS_INTERWORKING "urn:oma:xml:cpm:imdn-extensions:1.0"

enum { TEAL_IMDN_MAX_TEXT_BYTES = 1024, TEAL_IMDN_MAX_REASON_BYTES = 64 };

typedef enum teal_imdn_kind {
    TEAL_IMDN_DELIVERY = 1,
    TEAL_IMDN_DISPLAY,
    TEAL_IMDN_PROCESSING,
    TEAL_IMDN_INTERWORKING,
} teal_imdn_kind;

/* Which of them a kind may have stands behind it; FORBIDDEN: all but interworking;
 * ERROR: all. */
typedef enum teal_imdn_status {
    TEAL_IMDN_DELIVERED = 1, /* delivery */
    TEAL_IMDN_FAILED,        /* delivery */
    TEAL_IMDN_FORBIDDEN,
    TEAL_IMDN_ERROR,
    TEAL_IMDN_DISPLAYED,  /* display */
    TEAL_IMDN_PROCESSED,  /* processing */
    TEAL_IMDN_STORED,     /* processing */
    TEAL_IMDN_LEGACY_SMS, /* interworking */
    TEAL_IMDN_LEGACY_MMS, /* interworking */
} teal_imdn_status;

/* Who says why an encrypted message failed (RCC.16 7.7.2). */
typedef enum teal_imdn_reason_of {
    TEAL_IMDN_NO_REASON = 0,
    TEAL_IMDN_MLS_CLIENT, /* message-from-non-member, failed-to-decrypt, … */
    TEAL_IMDN_MLS_SERVER, /* incorrect-era, encryption-not-available, … */
} teal_imdn_reason_of;

typedef struct teal_imdn {
    teal_imdn_kind kind;
    teal_imdn_status status;
    teal_bytes message_id; /* of the message that it speaks of; not empty */
    bool has_sent_at;      /* <datetime> was there and readable: RFC 5438 wants it, peers differ */
    int64_t sent_at_ms;    /* of the message that it speaks of */
    teal_bytes recipient_uri, original_recipient_uri, subject; /* empty: none */
    teal_imdn_reason_of reason_of;                             /* only of FAILED */
    teal_bytes reason; /* its word as it is: peers have more of them than RCC.16 */
} teal_imdn;

/* Decodes one XML document (xml.h). Any prefix; unknown elements are skipped. Refuses more than one
 * notification or status, and what is over the limits above.
 * arena: holds the texts of *out; TEAL_IMDN_ARENA(in.len) bytes are always enough.
 * Returns TEAL_OK, what teal_xml_read returns, TEAL_MALFORMED, TEAL_UNSUPPORTED (another root,
 * unknown notification or status), TEAL_LIMIT. */
__attribute__((warn_unused_result))
teal_result teal_imdn_decode(teal_bytes in, teal_arena *arena, teal_imdn *out, teal_diag *why);

static inline size_t TEAL_IMDN_ARENA(size_t in_len)
{
    return TEAL_XML_ARENA(in_len);
}

/* The same for the part of a message, undone of base64 where need be (teal_rcs_content). */
__attribute__((warn_unused_result))
teal_result teal_imdn_read(const teal_cpim *m, teal_arena *arena, teal_imdn *out, teal_diag *why);

/* Appends the document, without <datetime> where has_sent_at is false. Any text comes out well
 * formed: what XML cannot say, or is not UTF-8, becomes U+FFFD.
 * Returns TEAL_OK, TEAL_SPACE, TEAL_MALFORMED (a status that its kind cannot have, a reason of
 * another than FAILED or that is not a short lower-case word; no message_id), TEAL_LIMIT (a text or
 * the time is out of range). */
__attribute__((warn_unused_result))
teal_result teal_imdn_encode(const teal_imdn *n, teal_writer *out);

/* Appends a whole CPIM message that carries `n`: head (which asks for nothing: wants is 0), then,
 * if receipt.len > 0, `NS: e2ee` and `e2ee.Receipt: base64url(receipt)`, an encoded
 * teal.v1.Receipt; part message/imdn+xml with Content-Disposition: notification.
 * routing: as with teal_rcs_head_write. Returns as teal_imdn_encode. */
__attribute__((warn_unused_result))
teal_result teal_imdn_message_encode(const teal_rcs_head *head, const teal_rcs_routing *routing,
                                     const teal_imdn *n, teal_bytes receipt, teal_writer *out);
/* Value of e2ee.Receipt of a message, decoded; empty: it has none.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_SPACE (arena). */
__attribute__((warn_unused_result))
teal_result teal_imdn_receipt(const teal_cpim *m, teal_arena *arena, teal_bytes *out,
                              teal_diag *why);

#endif
