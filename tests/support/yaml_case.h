/*
 * yaml_case.h - one thing of a sound YAML document replaced by another, and
 * what is said of it, whole.
 */
#ifndef SUPPORT_YAML_CASE_H
#define SUPPORT_YAML_CASE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "io/yaml_problem.h"

struct yaml_case {
    const char *find; /* stands in the document; its first is replaced */
    const char *replace;
    const char *problem; /* as yaml_problem_format prints it */
};

/* Parses and throws away; the document is called x.yaml. */
typedef enum err yaml_case_parse(
    struct slice bytes, struct arena *arena, struct yaml_problem *problem);

static inline struct slice yaml_case_text(
    const char *document, const struct yaml_case *row, struct arena *arena)
{
    const char *at = strstr(document, row->find);
    assert_non_null(at);
    size_t before = (size_t)(at - document);
    size_t size = strlen(document) - strlen(row->find) + strlen(row->replace);
    char *text = arena_take(arena, size + 1);
    assert_non_null(text);
    memcpy(text, document, before);
    memcpy(text + before, row->replace, strlen(row->replace));
    memcpy(text + before + strlen(row->replace), at + strlen(row->find),
        strlen(at) - strlen(row->find));
    return slice_of(text, size);
}

static inline void yaml_case_check(const char *document,
    const struct yaml_case *rows, size_t count, yaml_case_parse *parse)
{
    struct arena arena;
    assert_int_equal(arena_init(&arena, 1 << 20), ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        struct yaml_problem problem;
        char text[YAML_PROBLEM_TEXT_SIZE];
        struct slice bytes = yaml_case_text(document, &rows[i], &arena);
        assert_int_equal(parse(bytes, &arena, &problem), ERR_INVALID);
        yaml_problem_format(&problem, text);
        assert_string_equal(text, rows[i].problem);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

/* Of whatever size the arena is: an error that says so, or the document. */
static inline void yaml_case_check_arena(
    const char *document, yaml_case_parse *parse)
{
    bool was_parsed = false;
    for (size_t capacity = 16; capacity < 16384; capacity += 16) {
        struct arena arena;
        struct yaml_problem problem;
        assert_int_equal(arena_init(&arena, capacity), ERR_NONE);
        enum err err = parse(slice_of_text(document), &arena, &problem);
        assert_true(err == ERR_NONE || (err == ERR_LIMIT && !was_parsed));
        if (err == ERR_NONE)
            was_parsed = true;
        else
            assert_string_equal(problem.reason, "does not fit into memory");
        arena_release(&arena);
    }
    assert_true(was_parsed);
}

#endif
