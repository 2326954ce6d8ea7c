#include "io/local_path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that wait to be accepted; a storm beyond it waits in connect. */
#define LISTEN_COUNT 128

bool local_descriptor_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static enum err fail(
    struct local_problem *problem, enum err err, const char *what, int error)
{
    *problem = (struct local_problem){ what, error };
    return err;
}

static int stream_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && !local_descriptor_prepare(fd)) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* Removes what a dead gateway left at the path. */
static enum err path_clear(
    const struct sockaddr_un *address, struct local_problem *problem)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ? ERR_NONE
                               : fail(problem, ERR_IO, "look at", errno);
    if (!S_ISSOCK(status.st_mode))
        return fail(problem, ERR_EXISTS, "something else is there", 0);
    int fd = stream_socket();
    if (fd < 0)
        return fail(problem, ERR_IO, "make a socket", errno);
    int result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    int error = errno;
    (void)close(fd);
    /* EAGAIN: alive, and its queue is full */
    if (result == 0 || error == EAGAIN || error == EINPROGRESS)
        return fail(problem, ERR_BUSY, "a gateway listens there", 0);
    if (error != ECONNREFUSED && error != ENOENT)
        return fail(problem, ERR_IO, "try to connect to", error);
    if (unlink(address->sun_path) != 0 && errno != ENOENT)
        return fail(problem, ERR_IO, "remove the old", errno);
    return ERR_NONE;
}

static enum err path_bind(int fd, const struct sockaddr_un *address,
    struct local_path_mark *mark, struct local_problem *problem)
{
    struct stat status;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return fail(
            problem, errno == EADDRINUSE ? ERR_BUSY : ERR_IO, "bind to", errno);
    /* nobody can connect before listen(): no moment with another mode */
    if (lstat(address->sun_path, &status) != 0 ||
        chmod(address->sun_path, 0666) != 0 || listen(fd, LISTEN_COUNT) != 0) {
        int error = errno;
        (void)unlink(address->sun_path);
        return fail(problem, ERR_IO, "listen on", error);
    }
    *mark = (struct local_path_mark){ status.st_dev, status.st_ino };
    return ERR_NONE;
}

enum err local_path_listen(const char *path, int *fd,
    struct local_path_mark *mark, struct local_problem *problem)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = strlen(path);
    *fd = -1;
    if (size == 0 || size >= sizeof address.sun_path)
        return fail(
            problem, ERR_INVALID, "a path of 1 to 107 bytes is needed", 0);
    memcpy(address.sun_path, path, size + 1);
    enum err err = path_clear(&address, problem);
    if (err != ERR_NONE)
        return err;
    int made = stream_socket();
    if (made < 0)
        return fail(problem, ERR_IO, "make a socket", errno);
    err = path_bind(made, &address, mark, problem);
    if (err != ERR_NONE) {
        (void)close(made);
        return err;
    }
    *fd = made;
    return ERR_NONE;
}

void local_path_remove(const char *path, struct local_path_mark mark)
{
    struct stat status;
    if (lstat(path, &status) == 0 && status.st_dev == mark.device &&
        status.st_ino == mark.inode)
        (void)unlink(path);
}
