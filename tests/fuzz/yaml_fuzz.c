/*
 * YAML files: whatever stands in one, it loads or says where it does not, and
 * libcyaml refuses nothing that our own checks let pass. The first byte says
 * which kind. A configuration that loads is the same once printed and loaded
 * again. Needs refer_io_yaml.
 */
#include <stdlib.h>
#include <string.h>

#include "io/yaml_config.h"
#include "io/yaml_mou.h"
#include "io/yaml_outline.h"
#include "io/yaml_referral.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* False: a path is too long with its folder. */
static bool print_again(
    const char *file, struct slice bytes, struct arena *arena, char *text)
{
    struct config config;
    struct yaml_problem problem;
    size_t size;
    must(yaml_config_parse(file, bytes, arena, &config, &problem) == ERR_NONE);
    enum err err =
        yaml_config_print(&config, "/f", text, CONFIG_TEXT_SIZE_MAX, &size);
    must(err == ERR_NONE || err == ERR_LIMIT);
    must(err != ERR_NONE || size == strlen(text));
    return err == ERR_NONE;
}

static void check_printed(struct slice bytes, struct arena *arena)
{
    static char once[CONFIG_TEXT_SIZE_MAX];
    static char again[CONFIG_TEXT_SIZE_MAX];
    arena_reset(arena);
    if (!print_again("x.yaml", bytes, arena, once))
        return;
    must(print_again("/g/x.yaml", slice_of_text(once), arena, again));
    must(strcmp(once, again) == 0);
}

static enum err parse(char kind, struct slice bytes, struct arena *arena,
    struct yaml_problem *problem)
{
    struct config config;
    struct mou mou;
    struct referral_file referral;
    if (kind == 'c')
        return yaml_config_parse("x.yaml", bytes, arena, &config, problem);
    if (kind == 'm')
        return yaml_mou_parse("x.yaml", bytes, arena, &mou, problem);
    return yaml_referral_parse("x.yaml", bytes, arena, &referral, problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct yaml_problem problem = { 0 };
    char text[YAML_PROBLEM_TEXT_SIZE];
    if (arena.block == NULL)
        must(arena_init(&arena, 8u * 1024 * 1024) == ERR_NONE);
    if (size == 0 || size > YAML_SIZE_MAX)
        return 0;
    arena_reset(&arena);
    enum err err =
        parse((char)data[0], slice_of(data + 1, size - 1), &arena, &problem);
    must(err == ERR_NONE || err == ERR_INVALID);
    must((err == ERR_NONE) == (problem.reason[0] == '\0'));
    must(strstr(problem.reason, "does not load") == NULL);
    yaml_problem_format(&problem, text);
    if (err == ERR_NONE && data[0] == 'c')
        check_printed(slice_of(data + 1, size - 1), &arena);
    return 0;
}
