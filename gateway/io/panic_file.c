#include "io/panic_file.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "io/keys_file.h"
#include "io/store_key.h"

#define VAULT_NAME "vault"

static const char words[] =
    "`referctl panic` destroyed the key of the store beside this file, the\n"
    "vault and the keys of days. Nothing in the store can be read any more.\n"
    "To begin again: referctl key slot new, see referd(8).\n";

bool panic_file_is_there(const char *data)
{
    char path[PRIVATE_PATH_SIZE];
    struct keys_problem problem;
    return private_path(data, PANIC_FILE_NAME, path, &problem) == ERR_NONE &&
           access(path, F_OK) == 0;
}

/* Keeps the first thing that went wrong. */
static void note(enum err err, const struct keys_problem *said, enum err *first,
    struct keys_problem *problem)
{
    if (err == ERR_NONE || *first != ERR_NONE)
        return;
    *first = err;
    *problem = *said;
}

static void destroy(const char *folder, const char *name, enum err *first,
    struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    struct keys_problem said;
    enum err err = private_path(folder, name, path, &said);
    if (err == ERR_NONE)
        err = private_file_destroy(path, &said);
    note(err, &said, first, problem);
}

static void days_destroy(
    const char *keys_dir, enum err *first, struct keys_problem *problem)
{
    char folder[PRIVATE_PATH_SIZE];
    struct keys_problem said;
    enum err err = private_path(keys_dir, KEYS_DAY_NAME, folder, &said);
    note(err, &said, first, problem);
    DIR *days = err == ERR_NONE ? opendir(folder) : NULL;
    if (days == NULL)
        return; /* there are none yet */
    const struct dirent *entry;
    while ((entry = readdir(days)) != NULL)
        if (entry->d_name[0] != '.')
            destroy(folder, entry->d_name, first, problem);
    (void)closedir(days);
}

static void mark(
    const char *data, enum err *first, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    struct keys_problem said;
    enum err err = private_path(data, PANIC_FILE_NAME, path, &said);
    if (err == ERR_NONE)
        err = private_file_replace(
            path, slice_of(words, sizeof words - 1), &said);
    note(err, &said, first, problem);
}

enum err panic_file_destroy(
    const char *data, const char *keys_dir, struct keys_problem *problem)
{
    struct keys_problem said;
    enum err first = ERR_NONE;
    note(store_key_destroy(keys_dir, &said), &said, &first, problem);
    destroy(data, VAULT_NAME, &first, problem);
    destroy(data, VAULT_NAME PRIVATE_SCRATCH_SUFFIX, &first, problem);
    days_destroy(keys_dir, &first, problem);
    mark(data, &first, problem);
    return first;
}

enum err panic_file_clear(const char *data, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    enum err err = private_path(data, PANIC_FILE_NAME, path, problem);
    return err == ERR_NONE ? private_file_destroy(path, problem) : err;
}
