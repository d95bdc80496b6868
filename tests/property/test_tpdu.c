/* Properties of SMS TPDUs and their user data headers. */
#include "codecs/sms/coding.h"
#include "codecs/sms/tpdu.h"
#include "codecs/sms/udh.h"
#include "tests/support/recode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* --- user data headers -------------------------------------------------------------------------
 */

static teal_udh random_udh(test_random *r)
{
    teal_udh u = { .shift = { test_random_u8(r), test_random_u8(r) } };
    uint16_t most = test_random_bool(r) ? 0xFFFF : 0xFF;
    if (test_random_bool(r))
        u.ports = (teal_udh_ports){ (uint16_t)test_random_between(r, 0, most),
                                    (uint16_t)test_random_between(r, 0, most), true, most > 0xFF };
    if (test_random_bool(r)) {
        u.concat = (teal_udh_concat){ .ref = (uint16_t)test_random_between(r, 0, most),
                                      .total = (uint8_t)test_random_between(r, 1, 255),
                                      .wide = most > 0xFF };
        u.concat.seq = (uint8_t)test_random_between(r, 1, u.concat.total);
    }
    return u;
}

static const char *same_udh(const teal_udh *a, const teal_udh *b)
{
    return property_that(a->concat.ref == b->concat.ref)
               ?: property_that(a->concat.total == b->concat.total)
               ?: property_that(a->concat.seq == b->concat.seq)
               ?: property_that(a->concat.wide == b->concat.wide)
               ?: property_that(a->shift.locking == b->shift.locking)
               ?: property_that(a->shift.single == b->shift.single)
               ?: property_that(a->ports.destination == b->ports.destination)
               ?: property_that(a->ports.source == b->ports.source)
               ?: property_that(a->ports.present == b->ports.present)
               ?: property_that(a->ports.wide == b->ports.wide);
}

static recoded recode_udh(teal_bytes in, teal_writer *out)
{
    teal_udh u;
    size_t len = 0;
    recoded what = { 0 };
    what.decoded = teal_udh_decode(in, &u, &what.why);
    if (what.decoded == TEAL_OK) {
        what.encoded = teal_udh_encode(&u, out->base, out->cap, &len);
        if (len == 0) /* says nothing: no header is written, and an empty one says the same */
            teal_write_u8(out, 0);
        else
            out->len = len;
    }
    return what;
}

static const char *udh_comes_back(test_random *r)
{
    uint8_t octets[TEAL_UDH_MAX_OCTETS];
    size_t len = 0;
    teal_udh u = random_udh(r), back;
    teal_bytes encoded = { octets, 0 };
    const char *wrong = property_ok(teal_udh_encode(&u, octets, sizeof octets, &len), NULL);
    encoded.len = len;
    if (wrong != NULL || len == 0)
        return wrong ?: property_moot;
    return property_ok(teal_udh_decode(encoded, &back, NULL), NULL)
               ?: same_udh(&back, &u)
               ?: recode_canonical(recode_udh, encoded);
}

static const char *changed_udh_becomes_canonical(test_random *r)
{
    uint8_t octets[TEAL_UDH_MAX_OCTETS];
    size_t len = 0;
    teal_udh u = random_udh(r);
    return property_ok(teal_udh_encode(&u, octets, sizeof octets, &len), NULL)
               ?: recode_mutated(recode_udh, (teal_bytes){ octets, len }, r);
}

static void test_udh(void **state)
{
    (void)state;
    assert_property(udh_comes_back, 5000);
    assert_property(changed_udh_becomes_canonical, 5000);
}

/* --- units -------------------------------------------------------------------------------------
 */

static teal_tpdu_time random_time(test_random *r)
{
    int quarters = (int)test_random_below(r, 2 * 79 + 1) - 79;
    int64_t local = 631152000 + (int64_t)test_random_below(r, 3155760000);
    teal_tpdu_time t = { (local - quarters * 900) * 1000, (int8_t)quarters, { 0 } };
    if (test_random_below(r, 8) == 7) {
        t = (teal_tpdu_time){ .unix_ms = TEAL_TPDU_TIME_UNKNOWN };
        t.octets[1] = test_random_u8(r) | 0x0F; /* of a month that is no number */
    }
    return t;
}

static teal_tpdu_address random_address(test_random *r)
{
    static const char *const letters[] = { "a", "Z", "é", "€", "@", "Δ", " ", "1", "[" };
    teal_tpdu_address a = { .ton = (uint8_t)test_random_below(r, 8),
                            .npi = (uint8_t)test_random_below(r, 16) };
    teal_writer w = { a.text, sizeof a.text, 0 };
    bool name = a.ton == TEAL_TPDU_TON_ALPHANUMERIC;
    for (size_t n = test_random_below(r, name ? 6 : 21); n > 0; n--)
        if (name)
            teal_write_text(&w, letters[test_random_below(r, 9)]);
        else
            teal_write_u8(&w, (uint8_t) "0123456789*#abc"[test_random_below(r, 15)]);
    a.len = (uint8_t)w.len;
    return a;
}

static void random_user_data(test_random *r, teal_tpdu *t)
{
    static const uint8_t codings[] = { 0x00, 0x04, 0x08, 0x11, 0xC0, 0xE0, 0xF5, 0x24 };
    t->data_coding = codings[test_random_below(r, sizeof codings)];
    bool gsm7 = teal_tpdu_coding(t->data_coding) == TEAL_CODING_GSM7;
    size_t header = 0, most = gsm7 ? 160 : 140;
    t->has_header = test_random_bool(r);
    if (t->has_header) {
        header = test_random_between(r, 1, 30);
        t->user_data[0] = (uint8_t)(header - 1);
        most = gsm7 ? 160 - (header * 8 + 6) / 7 + header : 140;
    }
    t->len = (uint8_t)test_random_between(r, header, most);
    for (size_t i = t->has_header ? 1 : 0; i < t->len; i++)
        t->user_data[i] = (uint8_t)test_random_below(r, gsm7 && i >= header ? 0x80 : 0x100);
}

static teal_tpdu random_tpdu(test_random *r)
{
    teal_tpdu t = { .type = (teal_tpdu_type)test_random_below(r, 3),
                    .report = test_random_bool(r),
                    .address = random_address(r),
                    .has_protocol_id = true,
                    .has_data_coding = true,
                    .has_user_data = true };
    bool report = t.type == TEAL_TPDU_STATUS_REPORT, submit = t.type == TEAL_TPDU_SUBMIT;
    t.more_to_send = !submit && test_random_bool(r);
    t.loop_prevention = !submit && test_random_bool(r);
    t.reject_duplicates = submit && test_random_bool(r);
    t.reply_path = !report && test_random_bool(r);
    if (t.type != TEAL_TPDU_DELIVER)
        t.reference = test_random_u8(r);
    if (!submit)
        t.centre_time = random_time(r);
    if (report) {
        t.discharge_time = random_time(r);
        t.status = test_random_u8(r);
        t.has_protocol_id = test_random_bool(r);
        t.has_data_coding = t.has_user_data = test_random_bool(r);
    } else if (submit) {
        t.validity.format = (teal_tpdu_validity_format)test_random_below(r, 4);
        if (t.validity.format == TEAL_TPDU_VALIDITY_RELATIVE)
            t.validity.relative = test_random_u8(r);
        else if (t.validity.format == TEAL_TPDU_VALIDITY_ABSOLUTE)
            t.validity.absolute = random_time(r);
        else if (t.validity.format == TEAL_TPDU_VALIDITY_ENHANCED)
            t.validity.enhanced[test_random_below(r, 7)] = test_random_u8(r);
    }
    if (t.has_protocol_id)
        t.protocol_id = test_random_u8(r);
    if (t.has_user_data)
        random_user_data(r, &t);
    return t;
}

static const char *same_time(const teal_tpdu_time *a, const teal_tpdu_time *b)
{
    return property_that(a->unix_ms == b->unix_ms)
               ?: property_that(a->zone_quarters == b->zone_quarters)
               ?: (b->unix_ms != TEAL_TPDU_TIME_UNKNOWN
                       ? NULL
                       : property_differ(TEAL_VIEW(a->octets), TEAL_VIEW(b->octets)));
}

static const char *same_validity(const teal_tpdu_validity *a, const teal_tpdu_validity *b)
{
    return property_that(a->format == b->format)
               ?: property_that(a->relative == b->relative)
               ?: property_differ(TEAL_VIEW(a->enhanced), TEAL_VIEW(b->enhanced))
               ?: (b->format == TEAL_TPDU_VALIDITY_ABSOLUTE ? same_time(&a->absolute, &b->absolute)
                                                            : NULL);
}

static const char *same_address(const teal_tpdu_address *a, const teal_tpdu_address *b)
{
    return property_that(a->ton == b->ton)
               ?: property_that(a->npi == b->npi)
               ?: property_differ((teal_bytes){ a->text, a->len }, (teal_bytes){ b->text, b->len });
}

static const char *same_flags(const teal_tpdu *a, const teal_tpdu *b)
{
    return property_that(a->more_to_send == b->more_to_send)
               ?: property_that(a->loop_prevention == b->loop_prevention)
               ?: property_that(a->reject_duplicates == b->reject_duplicates)
               ?: property_that(a->reply_path == b->reply_path)
               ?: property_that(a->report == b->report)
               ?: property_that(a->has_header == b->has_header)
               ?: property_that(a->has_protocol_id == b->has_protocol_id)
               ?: property_that(a->has_data_coding == b->has_data_coding)
               ?: property_that(a->has_user_data == b->has_user_data);
}

static const char *same_tpdu(const teal_tpdu *a, const teal_tpdu *b)
{
    return property_that(a->type == b->type)
               ?: same_flags(a, b)
               ?: property_that(a->reference == b->reference)
               ?: property_that(a->status == b->status)
               ?: property_that(a->protocol_id == b->protocol_id)
               ?: property_that(a->data_coding == b->data_coding)
               ?: same_address(&a->address, &b->address)
               ?: same_validity(&a->validity, &b->validity)
               ?: property_differ((teal_bytes){ a->user_data, a->len },
                                  (teal_bytes){ b->user_data, b->len })
               ?: (b->type == TEAL_TPDU_SUBMIT ? NULL : same_time(&a->centre_time, &b->centre_time))
               ?: (b->type == TEAL_TPDU_STATUS_REPORT
                       ? same_time(&a->discharge_time, &b->discharge_time)
                       : NULL);
}

static recoded recode_tpdu(teal_bytes in, teal_tpdu_direction direction, teal_writer *out)
{
    teal_tpdu t;
    recoded what = { 0 };
    what.decoded = teal_tpdu_decode(in, direction, &t, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_tpdu_encode(&t, out, NULL);
    return what;
}

static recoded recode_to_centre(teal_bytes in, teal_writer *out)
{
    return recode_tpdu(in, TEAL_TPDU_TO_CENTRE, out);
}

static recoded recode_from_centre(teal_bytes in, teal_writer *out)
{
    return recode_tpdu(in, TEAL_TPDU_FROM_CENTRE, out);
}

static const char *tpdu_comes_back(test_random *r)
{
    uint8_t octets[TEAL_TPDU_MAX_OCTETS];
    teal_writer w = { octets, sizeof octets, 0 };
    teal_tpdu t = random_tpdu(r), back;
    teal_diag why = { 0 };
    bool submit = t.type == TEAL_TPDU_SUBMIT;
    teal_tpdu_direction direction = submit ? TEAL_TPDU_TO_CENTRE : TEAL_TPDU_FROM_CENTRE;
    return property_ok(teal_tpdu_encode(&t, &w, &why), &why)
               ?: property_ok(teal_tpdu_decode(teal_written(&w), direction, &back, &why), &why)
               ?: same_tpdu(&back, &t)
               ?: recode_canonical(submit ? recode_to_centre : recode_from_centre,
                                   teal_written(&w));
}

static const char *changed_tpdu_becomes_canonical(test_random *r)
{
    uint8_t octets[TEAL_TPDU_MAX_OCTETS];
    teal_writer w = { octets, sizeof octets, 0 };
    teal_tpdu t = random_tpdu(r);
    recoder again = t.type == TEAL_TPDU_SUBMIT ? recode_to_centre : recode_from_centre;
    return property_ok(teal_tpdu_encode(&t, &w, NULL), NULL)
               ?: recode_mutated(again, teal_written(&w), r);
}

static void test_tpdu(void **state)
{
    (void)state;
    assert_property(tpdu_comes_back, 10000);
    assert_property(changed_tpdu_becomes_canonical, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_udh),
        cmocka_unit_test(test_tpdu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
