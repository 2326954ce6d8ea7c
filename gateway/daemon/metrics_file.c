#include "daemon/metrics_file.h"

#include "daemon/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".new"
#define TEXT_SIZE_MAX (METRICS_FILE_COUNT_MAX * 512u)

struct metrics_file {
    char path[METRICS_FILE_PATH_SIZE];
    pthread_t thread;
    char text[TEXT_SIZE_MAX]; /* the thread's */
    bool is_failing;          /* the thread's: it was said so */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct metric_value values[METRICS_FILE_COUNT_MAX];
    size_t count;
    bool is_new;
    bool is_ending;
};

/* ---- Files -------------------------------------------------------------- */

static bool write_all(int fd, struct slice text)
{
    while (text.size > 0) {
        ssize_t size = write(fd, text.bytes, text.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return false;
        text = slice_of(text.bytes + size, text.size - (size_t)size);
    }
    return true;
}

enum err metrics_file_replace(const char *path, struct slice text)
{
    char scratch[METRICS_FILE_PATH_SIZE + sizeof SUFFIX];
    int size = snprintf(scratch, sizeof scratch, "%s" SUFFIX, path);
    if (size < 0 || (size_t)size >= sizeof scratch)
        return ERR_LIMIT;
    /* what a process before us left, or someone put there for us to follow */
    if (unlink(scratch) != 0 && errno != ENOENT)
        return ERR_IO;
    int fd = open(
        scratch, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ERR_IO;
    bool is_whole = write_all(fd, text) && fchmod(fd, 0644) == 0;
    int error = errno;
    if (close(fd) != 0 && is_whole) {
        is_whole = false;
        error = errno;
    }
    if (is_whole && rename(scratch, path) == 0)
        return ERR_NONE;
    if (is_whole)
        error = errno;
    (void)unlink(scratch);
    errno = error;
    return ERR_IO;
}

/* ---- The thread --------------------------------------------------------- */

static void rewrite(
    struct metrics_file *file, const struct metric_value *values, size_t count)
{
    size_t size;
    errno = 0;
    enum err err =
        metric_print(values, count, file->text, sizeof file->text, &size);
    if (err == ERR_NONE)
        err = metrics_file_replace(file->path, slice_of(file->text, size));
    if (err != ERR_NONE && !file->is_failing)
        JOURNAL(LOG_METRICS_FAILED, log_code("code", err_name(err)),
            log_number("errno", errno));
    file->is_failing = err != ERR_NONE;
}

static void *work(void *argument)
{
    struct metrics_file *file = argument;
    struct metric_value values[METRICS_FILE_COUNT_MAX];
    bool is_ending = false;
    while (!is_ending) {
        (void)pthread_mutex_lock(&file->lock);
        while (!file->is_new && !file->is_ending)
            (void)pthread_cond_wait(&file->changed, &file->lock);
        bool is_new = file->is_new;
        size_t count = file->count;
        if (count > 0)
            memcpy(values, file->values, count * sizeof *values);
        file->is_new = false;
        is_ending = file->is_ending;
        (void)pthread_mutex_unlock(&file->lock);
        if (is_new)
            rewrite(file, values, count);
    }
    return NULL;
}

enum err metrics_file_open(const char *path, struct metrics_file **out)
{
    *out = NULL;
    if (strlen(path) >= METRICS_FILE_PATH_SIZE)
        return ERR_LIMIT;
    struct metrics_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return ERR_NO_MEMORY;
    memcpy(file->path, path, strlen(path) + 1);
    if (pthread_mutex_init(&file->lock, NULL) != 0 ||
        pthread_cond_init(&file->changed, NULL) != 0 ||
        pthread_create(&file->thread, NULL, work, file) != 0) {
        free(file);
        return ERR_NO_MEMORY;
    }
    *out = file;
    return ERR_NONE;
}

void metrics_file_offer(
    struct metrics_file *file, const struct metric_value *values, size_t count)
{
    assert(count <= METRICS_FILE_COUNT_MAX);
    (void)pthread_mutex_lock(&file->lock);
    if (count > 0)
        memcpy(file->values, values, count * sizeof *values);
    file->count = count;
    file->is_new = true;
    (void)pthread_cond_signal(&file->changed);
    (void)pthread_mutex_unlock(&file->lock);
}

void metrics_file_close(struct metrics_file *file)
{
    if (file == NULL)
        return;
    (void)pthread_mutex_lock(&file->lock);
    file->is_ending = true;
    (void)pthread_cond_signal(&file->changed);
    (void)pthread_mutex_unlock(&file->lock);
    (void)pthread_join(file->thread, NULL);
    (void)unlink(file->path);
    (void)pthread_cond_destroy(&file->changed);
    (void)pthread_mutex_destroy(&file->lock);
    free(file);
}
