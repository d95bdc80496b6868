/* The message/cpim container (RFC 3862): headers with namespaces, and one MIME part. Takes what RCS
 * peers really send, refuses what could mean two things, writes only the canonical form.
 * What the headers of a chat message mean is in message.h. PROTOCOL.md REQ-CPIM-*. */
#ifndef TEAL_CODECS_RCS_CPIM_H
#define TEAL_CODECS_RCS_CPIM_H

#include "codecs/arena.h"
#include "codecs/ascii.h"
#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_NS_CPIM "urn:ietf:params:cpim-headers:" /* headers without a prefix */
#define TEAL_NS_IMDN "urn:ietf:params:imdn"
#define TEAL_NS_E2EE "urn:teal:ns:e2ee:1"
#define TEAL_NS_MLS  "http://www.gsma.com/rcs/mls"

enum {
    TEAL_CPIM_MAX_HEADERS = 2560, /* 1024 keys, 1024 hashes, 256 recipients, and the rest */
    TEAL_CPIM_MAX_MIME_HEADERS = 32,
    TEAL_CPIM_MAX_NAMESPACES = 16,
    TEAL_CPIM_MAX_LINE_BYTES = 32 << 10, /* a consent with its sealed fallback in base64 */
};

typedef struct teal_cpim_header {
    teal_bytes ns;     /* URI that its prefix stands for; .len 0 if the prefix was not declared */
    teal_bytes prefix; /* as written, without the dot; empty: none */
    teal_bytes name;   /* as written, without prefix */
    teal_bytes params; /* as written: ";lang=fr"; empty: none */
    teal_bytes raw;    /* as written, without outer blanks: what addresses are taken from */
    teal_bytes value;  /* the same unescaped; UTF-8, never holds NUL */
    size_t at;         /* where its line starts in the input */
} teal_cpim_header;

typedef struct teal_mime_header {
    teal_bytes name, value; /* as written, without outer blanks */
} teal_mime_header;

/* Views of the input and of the decoder's arena. NS headers are resolved, not listed. */
typedef struct teal_cpim {
    const teal_cpim_header *headers; /* in order, unknown ones too */
    size_t n_headers;
    const teal_mime_header *mime;
    size_t n_mime;
    teal_bytes content_type; /* value of Content-Type with its parameters; empty: none */
    teal_bytes body;
    size_t body_at; /* where the body starts in the input */
} teal_cpim;

/* Decodes one message/cpim, with or without the MIME headers of the message itself in front
 * (`Content-Type: Message/CPIM`). A part that is message/cpim again is opened, once: *out is what it
 * holds, and the headers around it may say nothing else.
 *
 * Takes: LF for CRLF; any case of names and prefixes; no blank after the colon; NS anywhere, with
 * or without a blank after the prefix; folded headers; a Content-Length in the part that is too
 * large (it trims).
 *
 * Refuses: control characters and NUL (escaped NUL too), text that is not UTF-8, a second From,
 * DateTime, imdn.Message-ID, imdn.Disposition-Notification or Content-Type, a prefix with two
 * meanings; with TEAL_UNSUPPORTED another default namespace, and a Require of a header of another
 * namespace than the four above; with TEAL_LIMIT more than the limits above.
 *
 * in:    must live as long as *out.
 * arena: TEAL_CPIM_ARENA(in.len) bytes are always enough.
 * out:   written on TEAL_OK only.
 *
 * Returns those, TEAL_MORE (ends within the headers), TEAL_MALFORMED, TEAL_SPACE (arena). Linear in
 * in.len. */
__attribute__((warn_unused_result))
teal_result teal_cpim_decode(teal_bytes in, teal_arena *arena, teal_cpim *out, teal_diag *why);

static inline size_t TEAL_CPIM_ARENA(size_t in_len)
{
    size_t lines = in_len / 2 < TEAL_CPIM_MAX_HEADERS ? in_len / 2 : TEAL_CPIM_MAX_HEADERS;
    return 4096 + lines * (sizeof(teal_cpim_header) + 32) + 2 * in_len;
}

/* First header of that namespace and name (any case); NULL: none. For another use headers[]. */
const teal_cpim_header *teal_cpim_find(const teal_cpim *m, const char *ns, const char *name);
static inline bool teal_cpim_header_is(const teal_cpim_header *h, const char *ns, const char *name)
{
    return teal_ascii_same(h->name, teal_text(name)) && teal_bytes_equal(h->ns, teal_text(ns));
}
/* Value of a MIME header of the part, by name (any case); empty: none. */
teal_bytes teal_cpim_mime(const teal_cpim *m, const char *name);
/* Whether a media type is `type` ("text/plain"); parameters and case do not count. */
bool teal_media_type_is(teal_bytes content_type, const char *type);
/* Whether the part's is. */
static inline bool teal_cpim_type_is(const teal_cpim *m, const char *type)
{
    return teal_media_type_is(m->content_type, type);
}
/* Whether the body is as it was written: no Content-Transfer-Encoding, or one that changes nothing. */
bool teal_cpim_is_identity(const teal_cpim *m);

/* Takes the next URI off *list, at first the raw form of a From, To or cc: `Name <uri>`, one bare
 * URI, or `<uri>;<uri>`. False: none left, or what is left is no address (then list->len > 0). Raw,
 * since a quote that a display name escapes must not end it. */
bool teal_cpim_next_uri(teal_bytes *list, teal_bytes *uri);
/* Whether a comma-separated list (a Disposition-Notification) holds the token, in any case. */
bool teal_cpim_has_token(teal_bytes list, const char *token);

/* Writes the canonical form, top down: headers, begin_part, MIME headers, body. A value that cannot
 * be written (control characters) sets `failed`, once for all: ask teal_cpim_finish. */
typedef struct teal_cpim_writer {
    teal_writer *out;
    bool failed;
} teal_cpim_writer;

void teal_cpim_put_ns(teal_cpim_writer *w, const char *prefix, const char *uri);
/* `name: value`; name with prefix ("imdn.Message-ID"). Backslashes are escaped. */
void teal_cpim_put(teal_cpim_writer *w, const char *name, teal_bytes value);
/* `name: <uri>` */
void teal_cpim_put_uri(teal_cpim_writer *w, const char *name, teal_bytes uri);
void teal_cpim_begin_part(teal_cpim_writer *w);
void teal_cpim_put_mime(teal_cpim_writer *w, const char *name, teal_bytes value);
void teal_cpim_put_body(teal_cpim_writer *w, teal_bytes body);
/* Returns TEAL_OK, TEAL_MALFORMED (a value that cannot be written), TEAL_SPACE (out->len: need). */
__attribute__((warn_unused_result))
teal_result teal_cpim_finish(const teal_cpim_writer *w);

#endif
