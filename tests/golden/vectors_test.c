/*
 * Would yesterday's peer still understand us? Each committed vector is what
 * the code makes today, byte for byte; each has its few lines of explanation;
 * and the folder holds nothing else.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "golden/vectors.h"

#define FOLDER SOURCE_DIR "/proto/vectors"
#define FILE_SIZE_MAX (256u * 1024)

static int setup(void **state)
{
    struct vectors *vectors = calloc(1, sizeof *vectors);
    assert_non_null(vectors);
    vectors_open(vectors);
    *state = vectors;
    return 0;
}

static int teardown(void **state)
{
    vectors_close(*state);
    free(*state);
    return 0;
}

/* Of FOLDER/name; empty when there is none. */
static struct slice file_read(struct arena *arena, const char *name)
{
    char path[512];
    int size = snprintf(path, sizeof path, FOLDER "/%s", name);
    assert_in_range(size, 1, sizeof path - 1);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return SLICE_NONE;
    uint8_t *bytes = arena_take(arena, FILE_SIZE_MAX);
    assert_non_null(bytes);
    size_t count = fread(bytes, 1, FILE_SIZE_MAX, file);
    assert_true(count < FILE_SIZE_MAX);
    assert_int_equal(fclose(file), 0);
    return slice_of(bytes, count);
}

static void making_them_again_changes_nothing(void **state)
{
    struct vectors *vectors = *state;
    for (size_t i = 0; i < vectors->count; i++) {
        const struct vector *vector = &vectors->list[i];
        struct arena arena;
        assert_int_equal(arena_init(&arena, 2u << 20), ERR_NONE);
        if (!slice_equal(
                file_read(&arena, vector->name), vector_file(vector, &arena)))
            fail_msg("%s is not what the code makes; a changed vector gets "
                     "another name (tools/dev/make-vectors)",
                vector->name);
        arena_release(&arena);
    }
}

/* NAME.md beside NAME.hex or NAME.txt. */
static void explanation_of(const char *name, char text[256])
{
    const char *suffix = strrchr(name, '.');
    assert_non_null(suffix);
    int size = snprintf(text, 256, "%.*s.md", (int)(suffix - name), name);
    assert_in_range(size, 4, 255);
}

static void each_is_explained(void **state)
{
    struct vectors *vectors = *state;
    char name[256];
    for (size_t i = 0; i < vectors->count; i++) {
        struct arena arena;
        assert_int_equal(arena_init(&arena, 2u << 20), ERR_NONE);
        explanation_of(vectors->list[i].name, name);
        if (file_read(&arena, name).size < 40)
            fail_msg("%s explains nothing", name);
        arena_release(&arena);
    }
}

static bool is_ours(const struct vectors *vectors, const char *name)
{
    char explanation[256];
    for (size_t i = 0; i < vectors->count; i++) {
        explanation_of(vectors->list[i].name, explanation);
        if (strcmp(name, vectors->list[i].name) == 0 ||
            strcmp(name, explanation) == 0)
            return true;
    }
    return false;
}

static void the_folder_holds_nothing_else(void **state)
{
    const struct vectors *vectors = *state;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    for (struct dirent *one = readdir(folder); one != NULL;
         one = readdir(folder))
        if (one->d_name[0] != '.' && !is_ours(vectors, one->d_name) &&
            strcmp(one->d_name, "evidence") != 0 &&
            strcmp(one->d_name, "evidence.md") != 0)
            fail_msg("%s is nobody's vector", one->d_name);
    assert_int_equal(closedir(folder), 0);
}

static void making_the_evidence_again_changes_nothing(void **state)
{
    const struct vectors *vectors = *state;
    char name[256];
    for (size_t i = 0; i < vectors->folder_count; i++) {
        const struct evidence_file *file = &vectors->folder[i];
        struct arena arena;
        assert_int_equal(arena_init(&arena, 2u << 20), ERR_NONE);
        (void)snprintf(name, sizeof name, "evidence/%.*s", (int)file->path.size,
            (const char *)file->path.bytes);
        if (!slice_equal(file_read(&arena, name), file->bytes))
            fail_msg("%s is not what the code makes", name);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            making_them_again_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(each_is_explained, setup, teardown),
        cmocka_unit_test_setup_teardown(
            the_folder_holds_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(
            making_the_evidence_again_changes_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
