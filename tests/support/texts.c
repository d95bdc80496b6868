/* See texts.h. */
#include "tests/support/texts.h"

#include "codecs/utf8.h"

#include <assert.h>

static uint32_t hard_character(test_random *r, bool lines)
{
    static const uint32_t hard[] = { '&',    '<',    '>',    '"',     '\'',    ']',
                                     ';',    ',',    ':',    '\\',    ' ',     '=',
                                     '%',    '/',    0x85,   0xa0,    0x2028,  0x202e,
                                     0x200d, 0xfeff, 0xfffd, 0x1f44d, 0x301,   0xd7ff,
                                     0xe000, 0x5d0,  0x1160, 0xe0100, 0x10ffff };
    static const uint32_t breaks[] = { '\n', '\r', '\t' };
    if (lines && test_random_below(r, 8) == 0)
        return breaks[test_random_below(r, 3)];
    if (test_random_below(r, 2) == 0)
        return hard[test_random_below(r, sizeof hard / sizeof hard[0])];
    return (uint32_t)(test_random_below(r, 2) == 0 ? test_random_between(r, 'a', 'z')
                                                   : test_random_between(r, 0xa1, 0xd7ff));
}

teal_bytes test_hard_text(test_random *r, teal_arena *arena, size_t max, bool lines)
{
    size_t n = test_random_between(r, 1, max), cap = n * TEAL_UTF8_MAX_BYTES;
    teal_writer w = { teal_arena_take(arena, cap), cap, 0 };
    assert(w.base != NULL);
    for (size_t i = 0; i < n; i++)
        teal_utf8_write(&w, i == 0 || i == n - 1 ? (uint32_t)test_random_between(r, 'a', 'z')
                                                 : hard_character(r, lines));
    return teal_written(&w);
}
