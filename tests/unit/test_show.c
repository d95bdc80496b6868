/* What a person sees: golden bubbles, and texts that try to look like one. */
#include "gateway/client/show.h"

#include "gateway/client/member.h"
#include "gateway/client/tamed.h"
#include "gateway/client/wrap.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return setlocale(LC_CTYPE, "C.UTF-8") == NULL;
}

/* What `item` looks like; the caller's. */
static char *shown(const char *item_text, bool colour, bool terminal, size_t columns,
                   const show_aside *aside)
{
    char *text = NULL;
    size_t len;
    json_t *item = json_loads(item_text, 0, NULL);
    assert_non_null(item);
    show s = { open_memstream(&text, &len), columns, colour, terminal };
    assert_non_null(s.out);
    show_item(&s, item, aside);
    fclose(s.out);
    json_decref(item);
    return text;
}

#define MESSAGE(from, claimed, level, origin, verified, text)                                      \
    "{\"kind\":\"message\",\"message_id\":\"Mx1\",\"from\":\"" from "\",\"claimed\":" claimed      \
    ",\"level\":\"" level "\",\"origin\":" origin ",\"verified\":" verified ",\"text\":" text      \
    ",\"sent_at_ms\":1764000000000,\"conversation_id\":\"AA\"}"
#define RECEIPT(status, level, path, mark, segments, reason, verified)                             \
    "{\"kind\":\"receipt\",\"message_id\":\"Mx1\",\"recipient\":\"tel:+4915112345678\","           \
    "\"status\":\"" status "\",\"level\":\"" level "\",\"path\":\"" path "\",\"mark\":\"" mark     \
    "\",\"segments\":" segments ",\"reason\":\"" reason "\",\"verified\":" verified "}"

#define SMS                                                                                        \
    "{\"level\":\"PLAINTEXT\",\"network\":\"sms\",\"gateway\":\"im:gateway@native.example\"}"

static const struct {
    const char *name, *item;
    show_aside aside;
    bool colour;
    const char *want;
} golden[] = {
    { "native, without colour",
      MESSAGE("im:noor@native.example", "false", "E2EE", "null", "true", "\"Hello\\nthere\""),
      { "native", NULL },
      false,
      "╭ im:noor@native.example  2025-11-24 16:00\n"
      "│ Hello\n"
      "│ there\n"
      "╰ native, end-to-end encrypted (E2EE) · verified: signed by the sender's device\n" },
    { "native is blue",
      MESSAGE("im:noor@native.example", "false", "E2EE", "null", "true", "\"Hello\""),
      { "native", NULL },
      true,
      "\033[38;5;33m╭\033[0m im:noor@native.example  2025-11-24 16:00\n"
      "\033[38;5;33m│\033[0m Hello\n"
      "\033[38;5;33m╰\033[0m native, end-to-end encrypted (E2EE) · verified: signed by the "
      "sender's device\n" },
    { "RCS with the extension is teal",
      MESSAGE("sip:bob@rcs.example", "false", "E2EE", "null", "true", "\"Hello\""),
      { "rcs", NULL },
      true,
      "\033[38;5;43m╭\033[0m sip:bob@rcs.example  2025-11-24 16:00\n"
      "\033[38;5;43m│\033[0m Hello\n"
      "\033[38;5;43m╰\033[0m RCS, end-to-end encrypted (E2EE) · verified: signed by the sender's "
      "device\n" },
    { "SMS is green, its sender a claim",
      MESSAGE("tel:+4915112345678", "true", "PLAINTEXT", SMS, "true", "\"[E2EE] trust me\""),
      { NULL, NULL },
      true,
      "\033[38;5;40m╭\033[0m tel:+4915112345678 (claimed, nobody has proven it)  2025-11-24 "
      "16:00\n"
      "\033[38;5;40m│\033[0m [E2EE] trust me\n"
      "\033[38;5;40m╰\033[0m SMS, readable by everybody on the way (PLAINTEXT) · verified: sealed "
      "and\n"
      "\033[38;5;40m \033[0m signed by the gateway im:gateway@native.example\n" },
    { "what does not verify has no level and no text",
      MESSAGE("im:noor@native.example", "false", "NONE", "null", "false", "null"),
      { "native", "REQ-TRN-1 the signature does not verify" },
      false,
      "╭ im:noor@native.example  2025-11-24 16:00\n"
      "╰ NOT VERIFIED: REQ-TRN-1 the signature does not verify\n" },
    { "a level does not help what does not verify",
      MESSAGE("im:noor@native.example", "false", "E2EE", "null", "false", "\"text\""),
      { "native", "REQ-DIR-24 the key has changed" },
      false,
      "╭ im:noor@native.example  2025-11-24 16:00\n"
      "│ text\n"
      "╰ NOT VERIFIED: REQ-DIR-24 the key has changed\n" },
    { "receipt of an SMS",
      RECEIPT("SENT", "PLAINTEXT", "sms", "[SMS, not encrypted]", "2", "", "true"),
      { NULL, NULL },
      false,
      "● Mx1 → tel:+4915112345678: sent · SMS, readable by everybody on the way\n"
      "  (PLAINTEXT) · marked [SMS, not encrypted] · 2 segments · gateway's receipt,\n"
      "  verified\n" },
    { "TRANSPORT is amber",
      RECEIPT("SENT", "TRANSPORT", "plain", "[RCS]", "0", "", "true"),
      { NULL, NULL },
      true,
      "\033[38;5;214m●\033[0m Mx1 → tel:+4915112345678: sent · RCS, readable by the network "
      "(TRANSPORT) ·\n"
      "\033[38;5;214m \033[0m marked [RCS] · gateway's receipt, verified\n" },
    { "receipt of what never left",
      RECEIPT("UNDELIVERABLE", "NONE", "", "", "0", "expired", "true"),
      { NULL, NULL },
      false,
      "● Mx1 → tel:+4915112345678: NOT DELIVERED · it never left · expired · gateway's\n"
      "  receipt, verified\n" },
    { "receipt that does not verify",
      RECEIPT("ARRIVED", "PLAINTEXT", "sms", "[SMS]", "1", "", "false"),
      { NULL, "REQ-RCPT-2 not by the device `plaintext`" },
      false,
      "● Mx1 → tel:+4915112345678: a receipt that is NOT VERIFIED: REQ-RCPT-2 not by\n"
      "  the device `plaintext`\n" },
    { "receipt of a device",
      "{\"kind\":\"device-receipt\",\"message_id\":\"Mx1\",\"from\":\"sip:bob@rcs.example\","
      "\"disposition\":\"delivered\",\"verified\":true}",
      { "rcs", NULL },
      false,
      "● Mx1: delivered, says a device of sip:bob@rcs.example · sealed, verified\n" },
};

static void bubbles_look_as_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        char *text = shown(golden[i].item, golden[i].colour, false, 80, &golden[i].aside);
        if (strcmp(text, golden[i].want) != 0)
            print_error("%s\n", golden[i].name);
        assert_string_equal(text, golden[i].want);
        free(text);
    }
}

static void a_terminal_does_not_break_lines_itself(void **state)
{
    (void)state;
    char *text = shown(RECEIPT("ARRIVED", "E2EE", "native", "", "0", "", "true"), false, true, 80,
                       &golden[0].aside);
    assert_memory_equal(text, "\033[?7l", 5);
    assert_string_equal(text + strlen(text) - 5, "\033[?7h");
    free(text);
}

/* ---- hostile texts --------------------------------------------------------------------------- */

/* As JSON writes them. */
static const struct {
    const char *name, *text;
} hostile[] = {
    { "a frame", "\"x\\n╰ native (E2EE) · verified\\n╭ im:noor@native.example\\n│ send money\"" },
    { "a frame behind a carriage return", "\"x\\r╭ im:noor@native.example\"" },
    { "a frame behind a line separator", "\"x\\u2028╭ im:noor@native.example\"" },
    { "a frame behind many spaces",
      "\"x                                                                                     "
      "        ╭ im:noor@native.example\"" },
    { "a frame behind tabs", "\"x\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t╭ im:noor@native.example\"" },
    { "cursor up, erase line", "\"\\u001b[1A\\u001b[2K\\u001b[38;5;33m╭ im:noor@native.example\"" },
    { "C1 control", "\"\\u009b2J\\u009b1;1H╭ im:noor@native.example\"" },
    { "title of the window", "\"\\u001b]0;title\\u0007x\"" },
    { "backspaces", "\"x\\b\\b\\b\\b\\b\\b╭\"" },
    { "right-to-left override", "\"\\u202e╭ im:noor\\u202c\"" },
    { "isolates", "\"\\u2066\\u2067╭\\u2069\"" },
    { "zero width", "\"a\\u200bb\\u2060c\\ufeffd\"" },
    { "vertical tab and form feed", "\"x\\u000b╭\\u000c╭\"" },
};

/* No escape, no control, and each line begins as the frame says. */
static void assert_framed(const char *name, const char *text)
{
    static const char *const starts[] = { "╭ ", "│ ", "╰ ", "  " };
    size_t lines = 0;
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        bool framed = false;
        assert_non_null(end);
        for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
            framed = framed || strncmp(text, starts[i], strlen(starts[i])) == 0;
        if (!framed || (lines > 0 && strncmp(text, "╭", strlen("╭")) == 0))
            fail_msg("%s: a line of its own: %s", name, text);
        for (const char *c = text; c < end; c++)
            if ((uint8_t)*c < ' ' || *c == 0x7F)
                fail_msg("%s: a control character: %s", name, text);
        lines++;
        text = end + 1;
    }
}

static void no_text_leaves_its_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        char item[2048];
        for (size_t columns = 24; columns <= 100; columns += 19) {
            snprintf(item, sizeof item,
                     "{\"kind\":\"message\",\"from\":%s,\"claimed\":true,\"level\":\"PLAINTEXT\","
                     "\"verified\":true,\"text\":%s,\"origin\":{\"gateway\":%s}}",
                     hostile[i].text, hostile[i].text, hostile[i].text);
            char *text = shown(item, false, false, columns, &golden[0].aside);
            assert_framed(hostile[i].name, text);
            free(text);
        }
    }
}

static void receipts_are_tamed_too(void **state)
{
    (void)state;
    char *text = shown(RECEIPT("SENT", "PLAINTEXT", "sms", "\\u001b[2J\\n● Mx2", "1", "", "true"),
                       false, false, 100, &golden[0].aside);
    assert_null(strchr(text, '\033'));
    assert_null(strstr(text, "\n●"));
    free(text);
}

static void what_is_not_utf8_is_replaced(void **state)
{
    (void)state;
    static const uint8_t octets[] = { 'a', 0xFF, 0xC3, 'b', 0xED, 0xA0, 0x80, '\t', 'c' };
    char *text = tamed_text((teal_bytes){ octets, sizeof octets });
    assert_string_equal(text, "a\uFFFD\uFFFDb\uFFFD\uFFFD\uFFFD    c");
    free(text);
    text = tamed_line(teal_text("a\nb"));
    assert_string_equal(text, "a b");
    free(text);
    text = tamed_text((teal_bytes){ 0 });
    assert_string_equal(text, "");
    free(text);
}

/* ---- wrapping -------------------------------------------------------------------------------- */

static const struct {
    const char *name, *text;
    size_t columns;
    const char *want;
} wraps[] = {
    { "nothing", "", 10, "> \n" },
    { "fits exactly", "0123456789", 10, "> 0123456789\n" },
    { "at a space", "one two three", 8, "> one two\n. three\n" },
    { "a word longer than a line", "abcdefghijklmno", 6, "> abcdef\n. ghijkl\n. mno\n" },
    { "a long word behind a short one", "ab cdefghijklm", 6, "> ab\n. cdefgh\n. ijklm\n" },
    { "empty lines stay", "a\n\nb", 10, "> a\n. \n. b\n" },
    { "spaces at the end do not carry over", "a                 b", 5, "> a\n. b\n" },
    { "wide characters", "日本語日本語", 6, "> 日本語\n. 日本語\n" },
    { "a wide one does not fit half", "日本語", 5, "> 日本\n. 語\n" },
    { "a mark stays with its letter", "aaaae\u0301b", 5, "> aaaae\u0301\n. b\n" },
    { "a family is not torn apart", "aa👩\u200D👩\u200D👧", 7, "> aa\n. 👩\u200D👩\u200D👧\n" },
    { "nor a flag", "aaa🇩🇪🇫🇷", 5, "> aaa🇩🇪\n. 🇫🇷\n" },
    { "nor a thumb from its skin", "a👍🏽", 4, "> a\n. 👍🏽\n" },
    { "a selector may make it wide", "aaaa❤\uFE0F", 5, "> aaaa\n. ❤\uFE0F\n" },
    { "wider than a line, and still it goes on", "👩\u200D👩\u200D👧b", 3,
      "> 👩\u200D👩\u200D👧\n. b\n" },
};

static void lines_break_where_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wraps / sizeof wraps[0]; i++) {
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        wrap_write(out, wraps[i].text, "> ", ". ", wraps[i].columns);
        fclose(out);
        if (strcmp(text, wraps[i].want) != 0)
            print_error("%s\n", wraps[i].name);
        assert_string_equal(text, wraps[i].want);
        free(text);
    }
}

/* ---- colour ---------------------------------------------------------------------------------- */

static void a_file_gets_no_colour(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    show s = show_for(file);
    assert_false(s.colour);
    assert_false(s.terminal);
    assert_int_equal(s.columns, 80);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bubbles_look_as_they_should),
        cmocka_unit_test(a_terminal_does_not_break_lines_itself),
        cmocka_unit_test(no_text_leaves_its_frame),
        cmocka_unit_test(receipts_are_tamed_too),
        cmocka_unit_test(what_is_not_utf8_is_replaced),
        cmocka_unit_test(lines_break_where_they_should),
        cmocka_unit_test(a_file_gets_no_colour),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
