/* The envelope in CPIM: one message written out (I2), what is tolerated, and what is refused. */
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ROOM = 8 << 20 };

static _Alignas(16) uint8_t room[ROOM];
static uint8_t text[4 << 20];

static void assert_views(teal_bytes a, teal_bytes b)
{
    assert_true(teal_bytes_equal(a, b));
}

/* PROTOCOL.md: the example. Its values are of no cryptographic meaning. */
static const char canonical[] =
    "From: <im:alice@native.example>\r\n"
    "To: <tel:+14155550100>\r\n"
    "To: <sip:bob@rcs.example>\r\n"
    "DateTime: 2026-11-24T09:00:00.123Z\r\n"
    "NS: imdn <urn:ietf:params:imdn>\r\n"
    "imdn.Message-ID: Mx4ZIoMYZ0Rwe83jTOdVGXlQ\r\n"
    "imdn.Disposition-Notification: positive-delivery, negative-delivery, display\r\n"
    "NS: e2ee <urn:teal:ns:e2ee:1>\r\n"
    "e2ee.Conversation-ID: AQIDBA\r\n"
    "e2ee.Suite: 1\r\n"
    "e2ee.Kind: message\r\n"
    "e2ee.Expires: 1795597200123\r\n"
    "e2ee.Sender-Device: AAECAwQFBgcICQoLDA0ODw\r\n"
    "e2ee.Key-Commitment: ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\r\n"
    "e2ee.Key: AAECAwQFBgcICQoLDA0ODw; 7; ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8; "
    "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5v\r\n"
    "e2ee.Downgrade: plaintext; or-failed; 60000; 1795597200123; true; AAECAwQFBgcICQoLDA0ODw; "
    "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\r\n"
    "e2ee.Signature: "
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw\r\n"
    "\r\n"
    "Content-Type: application/vnd.teal.sealed\r\n"
    "\r\n"
    "sealed\r\nbytes: \\ <and> more";

static teal_result decode(const char *in, teal_rcs_routing *routing, teal_envelope *e,
                          teal_diag *why)
{
    static uint8_t *copy;
    free(copy); /* views of the last message end here */
    copy = exact_copy(in, strlen(in));
    teal_arena arena = { room, TEAL_E2EE_ARENA(strlen(in)), 0 };
    return teal_e2ee_decode((teal_bytes){ copy, strlen(in) }, &arena, routing, e, why);
}

/* The canonical message with the first `old` replaced. */
static const char *edited(const char *old, const char *new)
{
    static char out[sizeof canonical + 4096];
    const char *found = strstr(canonical, old);
    assert_non_null(found);
    snprintf(out, sizeof out, "%.*s%s%s", (int)(found - canonical), canonical, new,
             found + strlen(old));
    return out;
}

static void test_canonical(void **state)
{
    (void)state;
    teal_envelope e;
    teal_diag why = { 0 };
    if (decode(canonical, NULL, &e, &why) != TEAL_OK)
        fail_msg("%s at %zu", why.rule, why.at);
    assert_int_equal(e.n_recipients, 2);
    assert_views(e.recipients[1], teal_text("sip:bob@rcs.example"));
    assert_true(e.sent_at_ms == 1795510800123);
    assert_int_equal(e.wants, 3);
    assert_int_equal(e.keys[0].prekey_id, 7);
    assert_int_equal(e.keys[0].wrapped[47], 0x6f);
    assert_true(e.has_downgrade && e.downgrade.accepts_e2ee_loss && !e.has_origin);
    assert_views(e.ciphertext, teal_text("sealed\r\nbytes: \\ <and> more"));
    teal_writer out = { text, sizeof text, 0 };
    assert_int_equal(teal_e2ee_encode(&e, NULL, &out), TEAL_OK);
    assert_views(teal_written(&out), teal_text(canonical));
}

static void test_truncated_anywhere(void **state)
{
    (void)state;
    size_t body_at = (size_t)(strstr(canonical, "sealed\r\n") - canonical);
    for (size_t n = 0; n < body_at; n++) {
        teal_arena arena = { room, TEAL_E2EE_ARENA(n), 0 };
        uint8_t *copy = exact_copy(canonical, n);
        teal_envelope e;
        assert_int_equal(teal_e2ee_decode((teal_bytes){ copy, n }, &arena, NULL, &e, NULL),
                         TEAL_MORE);
        free(copy);
    }
}

/* Comes out as the canonical form: nothing that the signature covers has changed. */
static void test_tolerated(void **state)
{
    static const struct {
        const char *name, *old, *new;
    } rows[] = {
        { "name and user=phone", "<tel:+14155550100>",
          "Bob <sip:+14155550100@x.example;user=phone>" },
        { "case of scheme and host", "im:alice@native.example", "IM:alice@Native.Example" },
        { "list in one To", ">\r\nTo: <sip", ">;<sip" },
        { "cc behind", "To: <sip:bob", "cc: <sip:bob" },
        { "offset", "09:00:00.123Z", "14:30:00.123+05:30" },
        { "blanks around fields", "; 7; ", " ;7;" },
        { "names in any case", "e2ee.Suite", "E2EE.SUITE" },
        { "unknown header of another namespace",
          "DateTime:", "NS: x <urn:x>\r\nx.Y: z\r\nDateTime:" },
        { "subject, and unknown headers of the core namespace",
          "DateTime:", "Subject:;lang=de guten Tag\r\nX-Unknown: z\r\nDateTime:" },
        { "folded", "To: <sip:bob", "To:\r\n <sip:bob" },
        { "folded in a list of fields", "; 7; ", ";\r\n\t7;\r\n " },
        { "MIME headers of the message", "From: ", "Content-Type: Message/CPIM\r\n\r\nFrom: " },
        { "more notifications", "display\r\n", "display, interworking, processing\r\n" },
        { "base64 by a network", "\r\n\r\nsealed\r\nbytes: \\ <and> more",
          "\r\nContent-Transfer-Encoding: base64\r\n\r\n"
          "c2VhbGVkDQpieXRlczog\r\nXCA8YW5kPiBtb3Jl\r\n" },
        { "MIME headers", "\r\n\r\nsealed",
          ";x=y\r\nContent-Transfer-Encoding: BINARY\r\nContent-ID: <a@b>\r\n\r\nsealed" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_envelope e;
        teal_diag why = { 0 };
        if (decode(edited(rows[i].old, rows[i].new), NULL, &e, &why) != TEAL_OK)
            fail_msg("%s at %zu", why.rule, why.at);
        teal_writer out = { text, sizeof text, 0 };
        assert_int_equal(teal_e2ee_encode(&e, NULL, &out), TEAL_OK);
        assert_views(teal_written(&out), teal_text(canonical));
    }
}

/* All header lines in the reverse order. */
static void test_any_order(void **state)
{
    (void)state;
    static char in[sizeof canonical];
    const char *part = strstr(canonical, "\r\n\r\nContent-Type") + 2;
    size_t len = 0;
    for (const char *end = part; end > canonical;) {
        const char *start = end - 2;
        while (start > canonical && start[-1] != '\n')
            start--;
        memcpy(in + len, start, (size_t)(end - start));
        len += (size_t)(end - start);
        end = start;
    }
    snprintf(in + len, sizeof in - len, "%s", part);
    teal_envelope e;
    assert_int_equal(decode(in, NULL, &e, NULL), TEAL_OK);
    assert_views(e.recipients[0], teal_text("sip:bob@rcs.example")); /* order of To has a meaning */
    assert_views(e.sender, teal_text("im:alice@native.example"));
    assert_int_equal(e.n_keys, 1);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *old, *new;
        teal_result want;
        const char *rule;
    } rows[] = {
        { "another media type", "vnd.teal.sealed", "octet-stream", TEAL_UNSUPPORTED,
          "REQ-CPIM-40 " },
        { "transfer encoding", "\r\n\r\nsealed",
          "\r\nContent-Transfer-Encoding: x-gzip\r\n\r\nseal", TEAL_UNSUPPORTED, "REQ-CPIM-53 " },
        { "unknown e2ee header", "e2ee.Suite", "e2ee.Level: e2ee\r\ne2ee.Suite", TEAL_MALFORMED,
          "REQ-CPIM-41 " },
        { "e2ee header twice", "e2ee.Suite", "e2ee.Suite: 1\r\ne2ee.Suite", TEAL_MALFORMED,
          "REQ-CPIM-41 " },
        { "no signature", "e2ee.Signature", "x.Signature", TEAL_MALFORMED, "REQ-CPIM-41 " },
        { "no namespace", "NS: e2ee", "NS: other", TEAL_MALFORMED, "REQ-CPIM-40 " },
        { "parameter", "e2ee.Suite: 1", "e2ee.Suite:;a=b 1", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "no number", "e2ee.Suite: 1", "e2ee.Suite:", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "leading zero", "e2ee.Suite: 1", "e2ee.Suite: 01", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "sign", "e2ee.Suite: 1", "e2ee.Suite: +1", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "over 32 bits", "; 7; ", "; 4294967296; ", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "over 64 bits", "; 60000; ", "; 18446744073709551616; ", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "expires never", "Expires: 1795597200123", "Expires: 0", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "kind in another case", "Kind: message", "Kind: Message", TEAL_MALFORMED,
          "REQ-CPIM-42 " },
        { "kind 0", "Kind: message", "Kind: ", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "trailing bits", "AQIDBA\r\n", "AQIDBB\r\n", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "short device", "Sender-Device: AAEC", "Sender-Device: ", TEAL_MALFORMED,
          "REQ-CPIM-42 " },
        { "padding", "Pj8\r\ne2ee.Key:", "Pj8=\r\ne2ee.Key:", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "key without its last field", "; QEFC", "QEFC", TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "eight fields of consent", "Pj8\r\ne2ee.Signature", "Pj8; AAAA\r\ne2ee.Signature",
          TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "ten fields of consent", "Pj8\r\ne2ee.Signature", "Pj8; a; b; c\r\ne2ee.Signature",
          TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "empty fallback", "Pj8\r\ne2ee.Signature", "Pj8; ; \r\ne2ee.Signature", TEAL_MALFORMED,
          "REQ-CPIM-42 " },
        { "fallback without its text", "Pj8\r\ne2ee.Signature", "Pj8; AAAA; \r\ne2ee.Signature",
          TEAL_MALFORMED, "REQ-CPIM-42 " },
        { "no consent to E2EE", "plaintext; or", "e2ee; or", TEAL_MALFORMED, "REQ-ENV-13 " },
        { "another suite", "e2ee.Suite: 1", "e2ee.Suite: 2", TEAL_UNSUPPORTED, "REQ-ENV-1 " },
        { "recipient twice", "sip:bob@rcs.example", "tel:+14155550100", TEAL_MALFORMED,
          "REQ-ENV-5 " },
        { "key that is not among the hashes", "e2ee.Downgrade",
          "e2ee.Key-Hash: ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\r\ne2ee.Downgrade",
          TEAL_FORGED, "REQ-ENV-12 " },
        { "no From", "From:", "X:", TEAL_MALFORMED, "REQ-CPIM-32 " },
        { "no DateTime", "DateTime:", "X:", TEAL_MALFORMED, "REQ-CPIM-32 " },
        { "no Message-ID", "imdn.Message-ID:", "X:", TEAL_MALFORMED, "REQ-CPIM-32 " },
        { "two senders", "From: <im", "From: <im:x@y>;<im", TEAL_MALFORMED, "REQ-CPIM-30 " },
        { "sender that is no handle", "im:alice@native.example", "mailto:alice@native.example",
          TEAL_MALFORMED, "REQ-CPIM-30 " },
        { "recipient that is no handle", "tel:+14155550100", "tel:911", TEAL_MALFORMED,
          "REQ-CPIM-30 " },
        { "To that ends in something else", "+14155550100>", "+14155550100> x", TEAL_MALFORMED,
          "REQ-CPIM-30 " },
        { "anonymous without routing", "im:alice@native.example", "sip:anonymous@anonymous.invalid",
          TEAL_MALFORMED, "REQ-CPIM-31 " },
        { "time before 1970", "2026-11-24", "1926-11-24", TEAL_LIMIT, "REQ-CPIM-34 " },
        { "blank in the id", "Mx4ZIo", "Mx4 ZIo", TEAL_MALFORMED, "REQ-CPIM-35 " },
        { "long id", "Mx4ZIo", "Mx4ZIoMYZ0Rwe83jTOdVGXlQMx4ZIoMYZ0Rwe83jTOdVGXlQ", TEAL_LIMIT,
          "REQ-CPIM-35 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_envelope e;
        teal_diag why = { 0 };
        assert_int_equal(decode(edited(rows[i].old, rows[i].new), NULL, &e, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
}

/* Anonymous addresses come from routing, and go back as they came (I2). */
static void test_anonymous(void **state)
{
    (void)state;
    static const char anonymous[] = "<sip:anonymous@anonymous.invalid>";
    char in[sizeof canonical + 64];
    const char *rest = strstr(canonical, "DateTime:");
    teal_envelope e;
    teal_rcs_routing routing = { .from = teal_text("im:alice@native.example"),
                                 .to = teal_text("tel:+14155550100") };
    for (int form = 0; form < 4; form++) {
        snprintf(in, sizeof in, "From: %s\r\nTo: %s\r\n%s",
                 form & 1 ? anonymous : "<im:alice@native.example>",
                 form & 2 ? anonymous : "<tel:+14155550100>", rest);
        assert_int_equal(decode(in, &routing, &e, NULL), TEAL_OK);
        assert_views(e.sender, teal_text("im:alice@native.example"));
        assert_views(e.recipients[0], teal_text("tel:+14155550100"));
        assert_int_equal(routing.hides_from, (form & 1) != 0);
        assert_int_equal(routing.hides_to, (form & 2) != 0);
        teal_writer out = { text, sizeof text, 0 };
        assert_int_equal(teal_e2ee_encode(&e, &routing, &out), TEAL_OK);
        assert_views(teal_written(&out), teal_text(in));
    }
    snprintf(in, sizeof in, "From: <im:alice@native.example>\r\nTo: %s\r\nTo: <im:x@y>\r\n%s",
             anonymous, rest);
    teal_diag why = { 0 };
    assert_int_equal(decode(in, &routing, &e, &why), TEAL_MALFORMED);
    assert_string_equal(why.rule, "REQ-CPIM-31 anonymous To among several recipients");

    teal_rcs_routing nobody = { .from = teal_text("sip:anonymous@anonymous.invalid") };
    snprintf(in, sizeof in, "From: %s\r\nTo: <im:x@y>\r\n%s", anonymous, rest);
    assert_int_equal(decode(in, &nobody, &e, NULL), TEAL_MALFORMED);
}

static void test_encode_refuses(void **state)
{
    (void)state;
    teal_envelope e;
    assert_int_equal(decode(canonical, NULL, &e, NULL), TEAL_OK);
    teal_writer out = { text, sizeof text, 0 };
    teal_rcs_routing hidden = { .hides_to = true };
    assert_int_equal(teal_e2ee_encode(&e, &hidden, &out), TEAL_MALFORMED); /* two recipients */
    teal_envelope late = e;
    late.sent_at_ms = UINT64_MAX;
    assert_int_equal(teal_e2ee_encode(&late, NULL, &out), TEAL_MALFORMED);
    teal_envelope unknown = e;
    for (unsigned kind = 0; kind < 100; kind += 99) {
        unknown.kind = (teal_kind)kind;
        assert_int_equal(teal_e2ee_encode(&unknown, NULL, &out), TEAL_MALFORMED);
    }
    teal_envelope injected = e;
    injected.message_id = teal_text("a\r\nTo: <im:x@y>");
    assert_int_equal(teal_e2ee_encode(&injected, NULL, &out), TEAL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical),      cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_tolerated),      cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_anonymous),
        cmocka_unit_test(test_encode_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
