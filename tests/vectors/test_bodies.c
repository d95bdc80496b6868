/* Contents as RCS bodies: what each says, what stands in where RCS has no word, and that everything
 * comes back over a whole CPIM message. */
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/plain.h"
#include "codecs/utf8.h"
#include "tests/support/bodies.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[2 << 20];

static void test_text(void **state)
{
    (void)state;
    body_content s;
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = "Hello, \xe2\x82\xac \xf0\x9f\x91\x8d\r\nworld";
    teal_arena arena = test_body_arena();
    size_t n;
    const teal_body *b = test_bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(test_body_message(b, &arena), BODY_HEAD "e2ee.Level: transport\r\n" BODY_TEXT_PART
                                                        "Hello, \xe2\x82\xac \xf0\x9f\x91\x8d\r\n"
                                                        "world");
    assert_body_comes_back(c, b);
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
        body_content s;
        Teal__V1__Reaction reaction = TEAL__V1__REACTION__INIT;
        Teal__V1__Content *c = test_body_content(&s, rows[i].text ? TEAL__V1__PART__PART_TEXT
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
        teal_arena arena = test_body_arena();
        size_t n;
        const teal_body *b = test_bodies_of(c, &x, &arena, &n);
        assert_int_equal(n, 1);
        snprintf(want, sizeof want, BODY_HEAD "e2ee.Level: transport\r\n%s" BODY_TEXT_PART "%s",
                 rows[i].headers, rows[i].body);
        teal_bytes message = test_body_message(b, &arena);
        assert_text(message, want);
        assert_body_comes_back(c, b);

        teal_plain p; /* who knows no headers takes the text as it is */
        assert_int_equal(teal_plain_decode(message, &arena, NULL, &p, NULL), TEAL_OK);
        assert_text(p.text, rows[i].body);
    }
}

static void test_long_quote(void **state)
{
    (void)state;
    body_content s;
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = "yes";
    c->reply_to = "MxT";
    char quote[400];
    for (size_t i = 0; i < sizeof quote; i += 4)
        memcpy(quote + i, "\xf0\x9f\x91\x8d", 4);
    for (size_t skew = 0; skew < 4; skew++) {
        quote[0] = quote[1] = quote[2] = quote[3] = 'x';
        teal_arena arena = test_body_arena();
        size_t n;
        const teal_body_context x = { .quote = { (uint8_t *)quote + skew, sizeof quote - skew } };
        const teal_body *b = test_bodies_of(c, &x, &arena, &n);
        assert_true(teal_utf8_valid(b->bytes));
        assert_true(b->stand_in <= TEAL_BODY_MAX_QUOTE_BYTES + 30);
        assert_body_comes_back(c, b);
    }
    const teal_body_context bad = { .quote = teal_text("\xff") };
    teal_arena arena = test_body_arena();
    const teal_body *b;
    size_t n;
    assert_int_equal(teal_bodies_encode(c, &bad, &arena, &b, &n, NULL), TEAL_MALFORMED);
}

/* What the preface of a part adds, or takes away, is asked for like any other text. */
static void test_prefaces(void **state)
{
    (void)state;
    const char *rule;
    body_content s;
    teal_arena arena = test_body_arena();
    teal_body_context x = { .quote = teal_text("a\nb\x7f"), .receipted_sent_at_ms = UINT64_MAX };
    size_t n;

    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = "x";
    c->reply_to = "M";
    assert_text(test_bodies_of(c, &x, &arena, &n)->bytes, "Reply to \u201ca b \u201d: x");

    c = test_body_content(&s, TEAL__V1__PART__PART__NOT_SET);
    Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
    c->receipt = &receipt;
    receipt.message_id = "M";
    receipt.disposition = TEAL__V1__DISPOSITION__DISPLAYED;
    assert_null(memmem(test_bodies_of(c, &x, &arena, &n)->bytes.at, 200, "datetime", 8));
    receipt.disposition = (Teal__V1__Disposition)4;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);

    c = test_body_content(&s, TEAL__V1__PART__PART_LOCATION);
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    s.part.location = &location;
    location.longitude = 181;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);
    location.longitude = 0;
    location.radius_m = 1e9;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);
    location.radius_m = -1;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);
    location.radius_m = 0;
    location.latitude = 0.0 / 0.0;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);

    c = test_body_content(&s, TEAL__V1__PART__PART_MEDIA);
    Teal__V1__Media media = TEAL__V1__MEDIA__INIT;
    uint8_t digest[] = { 1 };
    s.part.media = &media;
    media.url = "http://x";
    media.digest = (ProtobufCBinaryData){ sizeof digest, digest };
    assert_text(test_bodies_of(c, &x, &arena, &n)->content_type, "text/plain;charset=UTF-8");
    x.sealed = true;
    assert_text(test_bodies_of(c, &x, &arena, &n)->content_type,
                "application/vnd.gsma.rcs-ft-http+xml");

    c = test_body_content(&s, TEAL__V1__PART__PART_CONTACT);
    Teal__V1__Contact contact = TEAL__V1__CONTACT__INIT;
    char *handles[] = { "", "911" };
    s.part.contact = &contact;
    contact.handles = handles;
    contact.n_handles = 2;
    const teal_body *b = test_bodies_of(c, &x, &arena, &n);
    assert_null(memmem(b->bytes.at, b->bytes.len, "TEL:\r", 5));
}

static void test_media(void **state)
{
    (void)state;
    static uint8_t secret[] = { 0, 1, 2, 0xff };
    body_content s;
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART_MEDIA);
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
    teal_arena arena = test_body_arena();
    size_t n;
    const teal_body *b = test_bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_true(teal_media_type_is(b->content_type, "application/vnd.gsma.rcs-ft-http+xml"));
    assert_body_comes_back(c, b);

    c->reply_to = "MxT"; /* has no room in the XML: a message in words goes before it */
    b = test_bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 2);
    assert_text(b[0].bytes, "Reply to an earlier message:");
    assert_true(teal_body_is_notice(&b[0]));
    assert_false(teal_body_is_notice(&b[1]));
    assert_body_comes_back(c, &b[1]);
    c->reply_to = (char *)protobuf_c_empty_string;

    media.key = (ProtobufCBinaryData){ sizeof secret, secret }; /* nobody there could open it */
    b = test_bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(b->bytes, "Sent a file that cannot be fetched here: \xe2\x80\x9c"
                          "a.jpg\xe2\x80\x9d");
    assert_int_equal(b->stand_in, 0);
    const teal_body_context sealed = { .sealed = true };
    b = test_bodies_of(c, &sealed, &arena, &n);
    assert_body_comes_back(c, b);

    media.key = (ProtobufCBinaryData){ 0 };
    media.url = "javascript:alert(1)";
    media.name = "../";
    b = test_bodies_of(c, NULL, &arena, &n);
    assert_text(b->bytes, "Sent a file that cannot be fetched here");
    media.url = "https://x.example/f";
    thumbnail.url = "javascript:alert(1)"; /* the file is what counts */
    b = test_bodies_of(c, NULL, &arena, &n);
    assert_true(teal_media_type_is(b->content_type, "application/vnd.gsma.rcs-ft-http+xml"));
    assert_null(memmem(b->bytes.at, b->bytes.len, "thumbnail", 9));
}

/* Nothing but words, and none of the headers that would make it say more. */
static void test_notice(void **state)
{
    (void)state;
    static const size_t members[] = { offsetof(teal_body, reply_to), offsetof(teal_body, edit_of),
                                      offsetof(teal_body, revoke_of),
                                      offsetof(teal_body, reaction_to),
                                      offsetof(teal_body, claimed_sender) };
    const teal_body notice = { .bytes = teal_text("Reply:"), .stand_in = 6 };
    assert_true(teal_body_is_notice(&notice));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        teal_body more = notice;
        *(teal_bytes *)((uint8_t *)&more + members[i]) = teal_text("M");
        assert_false(teal_body_is_notice(&more));
    }
}

static void test_location(void **state)
{
    (void)state;
    body_content s;
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART_LOCATION);
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    s.part.location = &location;
    location.latitude = -90;
    location.longitude = 0.1;
    location.label = "Pole & more";
    location.radius_m = 0.5;
    const teal_body_context x = { .sender = teal_text("tel:+14155550100"), .sent_at_ms = 1 };
    teal_arena arena = test_body_arena();
    size_t n;
    const teal_body *b = test_bodies_of(c, &x, &arena, &n);
    assert_int_equal(n, 1);
    assert_non_null(memmem(b->bytes.at, b->bytes.len, "<gml:pos>-90 0.1</gml:pos>", 26));
    assert_non_null(memmem(b->bytes.at, b->bytes.len, "entity=\"tel:+14155550100\"", 25));
    assert_body_comes_back(c, b);
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
    body_content s;
    size_t n;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART__NOT_SET);
        Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
        receipt.message_id = "MxT";
        receipt.disposition = rows[i].disposition;
        receipt.at_ms = 1795510800123; /* DateTime of the message */
        c->receipt = &receipt;
        const teal_body_context x = { .receipted_sent_at_ms = 1795510700000 };
        teal_arena arena = test_body_arena();
        const teal_body *b = test_bodies_of(c, &x, &arena, &n);
        assert_int_equal(n, 1);
        assert_int_equal(b->kind, TEAL_KIND_RECEIPT);
        assert_int_equal(b->at_ms, receipt.at_ms);
        assert_non_null(memmem(b->bytes.at, b->bytes.len, rows[i].says, strlen(rows[i].says)));
        teal_bytes message = test_body_message(b, &arena);
        const char *disposition = "\r\nContent-Disposition: notification\r\n";
        assert_non_null(memmem(message.at, message.len, disposition, strlen(disposition)));
        assert_body_comes_back(c, b);
    }
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART__NOT_SET);
    Teal__V1__Typing typing = TEAL__V1__TYPING__INIT;
    typing.active = true;
    typing.refresh_s = 60;
    c->typing = &typing;
    teal_arena arena = test_body_arena();
    const teal_body *b = test_bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_int_equal(b->kind, TEAL_KIND_TYPING);
    assert_body_comes_back(c, b);

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
    teal_arena arena = test_body_arena();
    size_t n;
    const teal_body *b = test_bodies_of(&c, NULL, &arena, &n);
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
    b = test_bodies_of(&c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(b[0].bytes, "Sent something that cannot be shown here");

    static Teal__V1__Part *many[TEAL_BODY_MAX_PARTS + 1];
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
        many[i] = &text;
    c.parts = many;
    c.n_parts = TEAL_BODY_MAX_PARTS;
    b = test_bodies_of(&c, NULL, &arena, &n);
    assert_int_equal(n, TEAL_BODY_MAX_PARTS);
    c.n_parts++;
    assert_int_equal(teal_bodies_encode(&c, NULL, &arena, &b, &n, NULL), TEAL_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_headers),
        cmocka_unit_test(test_long_quote),    cmocka_unit_test(test_prefaces),
        cmocka_unit_test(test_media),         cmocka_unit_test(test_notice),
        cmocka_unit_test(test_location),      cmocka_unit_test(test_receipts_and_typing),
        cmocka_unit_test(test_several_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
