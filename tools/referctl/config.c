#include "referctl/config.h"

#include <string.h>

#include "base/arena.h"
#include "io/yaml_cyaml.h"

/* The value of a top-level key as a path; NULL when there is none. */
static const char *path_of(struct pool *pool,
    const struct yaml_outline *outline, const char *config_path,
    const char *key)
{
    size_t entry = yaml_outline_entry(outline, 0, key);
    const char *slash = strrchr(config_path, '/');
    if (entry == YAML_NODE_NONE || outline->nodes[entry].kind != YAML_SCALAR)
        return NULL;
    struct slice value = outline->nodes[entry].value;
    const char *path = pool_copy(pool, value.bytes, value.size);
    if (path[0] == '/' || slash == NULL)
        return path;
    return pool_format(
        pool, "%.*s/%s", (int)(slash - config_path), config_path, path);
}

static const char *fill(struct pool *pool, const struct yaml_outline *outline,
    const char *config_path, struct config_paths *paths)
{
    const char *data = path_of(pool, outline, config_path, "data");
    paths->socket = path_of(pool, outline, config_path, "socket");
    paths->keys = path_of(pool, outline, config_path, "keys");
    if (paths->socket == NULL && data == NULL)
        return pool_format(pool, "%s has neither the key socket nor data",
            config_path);
    if (paths->socket == NULL)
        paths->socket = pool_format(pool, "%s/referd.sock", data);
    if (paths->keys == NULL && data != NULL)
        paths->keys = pool_format(pool, "%s/keys", data);
    return NULL;
}

const char *config_read(
    struct pool *pool, const char *config_path, struct config_paths *paths)
{
    struct arena arena;
    struct slice bytes = SLICE_NONE;
    struct yaml_problem problem;
    struct yaml_outline outline = { 0 };
    const char *text = NULL;
    *paths = (struct config_paths){ 0 };
    yaml_problem_begin(&problem, config_path);
    enum err err = arena_init(&arena, YAML_SIZE_MAX + 4096);
    if (err == ERR_NONE)
        err = yaml_read(config_path, &arena, &bytes, &problem);
    if (err == ERR_NONE)
        err = yaml_outline_init(&outline, bytes, &problem);
    if (err == ERR_NONE) {
        text = outline.count > 0 && outline.nodes[0].kind == YAML_MAPPING
            ? fill(pool, &outline, config_path, paths)
            : pool_format(pool, "%s is no configuration", config_path);
    } else {
        char line[YAML_PROBLEM_TEXT_SIZE];
        yaml_problem_format(&problem, line);
        text = problem.reason[0] != '\0' ? pool_text(pool, line)
                                         : err_text(err);
    }
    yaml_outline_release(&outline);
    arena_release(&arena);
    return text;
}
