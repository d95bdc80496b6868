/* RFC 3339 date-times; see datetime.h. Days by the count of leap years, no table of time zones. */
#include "codecs/rcs/datetime.h"

enum { MS_PER_SECOND = 1000, MS_PER_MINUTE = 60 * MS_PER_SECOND, DAYS_TO_1970 = 719528 };
#define MS_PER_DAY ((int64_t)24 * 60 * MS_PER_MINUTE)

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 0000-01-01 to the first of that year; year 0 is a leap year. */
static int days_before_year(int year)
{
    int past = year - 1; /* years 1..past, and year 0 */
    return year == 0 ? 0 : 366 + past * 365 + past / 4 - past / 100 + past / 400;
}

/* A decimal number of exactly `digits` digits within low..high. */
static int read_number(teal_reader *r, size_t digits, int low, int high)
{
    teal_bytes text = teal_read_bytes(r, digits);
    int value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            r->failed = true;
        else
            value = value * 10 + (text.at[i] - '0');
    }
    if (value < low || value > high)
        r->failed = true;
    return r->failed ? low : value;
}

/* One of some characters. */
static void read_any(teal_reader *r, const char *characters)
{
    uint8_t c = teal_read_u8(r);
    if (c == 0 || strchr(characters, c) == NULL)
        r->failed = true;
}

static bool is_digit(const teal_reader *r, size_t ahead)
{
    return teal_read_left(r) > ahead && r->at[ahead] >= '0' && r->at[ahead] <= '9';
}

static bool is_next(const teal_reader *r, char c)
{
    return teal_read_left(r) > 0 && *r->at == c;
}

/* Milliseconds of an optional fraction: further digits are cut, not rounded. */
static int read_fraction(teal_reader *r)
{
    int ms = 0, unit = 100, digits = 0;
    if (!is_next(r, '.') && !is_next(r, ','))
        return 0;
    teal_read_u8(r);
    while (is_digit(r, 0)) {
        ms += (teal_read_u8(r) - '0') * unit;
        unit /= 10;
        digits++;
    }
    if (digits < 1 || digits > 9)
        r->failed = true;
    return ms;
}

/* Offset from UTC in minutes: +05:30, and what peers make of it: +5:30, +0530, +05, +5. */
static int read_offset(teal_reader *r)
{
    uint8_t sign = teal_read_u8(r);
    if (sign == 'Z' || sign == 'z')
        return 0;
    if (sign != '+' && sign != '-')
        r->failed = true;
    int hours = read_number(r, is_digit(r, 1) ? 2 : 1, 0, 23), minutes = 0;
    bool colon = is_next(r, ':');
    if (colon)
        teal_read_u8(r);
    if (colon || teal_read_left(r) > 0)
        minutes = read_number(r, 2, 0, 59);
    minutes += hours * 60;
    return sign == '-' ? -minutes : minutes;
}

static int64_t read_days(teal_reader *r)
{
    int year = read_number(r, 4, 0, 9999);
    read_any(r, "-");
    int month = read_number(r, 2, 1, 12);
    read_any(r, "-");
    int days = days_before_year(year) + read_number(r, 2, 1, days_in_month(year, month)) - 1;
    for (int m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days - DAYS_TO_1970;
}

teal_result teal_datetime_decode(teal_bytes in, int64_t *out_ms, teal_diag *why)
{
    teal_reader r = teal_reader_of(in);
    int64_t ms = read_days(&r) * MS_PER_DAY;
    read_any(&r, "Tt ");
    ms += (int64_t)read_number(&r, 2, 0, 23) * 60 * MS_PER_MINUTE;
    read_any(&r, ":");
    ms += (int64_t)read_number(&r, 2, 0, 59) * MS_PER_MINUTE;
    read_any(&r, ":");
    ms += (int64_t)read_number(&r, 2, 0, 60) * MS_PER_SECOND; /* 60: a leap second */
    ms += read_fraction(&r);
    ms -= (int64_t)read_offset(&r) * MS_PER_MINUTE;
    if (!teal_read_done(&r))
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-20 no RFC 3339 date-time with an offset",
                           in.len - (size_t)(r.end - r.at), why);
    if (ms < TEAL_DATETIME_MIN_MS || ms > TEAL_DATETIME_MAX_MS)
        return teal_refuse(TEAL_LIMIT, "REQ-CPIM-21 date-time outside of the years 0000 to 9999", 0,
                           why);
    *out_ms = ms;
    return TEAL_OK;
}

/* A number of at most 9999 with leading zeros. */
static void write_number(teal_writer *w, int value, int digits)
{
    static const int powers[] = { 1, 10, 100, 1000 };
    for (int i = digits - 1; i >= 0; i--)
        teal_write_u8(w, (uint8_t)('0' + value / powers[i] % 10));
}

/* Takes a day count from 0000-01-01 apart. */
static void write_date(teal_writer *w, int days)
{
    int year = days / 366; /* at or before the year that is looked for, by 27 years at most */
    while (days_before_year(year + 1) <= days)
        year++;
    days -= days_before_year(year);
    int month = 1;
    while (days >= days_in_month(year, month))
        days -= days_in_month(year, month++);
    write_number(w, year, 4);
    teal_write_u8(w, '-');
    write_number(w, month, 2);
    teal_write_u8(w, '-');
    write_number(w, days + 1, 2);
}

teal_result teal_datetime_encode(int64_t ms, teal_writer *out)
{
    if (ms < TEAL_DATETIME_MIN_MS || ms > TEAL_DATETIME_MAX_MS)
        return TEAL_LIMIT;
    int64_t since_0000 = ms - TEAL_DATETIME_MIN_MS;
    int in_day = (int)(since_0000 % MS_PER_DAY);
    write_date(out, (int)(since_0000 / MS_PER_DAY));
    teal_write_u8(out, 'T');
    write_number(out, in_day / (60 * MS_PER_MINUTE), 2);
    teal_write_u8(out, ':');
    write_number(out, in_day / MS_PER_MINUTE % 60, 2);
    teal_write_u8(out, ':');
    write_number(out, in_day / MS_PER_SECOND % 60, 2);
    teal_write_u8(out, '.');
    write_number(out, in_day % MS_PER_SECOND, 3);
    teal_write_u8(out, 'Z');
    return TEAL_OK;
}
