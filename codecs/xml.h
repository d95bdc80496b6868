/* The XML of RCS bodies: a document is read whole into a small tree, by expat, and written well
 * formed for any text. Fetches nothing and expands nothing: a document type is refused as soon as
 * it begins, and so is every entity but XML's own five. PROTOCOL.md REQ-XML-*. */
#ifndef TEAL_CODECS_XML_H
#define TEAL_CODECS_XML_H

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/result.h"

enum {
    TEAL_XML_MAX_BYTES = 16 << 10, /* of a document */
    TEAL_XML_MAX_DEPTH = 8,
    TEAL_XML_MAX_ELEMENTS = 128,
    TEAL_XML_MAX_ATTRIBUTES = 128, /* of all elements together */
    TEAL_XML_MAX_NAMESPACES = 16,
};

typedef struct teal_xml_attribute {
    teal_bytes ns, name, value; /* ns: empty for one without a prefix */
} teal_xml_attribute;

typedef struct teal_xml_element teal_xml_element;
struct teal_xml_element {
    teal_bytes ns, name; /* URI, and local name: the prefix is nobody's business */
    teal_bytes text;     /* in front of the first child, without white space around it */
    const teal_xml_attribute *attributes;
    size_t n_attributes;
    const teal_xml_element *child, *next; /* the first child; the next of the same parent */
    size_t at;                            /* where its start tag is in the input */
};

/* Reads one document. Comments and instructions are skipped. Texts are UTF-8 without NUL.
 * in:    need not outlive the call.
 * arena: holds the tree, and lends the parser its memory during the call: TEAL_XML_ARENA(in.len)
 *        bytes are always enough. No heap.
 * root:  written on TEAL_OK only; lives as long as the arena.
 * Returns TEAL_OK; TEAL_MALFORMED (not well formed, cut short, a document type, text behind a child
 * element); TEAL_LIMIT (the limits above, or so many names that the parser's memory is used up);
 * TEAL_SPACE (arena). Any thread; the parser's memory is known by a thread-local pointer during the
 * call, because expat hands its allocator no context. */
__attribute__((warn_unused_result))
teal_result teal_xml_read(teal_bytes in, teal_arena *arena, const teal_xml_element **root,
                          teal_diag *why);

/* What the parser may use itself; real documents need a quarter of it. */
static inline size_t TEAL_XML_PARSER_BYTES(size_t in_len)
{
    return (32 << 10) + 8 * (in_len < TEAL_XML_MAX_BYTES ? in_len : TEAL_XML_MAX_BYTES);
}

static inline size_t TEAL_XML_ARENA(size_t in_len)
{
    size_t tree = TEAL_XML_MAX_ELEMENTS * (sizeof(teal_xml_element) + 32) +
                  TEAL_XML_MAX_ATTRIBUTES * sizeof(teal_xml_attribute);
    return tree + in_len + 256 + TEAL_XML_PARSER_BYTES(in_len);
}

bool teal_xml_is(const teal_xml_element *e, teal_bytes ns, const char *name);
/* The child of that name; *child is NULL where there is none. ns: NULL for any namespace.
 * False where there are several: what is said twice is not said. */
__attribute__((warn_unused_result))
bool teal_xml_child(const teal_xml_element *parent, const teal_bytes *ns, const char *name,
                    const teal_xml_element **child);
/* Value of an attribute by local name, whatever its namespace, without white space around it;
 * empty: none. The first of equals counts, one without a prefix before the others. */
teal_bytes teal_xml_attribute_of(const teal_xml_element *e, const char *name);

/* Without XML's white space around it. */
teal_bytes teal_xml_trim(teal_bytes text);
/* xs:nonNegativeInteger up to max: digits, perhaps a plus before them. */
__attribute__((warn_unused_result))
bool teal_xml_number(teal_bytes text, uint64_t max, uint64_t *out);

/* Writing. What XML cannot say, or is not UTF-8, becomes U+FFFD. */
#define TEAL_XML_DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
void teal_xml_put_text(teal_writer *out, teal_bytes text);
/* `<name>text</name>`; nothing where the text is empty. */
void teal_xml_put_element(teal_writer *out, const char *name, teal_bytes text);
void teal_xml_put_number(teal_writer *out, const char *name, uint64_t number);
/* ` name="value"`, also where it is empty. */
void teal_xml_put_attribute(teal_writer *out, const char *name, teal_bytes value);

#endif
