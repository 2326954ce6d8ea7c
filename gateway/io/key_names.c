#include "io/key_names.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 64

/* clang-format off */
const struct key_name key_name_of[KEY_PURPOSE_COUNT] = {
    [KEY_LOG]         = { "log-",         1, ".pem" },
    [KEY_WITNESS]     = { "witness-",     1, ".pem" },
    [KEY_OPERATION]   = { "operation-",   1, ".pem" },
    [KEY_LAST_RESORT] = { "last-resort-", 1, ".pem" },
    [KEY_TLS]         = { "tls-",         1, ".pem" },
};
const struct key_name key_name_day         = { "",     5, ".pem" };
const struct key_name key_name_certificate = { "tls-", 1, ".crt" };
/* clang-format on */

static bool name_write(
    const struct key_name *name, uint32_t number, char text[NAME_SIZE])
{
    int size = snprintf(text, NAME_SIZE, "%s%0*lu%s", name->prefix,
        name->digits, (unsigned long)number, name->suffix);
    return size > 0 && size < NAME_SIZE;
}

static bool name_read(
    const struct key_name *name, const char *text, uint32_t *number)
{
    char again[NAME_SIZE];
    size_t prefix_size = strlen(name->prefix);
    if (strncmp(text, name->prefix, prefix_size) != 0)
        return false;
    errno = 0;
    unsigned long long value = strtoull(text + prefix_size, NULL, 10);
    if (errno != 0 || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    /* one number has one name; everything else is somebody's copy */
    return name_write(name, *number, again) && strcmp(text, again) == 0;
}

enum err key_name_path(const char *dir, const struct key_name *name,
    uint32_t number, char path[PRIVATE_PATH_SIZE], struct keys_problem *problem)
{
    char text[NAME_SIZE] = "";
    if (!name_write(name, number, text))
        text[0] = '\0';
    return private_path(dir, text, path, problem);
}

static enum err unreadable(const char *dir, struct keys_problem *problem)
{
    bool is_missing = errno == ENOENT;
    keys_problem_set(problem, "%s: the directory cannot be read; %s", dir,
        is_missing ? "make the keys first, or restore them from the backup"
                   : "it must belong to the user that runs this");
    return is_missing ? ERR_NOT_FOUND : ERR_IO;
}

static int ascending(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

enum err key_name_list(const char *dir, const struct key_name *name,
    uint32_t *numbers, size_t capacity, size_t *count,
    struct keys_problem *problem)
{
    enum err err = ERR_NONE;
    *count = 0;
    DIR *entries = opendir(dir);
    if (entries == NULL)
        return unreadable(dir, problem);
    for (;;) {
        uint32_t number = 0;
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (entry == NULL) {
            if (errno != 0)
                err = unreadable(dir, problem);
            break;
        }
        if (!name_read(name, entry->d_name, &number))
            continue;
        if (*count == capacity) {
            keys_problem_set(problem,
                "%s: holds more than %zu keys %s*%s; move the oldest away", dir,
                capacity, name->prefix, name->suffix);
            err = ERR_LIMIT;
            break;
        }
        numbers[(*count)++] = number;
    }
    (void)closedir(entries);
    qsort(numbers, *count, sizeof *numbers, ascending);
    return err;
}

enum err key_name_sweep(const char *dir, struct keys_problem *problem)
{
    static const char suffix[] = ".pem" PRIVATE_SCRATCH_SUFFIX;
    enum err err = ERR_NONE;
    char path[PRIVATE_PATH_SIZE];
    DIR *entries = opendir(dir);
    if (entries == NULL)
        return unreadable(dir, problem);
    while (err == ERR_NONE) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (entry == NULL) {
            if (errno != 0)
                err = unreadable(dir, problem);
            break;
        }
        size_t size = strlen(entry->d_name);
        if (size < sizeof suffix - 1 ||
            strcmp(entry->d_name + size - (sizeof suffix - 1), suffix) != 0)
            continue;
        err = private_path(dir, entry->d_name, path, problem);
        if (err == ERR_NONE && unlink(path) != 0 && errno != ENOENT) {
            keys_problem_set(problem,
                "%s: a remnant that cannot be removed; erase it by hand", path);
            err = ERR_IO;
        }
    }
    (void)closedir(entries);
    return err;
}
