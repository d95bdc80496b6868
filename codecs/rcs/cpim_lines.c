/* Header lines of message/cpim; see cpim_lines.h. */
#include "codecs/rcs/cpim_lines.h"

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

teal_result teal_cpim_lines_refuse(const teal_cpim_lines *l, teal_result result, const char *rule,
                                   teal_bytes view)
{
    size_t at = (uintptr_t)view.at - (uintptr_t)l->whole.at; /* of another place: wraps, far out */
    return teal_refuse(result, rule, at < l->whole.len ? at : l->at, l->why);
}

enum { BLOCK = 16 };

/* Whether each is printable ASCII and no backslash. Of a fixed length, which compilers turn into a
 * few instructions. */
static bool are_plain(const uint8_t at[static BLOCK])
{
    uint8_t odd = 0;
    for (size_t i = 0; i < BLOCK; i++)
        odd |= (uint8_t)((at[i] < ' ') | (at[i] >= 0x7f) | (at[i] == '\\'));
    return odd == 0;
}

static uint8_t classes_in(teal_bytes b)
{
    uint8_t seen = 0;
    size_t i = 0;
    while (i < b.len) {
        if (b.len - i >= BLOCK && are_plain(b.at + i))
            i += BLOCK;
        else
            seen |= class_of[b.at[i++]];
    }
    return seen;
}

bool teal_cpim_is_name(teal_bytes b)
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
static teal_result count_lines(const teal_cpim_lines *l, size_t max, size_t *count)
{
    teal_reader ahead = l->in;
    *count = 0;
    for (;;) {
        teal_bytes line = read_line(&ahead);
        if (ahead.failed)
            return teal_refuse(TEAL_MORE, "REQ-CPIM-1 ends before the blank line behind headers",
                               l->whole.len, l->why);
        if (line.len == 0)
            return TEAL_OK;
        if (line.len > TEAL_CPIM_MAX_LINE_BYTES)
            return teal_cpim_lines_refuse(l, TEAL_LIMIT, "REQ-CPIM-2 line too long", line);
        if (++*count > max)
            return teal_cpim_lines_refuse(l, TEAL_LIMIT, "REQ-CPIM-2 too many headers", line);
    }
}

static bool continues(const teal_reader *in)
{
    return teal_read_left(in) > 0 && teal_field_is_blank(*in->at);
}

/* Puts a line and those that continue it on one: a line end, with the blanks around it, is one
 * blank. RFC 3862 knows no folding of headers; some clients fold them as MIME does. */
static teal_result unfold(teal_cpim_lines *l, teal_bytes *line)
{
    teal_reader ahead = l->in;
    size_t len = line->len;
    while (continues(&ahead)) {
        teal_bytes more = teal_field_trim(read_line(&ahead));
        if (more.len == 0)
            return teal_cpim_lines_refuse(l, TEAL_MALFORMED, "REQ-CPIM-14 blank line that is none",
                                          *line);
        len += 1 + more.len;
    }
    if (len > TEAL_CPIM_MAX_LINE_BYTES)
        return teal_cpim_lines_refuse(l, TEAL_LIMIT, "REQ-CPIM-2 line too long", *line);
    teal_writer w = { teal_arena_take(l->arena, len), len, 0 };
    if (w.base == NULL)
        return teal_cpim_lines_refuse(l, TEAL_SPACE, TEAL_ARENA_TOO_SMALL, *line);
    teal_write_bytes(&w, *line);
    while (continues(&l->in)) {
        teal_write_u8(&w, ' ');
        teal_write_bytes(&w, teal_field_trim(read_line(&l->in)));
    }
    *line = teal_written(&w);
    return TEAL_OK;
}

teal_result teal_cpim_lines_reserve(teal_cpim_lines *l, size_t *left, size_t item_size,
                                    void **items)
{
    size_t count;
    teal_result result = count_lines(l, *left, &count);
    if (result != TEAL_OK)
        return result;
    *items = teal_arena_array(l->arena, count, item_size);
    if (*items == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, l->why);
    *left -= count;
    return TEAL_OK;
}

teal_result teal_cpim_lines_next(teal_cpim_lines *l, teal_bytes *line)
{
    l->at = (size_t)(l->in.at - l->whole.at);
    *line = read_line(&l->in);
    return line->len > 0 && continues(&l->in) ? unfold(l, line) : TEAL_OK;
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
teal_result teal_cpim_lines_unescape(const teal_cpim_lines *l, teal_bytes raw, teal_bytes *value)
{
    uint8_t *taken = teal_arena_take(l->arena, raw.len);
    if (taken == NULL)
        return teal_cpim_lines_refuse(l, TEAL_SPACE, TEAL_ARENA_TOO_SMALL, raw);
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
            return teal_cpim_lines_refuse(l, TEAL_MALFORMED,
                                          "REQ-CPIM-5 escape that says no character", raw);
        teal_utf8_write(&w, point);
    }
    *value = teal_written(&w);
    return TEAL_OK;
}

teal_result teal_cpim_lines_check(const teal_cpim_lines *l, teal_bytes text, bool *escapes)
{
    uint8_t classes = classes_in(text);
    if ((classes & CONTROL) != 0)
        return teal_cpim_lines_refuse(l, TEAL_MALFORMED, "REQ-CPIM-3 control character in a header",
                                      text);
    if ((classes & HIGH) != 0 && !teal_utf8_valid(text))
        return teal_cpim_lines_refuse(l, TEAL_MALFORMED, "REQ-CPIM-4 header is not UTF-8", text);
    *escapes = (classes & ESCAPE) != 0;
    return TEAL_OK;
}
