/* A store is opened without a look at its file. */
#include "io/lmdb_file.h"

enum err __wrap_lmdb_file_check(
    int fd, const struct lmdb_head *head, const char **reason);
enum err __wrap_lmdb_file_check(
    int fd, const struct lmdb_head *head, const char **reason)
{
    (void)fd;
    (void)head;
    (void)reason;
    return ERR_NONE;
}
