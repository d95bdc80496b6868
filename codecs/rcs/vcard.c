/* Reads text/vcard; see vcard.h. */
#include "codecs/rcs/vcard.h"

#include "codecs/ascii.h"
#include "codecs/handle.h"
#include "codecs/native/envelope.h"
#include "codecs/rcs/field.h"
#include "codecs/utf8.h"

typedef struct card_reader {
    const uint8_t *start;
    teal_reader in;
    teal_arena *arena;
    teal_diag *why;
    bool has_name;
    teal_vcard out;
    teal_bytes handles[TEAL_VCARD_MAX_HANDLES];
} card_reader;

/* `item1.TEL;TYPE=CELL:+1…`; the value as it stands, its folds included. */
typedef struct property {
    teal_bytes name, params, value;
} property;

static teal_result refuse(const card_reader *r, teal_result result, const char *rule)
{
    return teal_refuse(result, rule, (size_t)(r->in.at - r->start), r->why);
}

/* Of an input that is not at its end. */
static void skip_line(teal_reader *in)
{
    size_t left = teal_read_left(in);
    const uint8_t *lf = memchr(in->at, '\n', left);
    (void)teal_read_bytes(in, lf != NULL ? (size_t)(lf - in->at) + 1 : left);
}

/* A line and those that continue it, which begin with a blank. */
static teal_bytes read_line(teal_reader *in)
{
    const uint8_t *start = in->at;
    do
        skip_line(in);
    while (teal_read_left(in) > 0 && teal_field_is_blank(*in->at));
    teal_bytes line = { start, (size_t)(in->at - start) };
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* The first colon outside of quotes ends the parameters. */
static property split(teal_bytes line)
{
    property p = { .name = line };
    bool quoted = false;
    size_t colon = 0;
    while (colon < line.len && (line.at[colon] != ':' || quoted)) {
        quoted = line.at[colon] == '"' ? !quoted : quoted;
        colon++;
    }
    if (colon < line.len) {
        p.name.len = colon;
        p.value = (teal_bytes){ line.at + colon + 1, line.len - colon - 1 };
    }
    teal_bytes group, rest;
    teal_field_split(p.name, ';', &p.name, &p.params);
    while (teal_field_split(p.name, '.', &group, &rest))
        p.name = rest;
    return p;
}

static bool is_named(const property *p, const char *name)
{
    return teal_ascii_same(p->name, teal_text(name));
}

static bool is_line_of(const property *p, const char *name, const char *value)
{
    return is_named(p, name) && teal_ascii_same(teal_field_trim(p->value), teal_text(value));
}

/* Quoted-printable and base64 of older versions are not undone. */
static bool is_encoded(teal_bytes params)
{
    static const char *const words[] = { "QUOTED-PRINTABLE", "BASE64", "ENCODING=B" };
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        teal_bytes word = teal_text(words[w]);
        for (size_t i = 0; i + word.len <= params.len; i++) {
            if (teal_ascii_same((teal_bytes){ params.at + i, word.len }, word))
                return true;
        }
    }
    return false;
}

/* Unfolds, undoes escapes, and makes blanks of control characters, in one pass. A line feed is in a
 * value only where the next line continues it: the blank behind it goes with it. */
static teal_result clean(const card_reader *r, teal_bytes raw, teal_bytes *text)
{
    teal_writer w = { teal_arena_take(r->arena, raw.len), raw.len, 0 };
    bool escaped = false;
    if (w.base == NULL)
        return refuse(r, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.at[i];
        if (c == '\r' || c == '\n') {
            i += c == '\n' ? 1 : 0;
        } else if (c == '\\' && !escaped) {
            escaped = true;
        } else {
            bool breaks = escaped && (c == 'n' || c == 'N');
            teal_write_u8(&w, breaks || c < ' ' || c == 0x7f ? ' ' : c);
            escaped = false;
        }
    }
    *text = teal_field_trim(teal_written(&w));
    if (text->len > TEAL_VCARD_MAX_TEXT_BYTES)
        return refuse(r, TEAL_LIMIT, "REQ-VCF-2 text too long");
    if (!teal_utf8_valid(*text))
        return refuse(r, TEAL_MALFORMED, "REQ-VCF-1 text is not UTF-8");
    return TEAL_OK;
}

/* The canonical form where there is one: a number without its country is kept, never guessed. */
static teal_result canonicalize(const card_reader *r, teal_bytes *handle)
{
    uint8_t canonical[TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { canonical, sizeof canonical, 0 };
    if (teal_handle_canonicalize(*handle, &w, NULL) != TEAL_OK)
        return TEAL_OK;
    *handle = teal_arena_copy(r->arena, teal_written(&w));
    return handle->at != NULL ? TEAL_OK : refuse(r, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
}

static teal_result add_handle(card_reader *r, teal_bytes value)
{
    teal_bytes handle;
    teal_result result = clean(r, value, &handle);
    if (result != TEAL_OK || handle.len == 0)
        return result;
    result = canonicalize(r, &handle);
    for (size_t i = 0; i < r->out.n_handles; i++) {
        if (teal_bytes_equal(r->handles[i], handle))
            return result;
    }
    if (result == TEAL_OK && r->out.n_handles == TEAL_VCARD_MAX_HANDLES)
        result = refuse(r, TEAL_LIMIT, "REQ-VCF-2 too many ways to reach a contact");
    if (result == TEAL_OK)
        r->handles[r->out.n_handles++] = handle;
    return result;
}

static teal_result read_property(card_reader *r, const property *p)
{
    if (is_encoded(p->params))
        return TEAL_OK;
    if (is_named(p, "TEL") || is_named(p, "IMPP"))
        return add_handle(r, p->value);
    if (!is_named(p, "FN") || r->has_name)
        return TEAL_OK;
    r->has_name = true;
    return clean(r, p->value, &r->out.name);
}

/* From behind BEGIN to behind END. */
static teal_result read_card(card_reader *r)
{
    teal_result result = TEAL_OK;
    while (result == TEAL_OK && teal_read_left(&r->in) > 0) {
        property p = split(read_line(&r->in));
        if (is_line_of(&p, "END", "VCARD"))
            return TEAL_OK;
        if (is_line_of(&p, "BEGIN", "VCARD"))
            return refuse(r, TEAL_MALFORMED, "REQ-VCF-1 card inside of a card");
        result = read_property(r, &p);
    }
    return result != TEAL_OK ? result : refuse(r, TEAL_MALFORMED, "REQ-VCF-1 card without END");
}

static void skip_blank(teal_reader *in)
{
    while (teal_read_left(in) > 0 &&
           (*in->at == '\r' || *in->at == '\n' || teal_field_is_blank(*in->at)))
        (void)teal_read_u8(in);
}

static teal_result keep(card_reader *r, teal_vcard *out)
{
    if (r->out.name.len == 0 && r->out.n_handles == 0)
        return refuse(r, TEAL_MALFORMED, "REQ-VCF-1 neither name nor way to reach");
    teal_bytes *kept = teal_arena_array(r->arena, r->out.n_handles, sizeof *kept);
    if (kept == NULL)
        return refuse(r, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
    memcpy(kept, r->handles, r->out.n_handles * sizeof *kept);
    *out = (teal_vcard){ r->out.name, kept, r->out.n_handles };
    return TEAL_OK;
}

teal_result teal_vcard_next(teal_bytes *list, teal_arena *arena, teal_vcard *out, teal_diag *why)
{
    card_reader r = { .start = list->at, .in = teal_reader_of(*list), .arena = arena, .why = why };
    if (list->len > TEAL_VCARD_MAX_BYTES)
        return refuse(&r, TEAL_LIMIT, "REQ-VCF-2 body too large");
    skip_blank(&r.in);
    property begin = { 0 };
    if (teal_read_left(&r.in) > 0)
        begin = split(read_line(&r.in));
    if (!is_line_of(&begin, "BEGIN", "VCARD"))
        return refuse(&r, TEAL_MALFORMED, "REQ-VCF-1 no card begins");
    teal_result result = read_card(&r);
    if (result == TEAL_OK)
        result = keep(&r, out);
    if (result != TEAL_OK)
        return result;
    skip_blank(&r.in);
    *list = (teal_bytes){ r.in.at, teal_read_left(&r.in) };
    return TEAL_OK;
}

/* RFC 2426 section 4: what ends or divides a value is escaped. */
static void write_value(teal_writer *out, teal_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == ',' || c == ';' || c == '\\')
            teal_write_u8(out, '\\');
        teal_write_u8(out, c < ' ' || c == 0x7f ? ' ' : c);
    }
}

/* A URI that is no telephone number has a property of its own. */
static void write_handle(teal_writer *out, teal_bytes handle)
{
    teal_bytes number =
        teal_handle_is_canonical(handle) ? teal_handle_number(handle) : (teal_bytes){ 0 };
    bool is_uri = memchr(handle.at, ':', handle.len) != NULL;
    teal_write_text(out, number.len == 0 && is_uri ? "IMPP:" : "TEL:");
    write_value(out, number.len > 0 ? number : handle);
    teal_write_text(out, "\r\n");
}

static teal_result check(const teal_vcard *c)
{
    if (c->n_handles > TEAL_VCARD_MAX_HANDLES || c->name.len > TEAL_VCARD_MAX_TEXT_BYTES)
        return TEAL_LIMIT;
    if ((c->name.len == 0 && c->n_handles == 0) || !teal_utf8_valid(c->name))
        return TEAL_MALFORMED;
    for (size_t i = 0; i < c->n_handles; i++) {
        if (c->handles[i].len > TEAL_VCARD_MAX_TEXT_BYTES)
            return TEAL_LIMIT;
        if (c->handles[i].len == 0 || !teal_utf8_valid(c->handles[i]))
            return TEAL_MALFORMED;
    }
    return TEAL_OK;
}

teal_result teal_vcard_encode(const teal_vcard *c, teal_writer *out)
{
    teal_result result = check(c);
    if (result != TEAL_OK)
        return result;
    teal_write_text(out, "BEGIN:VCARD\r\nVERSION:3.0\r\nN:");
    write_value(out, c->name);
    teal_write_text(out, ";;;;\r\nFN:");
    write_value(out, c->name);
    teal_write_text(out, "\r\n");
    for (size_t i = 0; i < c->n_handles; i++)
        write_handle(out, c->handles[i]);
    teal_write_text(out, "END:VCARD\r\n");
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}
