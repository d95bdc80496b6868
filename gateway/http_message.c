/* Components of a message and their values, RFC 9421 sections 2.1 and 2.2. */
#include "gateway/http_message.h"

#include "codecs/ascii.h"

static const char missing[] = "REQ-SIG-2 a covered component is not in the message";
static const char foul[] = "REQ-SIG-2 a covered component has octets that are no field content";

static bool is(teal_bytes b, const char *text)
{
    return teal_bytes_equal(b, teal_text(text));
}

static bool begins(teal_bytes b, const char *text)
{
    size_t len = strlen(text);
    return b.len >= len && memcmp(b.at, text, len) == 0;
}

/* The first `c`, or the end. */
static size_t find(teal_bytes b, uint8_t c)
{
    const uint8_t *found = b.len > 0 ? memchr(b.at, c, b.len) : NULL;
    return found != NULL ? (size_t)(found - b.at) : b.len;
}

static teal_bytes cut(teal_bytes b, size_t from)
{
    return from < b.len ? (teal_bytes){ b.at + from, b.len - from } : (teal_bytes){ 0 };
}

bool http_message_of_url(teal_bytes url, http_message *out)
{
    size_t scheme = begins(url, "http://") ? 4 : begins(url, "https://") ? 5 : 0;
    if (scheme == 0)
        return false;
    teal_bytes rest = cut(url, scheme + strlen("://"));
    rest.len = find(rest, '#');
    size_t slash = find(rest, '/'), question = find(rest, '?');
    size_t authority = slash < question ? slash : question;
    *out = (http_message){ .scheme = { url.at, scheme },
                           .authority = { rest.at, authority },
                           .target = cut(rest, authority) };
    return authority > 0;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(uint8_t c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

static teal_bytes trim(teal_bytes b)
{
    while (b.len > 0 && is_space(b.at[0]))
        b = cut(b, 1);
    while (b.len > 0 && is_space(b.at[b.len - 1]))
        b.len--;
    return b;
}

static size_t span_spaces(teal_bytes b, bool *folds)
{
    size_t n = 0;
    *folds = false;
    for (; n < b.len && is_space(b.at[n]); n++)
        *folds = *folds || !is_blank(b.at[n]);
    return n;
}

/* A line that was folded becomes one space. False: a control character, an octet beyond ASCII, or a
 * line that ends without a fold. */
static bool write_value(teal_bytes value, teal_writer *w)
{
    for (size_t i = 0; i < value.len;) {
        bool folds;
        size_t n = span_spaces(cut(value, i), &folds);
        if (folds && !is_blank(value.at[i + n - 1]))
            return false;
        if (folds)
            teal_write_u8(w, ' ');
        else if (n > 0)
            teal_write_bytes(w, (teal_bytes){ value.at + i, n });
        i += n;
        if (i < value.len && (value.at[i] <= ' ' || value.at[i] > '~'))
            return false;
        if (i < value.len)
            teal_write_u8(w, value.at[i++]);
    }
    return true;
}

bool http_message_has(const http_message *m, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < m->n_fields && !found; i++)
        found = teal_ascii_same(m->fields[i].name, teal_text(name));
    return found;
}

teal_result http_message_write_field(const http_message *m, teal_bytes name, teal_writer *w,
                                     teal_diag *why)
{
    size_t found = 0;
    for (size_t i = 0; i < m->n_fields; i++) {
        if (!teal_ascii_same(m->fields[i].name, name))
            continue;
        if (found++ > 0)
            teal_write_text(w, ", ");
        if (!write_value(trim(m->fields[i].value), w))
            return teal_refuse(TEAL_MALFORMED, foul, 0, why);
    }
    return found > 0 ? TEAL_OK : teal_refuse(TEAL_MALFORMED, missing, 0, why);
}

teal_result http_message_take_field(const http_message *m, const char *name, teal_arena *arena,
                                    teal_bytes *out, teal_diag *why)
{
    teal_writer w = teal_arena_rest(arena);
    teal_result r = http_message_write_field(m, teal_text(name), &w, why);
    if (r != TEAL_OK)
        return r;
    uint8_t *taken = teal_write_fits(&w) ? teal_arena_take(arena, w.len) : NULL;
    if (taken == NULL)
        return teal_refuse(TEAL_SPACE, "the arena is full", 0, why);
    memmove(taken, w.base, w.len); /* the arena aligns what it hands out */
    *out = (teal_bytes){ taken, w.len };
    return TEAL_OK;
}

/* ---- what is derived ------------------------------------------------------------------------- */

static void write_lower(teal_bytes text, teal_writer *w)
{
    for (size_t i = 0; i < text.len; i++)
        teal_write_u8(w, teal_ascii_lower(text.at[i]));
}

static void write_scheme(const http_message *m, teal_writer *w)
{
    write_lower(m->scheme, w);
}

/* Without the port that the scheme has anyway. */
static void write_authority(const http_message *m, teal_writer *w)
{
    teal_bytes authority = m->authority;
    const char *port = teal_ascii_same(m->scheme, teal_text("https")) ? ":443" : ":80";
    size_t len = strlen(port);
    if (authority.len > len && begins(cut(authority, authority.len - len), port))
        authority.len -= len;
    write_lower(authority, w);
}

static void write_path(const http_message *m, teal_writer *w)
{
    teal_bytes path = { m->target.at, find(m->target, '?') };
    teal_write_bytes(w, path.len > 0 ? path : teal_text("/"));
}

static void write_query(const http_message *m, teal_writer *w)
{
    teal_bytes query = cut(m->target, find(m->target, '?'));
    teal_write_bytes(w, query.len > 0 ? query : teal_text("?"));
}

static void write_target_uri(const http_message *m, teal_writer *w)
{
    write_scheme(m, w);
    teal_write_text(w, "://");
    write_authority(m, w);
    write_path(m, w);
    if (find(m->target, '?') < m->target.len)
        write_query(m, w);
}

static void write_method(const http_message *m, teal_writer *w)
{
    teal_write_bytes(w, m->method);
}

static void write_request_target(const http_message *m, teal_writer *w)
{
    teal_write_bytes(w, m->target);
}

static void write_status(const http_message *m, teal_writer *w)
{
    teal_write_decimal(w, m->status);
}

static const struct {
    const char *name;
    void (*write)(const http_message *m, teal_writer *w);
    bool of_response;
} derived[] = {
    { "@method", write_method, false },       { "@target-uri", write_target_uri, false },
    { "@authority", write_authority, false }, { "@scheme", write_scheme, false },
    { "@path", write_path, false },           { "@query", write_query, false },
    { "@status", write_status, true },        { "@request-target", write_request_target, false },
};

static bool is_clean(const http_message *m)
{
    return teal_ascii_is_visible(m->method) && teal_ascii_is_visible(m->scheme) &&
           teal_ascii_is_visible(m->authority) && teal_ascii_is_visible(m->target);
}

static teal_result write_derived(const http_message *m, teal_bytes name, teal_writer *w,
                                 teal_diag *why)
{
    for (size_t i = 0; i < sizeof derived / sizeof derived[0]; i++) {
        if (!is(name, derived[i].name))
            continue;
        if (derived[i].of_response != (m->status != 0))
            return teal_refuse(TEAL_MALFORMED, missing, 0, why);
        if (!is_clean(m))
            return teal_refuse(TEAL_MALFORMED, foul, 0, why);
        derived[i].write(m, w);
        return TEAL_OK;
    }
    return teal_refuse(TEAL_UNSUPPORTED, "REQ-SIG-2 a covered component is none that is taken", 0,
                       why);
}

/* RFC 9110 tchar without upper case. */
static bool is_field_name(teal_bytes name)
{
    bool good = name.len > 0;
    for (size_t i = 0; i < name.len && good; i++) {
        uint8_t c = name.at[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
    }
    return good;
}

teal_result http_message_write_component(const http_message *m, teal_bytes name, teal_writer *w,
                                         teal_diag *why)
{
    if (begins(name, "@"))
        return write_derived(m, name, w, why);
    if (!is_field_name(name))
        return teal_refuse(TEAL_MALFORMED, "REQ-SIG-2 a covered component is no field's name", 0,
                           why);
    return http_message_write_field(m, name, w, why);
}
