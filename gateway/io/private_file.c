#include "io/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RIGHTS_OF_OTHERS (S_IRWXG | S_IRWXO)

void keys_problem_set(struct keys_problem *problem, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(problem->text, sizeof problem->text, format, arguments) < 0)
        problem->text[0] = '\0';
    va_end(arguments);
}

/* `remedy` completes "PATH: cannot DO it: REASON; " */
static enum err refused(struct keys_problem *problem, const char *path,
    const char *action, const char *remedy)
{
    int reason = errno;
    char text[128];
    if (strerror_r(reason, text, sizeof text) != 0)
        (void)snprintf(text, sizeof text, "error %d", reason);
    keys_problem_set(
        problem, "%s: cannot %s it: %s; %s", path, action, text, remedy);
    return reason == ENOENT ? ERR_NOT_FOUND : ERR_IO;
}

enum err private_path(const char *dir, const char *name,
    char path[PRIVATE_PATH_SIZE], struct keys_problem *problem)
{
    int size = snprintf(path, PRIVATE_PATH_SIZE, "%s/%s", dir, name);
    if (size > 0 && size < PRIVATE_PATH_SIZE)
        return ERR_NONE;
    keys_problem_set(problem,
        "the directory for keys has too long a name; use one below %d bytes",
        PRIVATE_PATH_SIZE / 2);
    return ERR_INVALID;
}

enum err private_dir_check(const char *path, struct keys_problem *problem)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return refused(problem, path, "find",
            "make the keys first, or restore the directory from its backup");
    if (!S_ISDIR(status.st_mode)) {
        keys_problem_set(problem,
            "%s: is no directory; name the one that holds the keys", path);
        return ERR_IO;
    }
    if ((status.st_mode & RIGHTS_OF_OTHERS) != 0) {
        keys_problem_set(problem,
            "%s: others than its owner may enter it (mode %04o); run "
            "`chmod 700 %s`",
            path, (unsigned)(status.st_mode & 07777), path);
        return ERR_KEY;
    }
    return ERR_NONE;
}

/* Makes what happened to names in the directory of `path` durable. */
static bool parent_sync(const char *path)
{
    char parent[PRIVATE_PATH_SIZE] = ".";
    const char *slash = strrchr(path, '/');
    if (slash == path) {
        parent[0] = '/'; /* and the terminator that is there */
        parent[1] = '\0';
    } else if (slash != NULL) {
        size_t size = (size_t)(slash - path);
        if (size >= sizeof parent) {
            errno = ENAMETOOLONG;
            return false;
        }
        memcpy(parent, path, size);
        parent[size] = '\0';
    }
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return false;
    bool done = fsync(dir) == 0;
    return close(dir) == 0 && done;
}

enum err private_dir_make(const char *path, struct keys_problem *problem)
{
    if (mkdir(path, S_IRWXU) == 0) {
        /* a umask may have taken rights from the owner */
        if (chmod(path, S_IRWXU) == 0 && parent_sync(path))
            return ERR_NONE;
    } else if (errno == EEXIST) {
        return private_dir_check(path, problem);
    }
    (void)refused(problem, path, "make",
        "see that its parent exists and that you may write there");
    return ERR_IO;
}

static enum err opened_check(int file, const char *path,
    enum private_file_kind kind, struct keys_problem *problem)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return refused(problem, path, "examine", "see to the disk");
    if (!S_ISREG(status.st_mode)) {
        keys_problem_set(
            problem, "%s: is no regular file; put the key itself there", path);
        return ERR_IO;
    }
    if (kind == PRIVATE_FILE_SECRET &&
        (status.st_mode & RIGHTS_OF_OTHERS) != 0) {
        keys_problem_set(problem,
            "%s: others than its owner may use it (mode %04o); run `chmod 600 "
            "%s`, and replace the key if somebody may have read it",
            path, (unsigned)(status.st_mode & 07777), path);
        return ERR_KEY;
    }
    return ERR_NONE;
}

/* All there is, up to `capacity` bytes; -1 with errno. */
static ssize_t read_all(int file, uint8_t *bytes, size_t capacity)
{
    size_t size = 0;
    while (size < capacity) {
        ssize_t got = read(file, bytes + size, capacity - size);
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

enum err private_file_read(const char *path, enum private_file_kind kind,
    uint8_t *bytes, size_t capacity, size_t *size, struct keys_problem *problem)
{
    *size = 0;
    /* O_NONBLOCK: a pipe of that name must not hold us up */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return refused(problem, path, "open",
            errno == ENOENT ? "restore it from the backup of the keys"
                            : "it must belong to the user that runs this");
    enum err err = opened_check(file, path, kind, problem);
    if (err == ERR_NONE) {
        ssize_t got = read_all(file, bytes, capacity);
        uint8_t more = 0;
        if (got < 0) {
            err = refused(problem, path, "read", "see to the disk");
        } else if (read_all(file, &more, 1) != 0) {
            keys_problem_set(problem,
                "%s: is larger than any key; restore it from the backup of "
                "the keys",
                path);
            err = ERR_LIMIT;
        } else {
            *size = (size_t)got;
        }
    }
    (void)close(file); /* nothing was written */
    return err;
}

static bool write_all(int file, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(file, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

static bool scratch_write(const char *scratch, struct slice bytes)
{
    /* what a crash left there never got its name: nobody relies on it */
    if (unlink(scratch) != 0 && errno != ENOENT)
        return false;
    int file =
        open(scratch, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            S_IRUSR | S_IWUSR);
    if (file < 0)
        return false;
    bool done = fchmod(file, S_IRUSR | S_IWUSR) == 0 &&
                write_all(file, bytes.bytes, bytes.size) && fsync(file) == 0;
    int reason = errno;
    if (close(file) != 0 && done)
        return false;
    errno = reason;
    return done;
}

static bool scratch_name(const char *path, char scratch[PRIVATE_PATH_SIZE],
    struct keys_problem *problem)
{
    int size = snprintf(
        scratch, PRIVATE_PATH_SIZE, "%s%s", path, PRIVATE_SCRATCH_SUFFIX);
    if (size >= 0 && size < PRIVATE_PATH_SIZE)
        return true;
    keys_problem_set(problem, "the path of a key is too long; shorten it");
    return false;
}

enum err private_file_replace(
    const char *path, struct slice bytes, struct keys_problem *problem)
{
    char scratch[PRIVATE_PATH_SIZE];
    if (!scratch_name(path, scratch, problem))
        return ERR_INVALID;
    if (scratch_write(scratch, bytes) && rename(scratch, path) == 0 &&
        parent_sync(path))
        return ERR_NONE;
    (void)refused(problem, path, "replace",
        "see to the disk and to the directory's owner");
    return ERR_IO;
}

enum err private_file_create(
    const char *path, struct slice bytes, struct keys_problem *problem)
{
    char scratch[PRIVATE_PATH_SIZE];
    if (!scratch_name(path, scratch, problem))
        return ERR_INVALID;
    /* link, unlike rename, never takes the place of what is there */
    bool done = scratch_write(scratch, bytes) && link(scratch, path) == 0;
    int reason = errno;
    if (unlink(scratch) != 0 && done) {
        reason = errno;
        (void)unlink(path);
        done = false;
    }
    if (done && parent_sync(path))
        return ERR_NONE;
    if (done) {
        reason = errno;
        (void)unlink(path);
    }
    errno = reason;
    (void)refused(problem, path, "make",
        reason == EEXIST ? "a key is never overwritten: move it away first"
                         : "see to the disk and to the directory's owner");
    return reason == EEXIST ? ERR_EXISTS : ERR_IO;
}

static bool overwrite(int file)
{
    static const uint8_t zeros[512];
    struct stat status;
    if (fstat(file, &status) != 0)
        return false;
    for (off_t rest = status.st_size; rest > 0;) {
        size_t part = rest < (off_t)sizeof zeros ? (size_t)rest : sizeof zeros;
        if (!write_all(file, zeros, part))
            return false;
        rest -= (off_t)part;
    }
    return fsync(file) == 0;
}

enum err private_file_destroy(const char *path, struct keys_problem *problem)
{
    int file = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    bool done = true;
    int reason = 0;
    if (file >= 0) {
        done = overwrite(file);
        reason = errno;
        if (close(file) != 0 && done) {
            done = false;
            reason = errno;
        }
    } else if (errno != ENOENT) {
        done = false;
        reason = errno;
    }
    /* unlinked all the same: less of it is better than all of it */
    if (unlink(path) != 0 && errno != ENOENT) {
        done = false;
        reason = errno;
    } else if (!parent_sync(path)) {
        done = false;
        reason = errno;
    }
    if (done)
        return ERR_NONE;
    errno = reason;
    (void)refused(problem, path, "destroy",
        "erase it by hand: who finds it can read old messages");
    return ERR_IO;
}
