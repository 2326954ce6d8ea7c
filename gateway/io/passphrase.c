#include "io/passphrase.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* All of standard input, up to the capacity. */
static enum err input_read(
    uint8_t *bytes, size_t capacity, size_t *size, struct keys_problem *problem)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t got = read(STDIN_FILENO, bytes + *size, capacity - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            keys_problem_set(
                problem, "the passphrase cannot be read from standard input");
            return ERR_IO;
        }
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return ERR_NONE;
}

enum err passphrase_read(const char *path, enum private_file_kind kind,
    char text[KEY_PASSPHRASE_SIZE_MAX + 1], struct keys_problem *problem)
{
    uint8_t *bytes = (uint8_t *)text;
    size_t size = 0;
    enum err err =
        strcmp(path, "-") == 0
            ? input_read(bytes, KEY_PASSPHRASE_SIZE_MAX, &size, problem)
            : private_file_read(
                  path, kind, bytes, KEY_PASSPHRASE_SIZE_MAX, &size, problem);
    text[size] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return err;
}
