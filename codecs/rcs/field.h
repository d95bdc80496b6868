/* Taking the text of header fields apart: blanks and separators. Views only; any thread. */
#ifndef TEAL_CODECS_RCS_FIELD_H
#define TEAL_CODECS_RCS_FIELD_H

#include "codecs/cursor.h"

static inline bool teal_field_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static inline teal_bytes teal_field_trim(teal_bytes b)
{
    while (b.len > 0 && teal_field_is_blank(b.at[b.len - 1]))
        b.len--;
    while (b.len > 0 && teal_field_is_blank(b.at[0]))
        b = (teal_bytes){ b.at + 1, b.len - 1 };
    return b;
}

/* Splits at the first `mark`; false, and *head is all of it, where there is none. */
static inline bool teal_field_split(teal_bytes b, uint8_t mark, teal_bytes *head, teal_bytes *tail)
{
    const uint8_t *found = b.len > 0 ? memchr(b.at, mark, b.len) : NULL;
    if (found == NULL) {
        *head = b;
        *tail = (teal_bytes){ 0 };
        return false;
    }
    size_t before = (size_t)(found - b.at);
    *head = (teal_bytes){ b.at, before };
    *tail = (teal_bytes){ found + 1, b.len - before - 1 };
    return true;
}

#endif
