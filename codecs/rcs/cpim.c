/* Decodes message/cpim; see cpim.h. One pass counts the lines, one takes them apart. */
#include "codecs/rcs/cpim.h"

#include "codecs/rcs/field.h"
#include "codecs/utf8.h"

/* What a character may stand in, or makes necessary. */
enum { NAME = 1, CONTROL = 2, ESCAPE = 4, HIGH = 8 };

static const uint8_t class_of[256] = {
    [0 ... 31] = CONTROL, [127] = CONTROL,       ['\\'] = ESCAPE,      [128 ... 255] = HIGH,
    ['!'] = NAME,         ['#' ... '\''] = NAME, ['*' ... '+'] = NAME, ['-'] = NAME,
    ['0' ... '9'] = NAME, ['A' ... 'Z'] = NAME,  ['^' ... '`'] = NAME, ['a' ... 'z'] = NAME,
    ['|'] = NAME,         ['~'] = NAME,
};

typedef struct binding {
    teal_bytes prefix, uri;
} binding;

typedef struct decoder {
    teal_bytes whole;
    teal_reader in;
    size_t line_at; /* of the header that is looked at */
    teal_arena *arena;
    teal_diag *why;
    binding spaces[TEAL_CPIM_MAX_NAMESPACES];
    size_t n_spaces;
    teal_cpim_header *headers;
    size_t n_headers;
    teal_mime_header *mime;
    size_t n_mime;
    teal_bytes content_length;
    teal_bytes content_type, transfer_encoding;
} decoder;

/* Of a view in the input; of its line where folds have made it a copy. */
static size_t offset(const decoder *d, teal_bytes view)
{
    uintptr_t at = (uintptr_t)view.at, start = (uintptr_t)d->whole.at;
    return at >= start && at - start < d->whole.len ? at - start : d->line_at;
}

static teal_result refuse(const decoder *d, teal_result result, const char *rule, teal_bytes at)
{
    return teal_refuse(result, rule, offset(d, at), d->why);
}

/* Eight octets at once: whether each is printable ASCII and no backslash. May say no of some that
 * are (where one octet borrows from the next): then they are looked at one by one. */
static bool are_plain(const uint8_t at[static 8])
{
    const uint64_t each = UINT64_MAX / 255, high = each * 0x80;
    uint64_t x;
    memcpy(&x, at, sizeof x);
    uint64_t escapes = x ^ each * '\\', deletes = x ^ each * 0x7f;
    return ((x | (x - each * 0x20) | (escapes - each) | (deletes - each)) & high) == 0;
}

static uint8_t classes_in(teal_bytes b)
{
    uint8_t seen = 0;
    size_t i = 0;
    while (i < b.len) {
        if (b.len - i >= 8 && are_plain(b.at + i))
            i += 8;
        else
            seen |= class_of[b.at[i++]];
    }
    return seen;
}

static bool is_name(teal_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if ((class_of[b.at[i]] & NAME) == 0)
            return false;
    }
    return b.len > 0;
}

/* One line without its CRLF or LF. Fails the reader where none ends. */
static teal_bytes read_line(teal_reader *in)
{
    size_t left = teal_read_left(in);
    const uint8_t *lf = left > 0 ? memchr(in->at, '\n', left) : NULL;
    if (lf == NULL) {
        in->failed = true;
        return (teal_bytes){ 0 };
    }
    teal_bytes line = teal_read_bytes(in, (size_t)(lf - in->at) + 1);
    line.len--;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Lines up to the blank one, which is not counted. */
static teal_result count_lines(decoder *d, size_t max, size_t *count)
{
    teal_reader ahead = d->in;
    *count = 0;
    for (;;) {
        teal_bytes line = read_line(&ahead);
        if (ahead.failed)
            return teal_refuse(TEAL_MORE, "REQ-CPIM-1 ends before the blank line behind headers",
                               d->whole.len, d->why);
        if (line.len == 0)
            return TEAL_OK;
        if (line.len > TEAL_CPIM_MAX_LINE_BYTES)
            return refuse(d, TEAL_LIMIT, "REQ-CPIM-2 line too long", line);
        if (++*count > max)
            return refuse(d, TEAL_LIMIT, "REQ-CPIM-2 too many headers", line);
    }
}

static bool continues(const teal_reader *in)
{
    return teal_read_left(in) > 0 && teal_field_is_blank(*in->at);
}

/* Puts a line and those that continue it on one: a line end, with the blanks around it, is one
 * blank. RFC 3862 knows no folding of headers; some clients fold them as MIME does. */
static teal_result unfold(decoder *d, teal_bytes *line)
{
    teal_reader ahead = d->in;
    size_t len = line->len;
    while (continues(&ahead)) {
        teal_bytes more = teal_field_trim(read_line(&ahead));
        if (more.len == 0)
            return refuse(d, TEAL_MALFORMED, "REQ-CPIM-14 blank line that is none", *line);
        len += 1 + more.len;
    }
    if (len > TEAL_CPIM_MAX_LINE_BYTES)
        return refuse(d, TEAL_LIMIT, "REQ-CPIM-2 line too long", *line);
    teal_writer w = { teal_arena_take(d->arena, len), len, 0 };
    if (w.base == NULL)
        return refuse(d, TEAL_SPACE, "REQ-CPIM-2 arena full", *line);
    teal_write_bytes(&w, *line);
    while (continues(&d->in)) {
        teal_write_u8(&w, ' ');
        teal_write_bytes(&w, teal_field_trim(read_line(&d->in)));
    }
    *line = teal_written(&w);
    return TEAL_OK;
}

/* The next header; empty: the blank line behind them, which count_lines has seen. */
static teal_result read_header(decoder *d, teal_bytes *line)
{
    d->line_at = (size_t)(d->in.at - d->whole.at);
    *line = read_line(&d->in);
    return line->len > 0 && continues(&d->in) ? unfold(d, line) : TEAL_OK;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The code point of an escape, behind its backslash; 0 for none and for what must not be said. */
static uint32_t read_escape(teal_reader *r)
{
    uint8_t c = teal_read_u8(r);
    switch (c) {
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case '"':
    case '\'':
    case '\\':
        return c;
    case 'u':
        break;
    default:
        return 0;
    }
    uint32_t point = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(teal_read_u8(r));
        if (digit < 0)
            return 0;
        point = point << 4 | (uint32_t)digit;
    }
    return point >= 0xd800 && point <= 0xdfff ? 0 : point;
}

/* An escape is never shorter than what it stands for, so the raw length is enough. */
static teal_result unescape(decoder *d, teal_bytes raw, teal_bytes *value)
{
    uint8_t *taken = teal_arena_take(d->arena, raw.len);
    if (taken == NULL)
        return refuse(d, TEAL_SPACE, "REQ-CPIM-2 arena full", raw);
    teal_writer w = { taken, raw.len, 0 };
    teal_reader r = teal_reader_of(raw);
    while (teal_read_left(&r) > 0) {
        uint8_t c = teal_read_u8(&r);
        if (c != '\\') {
            teal_write_u8(&w, c);
            continue;
        }
        uint32_t point = read_escape(&r);
        if (point == 0)
            return refuse(d, TEAL_MALFORMED, "REQ-CPIM-5 escape that says no character", raw);
        teal_utf8_write(&w, point);
    }
    *value = teal_written(&w);
    return TEAL_OK;
}

/* Text that may be kept as a view: no control characters, UTF-8. */
static teal_result check_text(const decoder *d, teal_bytes text, uint8_t *classes)
{
    *classes = classes_in(text);
    if ((*classes & CONTROL) != 0)
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-3 control character in a header", text);
    if ((*classes & HIGH) != 0 && !teal_utf8_valid(text))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-4 header is not UTF-8", text);
    return TEAL_OK;
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
    *h = (teal_cpim_header){ .at = d->line_at };
    if (!teal_field_split(line, ':', &name, &rest))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-6 header without a colon", line);
    h->name = name;
    if (teal_field_split(name, '.', &h->prefix, &tail))
        h->name = tail;
    else
        h->prefix = (teal_bytes){ 0 };
    if (!is_name(h->name) || (h->name.at != name.at && !is_name(h->prefix)))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-6 header name with a foreign character", line);

    if (rest.len > 0 && rest.at[0] == ';') {
        h->params = (teal_bytes){ rest.at, params_length(rest) };
        rest = (teal_bytes){ rest.at + h->params.len, rest.len - h->params.len };
    }
    uint8_t in_params, in_value;
    h->raw = h->value = teal_field_trim(rest);
    teal_result result = check_text(d, h->params, &in_params);
    if (result == TEAL_OK)
        result = check_text(d, h->raw, &in_value);
    if (result == TEAL_OK && (in_value & ESCAPE) != 0)
        result = unescape(d, h->raw, &h->value);
    return result;
}

static const binding *find_space(const decoder *d, teal_bytes prefix)
{
    for (size_t i = 0; i < d->n_spaces; i++) {
        if (teal_ascii_same(d->spaces[i].prefix, prefix))
            return &d->spaces[i];
    }
    return NULL;
}

/* `NS: prefix <uri>`, the blank optional. */
static teal_result bind(decoder *d, const teal_cpim_header *h)
{
    teal_bytes prefix, uri, rest;
    bool opened = teal_field_split(h->raw, '<', &prefix, &rest);
    bool closed = teal_field_split(rest, '>', &uri, &rest);
    prefix = teal_field_trim(prefix);
    if (!opened || !closed || rest.len > 0 || uri.len == 0)
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-7 NS is not `prefix <uri>`", h->raw);
    if (prefix.len == 0) {
        if (teal_bytes_equal(uri, teal_text(TEAL_NS_CPIM)))
            return TEAL_OK;
        return refuse(d, TEAL_UNSUPPORTED, "REQ-CPIM-8 another default namespace", h->raw);
    }
    if (!is_name(prefix))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-7 NS prefix with a foreign character", h->raw);
    const binding *known = find_space(d, prefix);
    if (known != NULL && !teal_bytes_equal(known->uri, uri))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-8 prefix with two meanings", h->raw);
    if (known != NULL)
        return TEAL_OK;
    if (d->n_spaces == TEAL_CPIM_MAX_NAMESPACES)
        return refuse(d, TEAL_LIMIT, "REQ-CPIM-2 too many namespaces", h->raw);
    d->spaces[d->n_spaces++] = (binding){ prefix, uri };
    return TEAL_OK;
}

static teal_result read_headers(decoder *d)
{
    size_t lines;
    teal_result result = count_lines(d, TEAL_CPIM_MAX_HEADERS, &lines);
    if (result != TEAL_OK)
        return result;
    d->headers = teal_arena_array(d->arena, lines, sizeof *d->headers);
    if (d->headers == NULL)
        return teal_refuse(TEAL_SPACE, "REQ-CPIM-2 arena full", 0, d->why);
    for (;;) {
        teal_bytes line;
        result = read_header(d, &line);
        if (result != TEAL_OK || line.len == 0)
            return result;
        teal_cpim_header *h = &d->headers[d->n_headers];
        result = parse_header(d, line, h);
        if (result == TEAL_OK && h->prefix.len == 0 && teal_ascii_same(h->name, teal_text("NS")))
            result = bind(d, h);
        else
            d->n_headers++;
        if (result != TEAL_OK)
            return result;
    }
}

static teal_bytes space_of(const decoder *d, teal_bytes prefix)
{
    if (prefix.len == 0)
        return teal_text(TEAL_NS_CPIM);
    const binding *b = find_space(d, prefix);
    return b != NULL ? b->uri : (teal_bytes){ 0 };
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

/* Namespaces may be declared behind their use, so they are resolved when all lines are read. */
static teal_result resolve(decoder *d)
{
    bool seen[SINGLE] = { false };
    for (size_t i = 0; i < d->n_headers; i++) {
        teal_cpim_header *h = &d->headers[i];
        d->line_at = h->at;
        h->ns = space_of(d, h->prefix);
        size_t which = find_single(h);
        if (which < SINGLE && seen[which])
            return refuse(d, TEAL_MALFORMED, "REQ-CPIM-9 header that may be there once", h->name);
        if (which < SINGLE)
            seen[which] = true;
    }
    return TEAL_OK;
}

static bool is_understood(const decoder *d, teal_bytes required)
{
    static const char *const core[] = {
        "From", "To", "cc", "DateTime", "Subject", "Require", "NS"
    };
    static const char *const spaces[] = { TEAL_NS_IMDN, TEAL_NS_E2EE, TEAL_NS_MLS };
    teal_bytes prefix, name;
    if (!teal_field_split(required, '.', &prefix, &name)) {
        name = required;
        prefix = (teal_bytes){ 0 };
    }
    teal_bytes ns = space_of(d, prefix);
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        if (teal_bytes_equal(ns, teal_text(spaces[i])))
            return true;
    }
    for (size_t i = 0; i < sizeof core / sizeof core[0]; i++) {
        if (teal_bytes_equal(ns, teal_text(TEAL_NS_CPIM)) &&
            teal_ascii_same(name, teal_text(core[i])))
            return true;
    }
    return false;
}

static teal_result check_require(decoder *d)
{
    for (size_t i = 0; i < d->n_headers; i++) {
        const teal_cpim_header *h = &d->headers[i];
        if (!teal_cpim_header_is(h, TEAL_NS_CPIM, "Require"))
            continue;
        teal_bytes list = h->value, item;
        d->line_at = h->at;
        do {
            teal_field_split(list, ',', &item, &list);
            if (!is_understood(d, teal_field_trim(item)))
                return refuse(d, TEAL_UNSUPPORTED, "REQ-CPIM-10 requires an unknown header",
                              h->name);
        } while (list.len > 0);
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

static teal_result parse_mime(decoder *d, teal_bytes line, teal_mime_header *m)
{
    uint8_t classes;
    if (!teal_field_split(line, ':', &m->name, &m->value) || !is_name(m->name))
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-6 MIME header without a name", line);
    m->value = teal_field_trim(m->value);
    teal_result result = check_text(d, m->value, &classes);
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
    size_t lines;
    teal_result result = count_lines(d, TEAL_CPIM_MAX_MIME_HEADERS, &lines);
    if (result != TEAL_OK)
        return result;
    d->mime = teal_arena_array(d->arena, lines, sizeof *d->mime);
    if (d->mime == NULL)
        return teal_refuse(TEAL_SPACE, "REQ-CPIM-2 arena full", 0, d->why);
    for (;;) {
        teal_bytes line;
        result = read_header(d, &line);
        if (result != TEAL_OK || line.len == 0)
            return result;
        result = parse_mime(d, line, &d->mime[d->n_mime++]);
        if (result != TEAL_OK)
            return result;
    }
}

/* What is left is the body; a Content-Length only trims it (never extends it). */
static teal_result read_body(decoder *d, teal_bytes *body)
{
    size_t left = teal_read_left(&d->in), length = 0;
    teal_bytes digits = d->content_length;
    if (digits.at != NULL && digits.len == 0)
        return refuse(d, TEAL_MALFORMED, "REQ-CPIM-11 Content-Length is no number", digits);
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return refuse(d, TEAL_MALFORMED, "REQ-CPIM-11 Content-Length is no number", digits);
        if (length < left)
            length = length * 10 + (size_t)(digits.at[i] - '0');
    }
    *body = teal_read_bytes(&d->in, digits.len > 0 && length < left ? length : left);
    return TEAL_OK;
}

static bool begins_with_mime(const decoder *d)
{
    const teal_bytes mime = teal_text("Content-");
    teal_reader ahead = d->in;
    return teal_ascii_same(teal_read_bytes(&ahead, mime.len), mime);
}

/* The MIME headers of the message itself, `Content-Type: Message/CPIM`, which some peers send with
 * it. Whatever else begins like that is a message with an odd first header. */
static teal_result unwrap(decoder *d)
{
    const size_t used = d->arena->used;
    decoder outer = *d;
    teal_bytes inner;
    outer.why = NULL;
    if (read_mime(&outer) != TEAL_OK || !teal_media_type_is(outer.content_type, "message/cpim")) {
        d->arena->used = used;
        return TEAL_OK;
    }
    outer.why = d->why;
    teal_result result = read_body(&outer, &inner);
    if (result == TEAL_OK)
        d->in = teal_reader_of(inner);
    return result;
}

teal_result teal_cpim_decode(teal_bytes in, teal_arena *arena, teal_cpim *out, teal_diag *why)
{
    decoder d = { .whole = in, .in = teal_reader_of(in), .arena = arena, .why = why };
    teal_bytes body = { 0 };
    teal_result result = begins_with_mime(&d) ? unwrap(&d) : TEAL_OK;
    if (result == TEAL_OK)
        result = read_headers(&d);
    if (result == TEAL_OK)
        result = resolve(&d);
    if (result == TEAL_OK)
        result = check_require(&d);
    if (result == TEAL_OK)
        result = read_mime(&d);
    size_t body_at = (size_t)(d.in.at - in.at);
    if (result == TEAL_OK)
        result = read_body(&d, &body);
    if (result != TEAL_OK)
        return result;
    *out = (teal_cpim){ d.headers, d.n_headers, d.mime, d.n_mime, d.content_type, body, body_at };
    return TEAL_OK;
}
