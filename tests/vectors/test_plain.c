/* Plain RCS messages: captures in, the canonical form out, and what is not plain. */
#include "codecs/handle.h"
#include "codecs/rcs/plain.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[512 << 10];

static const char canonical[] = "From: <tel:+14155550100>\r\n"
                                "To: <sip:bob@rcs.example>\r\n"
                                "DateTime: 2026-11-24T09:00:00.123Z\r\n"
                                "NS: imdn <urn:ietf:params:imdn>\r\n"
                                "imdn.Message-ID: Mx4ZIoMYZ0Rwe83jTOdVGXlQ\r\n"
                                "imdn.Disposition-Notification: display\r\n"
                                "NS: e2ee <urn:teal:ns:e2ee:1>\r\n"
                                "e2ee.Level: transport\r\n"
                                "\r\n"
                                "Content-Type: text/plain;charset=UTF-8\r\n"
                                "\r\n"
                                "[RCS, not end-to-end encrypted] caf\xc3\xa9";

static teal_result decode(const char *in, teal_rcs_routing *routing, teal_plain *p, teal_diag *why)
{
    static uint8_t *copy;
    free(copy); /* views of the last message end here */
    copy = exact_copy(in, strlen(in));
    teal_arena arena = { room, TEAL_PLAIN_ARENA(strlen(in)), 0 };
    assert_true(arena.cap <= sizeof room);
    return teal_plain_decode((teal_bytes){ copy, strlen(in) }, &arena, routing, p, why);
}

/* What the rules for handles make of an address is theirs to say. */
static void assert_handle(teal_bytes got, const char *uri)
{
    uint8_t handle[TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { handle, sizeof handle, 0 };
    assert_int_equal(teal_handle_canonicalize(teal_text(uri), &w, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(got, teal_written(&w)));
}

static void test_canonical(void **state)
{
    (void)state;
    uint8_t text[1024];
    teal_plain p;
    teal_diag why = { 0 };
    if (decode(canonical, NULL, &p, &why) != TEAL_OK)
        fail_msg("%s at %zu", why.rule, why.at);
    assert_text(p.from, "tel:+14155550100");
    assert_text(p.to, "sip:bob@rcs.example");
    assert_text(p.message_id, "Mx4ZIoMYZ0Rwe83jTOdVGXlQ");
    assert_true(p.sent_at_ms == 1795510800123);
    assert_int_equal(p.wants, TEAL_WANTS_DISPLAYED);
    assert_text(p.text, "[RCS, not end-to-end encrypted] caf\xc3\xa9");
    teal_writer out = { text, sizeof text, 0 };
    assert_int_equal(teal_plain_encode(&p, NULL, &out), TEAL_OK);
    assert_text(teal_written(&out), canonical);
    teal_writer small = { text, 100, 0 };
    assert_int_equal(teal_plain_encode(&p, NULL, &small), TEAL_SPACE);
    assert_int_equal(small.len, strlen(canonical));
}

static void test_captures(void **state)
{
    static const struct {
        const char *name, *in, *from, *to, *id, *text;
        uint32_t wants;
    } rows[] = {
        { "pager mode, 2015",
          "From: <sip:310410123456789@example.com>\n"
          "To: <sip:+14448880011@example.com;user=phone>\n"
          "DateTime: 2015-02-17T06:54:27Z\nNS: imdn <urn:ietf:params:imdn>\n"
          "imdn.Message-ID: PH7qAIV8cgH5\n"
          "imdn.Disposition-Notification: positive-delivery, display\n\n"
          "Content-type: text/plain;charset=UTF-8\nContent-Length: 15\n\n123456789abcdef",
          "sip:310410123456789@example.com", "tel:+14448880011", "PH7qAIV8cgH5", "123456789abcdef",
          3 },
        { "base64, 2020",
          "From: <sip:+8618801286620@bj.ims.mnc000.mcc460.3gppnetwork.org>\r\n"
          "To: <tel:+8618210242814>\r\nNS: imdn<urn:ietf:params:imdn>\r\n"
          "imdn.Message-ID: ec1d7cf0-f7cd-1038-908d-8b757c563a3f\r\n"
          "DateTime: 2020-10-24T10:24:11.270+08:00\r\n"
          "imdn.Disposition-Notification:  display, interworking\r\n\r\n"
          "Content-Transfer-Encoding: base64\r\nContent-Type: text/plain;charset=UTF-8\r\n"
          "Content-Length: 8\r\n\r\nTGFsYWxh",
          "sip:+8618801286620@bj.ims.mnc000.mcc460.3gppnetwork.org", "tel:+8618210242814",
          "ec1d7cf0-f7cd-1038-908d-8b757c563a3f", "Lalala", 2 },
        { "base64 with a line end behind, 2015",
          "From: <sip:+8614715008380@gd.ims.mnc000.mcc460.3gppnetwork.org>\r\n"
          "To: <tel:+8614715008383>\r\nNS: imdn<urn:ietf:params:imdn>\r\n"
          "imdn.Message-ID: XXdcbQV7670XKNzx\r\nDateTime: 2015-11-16T14:02:14.899+08:00\r\n"
          "imdn.Disposition-Notification: positive-delivery, negative-delivery, display\r\n\r\n"
          "Content-type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
          "57qi57qi54Gr\r\n54Gr\r\n",
          "sip:+8614715008380@gd.ims.mnc000.mcc460.3gppnetwork.org", "tel:+8614715008383",
          "XXdcbQV7670XKNzx", "\xe7\xba\xa2\xe7\xba\xa2\xe7\x81\xab\xe7\x81\xab", 3 },
        { "anonymous",
          "From: <sip:anonymous@anonymous.invalid>\r\nTo: <sip:anonymous@anonymous.invalid>\r\n"
          "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: MxAAAAAAAAAAAAAAAAAAAAAA\r\n"
          "DateTime: 2026-01-02T03:04:05Z\r\n\r\nContent-Type: text/plain\r\n\r\nhi",
          "tel:+14155550100", "im:alice@native.example", "MxAAAAAAAAAAAAAAAAAAAAAA", "hi", 0 },
        { "quoted charset in small letters",
          "From: <im:a@b.example>\nTo: <im:c@d.example>\nNS: imdn <urn:ietf:params:imdn>\n"
          "imdn.Message-ID: x\nDateTime: 2026-01-02T03:04:05Z\n\n"
          "content-type: TEXT/Plain ; format=flowed; charset=\"utf-8\"\n\nhi",
          "im:a@b.example", "im:c@d.example", "x", "hi", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_plain p;
        teal_diag why = { 0 };
        teal_rcs_routing routing = { .from = teal_text("tel:+14155550100"),
                                     .to = teal_text("im:alice@native.example") };
        if (decode(rows[i].in, &routing, &p, &why) != TEAL_OK)
            fail_msg("%s at %zu", why.rule, why.at);
        assert_handle(p.from, rows[i].from);
        assert_handle(p.to, rows[i].to);
        assert_text(p.message_id, rows[i].id);
        assert_text(p.text, rows[i].text);
        assert_int_equal(p.wants, rows[i].wants);
        assert_int_equal(routing.hides_from, strstr(rows[i].in, "anonymous") != NULL);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *old, *new;
        teal_result want;
        const char *rule;
    } rows[] = {
        { "another media type", "text/plain", "text/html", TEAL_UNSUPPORTED, "REQ-CPIM-50 " },
        { "e2ee message under a plain type", "e2ee.Level: transport", "e2ee.Suite: 1",
          TEAL_MALFORMED, "REQ-CPIM-51 " },
        { "claims to be E2EE", "Level: transport", "Level: e2ee", TEAL_MALFORMED, "REQ-CPIM-51 " },
        { "another charset", "UTF-8", "ISO-8859-1", TEAL_UNSUPPORTED, "REQ-CPIM-52 " },
        { "quoted-printable", "\r\n\r\n[RCS",
          "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n[RCS", TEAL_UNSUPPORTED,
          "REQ-CPIM-53 " },
        { "base64 that is none", "\r\n\r\n[RCS",
          "\r\nContent-Transfer-Encoding: base64\r\n\r\n[RCS", TEAL_MALFORMED, "REQ-CPIM-53 " },
        { "no UTF-8", "\xc3\xa9", "\xe9", TEAL_MALFORMED, "REQ-CPIM-54 " },
        { "no text", "[RCS, not end-to-end encrypted] caf\xc3\xa9", "", TEAL_MALFORMED,
          "REQ-CPIM-54 " },
        { "no DateTime", "DateTime:", "X:", TEAL_MALFORMED, "REQ-CPIM-32 " },
        { "two recipients", "To: <sip", "To: <im:x@y>\r\nTo: <sip", TEAL_UNSUPPORTED,
          "REQ-CPIM-55 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        char in[sizeof canonical + 256];
        const char *found = strstr(canonical, rows[i].old);
        assert_non_null(found);
        snprintf(in, sizeof in, "%.*s%s%s", (int)(found - canonical), canonical, rows[i].new,
                 found + strlen(rows[i].old));
        teal_plain p;
        teal_diag why = { 0 };
        assert_int_equal(decode(in, NULL, &p, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
}

static void test_long_text(void **state)
{
    (void)state;
    static char long_text[TEAL_PLAIN_MAX_TEXT_BYTES + 2];
    static uint8_t out_text[sizeof long_text + 1024];
    teal_plain p;
    assert_int_equal(decode(canonical, NULL, &p, NULL), TEAL_OK);
    memset(long_text, 'x', sizeof long_text - 1);
    p.text = (teal_bytes){ (const uint8_t *)long_text, TEAL_PLAIN_MAX_TEXT_BYTES };
    teal_writer out = { out_text, sizeof out_text, 0 };
    assert_int_equal(teal_plain_encode(&p, NULL, &out), TEAL_OK);
    p.text.len++;
    assert_int_equal(teal_plain_encode(&p, NULL, &out), TEAL_LIMIT);
    p.text = (teal_bytes){ 0 };
    assert_int_equal(teal_plain_encode(&p, NULL, &out), TEAL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
