/* Greedy. A character with all that combines with it stays together. */
#define _XOPEN_SOURCE 700
#include "gateway/client/wrap.h"

#include "codecs/utf8.h"

#include <wchar.h>

enum {
    ZERO_WIDTH_JOINER = 0x200D,
    EMOJI_SELECTOR = 0xFE0F,
    FIRST_SKIN = 0x1F3FB,
    LAST_SKIN = 0x1F3FF,
    FIRST_REGION = 0x1F1E6,
    LAST_REGION = 0x1F1FF,
};

static const char *read_one(const char *at, uint32_t *c)
{
    teal_reader r = teal_reader_of(teal_text(at));
    if (teal_utf8_read(&r, c) != TEAL_OK) {
        *c = (uint8_t)*at; /* not tame; go on anyway */
        return at + 1;
    }
    return (const char *)r.at;
}

static size_t width_of(uint32_t c)
{
    int width = wcwidth((wchar_t)c);
    return width < 0 ? 1 : (size_t)width;
}

static bool is_region(uint32_t c)
{
    return c >= FIRST_REGION && c <= LAST_REGION;
}

/* Whether `c` belongs to the cluster that ends in `before`. */
static bool joins(uint32_t before, uint32_t c, bool odd_region)
{
    return width_of(c) == 0 || before == ZERO_WIDTH_JOINER || (c >= FIRST_SKIN && c <= LAST_SKIN) ||
           (odd_region && is_region(c));
}

/* Behind the cluster that begins at `at`. *columns: the most that any terminal gives it. */
static const char *cluster_end(const char *at, size_t *columns)
{
    uint32_t c, next;
    const char *end = read_one(at, &c);
    bool odd_region = is_region(c);
    *columns = width_of(c);
    while (*end != '\0' && *end != '\n') {
        const char *behind = read_one(end, &next);
        if (!joins(c, next, odd_region))
            break;
        odd_region = false;
        *columns += next == EMOJI_SELECTOR ? 1 : width_of(next);
        c = next;
        end = behind;
    }
    return end;
}

/* Where the line that begins at `at` ends; *next: where the one behind it begins. */
static const char *line_end(const char *at, size_t columns, const char **next)
{
    const char *space = NULL, *end = at;
    size_t used = 0;
    while (*end != '\0' && *end != '\n') {
        size_t width;
        const char *behind = cluster_end(end, &width);
        if (*end == ' ') {
            space = end;
        } else if (used + width > columns && end > at) {
            *next = space != NULL ? space + 1 : end;
            return space != NULL ? space : end;
        }
        used += width;
        end = behind;
    }
    *next = *end == '\n' ? end + 1 : end;
    return end;
}

void wrap_write(FILE *out, const char *text, const char *first, const char *rest, size_t columns)
{
    const char *prefix = first;
    do {
        const char *next, *end = line_end(text, columns, &next);
        while (end > text && end[-1] == ' ')
            end--;
        fprintf(out, "%s%.*s\n", prefix, (int)(end - text), text);
        prefix = rest;
        text = next;
    } while (*text != '\0');
}
