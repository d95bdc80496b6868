/* File transfer bodies against captures of servers and clients, and hostile ones. */
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/filetransfer.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROOT "<file xmlns='urn:gsma:params:xml:ns:rcs:rcs:fthttp'>"
#define DATA "<data url='https://x.example/a' until='2026-11-24T09:00:00Z'/>"
#define FILE_INFO(more)                                                                            \
    "<file-info type='file'><file-size>7</file-size><content-type>a/b</content-type>" more         \
    "</file-info>"

static _Alignas(16) uint8_t room[256 << 10];

static teal_result decode_bytes(const void *in, size_t len, teal_filetransfer *f, teal_diag *why)
{
    teal_arena arena = { room, TEAL_FILE_ARENA(len), 0 };
    return exact_decode(teal_filetransfer_decode, in, len, arena, f, why);
}

static teal_result decode(const char *in, teal_filetransfer *f, teal_diag *why)
{
    return decode_bytes(in, strlen(in), f, why);
}

static void test_picture(void **state)
{
    (void)state;
    const char *in =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
        "<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\" "
        "xmlns:e=\"urn:gsma:params:xml:ns:rcs:rcs:up:fthttpext\">\r\n"
        "    <file-info type=\"thumbnail\">\r\n        <file-size>7427</file-size>\r\n"
        "        <content-type>image/jpg</content-type>\r\n        <data "
        "url=\"https://ft.example:10099/s/18TD\" until=\"2021-01-21T14:09:31Z\"/>\r\n"
        "    </file-info>\r\n    <file-info type=\"file\">\r\n"
        "        <file-size>171008</file-size>\r\n        <file-name>car.png</file-name>\r\n"
        "        <content-type>image/png</content-type>\r\n        <data "
        "url=\"https://ft.example:10099/s/18FD.png?a=1&amp;b=2\" until=\"2021-01-21T14:09:31Z\"/>"
        "\r\n        <file-exist>1</file-exist>\r\n"
        "        <e:branded-url>https://1/s/W4eRJfAABqQ.png</e:branded-url>\r\n"
        "    </file-info>\r\n</file>";
    teal_filetransfer f;
    teal_diag why = { 0 };
    if (decode(in, &f, &why) != TEAL_OK)
        fail_msg("%s at %zu", why.rule, why.at);
    assert_int_equal(f.file.size_bytes, 171008);
    assert_text(f.name, "car.png");
    assert_text(f.file.content_type, "image/png");
    assert_text(f.file.url, "https://ft.example:10099/s/18FD.png?a=1&b=2");
    assert_true(f.file.has_until && f.file.until_ms == 1611238171000);
    assert_text(f.branded_url, "https://1/s/W4eRJfAABqQ.png");
    assert_false(f.renders);
    assert_true(f.has_thumbnail);
    assert_int_equal(f.thumbnail.size_bytes, 7427);
    assert_text(f.thumbnail.content_type, "image/jpg");
    assert_text(f.thumbnail.url, "https://ft.example:10099/s/18TD");
    for (size_t cut = 0; cut < strlen(in); cut++)
        assert_int_equal(decode_bytes(in, cut, &f, &why), TEAL_MALFORMED);
}

static void test_voice_message(void **state)
{
    (void)state;
    const char *in =
        "<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\" "
        "xmlns:am=\"urn:gsma:params:xml:ns:rcs:rcs:rram\">"
        "<file-info type=\"file\" file-disposition=\"render\"><file-size>4026</file-size>"
        "<content-type>audio/wav;voice-recording=yes</content-type>"
        "<am:playing-length>12</am:playing-length>"
        "<data url = \"HTTP://x.example/v\" until = \"soon\"/></file-info></file>";
    teal_filetransfer f;
    assert_int_equal(decode(in, &f, NULL), TEAL_OK);
    assert_true(f.renders);
    assert_int_equal(f.playing_length_s, 12);
    assert_text(f.file.content_type, "audio/wav;voice-recording=yes");
    assert_false(f.file.has_until);
    assert_text(f.name, "");
    assert_false(f.has_thumbnail);
}

static void test_names(void **state)
{
    static const struct {
        const char *in, *name;
    } rows[] = {
        { "../../etc/passwd", "passwd" },
        { "C:\\My Files\\a b.txt", "a b.txt" },
        { "a/ b ", "b" },
        { "..", "" },
        { ".", "" },
        { "dir/", "" },
        { "\n  x.jpg\n", "x.jpg" },
        { "&#x1F44D;.png", "\xf0\x9f\x91\x8d.png" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char in[512];
        teal_filetransfer f;
        snprintf(in, sizeof in,
                 ROOT "<file-info type='file'><file-size>7</file-size><file-name>%s</file-name>"
                      "<content-type>a/b</content-type>" DATA "</file-info></file>",
                 rows[i].in);
        assert_int_equal(decode(in, &f, NULL), TEAL_OK);
        assert_text(f.name, rows[i].name);
    }
}

#define THUMBNAIL                                                                                  \
    "<file-info type='thumbnail'><file-size>7</file-size><content-type>a/b</content-type>" DATA    \
    "</file-info>"

static void test_refused(void **state)
{
    static const struct {
        const char *name, *in;
        teal_result want;
        const char *rule;
    } rows[] = {
        { "another root", "<files/>", TEAL_UNSUPPORTED, "REQ-FT-1 " },
        { "root of another namespace", "<file xmlns='urn:x'/>", TEAL_UNSUPPORTED, "REQ-FT-1 " },
        { "no entry", ROOT "</file>", TEAL_MALFORMED, "REQ-FT-2 no file" },
        { "entry of another namespace", ROOT "<x:file-info xmlns:x='urn:x' type='file'/></file>",
          TEAL_MALFORMED, "REQ-FT-2 no file" },
        { "thumbnail alone", ROOT THUMBNAIL "</file>", TEAL_MALFORMED, "REQ-FT-2 no file" },
        { "two files", ROOT FILE_INFO(DATA) FILE_INFO(DATA) "</file>", TEAL_MALFORMED,
          "REQ-FT-2 two files" },
        { "two thumbnails", ROOT THUMBNAIL THUMBNAIL FILE_INFO(DATA) "</file>", TEAL_MALFORMED,
          "REQ-FT-2 two files or two thumbnails" },
        { "two playing lengths",
          ROOT FILE_INFO(
              DATA
              "<playing-length>1</playing-length><playing-length>2</playing-length>") "</file>",
          TEAL_MALFORMED, "REQ-FT-2 element twice" },
        { "two sizes", ROOT FILE_INFO("<file-size>8</file-size>" DATA) "</file>", TEAL_MALFORMED,
          "REQ-FT-2 element twice" },
        { "two data", ROOT FILE_INFO(DATA DATA) "</file>", TEAL_MALFORMED,
          "REQ-FT-2 element twice" },
        { "no data", ROOT FILE_INFO("") "</file>", TEAL_MALFORMED, "REQ-FT-2 entry without" },
        { "no size",
          ROOT "<file-info type='file'><content-type>a/b</content-type>" DATA "</file-info></file>",
          TEAL_MALFORMED, "REQ-FT-2 entry without" },
        { "size below zero",
          ROOT
          "<file-info type='file'><file-size>-1</file-size><content-type>a/b</content-type>" DATA
          "</file-info></file>",
          TEAL_MALFORMED, "REQ-FT-2 entry without" },
        { "size over 64 bits",
          ROOT "<file-info type='file'><file-size>18446744073709551616</file-size><content-type>a/b"
               "</content-type>" DATA "</file-info></file>",
          TEAL_MALFORMED, "REQ-FT-2 entry without" },
        { "type without a slash",
          ROOT
          "<file-info type='file'><file-size>7</file-size><content-type>image</content-type>" DATA
          "</file-info></file>",
          TEAL_MALFORMED, "REQ-FT-2 entry without" },
        { "no URL", ROOT FILE_INFO("<data/>") "</file>", TEAL_MALFORMED, "REQ-FT-3 no URL" },
        { "script", ROOT FILE_INFO("<data url='javascript:alert(1)'/>") "</file>", TEAL_UNSUPPORTED,
          "REQ-FT-3 URL is not" },
        { "local file", ROOT FILE_INFO("<data url='file:///etc/passwd'/>") "</file>",
          TEAL_UNSUPPORTED, "REQ-FT-3 URL is not" },
        { "scheme alone", ROOT FILE_INFO("<data url='https://'/>") "</file>", TEAL_UNSUPPORTED,
          "REQ-FT-3 URL is not" },
        { "another scheme", ROOT FILE_INFO("<data url='httpx://a'/>") "</file>", TEAL_UNSUPPORTED,
          "REQ-FT-3 URL is not" },
        { "URL with a line end", ROOT FILE_INFO("<data url='https://a&#10;Host: b'/>") "</file>",
          TEAL_MALFORMED, "REQ-FT-3 no URL" },
        { "URL outside of ASCII", ROOT FILE_INFO("<data url='https://\xc3\xa4'/>") "</file>",
          TEAL_MALFORMED, "REQ-FT-3 no URL" },
        { "branded URL that is a script",
          ROOT FILE_INFO(DATA "<branded-url>javascript:a</branded-url>") "</file>",
          TEAL_UNSUPPORTED, "REQ-FT-3 URL is not" },
        { "name with an escape character",
          ROOT FILE_INFO("<file-name>a&#x7f;b</file-name>" DATA) "</file>", TEAL_MALFORMED,
          "REQ-FT-4 " },
        { "key that is no base64url",
          ROOT FILE_INFO(DATA "<t:key xmlns:t='urn:teal:xml:ns:media:1'>a+b/</t:key>") "</file>",
          TEAL_MALFORMED, "REQ-FT-5 " },
        { "document type", "<!DOCTYPE file>" ROOT FILE_INFO(DATA) "</file>", TEAL_MALFORMED,
          "REQ-XML-1 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_filetransfer f;
        teal_diag why = { 0 };
        assert_int_equal(decode(rows[i].in, &f, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
}

/* Each text at its limit, and one octet over it. */
static void test_limits(void **state)
{
    static const struct {
        const char *format;
        int most;
    } rows[] = {
        { ROOT FILE_INFO("<data url='https://%0*d'/>") "</file>", TEAL_FILE_MAX_URL_BYTES - 8 },
        { ROOT FILE_INFO(DATA "<branded-url>https://%0*d</branded-url>") "</file>",
          TEAL_FILE_MAX_URL_BYTES - 8 },
        { ROOT FILE_INFO("<file-name>%0*d</file-name>" DATA) "</file>", TEAL_FILE_MAX_NAME_BYTES },
        { ROOT
          "<file-info type='file'><file-size>7</file-size><content-type>a/%0*d</content-type>" DATA
          "</file-info></file>",
          TEAL_FILE_MAX_TYPE_BYTES - 2 },
        { ROOT FILE_INFO(DATA "<t:key xmlns:t='urn:teal:xml:ns:media:1'>%0*dA</t:key>") "</file>",
          85 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static char in[8192];
        teal_filetransfer f;
        teal_diag why = { 0 };
        snprintf(in, sizeof in, rows[i].format, rows[i].most, 0);
        if (decode(in, &f, &why) != TEAL_OK)
            fail_msg("row %zu: %s", i, why.rule);
        snprintf(in, sizeof in, rows[i].format, rows[i].most + 1, 0);
        assert_int_equal(decode(in, &f, &why), TEAL_LIMIT);
    }
    teal_filetransfer f;
    assert_int_equal(
        decode(ROOT FILE_INFO("<file-name>a</file-name><file-name>b</file-name>" DATA) "</file>",
               &f, NULL),
        TEAL_MALFORMED);
}

static void test_canonical(void **state)
{
    static const char want[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
        "<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\" "
        "xmlns:am=\"urn:gsma:params:xml:ns:rcs:rcs:rram\" "
        "xmlns:e=\"urn:gsma:params:xml:ns:rcs:rcs:up:fthttpext\" "
        "xmlns:t=\"urn:teal:xml:ns:media:1\">"
        "<file-info type=\"thumbnail\"><file-size>9</file-size>"
        "<content-type>image/png</content-type><data url=\"https://x.example/t\"/></file-info>"
        "<file-info type=\"file\" file-disposition=\"render\"><file-size>123</file-size>"
        "<file-name>a &amp; b.mp3</file-name><content-type>audio/mp3</content-type>"
        "<am:playing-length>8</am:playing-length>"
        "<data url=\"https://x.example/f?a&amp;b\" until=\"2026-11-24T09:00:00.000Z\"/>"
        "<e:branded-url>https://b.example/</e:branded-url><t:key>AAEC</t:key>"
        "<t:digest>_w</t:digest></file-info></file>\r\n";
    static const uint8_t key[] = { 0, 1, 2 }, digest[] = { 0xff };
    (void)state;
    uint8_t text[2048];
    const teal_filetransfer f = {
        .file = { 123, teal_text("audio/mp3"), teal_text("https://x.example/f?a&b"), true,
                  1795510800000 },
        .name = teal_text("a & b.mp3"),
        .renders = true,
        .playing_length_s = 8,
        .branded_url = teal_text("https://b.example/"),
        .has_thumbnail = true,
        .thumbnail = { 9, teal_text("image/png"), teal_text("https://x.example/t"), false, 0 },
        .key = { key, sizeof key },
        .digest = { digest, sizeof digest },
    };
    for (size_t cap = 0; cap <= sizeof want; cap++) {
        teal_writer out = { text, cap, 0 };
        assert_int_equal(teal_filetransfer_encode(&f, &out),
                         cap < strlen(want) ? TEAL_SPACE : TEAL_OK);
        assert_int_equal(out.len, strlen(want));
    }
    assert_memory_equal(text, want, strlen(want));
}

static void test_not_written(void **state)
{
    (void)state;
    const teal_filetransfer good = { .file = { 1, teal_text("a/b"), teal_text("https://x"), false,
                                               0 } };
    teal_filetransfer bad[7];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = good;
    bad[0].name = teal_text("../x");
    bad[1].name = teal_text(" x");
    bad[2].name = teal_text("a\nb");
    bad[3].name = teal_text("\xff");
    bad[4].file.url = teal_text("ftp://x");
    bad[5].file.content_type = teal_text("");
    bad[6].branded_url = teal_text("https://a b");
    uint8_t text[1024];
    teal_writer out = { text, sizeof text, 0 };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(teal_filetransfer_encode(&bad[i], &out), TEAL_MALFORMED);
    teal_filetransfer late = good;
    late.file.has_until = true;
    late.file.until_ms = TEAL_DATETIME_MAX_MS + 1;
    assert_int_equal(teal_filetransfer_encode(&late, &out), TEAL_LIMIT);
    static const uint8_t big[TEAL_FILE_MAX_URL_BYTES + 1];
    late = good;
    late.key = (teal_bytes){ big, TEAL_FILE_MAX_SECRET_BYTES + 1 };
    assert_int_equal(teal_filetransfer_encode(&late, &out), TEAL_LIMIT);
    late = good;
    late.file.url = (teal_bytes){ big, sizeof big };
    assert_int_equal(teal_filetransfer_encode(&late, &out), TEAL_LIMIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(teal_filetransfer_encode(&good, &out), TEAL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture),     cmocka_unit_test(test_voice_message),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
