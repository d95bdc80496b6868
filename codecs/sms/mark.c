/* The visible mark, and texts that cannot hide or imitate it. Never changes what a reader sees of
 * an honest text. */
#include "codecs/sms/mark.h"

#include "codecs/utf8.h"

typedef struct range {
    uint32_t first, last;
} range;

/* Obeyed by displays but not seen. Bidirectional embeddings, overrides and isolates reach beyond
 * the text that opens them: they could turn the mark around or lay letters of the text over it.
 * Zero-width characters let a text show the mark's letters without being found to hold them.
 * Not here: LRM, RLM, ALM (act on their neighbours only), the joiners (Persian, Indic scripts,
 * emoji), variation selectors, the grapheme joiner: honest text needs them. */
static const range removed[] = {
    { 0x0000, 0x0008 },   { 0x000B, 0x001F },   { 0x007F, 0x009F }, /* C0, C1; not TAB, LF */
    { 0x00AD, 0x00AD },   { 0x180E, 0x180E },   { 0x200B, 0x200B }, /* soft hyphen, zero width */
    { 0x202A, 0x202E },                                             /* embeddings, overrides */
    { 0x2060, 0x206F },                                             /* word joiner .. isolates */
    { 0xFDD0, 0xFDEF },                                             /* noncharacters */
    { 0xFEFF, 0xFEFF },   { 0xFFF9, 0xFFFB },                       /* ZWNBSP, annotation */
    { 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A },                     /* format controls */
    { 0xE0000, 0xE00FF }, { 0xE01F0, 0xE0FFF },                     /* tags, unassigned */
};

/* Kept, but nothing that one could see by itself. */
static const range blank[] = {
    { 0x0009, 0x000A }, { 0x0020, 0x0020 }, { 0x00A0, 0x00A0 },   { 0x034F, 0x034F },
    { 0x061C, 0x061C }, { 0x115F, 0x1160 }, { 0x1680, 0x1680 },   { 0x17B4, 0x17B5 },
    { 0x180B, 0x180F }, { 0x2000, 0x200F }, { 0x2028, 0x2029 },   { 0x202F, 0x202F },
    { 0x205F, 0x205F }, { 0x2800, 0x2800 }, { 0x3000, 0x3000 },   { 0x3164, 0x3164 },
    { 0xFE00, 0xFE0F }, { 0xFFA0, 0xFFA0 }, { 0xE0100, 0xE01EF },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool within(const range *ranges, size_t count, uint32_t code_point)
{
    for (size_t i = 0; i < count; i++)
        if (code_point >= ranges[i].first && code_point <= ranges[i].last)
            return true;
    return false;
}

static bool is_removed(uint32_t code_point)
{
    if (code_point >= 0x20 && code_point <= 0x7E)
        return false;
    return (code_point & 0xFFFE) == 0xFFFE || within(removed, COUNT(removed), code_point);
}

static bool shows_something(teal_bytes text)
{
    teal_reader r = teal_reader_of(text);
    uint32_t code_point;
    while (teal_utf8_read(&r, &code_point) == TEAL_OK)
        if (!is_removed(code_point) && !within(blank, COUNT(blank), code_point))
            return true;
    return false;
}

teal_result teal_mark_apply(teal_bytes mark, teal_bytes text, teal_writer *out, teal_diag *why)
{
    if (!teal_utf8_valid(mark) || !teal_utf8_valid(text))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-1 mark or text is not UTF-8", 0, why);
    if (!shows_something(mark))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-50 mark is empty or invisible", 0, why);
    teal_write_bytes(out, mark);
    teal_write_u8(out, ' ');
    teal_write_bytes(out, text);
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

/* Flags of regions are a black flag, 1 to 6 tag letters or digits, and a closing tag: the only use
 * of tags that is shown. Copies the tags where they follow the flag so, else moves nothing. */
static void copy_flag_tags(teal_reader *r, teal_writer *out)
{
    enum { TAG_0 = 0xE0030, TAG_9 = 0xE0039, TAG_A = 0xE0061, TAG_Z = 0xE007A, TAG_END = 0xE007F };
    teal_reader ahead = *r;
    uint32_t tags[7] = { 0 };
    size_t count = 0;
    while (count < COUNT(tags) && teal_utf8_read(&ahead, &tags[count]) == TEAL_OK) {
        uint32_t tag = tags[count++];
        bool symbol = (tag >= TAG_0 && tag <= TAG_9) || (tag >= TAG_A && tag <= TAG_Z);
        if (!symbol)
            break;
    }
    if (count < 2 || tags[count - 1] != TAG_END)
        return;
    for (size_t i = 0; i < count; i++)
        teal_utf8_write(out, tags[i]);
    *r = ahead;
}

/* Writes what is shown for one code point; r stands behind it. */
static void write_tame(uint32_t code_point, teal_reader *r, teal_writer *out)
{
    enum { LINE_SEPARATOR = 0x2028, PARAGRAPH_SEPARATOR = 0x2029, BLACK_FLAG = 0x1F3F4 };
    if (code_point == '\r') {
        teal_reader ahead = *r;
        if (teal_read_u8(&ahead) != '\n')
            teal_write_u8(out, '\n');
    } else if (code_point == LINE_SEPARATOR || code_point == PARAGRAPH_SEPARATOR)
        teal_write_u8(out, '\n');
    else if (!is_removed(code_point))
        teal_utf8_write(out, code_point);
    if (code_point == BLACK_FLAG)
        copy_flag_tags(r, out);
}

teal_result teal_text_tame(teal_bytes text, teal_writer *out, teal_diag *why)
{
    teal_reader r = teal_reader_of(text);
    while (teal_read_left(&r) > 0) {
        size_t at = text.len - teal_read_left(&r);
        uint32_t code_point;
        if (teal_utf8_read(&r, &code_point) != TEAL_OK)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-1 text is not UTF-8", at, why);
        write_tame(code_point, &r, out);
    }
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}
