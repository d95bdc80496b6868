/* Properties of the documents that RCS messages carry: XML as such, notifications, who is typing,
 * files, locations, and contacts. */
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/iscomposing.h"
#include "codecs/rcs/location.h"
#include "codecs/rcs/vcard.h"
#include "codecs/utf8.h"
#include "codecs/xml.h"
#include "tests/support/envelopes.h"
#include "tests/support/recode.h"
#include "tests/support/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[64 << 10], scratch_room[1 << 20];
static uint8_t text[TEAL_XML_MAX_BYTES];

static teal_arena fresh(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

/* With what its header promises to be enough. */
static teal_arena scratch(size_t cap)
{
    return (teal_arena){ scratch_room, cap < sizeof scratch_room ? cap : sizeof scratch_room, 0 };
}

static teal_writer output(void)
{
    return (teal_writer){ text, sizeof text, 0 };
}

static int64_t random_time(test_random *r)
{
    return (int64_t)test_random_below(r, TEAL_DATETIME_MAX_MS + 1);
}

/* A time where the flag says that there is one. */
static const char *same_time(bool a_has, int64_t a, bool b_has, int64_t b)
{
    return property_that(a_has == b_has) ?: property_that(!a_has || a == b);
}

/* --- XML ---------------------------------------------------------------------------------------
 */

static teal_result read_back(teal_bytes document, const teal_xml_element **root, teal_diag *why)
{
    teal_arena arena = scratch(TEAL_XML_ARENA(document.len));
    return teal_xml_read(document, &arena, root, why);
}

static const char *written_text_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    const teal_xml_element *root;
    teal_bytes value = test_hard_text(r, &arena, 24, true);
    teal_bytes inside = test_hard_text(r, &arena, 24, true);
    teal_diag why = { 0 };
    teal_write_text(&out, TEAL_XML_DECLARATION "<r");
    teal_xml_put_attribute(&out, "a", value);
    teal_write_text(&out, ">");
    teal_xml_put_element(&out, "e", inside);
    teal_write_text(&out, "</r>");
    return property_ok(read_back(teal_written(&out), &root, &why), &why)
               ?: property_differ(teal_xml_attribute_of(root, "a"), value)
               ?: property_differ(root->child->text, inside);
}

/* What is no text at all is still written well formed. */
static const char *any_octets_are_well_formed(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    const teal_xml_element *root;
    teal_bytes octets = test_random_bytes(r, &arena, 0, 64);
    teal_diag why = { 0 };
    teal_write_text(&out, "<r");
    teal_xml_put_attribute(&out, "a", octets);
    teal_write_text(&out, ">");
    teal_xml_put_text(&out, octets);
    teal_write_text(&out, "</r>");
    return property_ok(read_back(teal_written(&out), &root, &why), &why)
               ?: property_that(teal_utf8_valid(root->text));
}

static void test_xml(void **state)
{
    (void)state;
    assert_property(written_text_comes_back, 3000);
    assert_property(any_octets_are_well_formed, 2000);
}

/* --- notifications -----------------------------------------------------------------------------
 */

static teal_imdn random_imdn(test_random *r, teal_arena *arena)
{
    static const char uri[] = "abcXYZ019:@.+-_~%!$&'()*,;=<>\"";
    static const char *const reasons[] = { "failed-to-decrypt", "a", "x-1" };
    static const struct {
        teal_imdn_kind kind;
        teal_imdn_status status;
    } pairs[] = {
        { TEAL_IMDN_DELIVERY, TEAL_IMDN_DELIVERED },
        { TEAL_IMDN_DELIVERY, TEAL_IMDN_FAILED },
        { TEAL_IMDN_DELIVERY, TEAL_IMDN_FORBIDDEN },
        { TEAL_IMDN_DELIVERY, TEAL_IMDN_ERROR },
        { TEAL_IMDN_DISPLAY, TEAL_IMDN_DISPLAYED },
        { TEAL_IMDN_DISPLAY, TEAL_IMDN_FORBIDDEN },
        { TEAL_IMDN_DISPLAY, TEAL_IMDN_ERROR },
        { TEAL_IMDN_PROCESSING, TEAL_IMDN_PROCESSED },
        { TEAL_IMDN_PROCESSING, TEAL_IMDN_STORED },
        { TEAL_IMDN_PROCESSING, TEAL_IMDN_FORBIDDEN },
        { TEAL_IMDN_PROCESSING, TEAL_IMDN_ERROR },
        { TEAL_IMDN_INTERWORKING, TEAL_IMDN_LEGACY_SMS },
        { TEAL_IMDN_INTERWORKING, TEAL_IMDN_LEGACY_MMS },
        { TEAL_IMDN_INTERWORKING, TEAL_IMDN_ERROR },
    };
    size_t pair = test_random_below(r, sizeof pairs / sizeof *pairs);
    teal_imdn n = { .kind = pairs[pair].kind,
                    .status = pairs[pair].status,
                    .message_id = test_random_text(r, arena, 1, TEAL_MAX_ID_BYTES, uri),
                    .has_sent_at = test_random_bool(r) };
    if (n.has_sent_at)
        n.sent_at_ms = random_time(r);
    if (test_random_bool(r))
        n.recipient_uri = test_random_text(r, arena, 1, 80, uri);
    if (test_random_bool(r))
        n.original_recipient_uri = test_random_text(r, arena, 1, 80, uri);
    if (test_random_bool(r))
        n.subject = test_hard_text(r, arena, 80, true);
    if (n.status == TEAL_IMDN_FAILED && test_random_bool(r)) {
        n.reason_of = (teal_imdn_reason_of)test_random_between(r, 1, 2);
        n.reason = teal_text(reasons[test_random_below(r, 3)]);
    }
    return n;
}

static const char *same_imdn(const teal_imdn *a, const teal_imdn *b)
{
    return property_that(a->kind == b->kind)
               ?: property_that(a->status == b->status)
               ?: property_differ(a->message_id, b->message_id)
               ?: same_time(a->has_sent_at, a->sent_at_ms, b->has_sent_at, b->sent_at_ms)
               ?: property_differ(a->recipient_uri, b->recipient_uri)
               ?: property_differ(a->original_recipient_uri, b->original_recipient_uri)
               ?: property_differ(a->subject, b->subject)
               ?: property_that(a->reason_of == b->reason_of)
               ?: property_differ(a->reason, b->reason);
}

static recoded recode_imdn(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_IMDN_ARENA(in.len));
    teal_imdn n;
    recoded what = { 0 };
    what.decoded = teal_imdn_decode(in, &arena, &n, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_imdn_encode(&n, out);
    return what;
}

static const char *imdn_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_imdn n = random_imdn(r, &arena), back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_imdn_encode(&n, &out), NULL);
    teal_arena a = scratch(TEAL_IMDN_ARENA(out.len));
    return wrong ?: property_ok(teal_imdn_decode(teal_written(&out), &a, &back, &why), &why)
                 ?: same_imdn(&back, &n)
                 ?: recode_canonical(recode_imdn, teal_written(&out));
}

static const char *changed_imdn_becomes_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_imdn n = random_imdn(r, &arena);
    return property_ok(teal_imdn_encode(&n, &out), NULL)
               ?: recode_mutated(recode_imdn, teal_written(&out), r);
}

/* A whole message around it, with or without a gateway's receipt. */
static const char *notification_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_bytes to = test_handle(r, &arena), none = { 0 };
    teal_rcs_head back_head, head = { .from = test_handle(r, &arena), .to = &to, .n_to = 1 };
    head.has_sent_at = true;
    head.sent_at_ms = (uint64_t)random_time(r);
    head.message_id = test_random_text(r, &arena, 1, TEAL_MAX_ID_BYTES, "aZ09-_+/=.\\;");
    teal_bytes receipt = test_random_bool(r) ? test_random_bytes(r, &arena, 1, 300) : none;
    teal_imdn n = random_imdn(r, &arena), back;
    teal_bytes back_receipt;
    teal_cpim m;
    teal_diag why = { 0 };
    teal_arena a = scratch(sizeof scratch_room);
    return property_ok(teal_imdn_message_encode(&head, NULL, &n, receipt, &out), NULL)
               ?: property_ok(teal_cpim_decode(teal_written(&out), &a, &m, &why), &why)
               ?: property_that(teal_rcs_form_of(&m) == TEAL_RCS_IMDN)
               ?: property_ok(teal_rcs_head_read(&m, &a, NULL, &back_head, &why), &why)
               ?: property_differ(back_head.from, head.from)
               ?: property_that(back_head.n_to == 1)
               ?: property_differ(back_head.to[0], to)
               ?: property_that(back_head.sent_at_ms == head.sent_at_ms)
               ?: property_differ(back_head.message_id, head.message_id)
               ?: property_that(back_head.wants == 0)
               ?: property_ok(teal_imdn_read(&m, &a, &back, &why), &why)
               ?: same_imdn(&back, &n)
               ?: property_ok(teal_imdn_receipt(&m, &a, &back_receipt, &why), &why)
               ?: property_differ(back_receipt, receipt);
}

static void test_imdn(void **state)
{
    (void)state;
    assert_property(imdn_comes_back, 2000);
    assert_property(changed_imdn_becomes_canonical, 3000);
    assert_property(notification_comes_back, 1000);
}

/* --- who is typing -----------------------------------------------------------------------------
 */

static teal_iscomposing random_iscomposing(test_random *r, teal_arena *arena)
{
    teal_iscomposing c = { .active = test_random_bool(r) };
    if (test_random_bool(r))
        c.refresh_s = (uint32_t)test_random_between(r, 1, UINT32_MAX);
    if (test_random_bool(r))
        c.content_type = test_hard_text(r, arena, 60, true);
    c.has_last_active = test_random_bool(r);
    if (c.has_last_active)
        c.last_active_ms = random_time(r);
    return c;
}

static recoded recode_iscomposing(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_XML_ARENA(in.len));
    teal_iscomposing c;
    recoded what = { 0 };
    what.decoded = teal_iscomposing_decode(in, &arena, &c, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_iscomposing_encode(&c, out);
    return what;
}

static const char *iscomposing_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_iscomposing c = random_iscomposing(r, &arena), back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_iscomposing_encode(&c, &out), NULL);
    teal_arena a = scratch(TEAL_XML_ARENA(out.len));
    return wrong ?: property_ok(teal_iscomposing_decode(teal_written(&out), &a, &back, &why), &why)
                 ?: property_that(back.active == c.active)
                 ?: property_that(back.refresh_s == c.refresh_s)
                 ?: same_time(back.has_last_active, back.last_active_ms, c.has_last_active,
                              c.last_active_ms)
                 ?: property_differ(back.content_type, c.content_type)
                 ?: recode_canonical(recode_iscomposing, teal_written(&out));
}

static const char *changed_iscomposing_becomes_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_iscomposing c = random_iscomposing(r, &arena);
    return property_ok(teal_iscomposing_encode(&c, &out), NULL)
               ?: recode_mutated(recode_iscomposing, teal_written(&out), r);
}

static void test_iscomposing(void **state)
{
    (void)state;
    assert_property(iscomposing_comes_back, 2000);
    assert_property(changed_iscomposing_becomes_canonical, 3000);
}

/* --- files -------------------------------------------------------------------------------------
 */

static teal_bytes random_url(test_random *r, teal_arena *arena)
{
    teal_bytes tail = test_random_text(r, arena, 1, 40, "abc/?&=%'\"<>;:+._-~#");
    size_t cap = tail.len + 16;
    teal_writer w = { teal_arena_take(arena, cap), cap, 0 };
    teal_write_text(&w, test_random_bool(r) ? "https://" : "http://");
    teal_write_bytes(&w, tail);
    return teal_written(&w);
}

static teal_file_info random_info(test_random *r, teal_arena *arena)
{
    teal_file_info i = { .size_bytes = test_random_u64(r) >> test_random_below(r, 64),
                         .content_type =
                             teal_text(test_random_bool(r) ? "image/jpeg" : "a/b; c=\"<&>\""),
                         .url = random_url(r, arena),
                         .has_until = test_random_bool(r) };
    if (i.has_until)
        i.until_ms = random_time(r);
    return i;
}

/* A name is no path. */
static teal_bytes random_name(test_random *r, teal_arena *arena)
{
    teal_bytes name = test_hard_text(r, arena, 40, false);
    uint8_t *at = (uint8_t *)name.at;
    for (size_t i = 0; i < name.len; i++)
        at[i] = at[i] == '/' || at[i] == '\\' ? '_' : at[i];
    return name;
}

static teal_filetransfer random_transfer(test_random *r, teal_arena *arena)
{
    teal_filetransfer f = { .file = random_info(r, arena),
                            .renders = test_random_bool(r),
                            .has_thumbnail = test_random_bool(r) };
    if (f.has_thumbnail)
        f.thumbnail = random_info(r, arena);
    if (test_random_bool(r))
        f.playing_length_s = (uint32_t)test_random_below(r, UINT32_MAX);
    if (test_random_bool(r))
        f.branded_url = random_url(r, arena);
    if (test_random_bool(r))
        f.key = test_random_bytes(r, arena, 1, TEAL_FILE_MAX_SECRET_BYTES);
    if (test_random_bool(r))
        f.digest = test_random_bytes(r, arena, 1, TEAL_FILE_MAX_SECRET_BYTES);
    if (test_random_bool(r))
        f.name = random_name(r, arena);
    return f;
}

static const char *same_info(const teal_file_info *a, const teal_file_info *b)
{
    return property_that(a->size_bytes == b->size_bytes)
               ?: property_differ(a->content_type, b->content_type)
               ?: property_differ(a->url, b->url)
               ?: same_time(a->has_until, a->until_ms, b->has_until, b->until_ms);
}

static const char *same_transfer(const teal_filetransfer *a, const teal_filetransfer *b)
{
    return same_info(&a->file, &b->file)
               ?: property_differ(a->name, b->name)
               ?: property_that(a->renders == b->renders)
               ?: property_that(a->playing_length_s == b->playing_length_s)
               ?: property_differ(a->branded_url, b->branded_url)
               ?: property_differ(a->key, b->key)
               ?: property_differ(a->digest, b->digest)
               ?: property_that(a->has_thumbnail == b->has_thumbnail)
               ?: (b->has_thumbnail ? same_info(&a->thumbnail, &b->thumbnail) : NULL);
}

static recoded recode_transfer(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_FILE_ARENA(in.len));
    teal_filetransfer f;
    recoded what = { 0 };
    what.decoded = teal_filetransfer_decode(in, &arena, &f, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_filetransfer_encode(&f, out);
    return what;
}

static const char *transfer_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_filetransfer f = random_transfer(r, &arena), back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_filetransfer_encode(&f, &out), NULL);
    teal_arena a = scratch(TEAL_FILE_ARENA(out.len));
    return wrong ?: property_ok(teal_filetransfer_decode(teal_written(&out), &a, &back, &why), &why)
                 ?: same_transfer(&back, &f)
                 ?: recode_canonical(recode_transfer, teal_written(&out));
}

static const char *changed_transfer_becomes_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_filetransfer f = random_transfer(r, &arena);
    return property_ok(teal_filetransfer_encode(&f, &out), NULL)
               ?: recode_mutated(recode_transfer, teal_written(&out), r);
}

static void test_filetransfer(void **state)
{
    (void)state;
    assert_property(transfer_comes_back, 2000);
    assert_property(changed_transfer_becomes_canonical, 3000);
}

/* --- locations ---------------------------------------------------------------------------------
 */

static int64_t random_degrees(test_random *r, int64_t max)
{
    static const int64_t units[] = { 1000000000, 100000000, 1000000, 1000, 1 };
    int64_t unit = units[test_random_below(r, 5)], steps = max * TEAL_NANODEGREES / unit;
    return ((int64_t)test_random_below(r, (uint64_t)(2 * steps + 1)) - steps) * unit;
}

static teal_location random_location(test_random *r, teal_arena *arena)
{
    teal_location l = { .latitude_ndeg = random_degrees(r, 90),
                        .longitude_ndeg = random_degrees(r, 180),
                        .has_time_offset = test_random_bool(r),
                        .has_until = test_random_bool(r),
                        .has_at = test_random_bool(r) };
    if (test_random_bool(r))
        l.radius_mm = test_random_below(r, TEAL_LOCATION_MAX_RADIUS_MM + 1);
    if (test_random_bool(r))
        l.label = test_hard_text(r, arena, 60, true);
    if (test_random_bool(r))
        l.entity = test_hard_text(r, arena, 60, true);
    if (l.has_time_offset)
        l.time_offset_min = (int16_t)((int)test_random_below(r, 1681) - 840);
    if (l.has_until)
        l.until_ms = random_time(r);
    if (l.has_at)
        l.at_ms = random_time(r);
    return l;
}

static const char *same_location(const teal_location *a, const teal_location *b)
{
    return property_that(a->latitude_ndeg == b->latitude_ndeg)
               ?: property_that(a->longitude_ndeg == b->longitude_ndeg)
               ?: property_that(a->radius_mm == b->radius_mm)
               ?: property_differ(a->label, b->label)
               ?: property_differ(a->entity, b->entity)
               ?: same_time(a->has_time_offset, a->time_offset_min, b->has_time_offset,
                            b->time_offset_min)
               ?: same_time(a->has_until, a->until_ms, b->has_until, b->until_ms)
               ?: same_time(a->has_at, a->at_ms, b->has_at, b->at_ms);
}

static recoded recode_location(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_XML_ARENA(in.len));
    teal_location l;
    recoded what = { 0 };
    what.decoded = teal_location_decode(in, &arena, &l, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_location_encode(&l, out);
    return what;
}

static const char *location_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_location l = random_location(r, &arena), back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_location_encode(&l, &out), NULL);
    teal_arena a = scratch(TEAL_XML_ARENA(out.len));
    return wrong ?: property_ok(teal_location_decode(teal_written(&out), &a, &back, &why), &why)
                 ?: same_location(&back, &l)
                 ?: recode_canonical(recode_location, teal_written(&out));
}

static const char *changed_location_becomes_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_location l = random_location(r, &arena);
    return property_ok(teal_location_encode(&l, &out), NULL)
               ?: recode_mutated(recode_location, teal_written(&out), r);
}

static void test_location(void **state)
{
    (void)state;
    assert_property(location_comes_back, 2000);
    assert_property(changed_location_becomes_canonical, 3000);
}

/* --- contacts ----------------------------------------------------------------------------------
 */

enum { MAX_HANDLES = 6 };

static teal_bytes random_handle(test_random *r, teal_arena *arena)
{
    return test_random_below(r, 3) == 2 ? test_hard_text(r, arena, 20, false)
                                        : test_handle(r, arena);
}

/* Each handle once: what stands twice is kept once. */
static teal_vcard random_card(test_random *r, teal_arena *arena)
{
    teal_vcard card = { 0 };
    teal_bytes *handles = teal_arena_array(arena, MAX_HANDLES, sizeof *handles);
    for (size_t n = test_random_below(r, MAX_HANDLES + 1); n > 0; n--) {
        teal_bytes handle = random_handle(r, arena);
        bool there = false;
        for (size_t i = 0; i < card.n_handles; i++)
            there |= teal_bytes_equal(handles[i], handle);
        if (!there)
            handles[card.n_handles++] = handle;
    }
    card.handles = handles;
    if (card.n_handles == 0 || test_random_bool(r))
        card.name = test_hard_text(r, arena, 40, false);
    return card;
}

static recoded recode_cards(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_VCARD_ARENA(in.len));
    teal_bytes list = in;
    teal_vcard card;
    recoded what = { 0 };
    do {
        what.decoded = teal_vcard_next(&list, &arena, &card, &what.why);
        if (what.decoded == TEAL_OK)
            what.encoded = teal_vcard_encode(&card, out);
    } while (what.decoded == TEAL_OK && what.encoded == TEAL_OK && list.len > 0);
    return what;
}

static const char *card_comes_back(test_random *r)
{
    teal_arena arena = fresh(), a = scratch(sizeof scratch_room);
    teal_writer out = output();
    teal_vcard card = random_card(r, &arena), back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_vcard_encode(&card, &out), NULL);
    teal_bytes list = teal_written(&out);
    wrong = wrong ?: property_ok(teal_vcard_next(&list, &a, &back, &why), &why)
                  ?: property_that(list.len == 0)
                  ?: property_differ(back.name, card.name)
                  ?: property_that(back.n_handles == card.n_handles);
    for (size_t i = 0; i < card.n_handles && wrong == NULL; i++)
        wrong = property_differ(back.handles[i], card.handles[i]);
    return wrong ?: recode_canonical(recode_cards, teal_written(&out));
}

/* One card or two. */
static const char *changed_cards_become_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_vcard card = random_card(r, &arena);
    const char *wrong = property_ok(teal_vcard_encode(&card, &out), NULL);
    if (wrong == NULL && test_random_bool(r))
        wrong = property_ok(teal_vcard_encode(&card, &out), NULL);
    return wrong ?: recode_mutated(recode_cards, teal_written(&out), r);
}

static void test_vcard(void **state)
{
    (void)state;
    assert_property(card_comes_back, 2000);
    assert_property(changed_cards_become_canonical, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml),         cmocka_unit_test(test_imdn),
        cmocka_unit_test(test_iscomposing), cmocka_unit_test(test_filetransfer),
        cmocka_unit_test(test_location),    cmocka_unit_test(test_vcard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
