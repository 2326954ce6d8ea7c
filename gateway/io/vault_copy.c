#include "io/vault_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/openssl.h"

#define PIECE_SIZE 65536

struct copying {
    const char *to;
    struct vault_look look; /* of what is copied */
    int in;
    int out;
    uint8_t wanted[PIECE_SIZE];
    uint8_t there[PIECE_SIZE];
};

static enum err failed(const struct copying *copying, const char *doing,
    struct keys_problem *problem)
{
    keys_problem_set(problem, "%s: cannot %s it: %s; see to the disk",
        copying->to, doing, strerror(errno));
    return ERR_IO;
}

/* Up to `size` bytes, fewer at the end; -1 with errno. */
static ssize_t read_at(int file, uint64_t offset, uint8_t *bytes, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t part =
            pread(file, bytes + got, size - got, (off_t)(offset + got));
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return -1;
        if (part == 0)
            break;
        got += (size_t)part;
    }
    return (ssize_t)got;
}

static bool write_at(
    int file, uint64_t offset, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t part = pwrite(file, bytes, size, (off_t)offset);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        bytes += part;
        offset += (uint64_t)part;
        size -= (size_t)part;
    }
    return true;
}

/* Only what differs is written. */
static enum err piece_copy(struct copying *copying, uint64_t offset,
    size_t size, struct keys_problem *problem)
{
    ssize_t wanted = read_at(copying->in, offset, copying->wanted, size);
    ssize_t there = read_at(copying->out, offset, copying->there, size);
    if (wanted < 0 || (size_t)wanted < size || there < 0)
        return failed(copying, "make", problem);
    if (there == wanted && memcmp(copying->wanted, copying->there, size) == 0)
        return ERR_NONE;
    return write_at(copying->out, offset, copying->wanted, size)
               ? ERR_NONE
               : failed(copying, "write", problem);
}

/* The head comes last: it says how much of the rest is there. */
static enum err all_copy(struct copying *copying, struct keys_problem *problem)
{
    uint64_t end = copying->look.size;
    enum err err = ERR_NONE;
    for (uint64_t at = VAULT_FILE_HEAD_SIZE; at < end && err == ERR_NONE;
         at += PIECE_SIZE)
        err = piece_copy(copying, at,
            end - at < PIECE_SIZE ? (size_t)(end - at) : PIECE_SIZE, problem);
    if (err == ERR_NONE && fdatasync(copying->out) != 0)
        err = failed(copying, "write", problem);
    if (err == ERR_NONE &&
        !write_at(copying->out, 0, copying->look.head, VAULT_FILE_HEAD_SIZE))
        err = failed(copying, "write", problem);
    if (err == ERR_NONE && fsync(copying->out) != 0)
        err = failed(copying, "write", problem);
    return err;
}

static enum err renew(struct copying *copying, struct keys_problem *problem)
{
    struct vault_look old;
    enum err err = vault_file_look(copying->to, &old, problem);
    if (err != ERR_NONE)
        return err;
    if (memcmp(old.identity, copying->look.identity, sizeof old.identity) !=
        0) {
        keys_problem_set(problem,
            "%s: is the copy of another vault; move it away, or name another "
            "file",
            copying->to);
        return ERR_EXISTS;
    }
    copying->out = open(copying->to, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return copying->out < 0 ? failed(copying, "open", problem)
                            : all_copy(copying, problem);
}

static bool parent_sync(const char *path)
{
    char parent[PRIVATE_PATH_SIZE];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        (void)snprintf(parent, sizeof parent, ".");
    else
        slash[slash == parent] = '\0';
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = dir >= 0 && fsync(dir) == 0;
    if (dir >= 0)
        (void)close(dir);
    return done;
}

/* Under another name until it is whole. */
static enum err make(struct copying *copying, struct keys_problem *problem)
{
    char scratch[PRIVATE_PATH_SIZE];
    int size = snprintf(
        scratch, sizeof scratch, "%s%s", copying->to, PRIVATE_SCRATCH_SUFFIX);
    if (size < 0 || (size_t)size >= sizeof scratch) {
        keys_problem_set(problem, "the path of the copy is too long");
        return ERR_INVALID;
    }
    (void)unlink(scratch);
    copying->out = open(scratch,
        O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    enum err err = copying->out < 0 ? failed(copying, "make", problem)
                                    : all_copy(copying, problem);
    if (err == ERR_NONE &&
        (rename(scratch, copying->to) != 0 || !parent_sync(copying->to)))
        err = failed(copying, "make", problem);
    if (err != ERR_NONE)
        (void)unlink(scratch);
    return err;
}

enum err vault_copy_renew(
    const char *from, const char *to, struct keys_problem *problem)
{
    struct copying *copying = malloc(sizeof *copying);
    if (copying == NULL) {
        keys_problem_set(problem, "%s: out of memory", to);
        return ERR_NO_MEMORY;
    }
    copying->to = to;
    copying->out = -1;
    copying->in = -1;
    enum err err = vault_file_look(from, &copying->look, problem);
    if (err == ERR_NONE) {
        copying->in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (copying->in < 0)
            err = failed(copying, "make", problem);
    }
    if (err == ERR_NONE)
        err = access(to, F_OK) == 0 ? renew(copying, problem)
                                    : make(copying, problem);
    if (copying->in >= 0)
        (void)close(copying->in);
    if (copying->out >= 0 && close(copying->out) != 0 && err == ERR_NONE)
        err = failed(copying, "write", problem);
    OPENSSL_cleanse(copying, sizeof *copying);
    free(copying);
    return err;
}
