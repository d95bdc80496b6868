/* Typing states against RFC 3994, and what is written comes back. */
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/iscomposing.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'>"
#define TAIL "</isComposing>"

static _Alignas(16) uint8_t room[256 << 10];

static teal_result decode_bytes(const void *in, size_t len, teal_iscomposing *c, teal_diag *why)
{
    teal_arena arena = { room, TEAL_XML_ARENA(len), 0 };
    return exact_decode(teal_iscomposing_decode, in, len, arena, c, why);
}

static void test_rows(void **state)
{
    static const struct {
        const char *name, *in;
        teal_result want;
        const char *rule; /* of a refusal; else the content type */
        bool active;
        uint32_t refresh_s;
        int64_t last_active_ms; /* 0: none */
    } rows[] = {
        { "3994 section 5.1",
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<isComposing "
          "xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"\n "
          "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n xsi:schemaLocation="
          "\"urn:ietf:params:xml:ns:im-composing iscomposing.xsd\">\n   <state>active</state>\n"
          "   <contenttype>text/plain</contenttype>\n   <refresh>90</refresh>\n</isComposing>",
          TEAL_OK, "text/plain", true, 90, 0 },
        { "3994 section 5.2",
          HEAD "<state>idle</state><lastactive>2003-01-27T10:43:00Z</lastactive>"
               "<contenttype>audio</contenttype>" TAIL,
          TEAL_OK, "audio", false, 0, 1043664180000 },
        { "state alone", HEAD "<state> active\n</state>" TAIL, TEAL_OK, "", true, 0, 0 },
        { "prefix",
          "<a:isComposing xmlns:a='urn:ietf:params:xml:ns:im-iscomposing'><a:state>active"
          "</a:state></a:isComposing>",
          TEAL_OK, "", true, 0, 0 },
        { "no namespace", "<isComposing><state>active</state></isComposing>", TEAL_OK, "", true, 0,
          0 },
        { "a state of tomorrow is idle", HEAD "<state>thinking</state>" TAIL, TEAL_OK, "", false, 0,
          0 },
        { "unreadable refresh and date",
          HEAD "<state>active</state><refresh>-5</refresh><lastactive>now</lastactive>" TAIL,
          TEAL_OK, "", true, 0, 0 },
        { "refresh over 32 bits", HEAD "<state>active</state><refresh>4294967296</refresh>" TAIL,
          TEAL_OK, "", true, 0, 0 },
        { "unknown elements",
          HEAD "<x:state xmlns:x='urn:x'>idle</x:state><state>active</state><x/>" TAIL, TEAL_OK, "",
          true, 0, 0 },
        { "no state", HEAD "<refresh>90</refresh>" TAIL, TEAL_MALFORMED, "REQ-CMP-2 ", 0, 0, 0 },
        { "two states", HEAD "<state>idle</state><state>active</state>" TAIL, TEAL_MALFORMED,
          "REQ-CMP-2 ", 0, 0, 0 },
        { "another root", "<composing/>", TEAL_UNSUPPORTED, "REQ-CMP-1 ", 0, 0, 0 },
        { "root of another namespace", "<isComposing xmlns='urn:x'/>", TEAL_UNSUPPORTED,
          "REQ-CMP-1 ", 0, 0, 0 },
        { "document type", "<!DOCTYPE isComposing>" HEAD "<state>idle</state>" TAIL, TEAL_MALFORMED,
          "REQ-XML-1 ", 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_iscomposing c;
        teal_diag why = { 0 };
        assert_int_equal(decode_bytes(rows[i].in, strlen(rows[i].in), &c, &why), rows[i].want);
        if (rows[i].want != TEAL_OK) {
            assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
            continue;
        }
        assert_int_equal(c.active, rows[i].active);
        assert_int_equal(c.refresh_s, rows[i].refresh_s);
        assert_text(c.content_type, rows[i].rule);
        assert_int_equal(c.has_last_active, rows[i].last_active_ms != 0);
        assert_true(!c.has_last_active || c.last_active_ms == rows[i].last_active_ms);
        size_t end = (size_t)(strrchr(rows[i].in, '>') - rows[i].in);
        for (size_t cut = 0; cut <= end; cut++)
            assert_int_equal(decode_bytes(rows[i].in, cut, &c, &why), TEAL_MALFORMED);
    }
}

static void test_canonical(void **state)
{
    static const char want[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
        "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"><state>active</state>"
        "<lastactive>2026-11-24T09:00:00.123Z</lastactive><contenttype>text/plain</contenttype>"
        "<refresh>60</refresh></isComposing>\r\n";
    (void)state;
    uint8_t text[512];
    const teal_iscomposing c = { .active = true,
                                 .refresh_s = 60,
                                 .has_last_active = true,
                                 .last_active_ms = 1795510800123,
                                 .content_type = teal_text("text/plain") };
    for (size_t cap = 0; cap <= sizeof want; cap++) {
        teal_writer out = { text, cap, 0 };
        assert_int_equal(teal_iscomposing_encode(&c, &out),
                         cap < strlen(want) ? TEAL_SPACE : TEAL_OK);
        assert_int_equal(out.len, strlen(want));
    }
    assert_memory_equal(text, want, strlen(want));
    teal_writer out = { text, sizeof text, 0 };
    teal_iscomposing far = c;
    far.last_active_ms = TEAL_DATETIME_MAX_MS + 1;
    assert_int_equal(teal_iscomposing_encode(&far, &out), TEAL_LIMIT);
    assert_int_equal(out.len, 0);
}

static void test_limit(void **state)
{
    (void)state;
    char in[512];
    teal_iscomposing c;
    for (int len = TEAL_ISCOMPOSING_MAX_TEXT_BYTES; len < TEAL_ISCOMPOSING_MAX_TEXT_BYTES + 2;
         len++) {
        snprintf(in, sizeof in, HEAD "<state>%0*d</state>" TAIL, len, 0);
        assert_int_equal(decode_bytes(in, strlen(in), &c, NULL),
                         len > TEAL_ISCOMPOSING_MAX_TEXT_BYTES ? TEAL_LIMIT : TEAL_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
