/* Writes XML that is well formed whatever the texts are; see xml.h. */
#include "codecs/utf8.h"
#include "codecs/xml.h"

enum { REPLACEMENT = 0xfffd };

/* XML 1.0 section 2.2: what a document may hold, but for the carriage return, which is escaped. */
static bool is_xml_character(uint32_t c)
{
    return c == '\t' || c == '\n' || (c >= ' ' && c != 0xfffe && c != 0xffff);
}

/* NULL: as it is. A reader turns a carriage return into a line feed, and white space in a value
 * into blanks; `]]>` may not stand in text, nor a quote in a value. */
static const char *escape_of(uint32_t c, bool in_value)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#13;";
    case '"':
        return in_value ? "&quot;" : NULL;
    case '\n':
        return in_value ? "&#10;" : NULL;
    case '\t':
        return in_value ? "&#9;" : NULL;
    default:
        return NULL;
    }
}

static void write_escaped(teal_writer *out, teal_bytes text, bool in_value)
{
    teal_reader r = teal_reader_of(text);
    while (teal_read_left(&r) > 0) {
        uint32_t c;
        if (teal_utf8_read(&r, &c) != TEAL_OK) {
            teal_read_u8(&r);
            c = REPLACEMENT;
        }
        const char *escape = escape_of(c, in_value);
        if (escape != NULL)
            teal_write_text(out, escape);
        else
            teal_utf8_write(out, is_xml_character(c) ? c : REPLACEMENT);
    }
}

void teal_xml_put_text(teal_writer *out, teal_bytes text)
{
    write_escaped(out, text, false);
}

void teal_xml_put_element(teal_writer *out, const char *name, teal_bytes text)
{
    if (text.len == 0)
        return;
    teal_write_text(out, "<");
    teal_write_text(out, name);
    teal_write_text(out, ">");
    teal_xml_put_text(out, text);
    teal_write_text(out, "</");
    teal_write_text(out, name);
    teal_write_text(out, ">");
}

void teal_xml_put_number(teal_writer *out, const char *name, uint64_t number)
{
    uint8_t digits[20];
    teal_writer w = { digits, sizeof digits, 0 };
    teal_write_decimal(&w, number);
    teal_xml_put_element(out, name, teal_written(&w));
}

void teal_xml_put_attribute(teal_writer *out, const char *name, teal_bytes value)
{
    teal_write_text(out, " ");
    teal_write_text(out, name);
    teal_write_text(out, "=\"");
    write_escaped(out, value, true);
    teal_write_text(out, "\"");
}
