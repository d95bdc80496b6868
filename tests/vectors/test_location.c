/* Locations against the documents of deployed clients, and numbers of every shape. */
#include "codecs/rcs/location.h"
#include "tests/support/bytes.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PUSH(shape)                                                                                \
    "<rcsenvelope xmlns='urn:gsma:params:xml:ns:rcs:rcs:geolocation'><rcspushlocation><geopriv>"   \
    "<location-info>" shape "</location-info></geopriv></rcspushlocation></rcsenvelope>"
#define POINT(pos) PUSH("<Point><pos>" pos "</pos></Point>")

static _Alignas(16) uint8_t room[256 << 10];

static teal_result decode_bytes(const void *in, size_t len, teal_location *l, teal_diag *why)
{
    teal_arena arena = { room, TEAL_XML_ARENA(len), 0 };
    return exact_decode(teal_location_decode, in, len, arena, l, why);
}

static teal_result decode(const char *in, teal_location *l, teal_diag *why)
{
    return decode_bytes(in, strlen(in), l, why);
}

/* The shape that clients share, which is RCC.07's example. */
static void test_deployed(void **state)
{
    (void)state;
    const char *in =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
        "<rcsenvelope xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:geolocation\""
        " xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\""
        " xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\""
        " xmlns:gml=\"http://www.opengis.net/gml\""
        " xmlns:gs=\"http://www.opengis.net/pidflo/1.0\" entity=\"tel:+12345678901\">\r\n"
        " <rcspushlocation id=\"a123\" label =\"meeting location\" >\r\n"
        "  <rpid:place-type rpid:until=\"2012-03-15T21:00:00-05:00\"> </rpid:place-type>\r\n"
        "  <rpid:time-offset rpid:until=\"2012-03-15T21:00:00-05:00\">-300</rpid:time-offset>\r\n"
        "  <gp:geopriv>\r\n   <gp:location-info>\r\n"
        "    <gs:Circle srsName=\"urn:ogc:def:crs:EPSG::4326\">\r\n"
        "     <gml:pos>48.731964 -3.45829</gml:pos>\r\n"
        "     <gs:radius uom=\"urn:ogc:def:uom:EPSG::9001\">10</gs:radius>\r\n"
        "    </gs:Circle>\r\n   </gp:location-info>\r\n   <gp:usage-rules>\r\n"
        "    <gp:retention-expiry>2012-03-15T21:00:00-05:00</gp:retention-expiry>\r\n"
        "   </gp:usage-rules>\r\n  </gp:geopriv>\r\n"
        "  <timestamp>2012-03-15T16:09:44-05:00</timestamp>\r\n"
        " </rcspushlocation>\r\n</rcsenvelope>";
    teal_location l;
    teal_diag why = { 0 };
    if (decode(in, &l, &why) != TEAL_OK)
        fail_msg("%s at %zu", why.rule, why.at);
    assert_true(l.latitude_ndeg == 48731964000 && l.longitude_ndeg == -3458290000);
    assert_int_equal(l.radius_mm, 10000);
    assert_text(l.entity, "tel:+12345678901");
    assert_text(l.id, "a123");
    assert_text(l.label, "meeting location");
    assert_true(l.has_time_offset && l.time_offset_min == -300);
    assert_true(l.has_until && l.until_ms == 1331863200000);
    assert_true(l.has_at && l.at_ms == 1331845784000);
    for (size_t cut = 0; cut < strlen(in); cut++)
        assert_int_equal(decode_bytes(in, cut, &l, &why), TEAL_MALFORMED);
}

/* A client's own spelling of the root, radius before the position, an empty offset. */
static void test_misspelt(void **state)
{
    (void)state;
    const char *in =
        "<rcsenveloppe xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:geolocation\""
        " xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" xmlns:gp=\"urn:x\" xmlns:gs=\"urn:y\""
        " entity=\"tel: +1\"><rcspushlocation id=\"a1233\" label=\"Location\">"
        "<rpid:time-offset rpid:until=\"2014\"></rpid:time-offset><gp:geopriv><gp:location-info>"
        "<gs:Circle srsName=\"urn:ogc:def:crs:EPSG::4326\"><gs:radius>1.5E1</gs:radius>"
        "<gs:pos>-1.0E-4 180</gs:pos></gs:Circle></gp:location-info></gp:geopriv>"
        "<timestamp>yesterday</timestamp></rcspushlocation></rcsenveloppe>";
    teal_location l;
    assert_int_equal(decode(in, &l, NULL), TEAL_OK);
    assert_true(l.latitude_ndeg == -100000 && l.longitude_ndeg == 180 * TEAL_NANODEGREES);
    assert_int_equal(l.radius_mm, 15000);
    assert_false(l.has_time_offset || l.has_until || l.has_at);
    assert_text(l.entity, "tel: +1");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *in;
        bool good;
        int64_t latitude_ndeg;
    } rows[] = {
        { POINT("0 0"), true, 0 },
        { POINT("-0.0 0"), true, 0 },
        { POINT("90 0"), true, 90000000000 },
        { POINT("-90.000000000 0"), true, -90000000000 },
        { POINT("90.000000001 0"), false, 0 },
        { POINT("+1.5 0"), true, 1500000000 },
        { POINT(".5 0"), true, 500000000 },
        { POINT("5. 0"), true, 5000000000 },
        { POINT("1.1234567891 0"), true, 1123456789 },
        { POINT("1.000000000000000000000000000000000000000000001 0"), true, 1000000000 },
        { POINT("0000000000000000000000000000000000000000000012 0"), true, 12000000000 },
        { POINT("12e-1 0"), true, 1200000000 },
        { POINT("0.00012e5 0"), true, 12000000000 },
        { POINT("1e-400 0"), true, 0 },
        { POINT("0e400 0"), true, 0 },
        { POINT("1e400 0"), false, 0 },
        { POINT("1e401 0"), false, 0 },
        { POINT("1e-+1 0"), false, 0 },
        { POINT("1e 0"), false, 0 },
        { POINT("99999999999999999999999999999999999999 0"), false, 0 },
        { POINT("1\n\t 2 300"), true, 1000000000 },
        { POINT("1"), false, 0 },
        { POINT(""), false, 0 },
        { POINT(". 0"), false, 0 },
        { POINT("- 0"), false, 0 },
        { POINT("1..2 0"), false, 0 },
        { POINT("1,5 0"), false, 0 },
        { POINT("NaN 0"), false, 0 },
        { POINT("INF 0"), false, 0 },
        { POINT("0x10 0"), false, 0 },
        { POINT("0 180.1"), false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_location l;
        teal_diag why = { 0 };
        teal_result result = decode(rows[i].in, &l, &why);
        if ((result == TEAL_OK) != rows[i].good)
            fail_msg("%s: %d", rows[i].in, result);
        if (rows[i].good && l.latitude_ndeg != rows[i].latitude_ndeg)
            fail_msg("%s: %lld", rows[i].in, (long long)l.latitude_ndeg);
        if (!rows[i].good)
            assert_memory_equal(why.rule, "REQ-LOC-3 ", 10);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *in;
        teal_result want;
        const char *rule;
    } rows[] = {
        { "another root", "<envelope/>", TEAL_UNSUPPORTED, "REQ-LOC-1 " },
        { "root of another namespace", "<rcsenvelope xmlns='urn:x'/>", TEAL_UNSUPPORTED,
          "REQ-LOC-1 " },
        { "empty", "<rcsenvelope/>", TEAL_MALFORMED, "REQ-LOC-2 " },
        { "two locations", "<rcsenvelope><rcspushlocation/><rcspushlocation/></rcsenvelope>",
          TEAL_MALFORMED, "REQ-LOC-2 " },
        { "no shape", PUSH(""), TEAL_UNSUPPORTED, "REQ-LOC-3 neither" },
        { "polygon", PUSH("<Polygon/>"), TEAL_UNSUPPORTED, "REQ-LOC-3 neither" },
        { "two shapes", PUSH("<Point><pos>1 2</pos></Point><Circle><pos>3 4</pos></Circle>"),
          TEAL_MALFORMED, "REQ-LOC-2 two shapes" },
        { "two positions", PUSH("<Point><pos>1 2</pos><pos>3 4</pos></Point>"), TEAL_MALFORMED,
          "REQ-LOC-2 element twice" },
        { "no position", PUSH("<Point/>"), TEAL_MALFORMED, "REQ-LOC-3 no position" },
        { "another reference system",
          PUSH("<Point srsName='urn:ogc:def:crs:EPSG::3857'><pos>1 2</pos></Point>"),
          TEAL_UNSUPPORTED, "REQ-LOC-3 another" },
        { "two times of day",
          "<rcsenvelope><rcspushlocation><geopriv><location-info><Point><pos>1 2</pos></Point>"
          "</location-info></geopriv><timestamp>a</timestamp><timestamp>b</timestamp>"
          "</rcspushlocation></rcsenvelope>",
          TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "two circles", PUSH("<Circle/><Circle/>"), TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "two radii", PUSH("<Circle><pos>1 2</pos><radius>1</radius><radius>2</radius></Circle>"),
          TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "two points", PUSH("<Point/><Point/>"), TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "reference system of one word", PUSH("<Point srsName='x'><pos>1 2</pos></Point>"),
          TEAL_UNSUPPORTED, "REQ-LOC-3 another" },
        { "two infos",
          "<rcsenvelope><rcspushlocation><geopriv><location-info/><location-info/></geopriv></"
          "rcspushlocation></rcsenvelope>",
          TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "two offsets",
          "<rcsenvelope><rcspushlocation><geopriv><location-info><Point><pos>1 "
          "2</pos></Point></location-info></geopriv><time-offset/><time-offset/></"
          "rcspushlocation></rcsenvelope>",
          TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "two sets of rules",
          "<rcsenvelope><rcspushlocation><geopriv><location-info><Point><pos>1 "
          "2</pos></Point></location-info><usage-rules/><usage-rules/></geopriv></"
          "rcspushlocation></rcsenvelope>",
          TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "two expiries",
          "<rcsenvelope><rcspushlocation><geopriv><location-info><Point><pos>1 "
          "2</pos></Point></location-info><usage-rules><retention-expiry/><retention-expiry/></"
          "usage-rules></geopriv></rcspushlocation></rcsenvelope>",
          TEAL_MALFORMED, "REQ-LOC-2 element twice" },
        { "radius in degrees",
          PUSH(
              "<Circle><pos>1 2</pos><radius uom='urn:ogc:def:uom:EPSG::9102'>1</radius></Circle>"),
          TEAL_UNSUPPORTED, "REQ-LOC-4 " },
        { "radius below zero", PUSH("<Circle><pos>1 2</pos><radius>-1</radius></Circle>"),
          TEAL_MALFORMED, "REQ-LOC-4 " },
        { "radius beyond the globe", PUSH("<Circle><pos>1 2</pos><radius>1e9</radius></Circle>"),
          TEAL_MALFORMED, "REQ-LOC-4 " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        teal_location l;
        teal_diag why = { 0 };
        assert_int_equal(decode(rows[i].in, &l, &why), rows[i].want);
        assert_memory_equal(why.rule, rows[i].rule, strlen(rows[i].rule));
    }
}

/* A circle that does not say how large it is, in three dimensions. */
static void test_without_radius(void **state)
{
    (void)state;
    teal_location l;
    assert_int_equal(
        decode(PUSH("<Circle srsName='urn:ogc:def:crs:EPSG::4979'><pos>1 2 3</pos></Circle>"), &l,
               NULL),
        TEAL_OK);
    assert_int_equal(l.latitude_ndeg, TEAL_NANODEGREES);
    assert_int_equal(l.radius_mm, 0);
}

static void test_limit(void **state)
{
    (void)state;
    char in[2048];
    teal_location l;
    for (int len = TEAL_LOCATION_MAX_TEXT_BYTES; len < TEAL_LOCATION_MAX_TEXT_BYTES + 2; len++) {
        snprintf(in, sizeof in,
                 "<rcsenvelope><rcspushlocation label='%0*d'><geopriv><location-info><Point>"
                 "<pos>1 2</pos></Point></location-info></geopriv></rcspushlocation></rcsenvelope>",
                 len, 0);
        assert_int_equal(decode(in, &l, NULL),
                         len > TEAL_LOCATION_MAX_TEXT_BYTES ? TEAL_LIMIT : TEAL_OK);
    }
}

static void test_canonical(void **state)
{
    static const char want[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
        "<rcsenvelope xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:geolocation\" "
        "xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" "
        "xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" "
        "xmlns:gml=\"http://www.opengis.net/gml\" xmlns:gs=\"http://www.opengis.net/pidflo/1.0\" "
        "entity=\"tel:+14155550100\"><rcspushlocation id=\"a1\" label=\"&lt;here&gt;\">"
        "<rpid:time-offset>-480</rpid:time-offset><gp:geopriv><gp:location-info>"
        "<gs:Circle srsName=\"urn:ogc:def:crs:EPSG::4326\"><gml:pos>-0.000000001 "
        "-122.419416</gml:pos><gs:radius uom=\"urn:ogc:def:uom:EPSG::9001\">12.05</gs:radius>"
        "</gs:Circle></gp:location-info><gp:usage-rules><gp:retention-expiry>"
        "2026-11-24T09:00:00.123Z</gp:retention-expiry></gp:usage-rules></gp:geopriv><timestamp>"
        "1970-01-01T00:00:00.000Z</timestamp></rcspushlocation></rcsenvelope>\r\n";
    (void)state;
    uint8_t text[2048];
    const teal_location l = { .latitude_ndeg = -1,
                              .longitude_ndeg = -122419416000,
                              .radius_mm = 12050,
                              .entity = teal_text("tel:+14155550100"),
                              .id = teal_text("a1"),
                              .label = teal_text("<here>"),
                              .has_time_offset = true,
                              .time_offset_min = -480,
                              .has_until = true,
                              .until_ms = 1795510800123,
                              .has_at = true };
    for (size_t cap = 0; cap <= sizeof want; cap++) {
        teal_writer out = { text, cap, 0 };
        assert_int_equal(teal_location_encode(&l, &out), cap < strlen(want) ? TEAL_SPACE : TEAL_OK);
        assert_int_equal(out.len, strlen(want));
    }
    assert_memory_equal(text, want, strlen(want));
    teal_writer out = { text, sizeof text, 0 };
    teal_location bad = l;
    bad.latitude_ndeg = 90 * TEAL_NANODEGREES + 1;
    assert_int_equal(teal_location_encode(&bad, &out), TEAL_MALFORMED);
    bad = l;
    bad.radius_mm = TEAL_LOCATION_MAX_RADIUS_MM + 1;
    assert_int_equal(teal_location_encode(&bad, &out), TEAL_LIMIT);
    bad = l;
    bad.time_offset_min = TEAL_LOCATION_MAX_OFFSET_MIN + 1;
    assert_int_equal(teal_location_encode(&bad, &out), TEAL_LIMIT);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deployed),  cmocka_unit_test(test_misspelt),
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limit),     cmocka_unit_test(test_without_radius),
        cmocka_unit_test(test_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
