/* Writes message/cpim in its canonical form; see cpim.h. */
#include "codecs/rcs/cpim.h"

#include "codecs/utf8.h"

/* UTF-8 without control characters: stays in its line. */
static bool is_line(teal_bytes b)
{
    bool ascii = true;
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < 0x20 || b.at[i] == 0x7f)
            return false;
        ascii = ascii && b.at[i] < 0x80;
    }
    return ascii || teal_utf8_valid(b);
}

/* A value that would end its line, or come back as another one, fails the writer. */
static void check_value(teal_cpim_writer *w, teal_bytes value)
{
    bool outer_blank = value.len > 0 && (value.at[0] == ' ' || value.at[value.len - 1] == ' ');
    if (!is_line(value) || outer_blank)
        w->failed = true;
}

static void write_value(teal_cpim_writer *w, teal_bytes value)
{
    check_value(w, value);
    teal_reader r = teal_reader_of(value);
    while (teal_read_left(&r) > 0) {
        size_t left = teal_read_left(&r);
        const uint8_t *escaped = memchr(r.at, '\\', left);
        teal_write_bytes(w->out,
                         teal_read_bytes(&r, escaped != NULL ? (size_t)(escaped - r.at) : left));
        if (escaped != NULL) {
            teal_read_u8(&r);
            teal_write_text(w->out, "\\\\");
        }
    }
}

void teal_cpim_put_ns(teal_cpim_writer *w, const char *prefix, const char *uri)
{
    teal_write_text(w->out, "NS: ");
    teal_write_text(w->out, prefix);
    teal_write_text(w->out, " <");
    teal_write_text(w->out, uri);
    teal_write_text(w->out, ">\r\n");
}

void teal_cpim_put(teal_cpim_writer *w, const char *name, teal_bytes value)
{
    teal_write_text(w->out, name);
    teal_write_text(w->out, ": ");
    write_value(w, value);
    teal_write_text(w->out, "\r\n");
}

void teal_cpim_put_uri(teal_cpim_writer *w, const char *name, teal_bytes uri)
{
    if (uri.len == 0 || memchr(uri.at, '>', uri.len) != NULL)
        w->failed = true;
    teal_write_text(w->out, name);
    teal_write_text(w->out, ": <");
    write_value(w, uri);
    teal_write_text(w->out, ">\r\n");
}

void teal_cpim_begin_part(teal_cpim_writer *w)
{
    teal_write_text(w->out, "\r\n");
}

void teal_cpim_put_mime(teal_cpim_writer *w, const char *name, teal_bytes value)
{
    check_value(w, value);
    teal_write_text(w->out, name);
    teal_write_text(w->out, ": ");
    teal_write_bytes(w->out, value);
    teal_write_text(w->out, "\r\n");
}

void teal_cpim_put_body(teal_cpim_writer *w, teal_bytes body)
{
    teal_write_text(w->out, "\r\n");
    teal_write_bytes(w->out, body);
}

teal_result teal_cpim_finish(const teal_cpim_writer *w)
{
    if (w->failed)
        return TEAL_MALFORMED;
    return teal_write_fits(w->out) ? TEAL_OK : TEAL_SPACE;
}
