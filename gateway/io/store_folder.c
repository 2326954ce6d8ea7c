#include "io/store_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file_exchange.h"

#define STORE_NAME "store"
#define UNFINISHED_NAME "store.tmp"
#define MARKER_NAME "store.made"
#define LOCK_NAME "lock"

static const char marker_text[] =
    "The store beside this file was finished here. Keep the two together:\n"
    "with this file and without the store the gateway refuses to start, so\n"
    "that an emptied disk is noticed. Restore both from a backup.\n";

enum err store_problem_set(
    struct store_problem *problem, enum err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return err;
}

static enum err set_failed(struct store_problem *problem,
    const struct store_folder *folder, const char *name, const char *what)
{
    char reason[128] = "";
    if (strerror_r(errno, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", errno);
    return store_problem_set(problem, ERR_IO,
        "%s/%s: cannot %s: %s; check the disk, its free space and the owner "
        "of the folder",
        folder->path, name, what, reason);
}

static bool exists(const struct store_folder *folder, const char *name)
{
    struct stat status;
    return fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum err open_folder(
    struct store_folder *folder, struct store_problem *problem)
{
    struct stat status;
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return store_problem_set(problem, ERR_NOT_FOUND,
            "%s: there is no such folder; make it with mode 0700 for the "
            "gateway's user, or mount the disk that holds it",
            folder->path);
    if (folder->fd < 0 || fstat(folder->fd, &status) != 0)
        return set_failed(problem, folder, ".", "open the folder");
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return store_problem_set(problem, ERR_FORBIDDEN,
            "%s: others may write to this folder (mode %04o); chmod go-w it",
            folder->path, (unsigned)status.st_mode & 07777u);
    return ERR_NONE;
}

static enum err set_busy(
    const struct store_folder *folder, struct store_problem *problem)
{
    char pid[24] = "unknown";
    ssize_t size = pread(folder->lock_fd, pid, sizeof pid - 1, 0);
    if (size > 0) {
        pid[size] = 0;
        pid[strspn(pid, "0123456789")] = 0;
    }
    return store_problem_set(problem, ERR_BUSY,
        "%s: another process (pid %s) has this folder; stop it first, two "
        "gateways on one folder would contradict each other",
        folder->path, pid);
}

static enum err take_lock(
    struct store_folder *folder, struct store_problem *problem)
{
    char pid[24];
    int size = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    folder->lock_fd = openat(folder->fd, LOCK_NAME,
        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (folder->lock_fd < 0)
        return set_failed(problem, folder, LOCK_NAME, "open");
    if (flock(folder->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? set_busy(folder, problem)
                   : set_failed(problem, folder, LOCK_NAME, "lock");
    /* The number only helps a reader of the message: failing to write it
     * on a full disk must not keep the gateway from starting. */
    if (ftruncate(folder->lock_fd, 0) == 0 &&
        pwrite(folder->lock_fd, pid, (size_t)size, 0) != size)
        (void)!ftruncate(folder->lock_fd, 0);
    return ERR_NONE;
}

enum err store_folder_open(const char *path, struct store_folder *folder,
    struct store_problem *problem)
{
    *folder = (struct store_folder){ .path = path, .fd = -1, .lock_fd = -1 };
    if (strlen(path) > STORE_FOLDER_PATH_SIZE_MAX)
        return store_problem_set(problem, ERR_LIMIT,
            "the path of the store's folder is longer than %d bytes; choose "
            "a shorter one",
            STORE_FOLDER_PATH_SIZE_MAX);
    enum err err = open_folder(folder, problem);
    if (err == ERR_NONE)
        err = take_lock(folder, problem);
    if (err != ERR_NONE) {
        store_folder_close(folder);
        return err;
    }
    folder->has_marker = exists(folder, MARKER_NAME);
    folder->has_store = exists(folder, STORE_NAME);
    return ERR_NONE;
}

/* Unlinks what is in an open folder; false with errno when it cannot. */
static bool empty_out(DIR *folder)
{
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0) != 0)
            return false;
        errno = 0;
    }
    return errno == 0;
}

enum err store_folder_remove(struct store_folder *folder, const char *name,
    struct store_problem *problem)
{
    int fd = openat(
        folder->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return ERR_NONE;
    DIR *inside = fd < 0 ? NULL : fdopendir(fd);
    if (inside == NULL) {
        enum err err = set_failed(problem, folder, name, "open");
        if (fd >= 0)
            close(fd);
        return err;
    }
    bool is_empty = empty_out(inside);
    enum err err =
        is_empty ? ERR_NONE : set_failed(problem, folder, name, "empty");
    closedir(inside);
    if (err != ERR_NONE)
        return err;
    if (unlinkat(folder->fd, name, AT_REMOVEDIR) != 0)
        return set_failed(problem, folder, name, "remove");
    return ERR_NONE;
}

enum err store_folder_begin(
    struct store_folder *folder, struct store_problem *problem)
{
    enum err err = store_folder_remove(folder, UNFINISHED_NAME, problem);
    if (err == ERR_NONE && mkdirat(folder->fd, UNFINISHED_NAME, S_IRWXU) != 0)
        err = set_failed(problem, folder, UNFINISHED_NAME, "make the folder");
    return err;
}

static enum err sync_fd(struct store_folder *folder, int fd, const char *name,
    struct store_problem *problem)
{
    return fsync(fd) == 0
               ? ERR_NONE
               : set_failed(problem, folder, name, "write to the disk (fsync)");
}

static enum err sync_inside(
    struct store_folder *folder, DIR *inside, struct store_problem *problem)
{
    const struct dirent *entry;
    while ((entry = readdir(inside)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        int fd = openat(dirfd(inside), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return set_failed(problem, folder, UNFINISHED_NAME, "open");
        enum err err = sync_fd(folder, fd, UNFINISHED_NAME, problem);
        close(fd);
        if (err != ERR_NONE)
            return err;
    }
    return sync_fd(folder, dirfd(inside), UNFINISHED_NAME, problem);
}

enum err store_folder_finish(
    struct store_folder *folder, struct store_problem *problem)
{
    int fd =
        openat(folder->fd, UNFINISHED_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *inside = fd < 0 ? NULL : fdopendir(fd);
    if (inside == NULL) {
        enum err err = set_failed(problem, folder, UNFINISHED_NAME, "open");
        if (fd >= 0)
            close(fd);
        return err;
    }
    enum err err = sync_inside(folder, inside, problem);
    closedir(inside);
    if (err != ERR_NONE)
        return err;
    if (renameat(folder->fd, UNFINISHED_NAME, folder->fd, STORE_NAME) != 0)
        return set_failed(problem, folder, UNFINISHED_NAME, "rename");
    folder->has_store = true;
    /* The name must be on the disk before the marker that vouches for it. */
    err = sync_fd(folder, folder->fd, ".", problem);
    return err == ERR_NONE ? store_folder_mark(folder, problem) : err;
}

enum err store_folder_mark(
    struct store_folder *folder, struct store_problem *problem)
{
    int fd = openat(folder->fd, MARKER_NAME,
        O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
        S_IRUSR | S_IWUSR);
    if (fd < 0)
        return set_failed(problem, folder, MARKER_NAME, "make");
    enum err err = ERR_NONE;
    size_t size = sizeof marker_text - 1;
    if (write(fd, marker_text, size) != (ssize_t)size)
        err = set_failed(problem, folder, MARKER_NAME, "write");
    else
        err = sync_fd(folder, fd, MARKER_NAME, problem);
    close(fd);
    if (err == ERR_NONE)
        err = sync_fd(folder, folder->fd, ".", problem);
    folder->has_marker = err == ERR_NONE;
    return err;
}

static enum err name_in(char text[NAME_MAX + 1],
    const struct store_folder *folder, const char *name,
    struct store_problem *problem)
{
    int size = snprintf(text, NAME_MAX + 1, "%s/" STORE_NAME, name);
    if (size > 0 && size <= NAME_MAX)
        return ERR_NONE;
    errno = ENAMETOOLONG;
    return set_failed(problem, folder, name, "use");
}

enum err store_folder_discard(struct store_folder *folder, const char *name,
    struct store_problem *problem)
{
    char inner[NAME_MAX + 1];
    enum err err = name_in(inner, folder, name, problem);
    if (err == ERR_NONE && exists(folder, name))
        err = store_folder_remove(folder, inner, problem);
    return err == ERR_NONE ? store_folder_remove(folder, name, problem) : err;
}

static bool sync_name(const struct store_folder *folder, const char *name)
{
    int fd = openat(folder->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

enum err store_folder_take(struct store_folder *folder, const char *made,
    const char *kept, struct store_problem *problem)
{
    char inner[NAME_MAX + 1];
    enum err err = name_in(inner, folder, made, problem);
    if (err != ERR_NONE)
        return err;
    bool done = folder->has_store
                    ? file_exchange(folder->fd, inner, STORE_NAME)
                    : renameat(folder->fd, inner, folder->fd, STORE_NAME) == 0;
    if (!done || !sync_name(folder, made) || fsync(folder->fd) != 0)
        return set_failed(problem, folder, STORE_NAME, "replace");
    folder->has_store = true;
    if (!folder->has_marker)
        err = store_folder_mark(folder, problem);
    if (err == ERR_NONE)
        err = store_folder_discard(folder, kept, problem);
    if (err == ERR_NONE && renameat(folder->fd, made, folder->fd, kept) != 0)
        err = set_failed(problem, folder, kept, "keep");
    return err;
}

void store_folder_close(struct store_folder *folder)
{
    if (folder->lock_fd >= 0)
        close(folder->lock_fd);
    if (folder->fd >= 0)
        close(folder->fd);
    *folder = (struct store_folder){ .fd = -1, .lock_fd = -1 };
}
