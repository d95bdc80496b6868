/* A document is refused with a rule, or becomes a tree within its bounds, of text that a writer can
 * write and a reader finds again. */
#include "codecs/utf8.h"
#include "codecs/xml.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct counts {
    size_t elements, attributes;
} counts;

static void check_text(teal_bytes text)
{
    require(teal_utf8_valid(text));
    require(text.len == 0 || memchr(text.at, 0, text.len) == NULL);
}

static void check(const teal_xml_element *e, size_t depth, size_t size, counts *n)
{
    require(depth <= TEAL_XML_MAX_DEPTH && e->at < size);
    for (; e != NULL; e = e->next) {
        n->elements++;
        n->attributes += e->n_attributes;
        check_text(e->name);
        check_text(e->ns);
        check_text(e->text);
        for (size_t i = 0; i < e->n_attributes; i++)
            check_text(e->attributes[i].value);
        if (e->child != NULL)
            check(e->child, depth + 1, size, n);
    }
}

/* The text of the root, written and read again; a carriage return at its ends is no white space
 * that a writer writes. */
static void check_written(teal_bytes text)
{
    static uint8_t document[256 << 10], room[512 << 10];
    teal_writer w = { document, sizeof document, 0 };
    teal_arena arena = { room, sizeof room, 0 };
    const teal_xml_element *root;
    teal_write_text(&w, TEAL_XML_DECLARATION);
    teal_xml_put_element(&w, "a", text);
    require(teal_write_fits(&w));
    if (text.len == 0 || w.len > TEAL_XML_MAX_BYTES)
        return;
    require(teal_xml_read(teal_written(&w), &arena, &root, NULL) == TEAL_OK);
    require(teal_bytes_equal(root->text, teal_xml_trim(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[512 << 10];
    if (TEAL_XML_ARENA(size) > sizeof room)
        return 0;
    teal_arena arena = { room, TEAL_XML_ARENA(size), 0 };
    const teal_xml_element *root = NULL;
    teal_diag why = { 0 };
    teal_result result = teal_xml_read((teal_bytes){ data, size }, &arena, &root, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(root == NULL && why.rule != NULL && why.at <= size);
        return 0;
    }
    counts n = { 0 };
    check(root, 1, size, &n);
    require(n.elements <= TEAL_XML_MAX_ELEMENTS && n.attributes <= TEAL_XML_MAX_ATTRIBUTES);
    check_written(root->text);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '>', &s);
}
