/* message/cpim against RFC 3862, captures of RCS peers, and inputs that mean harm. */
#include "codecs/rcs/cpim.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char example[] = "From: MR SANDERS <im:piglet@100akerwood.com>\r\n"
                              "To: Depressed Donkey <im:eeyore@100akerwood.com>\r\n"
                              "DateTime: 2000-12-13T13:40:00-08:00\r\n"
                              "Subject: the weather will be fine today\r\n"
                              "Subject:;lang=fr beau temps prevu pour aujourd'hui\r\n"
                              "NS: MyFeatures <mid:MessageFeatures@id.foo.com>\r\n"
                              "Require: MyFeatures.VitalMessageOption\r\n"
                              "MyFeatures.VitalMessageOption: Confirmation-requested\r\n"
                              "MyFeatures.WackyMessageOption: Use-silly-font\r\n"
                              "\r\n"
                              "Content-type: text/xml; charset=utf-8\r\n"
                              "Content-ID: <1234567890@foo.com>\r\n"
                              "\r\n"
                              "<body>\r\nHere is the text of my message.\r\n</body>\r\n";

static teal_bytes text_of(const char *s)
{
    return s != NULL ? teal_text(s) : (teal_bytes){ 0 };
}

/* Every view must stay inside the exact copies: ASan looks on. */
static void touch(const teal_cpim *m)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < m->n_headers; i++) {
        const teal_cpim_header *h = &m->headers[i];
        const teal_bytes views[] = { h->ns, h->prefix, h->name, h->params, h->raw, h->value };
        for (size_t v = 0; v < sizeof views / sizeof views[0]; v++) {
            for (size_t n = 0; n < views[v].len; n++)
                sum = (uint8_t)(sum + views[v].at[n]);
        }
    }
    for (size_t n = 0; n < m->body.len; n++)
        sum = (uint8_t)(sum + m->body.at[n]);
}

static teal_result decode(const char *text, size_t len, teal_cpim *m, teal_diag *why)
{
    static uint8_t *copy;
    static _Alignas(16) uint8_t room[1 << 20];
    free(copy); /* views of the last message end here */
    copy = exact_copy(text, len);
    teal_arena arena = { room, TEAL_CPIM_ARENA(len), 0 };
    assert_true(arena.cap <= sizeof room);
    teal_result result = teal_cpim_decode((teal_bytes){ copy, len }, &arena, m, why);
    if (result == TEAL_OK)
        touch(m);
    return result;
}

static void test_example(void **state)
{
    (void)state;
    char text[sizeof example];
    memcpy(text, example, sizeof text);
    teal_cpim m;
    teal_diag why = { 0 };
    assert_int_equal(decode(text, strlen(text), &m, &why), TEAL_UNSUPPORTED);
    assert_string_equal(why.rule, "REQ-CPIM-10 requires an unknown header");

    memcpy(strstr(text, "Require: "), "Ignored: ", 9);
    assert_int_equal(decode(text, strlen(text), &m, &why), TEAL_OK);
    assert_int_equal(m.n_headers, 8);
    assert_text(m.headers[0].value, "MR SANDERS <im:piglet@100akerwood.com>");
    assert_text(m.headers[3].params, "");
    assert_text(m.headers[4].params, ";lang=fr");
    assert_text(m.headers[4].value, "beau temps prevu pour aujourd'hui");
    assert_text(m.headers[6].ns, "mid:MessageFeatures@id.foo.com");
    assert_text(m.headers[7].value, "Use-silly-font");
    assert_true(teal_cpim_type_is(&m, "text/xml"));
    assert_text(teal_cpim_mime(&m, "content-id"), "<1234567890@foo.com>");
    assert_text(m.body, "<body>\r\nHere is the text of my message.\r\n</body>\r\n");
    assert_int_equal(m.body_at, strlen(text) - m.body.len);
}

static void test_truncations(void **state)
{
    (void)state;
    char text[sizeof example];
    memcpy(text, example, sizeof text);
    memcpy(strstr(text, "Require: "), "Ignored: ", 9);
    size_t body_at = (size_t)(strstr(text, "<body>") - text);
    for (size_t n = 0; n < strlen(text); n++) {
        teal_cpim m;
        teal_diag why = { 0 };
        assert_int_equal(decode(text, n, &m, &why), n < body_at ? TEAL_MORE : TEAL_OK);
        assert_true(n >= body_at || why.at == n);
    }
}

/* Each differs in one thing from the canonical form, and says the same. */
static void test_tolerated(void **state)
{
    static const struct {
        const char *name, *text, *body;
    } rows[] = {
        { "canonical",
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: "
          "a\r\n\r\n"
          "Content-Type: text/plain\r\n\r\nhello",
          "hello" },
        { "capture: bare LF",
          "From: <tel:+14155550100>\nNS: imdn <urn:ietf:params:imdn>\nimdn.Message-ID: a\n\n"
          "Content-type: text/plain\n\nhello",
          "hello" },
        { "capture: NS without a blank",
          "From: <tel:+14155550100>\r\nNS: imdn<urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n\r\n"
          "Content-type: text/plain\r\n\r\nhello",
          "hello" },
        { "no blank behind the colon",
          "From:<tel:+14155550100>\r\nNS:imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID:a\r\n\r\n"
          "Content-type:text/plain\r\n\r\nhello",
          "hello" },
        { "blanks and tabs around",
          "From: \t<tel:+14155550100> \r\nNS:  imdn  <urn:ietf:params:imdn> \r\n"
          "imdn.Message-ID: a\t\r\n\r\nContent-type: \ttext/plain \r\n\r\nhello",
          "hello" },
        { "any case",
          "from: <tel:+14155550100>\r\nns: IMDN <urn:ietf:params:imdn>\r\nimdn.message-id: a\r\n"
          "\r\nCONTENT-TYPE: Text/PLAIN\r\n\r\nhello",
          "hello" },
        { "NS behind its use",
          "imdn.Message-ID: a\r\nNS: imdn <urn:ietf:params:imdn>\r\nFrom: <tel:+14155550100>\r\n"
          "\r\nContent-type: text/plain\r\n\r\nhello",
          "hello" },
        { "another prefix",
          "NS: x <urn:ietf:params:imdn>\r\nx.Message-ID: a\r\nFrom: <tel:+14155550100>\r\n"
          "\r\nContent-type: text/plain\r\n\r\nhello",
          "hello" },
        { "prefix of the core namespace",
          "NS: imdn <urn:ietf:params:imdn>\r\nNS: c <urn:ietf:params:cpim-headers:>\r\n"
          "imdn.Message-ID: a\r\nc.From: <tel:+14155550100>\r\n\r\n"
          "Content-type: text/plain\r\n\r\nhello",
          "hello" },
        { "the same NS twice",
          "NS: imdn <urn:ietf:params:imdn>\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
          "NS: <urn:ietf:params:cpim-headers:>\r\nRequire: imdn.Message-ID, From\r\n"
          "imdn.Message-ID: a\r\nFrom: <tel:+14155550100>\r\n\r\n"
          "Content-type: text/plain\r\n\r\nhello",
          "hello" },
        { "capture: Content-Length exact",
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: "
          "a\r\n\r\n"
          "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello\r\n",
          "hello" },
        { "capture: Content-Length too large",
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: "
          "a\r\n\r\n"
          "Content-Length: 6556\r\nContent-Type: text/plain\r\n\r\nhello",
          "hello" },
        { "Content-Length beyond 64 bits",
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: "
          "a\r\n\r\n"
          "Content-Length: 99999999999999999999999\r\nContent-Type: text/plain\r\n\r\nhello",
          "hello" },
        { "folded",
          "From:\r\n <tel:+14155550100>\r\nNS: imdn\r\n\t<urn:ietf:params:imdn>\r\nimdn.Message-ID:"
          " \r\n \t a \r\n\r\nContent-Type: text/plain;\r\n charset=UTF-8\r\n\r\nhello",
          "hello" },
        { "folded, bare LF",
          "From:\n <tel:+14155550100>\nNS: imdn <urn:ietf:params:imdn>\nimdn.Message-ID:\n a\n\n"
          "Content-Type:\n text/plain\n\nhello",
          "hello" },
        { "capture: MIME headers of the message",
          "Content-type: Message/CPIM\r\n\r\nFrom: <tel:+14155550100>\r\nNS: imdn "
          "<urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n\r\nContent-Type: text/plain\r\n\r\n"
          "hello",
          "hello" },
        { "MIME headers of the message, with parameter, length and fold",
          "CONTENT-LENGTH: 108\nContent-Type:\n message/cpim; a=b\n\nFrom: <tel:+14155550100>\n"
          "NS: imdn <urn:ietf:params:imdn>\nimdn.Message-ID: a\n\nContent-Type: text/plain\n\n"
          "hello\r\n--boundary--",
          "hello" },
        { "wrapped again",
          "From: <tel:+14155550100>\r\nNS: i <urn:ietf:params:imdn>\r\ni.Message-ID: a\r\n\r\n"
          "Content-type: Message/CPIM\r\nContent-Length: 135\r\n\r\n"
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n"
          "\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello\r\n--boundary--",
          "hello" },
        { "wrapped again, behind MIME headers of the message",
          "Content-Type: message/cpim\n\nTo: <tel:+14155550101>\n\nContent-type: message/cpim\n\n"
          "To:<tel:+14155550101>\nFrom: <tel:+14155550100>\nNS: imdn <urn:ietf:params:imdn>\n"
          "imdn.Message-ID: a\n\nContent-Type: text/plain\n\nhello",
          "hello" },
        { "odd first header",
          "Content-Type: text/plain\r\nFrom: <tel:+14155550100>\r\nNS: imdn "
          "<urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n\r\nContent-type: text/plain\r\n\r\n"
          "hello",
          "hello" },
        { "quoted parameters",
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n"
          "Subject:;x=\"a \\\" b\";lang=de guten Tag\r\nSubject:;lang=x\r\nSubject:;x=a\\b "
          "c\r\n\r\n"
          "Content-Type: text/plain\r\n\r\nhello",
          "hello" },
        { "headers of other namespaces",
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n"
          "NS: x <urn:x>\r\nx.From: <tel:+14155550199>\r\nx.Message-ID: b\r\nUnknown: y\r\n"
          "Subject:;lang=de guten Tag\r\n\r\nContent-Type: text/plain\r\n\r\nhello",
          "hello" },
        { "Content-Length 0",
          "From: <tel:+14155550100>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: "
          "a\r\n\r\n"
          "Content-Length: 0\r\nContent-Type: text/plain\r\n\r\nhello",
          "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_cpim m;
        teal_diag why = { 0 };
        teal_result got = decode(rows[i].text, strlen(rows[i].text), &m, &why);
        if (got != TEAL_OK)
            fail_msg("%s at %zu", why.rule, why.at);
        const teal_cpim_header *from = teal_cpim_find(&m, TEAL_NS_CPIM, "From");
        const teal_cpim_header *id = teal_cpim_find(&m, TEAL_NS_IMDN, "Message-ID");
        assert_non_null(from);
        assert_non_null(id);
        assert_text(from->value, "<tel:+14155550100>");
        assert_text(id->value, "a");
        assert_true(teal_cpim_type_is(&m, "text/plain"));
        assert_text(m.body, rows[i].body);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *text;
        size_t len; /* 0: a string */
        teal_result want;
        const char *rule;
        size_t at;
    } rows[] = {
        { "no colon", "From <tel:+1>\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ", 0 },
        { "no colon at all", "To\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ", 0 },
        { "no name", ": x\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ", 0 },
        { "blank in the name", "To: x\r\nFrom : x\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ",
          7 },
        { "continues nothing", " a: b\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ", 0 },
        { "folded, then a line of blanks", "To: x\nSubject: a\n b\n \n\n\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-14 ", 6 },
        { "control character behind a fold", "To: x\nSubject: a\n \x01 b\n\n\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-3 ", 6 },
        { "two From, the second folded", "From: <im:a@b>\nTo: x\nFrom:\n <im:c@d>\n\n\n", 0,
          TEAL_MALFORMED, "REQ-CPIM-9 ", 21 },
        { "Require folded", "Require: From,\n Confirm\n\n\n", 0, TEAL_UNSUPPORTED, "REQ-CPIM-10 ",
          0 },
        { "MIME headers of the message with a bad length",
          "Content-Type: message/cpim\nContent-Length: x\n\nTo: x\n\n\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-11 ", 43 },
        { "MIME headers of the message, length too small",
          "Content-Type: message/cpim\nContent-Length: 4\n\nTo: x\n\n\n", 0, TEAL_MORE,
          "REQ-CPIM-1 ", 54 },
        { "wrapped twice",
          "To: x\n\nContent-Type: message/cpim\n\nTo: x\n\nContent-Type: message/cpim\n\n", 0,
          TEAL_LIMIT, "REQ-CPIM-16 ", 56 },
        { "wrapped in base64",
          "To: x\n\nContent-Transfer-Encoding: base64\nContent-Type: message/cpim\n\n", 0,
          TEAL_UNSUPPORTED, "REQ-CPIM-16 ", 34 },
        { "wrapped by another sender",
          "X: y\nFrom: <im:a@b>\n\nContent-Type: message/cpim\n\nFrom: <im:c@d>\n\n\n", 0,
          TEAL_MALFORMED, "REQ-CPIM-16 ", 5 },
        { "wrapped by a sender, the message has none",
          "From: <im:a@b>\n\nContent-Type: message/cpim\n\nTo: x\n\n\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-16 ", 0 },
        { "wrapped for one of two recipients",
          "To: <im:a@b>\n\nContent-Type: message/cpim\n\nTo: <im:a@b>\nTo: <im:c@d>\n\n\n", 0,
          TEAL_MALFORMED, "REQ-CPIM-16 ", 0 },
        { "wrapped with an MLS header outside",
          "NS: mls <http://www.gsma.com/rcs/mls>\nmls.Era-ID: 1\n\nContent-Type: message/cpim\n\n"
          "To: x\n\n\n",
          0, TEAL_MALFORMED, "REQ-CPIM-16 ", 38 },
        { "wrapped, cut short", "To: x\n\nContent-Type: message/cpim\n\nTo: x\n", 0, TEAL_MORE,
          "REQ-CPIM-1 ", 41 },
        { "empty prefix", ".From: x\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ", 0 },
        { "two dots", "a.b.c: x\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ", 0 },
        { "NUL", "Subject: a\0b\r\n\r\n\r\n", 18, TEAL_MALFORMED, "REQ-CPIM-3 ", 9 },
        { "bare CR", "Subject: a\rTo: b\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-3 ", 9 },
        { "escape character", "Subject: \x1b[2J\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-3 ", 9 },
        { "control character in a parameter", "Subject:;lang=\x01 a\r\n\r\n\r\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-3 ", 8 },
        { "overlong UTF-8", "Subject: \xc0\x80\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-4 ", 9 },
        { "surrogate in UTF-8", "Subject: \xed\xa0\x80\r\n\r\n\r\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-4 ", 9 },
        { "escaped NUL", "Subject: a\\u0000\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-5 ", 9 },
        { "escaped surrogate", "Subject: \\ud83d\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-5 ",
          9 },
        { "escape with a character between the digits and the letters",
          "Subject: \\u00:0\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-5 ", 9 },
        { "escape with a letter behind f", "Subject: \\u00g0\r\n\r\n\r\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-5 ", 9 },
        { "escape with a capital behind F", "Subject: \\u00G0\r\n\r\n\r\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-5 ", 9 },
        { "unknown escape", "Subject: \\x41\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-5 ", 9 },
        { "escape cut short", "Subject: \\u00e\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-5 ", 9 },
        { "backslash at the end", "Subject: a\\\r\n\r\n\r\n", 0, TEAL_MALFORMED, "REQ-CPIM-5 ", 9 },
        { "two From", "From: <im:a@b>\r\nfrom: <im:c@d>\r\n\r\n\r\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-9 ", 16 },
        { "two From by a prefix",
          "From: <im:a@b>\nNS: c <urn:ietf:params:cpim-headers:>\nc.From: <im:c@d>\n\n\n", 0,
          TEAL_MALFORMED, "REQ-CPIM-9 ", 55 },
        { "two Message-ID by two prefixes",
          "NS: i <urn:ietf:params:imdn>\nNS: j <urn:ietf:params:imdn>\n"
          "i.Message-ID: a\nj.Message-ID: b\n\n\n",
          0, TEAL_MALFORMED, "REQ-CPIM-9 ", 76 },
        { "two Content-Type", "To: x\n\nContent-Type: a/b\ncontent-type: a/c\n\n", 0,
          TEAL_MALFORMED, "REQ-CPIM-9 ", 25 },
        { "two Content-Length", "To: x\n\nContent-Length: 1\nContent-Length: 2\n\nab", 0,
          TEAL_MALFORMED, "REQ-CPIM-9 ", 25 },
        { "two DateTime", "DateTime: a\nDateTime: b\n\n\n", 0, TEAL_MALFORMED, "REQ-CPIM-9 ", 12 },
        { "prefix with two meanings", "NS: a <urn:x>\nNS: A <urn:y>\n\n\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-8 ", 18 },
        { "another default namespace", "NS: <urn:x>\n\n\n", 0, TEAL_UNSUPPORTED, "REQ-CPIM-8 ", 4 },
        { "NS without a URI", "NS: a\n\n\n", 0, TEAL_MALFORMED, "REQ-CPIM-7 ", 4 },
        { "NS with an empty URI", "NS: a <>\n\n\n", 0, TEAL_MALFORMED, "REQ-CPIM-7 ", 4 },
        { "NS without its end", "NS: a <urn:x\n\n\n", 0, TEAL_MALFORMED, "REQ-CPIM-7 ", 4 },
        { "NS with something behind", "NS: a <urn:x> b\n\n\n", 0, TEAL_MALFORMED, "REQ-CPIM-7 ",
          4 },
        { "NS prefix with a dot", "NS: a.b <urn:x>\n\n\n", 0, TEAL_MALFORMED, "REQ-CPIM-7 ", 4 },
        { "3862 section 4.7: Require", "Require: Confirm\n\n\n", 0, TEAL_UNSUPPORTED,
          "REQ-CPIM-10 ", 0 },
        { "Require of an undeclared prefix", "Require: From, imdn.Message-ID\n\n\n", 0,
          TEAL_UNSUPPORTED, "REQ-CPIM-10 ", 0 },
        { "Content-Length without a number", "To: x\n\nContent-Length:\n\nab", 0, TEAL_MALFORMED,
          "REQ-CPIM-11 ", 22 },
        { "Content-Length with a sign", "To: x\n\nContent-Length: +1\n\nab", 0, TEAL_MALFORMED,
          "REQ-CPIM-11 ", 23 },
        { "MIME header that continues nothing", "To: x\n\n charset=c\n\n", 0, TEAL_MALFORMED,
          "REQ-CPIM-6 ", 7 },
        { "NUL in MIME", "To: x\n\nContent-Type: a/\0\n\n", 27, TEAL_MALFORMED, "REQ-CPIM-3 ", 21 },
        { "MIME line without a colon", "To: x\n\nhello\n\n", 0, TEAL_MALFORMED, "REQ-CPIM-6 ", 7 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        size_t len = rows[i].len > 0 ? rows[i].len : strlen(rows[i].text);
        teal_cpim m;
        teal_diag why = { 0 };
        assert_int_equal(decode(rows[i].text, len, &m, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
        assert_int_equal(why.at, rows[i].at);
    }
}

/* Builds `n` lines like that one, and the rest of a message behind them. */
static size_t build(char *buffer, size_t cap, const char *format, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(buffer + len, cap - len, format, i);
    return len + (size_t)snprintf(buffer + len, cap - len, "\n\nbody");
}

static void test_limits(void **state)
{
    (void)state;
    static char text[256 << 10];
    teal_cpim m;
    teal_diag why = { 0 };
    size_t len = build(text, sizeof text, "X-%zu: y\n", TEAL_CPIM_MAX_HEADERS);
    assert_int_equal(decode(text, len, &m, &why), TEAL_OK);
    assert_int_equal(m.n_headers, TEAL_CPIM_MAX_HEADERS);
    assert_text(m.body, "body");
    len = build(text, sizeof text, "X-%zu: y\n", TEAL_CPIM_MAX_HEADERS + 1);
    assert_int_equal(decode(text, len, &m, &why), TEAL_LIMIT);

    len = build(text, sizeof text, "NS: p%zu <urn:x>\n", TEAL_CPIM_MAX_NAMESPACES);
    assert_int_equal(decode(text, len, &m, &why), TEAL_OK);
    len = build(text, sizeof text, "NS: p%zu <urn:x>\n", TEAL_CPIM_MAX_NAMESPACES + 1);
    assert_int_equal(decode(text, len, &m, &why), TEAL_LIMIT);

    len = (size_t)snprintf(text, sizeof text, "S: %0*d\n\n\n", TEAL_CPIM_MAX_LINE_BYTES - 3, 0);
    assert_int_equal(decode(text, len, &m, &why), TEAL_OK);
    len = (size_t)snprintf(text, sizeof text, "S: %0*d\n\n\n", TEAL_CPIM_MAX_LINE_BYTES - 2, 0);
    assert_int_equal(decode(text, len, &m, &why), TEAL_LIMIT);

    memcpy(text, "To: x\n\n", 7);
    len = 7 + build(text + 7, sizeof text - 7, "X-%zu: y\n", TEAL_CPIM_MAX_MIME_HEADERS);
    assert_int_equal(decode(text, len, &m, &why), TEAL_OK);
    len = 7 + build(text + 7, sizeof text - 7, "X-%zu: y\n", TEAL_CPIM_MAX_MIME_HEADERS + 1);
    assert_int_equal(decode(text, len, &m, &why), TEAL_LIMIT);

    /* The limit holds for a message and what wraps it together, NS headers too. */
    len = build(text, sizeof text, "NS: p <urn:x>\n", TEAL_CPIM_MAX_HEADERS - 1) - strlen("\nbody");
    len += (size_t)snprintf(text + len, sizeof text - len, "Content-Type: message/cpim\n\n");
    assert_int_equal(decode(text, len + (size_t)snprintf(text + len, 99, "X: y\n\n\n"), &m, &why),
                     TEAL_OK);
    len += (size_t)snprintf(text + len, 99, "X: y\nX: y\n\n\n");
    assert_int_equal(decode(text, len, &m, &why), TEAL_LIMIT);

    /* The shortest lines that need most of the arena, folded or not. */
    len = build(text, sizeof text, "a:\\\\\n b\n", TEAL_CPIM_MAX_HEADERS / 2);
    assert_int_equal(decode(text, len, &m, &why), TEAL_OK);
    assert_text(m.headers[1].value, "\\ b");
    len = build(text, sizeof text, "a:\\\\\n b\n", TEAL_CPIM_MAX_HEADERS / 2 + 1);
    assert_int_equal(decode(text, len, &m, &why), TEAL_LIMIT);
    memcpy(text, "S:\n", 3);
    len = 3 + build(text + 3, sizeof text - 3, " 2345678%zu\n", 1000);
    assert_int_equal(decode(text, len, &m, &why), TEAL_OK);
    len = 3 + build(text + 3, sizeof text - 3, " 12345678901234567%zu\n", 2000);
    assert_int_equal(decode(text, len, &m, &why), TEAL_LIMIT);
    len = build(text, sizeof text, "a:\\\\\n", TEAL_CPIM_MAX_HEADERS);
    assert_int_equal(decode(text, len, &m, &why), TEAL_OK);
    assert_text(m.headers[1].value, "\\");
}

static void test_full_arena(void **state)
{
    (void)state;
    static _Alignas(16) uint8_t room[4096];
    const char *text = "Subject: \\\\\r\nFrom:\r\n <im:a@b>\r\n\r\nContent-Type: a/b\r\n\r\nx";
    teal_cpim m;
    size_t need = 0;
    for (;; need++) {
        teal_arena arena = { room, need, 0 };
        teal_result got = teal_cpim_decode(teal_text(text), &arena, &m, NULL);
        if (got == TEAL_OK)
            break;
        assert_int_equal(got, TEAL_SPACE);
    }
    assert_true(need > 2 * sizeof(teal_cpim_header));
}

static void test_escapes(void **state)
{
    (void)state;
    teal_cpim m;
    const char *text = "Subject: \\\"\\'\\\\\\t\\n\\r\\b \\u20ac\\u00E4\\u0041\\ufffd\r\n\r\n\r\n";
    assert_int_equal(decode(text, strlen(text), &m, NULL), TEAL_OK);
    assert_text(m.headers[0].value, "\"'\\\t\n\r\b \u20ac\u00e4A\ufffd");
    assert_text(m.headers[0].raw, "\\\"\\'\\\\\\t\\n\\r\\b \\u20ac\\u00E4\\u0041\\ufffd");
}

static void test_undeclared_prefix(void **state)
{
    (void)state;
    teal_cpim m;
    const char *text = "imdn.Message-ID: a\r\n\r\n\r\n";
    assert_int_equal(decode(text, strlen(text), &m, NULL), TEAL_OK);
    assert_null(teal_cpim_find(&m, TEAL_NS_IMDN, "Message-ID"));
    assert_null(teal_cpim_find(&m, TEAL_NS_CPIM, "Message-ID"));
    assert_int_equal(m.headers[0].ns.len, 0);
    assert_text(m.headers[0].prefix, "imdn");
}

static void test_addresses(void **state)
{
    static const struct {
        const char *name, *list, *uris[3];
        bool rest; /* something is left that is no address */
    } rows[] = {
        { "3862 section 4.1",
          "Winnie the Pooh <im:pooh@100akerwood.com>",
          { "im:pooh@100akerwood.com" },
          false },
        { "3862 section 4.1, no name",
          "<im:tigger@100akerwood.com>",
          { "im:tigger@100akerwood.com" },
          false },
        { "capture: name without a blank",
          "+8613957854053<sip:+8613957854053@ims.example>",
          { "sip:+8613957854053@ims.example" },
          false },
        { "capture: parameter in the URI",
          "<sip:+14448880011@example.com;user=phone>",
          { "sip:+14448880011@example.com;user=phone" },
          false },
        { "bare URI", "tel:+14155550100;user=phone", { "tel:+14155550100;user=phone" }, false },
        { "capture: list",
          "<sip:a@b>;<sip:c@d>; Eve <sip:e@f>",
          { "sip:a@b", "sip:c@d", "sip:e@f" },
          false },
        { "list by commas", "<sip:a@b>, <sip:c@d>", { "sip:a@b", "sip:c@d" }, false },
        { "quoted name with brackets", "\"<im:x@y>\" <im:a@b>", { "im:a@b" }, false },
        { "quoted name with a quote", "\"\\\";<im:x@y>;\\\"\" <im:a@b>", { "im:a@b" }, false },
        { "empty", "", { NULL }, false },
        { "no scheme", "<alice>", { NULL }, true },
        { "name only", "Alice", { NULL }, true },
        { "bracket not closed", "<im:a@b", { NULL }, true },
        { "brackets nested", "<<im:a@b>>", { NULL }, true },
        { "quote not closed", "\"Alice <im:a@b>", { NULL }, true },
        { "quoted name and a bare URI", "\"Alice\" im:a@b", { NULL }, true },
        { "bare list", "tel:+14155550100;tel:+14155550101", { NULL }, true },
        { "something behind", "<im:a@b> (Alice)", { NULL }, true },
        { "control character in the URI", "<im:a\x7f@b>", { NULL }, true },
        { "backslash in the URI", "<im:a\\@b>", { NULL }, true },
        { "quote in the URI", "<im:a\"@b>", { NULL }, true },
        { "no ASCII in the URI", "<im:\u00e4@b>", { NULL }, true },
        { "bare URI with a list behind a comma", "im:a@b,im:c@d", { NULL }, true },
        { "blank in the URI", "<im:a @b>", { NULL }, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_bytes list = text_of(rows[i].list), uri;
        size_t n = 0;
        while (teal_cpim_next_uri(&list, &uri)) {
            assert_true(n < 3 && rows[i].uris[n] != NULL);
            assert_text(uri, rows[i].uris[n++]);
        }
        assert_true(n == 3 || rows[i].uris[n] == NULL);
        assert_int_equal(list.len > 0, rows[i].rest);
    }
}

static void test_tokens(void **state)
{
    (void)state;
    teal_bytes list = teal_text(" Positive-Delivery ,display");
    assert_true(teal_cpim_has_token(list, "positive-delivery"));
    assert_true(teal_cpim_has_token(list, "display"));
    assert_false(teal_cpim_has_token(list, "positive"));
    assert_false(teal_cpim_has_token(list, "negative-delivery"));
    assert_false(teal_cpim_has_token((teal_bytes){ 0 }, "display"));
}

static void test_write(void **state)
{
    (void)state;
    uint8_t buffer[256];
    teal_writer out = { buffer, sizeof buffer, 0 };
    teal_cpim_writer w = { .out = &out };
    teal_cpim_put_uri(&w, "From", teal_text("im:a@b"));
    teal_cpim_put_ns(&w, "imdn", TEAL_NS_IMDN);
    teal_cpim_put(&w, "imdn.Message-ID", teal_text("a\\b\\"));
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", teal_text("a/b"));
    teal_cpim_put_body(&w, teal_text("x\\y"));
    assert_int_equal(teal_cpim_finish(&w), TEAL_OK);
    assert_text(teal_written(&out), "From: <im:a@b>\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
                                    "imdn.Message-ID: a\\\\b\\\\\r\n\r\nContent-Type: a/b\r\n\r\n"
                                    "x\\y");
    teal_cpim m;
    assert_int_equal(decode((const char *)buffer, out.len, &m, NULL), TEAL_OK);
    assert_text(teal_cpim_find(&m, TEAL_NS_IMDN, "Message-ID")->value, "a\\b\\");

    out = (teal_writer){ buffer, 10, 0 };
    w = (teal_cpim_writer){ .out = &out };
    teal_cpim_put_uri(&w, "From", teal_text("im:a@b"));
    assert_int_equal(teal_cpim_finish(&w), TEAL_SPACE);
    assert_int_equal(out.len, 16);
}

static void test_write_refuses(void **state)
{
    static const char *const values[] = {
        "a\r\nFrom: <im:x@y>", "a\nb", "a\rb", "\x7f", "\x1b", " a", "a ", "\xff"
    };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t buffer[256];
        teal_writer out = { buffer, sizeof buffer, 0 };
        teal_cpim_writer header = { .out = &out }, uri = { .out = &out };
        teal_cpim_put(&header, "Subject", teal_text(values[i]));
        assert_int_equal(teal_cpim_finish(&header), TEAL_MALFORMED);
        teal_cpim_put_uri(&uri, "To", teal_text(values[i]));
        assert_int_equal(teal_cpim_finish(&uri), TEAL_MALFORMED);
    }
    static const char *const uris[] = { "", "im:a@b>, <im:x@y" };
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        uint8_t buffer[256];
        teal_writer out = { buffer, sizeof buffer, 0 };
        teal_cpim_writer w = { .out = &out };
        teal_cpim_put_uri(&w, "To", teal_text(uris[i]));
        assert_int_equal(teal_cpim_finish(&w), TEAL_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),   cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_tolerated), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_full_arena),
        cmocka_unit_test(test_escapes),   cmocka_unit_test(test_undeclared_prefix),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_write),     cmocka_unit_test(test_write_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
