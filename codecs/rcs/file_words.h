/* What a file's URL, media type and name may look like: one answer for reader and writer. */
#ifndef TEAL_CODECS_RCS_FILE_WORDS_H
#define TEAL_CODECS_RCS_FILE_WORDS_H

#include "codecs/ascii.h"

static inline bool teal_file_is_visible(teal_bytes b)
{
    return b.len > 0 && teal_ascii_is_visible(b);
}

/* `http://` or `https://`, in any case, and something behind it. */
static inline bool teal_file_is_http(teal_bytes url)
{
    static const char scheme[] = "https";
    size_t n = 0;
    while (n < 5 && n < url.len && (url.at[n] | 0x20) == scheme[n])
        n++;
    return n >= 4 && url.len > n + 3 && memcmp(url.at + n, "://", 3) == 0;
}

/* `image/jpeg`, parameters behind it or not. */
static inline bool teal_file_is_type(teal_bytes b)
{
    bool slash = false;
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < ' ' || b.at[i] >= 0x7f)
            return false;
        slash = slash || (b.at[i] == '/' && i > 0);
    }
    return slash;
}

/* No path, no control characters. */
static inline bool teal_file_is_name(teal_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < ' ' || b.at[i] == 0x7f || b.at[i] == '/' || b.at[i] == '\\')
            return false;
    }
    return !teal_bytes_equal(b, teal_text(".")) && !teal_bytes_equal(b, teal_text(".."));
}

#endif
