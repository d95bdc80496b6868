/* Notifications against RFC 5438 and captures, every status, and hostile documents.
 */
#include "codecs/rcs/imdn.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD      "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>34jk324j</message-id>"
#define TIME      "<datetime>2008-04-04T12:16:49-05:00</datetime>"
#define DELIVERED "<delivery-notification><status><delivered/></status></delivery-notification>"

#define FAILED(reason)                                                                             \
    "<delivery-notification><status><failed>" reason "</failed></status></delivery-notification>"

static _Alignas(16) uint8_t room[256 << 10];

static teal_result decode_bytes(const void *in, size_t len, teal_imdn *n, teal_diag *why)
{
    teal_arena arena = { room, TEAL_IMDN_ARENA(len), 0 };
    return exact_decode(teal_imdn_decode, in, len, arena, n, why);
}

static teal_result decode(const char *in, teal_imdn *n, teal_diag *why)
{
    return decode_bytes(in, strlen(in), n, why);
}

static void test_good(void **state)
{
    static const struct {
        const char *name, *in;
        teal_imdn_kind kind;
        teal_imdn_status status;
        bool has_sent_at;
    } rows[] = {
        { "5438 section 7.2.1.1",
          "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\n   <message-id>34jk324j</message-id>\n"
          "   <datetime>2008-04-04T12:16:49-05:00</datetime>\n   <delivery-notification>\n"
          "      <status>\n         <delivered/>\n      </status>\n"
          "   </delivery-notification>\n</imdn>\n",
          TEAL_IMDN_DELIVERY, TEAL_IMDN_DELIVERED, true },
        { "5438 section 7.2.1.3",
          "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\r\n<message-id>34jk324j</message-id>\r\n"
          "<datetime>2008-04-04T12:16:49-05:00</datetime>\r\n<recipient-uri>im:bob@example.com"
          "</recipient-uri>\r\n<original-recipient-uri>im:bob@example.com"
          "</original-recipient-uri>\r\n<display-notification>\r\n<status><displayed/></status>\r\n"
          "</display-notification>\r\n</imdn>",
          TEAL_IMDN_DISPLAY, TEAL_IMDN_DISPLAYED, true },
        { "5438 section 7.2.1.2",
          HEAD TIME "<processing-notification><status><stored/></status></processing-notification>"
                    "</imdn>",
          TEAL_IMDN_PROCESSING, TEAL_IMDN_STORED, true },
        { "prefix",
          "<?xml version='1.0' encoding='UTF-8'?><i:imdn xmlns:i='urn:ietf:params:xml:ns:imdn'>"
          "<i:message-id>34jk324j</i:message-id><i:delivery-notification><i:status><i:failed/>"
          "</i:status></i:delivery-notification></i:imdn>",
          TEAL_IMDN_DELIVERY, TEAL_IMDN_FAILED, false },
        { "no namespace", "<imdn><message-id>34jk324j</message-id>" DELIVERED "</imdn>",
          TEAL_IMDN_DELIVERY, TEAL_IMDN_DELIVERED, false },
        { "capture: failure with a reason",
          HEAD "<delivery-notification><status><failed><mls-client-failure-reason>"
               "<failed-to-decrypt/></mls-client-failure-reason></failed></status>"
               "</delivery-notification></imdn>",
          TEAL_IMDN_DELIVERY, TEAL_IMDN_FAILED, false },
        { "capture: interworking failed",
          HEAD "<c:interworking-notification xmlns:c=\"" TEAL_XMLNS_INTERWORKING
               "\"><c:status><c:error/></c:status></c:interworking-notification></imdn>",
          TEAL_IMDN_INTERWORKING, TEAL_IMDN_ERROR, false },
        { "namespaces of a prefix each",
          "<a:imdn xmlns:a='urn:ietf:params:xml:ns:imdn' xmlns:b='urn:ietf:params:xml:ns:imdn'>"
          "<b:message-id>34jk324j</b:message-id><a:display-notification><b:status><a:displayed/>"
          "</b:status></a:display-notification></a:imdn>",
          TEAL_IMDN_DISPLAY, TEAL_IMDN_DISPLAYED, false },
        { "capture: interworking",
          HEAD TIME "<cpmimdn:interworking-notification xmlns:cpmimdn=\"" TEAL_XMLNS_INTERWORKING
                    "\"><cpmimdn:status><cpmimdn:legacy-sms/></cpmimdn:status>"
                    "</cpmimdn:interworking-notification></imdn>",
          TEAL_IMDN_INTERWORKING, TEAL_IMDN_LEGACY_SMS, true },
        { "interworking of another namespace",
          HEAD "<x:interworking-notification xmlns:x=\"urn:x\"><x:status><x:legacy-mms/></x:status>"
               "</x:interworking-notification></imdn>",
          TEAL_IMDN_INTERWORKING, TEAL_IMDN_LEGACY_MMS, false },
        { "datetime that cannot be read", HEAD "<datetime>now</datetime>" DELIVERED "</imdn>",
          TEAL_IMDN_DELIVERY, TEAL_IMDN_DELIVERED, false },
        { "unknown elements, comments, CDATA, instructions",
          "<!-- a --><?p q?><imdn xmlns=\"urn:ietf:params:xml:ns:imdn\" a='b'><note><status>"
          "<failed/></status></note><x:message-id xmlns:x='urn:x'>other</x:message-id>"
          "<message-id><![CDATA[34jk]]>324j<b>no</b></message-id>" DELIVERED "</imdn>",
          TEAL_IMDN_DELIVERY, TEAL_IMDN_DELIVERED, false },
        { "byte order mark", "\xef\xbb\xbf" HEAD DELIVERED "</imdn>", TEAL_IMDN_DELIVERY,
          TEAL_IMDN_DELIVERED, false },
        { "references to characters",
          "<imdn><message-id>34jk&#51;&#x32;4j</message-id>" DELIVERED "</imdn>",
          TEAL_IMDN_DELIVERY, TEAL_IMDN_DELIVERED, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_imdn n;
        teal_diag why = { 0 };
        if (decode(rows[i].in, &n, &why) != TEAL_OK)
            fail_msg("%s at %zu", why.rule, why.at);
        assert_int_equal(n.kind, rows[i].kind);
        assert_int_equal(n.status, rows[i].status);
        assert_text(n.message_id, "34jk324j");
        assert_int_equal(n.has_sent_at, rows[i].has_sent_at);
        assert_true(!n.has_sent_at || n.sent_at_ms == 1207329409000);
        size_t end = (size_t)(strrchr(rows[i].in, '>') - rows[i].in);
        for (size_t cut = 0; cut <= end; cut++)
            assert_int_equal(decode_bytes(rows[i].in, cut, &n, &why), TEAL_MALFORMED);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *in;
        teal_result want;
        const char *rule;
    } rows[] = {
        { "empty", "", TEAL_MALFORMED, "REQ-XML-1 " },
        { "no XML", "delivered", TEAL_MALFORMED, "REQ-XML-1 " },
        { "document type", "<!DOCTYPE imdn>" HEAD DELIVERED "</imdn>", TEAL_MALFORMED,
          "REQ-XML-1 " },
        { "entities that expand",
          "<!DOCTYPE imdn [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><imdn><message-id>&b;"
          "</message-id>" DELIVERED "</imdn>",
          TEAL_MALFORMED, "REQ-XML-1 document type" },
        { "external entity",
          "<!DOCTYPE imdn [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><imdn><message-id>&a;"
          "</message-id>" DELIVERED "</imdn>",
          TEAL_MALFORMED, "REQ-XML-1 document type" },
        { "external document type", "<!DOCTYPE imdn SYSTEM 'http://x.example/'><imdn/>",
          TEAL_MALFORMED, "REQ-XML-1 document type" },
        { "entity without a declaration", "<imdn><message-id>&a;</message-id></imdn>",
          TEAL_MALFORMED, "REQ-XML-1 " },
        { "prefix without a declaration", "<i:imdn/>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "no UTF-8", "<imdn><message-id>\xff</message-id>" DELIVERED "</imdn>", TEAL_MALFORMED,
          "REQ-XML-1 " },
        { "another encoding declared, and used",
          "<?xml version='1.0' encoding='ISO-8859-1'?><imdn><subject>\xe9</subject></imdn>",
          TEAL_MALFORMED, "REQ-XML-1 " },
        { "two roots", HEAD DELIVERED "</imdn><imdn/>", TEAL_MALFORMED, "REQ-XML-1 " },
        { "nested too deep", "<imdn><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></imdn>",
          TEAL_LIMIT, "REQ-XML-2 nested" },
        { "another root", "<mdn/>", TEAL_UNSUPPORTED, "REQ-IMDN-3 " },
        { "root of another namespace", "<imdn xmlns='urn:x'/>", TEAL_UNSUPPORTED, "REQ-IMDN-3 " },
        { "two message ids", HEAD "<message-id>b</message-id>" DELIVERED "</imdn>", TEAL_MALFORMED,
          "REQ-IMDN-4 element twice" },
        { "two notifications", HEAD DELIVERED DELIVERED "</imdn>", TEAL_MALFORMED,
          "REQ-IMDN-4 more than one notification" },
        { "two statuses",
          HEAD "<delivery-notification><status><failed/><delivered/></status>"
               "</delivery-notification></imdn>",
          TEAL_MALFORMED, "REQ-IMDN-4 more than one status" },
        { "no message id", "<imdn>" DELIVERED "</imdn>", TEAL_MALFORMED, "REQ-IMDN-5 " },
        { "empty message id", "<imdn><message-id> </message-id>" DELIVERED "</imdn>",
          TEAL_MALFORMED, "REQ-IMDN-5 " },
        { "message id of two lines", "<imdn><message-id>a\nb</message-id>" DELIVERED "</imdn>",
          TEAL_MALFORMED, "REQ-IMDN-5 " },
        { "recipient with a line end",
          HEAD "<recipient-uri>im:a@b&#13;&#10;X: y</recipient-uri>" DELIVERED "</imdn>",
          TEAL_MALFORMED, "REQ-IMDN-5 " },
        { "no notification", HEAD "</imdn>", TEAL_UNSUPPORTED, "REQ-IMDN-6 " },
        { "unknown notification",
          HEAD "<burn-notification><status><delivered/></status></burn-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-IMDN-6 " },
        { "notification of another namespace",
          HEAD "<x:delivery-notification xmlns:x='urn:x'><x:status><x:delivered/></x:status>"
               "</x:delivery-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-IMDN-6 " },
        { "status that the kind cannot have",
          HEAD "<display-notification><status><delivered/></status></display-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-IMDN-6 " },
        { "two reasons",
          HEAD FAILED("<mls-client-failure-reason><a/></mls-client-failure-reason>"
                      "<mls-server-failure-reason><b/></mls-server-failure-reason>") "</imdn>",
          TEAL_MALFORMED, "REQ-IMDN-10 " },
        { "reason of two words",
          HEAD FAILED("<mls-server-failure-reason><a/><b/></mls-server-failure-reason>") "</imdn>",
          TEAL_MALFORMED, "REQ-IMDN-10 " },
        { "reason without a word", HEAD FAILED("<mls-server-failure-reason/>") "</imdn>",
          TEAL_MALFORMED, "REQ-IMDN-10 " },
        { "reason that is no word",
          HEAD FAILED("<mls-server-failure-reason><A.b/></mls-server-failure-reason>") "</imdn>",
          TEAL_LIMIT, "REQ-IMDN-10 " },
        { "reason of a success",
          HEAD "<delivery-notification><status><delivered><mls-client-failure-reason><a/>"
               "</mls-client-failure-reason></delivered></status></delivery-notification></imdn>",
          TEAL_MALFORMED, "REQ-IMDN-10 " },
        { "two <status>",
          HEAD "<delivery-notification><status><failed/></status><status><failed/></status>"
               "</delivery-notification></imdn>",
          TEAL_MALFORMED, "REQ-IMDN-4 more than one status" },
        { "text on both sides of an element",
          "<imdn><message-id>34<b/>jk</message-id>" DELIVERED "</imdn>", TEAL_MALFORMED,
          "REQ-XML-3 " },
        { "status outside of <status>",
          HEAD "<delivery-notification><x><delivered/></x></delivery-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-IMDN-6 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_imdn n;
        teal_diag why = { 0 };
        assert_int_equal(decode(rows[i].in, &n, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
        assert_true(why.at <= strlen(rows[i].in));
    }
}

static void test_limits(void **state)
{
    (void)state;
    static char in[TEAL_XML_MAX_BYTES + 2];
    teal_imdn n;
    teal_diag why = { 0 };
    const char *format =
        "<imdn><message-id>a</message-id><subject>%0*d</subject>" DELIVERED "</imdn>";
    snprintf(in, sizeof in, format, TEAL_IMDN_MAX_TEXT_BYTES, 0);
    assert_int_equal(decode(in, &n, &why), TEAL_OK);
    assert_int_equal(n.subject.len, TEAL_IMDN_MAX_TEXT_BYTES);
    snprintf(in, sizeof in, format, TEAL_IMDN_MAX_TEXT_BYTES + 1, 0);
    assert_int_equal(decode(in, &n, &why), TEAL_LIMIT);

    snprintf(in, sizeof in, "%s", HEAD DELIVERED "</imdn>");
    size_t len = strlen(in);
    memset(in + len, ' ', sizeof in - len);
    assert_int_equal(decode_bytes(in, TEAL_XML_MAX_BYTES, &n, &why), TEAL_OK);
    assert_int_equal(decode_bytes(in, TEAL_XML_MAX_BYTES + 1, &n, &why), TEAL_LIMIT);

    teal_arena small = { room, 512, 0 };
    assert_int_equal(teal_imdn_decode(teal_text(HEAD DELIVERED "</imdn>"), &small, &n, &why),
                     TEAL_SPACE);
}

static void test_every_status(void **state)
{
    (void)state;
    size_t written = 0;
    for (int kind = 0; kind <= TEAL_IMDN_INTERWORKING + 1; kind++) {
        for (int status = 0; status <= TEAL_IMDN_LEGACY_MMS + 1; status++) {
            uint8_t text[1024];
            teal_writer out = { text, sizeof text, 0 };
            teal_imdn back, n = { .kind = (teal_imdn_kind)kind,
                                  .status = (teal_imdn_status)status,
                                  .message_id = teal_text("a&b"),
                                  .has_sent_at = status % 2 == 0,
                                  .sent_at_ms = 1795510800123 };
            if (teal_imdn_encode(&n, &out) == TEAL_MALFORMED)
                continue;
            written++;
            assert_int_equal(decode_bytes(text, out.len, &back, NULL), TEAL_OK);
            assert_int_equal(back.kind, kind);
            assert_int_equal(back.status, status);
            assert_text(back.message_id, "a&b");
            assert_int_equal(back.has_sent_at, n.has_sent_at);
            assert_true(!n.has_sent_at || back.sent_at_ms == n.sent_at_ms);
        }
    }
    assert_int_equal(written, 4 + 3 + 4 + 3);
}

/* REQ-IMDN-7, -8 */
static void test_refused_messages(void **state)
{
    (void)state;
    static const char head[] = "NS: e2ee <urn:teal:ns:e2ee:1>\n";
    static const char *const receipts[] = { "e2ee.Receipt: a+b/\n", "e2ee.Receipt:\n" };
    teal_arena arena = { room, sizeof room, 0 };
    teal_cpim m;
    teal_imdn n;
    teal_bytes receipt;
    teal_diag why = { 0 };
    for (size_t i = 0; i < 2; i++) {
        char in[512];
        snprintf(in, sizeof in, "%s%s\nContent-Type: text/plain\n\nx", head, receipts[i]);
        assert_int_equal(teal_cpim_decode(teal_text(in), &arena, &m, NULL), TEAL_OK);
        assert_int_equal(teal_imdn_read(&m, &arena, &n, &why), TEAL_UNSUPPORTED);
        assert_memory_equal(why.rule, "REQ-IMDN-7 ", 11);
        assert_int_equal(teal_imdn_receipt(&m, &arena, &receipt, &why), TEAL_MALFORMED);
        assert_memory_equal(why.rule, "REQ-IMDN-8 ", 11);
    }
    assert_int_equal(
        teal_cpim_decode(teal_text("NS: e2ee <urn:teal:ns:e2ee:1>\ne2ee.Receipt: AAEC\n"
                                   "\n\n"),
                         &arena, &m, NULL),
        TEAL_OK);
    teal_arena full = { room, 0, 0 };
    assert_int_equal(teal_imdn_receipt(&m, &full, &receipt, &why), TEAL_SPACE);
    assert_int_equal(teal_cpim_decode(teal_text("\nContent-Type: message/imdn+xml\n"
                                                "Content-Transfer-Encoding: base64\n\n*"),
                                      &arena, &m, NULL),
                     TEAL_OK);
    assert_int_equal(teal_imdn_read(&m, &arena, &n, &why), TEAL_MALFORMED);
}

/* RCC.16 7.7.2: kept as it is, whether we know it or not. */
static void test_reasons(void **state)
{
    static const struct {
        const char *in, *reason;
        teal_imdn_reason_of of;
    } rows[] = {
        { FAILED(""), "", TEAL_IMDN_NO_REASON },
        { FAILED("<x/>"), "", TEAL_IMDN_NO_REASON },
        { FAILED("<mls-client-failure-reason><failed-to-decrypt/></mls-client-failure-reason>"),
          "failed-to-decrypt", TEAL_IMDN_MLS_CLIENT },
        { FAILED("<r:mls-server-failure-reason xmlns:r='urn:x'><r:mls-group-has-end-mls/>"
                 "</r:mls-server-failure-reason>"),
          "mls-group-has-end-mls", TEAL_IMDN_MLS_SERVER },
        { FAILED("<mls-client-failure-reason><failed-to-decrypt code='1'>3<b/></failed-to-decrypt>"
                 "</mls-client-failure-reason>"),
          "failed-to-decrypt", TEAL_IMDN_MLS_CLIENT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char in[512];
        uint8_t text[1024];
        teal_writer out = { text, sizeof text, 0 };
        teal_imdn first, back;
        snprintf(in, sizeof in, "%s%s</imdn>", HEAD, rows[i].in);
        assert_int_equal(decode(in, &first, NULL), TEAL_OK);
        assert_int_equal(first.reason_of, rows[i].of);
        assert_text(first.reason, rows[i].reason);
        assert_int_equal(teal_imdn_encode(&first, &out), TEAL_OK);
        assert_int_equal(decode_bytes(text, out.len, &back, NULL), TEAL_OK);
        assert_int_equal(back.reason_of, rows[i].of);
        assert_text(back.reason, rows[i].reason);
    }
    uint8_t text[1024];
    teal_writer out = { text, sizeof text, 0 };
    teal_imdn n = { .kind = TEAL_IMDN_DELIVERY,
                    .status = TEAL_IMDN_FAILED,
                    .message_id = teal_text("a"),
                    .reason_of = TEAL_IMDN_MLS_CLIENT,
                    .reason = teal_text("a/><b") };
    assert_int_equal(teal_imdn_encode(&n, &out), TEAL_MALFORMED);
    static const char *const bad[] = {
        "", "7-up", "-a", "A", "0123456789012345678901234567890123456789012345678901234567890123a"
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        n.reason = teal_text(bad[i]);
        assert_int_equal(teal_imdn_encode(&n, &out), TEAL_MALFORMED);
    }
    n.reason =
        teal_text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); /* 65 */
    assert_int_equal(teal_imdn_encode(&n, &out), TEAL_MALFORMED);
    n.reason = teal_text("a");
    n.status = TEAL_IMDN_ERROR;
    assert_int_equal(teal_imdn_encode(&n, &out), TEAL_MALFORMED);
    assert_int_equal(out.len, 0);
}

/* Whatever the texts are, the document can be read, and says them where XML can. */
static void test_any_text(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "a<b>&\"'</subject>]]>", "a<b>&\"'</subject>]]>" },
        { "x\x01\x02\x1f\x7f", "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x7f" },
        { "\xff\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
        { "a\r\n\tb", "a\r\n\tb" },
        { "\xef\xbf\xbf\xef\xbf\xbe", "\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xf0\x9f\x98\x80 \xe2\x82\xac", "\xf0\x9f\x98\x80 \xe2\x82\xac" },
        { "<?xml?><!--", "<?xml?><!--" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t text[1024];
        teal_writer out = { text, sizeof text, 0 };
        teal_imdn back, n = { .kind = TEAL_IMDN_DELIVERY,
                              .status = TEAL_IMDN_ERROR,
                              .message_id = teal_text("a"),
                              .recipient_uri = teal_text("im:a&b@c"),
                              .original_recipient_uri = teal_text("tel:+1"),
                              .subject = teal_text(rows[i].in) };
        assert_int_equal(teal_imdn_encode(&n, &out), TEAL_OK);
        assert_int_equal(decode_bytes(text, out.len, &back, NULL), TEAL_OK);
        assert_text(back.subject, rows[i].out);
        assert_text(back.recipient_uri, "im:a&b@c");
        assert_text(back.original_recipient_uri, "tel:+1");
    }
}

static void test_message(void **state)
{
    (void)state;
    static const char want[] =
        "From: <tel:+14155550100>\r\n"
        "To: <sip:bob@rcs.example>\r\n"
        "DateTime: 2026-11-24T09:00:01.000Z\r\n"
        "NS: imdn <urn:ietf:params:imdn>\r\n"
        "imdn.Message-ID: MxR\r\n"
        "NS: e2ee <urn:teal:ns:e2ee:1>\r\n"
        "e2ee.Receipt: AAEC_w\r\n"
        "\r\n"
        "Content-Type: message/imdn+xml\r\n"
        "Content-Disposition: notification\r\n"
        "\r\n"
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
        "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>MxM</message-id>"
        "<datetime>2026-11-24T09:00:00.123Z</datetime>"
        "<c:interworking-notification xmlns:c=\"urn:oma:xml:cpm:imdn-extensions:1.0\"><c:status>"
        "<c:legacy-sms/></c:status></c:interworking-notification></imdn>\r\n";
    const uint8_t receipt[] = { 0, 1, 2, 0xff };
    teal_bytes to = teal_text("sip:bob@rcs.example"), back;
    teal_rcs_head head = { .from = teal_text("tel:+14155550100"),
                           .to = &to,
                           .n_to = 1,
                           .sent_at_ms = 1795510801000,
                           .message_id = teal_text("MxR") };
    teal_imdn again, n = { .kind = TEAL_IMDN_INTERWORKING,
                           .status = TEAL_IMDN_LEGACY_SMS,
                           .message_id = teal_text("MxM"),
                           .has_sent_at = true,
                           .sent_at_ms = 1795510800123 };
    uint8_t text[2048];
    teal_writer out = { text, sizeof text, 0 };
    teal_bytes carried = { receipt, sizeof receipt };
    assert_int_equal(teal_imdn_message_encode(&head, NULL, &n, carried, &out), TEAL_OK);
    assert_text(teal_written(&out), want);

    teal_cpim m;
    teal_rcs_head read;
    teal_arena arena = { room, sizeof room, 0 };
    assert_int_equal(teal_cpim_decode(teal_written(&out), &arena, &m, NULL), TEAL_OK);
    assert_int_equal(teal_rcs_form_of(&m), TEAL_RCS_IMDN);
    assert_int_equal(teal_rcs_head_read(&m, &arena, NULL, &read, NULL), TEAL_OK);
    assert_text(read.from, "tel:+14155550100");
    assert_int_equal(teal_imdn_read(&m, &arena, &again, NULL), TEAL_OK);
    assert_int_equal(again.status, TEAL_IMDN_LEGACY_SMS);
    assert_int_equal(teal_imdn_receipt(&m, &arena, &back, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(back, carried));

    head.wants = TEAL_WANTS_DELIVERED;
    assert_int_equal(teal_imdn_message_encode(&head, NULL, &n, carried, &out), TEAL_MALFORMED);
}

/* 5438 section 7.2.1.1: a notification has no DateTime and no receipt. */
static void test_peer_message(void **state)
{
    (void)state;
    const char *in = "From: Bob <im:bob@example.com>\r\nTo: Alice <im:alice@example.com>\r\n"
                     "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: d834jied93rf\r\n\r\n"
                     "Content-type: message/imdn+xml\r\nContent-Disposition: notification\r\n"
                     "\r\n" HEAD TIME DELIVERED "</imdn>";
    teal_arena arena = { room, sizeof room, 0 };
    teal_cpim m;
    teal_rcs_head head;
    teal_imdn n;
    teal_bytes receipt;
    assert_int_equal(teal_cpim_decode(teal_text(in), &arena, &m, NULL), TEAL_OK);
    assert_int_equal(teal_rcs_head_read(&m, &arena, NULL, &head, NULL), TEAL_OK);
    assert_false(head.has_sent_at);
    assert_int_equal(head.wants, 0);
    assert_int_equal(teal_imdn_receipt(&m, &arena, &receipt, NULL), TEAL_OK);
    assert_int_equal(receipt.len, 0);
    assert_int_equal(teal_imdn_read(&m, &arena, &n, NULL), TEAL_OK);
    assert_text(n.message_id, "34jk324j");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_status),
        cmocka_unit_test(test_any_text),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_peer_message),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_refused_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
