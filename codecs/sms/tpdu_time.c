/* TPDU time stamps and Unix time. Never takes a date that is not in the calendar. */
#include "codecs/sms/tpdu_time.h"

enum {
    FIRST_YEAR = 1990,
    LAST_YEAR = 2089,
    SECONDS_PER_DAY = 86400,
    SECONDS_PER_QUARTER = 900,
    ZONE_MINUS = 0x08, /* in the octet as it is sent: bit 3 */
};

typedef struct civil {
    int year, month, day, hour, minute, second;
} civil;

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static int days_in_year(int year)
{
    return is_leap(year) ? 366 : 365;
}

static int64_t seconds_of(const civil *c)
{
    int64_t days = c->day - 1;
    for (int year = 1970; year < c->year; year++)
        days += days_in_year(year);
    for (int month = 1; month < c->month; month++)
        days += days_in_month(c->year, month);
    return days * SECONDS_PER_DAY + c->hour * 3600 + c->minute * 60 + c->second;
}

/* seconds: of the years 1970 to LAST_YEAR. */
static civil civil_of(int64_t seconds)
{
    civil c = { .year = 1970, .month = 1 };
    int rest = (int)(seconds % SECONDS_PER_DAY);
    int64_t days = seconds / SECONDS_PER_DAY;
    for (; days >= days_in_year(c.year); c.year++)
        days -= days_in_year(c.year);
    for (; days >= days_in_month(c.year, c.month); c.month++)
        days -= days_in_month(c.year, c.month);
    c.day = (int)days + 1;
    c.hour = rest / 3600;
    c.minute = rest / 60 % 60;
    c.second = rest % 60;
    return c;
}

/* Two digits, the first in the low half; -1 if they are none. */
static int digits_of(uint8_t octet)
{
    int tens = octet & 0x0F, units = octet >> 4;
    return tens > 9 || units > 9 ? -1 : tens * 10 + units;
}

static uint8_t octet_of(int number)
{
    return (uint8_t)(number / 10 | number % 10 << 4);
}

static bool in_range(int value, int low, int high)
{
    return value >= low && value <= high;
}

static bool read_civil(const uint8_t *octets, civil *c)
{
    int year = digits_of(octets[0]);
    if (year < 0)
        return false;
    *c = (civil){ .year = year >= FIRST_YEAR % 100 ? 1900 + year : 2000 + year,
                  .month = digits_of(octets[1]),
                  .day = digits_of(octets[2]),
                  .hour = digits_of(octets[3]),
                  .minute = digits_of(octets[4]),
                  .second = digits_of(octets[5]) };
    return in_range(c->month, 1, 12) && in_range(c->day, 1, days_in_month(c->year, c->month)) &&
           in_range(c->hour, 0, 23) && in_range(c->minute, 0, 59) && in_range(c->second, 0, 59);
}

teal_tpdu_time teal_tpdu_time_read(teal_reader *r)
{
    teal_tpdu_time t = { .unix_ms = TEAL_TPDU_TIME_UNKNOWN };
    civil c;
    teal_read_copy(r, t.octets, sizeof t.octets);
    uint8_t zone = t.octets[6];
    int quarters = digits_of((uint8_t)(zone & ~ZONE_MINUS));
    if (r->failed || quarters < 0 || !read_civil(t.octets, &c))
        return t;
    t.zone_quarters = (int8_t)(zone & ZONE_MINUS ? -quarters : quarters);
    t.unix_ms = (seconds_of(&c) - t.zone_quarters * SECONDS_PER_QUARTER) * 1000;
    return t;
}

bool teal_tpdu_time_write(const teal_tpdu_time *t, teal_writer *w)
{
    if (t->unix_ms == TEAL_TPDU_TIME_UNKNOWN) {
        teal_write_bytes(w, (teal_bytes){ t->octets, sizeof t->octets });
        return true;
    }
    int quarters = t->zone_quarters;
    const civil first = { FIRST_YEAR, 1, 1, 0, 0, 0 }, end = { LAST_YEAR + 1, 1, 1, 0, 0, 0 };
    int64_t latest = seconds_of(&end), earliest = seconds_of(&first);
    int64_t local = t->unix_ms / 1000 + quarters * SECONDS_PER_QUARTER;
    if (!in_range(quarters, -TEAL_TPDU_TIME_MAX_QUARTERS, TEAL_TPDU_TIME_MAX_QUARTERS) ||
        local < earliest || local >= latest)
        return false;
    civil c = civil_of(local);
    teal_write_u8(w, octet_of(c.year % 100));
    teal_write_u8(w, octet_of(c.month));
    teal_write_u8(w, octet_of(c.day));
    teal_write_u8(w, octet_of(c.hour));
    teal_write_u8(w, octet_of(c.minute));
    teal_write_u8(w, octet_of(c.second));
    teal_write_u8(w, (uint8_t)(octet_of(quarters < 0 ? -quarters : quarters) |
                               (quarters < 0 ? ZONE_MINUS : 0)));
    return true;
}
