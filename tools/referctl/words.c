/* Built with _XOPEN_SOURCE=700 for wcwidth(). */
#include "referctl/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

/* Marks that reorder what a terminal shows: a name could pose as another. */
static bool is_reordering(wchar_t character)
{
    return character == 0x200e || character == 0x200f || character == 0x061c ||
           (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069);
}

static bool is_shown(wchar_t character)
{
    return character >= 0x20 && character != 0x7f && character != '\\' &&
           !(character >= 0x80 && character < 0xa0) && character != 0x2028 &&
           character != 0x2029 && character != 0xfeff &&
           !is_reordering(character);
}

static size_t escape(char *out, const char *bytes, size_t size)
{
    if (size == 1) {
        const char *named = strchr("\\\\\nn\tt\rr", bytes[0]);
        if (bytes[0] == '\\' || (named != NULL && bytes[0] < 0x20)) {
            out[0] = '\\';
            out[1] = named[1];
            return 2;
        }
    }
    for (size_t i = 0; i < size; i++)
        (void)snprintf(
            out + 4 * i, 5, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
    return 4 * size;
}

/* How many bytes the next character has; false and one byte where there is none
 * in this locale. */
static bool character_next(const char *text, size_t rest, mbstate_t *state,
    wchar_t *character, size_t *taken)
{
    *taken = mbrtowc(character, text, rest, state);
    if (*taken > 0 && *taken <= rest)
        return true;
    *state = (mbstate_t){ 0 };
    *taken = 1;
    return false;
}

char *words_printable(struct pool *pool, const char *text)
{
    size_t rest = strlen(text);
    char *out = pool_take(pool, 4 * rest + 1);
    size_t size = 0;
    mbstate_t state = { 0 };
    while (rest > 0) {
        wchar_t character;
        size_t taken;
        if (character_next(text, rest, &state, &character, &taken) &&
            is_shown(character)) {
            memcpy(out + size, text, taken);
            size += taken;
        } else {
            size += escape(out + size, text, taken);
        }
        text += taken;
        rest -= taken;
    }
    out[size] = '\0';
    return out;
}

char *words_printable_json(struct pool *pool, const char *text)
{
    size_t rest = strlen(text);
    char *out = pool_take(pool, 6 * rest + 1);
    size_t size = 0;
    mbstate_t state = { 0 };
    while (rest > 0) {
        wchar_t character;
        size_t taken;
        if (!character_next(text, rest, &state, &character, &taken) ||
            is_shown(character) || *text == '\\' || *text == '\n') {
            memcpy(out + size, text, taken);
            size += taken;
        } else {
            size +=
                (size_t)snprintf(out + size, 7, "\\u%04x", (unsigned)character);
        }
        text += taken;
        rest -= taken;
    }
    out[size] = '\0';
    return out;
}

size_t words_width(const char *text)
{
    size_t width = 0;
    size_t rest = strlen(text);
    mbstate_t state = { 0 };
    while (rest > 0) {
        wchar_t character;
        size_t taken = mbrtowc(&character, text, rest, &state);
        if (taken == 0 || taken > rest)
            return width + rest;
        int columns = wcwidth(character);
        width += columns < 0 ? 1 : (size_t)columns;
        text += taken;
        rest -= taken;
    }
    return width;
}

bool words_equal_folded(const char *a, const char *b)
{
    mbstate_t state_a = { 0 };
    mbstate_t state_b = { 0 };
    for (;;) {
        wchar_t letter_a = 0;
        wchar_t letter_b = 0;
        size_t taken_a = mbrtowc(&letter_a, a, strlen(a) + 1, &state_a);
        size_t taken_b = mbrtowc(&letter_b, b, strlen(b) + 1, &state_b);
        if (taken_a > 16 || taken_b > 16)
            return strcmp(a, b) == 0;
        if (towlower((wint_t)letter_a) != towlower((wint_t)letter_b))
            return false;
        if (letter_a == 0)
            return true;
        a += taken_a;
        b += taken_b;
    }
}

const char *words_time(int64_t unix_ms, char text[WORDS_TIME_SIZE])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm fields;
    if (unix_ms <= 0 || gmtime_r(&seconds, &fields) == NULL ||
        strftime(text, WORDS_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &fields) == 0)
        (void)snprintf(text, WORDS_TIME_SIZE, "-");
    return text;
}

const char *words_duration(int64_t ms, char text[WORDS_DURATION_SIZE])
{
    /* a unit is used up to twice the next: "90 min" says more than "1 h" */
    static const struct {
        int64_t ms;
        int64_t ms_max;
        const char *unit;
    } units[] = {
        { 1000, INT64_C(120) * 1000, "s" },
        { INT64_C(60) * 1000, INT64_C(120) * 60 * 1000, "min" },
        { INT64_C(3600) * 1000, INT64_C(48) * 3600 * 1000, "h" },
        { INT64_C(86400) * 1000, INT64_MAX, "d" },
    };
    size_t i = 0;
    if (ms < 0) {
        (void)snprintf(text, WORDS_DURATION_SIZE, "-");
        return text;
    }
    while (ms >= units[i].ms_max && units[i].ms_max != INT64_MAX)
        i++;
    (void)snprintf(text, WORDS_DURATION_SIZE, "%" PRId64 " %s",
        ms / units[i].ms, units[i].unit);
    return text;
}

bool words_number(const char *text, int64_t min, int64_t max, int64_t *number)
{
    char *end = NULL;
    if (!(text[0] == '-' || (text[0] >= '0' && text[0] <= '9')))
        return false;
    errno = 0;
    int64_t value = strtoimax(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < min || value > max)
        return false;
    *number = value;
    return true;
}

bool words_start_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

char *words_next(struct pool *pool, const char **rest)
{
    const char *word = *rest + strspn(*rest, " ");
    size_t size = strcspn(word, " ");
    *rest = word + size;
    return size == 0 ? NULL : pool_copy(pool, word, size);
}

#define WORD_SIZE_MAX 63

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t words_distance(const char *a, const char *b)
{
    size_t cost[WORD_SIZE_MAX + 1][WORD_SIZE_MAX + 1];
    size_t size_a = strlen(a);
    size_t size_b = strlen(b);
    if (size_a > WORD_SIZE_MAX || size_b > WORD_SIZE_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= size_a; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= size_b; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= size_a; i++) {
        for (size_t j = 1; j <= size_b; j++) {
            size_t change = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            size_t least =
                smaller(change, smaller(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                least = smaller(least, cost[i - 2][j - 2] + 1);
            cost[i][j] = least;
        }
    }
    return cost[size_a][size_b];
}
