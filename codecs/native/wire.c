/* Canonical protobuf, read and written; see wire.h. */
#include "codecs/native/wire.h"

enum { VARINT = 0, LENGTH_DELIMITED = 2, MAX_VARINT_BYTES = 10 };

static const char crosses_end[] = "REQ-WIRE-4 a field crosses the end";

static void refuse(teal_wire *w, const char *rule)
{
    if (w->why.rule == NULL)
        w->why = (teal_diag){ rule, (size_t)(w->in.at - w->start) };
    w->in.failed = true;
}

teal_wire teal_wire_of(teal_bytes message)
{
    return (teal_wire){ teal_reader_of(message), message.at, { 0 } };
}

static uint64_t read_varint(teal_wire *w)
{
    uint64_t value = 0;
    teal_reader ahead = w->in;
    for (unsigned i = 0; i < MAX_VARINT_BYTES; i++) {
        uint8_t octet = teal_read_u8(&ahead);
        value |= (uint64_t)(octet & 0x7f) << (7 * i);
        if (octet & 0x80)
            continue;
        bool longer = i > 0 && octet == 0;
        bool overflows = i == MAX_VARINT_BYTES - 1 && octet > 1;
        if (ahead.failed || longer || overflows)
            break;
        w->in = ahead;
        return value;
    }
    refuse(w, ahead.failed ? crosses_end
                           : "REQ-WIRE-3 a number is too large or not in its shortest form");
    return 0;
}

/* Compares with the tag's shortest form, so any other form of it is an unknown field. Behind the
 * end zeros are read, which no octet of a tag is. */
static bool take_tag(teal_wire *w, uint32_t field, unsigned type)
{
    teal_reader ahead = w->in;
    uint32_t tag = field << 3 | type;
    bool same = true;
    for (; tag >= 0x80; tag >>= 7)
        same &= teal_read_u8(&ahead) == (uint8_t)(tag | 0x80);
    same &= teal_read_u8(&ahead) == tag;
    if (!same)
        return false;
    w->in = ahead;
    return true;
}

/* Refuses what stands where field `next` was to come, unless it is that field or a later one. */
static void refuse_stray(teal_wire *w, uint64_t next)
{
    teal_wire ahead = *w;
    uint64_t tag = teal_read_left(&w->in) > 0 ? read_varint(&ahead) : UINT64_MAX;
    if (ahead.why.rule != NULL)
        refuse(w, ahead.why.rule);
    else if (tag >> 3 < next)
        refuse(w, "REQ-WIRE-1 a field is unknown, out of order or there twice");
}

static teal_bytes read_delimited(teal_wire *w)
{
    uint64_t len = read_varint(w);
    if (len > teal_read_left(&w->in)) {
        refuse(w, crosses_end);
        return (teal_bytes){ 0 };
    }
    return teal_read_bytes(&w->in, (size_t)len);
}

uint64_t teal_wire_uint(teal_wire *w, uint32_t field, uint64_t max)
{
    if (!take_tag(w, field, VARINT))
        return 0;
    uint64_t value = read_varint(w);
    if (value == 0)
        refuse(w, "REQ-WIRE-2 a field that has its default value is there");
    if (value > max)
        refuse(w, "REQ-WIRE-3 a number is too large");
    return w->in.failed ? 0 : value;
}

bool teal_wire_bool(teal_wire *w, uint32_t field)
{
    return teal_wire_uint(w, field, 1) == 1;
}

teal_bytes teal_wire_bytes(teal_wire *w, uint32_t field)
{
    if (!take_tag(w, field, LENGTH_DELIMITED))
        return (teal_bytes){ 0 };
    teal_bytes value = read_delimited(w);
    if (value.len == 0)
        refuse(w, "REQ-WIRE-2 a field that has its default value is there");
    return value;
}

void teal_wire_copy(teal_wire *w, uint32_t field, uint8_t *out, size_t len)
{
    teal_bytes value = teal_wire_bytes(w, field);
    if (value.len == len) {
        memcpy(out, value.at, len);
    } else {
        memset(out, 0, len);
        if (value.len == 0)
            refuse_stray(w, field);
        refuse(w, "REQ-WIRE-5 a field of fixed length is missing or has another length");
    }
}

bool teal_wire_next(teal_wire *w, uint32_t field, teal_bytes *element)
{
    if (!take_tag(w, field, LENGTH_DELIMITED))
        return false;
    *element = read_delimited(w);
    return !w->in.failed;
}

size_t teal_wire_count(teal_wire w, uint32_t field)
{
    size_t n = 0;
    for (teal_bytes element; teal_wire_next(&w, field, &element);)
        n++;
    return n;
}

teal_result teal_wire_list(teal_wire *w, uint32_t field, size_t max, teal_arena *arena,
                           const teal_bytes **list, size_t *n, teal_diag *why)
{
    *n = teal_wire_count(*w, field);
    if (*n > max)
        return teal_refuse(TEAL_LIMIT, "REQ-WIRE-6 too many elements in a repeated field",
                           (size_t)(w->in.at - w->start), why);
    teal_bytes *elements = teal_arena_array(arena, *n, sizeof *elements);
    if (elements == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    for (size_t i = 0; i < *n; i++)
        (void)teal_wire_next(w, field, &elements[i]);
    *list = elements;
    return TEAL_OK;
}

bool teal_wire_enter(teal_wire *w, uint32_t field, teal_wire *inner)
{
    teal_bytes message;
    if (!teal_wire_next(w, field, &message))
        return false;
    *inner = (teal_wire){ teal_reader_of(message), w->start, { 0 } };
    return true;
}

static void finish(teal_wire *w)
{
    if (!teal_read_done(&w->in))
        refuse_stray(w, UINT64_MAX);
}

void teal_wire_leave(teal_wire *w, teal_wire *inner)
{
    finish(inner);
    if (inner->why.rule == NULL)
        return;
    refuse(w, inner->why.rule);
    w->why = inner->why;
}

teal_result teal_wire_done(teal_wire *w, teal_diag *why)
{
    finish(w);
    if (w->why.rule != NULL)
        return teal_refuse(TEAL_MALFORMED, w->why.rule, w->why.at, why);
    return TEAL_OK;
}

static void write_varint(teal_writer *w, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        teal_write_u8(w, (uint8_t)(value | 0x80));
    teal_write_u8(w, (uint8_t)value);
}

void teal_wire_put_uint(teal_writer *w, uint32_t field, uint64_t value)
{
    if (value == 0)
        return;
    write_varint(w, field << 3 | VARINT);
    write_varint(w, value);
}

static void put_head(teal_writer *w, uint32_t field, size_t len)
{
    write_varint(w, field << 3 | LENGTH_DELIMITED);
    write_varint(w, len);
}

void teal_wire_put_element(teal_writer *w, uint32_t field, teal_bytes value)
{
    put_head(w, field, value.len);
    teal_write_bytes(w, value);
}

void teal_wire_put_bytes(teal_writer *w, uint32_t field, teal_bytes value)
{
    if (value.len > 0)
        teal_wire_put_element(w, field, value);
}

void teal_wire_put_message(teal_writer *w, uint32_t field, teal_wire_write *write,
                           const void *message)
{
    teal_writer measure = { 0 };
    write(&measure, message);
    put_head(w, field, measure.len);
    write(w, message);
}
