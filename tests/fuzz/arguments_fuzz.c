/*
 * arguments_fuzz.c - what stands on the command line of referctl, a word a
 * line; the first byte chooses the command. What is parsed, written in its
 * plainest form, is parsed as the same; whatever is said of it moves no
 * terminal's cursor. No command is run.
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "referctl/command.h"
#include "referctl/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORD_COUNT_MAX 48

/* A command line; words are copies, for getopt changes their order. */
struct line {
    char *words[WORD_COUNT_MAX + 1];
    int count;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void line_add(struct line *line, char *word)
{
    require(line->count < WORD_COUNT_MAX);
    line->words[line->count++] = word;
    line->words[line->count] = NULL;
}

/* Words end at a line feed, and as C has it, at a NUL. */
static void line_read(
    struct pool *pool, const uint8_t *data, size_t size, struct line *line)
{
    const char *rest = pool_copy(pool, data, size);
    const char *end = rest + size;
    while (rest < end && line->count < WORD_COUNT_MAX - 2) {
        size_t length = strcspn(rest, "\n");
        line_add(line, pool_copy(pool, rest, length));
        rest += length + 1;
    }
}

/* ---- Against the row of a command ---------------------------------------- */

static bool is_row_of(
    const struct option_row *rows, const struct option_row *row)
{
    for (; rows != NULL && rows->name != NULL; rows++)
        if (rows == row)
            return true;
    return false;
}

static bool is_word_of(const struct line *line, const char *value)
{
    for (int i = 1; i < line->count; i++)
        if (line->words[i] == value)
            return true;
    return false;
}

/* Options first, in their long form; then what is none. */
static void write_plainly(
    struct pool *pool, const struct arguments *arguments, struct line *line)
{
    line_add(line, pool_text(pool, "command"));
    for (size_t i = 0; i < arguments->option_count; i++) {
        const struct option_given *given = &arguments->options[i];
        line_add(line,
            given->row->value == NULL
                ? pool_format(pool, "--%s", given->row->name)
                : pool_format(pool, "--%s=%s", given->row->name, given->value));
    }
    line_add(line, pool_text(pool, "--"));
    for (size_t i = 0; i < arguments->count; i++)
        line_add(line, pool_text(pool, arguments->values[i]));
}

static void require_equal(const struct arguments *a, const struct arguments *b)
{
    require(a->count == b->count && a->option_count == b->option_count);
    for (size_t i = 0; i < a->count; i++)
        require(strcmp(a->values[i], b->values[i]) == 0);
    for (size_t i = 0; i < a->option_count; i++) {
        require(a->options[i].row == b->options[i].row);
        require(strcmp(a->options[i].value, b->options[i].value) == 0);
    }
}

static void parse(
    struct pool *pool, const struct command *command, struct line line)
{
    struct arguments arguments, again;
    struct line plain = { .count = 0 };
    const char *problem = NULL;
    if (!arguments_parse(pool, line.count, line.words, command->options, false,
            &arguments, &problem)) {
        require(problem != NULL && problem[0] != '\0');
        return;
    }
    for (size_t i = 0; i < arguments.option_count; i++) {
        const struct option_row *row = arguments.options[i].row;
        require(
            is_row_of(command->options, row) || is_row_of(global_options, row));
        require(arguments_flag(&arguments, row->name));
    }
    for (size_t i = 0; i < arguments.count; i++)
        require(is_word_of(&line, arguments.values[i]));
    /* a bundle of letters has more options than it is words */
    if (arguments.option_count + arguments.count + 2 > WORD_COUNT_MAX)
        return;
    write_plainly(pool, &arguments, &plain);
    require(arguments_parse(pool, plain.count, plain.words, command->options,
        false, &again, &problem));
    require_equal(&arguments, &again);
}

/* ---- Each word by itself ------------------------------------------------- */

static void require_shown(const char *text, const char *layout)
{
    for (; *text != '\0'; text++)
        require(((unsigned char)*text >= 0x20 && *text != 0x7f) ||
                strchr(layout, *text) != NULL);
}

static void look_at(struct pool *pool, const char *word)
{
    const char *name = NULL;
    const char *value = NULL;
    int64_t number = 0;
    if (argument_split(pool, word, &name, &value)) {
        require(name[0] != '\0' && strchr(name, '=') == NULL);
        require(strcmp(pool_format(pool, "%s=%s", name, value), word) == 0);
    } else {
        require(word[0] == '=' || strchr(word, '=') == NULL);
    }
    if (words_number(word, -1000, 1000, &number))
        require(number >= -1000 && number <= 1000 &&
                strtoll(word, NULL, 10) == number);
    require_shown(words_printable(pool, word), "");
    require(words_distance(word, word) == (strlen(word) < 64 ? 0 : SIZE_MAX));
    require(words_distance(word, "status") == words_distance("status", word));
    for (const char *rest = word; (value = words_next(pool, &rest)) != NULL;)
        require(value[0] != '\0' && strchr(value, ' ') == NULL);
}

/* ---- The whole program, up to the command -------------------------------- */

/* Asked for help, it runs nothing. */
static void run(struct pool *pool, const struct line *line)
{
    char *out = NULL;
    char *err = NULL;
    size_t out_size = 0;
    size_t err_size = 0;
    struct line asked = { .count = 0 };
    struct session session = { .pool = pool,
        .in = NULL,
        .out = open_memstream(&out, &out_size),
        .err = open_memstream(&err, &err_size),
        .timeout_ms = TIMEOUT_MS_DEFAULT };
    require(session.out != NULL && session.err != NULL);
    line_add(&asked, pool_text(pool, "referctl"));
    line_add(&asked, pool_text(pool, "--help"));
    for (int i = 1; i < line->count; i++)
        line_add(&asked, line->words[i]);
    enum exit_code code = referctl_run(&session, asked.count, asked.words);
    require(fclose(session.out) == 0 && fclose(session.err) == 0);
    require(code == EXIT_CODE_DONE || code == EXIT_CODE_USAGE);
    require((code == EXIT_CODE_DONE) == (err_size == 0));
    require_shown(out, "\n");
    require_shown(err, "\n");
    free(out);
    free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pool pool = { 0 };
    struct line line = { .count = 0 };
    size_t command_count = 0;
    if (size == 0 || setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 0;
    while (command_at(command_count) != NULL)
        command_count++;
    line_add(&line, pool_text(&pool, "command"));
    line_read(&pool, data + 1, size - 1, &line);
    for (int i = 1; i < line.count; i++)
        look_at(&pool, line.words[i]);
    run(&pool, &line);
    parse(&pool, command_at(data[0] % command_count), line);
    pool_release(&pool);
    return 0;
}
