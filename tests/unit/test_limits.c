/* The bounds of what is written and read: every buffer that is too small, every value that no
 * decoder would take, one more than there may be. */
#include "codecs/native/content.h"
#include "codecs/native/manifest.h"
#include "codecs/native/receipt.h"
#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/iscomposing.h"
#include "codecs/rcs/location.h"
#include "codecs/rcs/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[8 << 20];

static teal_arena fresh(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

/* --- buffers that are too small ----------------------------------------------------------------
 */

/* Decodes a seed of a fuzz target and encodes it again. */
typedef teal_result recode(teal_bytes in, teal_arena *arena, teal_writer *out);

#define RECODE(name, type, decode, encode)                                                         \
    static teal_result name(teal_bytes in, teal_arena *arena, teal_writer *out)                    \
    {                                                                                              \
        type value;                                                                                \
        (void)arena;                                                                               \
        assert_int_equal(decode, TEAL_OK);                                                         \
        return encode;                                                                             \
    }

RECODE(content, Teal__V1__Content *, teal_content_decode(in, arena, &value, NULL),
       teal_content_encode(value, out))
RECODE(envelope, teal_envelope, teal_envelope_decode(in, arena, &value, NULL),
       teal_envelope_encode(&value, out))
RECODE(manifest, teal_manifest, teal_manifest_decode(in, arena, &value, NULL),
       teal_manifest_encode(&value, out))
RECODE(prekey, teal_prekey, teal_prekey_decode(in, &value, NULL), teal_prekey_encode(&value, out))
RECODE(prekeys, teal_prekeys, teal_prekeys_decode(in, arena, &value, NULL),
       teal_prekeys_encode(&value, out))
RECODE(receipt, teal_receipt, teal_receipt_decode(in, arena, &value, NULL),
       teal_receipt_encode(&value, out))
RECODE(location, teal_location, teal_location_decode(in, arena, &value, NULL),
       teal_location_encode(&value, out))
RECODE(file, teal_filetransfer, teal_filetransfer_decode(in, arena, &value, NULL),
       teal_filetransfer_encode(&value, out))
RECODE(imdn, teal_imdn, teal_imdn_decode(in, arena, &value, NULL), teal_imdn_encode(&value, out))
RECODE(iscomposing, teal_iscomposing, teal_iscomposing_decode(in, arena, &value, NULL),
       teal_iscomposing_encode(&value, out))

static const struct {
    const char *seed;
    recode *run;
} writers[] = {
    { "content/every-part", content },  { "envelope/with-consent", envelope },
    { "manifest/version-1", manifest }, { "prekeys/one", prekey },
    { "prekeys/upload", prekeys },      { "receipt/sms", receipt },
    { "location/point", location },     { "filetransfer/all", file },
    { "imdn/delivered", imdn },         { "iscomposing/active", iscomposing },
};

static teal_bytes read_seed(const char *name)
{
    static uint8_t seed[64 << 10];
    char path[256];
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", name);
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        fail_msg("there is no %s: run this from the root of the project", path);
    size_t len = fread(seed, 1, sizeof seed, f);
    fclose(f);
    return (teal_bytes){ seed, len };
}

/* Says what it needs, and writes nothing behind the end, which ASan watches. */
static void test_small_buffers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        print_message("%s\n", writers[i].seed);
        teal_bytes seed = read_seed(writers[i].seed);
        teal_arena arena = fresh();
        teal_writer measure = { 0 };
        assert_int_equal(writers[i].run(seed, &arena, &measure), TEAL_SPACE);
        for (size_t cap = 0; cap <= measure.len; cap++) {
            uint8_t *buffer = malloc(cap > 0 ? cap : 1);
            teal_writer out = { buffer, cap, 0 };
            arena = fresh();
            assert_int_equal(writers[i].run(seed, &arena, &out),
                             cap < measure.len ? TEAL_SPACE : TEAL_OK);
            assert_int_equal(out.len, measure.len);
            free(buffer);
        }
    }
}

/* --- values that are not written ---------------------------------------------------------------
 */

static teal_bytes long_text(size_t len)
{
    static uint8_t text[64 << 10];
    memset(text, 'a', sizeof text);
    return (teal_bytes){ text, len };
}

#define EXPECT(result, type, encode, ...)                                                          \
    do {                                                                                           \
        type value = good_##type;                                                                  \
        uint8_t buffer[8192];                                                                      \
        teal_writer out = { buffer, sizeof buffer, 0 };                                            \
        __VA_ARGS__;                                                                               \
        assert_int_equal(encode(&value, &out), result);                                            \
    } while (0)

static void test_locations(void **state)
{
    (void)state;
    const teal_location good_teal_location = { .latitude_ndeg = 1, .longitude_ndeg = 2 };
#define LOCATION(result, ...) EXPECT(result, teal_location, teal_location_encode, __VA_ARGS__)
    const teal_bytes text = long_text(TEAL_LOCATION_MAX_TEXT_BYTES + 1);
    LOCATION(TEAL_OK, (void)value);
    LOCATION(TEAL_MALFORMED, value.latitude_ndeg = -90 * TEAL_NANODEGREES - 1);
    LOCATION(TEAL_MALFORMED, value.latitude_ndeg = 90 * TEAL_NANODEGREES + 1);
    LOCATION(TEAL_MALFORMED, value.longitude_ndeg = -180 * TEAL_NANODEGREES - 1);
    LOCATION(TEAL_MALFORMED, value.longitude_ndeg = 180 * TEAL_NANODEGREES + 1);
    LOCATION(TEAL_LIMIT, value.entity = text);
    LOCATION(TEAL_LIMIT, value.id = text);
    LOCATION(TEAL_LIMIT, value.label = text);
    LOCATION(TEAL_LIMIT, value.radius_mm = TEAL_LOCATION_MAX_RADIUS_MM + 1);
    LOCATION(TEAL_LIMIT, value.has_time_offset = true,
             value.time_offset_min = -TEAL_LOCATION_MAX_OFFSET_MIN - 1);
    LOCATION(TEAL_LIMIT, value.has_time_offset = true,
             value.time_offset_min = TEAL_LOCATION_MAX_OFFSET_MIN + 1);
    LOCATION(TEAL_LIMIT, value.has_until = true, value.until_ms = INT64_MAX);
    LOCATION(TEAL_LIMIT, value.has_at = true, value.at_ms = INT64_MIN);
}

static void test_notifications(void **state)
{
    (void)state;
    const teal_imdn good_teal_imdn = { .kind = TEAL_IMDN_DELIVERY,
                                       .status = TEAL_IMDN_FAILED,
                                       .message_id = teal_text("M"),
                                       .reason_of = TEAL_IMDN_MLS_SERVER,
                                       .reason = teal_text("a-1") };
#define IMDN(result, ...) EXPECT(result, teal_imdn, teal_imdn_encode, __VA_ARGS__)
    const teal_bytes text = long_text(TEAL_IMDN_MAX_TEXT_BYTES + 1);
    IMDN(TEAL_OK, (void)value);
    IMDN(TEAL_MALFORMED, value.kind = (teal_imdn_kind)0);
    IMDN(TEAL_MALFORMED, value.status = (teal_imdn_status)0);
    IMDN(TEAL_MALFORMED, value.message_id.len = 0);
    IMDN(TEAL_MALFORMED, value.message_id = teal_text("a b"));
    IMDN(TEAL_MALFORMED, value.recipient_uri = teal_text("tel: 1"));
    IMDN(TEAL_MALFORMED, value.original_recipient_uri = teal_text("\u00e4"));
    IMDN(TEAL_MALFORMED, value.reason_of = TEAL_IMDN_NO_REASON);
    IMDN(TEAL_MALFORMED, value.reason_of = (teal_imdn_reason_of)9);
    IMDN(TEAL_MALFORMED, value.status = TEAL_IMDN_DELIVERED);
    IMDN(TEAL_MALFORMED, value.reason.len = 0);
    IMDN(TEAL_MALFORMED, value.reason = teal_text("1"));
    IMDN(TEAL_MALFORMED, value.reason = teal_text("{"));
    IMDN(TEAL_MALFORMED, value.reason = teal_text("a{"));
    IMDN(TEAL_MALFORMED, value.reason = teal_text("a:"));
    IMDN(TEAL_MALFORMED, value.reason = teal_text("a B"));
    IMDN(TEAL_LIMIT, value.message_id = long_text(TEAL_MAX_ID_BYTES + 1));
    IMDN(TEAL_LIMIT, value.recipient_uri = text);
    IMDN(TEAL_LIMIT, value.original_recipient_uri = text);
    IMDN(TEAL_LIMIT, value.subject = text);
    IMDN(TEAL_LIMIT, value.has_sent_at = true, value.sent_at_ms = INT64_MAX);
}

static void test_typing(void **state)
{
    (void)state;
    const teal_iscomposing good_teal_iscomposing = { .active = true };
#define TYPING(result, ...) EXPECT(result, teal_iscomposing, teal_iscomposing_encode, __VA_ARGS__)
    TYPING(TEAL_OK, (void)value);
    TYPING(TEAL_LIMIT, value.content_type = long_text(TEAL_ISCOMPOSING_MAX_TEXT_BYTES + 1));
    TYPING(TEAL_LIMIT, value.has_last_active = true, value.last_active_ms = INT64_MIN);
}

static void test_files(void **state)
{
    (void)state;
    const teal_filetransfer good_teal_filetransfer = {
        .file = { .size_bytes = 1, .content_type = teal_text("a/b"), .url = teal_text("HTTP://a") }
    };
#define FILE_OF(result, ...)                                                                       \
    EXPECT(result, teal_filetransfer, teal_filetransfer_encode, __VA_ARGS__)
    const teal_bytes secret = long_text(TEAL_FILE_MAX_SECRET_BYTES + 1);
    FILE_OF(TEAL_OK, (void)value);
    FILE_OF(TEAL_LIMIT, value.file.content_type = long_text(TEAL_FILE_MAX_TYPE_BYTES + 1));
    FILE_OF(TEAL_LIMIT, value.file.has_until = true, value.file.until_ms = INT64_MAX);
    FILE_OF(TEAL_MALFORMED, value.file.content_type = teal_text("ab"));
    FILE_OF(TEAL_MALFORMED, value.file.content_type = teal_text("/b"));
    FILE_OF(TEAL_MALFORMED, value.file.content_type = teal_text(" a/b"));
    FILE_OF(TEAL_MALFORMED, value.file.content_type = teal_text("a/\n"));
    FILE_OF(TEAL_MALFORMED, value.file.content_type = teal_text("a/\u00e4"));
    FILE_OF(TEAL_LIMIT, value.file.url = long_text(TEAL_FILE_MAX_URL_BYTES + 1));
    FILE_OF(TEAL_MALFORMED, value.file.url = teal_text("http"));
    FILE_OF(TEAL_MALFORMED, value.file.url = teal_text("ftp://a"));
    FILE_OF(TEAL_MALFORMED, value.file.url = teal_text("http://a b"));
    FILE_OF(TEAL_MALFORMED, value.branded_url = teal_text("b"));
    FILE_OF(TEAL_MALFORMED, value.has_thumbnail = true);
    FILE_OF(TEAL_LIMIT, value.name = long_text(TEAL_FILE_MAX_NAME_BYTES + 1));
    FILE_OF(TEAL_LIMIT, value.key = secret);
    FILE_OF(TEAL_LIMIT, value.digest = secret);
    FILE_OF(TEAL_MALFORMED, value.name = teal_text("."));
    FILE_OF(TEAL_MALFORMED, value.name = teal_text(".."));
    FILE_OF(TEAL_MALFORMED, value.name = teal_text("a/b"));
    FILE_OF(TEAL_MALFORMED, value.name = teal_text("a\\b"));
    FILE_OF(TEAL_MALFORMED, value.name = teal_text("a\x7f"));
    FILE_OF(TEAL_MALFORMED, value.name = teal_text("a "));
    FILE_OF(TEAL_MALFORMED, value.name = teal_text("\xff"));
}

/* --- one more than there may be ----------------------------------------------------------------
 */

static void test_too_many_keys(void **state)
{
    static const teal_wrapped_key keys[TEAL_MAX_KEYS + 1];
    static const teal_hash hashes[TEAL_MAX_KEYS + 1];
    static uint8_t octets[256 << 10];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        teal_writer w = { octets, sizeof octets, 0 };
        teal_arena arena = fresh();
        teal_envelope e;
        teal_diag why = { 0 };
        teal_bytes seed = read_seed("envelope/with-consent");
        assert_int_equal(teal_envelope_decode(seed, &arena, &e, NULL), TEAL_OK);
        e.keys = keys;
        e.key_hashes = hashes;
        e.n_keys = i == 0 ? TEAL_MAX_KEYS + 1 : 1;
        e.n_key_hashes = i == 0 ? 0 : TEAL_MAX_KEYS + 1;
        const char *rule = i == 0 ? "REQ-ENV-11 " : "REQ-ENV-12 ";
        assert_int_equal(teal_envelope_check(&e, &why), TEAL_LIMIT);
        assert_memory_equal(why.rule, rule, strlen(rule));
        assert_int_equal(teal_envelope_encode(&e, &w), TEAL_OK);
        arena = fresh();
        assert_int_equal(teal_envelope_decode(teal_written(&w), &arena, &e, &why), TEAL_LIMIT);
        assert_memory_equal(why.rule, rule, strlen(rule));
    }
}

static void write_lines(teal_writer *w, const char *line, size_t n)
{
    while (n-- > 0)
        teal_write_text(w, line);
}

static void test_too_many_headers(void **state)
{
    static const struct {
        const char *name, *line, *rule;
        size_t n;
    } rows[] = {
        { "keys", "e2ee.Key: k\n", "REQ-CPIM-2 ", TEAL_MAX_KEYS + 1 },
        { "hashes", "e2ee.Key-Hash: k\n", "REQ-CPIM-2 ", TEAL_MAX_KEYS + 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static uint8_t text[128 << 10];
        print_message("%s\n", rows[i].name);
        teal_writer w = { text, sizeof text, 0 };
        teal_arena arena = fresh();
        teal_envelope e;
        teal_diag why = { 0 };
        teal_write_text(&w, "NS: e2ee <urn:teal:ns:e2ee:1>\n");
        write_lines(&w, rows[i].line, rows[i].n);
        teal_write_text(&w, "\nContent-Type: application/vnd.teal.sealed\n\nx");
        assert_int_equal(teal_e2ee_decode(teal_written(&w), &arena, NULL, &e, &why), TEAL_LIMIT);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
}

/* To and cc count together, however they are divided. */
static void test_too_many_recipients(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        static uint8_t text[64 << 10];
        teal_writer w = { text, sizeof text, 0 };
        teal_arena arena = fresh();
        teal_cpim m;
        teal_rcs_head head;
        teal_diag why = { 0 };
        teal_write_text(&w, "From: <im:a@b>\nNS: imdn <urn:ietf:params:imdn>\n"
                            "imdn.Message-ID: M\ncc: <im:c@d>");
        write_lines(&w, "; <im:c@d>", more);
        teal_write_text(&w, "\n");
        write_lines(&w, "To: <im:c@d>\n", TEAL_MAX_RECIPIENTS - 1);
        teal_write_text(&w, "\n\n");
        assert_int_equal(teal_cpim_decode(teal_written(&w), &arena, &m, NULL), TEAL_OK);
        assert_int_equal(teal_rcs_head_read(&m, &arena, NULL, &head, &why),
                         more > 0 ? TEAL_LIMIT : TEAL_OK);
        if (more > 0)
            assert_memory_equal(why.rule, "REQ-CPIM-33 ", 12);
        else
            assert_int_equal(head.n_to, TEAL_MAX_RECIPIENTS);
    }
}

/* Texts of XML that are one octet too long, or missing, each in its place. */
static void test_long_texts(void **state)
{
    static const struct {
        const char *name, *before, *behind;
        size_t max;
        bool location;
    } rows[] = {
        { "entity", "<rcsenvelope entity='", "'><rcspushlocation/></rcsenvelope>",
          TEAL_LOCATION_MAX_TEXT_BYTES, true },
        { "id", "<rcsenvelope><rcspushlocation id='", "'/></rcsenvelope>",
          TEAL_LOCATION_MAX_TEXT_BYTES, true },
        { "label", "<rcsenvelope><rcspushlocation label='", "'/></rcsenvelope>",
          TEAL_LOCATION_MAX_TEXT_BYTES, true },
        { "subject", "<imdn><message-id>M</message-id><subject>", "</subject></imdn>",
          TEAL_IMDN_MAX_TEXT_BYTES, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t more = 0; more < 2; more++) {
            uint8_t text[4096];
            teal_writer w = { text, sizeof text, 0 };
            teal_arena arena = fresh();
            teal_location l;
            teal_imdn n;
            teal_write_text(&w, rows[i].before);
            teal_write_bytes(&w, long_text(rows[i].max + more));
            teal_write_text(&w, rows[i].behind);
            teal_result got = rows[i].location
                                  ? teal_location_decode(teal_written(&w), &arena, &l, NULL)
                                  : teal_imdn_decode(teal_written(&w), &arena, &n, NULL);
            print_message("%s\n", rows[i].name); /* the shorter one has no position, no status */
            assert_int_equal(got == TEAL_LIMIT, more == 1);
            assert_int_not_equal(got, TEAL_OK);
        }
    }
}

static void test_ids(void **state)
{
    static const char *const ids[] = { "", "imdn.Message-ID:\n", "imdn.Message-ID: a b\n" };
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char text[256];
        teal_arena arena = fresh();
        teal_cpim m;
        teal_rcs_head head;
        snprintf(text, sizeof text,
                 "From: <im:a@b>\nTo: <im:c@d>\nNS: imdn <urn:ietf:params:imdn>\n%s\n\n", ids[i]);
        assert_int_equal(teal_cpim_decode(teal_text(text), &arena, &m, NULL), TEAL_OK);
        assert_int_equal(teal_rcs_head_read(&m, &arena, NULL, &head, NULL), TEAL_MALFORMED);
    }
}

/* A notification with and without a receipt, and what is in neither of its two halves. */
static void test_notification_messages(void **state)
{
    (void)state;
    const teal_bytes to = teal_text("im:a@b");
    teal_rcs_head head = { .from = to, .to = &to, .n_to = 1, .message_id = teal_text("M") };
    teal_imdn n = { .kind = TEAL_IMDN_DISPLAY,
                    .status = TEAL_IMDN_DISPLAYED,
                    .message_id = teal_text("N") };
    uint8_t text[1024];
    teal_writer out = { text, sizeof text, 0 };
    assert_int_equal(teal_imdn_message_encode(&head, NULL, &n, (teal_bytes){ 0 }, &out), TEAL_OK);
    assert_null(memmem(text, out.len, "e2ee", 4));
    out.len = 0;
    assert_int_equal(teal_imdn_message_encode(&head, NULL, &n, teal_text("r"), &out), TEAL_OK);
    assert_non_null(memmem(text, out.len, "e2ee.Receipt: cg\r\n", 18));
    head.n_to = 0;
    assert_int_equal(teal_imdn_message_encode(&head, NULL, &n, (teal_bytes){ 0 }, &out),
                     TEAL_MALFORMED);
    head.n_to = 1;
    n.message_id.len = 0;
    assert_int_equal(teal_imdn_message_encode(&head, NULL, &n, (teal_bytes){ 0 }, &out),
                     TEAL_MALFORMED);
}

static void test_charsets(void **state)
{
    static const struct {
        const char *type;
        bool utf8;
    } rows[] = {
        { "text/plain", true },
        { "text/plain; charset=\"UTF-8\"", true },
        { "text/plain;format=flowed; charset = us-ascii ", true },
        { "text/plain;charset=", true },
        { "text/plain;charset=\"", false },
        { "text/plain;charset=\"utf-8", false },
        { "text/plain;charset=utf-8\"", false },
        { "text/plain;charset=latin1", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].type);
        assert_int_equal(teal_plain_charset_is_utf8(teal_text(rows[i].type)), rows[i].utf8);
    }
}

static void test_arena_overflow(void **state)
{
    (void)state;
    teal_arena arena = fresh();
    assert_null(teal_arena_array(&arena, SIZE_MAX / 2, 3));
    assert_int_equal(arena.used, 0);
    assert_non_null(teal_arena_array(&arena, SIZE_MAX, 0));
}

static void test_heads(void **state)
{
    (void)state;
    const teal_bytes to[] = { teal_text("im:a@b"), teal_text("im:c@d") };
    const teal_bytes anonymous = teal_text(TEAL_HANDLE_ANONYMOUS);
    const teal_rcs_routing hidden = { .hides_to = true };
    const teal_rcs_head good = { .from = to[0],
                                 .to = to,
                                 .n_to = 1,
                                 .sent_at_ms = 1,
                                 .message_id = teal_text("M"),
                                 .wants = TEAL_WANTS_DELIVERED };
    const struct {
        const char *name;
        teal_rcs_head head;
        const teal_rcs_routing *routing;
        bool fails;
    } rows[] = {
        { "good", good, NULL, false },
        { "hidden", good, &hidden, false },
        { "beyond 9999", { to[0], to, 1, true, UINT64_MAX, to[0], 0 }, NULL, true },
        { "nobody", { to[0], to, 0, true, 1, to[0], 0 }, NULL, true },
        { "two hidden", { to[0], to, 2, true, 1, to[0], 0 }, &hidden, true },
        { "another wish", { to[0], to, 1, true, 1, to[0], 4 }, NULL, true },
        { "from nobody", { anonymous, to, 1, true, 1, to[0], 0 }, NULL, true },
        { "to nobody", { to[0], &anonymous, 1, true, 1, to[0], 0 }, NULL, true },
        { "id with a blank", { to[0], to, 1, true, 1, teal_text("a b"), 0 }, NULL, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t buffer[1024];
        teal_writer out = { buffer, sizeof buffer, 0 };
        teal_cpim_writer w = { .out = &out };
        teal_rcs_head_write(&w, &rows[i].head, rows[i].routing);
        assert_int_equal(w.failed, rows[i].fails);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_buffers),
        cmocka_unit_test(test_locations),
        cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_typing),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_too_many_keys),
        cmocka_unit_test(test_too_many_headers),
        cmocka_unit_test(test_too_many_recipients),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_notification_messages),
        cmocka_unit_test(test_charsets),
        cmocka_unit_test(test_arena_overflow),
        cmocka_unit_test(test_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
