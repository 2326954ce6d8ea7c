/* scratch.h - a directory for one test, gone with all it holds at its end. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct scratch {
    char path[256];
};

static inline void scratch_open(struct scratch *scratch)
{
    /* in memory where there is such a place: what syncs must not wait */
    const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    const char *base = getenv("TMPDIR");
    int size = snprintf(scratch->path, sizeof scratch->path,
        "%s/refer-test-XXXXXX", base != NULL ? base : memory);
    assert_true(size > 0 && (size_t)size < sizeof scratch->path);
    assert_non_null(mkdtemp(scratch->path));
}

/* DIR/name; valid until the second call after. */
static inline const char *scratch_path(
    const struct scratch *scratch, const char *name)
{
    static char paths[2][512];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    int size = snprintf(path, sizeof paths[0], "%s/%s", scratch->path, name);
    assert_true(size > 0 && (size_t)size < sizeof paths[0]);
    return path;
}

static inline void scratch_remove(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    if (!S_ISDIR(status.st_mode)) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    DIR *entries = opendir(path);
    assert_non_null(entries);
    const struct dirent *entry = NULL;
    while ((entry = readdir(entries)) != NULL) {
        char inner[1024];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int size = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        assert_true(size > 0 && (size_t)size < sizeof inner);
        scratch_remove(inner);
    }
    assert_int_equal(closedir(entries), 0);
    assert_int_equal(rmdir(path), 0);
}

static inline void scratch_close(struct scratch *scratch)
{
    scratch_remove(scratch->path);
}

#endif
