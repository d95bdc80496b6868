/* RCS bodies as peers write them: what is read out of each, and in memory of every size. */
#include "codecs/rcs/bodies.h"
#include "tests/support/bodies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[2 << 20];

/* Messages as peers write them. */
static void test_read(void **state)
{
    static const struct {
        const char *name, *message;
        teal_result want;
        const char *rule; /* of a refusal; else the text of the first part, or NULL */
    } rows[] = {
        { "a peer's text", BODY_HEAD "\r\nContent-type: text/plain\r\n\r\nhello", TEAL_OK,
          "hello" },
        { "base64",
          BODY_HEAD "\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                    "aGVs\r\nbG8=\r\n",
          TEAL_OK, "hello" },
        { "words to leave out", BODY_HEAD "e2ee.Stand-In: 4\r\n" BODY_TEXT_PART "Re: hello",
          TEAL_OK, "hello" },
        { "header in any case", BODY_HEAD "E2EE.reply-to: MxT\r\n" BODY_TEXT_PART "hello", TEAL_OK,
          "hello" },
        { "text of a tapback", BODY_HEAD BODY_TEXT_PART "Liked an image", TEAL_OK,
          "Liked an image" },
        { "emoji with a semicolon", BODY_HEAD "e2ee.Reaction: add;M;a; b\r\n" BODY_TEXT_PART "x",
          TEAL_OK, "x" },
        { "two vCards",
          BODY_HEAD "\r\nContent-Type: text/x-vcard\r\n\r\nBEGIN:VCARD\nFN:a\nEND:VCARD\n"
                    "BEGIN:VCARD\nFN:b\nEND:VCARD\n",
          TEAL_OK, NULL },
        { "failed, with a reason",
          BODY_HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
                    "<delivery-notification><status><failed><mls-client-failure-reason>"
                    "<failed-to-decrypt/></mls-client-failure-reason></failed></status>"
                    "</delivery-notification></imdn>",
          TEAL_OK, NULL },
        { "an e2ee header that is none of these", BODY_HEAD "e2ee.Suite: 1\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-CPIM-51 " },
        { "another level", BODY_HEAD "e2ee.Level: e2ee\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "header twice", BODY_HEAD "e2ee.Reply-To: a\r\ne2ee.Reply-To: b\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "id with a blank", BODY_HEAD "e2ee.Reply-To: a b\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction of two fields", BODY_HEAD "e2ee.Reaction: add; M\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "reaction of another verb",
          BODY_HEAD "e2ee.Reaction: toggle; M; x\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction of one field", BODY_HEAD "e2ee.Reaction: add\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "reaction to no id", BODY_HEAD "e2ee.Reaction: add; a b; x\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "reaction to nothing", BODY_HEAD "e2ee.Reaction: add; ; x\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "reaction that is empty", BODY_HEAD "e2ee.Reaction: add; M;\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "reaction with an escaped line end",
          BODY_HEAD "e2ee.Reaction: add; M; a\\nb\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "id of 65",
          BODY_HEAD "e2ee.Edit-Of: 0123456789012345678901234567890123456789012345678901234"
                    "5678901234\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "id that is empty", BODY_HEAD "e2ee.Revoke-Of:\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "sender that is empty", BODY_HEAD "e2ee.Claimed-Sender:\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "sender with an escaped control character",
          BODY_HEAD "e2ee.Claimed-Sender: a\\u007f\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "sender with parameters", BODY_HEAD "e2ee.Claimed-Sender:;a=b c\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "stand-in that is empty", BODY_HEAD "e2ee.Stand-In:\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "stand-in with a character below the digits",
          BODY_HEAD "e2ee.Stand-In: 1/\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED, "REQ-BODY-3 " },
        { "text with NUL in base64",
          BODY_HEAD "\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi",
          TEAL_MALFORMED, "REQ-CPIM-54 " },
        { "text that is not UTF-8", BODY_HEAD BODY_TEXT_PART "\xff", TEAL_MALFORMED,
          "REQ-CPIM-54 " },
        { "processing, which is no receipt",
          BODY_HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
                    "<processing-notification><status><stored/></status></processing-notification>"
                    "</imdn>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "stand-in of 0", BODY_HEAD "e2ee.Stand-In: 0\r\n" BODY_TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "stand-in that is no number", BODY_HEAD "e2ee.Stand-In: 1x\r\n" BODY_TEXT_PART "xy",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "stand-in over 6 digits", BODY_HEAD "e2ee.Stand-In: 1000000\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "stand-in longer than the text", BODY_HEAD "e2ee.Stand-In: 2\r\n" BODY_TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-7 " },
        { "stand-in inside a character", BODY_HEAD "e2ee.Stand-In: 1\r\n" BODY_TEXT_PART "\xc3\xa4",
          TEAL_MALFORMED, "REQ-BODY-7 " },
        { "stand-in of a picture",
          BODY_HEAD
          "e2ee.Stand-In: 1\r\n\r\nContent-Type: application/vnd.gsma.rcs-ft-http+xml\r\n\r\n"
          "<file/>",
          TEAL_MALFORMED, "REQ-BODY-7 " },
        { "empty text", BODY_HEAD BODY_TEXT_PART "", TEAL_MALFORMED, "REQ-CPIM-54 " },
        { "another charset", BODY_HEAD "\r\nContent-Type: text/plain;charset=utf-16\r\n\r\nx",
          TEAL_UNSUPPORTED, "REQ-CPIM-52 " },
        { "media type that is not carried", BODY_HEAD "\r\nContent-Type: text/html\r\n\r\n<p>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "hostile XML", BODY_HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<!DOCTYPE a>",
          TEAL_MALFORMED, "REQ-XML-1 " },
        { "typing without a state",
          BODY_HEAD "\r\nContent-Type: application/im-iscomposing+xml\r\n\r\n<isComposing/>",
          TEAL_MALFORMED, "REQ-CMP-2 " },
        { "a file without one",
          BODY_HEAD "\r\nContent-Type: application/vnd.gsma.rcs-ft-http+xml\r\n\r\n<file/>",
          TEAL_MALFORMED, "REQ-FT-2 " },
        { "a location without one",
          BODY_HEAD
          "\r\nContent-Type: application/vnd.gsma.rcspushlocation+xml\r\n\r\n<rcsenvelope/>",
          TEAL_MALFORMED, "REQ-LOC-2 " },
        { "no media type", BODY_HEAD "\r\n\r\nx", TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "interworking, which is no receipt",
          BODY_HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
                    "<interworking-notification><status><legacy-sms/></status>"
                    "</interworking-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "display that was refused",
          BODY_HEAD
          "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
          "<display-notification><status><forbidden/></status></display-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_body b;
        Teal__V1__Content *c = NULL;
        teal_diag why = { 0 };
        teal_result result = test_body_read(teal_text(rows[i].message), &b, &why);
        if (result == TEAL_OK)
            result = test_body_decode(&b, &c, &why);
        assert_int_equal(result, rows[i].want);
        if (rows[i].want != TEAL_OK)
            assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
        else if (rows[i].rule != NULL)
            assert_string_equal(c->parts[0]->text, rows[i].rule);
    }
}

/* Contents know no time before 1970: a file that could be fetched until then has no limit. */
static void test_until_before_1970(void **state)
{
    (void)state;
    static const char message[] =
        BODY_HEAD "\r\nContent-Type: application/vnd.gsma.rcs-ft-http+xml\r\n\r\n"
                  "<file><file-info type='file'><file-size>7</file-size>"
                  "<content-type>a/b</content-type>"
                  "<data url='http://x' until='1969-12-31T23:59:59Z'/></file-info></file>";
    teal_body b;
    Teal__V1__Content *c;
    assert_int_equal(test_body_read(teal_text(message), &b, NULL), TEAL_OK);
    assert_int_equal(test_body_decode(&b, &c, NULL), TEAL_OK);
    assert_int_equal(c->parts[0]->media->expires_at_ms, 0);
}

/* Every kind of body, in memory of every size: too little is said, and nothing is half done. */
static void test_small_arenas(void **state)
{
    static const char *const messages[] = {
        BODY_HEAD "e2ee.Reply-To: M\r\ne2ee.Reaction: add; M; x\r\n" BODY_TEXT_PART "hello",
        BODY_HEAD
        "\r\nContent-Type: application/vnd.gsma.rcs-ft-http+xml\r\n\r\n"
        "<file xmlns:t='urn:teal:xml:ns:media:1'><file-info type='thumbnail'>"
        "<file-size>7</file-size><content-type>a/b</content-type><data url='http://x'/>"
        "</file-info><file-info type='file'><file-size>7</file-size><file-name>n</file-name>"
        "<content-type>a/b</content-type><data url='http://x'/><t:key>AAEC</t:key>"
        "</file-info></file>",
        BODY_HEAD "\r\nContent-Type: application/vnd.gsma.rcspushlocation+xml\r\n\r\n<rcsenvelope>"
                  "<rcspushlocation label='x'><geopriv><location-info><Point><pos>1 2</pos></Point>"
                  "</location-info></geopriv></rcspushlocation></rcsenvelope>",
        BODY_HEAD
        "\r\nContent-Type: text/vcard\r\n\r\nBEGIN:VCARD\nFN:a\nTEL:+14155550100\nTEL:911\n"
        "END:VCARD\n",
        BODY_HEAD
        "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
        "<delivery-notification><status><delivered/></status></delivery-notification></imdn>",
        BODY_HEAD "\r\nContent-Type: application/im-iscomposing+xml\r\n\r\n<isComposing>"
                  "<state>active</state></isComposing>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        Teal__V1__Content *c = NULL, *whole;
        teal_body b;
        size_t enough = 0;
        assert_int_equal(test_body_read(teal_text(messages[i]), &b, NULL), TEAL_OK);
        for (bool done = false; !done; enough += 16) {
            teal_arena arena = { room, enough, 0 };
            teal_diag why = { 0 };
            teal_result result = teal_body_decode(&b, 1, &arena, &c, &why);
            done = result == TEAL_OK;
            assert_true(done || (result == TEAL_SPACE && c == NULL && why.rule != NULL));
        }
        assert_true(enough <= TEAL_BODY_ARENA(b.bytes.len));

        teal_arena kept = test_body_arena();
        assert_int_equal(teal_body_decode(&b, 1, &kept, &whole, NULL), TEAL_OK);
        const teal_body_context sealed = { .sealed = true };
        const teal_body *bodies = NULL;
        size_t n;
        teal_result result = TEAL_SPACE;
        for (size_t cap = 0; result != TEAL_OK; cap += 16) {
            teal_arena arena = { room, cap, 0 };
            result = teal_bodies_encode(whole, &sealed, &arena, &bodies, &n, NULL);
            assert_true(result == TEAL_OK || (result == TEAL_SPACE && bodies == NULL));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_until_before_1970),
        cmocka_unit_test(test_small_arenas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
