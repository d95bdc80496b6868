/* Contacts against RFC 2426, RFC 6350 and what phones export, and hostile cards. */
#include "codecs/handle.h"
#include "codecs/rcs/vcard.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[1 << 20];

typedef struct cards {
    teal_vcard card[8];
    size_t n;
} cards;

/* All cards of a body, with exactly the memory that is promised to be enough. */
static teal_result decode_bytes(const void *in, size_t len, cards *out, teal_diag *why)
{
    uint8_t *copy = exact_copy(in, len);
    teal_arena arena = { room, TEAL_VCARD_ARENA(len), 0 };
    teal_bytes list = { copy, len };
    teal_result result;
    out->n = 0;
    do {
        assert_true(out->n < sizeof out->card / sizeof out->card[0]);
        result = teal_vcard_next(&list, &arena, &out->card[out->n], why);
        out->n += result == TEAL_OK;
    } while (result == TEAL_OK && list.len > 0);
    free(copy); /* nothing of it may be kept */
    return result;
}

static void test_good(void **state)
{
    static const struct {
        const char *name, *in, *full_name;
        const char *handles[4];
    } rows[] = {
        { "2426 section 7",
          "BEGIN:vCard\r\nVERSION:3.0\r\nFN:Frank Dawson\r\nORG:Lotus Development Corporation\r\n"
          "ADR;TYPE=WORK,POSTAL,PARCEL:;;6544 Battleford Drive\r\n "
          ";Raleigh;NC;27613-3502;U.S.A.\r\n"
          "TEL;TYPE=VOICE,MSG,WORK:+1-919-676-9515\r\nTEL;TYPE=FAX,WORK:+1-919-676-9564\r\n"
          "EMAIL;TYPE=INTERNET,PREF:Frank_Dawson@Lotus.com\r\nEND:vCard\r\n",
          "Frank Dawson",
          { "tel:+19196769515", "tel:+19196769564" } },
        { "6350: URIs, groups, quoted parameters",
          "BEGIN:VCARD\nVERSION:4.0\nFN:A\\, B\\; C\\\\D\\nE\nitem1.TEL;VALUE=uri;TYPE=\"voice:x\":"
          "tel:+1-415-555-0100\nhome.x.IMPP;PREF=1:SIP:bob@RCS.example\nEND:VCARD",
          "A, B; C\\D E",
          { "tel:+14155550100", "sip:bob@rcs.example" } },
        { "folded in the middle of a character and of an escape",
          "BEGIN:VCARD\r\nFN:J\xc3\r\n \xbc\\\r\n ,x\r\n\ty\r\nEND:VCARD\r\n",
          "J\xc3\xbc,xy",
          { 0 } },
        { "a number without its country is kept as it is",
          "BEGIN:VCARD\nFN:Help\nTEL:0800 123\nTEL:911\nEND:VCARD\n",
          "Help",
          { "0800 123", "911" } },
        { "other schemes are kept as they are",
          "BEGIN:VCARD\nFN:x\nIMPP:xmpp:x@y.example\nEND:VCARD\n",
          "x",
          { "xmpp:x@y.example" } },
        { "no name", "BEGIN:VCARD\nTEL:+14155550100\nEND:VCARD\n", "", { "tel:+14155550100" } },
        { "the same number twice",
          "BEGIN:VCARD\nTEL:+14155550100\nTEL:tel:+1-415-555-0100\nEND:VCARD\n",
          "",
          { "tel:+14155550100" } },
        { "first name counts", "BEGIN:VCARD\nFN:a\nFN:b\nFNX:c\nEND:VCARD\n", "a", { 0 } },
        { "2.1: encoded names are left out",
          "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0\n"
          "TEL;CELL:+14155550100\nPHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\n SkZJRg\n\nEND:VCARD\n",
          "",
          { "tel:+14155550100" } },
        { "control characters become blanks",
          "BEGIN:VCARD\nFN:a\x1b[2Jb\x7f"
          "c\nEND:VCARD\n",
          "a [2Jb c",
          { 0 } },
        { "line ends in a name", "BEGIN:VCARD\nFN:a\\nb\\Nc\nEND:VCARD\n", "a b c", { 0 } },
        { "blank lines around",
          "\r\n\r\n BEGIN:VCARD\r\nFN:a\r\n\r\nEND:VCARD\r\n\r\n ",
          "a",
          { 0 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        cards c;
        teal_diag why = { 0 };
        if (decode_bytes(rows[i].in, strlen(rows[i].in), &c, &why) != TEAL_OK)
            fail_msg("%s at %zu", why.rule, why.at);
        assert_int_equal(c.n, 1);
        assert_text(c.card[0].name, rows[i].full_name);
        size_t n = 0;
        for (; n < 4 && rows[i].handles[n] != NULL; n++) {
            assert_true(n < c.card[0].n_handles);
            assert_text(c.card[0].handles[n], rows[i].handles[n]);
        }
        assert_int_equal(c.card[0].n_handles, n);
        const char *end = rows[i].in + strlen(rows[i].in);
        while (strncasecmp(end, "END:VCARD", 9) != 0)
            end--;
        for (size_t cut = 0; cut < (size_t)(end - rows[i].in) + 9; cut++)
            assert_int_equal(decode_bytes(rows[i].in, cut, &c, &why), TEAL_MALFORMED);
    }
}

static void test_several(void **state)
{
    (void)state;
    const char *in = "BEGIN:VCARD\r\nFN:a\r\nEND:VCARD\r\n\r\nBEGIN:VCARD\r\nTEL:+14155550100\r\n"
                     "END:VCARD\r\nBEGIN:VCARD\r\nFN:c\r\nEND:VCARD";
    cards c;
    assert_int_equal(decode_bytes(in, strlen(in), &c, NULL), TEAL_OK);
    assert_int_equal(c.n, 3);
    assert_text(c.card[0].name, "a");
    assert_text(c.card[1].handles[0], "tel:+14155550100");
    assert_text(c.card[2].name, "c");
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *in;
        teal_result want;
        const char *rule;
    } rows[] = {
        { "empty", "", TEAL_MALFORMED, "REQ-VCF-1 no card" },
        { "text", "hello", TEAL_MALFORMED, "REQ-VCF-1 no card" },
        { "another object", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", TEAL_MALFORMED,
          "REQ-VCF-1 no card" },
        { "no end", "BEGIN:VCARD\nFN:a\n", TEAL_MALFORMED, "REQ-VCF-1 card without END" },
        { "card inside", "BEGIN:VCARD\nFN:a\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD\n", TEAL_MALFORMED,
          "REQ-VCF-1 card inside" },
        { "nothing to keep", "BEGIN:VCARD\nNOTE:x\nFN:\nTEL: \nEND:VCARD\n", TEAL_MALFORMED,
          "REQ-VCF-1 neither" },
        { "no UTF-8", "BEGIN:VCARD\nFN:\xff\nEND:VCARD\n", TEAL_MALFORMED, "REQ-VCF-1 text" },
        { "something behind", "BEGIN:VCARD\nFN:a\nEND:VCARD\nx", TEAL_MALFORMED,
          "REQ-VCF-1 no card" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        cards c;
        teal_diag why = { 0 };
        assert_int_equal(decode_bytes(rows[i].in, strlen(rows[i].in), &c, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
        assert_true(why.at <= strlen(rows[i].in));
    }
}

static void test_limits(void **state)
{
    (void)state;
    static char in[TEAL_VCARD_MAX_BYTES + 2];
    teal_diag why = { 0 };
    cards c;
    size_t len = (size_t)snprintf(in, sizeof in, "BEGIN:VCARD\nFN:%0*d\nEND:VCARD\n",
                                  TEAL_VCARD_MAX_TEXT_BYTES, 0);
    assert_int_equal(decode_bytes(in, len, &c, &why), TEAL_OK);
    len = (size_t)snprintf(in, sizeof in, "BEGIN:VCARD\nFN:%0*d\nEND:VCARD\n",
                           TEAL_VCARD_MAX_TEXT_BYTES + 1, 0);
    assert_int_equal(decode_bytes(in, len, &c, &why), TEAL_LIMIT);
    for (size_t n = TEAL_VCARD_MAX_HANDLES; n <= TEAL_VCARD_MAX_HANDLES + 1; n++) {
        len = (size_t)snprintf(in, sizeof in, "BEGIN:VCARD\n");
        for (size_t i = 0; i < n; i++)
            len += (size_t)snprintf(in + len, sizeof in - len, "TEL:+141555501%zu\n", 10 + i);
        len += (size_t)snprintf(in + len, sizeof in - len, "END:VCARD\n");
        assert_int_equal(decode_bytes(in, len, &c, &why),
                         n == TEAL_VCARD_MAX_HANDLES ? TEAL_OK : TEAL_LIMIT);
    }
    memset(in, 'x', sizeof in); /* a photo */
    memcpy(in, "BEGIN:VCARD\nFN:a\nPHOTO:", 23);
    memcpy(in + TEAL_VCARD_MAX_BYTES - 11, "\nEND:VCARD\n", 11);
    assert_int_equal(decode_bytes(in, TEAL_VCARD_MAX_BYTES, &c, &why), TEAL_OK);
    memcpy(in + TEAL_VCARD_MAX_BYTES - 10, "\nEND:VCARD\n", 11);
    assert_int_equal(decode_bytes(in, TEAL_VCARD_MAX_BYTES + 1, &c, &why), TEAL_LIMIT);
}

static void test_canonical(void **state)
{
    static const char want[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Bob\\, the \\\\ \\;x;;;;\r\n"
                               "FN:Bob\\, the \\\\ \\;x\r\nTEL:+14155550100\r\n"
                               "IMPP:sip:bob@rcs.example\r\nTEL:0800 123\r\nEND:VCARD\r\n";
    (void)state;
    const teal_bytes handles[] = { teal_text("tel:+14155550100"), teal_text("sip:bob@rcs.example"),
                                   teal_text("0800 123") };
    const teal_vcard card = { teal_text("Bob, the \\ ;x"), handles, 3 };
    uint8_t text[512];
    for (size_t cap = 0; cap <= sizeof want; cap++) {
        teal_writer out = { text, cap, 0 };
        assert_int_equal(teal_vcard_encode(&card, &out), cap < strlen(want) ? TEAL_SPACE : TEAL_OK);
        assert_int_equal(out.len, strlen(want));
    }
    assert_memory_equal(text, want, strlen(want));
    teal_writer out = { text, sizeof text, 0 };
    assert_int_equal(teal_vcard_encode(&(teal_vcard){ 0 }, &out), TEAL_MALFORMED);
    assert_int_equal(teal_vcard_encode(&(teal_vcard){ .name = teal_text("\xff") }, &out),
                     TEAL_MALFORMED);
    assert_int_equal(out.len, 0);
}

static void test_not_written(void **state)
{
    (void)state;
    static uint8_t big[TEAL_VCARD_MAX_TEXT_BYTES + 1];
    memset(big, 'x', sizeof big);
    const teal_bytes too_long = { big, sizeof big }, empty = { 0 }, broken = teal_text("\xff");
    const teal_bytes name = teal_text("a");
    teal_writer out = { 0 };
    assert_int_equal(teal_vcard_encode(&(teal_vcard){ .name = too_long }, &out), TEAL_LIMIT);
    assert_int_equal(teal_vcard_encode(&(teal_vcard){ name, &too_long, 1 }, &out), TEAL_LIMIT);
    assert_int_equal(teal_vcard_encode(&(teal_vcard){ name, &empty, 1 }, &out), TEAL_MALFORMED);
    assert_int_equal(teal_vcard_encode(&(teal_vcard){ name, &broken, 1 }, &out), TEAL_MALFORMED);
    assert_int_equal(
        teal_vcard_encode(&(teal_vcard){ name, &name, TEAL_VCARD_MAX_HANDLES + 1 }, &out),
        TEAL_LIMIT);
    assert_int_equal(out.len, 0);
}

/* A line end in a text must not begin another property. */
static void test_injection(void **state)
{
    (void)state;
    uint8_t text[512];
    teal_writer out = { text, sizeof text, 0 };
    const teal_bytes handle = teal_text("tel:+14155550100\r\nEND:VCARD");
    const teal_vcard card = { teal_text("a\r\nTEL:+1\x7f"
                                        "END:VCARD"),
                              &handle, 1 };
    cards c;
    assert_int_equal(teal_vcard_encode(&card, &out), TEAL_OK);
    assert_int_equal(decode_bytes(text, out.len, &c, NULL), TEAL_OK);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.card[0].n_handles, 1);
    assert_text(c.card[0].name, "a  TEL:+1 END:VCARD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_several),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_canonical),   cmocka_unit_test(test_injection),
        cmocka_unit_test(test_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
