#include "referctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum exit_code fail_errno(
    struct session *session, const char *doing, const char *path)
{
    return session_fail(session, EXIT_CODE_LOCAL,
        "check the path, and that this user may do this there",
        "cannot %s %s: %s", doing, path, strerror(errno));
}

/* Reads until the end or `capacity`; -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t capacity)
{
    size_t size = 0;
    while (size < capacity) {
        ssize_t got = read(fd, bytes + size, capacity - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    return (ssize_t)size;
}

enum exit_code file_read(struct session *session, const char *path,
    size_t size_max, const char **bytes, size_t *size)
{
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(session, "open", path);
    char *buffer = pool_take(session->pool, size_max + 2);
    ssize_t got = read_all(fd, buffer, size_max + 1);
    int error = errno;
    if (!is_input)
        (void)close(fd);
    errno = error;
    if (got < 0)
        return fail_errno(session, "read", path);
    if ((size_t)got > size_max)
        return session_fail(session, EXIT_CODE_LOCAL,
            "check that this is the right file",
            "%s is larger than the %zu bytes allowed", path, size_max);
    *bytes = buffer;
    *size = (size_t)got;
    return EXIT_CODE_DONE;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

bool file_sync_folder_of(struct session *session, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash == NULL   ? "."
                         : slash == path ? "/"
                                         : pool_copy(session->pool, path,
                                               (size_t)(slash - path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_synced = fsync(fd) == 0;
    (void)close(fd);
    return is_synced;
}

/* link() refuses an existing name, rename() replaces it; both are atomic. */
static bool give_name(const char *temporary, const char *path, bool replace)
{
    if (replace)
        return rename(temporary, path) == 0;
    if (link(temporary, path) != 0)
        return false;
    return unlink(temporary) == 0;
}

enum exit_code file_write(struct session *session, const char *path,
    const void *bytes, size_t size, unsigned mode, bool replace)
{
    char *temporary = pool_format(session->pool, "%s.XXXXXX", path);
    if (!replace && file_exists(path)) {
        errno = EEXIST;
        return fail_errno(session, "write", path);
    }
    int fd = mkstemp(temporary);
    if (fd < 0)
        return fail_errno(session, "write beside", path);
    bool is_done = fchmod(fd, (mode_t)mode) == 0 &&
                   write_all(fd, bytes, size) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && is_done) {
        is_done = false;
        error = errno;
    }
    if (is_done && !give_name(temporary, path, replace)) {
        is_done = false;
        error = errno;
    }
    if (!is_done) {
        (void)unlink(temporary);
        errno = error;
        return fail_errno(session, "write", path);
    }
    if (!file_sync_folder_of(session, path))
        return fail_errno(session, "make durable", path);
    return EXIT_CODE_DONE;
}

bool file_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

bool file_is_document(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

enum exit_code file_read_line(
    struct session *session, const char *path, const char **line)
{
    const char *bytes = NULL;
    size_t size = 0;
    enum exit_code code = file_read(session, path, 4096, &bytes, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    *line = pool_copy(session->pool, bytes, strcspn(bytes, "\r\n"));
    return EXIT_CODE_DONE;
}
