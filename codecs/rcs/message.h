/* What every RCS chat message has in its CPIM headers, whatever its part is: who, to whom, when,
 * which, and which notifications are asked for. Shared by e2ee, plain, and IMDN messages. */
#ifndef TEAL_CODECS_RCS_MESSAGE_H
#define TEAL_CODECS_RCS_MESSAGE_H

#include "codecs/native/envelope.h"
#include "codecs/rcs/cpim.h"

/* Identities that stand outside of the CPIM (Rcs-From and Rcs-To of the signed request), because
 * its From or To may be TEAL_HANDLE_ANONYMOUS. Decoders read from and to and set the two flags;
 * encoders obey the flags, so that a message keeps the form that it came in (I2). */
typedef struct teal_rcs_routing {
    teal_bytes from, to;       /* canonical handles; empty: not given */
    bool hides_from, hides_to; /* that address of the CPIM is the anonymous one */
} teal_rcs_routing;

typedef struct teal_rcs_head {
    teal_bytes from; /* canonical handles */
    const teal_bytes *to;
    size_t n_to;         /* 1..TEAL_MAX_RECIPIENTS: To and cc, in that order */
    bool has_sent_at;    /* DateTime was there; encoders write it always */
    uint64_t sent_at_ms; /* at most TEAL_DATETIME_MAX_MS */
    teal_bytes message_id;
    uint32_t wants; /* TEAL_WANTS_* */
} teal_rcs_head;

/* Reads From, To, cc, DateTime, imdn.Message-ID and imdn.Disposition-Notification. From, To or cc,
 * and the id are required; DateTime is too, by plain.h and e2ee.h, but the notifications in RFC
 * 5438 have none. Addresses become canonical handles, anonymous ones what `routing` says.
 * routing: may be NULL: anonymous addresses are refused then. Its from and to are read and must
 *          live as long as *out; its flags are written on TEAL_OK.
 * arena:   holds out->to and the handles.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_LIMIT, TEAL_SPACE. why->at: the header's line. */
__attribute__((warn_unused_result))
teal_result teal_rcs_head_read(const teal_cpim *m, teal_arena *arena, teal_rcs_routing *routing,
                               teal_rcs_head *out, teal_diag *why);

/* Writes From, To (one each), DateTime, NS imdn, imdn.Message-ID and, where asked for,
 * imdn.Disposition-Notification. routing may be NULL; hides_to wants exactly one recipient.
 * Sets w->failed for what cannot be written. */
void teal_rcs_head_write(teal_cpim_writer *w, const teal_rcs_head *head,
                         const teal_rcs_routing *routing);

/* The content of the part: its body, out of base64 (in lines, as MIME has it) where the part says
 * so.
 *
 * arena: 2 * m->body.len bytes and 64 are always enough; not used where the body is as it is.
 *
 * Returns TEAL_OK, TEAL_UNSUPPORTED (another transfer encoding), TEAL_MALFORMED, TEAL_SPACE. */
__attribute__((warn_unused_result))
teal_result teal_rcs_content(const teal_cpim *m, teal_arena *arena, teal_bytes *out,
                             teal_diag *why);

/* What a message is, by namespaces and media type: which decoder to ask. */
typedef enum teal_rcs_form {
    TEAL_RCS_OTHER = 0, /* a media type that Teal does not carry */
    TEAL_RCS_E2EE,      /* application/vnd.teal.sealed: e2ee.h */
    TEAL_RCS_MLS,       /* message/mls and its kin */
    TEAL_RCS_PLAIN,     /* text/plain: plain.h */
    TEAL_RCS_IMDN,      /* message/imdn+xml: imdn.h */
} teal_rcs_form;

teal_rcs_form teal_rcs_form_of(const teal_cpim *m);

#endif
