/* referctl backup: a copy of the store, while the gateway works. */
#include "referctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/backup_file.h"
#include "io/store_lmdb.h"
#include "io/vault_copy.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/home.h"
#include "referctl/progress.h"

#define VAULT_NAME "vault"
#define PART_SUFFIX ".part"
/* By so much the store may grow meanwhile: what it reads is kept for it. */
#define GROWTH_SIZE_MIN (UINT64_C(256) << 20)
#define GROWTH_SHARE 4

struct backup {
    struct session *session;
    struct home home;
    const char *path;  /* "-": standard output */
    const char *part;  /* its name until it is whole */
    const char *vault; /* of the gateway */
    int out;
    int reason; /* errno of a failed write */
    struct store *store;
    struct store_txn *txn;
    uint64_t used;       /* of the store, in bytes */
    uint64_t size_begin; /* of its file */
    struct backup_head head;
    struct backup_total total;
};

/* ---- Where it goes ------------------------------------------------------ */

static enum exit_code output_open(struct backup *backup)
{
    struct session *session = backup->session;
    if (strcmp(backup->path, "-") == 0) {
        backup->out = STDOUT_FILENO;
        return session->is_terminal
                   ? session_fail(session, EXIT_CODE_USAGE,
                         "name a file, or send it on: referctl backup - | ...",
                         "a terminal cannot keep a backup")
                   : EXIT_CODE_DONE;
    }
    backup->part = pool_format(session->pool, "%s" PART_SUFFIX, backup->path);
    backup->out = open(backup->part,
        O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
        S_IRUSR | S_IWUSR);
    if (backup->out >= 0)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_LOCAL,
        "name a file in a folder that you may write to", "cannot make %s: %s",
        backup->part, strerror(errno));
}

static enum exit_code output_fail(const struct backup *backup)
{
    return session_fail(backup->session, EXIT_CODE_LOCAL,
        "make room there, or name a file elsewhere; an older backup of that "
        "name is as it was",
        "cannot write %s: %s", backup->path, strerror(errno));
}

/* The name is that of the old file or of the new one, whole. */
static enum exit_code output_finish(struct backup *backup)
{
    if (backup->part == NULL)
        return EXIT_CODE_DONE;
    int fd = backup->out;
    backup->out = -1;
    bool is_done = fsync(fd) == 0;
    int reason = errno;
    if (close(fd) != 0 && is_done) {
        is_done = false;
        reason = errno;
    }
    errno = reason;
    if (!is_done || rename(backup->part, backup->path) != 0)
        return output_fail(backup);
    backup->part = NULL;
    return file_sync_folder_of(backup->session, backup->path)
               ? EXIT_CODE_DONE
               : output_fail(backup);
}

static void output_drop(struct backup *backup)
{
    if (backup->part == NULL)
        return;
    if (backup->out >= 0)
        (void)close(backup->out);
    (void)unlink(backup->part);
}

static enum err sink_put(void *user, struct slice bytes)
{
    struct backup *backup = user;
    while (bytes.size > 0) {
        ssize_t size = write(backup->out, bytes.bytes, bytes.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0) {
            backup->reason = errno;
            return ERR_IO;
        }
        bytes = slice_of(bytes.bytes + (size_t)size, bytes.size - (size_t)size);
    }
    return ERR_NONE;
}

/* ---- Where it comes from ------------------------------------------------ */

static uint64_t store_size(const struct backup *backup)
{
    struct stat status;
    const char *path = pool_format(
        backup->session->pool, "%s/store/data.mdb", backup->home.paths.data);
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static enum exit_code store_begin(struct backup *backup)
{
    struct store_problem problem;
    struct store_usage usage;
    enum exit_code code = home_enter(backup->session, &backup->home);
    if (code != EXIT_CODE_DONE)
        return code;
    enum err err = store_lmdb_open_beside(
        backup->home.paths.data, &backup->store, &problem);
    home_leave(&backup->home);
    if (err == ERR_NONE) {
        err = backup->store->ops->begin(backup->store, false, &backup->txn);
        (void)store_problem_set(
            &problem, err, "cannot read the store: %s", err_text(err));
    }
    if (err != ERR_NONE)
        return session_fail(backup->session, EXIT_CODE_LOCAL,
            "run it as the gateway's user, or as root", "%s", problem.text);
    backup->store->ops->usage(backup->store, &usage);
    backup->used = usage.used;
    backup->size_begin = store_size(backup);
    backup->head = (struct backup_head){ .store_format = STORE_LMDB_VERSION,
        .made_ms = backup->session->now_ms,
        .commits = usage.commit_count };
    return EXIT_CODE_DONE;
}

/* After the store: so it has all entries that the store speaks of. */
static enum exit_code vault_look(struct backup *backup, const char *vault_copy)
{
    struct keys_problem problem;
    struct vault_look look;
    enum err err = ERR_NONE;
    backup->vault = pool_format(
        backup->session->pool, "%s/" VAULT_NAME, backup->home.paths.data);
    if (vault_copy != NULL)
        err = vault_copy_renew(backup->vault, vault_copy, &problem);
    if (err == ERR_NONE)
        err = vault_file_look(backup->vault, &look, &problem);
    if (err != ERR_NONE)
        return session_fail(backup->session, EXIT_CODE_LOCAL,
            "run it as the gateway's user, or as root", "%s", problem.text);
    backup->head.vault_changes = look.changes;
    memcpy(backup->head.vault_identity, look.identity,
        sizeof backup->head.vault_identity);
    return EXIT_CODE_DONE;
}

static void store_end(struct backup *backup)
{
    if (backup->txn != NULL)
        backup->store->ops->abort(backup->txn);
    if (backup->store != NULL)
        backup->store->ops->close(backup->store);
}

/* ---- Writing ------------------------------------------------------------ */

static enum err go_on(void *user, const struct backup_total *total)
{
    struct backup *backup = user;
    uint64_t size = store_size(backup);
    uint64_t most = backup->size_begin / GROWTH_SHARE;
    if (most < GROWTH_SIZE_MIN)
        most = GROWTH_SIZE_MIN;
    progress_show(backup->session, total->size, backup->used);
    return size > backup->size_begin && size - backup->size_begin > most
               ? ERR_BUSY
               : ERR_NONE;
}

static enum exit_code copy(struct backup *backup)
{
    const struct backup_sink sink = { sink_put, go_on, backup };
    enum err err =
        backup_write(backup->txn, &backup->head, &sink, &backup->total);
    progress_hide(backup->session);
    if (err == ERR_NONE)
        return output_finish(backup);
    errno = backup->reason;
    if (backup->reason != 0)
        return output_fail(backup);
    if (err == ERR_BUSY)
        return session_fail(backup->session, EXIT_CODE_LOCAL,
            "write it to a faster disk, or while there is less to do",
            "given up: the store grew too much while it was copied");
    return session_fail(backup->session, EXIT_CODE_LOCAL,
        err == ERR_CORRUPT
            ? "keep the last good backup, and look at the disk: referctl doctor"
            : NULL,
        "cannot read the store: %s", err_text(err));
}

static void tell(const struct backup *backup, const char *vault_copy)
{
    static const struct column columns[] = {
        { "file", "backup", 0 },
        { "made_ms", "of", COLUMN_TIME },
        { "rows", "rows", 0 },
        { "bytes", "bytes", 0 },
        { "vault", "vault", 0 },
    };
    struct session *session = backup->session;
    struct record record = { .type = "backup" };
    if (strcmp(backup->path, "-") == 0)
        return;
    record_put_text(session->pool, &record, "file", backup->path);
    record_put_number(session->pool, &record, "made_ms", backup->head.made_ms);
    record_put_number(
        session->pool, &record, "rows", (int64_t)backup->total.row_count);
    record_put_number(
        session->pool, &record, "bytes", (int64_t)backup->total.size);
    record_put_text(session->pool, &record, "vault",
        vault_copy == NULL ? "not copied" : vault_copy);
    if (session->json)
        display_json_record(session, &record);
    else
        display_fields(session, &record, columns, DISPLAY_COUNT(columns));
}

enum exit_code run_backup(
    struct session *session, const struct arguments *arguments)
{
    struct backup backup = {
        .session = session, .path = arguments->values[0], .out = -1
    };
    const char *vault_copy = arguments_option(arguments, "vault");
    enum exit_code code = home_find(session, arguments, &backup.home);
    if (code == EXIT_CODE_DONE)
        code = output_open(&backup);
    if (code == EXIT_CODE_DONE)
        code = store_begin(&backup);
    if (code == EXIT_CODE_DONE)
        code = vault_look(&backup, vault_copy);
    if (code == EXIT_CODE_DONE)
        code = copy(&backup);
    store_end(&backup);
    output_drop(&backup);
    if (code == EXIT_CODE_DONE)
        tell(&backup, vault_copy);
    return code;
}
