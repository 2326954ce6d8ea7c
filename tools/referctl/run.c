/* One command line, from its words to its exit status. */
#include "referctl/command.h"

#include <string.h>

#include <refer/refer.h>

#include "referctl/display.h"
#include "referctl/words.h"

static enum exit_code fail_usage(
    struct session *session, const struct command *command, const char *problem)
{
    const char *words = command_words(session->pool, command);
    return session_fail(session, EXIT_CODE_USAGE,
        pool_format(session->pool, "referctl %s --help", words), "%s: %s",
        words, problem);
}

static enum exit_code fail_unknown(
    struct session *session, const char *noun, const char *verb)
{
    struct pool *pool = session->pool;
    const char *nearest = command_nearest(pool, noun, verb);
    if (verb == NULL && command_has_noun(noun))
        return session_fail(session, EXIT_CODE_USAGE,
            pool_format(pool, "referctl help %s", noun),
            "%s needs a verb after it", noun);
    return session_fail(session, EXIT_CODE_USAGE,
        nearest == NULL
            ? "referctl help"
            : pool_format(pool, "did you mean: referctl %s? See referctl help",
                  nearest),
        "there is no command %s%s%s", noun, verb == NULL ? "" : " ",
        verb == NULL ? "" : verb);
}

static enum exit_code run_command(struct session *session,
    const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    const char *problem = NULL;
    if (!arguments_parse(session->pool, argc, argv, command->options, false,
            &arguments, &problem))
        return fail_usage(session, command, problem);
    if (arguments_flag(&arguments, "help")) {
        help_command(session, command);
        return EXIT_CODE_DONE;
    }
    enum exit_code code = session_apply(session, &arguments);
    if (code != EXIT_CODE_DONE)
        return code;
    if (arguments.count < command->argument_count_min)
        return fail_usage(session, command,
            pool_format(session->pool, "it needs %s", command->arguments));
    if (arguments.count > command->argument_count_max)
        return fail_usage(session, command,
            pool_format(session->pool, "there is no place for \"%s\"",
                arguments.values[command->argument_count_max]));
    return command->run(session, &arguments);
}

/* Finds the command by one word or two; *word_count says by how many. */
static const struct command *find(
    const struct arguments *global, size_t *word_count)
{
    const struct command *command = command_find(global->values[0], "");
    *word_count = 1;
    if (command == NULL && global->count > 1) {
        command = command_find(global->values[0], global->values[1]);
        *word_count = 2;
    }
    return command;
}

enum exit_code referctl_run(struct session *session, int argc, char **argv)
{
    struct arguments global;
    const char *problem = NULL;
    size_t word_count = 0;
    if (!arguments_parse(
            session->pool, argc, argv, NULL, true, &global, &problem))
        return session_fail(
            session, EXIT_CODE_USAGE, "referctl help", "%s", problem);
    if (arguments_flag(&global, "version")) {
        display_line(session, "referctl %s\n", refer_version_string());
        return EXIT_CODE_DONE;
    }
    if (global.count == 0) {
        if (arguments_flag(&global, "help")) {
            help_overview(session);
            return EXIT_CODE_DONE;
        }
        return session_fail(session, EXIT_CODE_USAGE, "referctl help",
            "say what to do: a noun and a verb");
    }
    enum exit_code code = session_apply(session, &global);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct command *command = find(&global, &word_count);
    if (command == NULL && global.count > 1 &&
        strcmp(global.values[1], "--help") == 0 &&
        command_has_noun(global.values[0])) {
        help_noun(session, global.values[0]);
        return EXIT_CODE_DONE;
    }
    if (command == NULL) {
        const char *verb = global.count > 1 ? global.values[1] : NULL;
        if (verb != NULL && verb[0] == '-')
            verb = NULL;
        return fail_unknown(session, global.values[0], verb);
    }
    if (arguments_flag(&global, "help")) {
        help_command(session, command);
        return EXIT_CODE_DONE;
    }
    int shift = argc - (int)global.count + (int)word_count - 1;
    return run_command(session, command, argc - shift, argv + shift);
}
