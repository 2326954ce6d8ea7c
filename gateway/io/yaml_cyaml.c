#include "io/yaml_cyaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- libcyaml's words, should it refuse what our checks let pass ---- */

/* Its first message can hold a value of the file, so only places are kept:
 * "  in mapping field 'x' (line: 5, column: 11)", innermost first. */
static void take_message(
    cyaml_log_t level, void *user, const char *format, va_list arguments)
{
    struct yaml_problem *problem = user;
    char text[256];
    unsigned line;
    unsigned column;
    (void)level;
    if (problem->line > 0)
        return;
    (void)vsnprintf(text, sizeof text, format, arguments);
    const char *place = strstr(text, "(line: ");
    if (place != NULL &&
        sscanf(place, "(line: %u, column: %u)", &line, &column) == 2) {
        problem->line = line;
        problem->column = column;
    }
}

static enum err load(const struct yaml_document *document, struct slice bytes,
    void **data, struct yaml_problem *problem)
{
    const cyaml_config_t config = {
        .log_fn = take_message,
        .log_ctx = problem,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    cyaml_err_t result = cyaml_load_data(
        bytes.bytes, bytes.size, &config, document->schema, data, NULL);
    if (result == CYAML_OK)
        return ERR_NONE;
    *data = NULL;
    yaml_problem_reason(problem, "does not load: %s", cyaml_strerror(result));
    return result == CYAML_ERR_OOM ? ERR_NO_MEMORY : ERR_INVALID;
}

/* ---- Loading ---- */

void yaml_problem_begin(struct yaml_problem *problem, const char *file)
{
    *problem = (struct yaml_problem){ 0 };
    (void)snprintf(problem->file, sizeof problem->file, "%s", file);
}

enum err yaml_load(const struct yaml_document *document, const char *file,
    struct slice bytes, struct yaml_loaded *loaded,
    struct yaml_problem *problem)
{
    yaml_problem_begin(problem, file);
    *loaded = (struct yaml_loaded){ .document = document };
    enum err err = yaml_outline_init(&loaded->outline, bytes, problem);
    if (err == ERR_NONE)
        err = yaml_check(document, &loaded->outline, problem);
    if (err == ERR_NONE)
        err = load(document, bytes, &loaded->data, problem);
    if (err == ERR_NO_MEMORY)
        yaml_problem_reason(problem, "does not fit into memory");
    if (err != ERR_NONE)
        yaml_outline_release(&loaded->outline);
    return err;
}

void yaml_release(struct yaml_loaded *loaded)
{
    const cyaml_config_t config = { .mem_fn = cyaml_mem };
    (void)cyaml_free(&config, loaded->document->schema, loaded->data, 0);
    yaml_outline_release(&loaded->outline);
    *loaded = (struct yaml_loaded){ 0 };
}

/* ---- Files ---- */

static enum err refuse_file(struct yaml_problem *problem, int number)
{
    char text[128];
    if (strerror_r(number, text, sizeof text) != 0)
        (void)snprintf(text, sizeof text, "error %d", number);
    yaml_problem_reason(problem, "cannot be read: %s", text);
    return ERR_IO;
}

/* By reading, not by asking for its size: it may be a pipe. */
static enum err read_stream(FILE *stream, struct arena *arena,
    struct slice *bytes, struct yaml_problem *problem)
{
    uint8_t *buffer = malloc(YAML_SIZE_MAX + 1);
    if (buffer == NULL) {
        yaml_problem_reason(problem, "does not fit into memory");
        return ERR_NO_MEMORY;
    }
    size_t size = fread(buffer, 1, YAML_SIZE_MAX + 1, stream);
    enum err err = ERR_NONE;
    if (ferror(stream)) {
        err = refuse_file(problem, errno);
    } else if (size > YAML_SIZE_MAX) {
        yaml_problem_reason(problem, "is larger than %u bytes", YAML_SIZE_MAX);
        err = ERR_INVALID;
    } else {
        *bytes = arena_copy(arena, slice_of(buffer, size));
        err = bytes->bytes == NULL ? ERR_LIMIT : ERR_NONE;
        if (err != ERR_NONE)
            yaml_problem_reason(problem, "does not fit into memory");
    }
    free(buffer);
    return err;
}

enum err yaml_read(const char *path, struct arena *arena, struct slice *bytes,
    struct yaml_problem *problem)
{
    yaml_problem_begin(problem, path);
    *bytes = SLICE_NONE;
    if (strcmp(path, "-") == 0)
        return read_stream(stdin, arena, bytes, problem);
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        return refuse_file(problem, errno);
    enum err err = read_stream(stream, arena, bytes, problem);
    (void)fclose(stream);
    return err;
}
