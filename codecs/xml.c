/* Reads an XML document into a tree; see xml.h. */
#include "codecs/xml.h"

#include <expat.h>
#include <stdalign.h>

/* Between namespace and name in what expat hands over; stands in no name. */
#define SEPARATOR "\n"

/* expat hands its allocator no context: the arena of the call that this thread is in. */
static _Thread_local teal_arena *parser_memory;

/* Before each block that the parser has taken. */
typedef union block {
    size_t size;
    max_align_t align;
} block;

static uint8_t *end_of(const block *b)
{
    return (uint8_t *)(b + 1) + b->size;
}

static bool is_last(const block *b)
{
    return end_of(b) == parser_memory->base + parser_memory->used;
}

static void *parser_take(size_t size)
{
    if (size > SIZE_MAX - sizeof(block))
        return NULL;
    block *b = teal_arena_take(parser_memory, sizeof *b + size);
    if (b == NULL)
        return NULL;
    b->size = size;
    return b + 1;
}

/* The last block is given back; others wait for the end of the call. */
static void parser_give(void *taken)
{
    block *b = taken != NULL ? (block *)taken - 1 : NULL;
    if (b != NULL && is_last(b))
        parser_memory->used = (size_t)((uint8_t *)b - parser_memory->base);
}

static void *parser_resize(void *taken, size_t size)
{
    if (taken == NULL)
        return parser_take(size);
    block *b = (block *)taken - 1;
    if (size <= b->size)
        return taken;
    if (is_last(b)) {
        if (size - b->size > parser_memory->cap - parser_memory->used)
            return NULL;
        parser_memory->used += size - b->size;
        b->size = size;
        return taken;
    }
    void *moved = parser_take(size);
    if (moved != NULL)
        memcpy(moved, taken, b->size);
    return moved;
}

typedef struct open_element {
    teal_xml_element *element;
    teal_xml_element *last_child;
} open_element;

typedef struct tree_builder {
    XML_Parser parser;
    teal_arena tree;     /* the lower part of the caller's arena */
    teal_writer strings; /* every name, value and text once: never longer than the document */
    teal_diag *why;
    teal_result result;
    open_element open[TEAL_XML_MAX_DEPTH];
    size_t depth;
    size_t n_elements, n_attributes;
    teal_bytes spaces[TEAL_XML_MAX_NAMESPACES];
    size_t n_spaces;
    teal_xml_element *root;
} tree_builder;

static size_t position(const tree_builder *t)
{
    XML_Index at = XML_GetCurrentByteIndex(t->parser);
    return at > 0 ? (size_t)at : 0;
}

/* The first refusal stands; expat is told to go no further. */
static void refuse(tree_builder *t, teal_result result, const char *rule)
{
    if (t->result == TEAL_OK)
        t->result = teal_refuse(result, rule, position(t), t->why);
    XML_StopParser(t->parser, XML_FALSE);
}

static teal_bytes keep(tree_builder *t, teal_bytes text)
{
    size_t start = t->strings.len;
    teal_write_bytes(&t->strings, text);
    if (!teal_write_fits(&t->strings)) {
        refuse(t, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
        return (teal_bytes){ 0 };
    }
    return (teal_bytes){ t->strings.base + start, text.len };
}

/* Each namespace is kept once, however often it is used. */
static teal_bytes keep_space(tree_builder *t, teal_bytes uri)
{
    if (uri.len == 0)
        return (teal_bytes){ 0 };
    for (size_t i = 0; i < t->n_spaces; i++) {
        if (teal_bytes_equal(t->spaces[i], uri))
            return t->spaces[i];
    }
    if (t->n_spaces == TEAL_XML_MAX_NAMESPACES) {
        refuse(t, TEAL_LIMIT, "REQ-XML-2 too many namespaces");
        return (teal_bytes){ 0 };
    }
    return t->spaces[t->n_spaces++] = keep(t, uri);
}

static void keep_name(tree_builder *t, const char *qualified, teal_bytes *ns, teal_bytes *name)
{
    const char *mark = strrchr(qualified, SEPARATOR[0]);
    size_t before = mark != NULL ? (size_t)(mark - qualified) : 0;
    *ns = keep_space(t, (teal_bytes){ (const uint8_t *)qualified, before });
    *name = keep(t, teal_text(mark != NULL ? mark + 1 : qualified));
}

static void keep_attributes(tree_builder *t, teal_xml_element *e, const XML_Char **given)
{
    size_t n = 0;
    while (given[2 * n] != NULL)
        n++;
    if (n > TEAL_XML_MAX_ATTRIBUTES - t->n_attributes) {
        refuse(t, TEAL_LIMIT, "REQ-XML-2 too many attributes");
        return;
    }
    teal_xml_attribute *kept = teal_arena_array(&t->tree, n, sizeof *kept);
    if (kept == NULL) {
        refuse(t, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        keep_name(t, given[2 * i], &kept[i].ns, &kept[i].name);
        kept[i].value = keep(t, teal_text(given[2 * i + 1]));
    }
    e->attributes = kept;
    e->n_attributes = n;
    t->n_attributes += n;
}

static void hang(tree_builder *t, teal_xml_element *e)
{
    if (t->depth == 0) {
        t->root = e;
        return;
    }
    open_element *parent = &t->open[t->depth - 1];
    if (parent->last_child == NULL)
        parent->element->child = e;
    else
        parent->last_child->next = e;
    parent->last_child = e;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    tree_builder *t = user;
    if (t->depth == TEAL_XML_MAX_DEPTH) {
        refuse(t, TEAL_LIMIT, "REQ-XML-2 nested too deep");
        return;
    }
    if (t->n_elements == TEAL_XML_MAX_ELEMENTS) {
        refuse(t, TEAL_LIMIT, "REQ-XML-2 too many elements");
        return;
    }
    teal_xml_element *e = teal_arena_array(&t->tree, 1, sizeof *e);
    if (e == NULL) {
        refuse(t, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
        return;
    }
    e->at = position(t);
    keep_name(t, name, &e->ns, &e->name);
    keep_attributes(t, e, attributes);
    hang(t, e);
    t->n_elements++;
    t->open[t->depth++] = (open_element){ e, NULL };
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

teal_bytes teal_xml_trim(teal_bytes b)
{
    while (b.len > 0 && is_space(b.at[b.len - 1]))
        b.len--;
    while (b.len > 0 && is_space(b.at[0]))
        b = (teal_bytes){ b.at + 1, b.len - 1 };
    return b;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    tree_builder *t = user;
    (void)name;
    if (t->result != TEAL_OK) /* expat closes an empty element that was refused */
        return;
    teal_xml_element *e = t->open[--t->depth].element;
    e->text = teal_xml_trim(e->text);
}

/* Comes in pieces, which lie side by side: nothing else is kept between them. */
static void XMLCALL on_text(void *user, const XML_Char *at, int len)
{
    tree_builder *t = user;
    teal_bytes piece = { (const uint8_t *)at, (size_t)len };
    if (t->result != TEAL_OK)
        return;
    teal_xml_element *e = t->open[t->depth - 1].element;
    if (e->child != NULL) {
        if (teal_xml_trim(piece).len > 0)
            refuse(t, TEAL_MALFORMED, "REQ-XML-3 text behind a child element");
        return;
    }
    piece = keep(t, piece);
    e->text = (teal_bytes){ e->text.len > 0 ? e->text.at : piece.at, e->text.len + piece.len };
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    refuse(user, TEAL_MALFORMED, "REQ-XML-1 document type declaration");
}

static teal_result parse(tree_builder *t, teal_bytes in)
{
    XML_SetUserData(t->parser, t);
    XML_SetElementHandler(t->parser, on_start, on_end);
    XML_SetCharacterDataHandler(t->parser, on_text);
    XML_SetStartDoctypeDeclHandler(t->parser, on_doctype);
    enum XML_Status status = XML_Parse(t->parser, (const char *)in.at, (int)in.len, XML_TRUE);
    if (t->result != TEAL_OK || status == XML_STATUS_OK)
        return t->result;
    if (XML_GetErrorCode(t->parser) == XML_ERROR_NO_MEMORY)
        return teal_refuse(TEAL_LIMIT, "REQ-XML-2 more names than a parser may keep", position(t),
                           t->why);
    return teal_refuse(TEAL_MALFORMED, "REQ-XML-1 not well-formed XML in UTF-8", position(t),
                       t->why);
}

teal_result teal_xml_read(teal_bytes in, teal_arena *arena, const teal_xml_element **root,
                          teal_diag *why)
{
    static const XML_Memory_Handling_Suite memory = { parser_take, parser_resize, parser_give };
    const size_t lent = TEAL_XML_PARSER_BYTES(in.len), strings = in.len + 64;
    tree_builder t = { .tree = *arena, .why = why };
    if (in.len == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-XML-1 empty document", 0, why);
    if (in.len > TEAL_XML_MAX_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-XML-2 document too large", 0, why);
    if (lent > arena->cap - arena->used)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    t.tree.cap -= lent;
    t.strings = (teal_writer){ teal_arena_take(&t.tree, strings), strings, 0 };
    if (t.strings.base == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);

    teal_arena upper = { arena->base + t.tree.cap, lent, 0 };
    parser_memory = &upper;
    t.parser = XML_ParserCreate_MM("UTF-8", &memory, SEPARATOR);
    teal_result result =
        t.parser != NULL ? parse(&t, in) : teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    XML_ParserFree(t.parser);
    parser_memory = NULL;
    if (result != TEAL_OK)
        return result;
    arena->used = t.tree.used;
    *root = t.root;
    return TEAL_OK;
}

bool teal_xml_is(const teal_xml_element *e, teal_bytes ns, const char *name)
{
    return teal_bytes_equal(e->ns, ns) && teal_bytes_equal(e->name, teal_text(name));
}

bool teal_xml_child(const teal_xml_element *parent, const teal_bytes *ns, const char *name,
                    const teal_xml_element **child)
{
    *child = NULL;
    for (const teal_xml_element *e = parent->child; e != NULL; e = e->next) {
        if (!teal_xml_is(e, ns != NULL ? *ns : e->ns, name))
            continue;
        if (*child != NULL)
            return false;
        *child = e;
    }
    return true;
}

teal_bytes teal_xml_attribute_of(const teal_xml_element *e, const char *name)
{
    const teal_xml_attribute *found = NULL;
    for (size_t i = 0; i < e->n_attributes; i++) {
        const teal_xml_attribute *a = &e->attributes[i];
        if (teal_bytes_equal(a->name, teal_text(name)) &&
            (found == NULL || (found->ns.len > 0 && a->ns.len == 0)))
            found = a;
    }
    return found != NULL ? teal_xml_trim(found->value) : (teal_bytes){ 0 };
}

bool teal_xml_number(teal_bytes text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (text.len > 1 && text.at[0] == '+')
        text = (teal_bytes){ text.at + 1, text.len - 1 };
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.at[i] - '0';
        if (digit > 9 || digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return text.len > 0;
}
