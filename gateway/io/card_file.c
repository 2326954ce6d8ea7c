#include "io/card_file.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/limits.h"

#define NAME_SIZE 40

static enum err read_named(const char *data, const char *name,
    struct arena *arena, struct slice *bytes, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    size_t size = 0;
    uint8_t *copy = arena_take(arena, SIGNED_CARD_SIZE_MAX);
    *bytes = SLICE_NONE;
    if (copy == NULL) {
        keys_problem_set(problem, "%s/%s: out of memory", data, name);
        return ERR_NO_MEMORY;
    }
    enum err err = private_path(data, name, path, problem);
    if (err == ERR_NONE)
        err = private_file_read(path, PRIVATE_FILE_PUBLIC, copy,
            SIGNED_CARD_SIZE_MAX, &size, problem);
    if (err == ERR_NONE)
        *bytes = slice_of(copy, size);
    return err;
}

static void earlier_name(uint64_t serial, char name[NAME_SIZE])
{
    (void)snprintf(name, NAME_SIZE, CARD_FILE_NAME "-%" PRIu64, serial);
}

enum err card_file_read(const char *data, struct arena *arena,
    struct slice *signed_card, struct keys_problem *problem)
{
    return read_named(data, CARD_FILE_NAME, arena, signed_card, problem);
}

size_t card_file_read_earlier(const char *data, uint64_t serial,
    struct arena *arena, struct slice cards[CARD_FILE_EARLIER_COUNT_MAX])
{
    struct keys_problem ignored;
    char name[NAME_SIZE];
    size_t count = 0;
    while (--serial > 0 && count < CARD_FILE_EARLIER_COUNT_MAX) {
        size_t used = arena->used;
        earlier_name(serial, name);
        if (read_named(data, name, arena, &cards[count], &ignored) ==
            ERR_NONE) {
            count++;
            continue;
        }
        arena_rewind(arena, used);
        break; /* they are written without a gap */
    }
    return count;
}

enum err card_file_install(const char *data, const struct card *held,
    struct slice held_bytes, struct slice signed_card,
    struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    char name[NAME_SIZE];
    earlier_name(held->serial, name);
    enum err err = private_path(data, name, path, problem);
    if (err == ERR_NONE)
        err = private_file_create(path, held_bytes, problem);
    if (err == ERR_EXISTS)
        err = ERR_NONE; /* an installation ended between the two */
    if (err == ERR_NONE)
        err = private_path(data, CARD_FILE_NAME, path, problem);
    return err == ERR_NONE ? private_file_replace(path, signed_card, problem)
                           : err;
}
