/* Writes application/vnd.gsma.rcspushlocation+xml; see location.h. */
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/location.h"

/* A number of which `behind` digits stand behind the point, without zeros at its end. */
static void write_decimal(teal_writer *out, int64_t number, unsigned behind)
{
    uint64_t magnitude = number < 0 ? -(uint64_t)number : (uint64_t)number, unit = 1;
    for (unsigned i = 0; i < behind; i++)
        unit *= 10;
    if (number < 0)
        teal_write_u8(out, '-');
    teal_write_decimal(out, magnitude / unit);
    uint64_t fraction = magnitude % unit;
    if (fraction > 0)
        teal_write_u8(out, '.');
    while (fraction > 0) {
        unit /= 10;
        teal_write_u8(out, (uint8_t)('0' + fraction / unit));
        fraction %= unit;
    }
}

static void write_shape(teal_writer *out, const teal_location *l)
{
    const char *shape = l->radius_mm > 0 ? "gs:Circle" : "gml:Point";
    teal_write_text(out, "<gp:location-info><");
    teal_write_text(out, shape);
    teal_write_text(out, " srsName=\"urn:ogc:def:crs:EPSG::4326\"><gml:pos>");
    write_decimal(out, l->latitude_ndeg, 9);
    teal_write_text(out, " ");
    write_decimal(out, l->longitude_ndeg, 9);
    teal_write_text(out, "</gml:pos>");
    if (l->radius_mm > 0) {
        teal_write_text(out, "<gs:radius uom=\"urn:ogc:def:uom:EPSG::9001\">");
        write_decimal(out, (int64_t)l->radius_mm, 3);
        teal_write_text(out, "</gs:radius>");
    }
    teal_write_text(out, "</");
    teal_write_text(out, shape);
    teal_write_text(out, "></gp:location-info>");
}

static teal_result check(const teal_location *l)
{
    teal_writer measured = { 0 };
    if (l->latitude_ndeg < -90 * TEAL_NANODEGREES || l->latitude_ndeg > 90 * TEAL_NANODEGREES ||
        l->longitude_ndeg < -180 * TEAL_NANODEGREES || l->longitude_ndeg > 180 * TEAL_NANODEGREES)
        return TEAL_MALFORMED;
    if (l->entity.len > TEAL_LOCATION_MAX_TEXT_BYTES || l->id.len > TEAL_LOCATION_MAX_TEXT_BYTES ||
        l->label.len > TEAL_LOCATION_MAX_TEXT_BYTES || l->radius_mm > TEAL_LOCATION_MAX_RADIUS_MM ||
        (l->has_time_offset && (l->time_offset_min < -TEAL_LOCATION_MAX_OFFSET_MIN ||
                                l->time_offset_min > TEAL_LOCATION_MAX_OFFSET_MIN)) ||
        (l->has_until && teal_datetime_encode(l->until_ms, &measured) != TEAL_OK) ||
        (l->has_at && teal_datetime_encode(l->at_ms, &measured) != TEAL_OK))
        return TEAL_LIMIT;
    return TEAL_OK;
}

static void put_date(teal_writer *out, const char *name, int64_t ms)
{
    uint8_t text[24];
    teal_writer date = { text, sizeof text, 0 };
    (void)!teal_datetime_encode(ms, &date); /* check has asked */
    teal_xml_put_element(out, name, teal_written(&date));
}

static void write_push(teal_writer *out, const teal_location *l)
{
    teal_write_text(out, "<rcspushlocation");
    if (l->id.len > 0)
        teal_xml_put_attribute(out, "id", l->id);
    if (l->label.len > 0)
        teal_xml_put_attribute(out, "label", l->label);
    teal_write_text(out, ">");
    if (l->has_time_offset) {
        teal_write_text(out, "<rpid:time-offset>");
        write_decimal(out, l->time_offset_min, 0);
        teal_write_text(out, "</rpid:time-offset>");
    }
    teal_write_text(out, "<gp:geopriv>");
    write_shape(out, l);
    teal_write_text(out, "<gp:usage-rules>");
    if (l->has_until)
        put_date(out, "gp:retention-expiry", l->until_ms);
    teal_write_text(out, "</gp:usage-rules></gp:geopriv>");
    if (l->has_at)
        put_date(out, "timestamp", l->at_ms);
    teal_write_text(out, "</rcspushlocation>");
}

teal_result teal_location_encode(const teal_location *l, teal_writer *out)
{
    teal_result result = check(l);
    if (result != TEAL_OK)
        return result;
    teal_write_text(out, TEAL_XML_DECLARATION
                    "<rcsenvelope xmlns=\"" TEAL_XMLNS_LOCATION "\" xmlns:rpid=\"" TEAL_XMLNS_RPID
                    "\" xmlns:gp=\"" TEAL_XMLNS_GEOPRIV "\" xmlns:gml=\"" TEAL_XMLNS_GML
                    "\" xmlns:gs=\"" TEAL_XMLNS_SHAPES "\"");
    if (l->entity.len > 0)
        teal_xml_put_attribute(out, "entity", l->entity);
    teal_write_text(out, ">");
    write_push(out, l);
    teal_write_text(out, "</rcsenvelope>\r\n");
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}
