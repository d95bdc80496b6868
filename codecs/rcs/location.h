/* A location that is sent as a message: application/vnd.gsma.rcspushlocation+xml (RCC.07), a
 * PIDF-LO circle or point. REQ-LOC-*. Provisional: compared with deployed clients, not with the
 * text of RCC.07. */
#ifndef TEAL_CODECS_RCS_LOCATION_H
#define TEAL_CODECS_RCS_LOCATION_H

#include "codecs/xml.h"

#define TEAL_XMLNS_LOCATION "urn:gsma:params:xml:ns:rcs:rcs:geolocation"
#define TEAL_XMLNS_RPID     "urn:ietf:params:xml:ns:pidf:rpid"
#define TEAL_XMLNS_GEOPRIV  "urn:ietf:params:xml:ns:pidf:geopriv10"
#define TEAL_XMLNS_GML      "http://www.opengis.net/gml"
#define TEAL_XMLNS_SHAPES   "http://www.opengis.net/pidflo/1.0"
#define TEAL_LOCATION_TYPE  "application/vnd.gsma.rcspushlocation+xml"

enum {
    TEAL_LOCATION_MAX_TEXT_BYTES = 1024,
    TEAL_LOCATION_MAX_OFFSET_MIN = 14 * 60,
};
#define TEAL_NANODEGREES            INT64_C(1000000000)
#define TEAL_LOCATION_MAX_RADIUS_MM UINT64_C(50000000000) /* around the globe, and some */

/* WGS 84 (EPSG 4326). Numbers with nine, three digits behind the point are kept as they are; what
 * is finer is cut off. */
typedef struct teal_location {
    int64_t latitude_ndeg, longitude_ndeg; /* billionths of a degree: -90..90, -180..180 */
    uint64_t radius_mm;                    /* of the circle; 0: a point */
    teal_bytes entity;                     /* URI of whose location it is; empty: not said */
    teal_bytes id, label;                  /* label: what people read; empty: none */
    bool has_time_offset;
    int16_t time_offset_min; /* of local time there from UTC */
    bool has_until;          /* retention-expiry was there and readable */
    int64_t until_ms;
    bool has_at; /* timestamp was there and readable */
    int64_t at_ms;
} teal_location;

/* Decodes one XML document (xml.h). Elements below the root are known by local name, whatever their
 * namespace; the root may be called `rcsenveloppe`, as some clients have it.
 * arena: holds the texts of *out; TEAL_XML_ARENA(in.len) bytes are always enough.
 * Returns TEAL_OK, what teal_xml_read returns, TEAL_MALFORMED (no position, or one that is not on
 * the globe; an element twice), TEAL_UNSUPPORTED (another root, shape, or reference system),
 * TEAL_LIMIT (a text). */
__attribute__((warn_unused_result))
teal_result teal_location_decode(teal_bytes in, teal_arena *arena, teal_location *out,
                                 teal_diag *why);

/* Appends the document. Returns TEAL_OK, TEAL_SPACE, TEAL_MALFORMED (a position that is not on the
 * globe), TEAL_LIMIT (a text, radius, offset or time is out of range). */
__attribute__((warn_unused_result))
teal_result teal_location_encode(const teal_location *l, teal_writer *out);

#endif
