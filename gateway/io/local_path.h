/* local_path.h - a listening Unix socket at a path, and its end. */
#ifndef IO_LOCAL_PATH_H
#define IO_LOCAL_PATH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "io/local_socket.h"

/* Never blocking, closed when a program is executed. */
bool local_descriptor_prepare(int fd);

/* Which file it is, so that another's is never removed. */
struct local_path_mark {
    dev_t device;
    ino_t inode;
};

/* Errors as local_socket_open(). */
MUST_USE enum err local_path_listen(const char *path, int *fd,
    struct local_path_mark *mark, struct local_problem *problem);

/* Removes the file unless it is another's by now. */
void local_path_remove(const char *path, struct local_path_mark mark);

#endif
