#include "referctl/config.h"

#include "core/limits.h"
#include "io/yaml_config.h"

const char *config_read(
    struct pool *pool, const char *config_path, struct config_paths *paths)
{
    struct arena arena;
    struct config config;
    struct yaml_problem problem = { .file = "" };
    const char *text = NULL;
    *paths = (struct config_paths){ 0 };
    enum err err = arena_init(&arena, DECODE_ARENA_SIZE);
    if (err != ERR_NONE)
        return err_text(err);
    err = yaml_config_load(config_path, &arena, &config, &problem);
    if (err == ERR_NONE) {
        paths->data = pool_text(pool, config.data);
        paths->socket = pool_text(pool, config.socket);
        paths->store_token = pool_text(pool, config.store_token);
        paths->panic_is_forbidden = config.panic == CONFIG_PANIC_FORBIDDEN;
        paths->map_size_mib = config.map_size_mib;
        paths->key_days = config.rotation.key_days;
        paths->overlap_days = config.rotation.overlap_days;
        paths->card_days = config.rotation.card_days;
        paths->keys = pool_text(pool, config.keys);
    } else {
        char line[YAML_PROBLEM_TEXT_SIZE];
        yaml_problem_format(&problem, line);
        text = pool_text(pool, line);
    }
    arena_release(&arena);
    return text;
}
