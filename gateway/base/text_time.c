/*
 * Dates and times of text.h. The days are counted here and not by libc, whose
 * functions read the environment, the locale and time zone files.
 */
#include "base/text.h"

#include <string.h>

#define DAY_MS INT64_C(86400000)
#define EPOCH_DAY INT64_C(719528) /* 1970-01-01, counted from 0000-01-01 */
#define END_DAY INT64_C(3652425)  /* 10000-01-01 */

static bool year_is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days of a leap year before each month and, last, in all of it. */
static const int16_t leap_days_before[] = { 0, 31, 60, 91, 121, 152, 182, 213,
    244, 274, 305, 335, 366 };

/* Days of `year` before `month` (1 to 13). */
static int64_t days_before_month(int64_t year, int64_t month)
{
    bool loses_one = month > 2 && !year_is_leap(year);
    return leap_days_before[month - 1] - (loses_one ? 1 : 0);
}

/* Days before the first of `year`, from 0000-01-01, a leap year. */
static int64_t days_before_year(int64_t year)
{
    if (year == 0)
        return 0;
    int64_t past = year - 1;
    return year * 365 + past / 4 - past / 100 + past / 400 + 1;
}

struct civil {
    int64_t year, month, day, ms; /* month and day from 1; ms of the day */
};

static enum err civil_of_instant(struct instant instant, struct civil *civil)
{
    int64_t days = instant.unix_ms / DAY_MS;
    int64_t ms = instant.unix_ms % DAY_MS;
    if (ms < 0) {
        ms += DAY_MS;
        days--;
    }
    days += EPOCH_DAY;
    if (days < 0 || days >= END_DAY)
        return ERR_INVALID;
    /* 146097 days are 400 years; the guess is at most one too low */
    int64_t year = days * 400 / 146097;
    if (days >= days_before_year(year + 1))
        year++;
    else if (days < days_before_year(year))
        year--;
    int64_t rest = days - days_before_year(year);
    int64_t month = 1;
    while (rest >= days_before_month(year, month + 1))
        month++;
    *civil = (struct civil){ .year = year,
        .month = month,
        .day = rest - days_before_month(year, month) + 1,
        .ms = ms };
    return ERR_NONE;
}

static char *digits_put(char *text, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return text + count;
}

static char *date_put(char *text, const struct civil *civil)
{
    text = digits_put(text, civil->year, 4);
    *text++ = '-';
    text = digits_put(text, civil->month, 2);
    *text++ = '-';
    return digits_put(text, civil->day, 2);
}

enum err text_date_format(struct instant instant, char text[TEXT_DATE_SIZE + 1])
{
    struct civil civil;
    enum err err = civil_of_instant(instant, &civil);
    if (err != ERR_NONE)
        return err;
    *date_put(text, &civil) = '\0';
    return ERR_NONE;
}

enum err text_time_format(struct instant instant, char text[TEXT_TIME_SIZE + 1])
{
    struct civil civil;
    enum err err = civil_of_instant(instant, &civil);
    if (err != ERR_NONE)
        return err;
    text = date_put(text, &civil);
    *text++ = 'T';
    text = digits_put(text, civil.ms / 3600000, 2);
    *text++ = ':';
    text = digits_put(text, civil.ms / 60000 % 60, 2);
    *text++ = ':';
    text = digits_put(text, civil.ms / 1000 % 60, 2);
    *text++ = '.';
    text = digits_put(text, civil.ms % 1000, 3);
    memcpy(text, "Z", 2);
    return ERR_NONE;
}

/* A text being read from the left; the first error sticks. */
struct scan {
    struct slice rest;
    bool failed;
};

static uint8_t scan_take(struct scan *scan)
{
    if (scan->failed || scan->rest.size == 0) {
        scan->failed = true;
        return 0;
    }
    uint8_t c = scan->rest.bytes[0];
    scan->rest = slice_of(scan->rest.bytes + 1, scan->rest.size - 1);
    return c;
}

static void scan_expect(struct scan *scan, char c)
{
    if (scan_take(scan) != (uint8_t)c)
        scan->failed = true;
}

/* Exactly `count` digits, of a number from `low` to `high`. */
static int64_t scan_number(
    struct scan *scan, int count, int64_t low, int64_t high)
{
    int64_t number = 0;
    for (int i = 0; i < count; i++) {
        uint8_t c = scan_take(scan);
        if (c < '0' || c > '9')
            scan->failed = true;
        else
            number = number * 10 + (c - '0');
    }
    if (number < low || number > high)
        scan->failed = true;
    return scan->failed ? low : number;
}

/* Days from the epoch to a date; 0 when it failed. */
static int64_t scan_date(struct scan *scan)
{
    int64_t year = scan_number(scan, 4, 0, 9999);
    scan_expect(scan, '-');
    int64_t month = scan_number(scan, 2, 1, 12);
    scan_expect(scan, '-');
    int64_t day_max =
        days_before_month(year, month + 1) - days_before_month(year, month);
    int64_t day = scan_number(scan, 2, 1, day_max);
    return days_before_year(year) + days_before_month(year, month) + day - 1 -
           EPOCH_DAY;
}

/* An optional fraction of a second, in whole milliseconds. */
static int64_t scan_fraction(struct scan *scan)
{
    if (scan->failed || scan->rest.size == 0 || scan->rest.bytes[0] != '.')
        return 0;
    scan_expect(scan, '.');
    int64_t ms = 0;
    int count = 0;
    while (scan->rest.size > 0 && scan->rest.bytes[0] >= '0' &&
           scan->rest.bytes[0] <= '9') {
        uint8_t c = scan_take(scan);
        if (count++ < 3)
            ms = ms * 10 + (c - '0');
    }
    if (count < 1 || count > 9)
        scan->failed = true;
    for (; count < 3; count++)
        ms *= 10;
    return ms;
}

/* What local time is ahead of UTC. */
static int64_t scan_offset_ms(struct scan *scan)
{
    uint8_t sign = scan_take(scan);
    if (sign == 'Z')
        return 0;
    if (sign != '+' && sign != '-')
        scan->failed = true;
    int64_t hours = scan_number(scan, 2, 0, 23);
    scan_expect(scan, ':');
    int64_t minutes = scan_number(scan, 2, 0, 59);
    int64_t ms = (hours * 60 + minutes) * 60000;
    return sign == '-' ? -ms : ms;
}

enum err text_date_parse(struct slice text, struct instant *start)
{
    struct scan scan = { .rest = text };
    int64_t days = scan_date(&scan);
    if (scan.failed || scan.rest.size > 0)
        return ERR_MALFORMED;
    start->unix_ms = days * DAY_MS;
    return ERR_NONE;
}

enum err text_time_parse(struct slice text, struct instant *instant)
{
    struct scan scan = { .rest = text };
    int64_t ms = scan_date(&scan) * DAY_MS;
    scan_expect(&scan, 'T');
    ms += scan_number(&scan, 2, 0, 23) * 3600000;
    scan_expect(&scan, ':');
    ms += scan_number(&scan, 2, 0, 59) * 60000;
    scan_expect(&scan, ':');
    ms += scan_number(&scan, 2, 0, 59) * 1000;
    ms += scan_fraction(&scan);
    ms -= scan_offset_ms(&scan);
    if (scan.failed || scan.rest.size > 0)
        return ERR_MALFORMED;
    if (ms < -EPOCH_DAY * DAY_MS || ms >= (END_DAY - EPOCH_DAY) * DAY_MS)
        return ERR_MALFORMED;
    instant->unix_ms = ms;
    return ERR_NONE;
}
