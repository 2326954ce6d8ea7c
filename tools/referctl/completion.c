/*
 * referctl completion: completion of command lines for bash and zsh, written
 * from the table of commands. What is between the shells' own parts is plain
 * sh, the same for both: a row for each command, and how each kind of word is
 * looked up. Look-ups ask the gateway, and give up soon: a shell must not hang.
 */
#include "referctl/command.h"

#include <string.h>

#include "core/referral.h"
#include "referctl/display.h"
#include "referctl/words.h"

/* clang-format off */
static const char look_ups[] =
    "_referctl_ask() {\n"
    "    timeout 1 referctl \"${_referctl_global[@]}\" --timeout 500 --json \"$@\" \\\n"
    "        2>/dev/null </dev/null\n"
    "}\n"
    "\n"
    "# The texts of one field of JSON that referctl wrote: a field is a line.\n"
    "_referctl_field() {\n"
    "    sed -n 's/^ *\"'\"$1\"'\": \"\\(.*\\)\",\\{0,1\\}$/\\1/p'\n"
    "}\n"
    "\n"
    "# KIND [REFERRAL]: the words there are, one a line.\n"
    "_referctl_words() {\n"
    "    case $1 in\n"
    "    AGENCY)\n"
    "        _referctl_ask peer list | sed -n '/\"agency\"/p;/\"name\"/p' \\\n"
    "            | sed 's/^ *\"[a-z]*\": \"\\(.*\\)\",\\{0,1\\}$/\\1/' ;;\n"
    "    REFERRAL)\n"
    "        _referctl_ask referral list | _referctl_field id \\\n"
    "            | sed 's/^urn:uuid://' ;;\n"
    "    MOU) _referctl_ask mou list | _referctl_field id ;;\n"
    "    CURSOR) _referctl_ask feed list | _referctl_field name ;;\n"
    "    WAY) printf '%s\\n' out in ;;\n"
    "    WHO) printf '%s\\n' staff person companion ;;\n"
    "    STEP)\n"
    "        _referctl_ask referral show \"$2\" | _referctl_field steps \\\n"
    "            | tr ' ' '\\n' ;;\n";

static const char bash_driver[] =
    "_referctl_offer() { # lines on standard input\n"
    "    local line\n"
    "    while IFS= read -r line; do\n"
    "        [[ -n $line ]] || continue\n"
    "        printf -v line '%q' \"$line\"\n"
    "        [[ $line != \"$current\"* ]] || COMPREPLY+=(\"$line\")\n"
    "    done\n"
    "}\n"
    "\n"
    "_referctl() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} word skip= kind= command= part i\n"
    "    local kinds= options= valued=$_referctl_valued first=1\n"
    "    local -a _referctl_global=() values=() list=()\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ -n $skip ]]; then\n"
    "            case $skip in\n"
    "            -s | --socket | -c | --config) _referctl_global+=(\"$skip\" \"$word\") ;;\n"
    "            esac\n"
    "            skip=\n"
    "        elif [[ $word == -* ]]; then\n"
    "            [[ $valued != *\" $word=\"* ]] || skip=$word\n"
    "        else\n"
    "            values+=(\"$word\")\n"
    "            if [[ -z $command ]] && _referctl_row \"${values[*]}\"; then\n"
    "                command=${values[*]}\n"
    "                first=${#values[@]}\n"
    "            fi\n"
    "        fi\n"
    "    done\n"
    "    if [[ -n $skip ]]; then\n"
    "        kind=${valued#*\" $skip=\"}\n"
    "        kind=${kind%% *}\n"
    "    elif [[ $current == -* ]]; then\n"
    "        _referctl_offer < <(printf '%s\\n' ${options:-$_referctl_options})\n"
    "        return\n"
    "    elif [[ -z $command ]]; then\n"
    "        _referctl_offer < <(_referctl_next \"${values[0]:-}\")\n"
    "        return\n"
    "    else\n"
    "        read -r -a list <<<\"$kinds\"\n"
    "        kind=${list[${#values[@]} - first]:-}\n"
    "    fi\n"
    "    for part in ${kind//|/ }; do\n"
    "        case $part in\n"
    "        FILE | PATH) compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY \\\n"
    "            < <(compgen -f -- \"$current\") ;;\n"
    "        DIR) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
    "        *) _referctl_offer < <(_referctl_words \"$part\" \"${values[first]:-}\") ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "complete -F _referctl referctl\n";

static const char zsh_driver[] =
    "_referctl_offer() { # lines on standard input\n"
    "    local -a lines\n"
    "    lines=(\"${(@f)$(cat)}\")\n"
    "    compadd -- \"${(@)lines:#}\"\n"
    "}\n"
    "\n"
    "_referctl() {\n"
    "    local word skip= kind= command= part i\n"
    "    local kinds= options= valued=$_referctl_valued first=1\n"
    "    local -a _referctl_global values list\n"
    "    for ((i = 2; i < CURRENT; i++)); do\n"
    "        word=${(Q)words[i]}\n"
    "        if [[ -n $skip ]]; then\n"
    "            case $skip in\n"
    "            -s | --socket | -c | --config) _referctl_global+=(\"$skip\" \"$word\") ;;\n"
    "            esac\n"
    "            skip=\n"
    "        elif [[ $word == -* ]]; then\n"
    "            [[ $valued != *\" $word=\"* ]] || skip=$word\n"
    "        else\n"
    "            values+=(\"$word\")\n"
    "            if [[ -z $command ]] && _referctl_row \"${values[*]}\"; then\n"
    "                command=\"${values[*]}\"\n"
    "                first=${#values}\n"
    "            fi\n"
    "        fi\n"
    "    done\n"
    "    if [[ -n $skip ]]; then\n"
    "        kind=${valued#*\" $skip=\"}\n"
    "        kind=${kind%% *}\n"
    "    elif [[ ${words[CURRENT]} == -* ]]; then\n"
    "        compadd -- ${=${options:-$_referctl_options}}\n"
    "        return\n"
    "    elif [[ -z $command ]]; then\n"
    "        _referctl_next \"${values[1]:-}\" | _referctl_offer\n"
    "        return\n"
    "    else\n"
    "        list=(${=kinds})\n"
    "        kind=${list[${#values} - first + 1]:-}\n"
    "    fi\n"
    "    for part in ${(s:|:)kind}; do\n"
    "        case $part in\n"
    "        FILE | PATH) _files ;;\n"
    "        DIR) _files -/ ;;\n"
    "        *) compadd -- \"${(@f)$(_referctl_words \"$part\" \"${values[first + 1]:-}\")}\" ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
    "    _referctl \"$@\"\n"
    "else\n"
    "    compdef _referctl referctl\n"
    "fi\n";
/* clang-format on */

/* ---- From the table ----------------------------------------------------- */

/* "--peer" and, with a letter, "-p" before it. */
static void print_names(struct session *session, const struct option_row *row)
{
    for (; row != NULL && row->name != NULL; row++) {
        if (row->letter != 0)
            display_line(session, " -%c", row->letter);
        display_line(session, " --%s", row->name);
    }
}

/* The options that take a value, each with what it is: " -p=AGENCY". */
static void print_valued(struct session *session, const struct option_row *row)
{
    for (; row != NULL && row->name != NULL; row++) {
        if (row->value == NULL)
            continue;
        if (row->letter != 0)
            display_line(session, " -%c=%s", row->letter, row->value);
        display_line(session, " --%s=%s", row->name, row->value);
    }
}

/* "[AGENCY]", "REFERRAL STEP [NAME=VALUE]...": what each word is. */
static void print_kinds(struct session *session, const char *arguments)
{
    for (; *arguments != '\0'; arguments++) {
        if (strchr("[].", *arguments) == NULL)
            display_line(session, "%c", *arguments);
    }
}

static void print_rows(struct session *session)
{
    const struct command *command;
    display_line(session, "# Sets what follows the words of a command.\n"
                          "_referctl_row() {\n"
                          "    case $1 in\n");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        display_line(session, "    '%s')\n        kinds='",
            command_words(session->pool, command));
        print_kinds(session, command->arguments);
        display_line(session, "'\n        options='");
        print_names(session, command->options);
        print_names(session, global_options);
        display_line(session, "'\n        valued='");
        print_valued(session, command->options);
        print_valued(session, global_options);
        display_line(session, " ' ;;\n");
    }
    display_line(session, "    *) return 1 ;;\n    esac\n}\n\n");
}

static bool is_first_of_noun(size_t index)
{
    const struct command *command = command_at(index);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(command_at(i)->noun, command->noun) == 0)
            return false;
    }
    return true;
}

static void print_nouns(struct session *session)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (is_first_of_noun(i))
            display_line(session, " %s", command->noun);
    }
}

/* [NOUN]: the words that a command line may begin with, or go on with. */
static void print_next(struct session *session)
{
    const struct command *command;
    display_line(session, "_referctl_next() {\n    case $1 in\n    '')\n"
                          "        printf '%%s\\n'");
    print_nouns(session);
    display_line(session, " ;;\n");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (!is_first_of_noun(i) || command->verb[0] == '\0')
            continue;
        display_line(session, "    %s) printf '%%s\\n'", command->noun);
        for (size_t k = i; command_at(k) != NULL; k++) {
            if (strcmp(command_at(k)->noun, command->noun) == 0)
                display_line(session, " %s", command_at(k)->verb);
        }
        display_line(session, " ;;\n");
    }
    display_line(session, "    esac\n}\n\n");
}

static void print_words(struct session *session)
{
    display_line(session, "%s    STATE)\n        printf '%%s\\n'", look_ups);
    for (int i = 1; i < REFERRAL_STATE_COUNT; i++)
        display_line(
            session, " %s", referral_state_name((enum referral_state)i));
    display_line(session,
        " ;;\n    NOUN) _referctl_next '' ;;\n"
        "    VERB) _referctl_next \"$2\" ;;\n"
        "    *[!A-Z=]*) printf '%%s\\n' \"$1\" ;; # a word itself: out\n"
        "    esac\n}\n\n");
}

static void print_shared(struct session *session)
{
    display_line(session, "_referctl_options='");
    print_names(session, global_options);
    display_line(session, "'\n_referctl_valued='");
    print_valued(session, global_options);
    display_line(session, " '\n\n");
    print_rows(session);
    print_next(session);
    print_words(session);
}

enum exit_code run_completion(
    struct session *session, const struct arguments *arguments)
{
    const char *shell = arguments->values[0];
    bool is_bash = strcmp(shell, "bash") == 0;
    if (!is_bash && strcmp(shell, "zsh") != 0)
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl completion bash, or: referctl completion zsh",
            "there is no completion for \"%s\"", shell);
    display_line(session,
        is_bash ? "# Completion of referctl(1) for bash; load it with\n"
                  "#     . <(referctl completion bash)\n"
                : "#compdef referctl\n"
                  "# Completion of referctl(1) for zsh; load it with\n"
                  "#     . <(referctl completion zsh)\n");
    print_shared(session);
    display_line(session, "%s", is_bash ? bash_driver : zsh_driver);
    return EXIT_CODE_DONE;
}
