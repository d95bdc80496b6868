/* ASCII, whatever the locale: what can be seen, and letters in any case. Any thread. */
#ifndef TEAL_CODECS_ASCII_H
#define TEAL_CODECS_ASCII_H

#include "codecs/cursor.h"

static inline uint8_t teal_ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Compares without regard to the case of letters. */
static inline bool teal_ascii_same(teal_bytes a, teal_bytes b)
{
    bool same = a.len == b.len;
    for (size_t i = 0; same && i < a.len; i++)
        same = a.at[i] == b.at[i] || teal_ascii_lower(a.at[i]) == teal_ascii_lower(b.at[i]);
    return same;
}

/* 0x21..0x7E and nothing else; so is what is empty. */
static inline bool teal_ascii_is_visible(teal_bytes b)
{
    bool visible = true;
    for (size_t i = 0; visible && i < b.len; i++)
        visible = b.at[i] > ' ' && b.at[i] < 0x7f;
    return visible;
}

#endif
