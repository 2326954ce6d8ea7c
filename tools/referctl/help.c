#include "referctl/command.h"

#include <string.h>

#include "referctl/display.h"
#include "referctl/words.h"

#define SUMMARY_COLUMN 36
#define OPTION_COLUMN 26

static const char *usage_of(struct pool *pool, const struct command *command)
{
    return pool_format(pool, "%s%s%s", command_words(pool, command),
        command->arguments[0] == '\0' ? "" : " ", command->arguments);
}

static void print_summaries(struct session *session, const char *noun)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (noun != NULL && strcmp(noun, command->noun) != 0)
            continue;
        display_line(session, "  %-*s  %s\n", SUMMARY_COLUMN,
            usage_of(session->pool, command), command->summary);
    }
}

static void print_indented(
    struct session *session, const char *text, int indent)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        display_line(session, "%*s%.*s\n", indent, "", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void print_options(struct session *session, const struct option_row *row)
{
    for (; row != NULL && row->name != NULL; row++) {
        const char *letter =
            row->letter == 0 ? "    "
                             : pool_format(session->pool, "-%c, ", row->letter);
        const char *option = pool_format(session->pool, "  %s--%s%s%s", letter,
            row->name, row->value == NULL ? "" : " ",
            row->value == NULL ? "" : row->value);
        size_t first = strcspn(row->help, "\n");
        display_line(session, "%-*s  %.*s\n", OPTION_COLUMN, option, (int)first,
            row->help);
        if (row->help[first] == '\n')
            print_indented(session, row->help + first + 1, OPTION_COLUMN + 2);
    }
}

static void print_statuses(struct session *session)
{
    display_line(session,
        "\nExit status: 0 done, 1 usage, 2 cannot reach the gateway, 3 "
        "refused,\n"
        "4 not found, 5 a problem of this machine (file, key).\n");
}

void help_overview(struct session *session)
{
    display_line(session,
        "referctl: look at and work with a referral gateway, referd(8).\n\n"
        "Usage: referctl [OPTIONS] NOUN VERB [ARGUMENTS]\n\nCommands:\n");
    print_summaries(session, NULL);
    display_line(session, "\nOptions of every command:\n");
    print_options(session, global_options);
    display_line(session, "\nAn AGENCY is its id, a unique beginning of it, or "
                          "its name. A REFERRAL or\n"
                          "MOU is its id or a unique beginning of it. Explain "
                          "one: referctl help NOUN.\n");
    print_statuses(session);
}

void help_noun(struct session *session, const char *noun)
{
    print_summaries(session, noun);
    display_line(session,
        "\nExplain one with options and an example: referctl help %s VERB\n",
        noun);
}

void help_command(struct session *session, const struct command *command)
{
    display_line(session, "Usage: referctl %s%s\n\n%s\n",
        usage_of(session->pool, command),
        command->options == NULL ? "" : " [OPTIONS]", command->help);
    if (command->options != NULL) {
        display_line(session, "\nOptions:\n");
        print_options(session, command->options);
    }
    display_line(session, "\nOptions of every command:\n");
    print_options(session, global_options);
    display_line(session, "\nExample:\n");
    print_indented(session, command->example, 4);
    print_statuses(session);
}

enum exit_code run_help(
    struct session *session, const struct arguments *arguments)
{
    const char *noun = arguments->count > 0 ? arguments->values[0] : NULL;
    const char *verb = arguments->count > 1 ? arguments->values[1] : "";
    if (noun == NULL) {
        help_overview(session);
        return EXIT_CODE_DONE;
    }
    const struct command *command = command_find(noun, verb);
    if (command != NULL) {
        help_command(session, command);
        return EXIT_CODE_DONE;
    }
    if (verb[0] == '\0' && command_has_noun(noun)) {
        help_noun(session, noun);
        return EXIT_CODE_DONE;
    }
    const char *nearest = command_nearest(session->pool, noun, verb);
    return session_fail(session, EXIT_CODE_USAGE,
        nearest == NULL
            ? "referctl help"
            : pool_format(session->pool, "referctl help %s", nearest),
        "there is no command %s%s%s", noun, verb[0] == '\0' ? "" : " ", verb);
}
