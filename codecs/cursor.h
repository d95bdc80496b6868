/* Bounded cursors over bytes: the only code that compares a length with a buffer.
 * Pure, allocation-free, any thread. */
#ifndef TEAL_CODECS_CURSOR_H
#define TEAL_CODECS_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view: borrows, owns nothing. */
typedef struct teal_bytes {
    const uint8_t *at;
    size_t len;
} teal_bytes;

/* View of a NUL-terminated string, without the NUL. */
static inline teal_bytes teal_text(const char *s)
{
    return (teal_bytes){ (const uint8_t *)s, strlen(s) };
}

/* View of an array, all of it. */
#define TEAL_VIEW(array) ((teal_bytes){ (array), sizeof(array) })

static inline bool teal_bytes_equal(teal_bytes a, teal_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Reads forward. The first read that does not fit sets `failed`; from then on every read yields
 * zero or an empty view and moves nothing. Ask once, at the end: teal_read_done. */
typedef struct teal_reader {
    const uint8_t *at, *end;
    bool failed;
} teal_reader;

static inline teal_reader teal_reader_of(teal_bytes b)
{
    return (teal_reader){ b.at, b.len > 0 ? b.at + b.len : b.at, false };
}

static inline size_t teal_read_left(const teal_reader *r)
{
    return r->failed || r->at == r->end ? 0 : (size_t)(r->end - r->at);
}

static inline teal_bytes teal_read_bytes(teal_reader *r, size_t len)
{
    if (r->failed || len > teal_read_left(r)) {
        r->failed = true;
        return (teal_bytes){ 0 };
    }
    teal_bytes view = { r->at, len };
    if (len > 0) /* NULL + 0 stays unevaluated */
        r->at += len;
    return view;
}

static inline uint8_t teal_read_u8(teal_reader *r)
{
    teal_bytes b = teal_read_bytes(r, 1);
    return b.len == 1 ? b.at[0] : 0;
}

/* Wider than one octet: big-endian. */
static inline uint64_t teal_read_uint(teal_reader *r, size_t octets)
{
    teal_bytes b = teal_read_bytes(r, octets);
    uint64_t value = 0;
    for (size_t i = 0; i < b.len; i++)
        value = value << 8 | b.at[i];
    return value;
}

static inline uint16_t teal_read_u16(teal_reader *r)
{
    return (uint16_t)teal_read_uint(r, 2);
}

static inline uint32_t teal_read_u32(teal_reader *r)
{
    return (uint32_t)teal_read_uint(r, 4);
}

static inline uint64_t teal_read_u64(teal_reader *r)
{
    return teal_read_uint(r, 8);
}

/* Copies exactly len bytes, one at least, or zeroes the output and fails. */
static inline void teal_read_copy(teal_reader *r, uint8_t *out, size_t len)
{
    teal_bytes b = teal_read_bytes(r, len);
    if (b.len == len)
        memcpy(out, b.at, len);
    else
        memset(out, 0, len);
}

/* A child that cannot see past len bytes; the parent moves behind them. */
static inline teal_reader teal_read_sub(teal_reader *r, size_t len)
{
    teal_reader sub = teal_reader_of(teal_read_bytes(r, len));
    sub.failed = r->failed;
    return sub;
}

/* Nothing failed, nothing left over. */
static inline bool teal_read_done(const teal_reader *r)
{
    return !r->failed && r->at == r->end;
}

/* `len` counts what the output needs, stored or not, so a writer over { NULL, 0 } measures. */
typedef struct teal_writer {
    uint8_t *base;
    size_t cap, len;
} teal_writer;

static inline void teal_write_bytes(teal_writer *w, teal_bytes b)
{
    if (w->len <= w->cap && b.len <= w->cap - w->len && b.len > 0)
        memcpy(w->base + w->len, b.at, b.len);
    w->len = b.len > SIZE_MAX - w->len ? SIZE_MAX : w->len + b.len;
}

static inline void teal_write_text(teal_writer *w, const char *s)
{
    teal_write_bytes(w, teal_text(s));
}

static inline void teal_write_u8(teal_writer *w, uint8_t value)
{
    teal_write_bytes(w, (teal_bytes){ &value, 1 });
}

/* Big-endian in `octets` bytes, 1..8. */
static inline void teal_write_uint(teal_writer *w, uint64_t value, size_t octets)
{
    uint8_t be[8];
    for (size_t i = 0; i < octets; i++)
        be[i] = (uint8_t)(value >> (8 * (octets - 1 - i)));
    teal_write_bytes(w, (teal_bytes){ be, octets });
}

static inline void teal_write_u16(teal_writer *w, uint16_t value)
{
    teal_write_uint(w, value, 2);
}

static inline void teal_write_u32(teal_writer *w, uint32_t value)
{
    teal_write_uint(w, value, 4);
}

static inline void teal_write_u64(teal_writer *w, uint64_t value)
{
    teal_write_uint(w, value, 8);
}

/* Unsigned decimal, no leading zeros. */
void teal_write_decimal(teal_writer *w, uint64_t value);

/* Reads all of a text that teal_write_decimal could have written, of a value up to max (9 or more).
 * False otherwise, and *value is as before. */
bool teal_decimal_value(teal_bytes text, uint64_t max, uint64_t *value);

/* Everything that was written is in the buffer. */
static inline bool teal_write_fits(const teal_writer *w)
{
    return w->len <= w->cap;
}

/* What was written; only where teal_write_fits. */
static inline teal_bytes teal_written(const teal_writer *w)
{
    return (teal_bytes){ w->base, w->len };
}

#endif
