/* arguments.h - one command line against the row of its command. */
#ifndef REFERCTL_ARGUMENTS_H
#define REFERCTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "referctl/pool.h"

/* An option a command takes. `value` is what its value is called in help,
 * NULL for a flag. The last row of a list has name NULL. */
struct option_row {
    const char *name;
    char letter; /* 0: only the long form */
    const char *value;
    const char *help;
};

/* The options every command takes; the names settings_apply() knows. */
extern const struct option_row global_options[];

struct option_given {
    const struct option_row *row;
    const char *value; /* "" for flags */
};

struct arguments {
    const char **values; /* what is no option, in order */
    size_t count;
    struct option_given *options; /* in order, global ones included */
    size_t option_count;
};

/*
 * Parses argv[1..argc-1]; argv[0] is skipped. With `stop_early`, up to the
 * first value only, which with all after it becomes `values`. `options` may be
 * NULL: global ones alone. Reorders argv. False fills *problem with one line.
 */
bool arguments_parse(struct pool *pool, int argc, char **argv,
    const struct option_row *options, bool stop_early,
    struct arguments *arguments, const char **problem);

/* Value of the last option of that name; NULL when it was not given. */
const char *arguments_option(
    const struct arguments *arguments, const char *name);
/* Value of the i-th of that name, for those that repeat; NULL past the last. */
const char *arguments_option_at(
    const struct arguments *arguments, const char *name, size_t i);
bool arguments_flag(const struct arguments *arguments, const char *name);

/* "NAME=VALUE" in two; false when there is no '=' or no name. */
bool argument_split(
    struct pool *pool, const char *text, const char **name, const char **value);

#endif
