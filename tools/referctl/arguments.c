#include "referctl/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct option_row global_options[] = {
    { "socket",  's', "PATH", "socket of the gateway (default: that of --config,\n"
                              "else $REFER_SOCKET, else /run/referd/referd.sock)" },
    { "config",  'c', "FILE", "the gateway's configuration, to find its socket" },
    { "json",    0,   NULL,   "print JSON" },
    { "timeout", 0,   "MS",   "wait this long for the gateway (default 10000)" },
    { "help",    'h', NULL,   "explain the command" },
    { "version", 'V', NULL,   "print the version" },
    { NULL, 0, NULL, NULL }
};
/* clang-format on */

#define OPTION_COUNT_MAX 32

struct parser {
    const struct option_row *rows[OPTION_COUNT_MAX];
    struct option long_options[OPTION_COUNT_MAX + 1];
    char letters[2 + 2 * OPTION_COUNT_MAX + 1];
    int count;
};

static void add_rows(struct parser *parser, const struct option_row *row)
{
    char *letter = parser->letters + strlen(parser->letters);
    for (; row != NULL && row->name != NULL; row++) {
        if (parser->count == OPTION_COUNT_MAX)
            return; /* a test counts the rows of every command */
        parser->long_options[parser->count] = (struct option){
            .name = row->name,
            .has_arg = row->value == NULL ? no_argument : required_argument,
            .val = 256 + parser->count,
        };
        parser->rows[parser->count++] = row;
        if (row->letter != 0) {
            *letter++ = row->letter;
            if (row->value != NULL)
                *letter++ = ':';
        }
    }
    *letter = '\0';
}

static const struct option_row *row_of(const struct parser *parser, int found)
{
    if (found >= 256)
        return parser->rows[found - 256];
    for (int i = 0; i < parser->count; i++) {
        if (parser->rows[i]->letter == found)
            return parser->rows[i];
    }
    return NULL;
}

static const char *problem_of(struct pool *pool, int found, char *const *argv)
{
    const char *given = argv[optind - 1];
    bool is_long = strncmp(given, "--", 2) == 0;
    const char *text = found == ':' ? "needs a value" : "is not known here";
    if (found == '?' && is_long && optopt >= 256)
        text = "takes no value";
    if (is_long)
        return pool_format(pool, "the option %s %s", given, text);
    return pool_format(pool, "the option -%c %s", optopt, text);
}

bool arguments_parse(struct pool *pool, int argc, char **argv,
    const struct option_row *options, bool stop_early,
    struct arguments *arguments, const char **problem)
{
    struct parser parser = { 0 };
    size_t capacity = 0;
    int found;
    *arguments = (struct arguments){ 0 };
    (void)snprintf(
        parser.letters, sizeof parser.letters, "%s", stop_early ? "+:" : ":");
    add_rows(&parser, options);
    add_rows(&parser, global_options);
    optind = 0;
    opterr = 0;
    while ((found = getopt_long(
                argc, argv, parser.letters, parser.long_options, NULL)) != -1) {
        if (found == '?' || found == ':') {
            *problem = problem_of(pool, found, argv);
            return false;
        }
        arguments->options = pool_grow(pool, arguments->options,
            arguments->option_count, &capacity, sizeof *arguments->options);
        struct option_given *given =
            &arguments->options[arguments->option_count++];
        given->row = row_of(&parser, found);
        given->value = given->row->value == NULL ? "" : optarg;
    }
    arguments->count = (size_t)(argc - optind);
    arguments->values =
        pool_take(pool, (arguments->count + 1) * sizeof *arguments->values);
    for (size_t i = 0; i < arguments->count; i++)
        arguments->values[i] = argv[optind + (int)i];
    return true;
}

const char *arguments_option(
    const struct arguments *arguments, const char *name)
{
    for (size_t i = arguments->option_count; i-- > 0;) {
        if (strcmp(arguments->options[i].row->name, name) == 0)
            return arguments->options[i].value;
    }
    return NULL;
}

const char *arguments_option_at(
    const struct arguments *arguments, const char *name, size_t i)
{
    for (size_t k = 0; k < arguments->option_count; k++) {
        if (strcmp(arguments->options[k].row->name, name) == 0 && i-- == 0)
            return arguments->options[k].value;
    }
    return NULL;
}

bool arguments_flag(const struct arguments *arguments, const char *name)
{
    return arguments_option(arguments, name) != NULL;
}

bool argument_split(
    struct pool *pool, const char *text, const char **name, const char **value)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return false;
    *name = pool_copy(pool, text, (size_t)(equals - text));
    *value = equals + 1;
    return true;
}
