/* Time stamps of SMS TPDUs: local time in swapped decimal digits, and its offset from UTC.
 * Source: 3GPP TS 23.040 §9.2.3.11, .12.2, .13. PROTOCOL.md REQ-SMS-62. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_TPDU_TIME_H
#define TEAL_CODECS_SMS_TPDU_TIME_H

#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_TPDU_TIME_OCTETS       7
#define TEAL_TPDU_TIME_UNKNOWN      INT64_MIN
#define TEAL_TPDU_TIME_MAX_QUARTERS 79

/* The year has two digits: 90..99 are of the 1990s, 00..89 of the 2000s. */
typedef struct teal_tpdu_time {
    int64_t unix_ms;                       /* TEAL_TPDU_TIME_UNKNOWN: the octets name no moment */
    int8_t zone_quarters;                  /* local time less UTC in quarters of an hour, -79..79 */
    uint8_t octets[TEAL_TPDU_TIME_OCTETS]; /* as they were; count only where unknown */
} teal_tpdu_time;

/* Reads seven octets; never refuses them: many centres send zeros for what they do not know. */
teal_tpdu_time teal_tpdu_time_read(teal_reader *r);

/* Appends seven octets, milliseconds cut off. False, and nothing appended, if local time is outside
 * 1990..2089 or the zone outside its bounds. */
__attribute__((warn_unused_result)) bool teal_tpdu_time_write(const teal_tpdu_time *t,
                                                              teal_writer *w);

#endif
