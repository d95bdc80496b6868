/* Decodes message/cpim; see cpim.h. */
#include "codecs/rcs/cpim.h"

#include "codecs/rcs/cpim_lines.h"
#include "codecs/rcs/cpim_spaces.h"
#include "codecs/rcs/field.h"

typedef struct decoder {
    teal_cpim_lines lines;
    size_t lines_left; /* for headers, of the wrapper too */
    teal_cpim_spaces spaces;
    teal_cpim_header *headers;
    size_t n_headers;
    teal_mime_header *mime;
    size_t n_mime;
    teal_bytes content_length, content_type, transfer_encoding;
} decoder;

static teal_result refuse(const decoder *d, teal_result result, const char *rule, teal_bytes at)
{
    return teal_cpim_lines_refuse(&d->lines, result, rule, at);
}

/* Hands every line up to the blank one to `take`. */
static teal_result read_block(decoder *d, teal_result (*take)(decoder *d, teal_bytes line))
{
    for (;;) {
        teal_bytes line;
        teal_result result = teal_cpim_lines_next(&d->lines, &line);
        if (result != TEAL_OK || line.len == 0)
            return result;
        result = take(d, line);
        if (result != TEAL_OK)
            return result;
    }
}

/* Length of the parameters in front of a value: up to a blank that is not quoted. */
static size_t params_length(teal_bytes b)
{
    bool quoted = false;
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] == '\\' && quoted)
            i++;
        else if (b.at[i] == '"')
            quoted = !quoted;
        else if (teal_field_is_blank(b.at[i]) && !quoted)
            return i;
    }
    return b.len;
}

static teal_result parse_header(decoder *d, teal_bytes line, teal_cpim_header *h)
{
    teal_bytes name, rest, tail;
    *h = (teal_cpim_header){ .at = d->lines.at };
    if (!teal_field_split(line, ':', &name, &rest))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-6 header without a colon", line);
    h->name = name;
    if (teal_field_split(name, '.', &h->prefix, &tail))
        h->name = tail;
    else
        h->prefix = (teal_bytes){ 0 };
    if (!teal_cpim_is_name(h->name) || (h->name.at != name.at && !teal_cpim_is_name(h->prefix)))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-6 header name with a foreign character", line);

    if (rest.len > 0 && rest.at[0] == ';') {
        h->params = (teal_bytes){ rest.at, params_length(rest) };
        rest = (teal_bytes){ rest.at + h->params.len, rest.len - h->params.len };
    }
    bool in_params, in_value = false;
    h->raw = h->value = teal_field_trim(rest);
    teal_result result = teal_cpim_lines_check(&d->lines, h->params, &in_params);
    if (result == TEAL_OK)
        result = teal_cpim_lines_check(&d->lines, h->raw, &in_value);
    if (result == TEAL_OK && in_value)
        result = teal_cpim_lines_unescape(&d->lines, h->raw, &h->value);
    return result;
}

/* NS headers are bound, the others kept. */
static teal_result take_header(decoder *d, teal_bytes line)
{
    teal_cpim_header *h = &d->headers[d->n_headers];
    teal_result result = parse_header(d, line, h);
    if (result == TEAL_OK && h->prefix.len == 0 && teal_ascii_same(h->name, teal_text("NS")))
        return teal_cpim_spaces_bind(&d->spaces, h, &d->lines);
    d->n_headers++;
    return result;
}

static teal_result read_headers(decoder *d)
{
    void *headers = NULL;
    teal_result result =
        teal_cpim_lines_reserve(&d->lines, &d->lines_left, sizeof *d->headers, &headers);
    d->headers = headers;
    return result == TEAL_OK ? read_block(d, take_header) : result;
}

enum { FROM, DATE_TIME, MESSAGE_ID, DISPOSITION_NOTIFICATION, SINGLE };

/* Which of the headers that would mean two things if they were there twice; SINGLE: none. */
static size_t find_single(const teal_cpim_header *h)
{
    if (teal_cpim_header_is(h, TEAL_NS_CPIM, "From"))
        return FROM;
    if (teal_cpim_header_is(h, TEAL_NS_CPIM, "DateTime"))
        return DATE_TIME;
    if (teal_cpim_header_is(h, TEAL_NS_IMDN, "Message-ID"))
        return MESSAGE_ID;
    if (teal_cpim_header_is(h, TEAL_NS_IMDN, "Disposition-Notification"))
        return DISPOSITION_NOTIFICATION;
    return SINGLE;
}

/* Namespaces may be declared behind their use, so headers mean something when all lines are read.
 */
static teal_result resolve(decoder *d)
{
    bool seen[SINGLE + 1] = { false };
    for (size_t i = 0; i < d->n_headers; i++) {
        teal_cpim_header *h = &d->headers[i];
        d->lines.at = h->at;
        h->ns = teal_cpim_spaces_of(&d->spaces, h->prefix);
        size_t which = find_single(h);
        if (which < SINGLE && seen[which])
            return refuse(d, TEAL_MALFORMED, "REQ-CPIM-9 header that may be there once", h->name);
        seen[which] = true;
        if (which == SINGLE && teal_cpim_header_is(h, TEAL_NS_CPIM, "Require") &&
            !teal_cpim_spaces_know(&d->spaces, h->value))
            return refuse(d, TEAL_UNSUPPORTED, "REQ-CPIM-10 requires an unknown header", h->name);
    }
    return TEAL_OK;
}

/* Sets one of the MIME headers that must not be ambiguous. */
static teal_result set_once(decoder *d, const teal_mime_header *m, const char *name,
                            teal_bytes *value)
{
    if (!teal_ascii_same(m->name, teal_text(name)))
        return TEAL_OK;
    if (value->at != NULL)
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-9 MIME header that may be there once", m->name);
    *value = m->value;
    return TEAL_OK;
}

static teal_result take_mime(decoder *d, teal_bytes line)
{
    teal_mime_header *m = &d->mime[d->n_mime++];
    bool escapes;
    if (!teal_field_split(line, ':', &m->name, &m->value) || !teal_cpim_is_name(m->name))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-6 MIME header without a name", line);
    m->value = teal_field_trim(m->value);
    teal_result result = teal_cpim_lines_check(&d->lines, m->value, &escapes);
    if (result == TEAL_OK)
        result = set_once(d, m, "Content-Type", &d->content_type);
    if (result == TEAL_OK)
        result = set_once(d, m, "Content-Length", &d->content_length);
    if (result == TEAL_OK)
        result = set_once(d, m, "Content-Transfer-Encoding", &d->transfer_encoding);
    return result;
}

static teal_result read_mime(decoder *d)
{
    void *mime = NULL;
    size_t left = TEAL_CPIM_MAX_MIME_HEADERS;
    teal_result result = teal_cpim_lines_reserve(&d->lines, &left, sizeof *d->mime, &mime);
    d->mime = mime;
    return result == TEAL_OK ? read_block(d, take_mime) : result;
}

/* What is left is the body; a Content-Length only trims it (never extends it). */
static teal_result read_body(decoder *d, teal_bytes *body)
{
    size_t left = teal_read_left(&d->lines.in), length = 0;
    teal_bytes digits = d->content_length;
    if (digits.at != NULL && digits.len == 0)
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-11 Content-Length is no number", digits);
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return refuse(d, TEAL_MALFORMED, "REQ-CPIM-11 Content-Length is no number", digits);
        if (length < left)
            length = length * 10 + (size_t)(digits.at[i] - '0');
    }
    *body = teal_read_bytes(&d->lines.in, digits.len > 0 && length < left ? length : left);
    return TEAL_OK;
}

static bool begins_with_mime(const decoder *d)
{
    const teal_bytes mime = teal_text("Content-");
    teal_reader ahead = d->lines.in;
    return teal_ascii_same(teal_read_bytes(&ahead, mime.len), mime);
}

/* The MIME headers of the message itself, `Content-Type: Message/CPIM`, which some peers send with
 * it. Whatever else begins like that is a message with an odd first header. */
static teal_result unwrap(decoder *d)
{
    const size_t used = d->lines.arena->used;
    decoder outer = *d;
    teal_bytes inner;
    outer.lines.why = NULL;
    if (read_mime(&outer) != TEAL_OK || !teal_media_type_is(outer.content_type, "message/cpim")) {
        d->lines.arena->used = used;
        return TEAL_OK;
    }
    outer.lines.why = d->lines.why;
    teal_result result = read_body(&outer, &inner);
    if (result == TEAL_OK)
        d->lines.in = teal_reader_of(inner);
    return result;
}

/* One message with its part, from where the lines are. */
static teal_result read_message(decoder *d, teal_cpim *m)
{
    teal_bytes body = { 0 };
    teal_result result = read_headers(d);
    if (result == TEAL_OK)
        result = resolve(d);
    if (result == TEAL_OK)
        result = read_mime(d);
    size_t body_at = (size_t)(d->lines.in.at - d->lines.whole.at);
    if (result == TEAL_OK)
        result = read_body(d, &body);
    *m =
        (teal_cpim){ d->headers, d->n_headers, d->mime, d->n_mime, d->content_type, body, body_at };
    return result;
}

/* The next header of that name at *i or behind; NULL: none. */
static const teal_cpim_header *next_named(const teal_cpim *m, size_t *i, const char *ns,
                                          const char *name)
{
    while (*i < m->n_headers) {
        const teal_cpim_header *h = &m->headers[(*i)++];
        if (teal_cpim_header_is(h, ns, name))
            return h;
    }
    return NULL;
}

/* Whether the wrapper has no header of that name, or the same as the message, one by one. */
static bool agree(const teal_cpim *wrapper, const teal_cpim *m, const char *ns, const char *name)
{
    size_t i = 0, j = 0;
    const teal_cpim_header *outer = next_named(wrapper, &i, ns, name);
    const teal_cpim_header *inner = next_named(m, &j, ns, name);
    if (outer == NULL)
        return true;
    while (outer != NULL && inner != NULL && teal_bytes_equal(outer->raw, inner->raw)) {
        outer = next_named(wrapper, &i, ns, name);
        inner = next_named(m, &j, ns, name);
    }
    return outer == NULL && inner == NULL;
}

/* A wrapper that said anything else than the message in it would make two messages of one. */
static teal_result check_wrapper(const decoder *d, const teal_cpim *wrapper, const teal_cpim *m)
{
    static const struct {
        const char *ns, *name;
    } names[] = {
        { TEAL_NS_CPIM, "From" },       { TEAL_NS_CPIM, "To" },
        { TEAL_NS_CPIM, "cc" },         { TEAL_NS_CPIM, "DateTime" },
        { TEAL_NS_IMDN, "Message-ID" }, { TEAL_NS_IMDN, "Disposition-Notification" },
    };
    for (size_t i = 0; i < wrapper->n_headers; i++) {
        const teal_cpim_header *h = &wrapper->headers[i];
        if (teal_bytes_equal(h->ns, teal_text(TEAL_NS_E2EE)) ||
            teal_bytes_equal(h->ns, teal_text(TEAL_NS_MLS)))
            return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-16 wrapper with a header of its message",
                               h->at, d->lines.why);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!agree(wrapper, m, names[i].ns, names[i].name))
            return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-16 wrapper and message do not agree",
                               teal_cpim_find(wrapper, names[i].ns, names[i].name)->at,
                               d->lines.why);
    }
    return TEAL_OK;
}

/* A part that is message/cpim again, once: the message is what is in it. */
static teal_result open_part(const decoder *outer, teal_cpim *m)
{
    const teal_cpim wrapper = *m;
    decoder d = { .lines = outer->lines, .lines_left = outer->lines_left };
    if (!teal_cpim_is_identity(&wrapper))
        return refuse(&d, TEAL_UNSUPPORTED, "REQ-CPIM-16 message/cpim under a transfer encoding",
                      outer->transfer_encoding);
    d.lines.in = teal_reader_of(wrapper.body);
    teal_result result = read_message(&d, m);
    if (result == TEAL_OK && teal_cpim_type_is(m, "message/cpim"))
        result = refuse(&d, TEAL_LIMIT, "REQ-CPIM-16 message/cpim wrapped twice", d.content_type);
    return result == TEAL_OK ? check_wrapper(&d, &wrapper, m) : result;
}

teal_result teal_cpim_decode(teal_bytes in, teal_arena *arena, teal_cpim *out, teal_diag *why)
{
    decoder d = { .lines = { in, teal_reader_of(in), 0, arena, why },
                  .lines_left = TEAL_CPIM_MAX_HEADERS };
    teal_cpim m;
    teal_result result = begins_with_mime(&d) ? unwrap(&d) : TEAL_OK;
    if (result == TEAL_OK)
        result = read_message(&d, &m);
    if (result == TEAL_OK && teal_cpim_type_is(&m, "message/cpim"))
        result = open_part(&d, &m);
    if (result == TEAL_OK)
        *out = m;
    return result;
}
