#include "io/file_exchange.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

static bool exchange_in_steps(int folder, const char *a, const char *b)
{
    char aside[NAME_MAX + 1];
    int size = snprintf(aside, sizeof aside, "%s.aside", b);
    if (size < 0 || (size_t)size >= sizeof aside) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (renameat(folder, b, folder, aside) != 0)
        return false;
    if (renameat(folder, a, folder, b) != 0) {
        int reason = errno;
        (void)renameat(folder, aside, folder, b);
        errno = reason;
        return false;
    }
    return renameat(folder, aside, folder, a) == 0;
}

bool file_exchange(int folder, const char *a, const char *b)
{
    if (renameat2(folder, a, folder, b, RENAME_EXCHANGE) == 0)
        return true;
    return (errno == EINVAL || errno == ENOSYS) &&
           exchange_in_steps(folder, a, b);
}
