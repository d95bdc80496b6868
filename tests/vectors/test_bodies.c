/* Contents as RCS bodies: what each says, what stands in where RCS has no word, what peers send,
 * and that everything comes back over a whole CPIM message. */
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/plain.h"
#include "codecs/utf8.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD                                                                                       \
    "From: <tel:+14155550100>\r\nTo: <sip:bob@rcs.example>\r\n"                                    \
    "DateTime: 2026-11-24T09:00:00.123Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"                    \
    "imdn.Message-ID: MxM\r\nNS: e2ee <urn:teal:ns:e2ee:1>\r\n"
#define TEXT_PART "\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\n"

static _Alignas(16) uint8_t room[2 << 20], scratch[1 << 20];

static teal_arena scratch_arena(void)
{
    return (teal_arena){ scratch, sizeof scratch, 0 };
}

/* A content around one part. */
typedef struct small_content {
    Teal__V1__Content c;
    Teal__V1__Part part, *parts[1];
} small_content;

static Teal__V1__Content *content_of(small_content *s, Teal__V1__Part__PartCase part_case)
{
    teal__v1__content__init(&s->c);
    teal__v1__part__init(&s->part);
    s->part.part_case = part_case;
    s->parts[0] = &s->part;
    s->c.parts = s->parts;
    s->c.n_parts = part_case != TEAL__V1__PART__PART__NOT_SET;
    return &s->c;
}

static const teal_body *bodies_of(const Teal__V1__Content *c, const teal_body_context *x,
                                  teal_arena *arena, size_t *n)
{
    const teal_body *bodies;
    teal_diag why = { 0 };
    if (teal_bodies_encode(c, x, arena, &bodies, n, &why) != TEAL_OK)
        fail_msg("%s", why.rule);
    return bodies;
}

static teal_bytes message_of(const teal_body *b, teal_arena *arena)
{
    static const teal_bytes to = { (const uint8_t *)"sip:bob@rcs.example", 19 };
    const teal_rcs_head head = { .from = teal_text("tel:+14155550100"),
                                 .to = &to,
                                 .n_to = 1,
                                 .sent_at_ms = 1795510800123,
                                 .message_id = teal_text("MxM") };
    size_t cap = b->bytes.len + 4096;
    teal_writer out = { teal_arena_take(arena, cap), cap, 0 };
    assert_int_equal(teal_body_message_encode(&head, NULL, b, &out), TEAL_OK);
    return teal_written(&out);
}

/* With copies of exactly their size, and exactly the memory that is promised to be enough. */
static teal_result read_message(teal_bytes message, teal_body *b, teal_diag *why)
{
    static uint8_t *copy, *body_room, *cpim_room;
    free(copy); /* views of the last message end here */
    free(body_room);
    free(cpim_room);
    copy = exact_copy(message.at, message.len);
    cpim_room = malloc(TEAL_CPIM_ARENA(message.len));
    teal_arena cpim_arena = { cpim_room, TEAL_CPIM_ARENA(message.len), 0 };
    teal_cpim m;
    body_room = NULL;
    teal_result result = teal_cpim_decode((teal_bytes){ copy, message.len }, &cpim_arena, &m, why);
    if (result != TEAL_OK)
        return result;
    body_room = malloc(2 * m.body.len + 64);
    teal_arena body_arena = { body_room, 2 * m.body.len + 64, 0 };
    return teal_body_read(&m, &body_arena, b, why);
}

static teal_result decode(const teal_body *b, Teal__V1__Content **c, teal_diag *why)
{
    teal_arena arena = { room, TEAL_BODY_ARENA(b->bytes.len), 0 };
    assert_true(arena.cap <= sizeof room);
    return teal_body_decode(b, 1795510800123, &arena, c, why);
}

static teal_bytes encoded(const Teal__V1__Content *c, teal_arena *arena)
{
    teal_writer measured = { 0 };
    (void)!teal_content_encode(c, &measured);
    teal_writer out = { teal_arena_take(arena, measured.len), measured.len, 0 };
    assert_int_equal(teal_content_encode(c, &out), TEAL_OK);
    return teal_written(&out);
}

/* Over the whole message and back: the same octets. */
static void assert_comes_back(const Teal__V1__Content *c, const teal_body *b)
{
    static uint8_t kept[1 << 20];
    teal_arena arena = { kept, sizeof kept, 0 };
    Teal__V1__Content *back;
    teal_body read;
    teal_diag why = { 0 };
    teal_bytes want = encoded(c, &arena);
    if (read_message(message_of(b, &arena), &read, &why) != TEAL_OK ||
        decode(&read, &back, &why) != TEAL_OK)
        fail_msg("%s at %zu", why.rule, why.at);
    assert_int_equal(read.kind, b->kind);
    assert_true(teal_bytes_equal(encoded(back, &arena), want));
}

static void test_text(void **state)
{
    (void)state;
    small_content s;
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = "Hello, \xe2\x82\xac \xf0\x9f\x91\x8d\r\nworld";
    teal_arena arena = scratch_arena();
    size_t n;
    const teal_body *b = bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(message_of(b, &arena), HEAD "e2ee.Level: transport\r\n" TEXT_PART
                                            "Hello, \xe2\x82\xac \xf0\x9f\x91\x8d\r\n"
                                            "world");
    assert_comes_back(c, b);
}

/* What peers without our headers see, and what peers with them read. */
static void test_headers(void **state)
{
    static const struct {
        const char *reply_to, *edit_of, *revoke_of, *claimed, *reaction, *text, *quote;
        bool removed;
        const char *headers, *body;
    } rows[] = {
        { .reaction = "\xf0\x9f\x91\x8d",
          .headers = "e2ee.Reaction: add; MxT; \xf0\x9f\x91\x8d\r\ne2ee.Stand-In: 34\r\n",
          .body = "Reacted \xf0\x9f\x91\x8d to an earlier message" },
        { .reaction = "\xf0\x9f\x91\x8d",
          .removed = true,
          .quote = "See you\nat noon",
          .headers = "e2ee.Reaction: remove; MxT; \xf0\x9f\x91\x8d\r\ne2ee.Stand-In: 52\r\n",
          .body = "Removed the reaction \xf0\x9f\x91\x8d from \xe2\x80\x9cSee you at noon"
                  "\xe2\x80\x9d" },
        { .reply_to = "MxT",
          .text = "yes",
          .quote = "Noon?",
          .headers = "e2ee.Reply-To: MxT\r\ne2ee.Stand-In: 22\r\n",
          .body = "Reply to \xe2\x80\x9cNoon?\xe2\x80\x9d: yes" },
        { .reply_to = "MxT",
          .text = "yes",
          .headers = "e2ee.Reply-To: MxT\r\ne2ee.Stand-In: 29\r\n",
          .body = "Reply to an earlier message: yes" },
        { .edit_of = "MxT",
          .text = "noon",
          .headers = "e2ee.Edit-Of: MxT\r\ne2ee.Stand-In: 28\r\n",
          .body = "Edit of an earlier message: noon" },
        { .revoke_of = "MxT",
          .quote = "what must not be quoted",
          .headers = "e2ee.Revoke-Of: MxT\r\ne2ee.Stand-In: 27\r\n",
          .body = "Recalled an earlier message" },
        { .claimed = "PostOffice",
          .text = "Your parcel",
          .headers = "e2ee.Claimed-Sender: PostOffice\r\ne2ee.Stand-In: 38\r\n",
          .body = "From \xe2\x80\x9cPostOffice\xe2\x80\x9d (not verified): Your parcel" },
        { .text = "Liked an image", /* names no target: a text like any other */
          .headers = "",
          .body = "Liked an image" },
        { .text = "Loved \xe2\x80\x9cNoon?\xe2\x80\x9d",
          .headers = "",
          .body = "Loved \xe2\x80\x9cNoon?\xe2\x80\x9d" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        small_content s;
        Teal__V1__Reaction reaction = TEAL__V1__REACTION__INIT;
        Teal__V1__Content *c = content_of(&s, rows[i].text ? TEAL__V1__PART__PART_TEXT
                                                           : TEAL__V1__PART__PART__NOT_SET);
        char want[1024];
        if (rows[i].text)
            s.part.text = (char *)rows[i].text;
        if (rows[i].reply_to)
            c->reply_to = (char *)rows[i].reply_to;
        if (rows[i].edit_of)
            c->edit_of = (char *)rows[i].edit_of;
        if (rows[i].revoke_of)
            c->revoke_of = (char *)rows[i].revoke_of;
        if (rows[i].claimed)
            c->claimed_sender = (char *)rows[i].claimed;
        if (rows[i].reaction) {
            reaction.message_id = "MxT";
            reaction.emoji = (char *)rows[i].reaction;
            reaction.removed = rows[i].removed;
            c->reaction = &reaction;
        }
        const teal_body_context x = { .quote = rows[i].quote ? teal_text(rows[i].quote)
                                                             : (teal_bytes){ 0 } };
        teal_arena arena = scratch_arena();
        size_t n;
        const teal_body *b = bodies_of(c, &x, &arena, &n);
        assert_int_equal(n, 1);
        snprintf(want, sizeof want, HEAD "e2ee.Level: transport\r\n%s" TEXT_PART "%s",
                 rows[i].headers, rows[i].body);
        teal_bytes message = message_of(b, &arena);
        assert_text(message, want);
        assert_comes_back(c, b);

        teal_plain p; /* who knows no headers takes the text as it is */
        assert_int_equal(teal_plain_decode(message, &arena, NULL, &p, NULL), TEAL_OK);
        assert_text(p.text, rows[i].body);
    }
}

static void test_long_quote(void **state)
{
    (void)state;
    small_content s;
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = "yes";
    c->reply_to = "MxT";
    char quote[400];
    for (size_t i = 0; i < sizeof quote; i += 4)
        memcpy(quote + i, "\xf0\x9f\x91\x8d", 4);
    for (size_t skew = 0; skew < 4; skew++) {
        quote[0] = quote[1] = quote[2] = quote[3] = 'x';
        teal_arena arena = scratch_arena();
        size_t n;
        const teal_body_context x = { .quote = { (uint8_t *)quote + skew, sizeof quote - skew } };
        const teal_body *b = bodies_of(c, &x, &arena, &n);
        assert_true(teal_utf8_valid(b->bytes));
        assert_true(b->stand_in <= TEAL_BODY_MAX_QUOTE_BYTES + 30);
        assert_comes_back(c, b);
    }
    const teal_body_context bad = { .quote = teal_text("\xff") };
    teal_arena arena = scratch_arena();
    const teal_body *b;
    size_t n;
    assert_int_equal(teal_bodies_encode(c, &bad, &arena, &b, &n, NULL), TEAL_MALFORMED);
}

static void test_media(void **state)
{
    (void)state;
    static uint8_t secret[] = { 0, 1, 2, 0xff };
    small_content s;
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART_MEDIA);
    Teal__V1__Media media = TEAL__V1__MEDIA__INIT;
    Teal__V1__Thumbnail thumbnail = TEAL__V1__THUMBNAIL__INIT;
    s.part.media = &media;
    media.url = "https://x.example/f";
    media.content_type = "image/jpeg";
    media.size_bytes = 123456;
    media.name = "a.jpg";
    media.expires_at_ms = 1795510800123;
    thumbnail.url = "https://x.example/t";
    thumbnail.content_type = "image/png";
    media.thumbnail = &thumbnail;
    teal_arena arena = scratch_arena();
    size_t n;
    const teal_body *b = bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_true(teal_media_type_is(b->content_type, "application/vnd.gsma.rcs-ft-http+xml"));
    assert_comes_back(c, b);

    c->reply_to = "MxT"; /* has no room in the XML: a message in words goes before it */
    b = bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 2);
    assert_text(b[0].bytes, "Reply to an earlier message:");
    assert_true(teal_body_is_notice(&b[0]));
    assert_false(teal_body_is_notice(&b[1]));
    assert_comes_back(c, &b[1]);
    c->reply_to = (char *)protobuf_c_empty_string;

    media.key = (ProtobufCBinaryData){ sizeof secret, secret }; /* nobody there could open it */
    b = bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(b->bytes, "Sent a file that cannot be fetched here: \xe2\x80\x9c"
                          "a.jpg\xe2\x80\x9d");
    assert_int_equal(b->stand_in, 0);
    const teal_body_context sealed = { .sealed = true };
    b = bodies_of(c, &sealed, &arena, &n);
    assert_comes_back(c, b);

    media.key = (ProtobufCBinaryData){ 0 };
    media.url = "javascript:alert(1)";
    media.name = "../";
    b = bodies_of(c, NULL, &arena, &n);
    assert_text(b->bytes, "Sent a file that cannot be fetched here");
    media.url = "https://x.example/f";
    thumbnail.url = "javascript:alert(1)"; /* the file is what counts */
    b = bodies_of(c, NULL, &arena, &n);
    assert_true(teal_media_type_is(b->content_type, "application/vnd.gsma.rcs-ft-http+xml"));
    assert_null(memmem(b->bytes.at, b->bytes.len, "thumbnail", 9));
}

static void test_location(void **state)
{
    (void)state;
    small_content s;
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART_LOCATION);
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    s.part.location = &location;
    location.latitude = -90;
    location.longitude = 0.1;
    location.label = "Pole & more";
    location.radius_m = 0.5;
    const teal_body_context x = { .sender = teal_text("tel:+14155550100"), .sent_at_ms = 1 };
    teal_arena arena = scratch_arena();
    size_t n;
    const teal_body *b = bodies_of(c, &x, &arena, &n);
    assert_int_equal(n, 1);
    assert_non_null(memmem(b->bytes.at, b->bytes.len, "<gml:pos>-90 0.1</gml:pos>", 26));
    assert_non_null(memmem(b->bytes.at, b->bytes.len, "entity=\"tel:+14155550100\"", 25));
    assert_comes_back(c, b);
    static const double bad[] = { 90.0000001, -1e300, 1.0 / 0.0, 0.0 / 0.0 };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        teal_diag why = { 0 };
        location.latitude = bad[i];
        assert_int_equal(teal_bodies_encode(c, &x, &arena, &b, &n, &why), TEAL_MALFORMED);
        assert_memory_equal(why.rule, "REQ-BODY-5 ", 11);
    }
}

static void test_receipts_and_typing(void **state)
{
    static const struct {
        Teal__V1__Disposition disposition;
        const char *says;
    } rows[] = {
        { TEAL__V1__DISPOSITION__DELIVERED, "<delivery-notification><status><delivered/>" },
        { TEAL__V1__DISPOSITION__DISPLAYED, "<display-notification><status><displayed/>" },
        { TEAL__V1__DISPOSITION__FAILED, "<delivery-notification><status><failed/>" },
    };
    (void)state;
    small_content s;
    size_t n;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART__NOT_SET);
        Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
        receipt.message_id = "MxT";
        receipt.disposition = rows[i].disposition;
        receipt.at_ms = 1795510800123; /* DateTime of the message */
        c->receipt = &receipt;
        const teal_body_context x = { .receipted_sent_at_ms = 1795510700000 };
        teal_arena arena = scratch_arena();
        const teal_body *b = bodies_of(c, &x, &arena, &n);
        assert_int_equal(n, 1);
        assert_int_equal(b->kind, TEAL_KIND_RECEIPT);
        assert_int_equal(b->at_ms, receipt.at_ms);
        assert_non_null(memmem(b->bytes.at, b->bytes.len, rows[i].says, strlen(rows[i].says)));
        teal_bytes message = message_of(b, &arena);
        const char *disposition = "\r\nContent-Disposition: notification\r\n";
        assert_non_null(memmem(message.at, message.len, disposition, strlen(disposition)));
        assert_comes_back(c, b);
    }
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART__NOT_SET);
    Teal__V1__Typing typing = TEAL__V1__TYPING__INIT;
    typing.active = true;
    typing.refresh_s = 60;
    c->typing = &typing;
    teal_arena arena = scratch_arena();
    const teal_body *b = bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_int_equal(b->kind, TEAL_KIND_TYPING);
    assert_comes_back(c, b);

    const teal_bytes to = teal_text("sip:bob@rcs.example");
    const teal_rcs_head asks = {
        .from = to, .to = &to, .n_to = 1, .message_id = to, .wants = TEAL_WANTS_DELIVERED
    };
    teal_writer out = { room, sizeof room, 0 };
    assert_int_equal(teal_body_message_encode(&asks, NULL, b, &out), TEAL_MALFORMED);
}

static void test_several_parts(void **state)
{
    (void)state;
    Teal__V1__Content c = TEAL__V1__CONTENT__INIT;
    Teal__V1__Part text = TEAL__V1__PART__INIT, empty = TEAL__V1__PART__INIT,
                   later = TEAL__V1__PART__INIT, contact_part = TEAL__V1__PART__INIT;
    Teal__V1__Part *parts[] = { &empty, &text, &later, &contact_part, &text };
    Teal__V1__Contact contact = TEAL__V1__CONTACT__INIT;
    text.part_case = empty.part_case = TEAL__V1__PART__PART_TEXT;
    text.text = "hi";
    empty.text = "";
    contact_part.part_case = TEAL__V1__PART__PART_CONTACT;
    contact_part.contact = &contact;
    c.parts = parts;
    c.n_parts = 5;
    c.edit_of = "MxT";
    teal_arena arena = scratch_arena();
    size_t n;
    const teal_body *b = bodies_of(&c, NULL, &arena, &n);
    assert_int_equal(n, 4);
    assert_text(b[0].bytes, "Edit of an earlier message: hi");
    assert_text(b[0].edit_of, "MxT");
    assert_text(b[1].bytes, "Sent something that cannot be shown here"); /* a part of tomorrow */
    assert_int_equal(b[1].stand_in, 0);
    assert_text(b[2].bytes, "Sent something that cannot be shown here"); /* nobody in it */
    assert_text(b[3].bytes, "hi");
    assert_int_equal(b[3].edit_of.len, 0);

    c.n_parts = 0; /* never silence */
    c.edit_of = (char *)protobuf_c_empty_string;
    b = bodies_of(&c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(b[0].bytes, "Sent something that cannot be shown here");

    static Teal__V1__Part *many[TEAL_BODY_MAX_PARTS + 1];
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
        many[i] = &text;
    c.parts = many;
    c.n_parts = TEAL_BODY_MAX_PARTS;
    b = bodies_of(&c, NULL, &arena, &n);
    assert_int_equal(n, TEAL_BODY_MAX_PARTS);
    c.n_parts++;
    assert_int_equal(teal_bodies_encode(&c, NULL, &arena, &b, &n, NULL), TEAL_LIMIT);
}

static void test_not_said(void **state)
{
    static const struct {
        const char *id, *emoji, *rule;
    } rows[] = {
        { "", "x", "REQ-BODY-4 " },
        { "a b", "x", "REQ-BODY-3 " },
        { "M\xc3\xa4", "x", "REQ-BODY-3 " },
        { "M", "", "REQ-BODY-4 " },
        { "M", "a\r\nSubject: b", "REQ-BODY-4 " },
        { "M", " x", "REQ-BODY-4 " },
    };
    (void)state;
    teal_arena arena = scratch_arena();
    const teal_body *b;
    size_t n;
    small_content s;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART__NOT_SET);
        Teal__V1__Reaction reaction = TEAL__V1__REACTION__INIT;
        teal_diag why = { 0 };
        reaction.message_id = (char *)rows[i].id;
        reaction.emoji = (char *)rows[i].emoji;
        c->reaction = &reaction;
        assert_int_equal(teal_bodies_encode(c, NULL, &arena, &b, &n, &why), TEAL_MALFORMED);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = "x";
    c->claimed_sender = "a\nb";
    assert_int_equal(teal_bodies_encode(c, NULL, &arena, &b, &n, NULL), TEAL_MALFORMED);
    c->claimed_sender = (char *)protobuf_c_empty_string;
    for (size_t cap = 0; cap < 600; cap += 8) {
        teal_arena small = { room, cap, 0 };
        teal_result result = teal_bodies_encode(c, NULL, &small, &b, &n, NULL);
        assert_true(result == TEAL_SPACE || (result == TEAL_OK && cap > 1));
    }
}

/* Messages as peers write them. */
static void test_read(void **state)
{
    static const struct {
        const char *name, *message;
        teal_result want;
        const char *rule; /* of a refusal; else the text of the first part, or NULL */
    } rows[] = {
        { "a peer's text", HEAD "\r\nContent-type: text/plain\r\n\r\nhello", TEAL_OK, "hello" },
        { "base64",
          HEAD "\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
               "aGVs\r\nbG8=\r\n",
          TEAL_OK, "hello" },
        { "words to leave out", HEAD "e2ee.Stand-In: 4\r\n" TEXT_PART "Re: hello", TEAL_OK,
          "hello" },
        { "header in any case", HEAD "E2EE.reply-to: MxT\r\n" TEXT_PART "hello", TEAL_OK, "hello" },
        { "text of a tapback", HEAD TEXT_PART "Liked an image", TEAL_OK, "Liked an image" },
        { "emoji with a semicolon", HEAD "e2ee.Reaction: add;M;a; b\r\n" TEXT_PART "x", TEAL_OK,
          "x" },
        { "two vCards",
          HEAD "\r\nContent-Type: text/x-vcard\r\n\r\nBEGIN:VCARD\nFN:a\nEND:VCARD\n"
               "BEGIN:VCARD\nFN:b\nEND:VCARD\n",
          TEAL_OK, NULL },
        { "failed, with a reason",
          HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
               "<delivery-notification><status><failed><mls-client-failure-reason>"
               "<failed-to-decrypt/></mls-client-failure-reason></failed></status>"
               "</delivery-notification></imdn>",
          TEAL_OK, NULL },
        { "an e2ee header that is none of these", HEAD "e2ee.Suite: 1\r\n" TEXT_PART "x",
          TEAL_MALFORMED, "REQ-CPIM-51 " },
        { "another level", HEAD "e2ee.Level: e2ee\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "header twice", HEAD "e2ee.Reply-To: a\r\ne2ee.Reply-To: b\r\n" TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "id with a blank", HEAD "e2ee.Reply-To: a b\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction of two fields", HEAD "e2ee.Reaction: add; M\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction of another verb", HEAD "e2ee.Reaction: toggle; M; x\r\n" TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "reaction of one field", HEAD "e2ee.Reaction: add\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction to no id", HEAD "e2ee.Reaction: add; a b; x\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction to nothing", HEAD "e2ee.Reaction: add; ; x\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction that is empty", HEAD "e2ee.Reaction: add; M;\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "reaction with an escaped line end",
          HEAD "e2ee.Reaction: add; M; a\\nb\r\n" TEXT_PART "x", TEAL_MALFORMED, "REQ-BODY-3 " },
        { "id of 65",
          HEAD "e2ee.Edit-Of: 0123456789012345678901234567890123456789012345678901234"
               "5678901234\r\n" TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "id that is empty", HEAD "e2ee.Revoke-Of:\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "sender that is empty", HEAD "e2ee.Claimed-Sender:\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "sender with an escaped control character",
          HEAD "e2ee.Claimed-Sender: a\\u007f\r\n" TEXT_PART "x", TEAL_MALFORMED, "REQ-BODY-3 " },
        { "sender with parameters", HEAD "e2ee.Claimed-Sender:;a=b c\r\n" TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "stand-in that is empty", HEAD "e2ee.Stand-In:\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "stand-in with a character below the digits", HEAD "e2ee.Stand-In: 1/\r\n" TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-3 " },
        { "text with NUL in base64",
          HEAD "\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi",
          TEAL_MALFORMED, "REQ-CPIM-54 " },
        { "text that is not UTF-8", HEAD TEXT_PART "\xff", TEAL_MALFORMED, "REQ-CPIM-54 " },
        { "processing, which is no receipt",
          HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
               "<processing-notification><status><stored/></status></processing-notification>"
               "</imdn>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "stand-in of 0", HEAD "e2ee.Stand-In: 0\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "stand-in that is no number", HEAD "e2ee.Stand-In: 1x\r\n" TEXT_PART "xy", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "stand-in over 6 digits", HEAD "e2ee.Stand-In: 1000000\r\n" TEXT_PART "x", TEAL_MALFORMED,
          "REQ-BODY-3 " },
        { "stand-in longer than the text", HEAD "e2ee.Stand-In: 2\r\n" TEXT_PART "x",
          TEAL_MALFORMED, "REQ-BODY-7 " },
        { "stand-in inside a character", HEAD "e2ee.Stand-In: 1\r\n" TEXT_PART "\xc3\xa4",
          TEAL_MALFORMED, "REQ-BODY-7 " },
        { "stand-in of a picture",
          HEAD "e2ee.Stand-In: 1\r\n\r\nContent-Type: application/vnd.gsma.rcs-ft-http+xml\r\n\r\n"
               "<file/>",
          TEAL_MALFORMED, "REQ-BODY-7 " },
        { "empty text", HEAD TEXT_PART "", TEAL_MALFORMED, "REQ-CPIM-54 " },
        { "another charset", HEAD "\r\nContent-Type: text/plain;charset=utf-16\r\n\r\nx",
          TEAL_UNSUPPORTED, "REQ-CPIM-52 " },
        { "media type that is not carried", HEAD "\r\nContent-Type: text/html\r\n\r\n<p>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "hostile XML", HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<!DOCTYPE a>",
          TEAL_MALFORMED, "REQ-XML-1 " },
        { "typing without a state",
          HEAD "\r\nContent-Type: application/im-iscomposing+xml\r\n\r\n<isComposing/>",
          TEAL_MALFORMED, "REQ-CMP-2 " },
        { "a file without one",
          HEAD "\r\nContent-Type: application/vnd.gsma.rcs-ft-http+xml\r\n\r\n<file/>",
          TEAL_MALFORMED, "REQ-FT-2 " },
        { "a location without one",
          HEAD "\r\nContent-Type: application/vnd.gsma.rcspushlocation+xml\r\n\r\n<rcsenvelope/>",
          TEAL_MALFORMED, "REQ-LOC-2 " },
        { "no media type", HEAD "\r\n\r\nx", TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "interworking, which is no receipt",
          HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
               "<interworking-notification><status><legacy-sms/></status>"
               "</interworking-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
        { "display that was refused",
          HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
               "<display-notification><status><forbidden/></status></display-notification></imdn>",
          TEAL_UNSUPPORTED, "REQ-BODY-8 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_body b;
        Teal__V1__Content *c = NULL;
        teal_diag why = { 0 };
        teal_result result = read_message(teal_text(rows[i].message), &b, &why);
        if (result == TEAL_OK)
            result = decode(&b, &c, &why);
        assert_int_equal(result, rows[i].want);
        if (rows[i].want != TEAL_OK)
            assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
        else if (rows[i].rule != NULL)
            assert_string_equal(c->parts[0]->text, rows[i].rule);
    }
}

/* Every kind of body, in memory of every size: too little is said, and nothing is half done. */
static void test_small_arenas(void **state)
{
    static const char *const messages[] = {
        HEAD "e2ee.Reply-To: M\r\ne2ee.Reaction: add; M; x\r\n" TEXT_PART "hello",
        HEAD "\r\nContent-Type: application/vnd.gsma.rcs-ft-http+xml\r\n\r\n"
             "<file xmlns:t='urn:teal:xml:ns:media:1'><file-info type='thumbnail'>"
             "<file-size>7</file-size><content-type>a/b</content-type><data url='http://x'/>"
             "</file-info><file-info type='file'><file-size>7</file-size><file-name>n</file-name>"
             "<content-type>a/b</content-type><data url='http://x'/><t:key>AAEC</t:key>"
             "</file-info></file>",
        HEAD "\r\nContent-Type: application/vnd.gsma.rcspushlocation+xml\r\n\r\n<rcsenvelope>"
             "<rcspushlocation label='x'><geopriv><location-info><Point><pos>1 2</pos></Point>"
             "</location-info></geopriv></rcspushlocation></rcsenvelope>",
        HEAD "\r\nContent-Type: text/vcard\r\n\r\nBEGIN:VCARD\nFN:a\nTEL:+14155550100\nTEL:911\n"
             "END:VCARD\n",
        HEAD "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn><message-id>a</message-id>"
             "<delivery-notification><status><delivered/></status></delivery-notification></imdn>",
        HEAD "\r\nContent-Type: application/im-iscomposing+xml\r\n\r\n<isComposing>"
             "<state>active</state></isComposing>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        Teal__V1__Content *c = NULL, *whole;
        teal_body b;
        size_t enough = 0;
        assert_int_equal(read_message(teal_text(messages[i]), &b, NULL), TEAL_OK);
        for (bool done = false; !done; enough += 16) {
            teal_arena arena = { room, enough, 0 };
            teal_diag why = { 0 };
            teal_result result = teal_body_decode(&b, 1, &arena, &c, &why);
            done = result == TEAL_OK;
            assert_true(done || (result == TEAL_SPACE && c == NULL && why.rule != NULL));
        }
        assert_true(enough <= TEAL_BODY_ARENA(b.bytes.len));

        teal_arena kept = scratch_arena();
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

static teal_result encode_result(const Teal__V1__Content *c, const char **rule)
{
    teal_arena arena = scratch_arena();
    const teal_body *b;
    size_t n;
    teal_diag why = { 0 };
    teal_result result = teal_bodies_encode(c, NULL, &arena, &b, &n, &why);
    *rule = why.rule;
    return result;
}

/* What the preface of a part adds, or takes away, is asked for like any other text. */
static void test_prefaces(void **state)
{
    (void)state;
    static char big[TEAL_PLAIN_MAX_TEXT_BYTES + 2];
    const char *rule;
    small_content s;
    memset(big, 'x', sizeof big - 1);
    teal_arena arena = scratch_arena();
    teal_body_context x = { .quote = teal_text("a\nb\x7f"), .receipted_sent_at_ms = UINT64_MAX };
    size_t n;

    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = "x";
    c->reply_to = "M";
    assert_text(bodies_of(c, &x, &arena, &n)->bytes, "Reply to \u201ca b \u201d: x");

    c = content_of(&s, TEAL__V1__PART__PART__NOT_SET);
    Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
    c->receipt = &receipt;
    receipt.message_id = "M";
    receipt.disposition = TEAL__V1__DISPOSITION__DISPLAYED;
    assert_null(memmem(bodies_of(c, &x, &arena, &n)->bytes.at, 200, "datetime", 8));
    receipt.disposition = (Teal__V1__Disposition)4;
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);

    c = content_of(&s, TEAL__V1__PART__PART_LOCATION);
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    s.part.location = &location;
    location.longitude = 181;
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);
    location.longitude = 0;
    location.radius_m = 1e9;
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);
    location.radius_m = -1;
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);
    location.radius_m = 0;
    location.latitude = 0.0 / 0.0;
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);

    c = content_of(&s, TEAL__V1__PART__PART_MEDIA);
    Teal__V1__Media media = TEAL__V1__MEDIA__INIT;
    uint8_t digest[] = { 1 };
    s.part.media = &media;
    media.url = "http://x";
    media.digest = (ProtobufCBinaryData){ sizeof digest, digest };
    assert_text(bodies_of(c, &x, &arena, &n)->content_type, "text/plain;charset=UTF-8");
    x.sealed = true;
    assert_text(bodies_of(c, &x, &arena, &n)->content_type, "application/vnd.gsma.rcs-ft-http+xml");

    c = content_of(&s, TEAL__V1__PART__PART_CONTACT);
    Teal__V1__Contact contact = TEAL__V1__CONTACT__INIT;
    char *handles[] = { "", "911" };
    s.part.contact = &contact;
    contact.handles = handles;
    contact.n_handles = 2;
    const teal_body *b = bodies_of(c, &x, &arena, &n);
    assert_null(memmem(b->bytes.at, b->bytes.len, "TEL:\r", 5));
}

/* A notice before what is no text, in memory of every size. */
static void test_small_arenas_out(void **state)
{
    (void)state;
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    Teal__V1__Contact contact = TEAL__V1__CONTACT__INIT;
    Teal__V1__Media media = TEAL__V1__MEDIA__INIT;
    contact.name = "a";
    media.url = "http://x";
    static const Teal__V1__Part__PartCase cases[] = { TEAL__V1__PART__PART_LOCATION,
                                                      TEAL__V1__PART__PART_CONTACT,
                                                      TEAL__V1__PART__PART_MEDIA };
    for (size_t i = 0; i < 3; i++) {
        small_content s;
        Teal__V1__Content *c = content_of(&s, cases[i]);
        c->reply_to = "M";
        if (i == 0)
            s.part.location = &location;
        else if (i == 1)
            s.part.contact = &contact;
        else
            s.part.media = &media;
        teal_result result = TEAL_SPACE;
        for (size_t cap = 0; result == TEAL_SPACE; cap++) {
            teal_arena small = { room, cap, 0 };
            const teal_body *b = NULL;
            size_t n;
            teal_diag why = { 0 };
            result = teal_bodies_encode(c, NULL, &small, &b, &n, &why);
            if (result == TEAL_SPACE)
                assert_string_equal(why.rule, TEAL_ARENA_TOO_SMALL);
        }
        assert_int_equal(result, TEAL_OK);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static char big[TEAL_PLAIN_MAX_TEXT_BYTES + 2];
    const char *rule;
    small_content s;
    memset(big, 'x', sizeof big - 1);
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = big + 1;
    assert_int_equal(encode_result(c, &rule), TEAL_OK);
    c->reply_to = "MxT"; /* the words count too */
    assert_int_equal(encode_result(c, &rule), TEAL_LIMIT);
    assert_memory_equal(rule, "REQ-CPIM-54 ", 12);
    c->reply_to = "a b";
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);

    c = content_of(&s, TEAL__V1__PART__PART_LOCATION);
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    s.part.location = &location;
    location.label = big;
    assert_int_equal(encode_result(c, &rule), TEAL_LIMIT);
    assert_memory_equal(rule, "REQ-LOC-2 ", 10);

    c = content_of(&s, TEAL__V1__PART__PART_CONTACT);
    Teal__V1__Contact contact = TEAL__V1__CONTACT__INIT;
    static char *handles[TEAL_VCARD_MAX_HANDLES + 1];
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        handles[i] = "911";
    s.part.contact = &contact;
    contact.handles = handles;
    contact.n_handles = TEAL_VCARD_MAX_HANDLES;
    assert_int_equal(encode_result(c, &rule), TEAL_OK);
    contact.n_handles++;
    assert_int_equal(encode_result(c, &rule), TEAL_LIMIT);
    contact.n_handles = 0;
    contact.name = big;
    assert_int_equal(encode_result(c, &rule), TEAL_LIMIT);
    assert_memory_equal(rule, "REQ-VCF-2 ", 10);

    c = content_of(&s, TEAL__V1__PART__PART_MEDIA);
    Teal__V1__Media media = TEAL__V1__MEDIA__INIT;
    s.part.media = &media;
    media.url = big; /* in words */
    assert_int_equal(encode_result(c, &rule), TEAL_OK);

    c = content_of(&s, TEAL__V1__PART__PART__NOT_SET);
    Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
    c->receipt = &receipt;
    receipt.disposition = TEAL__V1__DISPOSITION__DELIVERED;
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED); /* of no message */
    receipt.message_id = "M";
    receipt.disposition = TEAL__V1__DISPOSITION__DISPOSITION_NONE;
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);
    c->receipt = NULL;
    c->revoke_of = "a b";
    assert_int_equal(encode_result(c, &rule), TEAL_MALFORMED);

    Teal__V1__Content *back;
    teal_diag why;
    teal_body b = { .content_type = teal_text("text/plain"),
                    .bytes = { (const uint8_t *)big, TEAL_PLAIN_MAX_TEXT_BYTES + 1 } };
    assert_int_equal(decode(&b, &back, &why), TEAL_LIMIT);
    b.bytes.len = 1;
    b.stand_in = 2;
    assert_int_equal(decode(&b, &back, &why), TEAL_MALFORMED);
    assert_memory_equal(why.rule, "REQ-BODY-7 ", 11);

    static char cards[(TEAL_BODY_MAX_PARTS + 1) * 32];
    size_t len = 0;
    for (size_t i = 0; i <= TEAL_BODY_MAX_PARTS; i++)
        len += (size_t)snprintf(cards + len, sizeof cards - len, "BEGIN:VCARD\nFN:a\nEND:VCARD\n");
    b = (teal_body){ .content_type = teal_text("text/vcard"),
                     .bytes = { (const uint8_t *)cards, len } };
    assert_int_equal(decode(&b, &back, &why), TEAL_LIMIT);
    b.bytes.len -= len / (TEAL_BODY_MAX_PARTS + 1);
    assert_int_equal(decode(&b, &back, &why), TEAL_OK);
    assert_int_equal(back->n_parts, TEAL_BODY_MAX_PARTS);
}

/* A reply without anything in it still says that it is one; and nobody else writes our headers. */
static void test_headers_alone(void **state)
{
    (void)state;
    small_content s;
    Teal__V1__Content *c = content_of(&s, TEAL__V1__PART__PART__NOT_SET);
    c->reply_to = "MxT";
    teal_arena arena = scratch_arena();
    size_t n;
    const teal_body *b = bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(b->bytes, "Reply to an earlier message: ");
    assert_false(teal_body_is_notice(b));
    assert_comes_back(c, b);

    const teal_bytes to = teal_text("sip:bob@rcs.example");
    const teal_rcs_head head = { .from = to, .to = &to, .n_to = 1, .message_id = to };
    teal_writer out = { room, sizeof room, 0 };
    teal_body bad = *b;
    bad.reaction_to = teal_text("M");
    bad.reaction = teal_text("a\r\nSubject: b");
    assert_int_equal(teal_body_message_encode(&head, NULL, &bad, &out), TEAL_MALFORMED);
}

/* What no decoder would take, or take for the same, is not written. */
static void test_strict_messages(void **state)
{
    const teal_body good = { .kind = TEAL_KIND_MESSAGE,
                             .content_type = teal_text("text/plain;charset=UTF-8"),
                             .bytes = teal_text("hello"),
                             .stand_in = 2,
                             .reply_to = teal_text("a"),
                             .edit_of = teal_text("b"),
                             .revoke_of = teal_text("c"),
                             .reaction_to = teal_text("d"),
                             .reaction = teal_text("+"),
                             .reaction_removed = true,
                             .claimed_sender = teal_text("e") };
    const struct {
        const char *name;
        size_t member; /* of teal_body, a teal_bytes */
        const char *value;
    } rows[] = {
        { "no media type", offsetof(teal_body, content_type), "" },
        { "words before what is no text", offsetof(teal_body, content_type), "text/x-vcard" },
        { "media type of a receipt", offsetof(teal_body, content_type), "message/imdn+xml" },
        { "media type with a blank behind", offsetof(teal_body, content_type), "text/plain " },
        { "words longer than the text", offsetof(teal_body, bytes), "h" },
        { "id with a blank", offsetof(teal_body, reply_to), "a b" },
        { "id with a line end", offsetof(teal_body, edit_of), "a\nb" },
        { "id that is not ASCII", offsetof(teal_body, revoke_of), "\u00e4" },
        { "reaction to nothing", offsetof(teal_body, reaction_to), "" },
        { "no reaction", offsetof(teal_body, reaction), "" },
        { "reaction of two lines", offsetof(teal_body, reaction), "a\nb" },
        { "sender with a blank before", offsetof(teal_body, claimed_sender), " e" },
        { "sender that is not UTF-8", offsetof(teal_body, claimed_sender), "\xff" },
    };
    (void)state;
    const teal_bytes to = teal_text("sip:bob@rcs.example");
    teal_rcs_head head = { .from = to, .to = &to, .n_to = 1, .message_id = teal_text("M") };
    teal_writer out = { room, sizeof room, 0 };
    assert_int_equal(teal_body_message_encode(&head, NULL, &good, &out), TEAL_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_body bad = good;
        *(teal_bytes *)((uint8_t *)&bad + rows[i].member) = teal_text(rows[i].value);
        out.len = 0;
        assert_int_equal(teal_body_message_encode(&head, NULL, &bad, &out), TEAL_MALFORMED);
    }
    teal_body removed = { .kind = TEAL_KIND_MESSAGE,
                          .content_type = good.content_type,
                          .reaction_removed = true };
    assert_int_equal(teal_body_message_encode(&head, NULL, &removed, &out), TEAL_MALFORMED);
    static const char *const ids[] = {
        "", "a b", "0123456789012345678901234567890123456789012345678901234567890123x"
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        head.message_id = teal_text(ids[i]);
        out.len = 0;
        assert_int_equal(teal_body_message_encode(&head, NULL, &good, &out), TEAL_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_long_quote),
        cmocka_unit_test(test_media),
        cmocka_unit_test(test_location),
        cmocka_unit_test(test_receipts_and_typing),
        cmocka_unit_test(test_several_parts),
        cmocka_unit_test(test_not_said),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_small_arenas),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_headers_alone),
        cmocka_unit_test(test_prefaces),
        cmocka_unit_test(test_small_arenas_out),
        cmocka_unit_test(test_strict_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
