/*
 * value.h - forms that the values of a referral event must have: elements
 * about the person, details about a step. Pure predicates of the bytes; none
 * accepts what the wire's reader (codec.h) would refuse.
 */
#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/slice.h"

/* A quantity that a person reads: nine digits are years in minutes. */
#define VALUE_NUMBER_MAX UINT64_C(999999999)

/* UTF-8 of 1 to size_max bytes, something in it to read; of the control
 * characters of ASCII only line feed and tab, so no delete either. */
bool value_is_text(struct slice value, size_t size_max);
/* Digits without leading zeros, up to VALUE_NUMBER_MAX. */
bool value_is_number(struct slice value);
/* YYYY-MM-DD, a day that the calendar has, from 1000 on. */
bool value_is_date(struct slice value);
/* YYYY, from 1000 on. */
bool value_is_year(struct slice value);
/* yes, no */
bool value_is_flag(struct slice value);
/* RFC 3339 with an offset. */
bool value_is_time(struct slice value);
/* `urn:uuid:...` in lower case: the one spelling that events carry. */
bool value_is_uuid_urn(struct slice value);
/* An agency id or a code: [a-z0-9_.-]{1,64}. */
bool value_is_code(struct slice value);

/*
 * Takes the next word, between single spaces, off the front of *rest. False
 * when nothing is left. Empty words come out as such, so that callers refuse
 * doubled, leading and trailing spaces by refusing empty words.
 */
bool value_next_word(struct slice *rest, struct slice *word);

/* One or more times between single spaces. */
bool value_is_times(struct slice value);
/* True when one of the (well-formed) times is that instant. */
bool value_times_hold(struct slice times, struct slice time);

#endif
