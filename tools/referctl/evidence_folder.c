#include "referctl/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/limits.h"
#include "referctl/file.h"

/* The largest file is an agreement or a content, and a little. */
#define FILE_SIZE_MAX (CONTENT_SIZE_MAX + 64u * 1024)
/* 448 events of a referral, their answers, four files each, and cards. */
#define FILE_COUNT_MAX 8192u
#define FOLDER_SIZE_MAX (512u * 1024 * 1024)
#define FOLDER_DEPTH_MAX 3

void evidence_files_add(struct session *session, struct evidence_files *files,
    struct slice path, struct slice bytes)
{
    files->items = pool_grow(session->pool, files->items, files->count,
        &files->capacity, sizeof *files->items);
    files->items[files->count++] = (struct evidence_file){
        slice_of(pool_copy(session->pool, path.bytes, path.size), path.size),
        bytes
    };
}

static int compare(const void *a, const void *b)
{
    return evidence_path_compare(((const struct evidence_file *)a)->path,
        ((const struct evidence_file *)b)->path);
}

static void sort(struct evidence_files *files)
{
    if (files->count > 0)
        qsort(files->items, files->count, sizeof *files->items, compare);
}

enum exit_code evidence_files_close(struct session *session,
    struct offline *offline, struct evidence_files *files)
{
    struct arena arena = { 0 };
    sort(files);
    enum err err = arena_init(&arena, FILE_COUNT_MAX * 256u);
    if (err != ERR_NONE)
        return offline_fail(session, err, "list the files");
    struct slice sums = evidence_sums_write(
        offline->crypto, files->items, files->count, &arena);
    if (sums.bytes != NULL) {
        evidence_files_add(session, files, SLICE_LITERAL(EVIDENCE_SUMS),
            slice_of(
                pool_copy(session->pool, sums.bytes, sums.size), sums.size));
        sort(files);
    }
    arena_release(&arena);
    return sums.bytes != NULL
               ? EXIT_CODE_DONE
               : offline_fail(session, ERR_LIMIT, "list the files");
}

/* ---- Writing ------------------------------------------------------------- */

static enum exit_code fail_errno(
    struct session *session, const char *doing, const char *path)
{
    return session_fail(session, EXIT_CODE_LOCAL,
        "name a folder that does not exist yet, in one where this user may "
        "write",
        "cannot %s %s: %s", doing, path, strerror(errno));
}

/* The folders above the last part of FOLDER/path. */
static enum exit_code make_folders(
    struct session *session, const char *folder, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        const char *name = pool_format(
            session->pool, "%s/%.*s", folder, (int)(slash - path), path);
        if (mkdir(name, 0700) != 0 && errno != EEXIST)
            return fail_errno(session, "make", name);
    }
    return EXIT_CODE_DONE;
}

static enum exit_code write_one(struct session *session, const char *folder,
    const struct evidence_file *file)
{
    const char *path =
        pool_copy(session->pool, file->path.bytes, file->path.size);
    enum exit_code code = make_folders(session, folder, path);
    if (code != EXIT_CODE_DONE)
        return code;
    return file_write(session,
        pool_format(session->pool, "%s/%s", folder, path), file->bytes.bytes,
        file->bytes.size, 0600, false);
}

enum exit_code evidence_folder_write(struct session *session,
    const char *folder, const struct evidence_files *files)
{
    const struct evidence_file *sums = NULL;
    enum exit_code code = EXIT_CODE_DONE;
    if (mkdir(folder, 0700) != 0)
        return fail_errno(session, "make", folder);
    for (size_t i = 0; i < files->count && code == EXIT_CODE_DONE; i++) {
        if (slice_is(files->items[i].path, EVIDENCE_SUMS))
            sums = &files->items[i];
        else
            code = write_one(session, folder, &files->items[i]);
    }
    if (code == EXIT_CODE_DONE && sums != NULL)
        code = write_one(session, folder, sums);
    return code;
}

/* ---- Reading ------------------------------------------------------------- */

struct walk {
    struct session *session;
    const char *folder;
    struct evidence_files *files;
    size_t size; /* of all files so far */
};

static enum exit_code too_much(struct walk *walk, const char *path)
{
    return session_fail(walk->session, EXIT_CODE_LOCAL,
        "give the folder that `referctl evidence export` made",
        "%s holds more than a folder of evidence may", path);
}

static enum exit_code read_one(
    struct walk *walk, const char *whole, const char *path)
{
    const char *bytes = NULL;
    size_t size = 0;
    struct stat status;
    if (lstat(whole, &status) != 0)
        return fail_errno(walk->session, "look at", whole);
    if (!S_ISREG(status.st_mode))
        return session_fail(walk->session, EXIT_CODE_LOCAL,
            "give a folder that holds plain files only", "%s is no plain file",
            whole);
    if (walk->files->count == FILE_COUNT_MAX)
        return too_much(walk, walk->folder);
    if (status.st_size > FILE_SIZE_MAX)
        return too_much(walk, whole);
    enum exit_code code =
        file_read(walk->session, whole, (size_t)status.st_size, &bytes, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    walk->size += size;
    if (walk->size > FOLDER_SIZE_MAX)
        return too_much(walk, walk->folder);
    evidence_files_add(
        walk->session, walk->files, slice_of_text(path), slice_of(bytes, size));
    return EXIT_CODE_DONE;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum exit_code read_folder(
    struct walk *walk, const char *whole, const char *prefix, int depth)
{
    struct pool *pool = walk->session->pool;
    enum exit_code code = EXIT_CODE_DONE;
    DIR *folder = opendir(whole);
    if (folder == NULL)
        return session_fail(walk->session, EXIT_CODE_LOCAL,
            "give the folder that `referctl evidence export` made",
            "cannot open %s: %s", whole, strerror(errno));
    for (struct dirent *one = readdir(folder);
         one != NULL && code == EXIT_CODE_DONE; one = readdir(folder)) {
        if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0)
            continue;
        const char *next = pool_format(pool, "%s/%s", whole, one->d_name);
        const char *path = pool_format(pool, "%s%s", prefix, one->d_name);
        if (!is_folder(next))
            code = read_one(walk, next, path);
        else if (depth == FOLDER_DEPTH_MAX)
            code = too_much(walk, next);
        else
            code = read_folder(
                walk, next, pool_format(pool, "%s/", path), depth + 1);
    }
    (void)closedir(folder);
    return code;
}

enum exit_code evidence_folder_read(
    struct session *session, const char *folder, struct evidence_files *files)
{
    struct walk walk = { .session = session, .folder = folder, .files = files };
    enum exit_code code = read_folder(&walk, folder, "", 1);
    sort(files);
    return code;
}
