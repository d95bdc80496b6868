/* The XML reader and writer under all RCS bodies: names and namespaces, limits, hostile documents,
 * and what is written for any text. */
#include "codecs/xml.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[256 << 10];

/* With exactly the memory that is promised to be enough. */
static teal_result read_bytes(const void *in, size_t len, const teal_xml_element **root,
                              teal_diag *why)
{
    teal_arena arena = { room, TEAL_XML_ARENA(len), 0 };
    return exact_decode(teal_xml_read, in, len, arena, root, why);
}

static teal_result read_text(const char *in, const teal_xml_element **root, teal_diag *why)
{
    return read_bytes(in, strlen(in), root, why);
}

static void test_tree(void **state)
{
    (void)state;
    const char *in =
        "<?xml version='1.0'?><!-- c --><r xmlns='urn:r' xmlns:p='urn:p' a=' 1 ' p:a='2'"
        " xml:lang='en'>\n <p:x b='&lt;&#9;&quot;'> t<![CDATA[<&]]>&amp;<?pi?>u </p:x>"
        "<x/><y>front<z/> </y></r>";
    const teal_xml_element *root, *e;
    const teal_bytes own = teal_text("urn:r"), other = teal_text("urn:p");
    teal_diag why = { 0 };
    if (read_text(in, &root, &why) != TEAL_OK)
        fail_msg("%s at %zu", why.rule, why.at);
    assert_true(teal_xml_is(root, own, "r"));
    assert_int_equal(root->at, 31);
    assert_int_equal(root->n_attributes, 3);
    assert_text(root->attributes[1].ns, "urn:p");
    assert_text(root->attributes[2].ns, "http://www.w3.org/XML/1998/namespace");
    assert_text(teal_xml_attribute_of(root, "a"), "1");
    assert_text(teal_xml_attribute_of(root, "lang"), "en");
    assert_text(teal_xml_attribute_of(root, "none"), "");
    assert_text(root->text, "");

    assert_true(teal_xml_child(root, &other, "x", &e));
    assert_text(e->text, "t<&&u");
    assert_text(e->attributes[0].value, "<\t\"");
    assert_true(teal_xml_child(root, &own, "x", &e));
    assert_text(e->text, "");
    assert_false(teal_xml_child(root, NULL, "x", &e)); /* two of them */
    assert_true(teal_xml_child(root, NULL, "z", &e));
    assert_null(e);
    assert_true(teal_xml_child(root, NULL, "y", &e));
    assert_text(e->text, "front");
    assert_null(e->next);
    for (size_t cut = 0; cut < strlen(in); cut++)
        assert_int_equal(read_bytes(in, cut, &root, &why), TEAL_MALFORMED);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *in;
        teal_result want;
        const char *rule;
    } rows[] = {
        { "empty", "", TEAL_MALFORMED, "REQ-XML-1 " },
        { "document type", "<!DOCTYPE r><r/>", TEAL_MALFORMED, "REQ-XML-1 document type" },
        { "a thousand million laughs",
          "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'><!ENTITY c '&b;&b;'>]><l>&c;</l>",
          TEAL_MALFORMED, "REQ-XML-1 document type" },
        { "external entity", "<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><l>&a;</l>",
          TEAL_MALFORMED, "REQ-XML-1 document type" },
        { "parameter entity", "<!DOCTYPE l [<!ENTITY % a SYSTEM 'http://x.example/'>%a;]><l/>",
          TEAL_MALFORMED, "REQ-XML-1 document type" },
        { "entity of HTML", "<r>&nbsp;</r>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "prefix without a declaration", "<p:r/>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "attribute twice", "<r a='1' a='2'/>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "attribute twice by prefixes", "<r xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>",
          TEAL_MALFORMED, "REQ-XML-1 " },
        { "reference to NUL", "<r>&#0;</r>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "reference to a surrogate", "<r>&#xd800;</r>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "overlong UTF-8", "<r>\xc0\x80</r>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "UTF-16", "\xff\xfe<", TEAL_MALFORMED, "REQ-XML-1 " },
        { "two roots", "<r/><r/>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "depth of 9", "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>", TEAL_LIMIT,
          "REQ-XML-2 nested" },
        { "text behind a child", "<r>a<b/>c</r>", TEAL_MALFORMED, "REQ-XML-3 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        const teal_xml_element *root = NULL;
        teal_diag why = { 0 };
        assert_int_equal(read_text(rows[i].in, &root, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
        assert_true(why.at <= strlen(rows[i].in));
        assert_null(root);
    }
}

/* `<r` and n pieces, in the tag or in the content. */
static size_t build(char *out, size_t cap, const char *open, const char *piece, size_t n,
                    const char *close)
{
    size_t len = (size_t)snprintf(out, cap, "%s", open);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, cap - len, piece, i);
    return len + (size_t)snprintf(out + len, cap - len, "%s", close);
}

static void test_limits(void **state)
{
    static const struct {
        const char *name, *open, *piece, *close;
        size_t most;
        const char *rule;
    } rows[] = {
        { "elements", "<r>", "<e%zu/>", "</r>", TEAL_XML_MAX_ELEMENTS - 1,
          "REQ-XML-2 too many el" },
        { "attributes", "<r", " a%zu=''", "/>", TEAL_XML_MAX_ATTRIBUTES, "REQ-XML-2 too many at" },
        { "namespaces", "<r>", "<e xmlns='u%zu'/>", "</r>", TEAL_XML_MAX_NAMESPACES,
          "REQ-XML-2 too many names" },
    };
    (void)state;
    static char in[TEAL_XML_MAX_BYTES + 2];
    const teal_xml_element *root;
    teal_diag why;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = build(in, sizeof in, rows[i].open, rows[i].piece, rows[i].most, rows[i].close);
        assert_int_equal(read_bytes(in, len, &root, &why), TEAL_OK);
        len = build(in, sizeof in, rows[i].open, rows[i].piece, rows[i].most + 1, rows[i].close);
        assert_int_equal(read_bytes(in, len, &root, &why), TEAL_LIMIT);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
    memset(in, ' ', sizeof in);
    memcpy(in, "<r/>", 4);
    assert_int_equal(read_bytes(in, TEAL_XML_MAX_BYTES, &root, &why), TEAL_OK);
    assert_int_equal(read_bytes(in, TEAL_XML_MAX_BYTES + 1, &root, &why), TEAL_LIMIT);
}

/* Documents that make a parser keep as much as they can: refused or read, within the memory that is
 * promised to be enough. */
static void test_greedy(void **state)
{
    static const struct {
        const char *open, *piece, *close;
    } rows[] = {
        { "<r", " a%zu=''", "/>" },
        { "<r", " xmlns:a%zu='u'", "/>" },
        { "<r a='", "&lt;", "'/>" },
        { "<r>", "&#x10FFFF;", "</r>" },
        { "<r>", "\n", "</r>" },
        { "<r xmlns:", "p", "='u'/>" },
        { "<", "r", "/>" },
        { "<r>", "<!---->", "</r>" },
        { "<r>", "<?p%zu q?>", "</r>" },
        { "<r>", "<![CDATA[x]]>", "</r>" },
        { "<r xmlns:p='", "u", "'><p:a/><p:b/><p:c/></r>" },
    };
    (void)state;
    static char in[2 * TEAL_XML_MAX_BYTES];
    const teal_xml_element *root;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t n = 1; n < TEAL_XML_MAX_BYTES; n = n * 3 / 2 + 1) {
            size_t len = build(in, sizeof in, rows[i].open, rows[i].piece, n, rows[i].close);
            teal_diag why = { 0 };
            if (len > TEAL_XML_MAX_BYTES)
                break;
            teal_result result = read_bytes(in, len, &root, &why);
            if (result != TEAL_OK && result != TEAL_LIMIT)
                fail_msg("row %zu, %zu pieces: %s", i, n, why.rule);
        }
    }
}

/* The parser's memory ends wherever it asks for more: in a new block, or as one grows. */
static void test_parser_memory(void **state)
{
    (void)state;
    static char in[TEAL_XML_MAX_BYTES], close[1100];
    const teal_xml_element *root;
    bool refused = false;
    snprintf(close, sizeof close, "><e%01024d/></r>", 0);
    for (size_t n = 90; n < 150; n++) {
        size_t len = build(in, sizeof in, "<r", " xmlns:a%zu='u'", n, close);
        teal_diag why = { 0 };
        teal_result result = read_bytes(in, len, &root, &why);
        if (result != TEAL_OK && result != TEAL_LIMIT)
            fail_msg("%zu namespaces: %s", n, why.rule);
        refused = refused || result == TEAL_LIMIT;
    }
    assert_true(refused);
}

static void test_small_arena(void **state)
{
    (void)state;
    const char *in = "<r a='b'><c>text</c></r>";
    const teal_xml_element *root = NULL;
    for (size_t cap = 0; cap <= TEAL_XML_ARENA(strlen(in)); cap += 64) {
        teal_arena arena = { room, cap, 0 };
        teal_result result = teal_xml_read(teal_text(in), &arena, &root, NULL);
        assert_true(result == TEAL_OK || (result == TEAL_SPACE && root == NULL && arena.used == 0));
        root = NULL;
    }
}

/* Without a prefix before others, and else the first. */
static void test_attributes(void **state)
{
    static const struct {
        const char *in, *value;
    } rows[] = {
        { "<r xmlns:p='u' a='1' p:a='2'/>", "1" },
        { "<r xmlns:p='u' p:a='2' a='1'/>", "1" },
        { "<r xmlns:p='u' xmlns:q='v' p:a='2' q:a='3'/>", "2" },
        { "<r xmlns:p='u' p:b='2'/>", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const teal_xml_element *root;
        assert_int_equal(read_text(rows[i].in, &root, NULL), TEAL_OK);
        assert_text(teal_xml_attribute_of(root, "a"), rows[i].value);
    }
}

/* Over two limits in one tag: the first refusal stands. */
static void test_twice_refused(void **state)
{
    (void)state;
    static char in[TEAL_XML_MAX_BYTES];
    const teal_xml_element *root;
    teal_diag why;
    size_t len = build(in, sizeof in, "<r>", "<e xmlns='u%zu'/>", TEAL_XML_MAX_NAMESPACES, "");
    len += build(in + len, sizeof in - len, "<e xmlns='v'", " a%zu=''", TEAL_XML_MAX_ATTRIBUTES + 1,
                 "/></r>");
    assert_int_equal(read_bytes(in, len, &root, &why), TEAL_LIMIT);
    assert_string_equal(why.rule, "REQ-XML-2 too many namespaces");
}

/* XML 1.0 section 2.2: what no document can hold is replaced. */
static void test_characters(void **state)
{
    (void)state;
    uint8_t text[64];
    teal_writer out = { text, sizeof text, 0 };
    teal_xml_put_text(&out, teal_text("a\x1b\ufffd\ufffe\uffff\U00010000\xff\t\n\rz"));
    assert_text(teal_written(&out), "a\ufffd\ufffd\ufffd\ufffd\U00010000\ufffd\t\n&#13;z");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *in;
        uint64_t max, number;
        bool good;
    } rows[] = {
        { "0", 9, 0, true },
        { "+7", 9, 7, true },
        { "007", 9, 7, true },
        { "10", 9, 0, false },
        { "", 9, 0, false },
        { "+", 9, 0, false },
        { "-1", 9, 0, false },
        { "1 ", 9, 0, false },
        { "++1", 9, 0, false },
        { "0x1", 99, 0, false },
        { "5", 4, 0, false },
        { "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
        { "18446744073709551616", UINT64_MAX, 0, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t number = 0;
        if (teal_xml_number(teal_text(rows[i].in), rows[i].max, &number) != rows[i].good)
            fail_msg("\"%s\"", rows[i].in);
        assert_true(!rows[i].good || number == rows[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_parser_memory), cmocka_unit_test(test_small_arena),
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_twice_refused), cmocka_unit_test(test_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
