/* RFC 3339 date-times, as CPIM writes them, and Unix milliseconds. Proleptic Gregorian; no clock,
 * no locale, no time zone data. */
#ifndef TEAL_CODECS_RCS_DATETIME_H
#define TEAL_CODECS_RCS_DATETIME_H

#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_DATETIME_MIN_MS (-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define TEAL_DATETIME_MAX_MS 253402300799999   /* 9999-12-31T23:59:59.999Z */

/* Decodes one date-time: `2026-11-24T10:00:00.5+01:00`. Any case of T and Z, a
 * blank for T; 1 to 9 fraction digits behind a point or comma, cut to milliseconds; second 60 is the
 * first of the next minute. An offset is required, since a time without one names no instant, and
 * may be `+1:00`, `+0100`, `+01` or `+1` too. REQ-CPIM-20, -21.
 *
 * out_ms: written on TEAL_OK, within TEAL_DATETIME_MIN_MS..TEAL_DATETIME_MAX_MS.
 *
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_LIMIT (offset leads out of the years 0000 to 9999). */
__attribute__((warn_unused_result))
teal_result teal_datetime_decode(teal_bytes in, int64_t *out_ms, teal_diag *why);

/* Appends the canonical form, 24 characters: `2026-11-24T09:00:00.123Z`.
 * Returns TEAL_OK; TEAL_LIMIT if ms is out of the range above (nothing is written). */
__attribute__((warn_unused_result))
teal_result teal_datetime_encode(int64_t ms, teal_writer *out);

#endif
