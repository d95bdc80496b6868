/* What no RCS body says: contents over a limit, ids and lines that are none, headers of others, and
 * too little memory. */
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/plain.h"
#include "codecs/rcs/vcard.h"
#include "tests/support/bodies.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[2 << 20];

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
        { "M", "x ", "REQ-BODY-4 " },
        { "M", "0123456789012345678901234567890123456789012345678901234567890123x", "REQ-BODY-4 " },
    };
    (void)state;
    teal_arena arena = test_body_arena();
    const teal_body *b;
    size_t n;
    body_content s;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART__NOT_SET);
        Teal__V1__Reaction reaction = TEAL__V1__REACTION__INIT;
        teal_diag why = { 0 };
        reaction.message_id = (char *)rows[i].id;
        reaction.emoji = (char *)rows[i].emoji;
        c->reaction = &reaction;
        assert_int_equal(teal_bodies_encode(c, NULL, &arena, &b, &n, &why), TEAL_MALFORMED);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART_TEXT);
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

static void test_limits(void **state)
{
    (void)state;
    static char big[TEAL_PLAIN_MAX_TEXT_BYTES + 2];
    const char *rule;
    body_content s;
    memset(big, 'x', sizeof big - 1);
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART_TEXT);
    s.part.text = big + 1;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_OK);
    c->reply_to = "MxT"; /* the words count too */
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_LIMIT);
    assert_memory_equal(rule, "REQ-CPIM-54 ", 12);
    c->reply_to = "a b";
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);

    c = test_body_content(&s, TEAL__V1__PART__PART_LOCATION);
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    s.part.location = &location;
    location.label = big;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_LIMIT);
    assert_memory_equal(rule, "REQ-LOC-2 ", 10);

    c = test_body_content(&s, TEAL__V1__PART__PART_CONTACT);
    Teal__V1__Contact contact = TEAL__V1__CONTACT__INIT;
    static char *handles[TEAL_VCARD_MAX_HANDLES + 1];
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        handles[i] = "911";
    s.part.contact = &contact;
    contact.handles = handles;
    contact.n_handles = TEAL_VCARD_MAX_HANDLES;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_OK);
    contact.n_handles++;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_LIMIT);
    contact.n_handles = 0;
    contact.name = big;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_LIMIT);
    assert_memory_equal(rule, "REQ-VCF-2 ", 10);

    c = test_body_content(&s, TEAL__V1__PART__PART_MEDIA);
    Teal__V1__Media media = TEAL__V1__MEDIA__INIT;
    s.part.media = &media;
    media.url = big; /* in words */
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_OK);

    static char url[TEAL_FILE_MAX_URL_BYTES + 1] = "http://"; /* as XML five times as long */
    memset(url + 7, '&', sizeof url - 8);
    Teal__V1__Thumbnail thumbnail = TEAL__V1__THUMBNAIL__INIT;
    media.url = thumbnail.url = url;
    thumbnail.content_type = "image/png";
    media.thumbnail = &thumbnail;
    size_t n;
    teal_arena arena = test_body_arena();
    assert_text(test_bodies_of(c, NULL, &arena, &n)->content_type, "text/plain;charset=UTF-8");

    c = test_body_content(&s, TEAL__V1__PART__PART__NOT_SET);
    Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
    c->receipt = &receipt;
    receipt.disposition = TEAL__V1__DISPOSITION__DELIVERED;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED); /* of no message */
    receipt.message_id = "a b";
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);
    receipt.message_id = "M";
    receipt.disposition = TEAL__V1__DISPOSITION__DISPOSITION_NONE;
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);
    c->receipt = NULL;
    c->revoke_of = "a b";
    assert_int_equal(test_bodies_refusal(c, &rule), TEAL_MALFORMED);

    Teal__V1__Content *back;
    teal_diag why;
    teal_body b = { .content_type = teal_text("text/plain"),
                    .bytes = { (const uint8_t *)big, TEAL_PLAIN_MAX_TEXT_BYTES + 1 } };
    assert_int_equal(test_body_decode(&b, &back, &why), TEAL_LIMIT);
    b.bytes.len = 1;
    b.stand_in = 2;
    assert_int_equal(test_body_decode(&b, &back, &why), TEAL_MALFORMED);
    assert_memory_equal(why.rule, "REQ-BODY-7 ", 11);

    static char cards[(TEAL_BODY_MAX_PARTS + 1) * 32];
    size_t len = 0;
    for (size_t i = 0; i <= TEAL_BODY_MAX_PARTS; i++)
        len += (size_t)snprintf(cards + len, sizeof cards - len, "BEGIN:VCARD\nFN:a\nEND:VCARD\n");
    b = (teal_body){ .content_type = teal_text("text/vcard"),
                     .bytes = { (const uint8_t *)cards, len } };
    assert_int_equal(test_body_decode(&b, &back, &why), TEAL_LIMIT);
    b.bytes.len -= len / (TEAL_BODY_MAX_PARTS + 1);
    assert_int_equal(test_body_decode(&b, &back, &why), TEAL_OK);
    assert_int_equal(back->n_parts, TEAL_BODY_MAX_PARTS);
}

/* A reply without anything in it still says that it is one; and nobody else writes our headers. */
static void test_headers_alone(void **state)
{
    (void)state;
    body_content s;
    Teal__V1__Content *c = test_body_content(&s, TEAL__V1__PART__PART__NOT_SET);
    c->reply_to = "MxT";
    teal_arena arena = test_body_arena();
    size_t n;
    const teal_body *b = test_bodies_of(c, NULL, &arena, &n);
    assert_int_equal(n, 1);
    assert_text(b->bytes, "Reply to an earlier message: ");
    assert_false(teal_body_is_notice(b));
    assert_body_comes_back(c, b);

    const teal_bytes to = teal_text("sip:bob@rcs.example");
    const teal_rcs_head head = { .from = to, .to = &to, .n_to = 1, .message_id = to };
    teal_writer out = { room, sizeof room, 0 };
    teal_body bad = *b;
    bad.reaction_to = teal_text("M");
    bad.reaction = teal_text("a\r\nSubject: b");
    assert_int_equal(teal_body_message_encode(&head, NULL, &bad, &out), TEAL_MALFORMED);
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
        body_content s;
        Teal__V1__Content *c = test_body_content(&s, cases[i]);
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
    const teal_body no_type = { .kind = TEAL_KIND_MESSAGE, .bytes = good.bytes };
    assert_int_equal(teal_body_message_encode(&head, NULL, &no_type, &out), TEAL_MALFORMED);
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
        cmocka_unit_test(test_not_said),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_headers_alone),   cmocka_unit_test(test_small_arenas_out),
        cmocka_unit_test(test_strict_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
