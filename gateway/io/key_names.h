/*
 * key_names.h - the files of a directory of keys that bear a number, such as
 * log-1.pem or day/20779.pem. Numbers only rise; the highest is the newest.
 */
#ifndef IO_KEY_NAMES_H
#define IO_KEY_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/card.h"
#include "io/private_file.h"

struct key_name {
    const char *prefix;
    int digits; /* at least so many, filled with zeros */
    const char *suffix;
};

/* Of the private keys of each purpose; of days; of TLS certificates. */
extern const struct key_name key_name_of[KEY_PURPOSE_COUNT];
extern const struct key_name key_name_day;
extern const struct key_name key_name_certificate;

/* DIR/PREFIXnumberSUFFIX. ERR_INVALID when it is too long. */
MUST_USE enum err key_name_path(const char *dir, const struct key_name *name,
    uint32_t number, char path[PRIVATE_PATH_SIZE],
    struct keys_problem *problem);

/*
 * The numbers there are, ascending; names written in another way, such as
 * log-01.pem, do not count. ERR_NOT_FOUND, ERR_LIMIT above `capacity`, ERR_IO.
 */
MUST_USE enum err key_name_list(const char *dir, const struct key_name *name,
    uint32_t *numbers, size_t capacity, size_t *count,
    struct keys_problem *problem);

/* Removes what a crash left behind while a file was being made. ERR_IO. */
MUST_USE enum err key_name_sweep(const char *dir, struct keys_problem *problem);

#endif
