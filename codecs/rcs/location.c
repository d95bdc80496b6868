/* Reads application/vnd.gsma.rcspushlocation+xml; see location.h. */
#include "codecs/rcs/location.h"

#include "codecs/rcs/datetime.h"

enum { DEGREE_DIGITS = 9, METRE_DIGITS = 3, MAX_EXPONENT = 400, KEPT_DIGITS = 17 };

typedef struct location_reader {
    const teal_xml_element *root, *push, *geopriv;
    teal_diag *why;
    teal_location out;
} location_reader;

static teal_result refuse(const location_reader *r, teal_result result, const char *rule,
                          const teal_xml_element *at)
{
    return teal_refuse(result, rule, at->at, r->why);
}

/* Child by local name; *child stays NULL where its parent is. */
static teal_result find(const location_reader *r, const teal_xml_element *parent, const char *name,
                        const teal_xml_element **child)
{
    *child = NULL;
    if (parent != NULL && !teal_xml_child(parent, NULL, name, child))
        return refuse(r, TEAL_MALFORMED, "REQ-LOC-2 element twice", parent);
    return TEAL_OK;
}

static teal_bytes text_of(const teal_xml_element *e)
{
    return e != NULL ? e->text : (teal_bytes){ 0 };
}

typedef struct decimal {
    bool negative;
    uint64_t digits;
    int exponent; /* digits * 10^exponent */
} decimal;

/* Digits with a point among them; those behind the seventeenth do not count. */
static bool read_digits(teal_reader *r, decimal *d)
{
    uint64_t limit = 1;
    bool any = false, point = false;
    for (int i = 0; i < KEPT_DIGITS; i++)
        limit *= 10;
    for (; teal_read_left(r) > 0; teal_read_u8(r)) {
        unsigned digit = (unsigned)*r->at - '0';
        if (*r->at == '.' && !point) {
            point = true;
            continue;
        }
        if (digit > 9)
            break;
        any = true;
        bool kept = d->digits < limit;
        if (kept)
            d->digits = d->digits * 10 + digit;
        d->exponent += (kept ? 0 : 1) - (point ? 1 : 0);
    }
    return any;
}

static bool read_exponent(teal_reader *r, decimal *d)
{
    bool negative = false;
    uint64_t exponent;
    (void)teal_read_u8(r); /* the e */
    teal_bytes text = teal_read_bytes(r, teal_read_left(r));
    if (text.len > 1 && text.at[0] == '-') {
        negative = true;
        text = (teal_bytes){ text.at + 1, text.len - 1 };
        if (text.at[0] == '+')
            return false;
    }
    if (!teal_xml_number(text, MAX_EXPONENT, &exponent))
        return false;
    d->exponent += negative ? -(int)exponent : (int)exponent;
    return true;
}

/* xs:double, cut off `behind` digits behind the point: the value times 10^behind. */
static bool read_decimal(teal_bytes text, int behind, int64_t max, int64_t *out)
{
    teal_reader r = teal_reader_of(text);
    decimal d = { 0 };
    if (text.len > 0 && (text.at[0] == '-' || text.at[0] == '+'))
        d.negative = teal_read_u8(&r) == '-';
    if (!read_digits(&r, &d) || (teal_read_left(&r) > 0 && (*r.at | 0x20) != 'e') ||
        (teal_read_left(&r) > 0 && !read_exponent(&r, &d)))
        return false;
    int exponent = d.exponent + behind;
    for (; exponent < 0 && d.digits > 0; exponent++)
        d.digits /= 10;
    for (; exponent > 0 && d.digits > 0; exponent--) {
        if (d.digits > (uint64_t)max)
            return false;
        d.digits *= 10;
    }
    if (d.digits > (uint64_t)max)
        return false;
    *out = d.negative ? -(int64_t)d.digits : (int64_t)d.digits;
    return true;
}

/* Takes the next value off a list; empty where none is left. */
static teal_bytes next_value(teal_bytes *list)
{
    teal_bytes rest = teal_xml_trim(*list), value = { rest.at, 0 };
    while (value.len < rest.len && rest.at[value.len] > ' ')
        value.len++;
    *list = (teal_bytes){ rest.at + value.len, rest.len - value.len };
    return value;
}

/* Latitude, longitude; an altitude behind them is not kept. */
static teal_result read_position(location_reader *r, const teal_xml_element *shape)
{
    const teal_xml_element *pos;
    teal_result result = find(r, shape, "pos", &pos);
    if (result != TEAL_OK)
        return result;
    teal_bytes list = text_of(pos);
    if (list.len == 0 ||
        !read_decimal(next_value(&list), DEGREE_DIGITS, 90 * TEAL_NANODEGREES,
                      &r->out.latitude_ndeg) ||
        !read_decimal(next_value(&list), DEGREE_DIGITS, 180 * TEAL_NANODEGREES,
                      &r->out.longitude_ndeg))
        return refuse(r, TEAL_MALFORMED, "REQ-LOC-3 no position on the globe", shape);
    return TEAL_OK;
}

static bool ends_with(teal_bytes b, const char *end)
{
    size_t len = strlen(end);
    return b.len >= len && memcmp(b.at + b.len - len, end, len) == 0;
}

/* Metres: EPSG 9001, or nothing said. */
static teal_result read_radius(location_reader *r, const teal_xml_element *shape)
{
    const teal_xml_element *radius;
    int64_t mm;
    teal_result result = find(r, shape, "radius", &radius);
    if (result != TEAL_OK || radius == NULL)
        return result;
    teal_bytes unit = teal_xml_attribute_of(radius, "uom");
    if (unit.len > 0 && !ends_with(unit, ":9001"))
        return refuse(r, TEAL_UNSUPPORTED, "REQ-LOC-4 radius is not in metres", radius);
    if (!read_decimal(radius->text, METRE_DIGITS, (int64_t)TEAL_LOCATION_MAX_RADIUS_MM, &mm) ||
        mm < 0)
        return refuse(r, TEAL_MALFORMED, "REQ-LOC-4 radius is no length", radius);
    r->out.radius_mm = (uint64_t)mm;
    return TEAL_OK;
}

static teal_result read_shape(location_reader *r)
{
    const teal_xml_element *info, *circle, *point;
    teal_result result = find(r, r->geopriv, "location-info", &info);
    if (result == TEAL_OK)
        result = find(r, info, "Circle", &circle);
    if (result == TEAL_OK)
        result = find(r, info, "Point", &point);
    if (result != TEAL_OK)
        return result;
    const teal_xml_element *shape = circle != NULL ? circle : point;
    if (circle != NULL && point != NULL)
        return refuse(r, TEAL_MALFORMED, "REQ-LOC-2 two shapes", info);
    if (shape == NULL)
        return refuse(r, TEAL_UNSUPPORTED, "REQ-LOC-3 neither Circle nor Point", r->push);
    teal_bytes system = teal_xml_attribute_of(shape, "srsName");
    if (system.len > 0 && !ends_with(system, ":4326") && !ends_with(system, ":4979"))
        return refuse(r, TEAL_UNSUPPORTED, "REQ-LOC-3 another reference system", shape);
    result = read_position(r, shape);
    if (result == TEAL_OK && circle != NULL)
        result = read_radius(r, circle);
    return result;
}

static teal_result read_attributes(location_reader *r)
{
    r->out.entity = teal_xml_attribute_of(r->root, "entity");
    r->out.id = teal_xml_attribute_of(r->push, "id");
    r->out.label = teal_xml_attribute_of(r->push, "label");
    if (r->out.entity.len > TEAL_LOCATION_MAX_TEXT_BYTES ||
        r->out.id.len > TEAL_LOCATION_MAX_TEXT_BYTES ||
        r->out.label.len > TEAL_LOCATION_MAX_TEXT_BYTES)
        return refuse(r, TEAL_LIMIT, "REQ-LOC-2 text too long", r->push);
    return TEAL_OK;
}

/* What cannot be read is as if it were not there: the position counts. */
static teal_result read_times(location_reader *r)
{
    const teal_xml_element *offset, *rules, *expiry, *at;
    int64_t minutes;
    teal_result result = find(r, r->push, "time-offset", &offset);
    if (result == TEAL_OK)
        result = find(r, r->geopriv, "usage-rules", &rules);
    if (result == TEAL_OK)
        result = find(r, rules, "retention-expiry", &expiry);
    if (result == TEAL_OK)
        result = find(r, r->push, "timestamp", &at);
    if (result != TEAL_OK)
        return result;
    r->out.has_until = teal_datetime_decode(text_of(expiry), &r->out.until_ms, NULL) == TEAL_OK;
    r->out.has_at = teal_datetime_decode(text_of(at), &r->out.at_ms, NULL) == TEAL_OK;
    r->out.has_time_offset =
        read_decimal(text_of(offset), 0, TEAL_LOCATION_MAX_OFFSET_MIN, &minutes);
    if (r->out.has_time_offset)
        r->out.time_offset_min = (int16_t)minutes;
    return TEAL_OK;
}

static teal_result check_root(const location_reader *r)
{
    static const char *const names[] = { "rcsenvelope", "rcsenveloppe" };
    const teal_bytes known = teal_text(TEAL_XMLNS_LOCATION), none = { 0 };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (teal_xml_is(r->root, known, names[i]) || teal_xml_is(r->root, none, names[i]))
            return TEAL_OK;
    }
    return refuse(r, TEAL_UNSUPPORTED, "REQ-LOC-1 root is not rcsenvelope", r->root);
}

teal_result teal_location_decode(teal_bytes in, teal_arena *arena, teal_location *out,
                                 teal_diag *why)
{
    location_reader r = { .why = why };
    teal_result result = teal_xml_read(in, arena, &r.root, why);
    if (result == TEAL_OK)
        result = check_root(&r);
    if (result == TEAL_OK)
        result = find(&r, r.root, "rcspushlocation", &r.push);
    if (result == TEAL_OK && r.push == NULL)
        result = refuse(&r, TEAL_MALFORMED, "REQ-LOC-2 no rcspushlocation", r.root);
    if (result == TEAL_OK)
        result = read_attributes(&r);
    if (result == TEAL_OK)
        result = find(&r, r.push, "geopriv", &r.geopriv);
    if (result == TEAL_OK)
        result = read_shape(&r);
    if (result == TEAL_OK)
        result = read_times(&r);
    if (result == TEAL_OK)
        *out = r.out;
    return result;
}
