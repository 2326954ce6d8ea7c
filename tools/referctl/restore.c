/* referctl restore: a backup takes the place of a stopped gateway's store. */
#include "referctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/backup_file.h"
#include "io/instance_file.h"
#include "io/store_key.h"
#include "io/store_lmdb.h"
#include "io/store_sealed.h"
#include "io/vault_copy.h"
#include "referctl/display.h"
#include "referctl/home.h"
#include "referctl/progress.h"
#include "referctl/words.h"

#define VAULT_NAME "vault"
/* In DATA: where the store is made, and where the one before is kept. */
#define MADE_NAME "restore.tmp"
#define KEPT_NAME "store.replaced"
/* Put in one transaction. */
#define COMMIT_SIZE_MIN (8u * 1024 * 1024)

struct restore {
    struct session *session;
    struct home home;
    const char *path;       /* "-": standard input */
    const char *vault_copy; /* --vault; NULL: none */
    const char *passphrase; /* --passphrase-file; NULL: none */
    const char *vault;      /* of the gateway */
    bool needs_vault;       /* there is none yet */
    int in;
    uint64_t file_size; /* 0: unknown */
    struct store_folder folder;
    bool has_folder;
    struct store *store; /* that is being made */
    struct store_txn *txn;
    size_t txn_size;
    struct backup_head head;
    struct backup_total total;
    const char *problem; /* said by a callback; NULL: nothing */
    const char *remedy;
};

static enum err says(
    struct restore *restore, enum err err, const char *what, const char *remedy)
{
    restore->problem = what;
    restore->remedy = remedy;
    return err;
}

/* ---- Where it comes from ------------------------------------------------ */

static enum exit_code input_open(struct restore *restore)
{
    struct stat status;
    restore->in = strcmp(restore->path, "-") == 0
                      ? STDIN_FILENO
                      : open(restore->path, O_RDONLY | O_CLOEXEC);
    if (restore->in < 0)
        return session_fail(restore->session,
            errno == ENOENT ? EXIT_CODE_NOT_FOUND : EXIT_CODE_LOCAL, NULL,
            "cannot read %s: %s",
            words_printable(restore->session->pool, restore->path),
            strerror(errno));
    if (fstat(restore->in, &status) == 0 && S_ISREG(status.st_mode))
        restore->file_size = (uint64_t)status.st_size;
    return EXIT_CODE_DONE;
}

static ssize_t read_some(int file, uint8_t *bytes, size_t size)
{
    ssize_t got;
    do
        got = read(file, bytes, size);
    while (got < 0 && errno == EINTR);
    return got;
}

static enum err source_get(void *user, uint8_t *bytes, size_t size)
{
    const struct restore *restore = user;
    while (size > 0) {
        ssize_t got = read_some(restore->in, bytes, size);
        if (got <= 0)
            return got == 0 ? ERR_CORRUPT : ERR_IO;
        bytes += got;
        size -= (size_t)got;
    }
    return ERR_NONE;
}

static enum err source_end(void *user)
{
    const struct restore *restore = user;
    uint8_t more;
    ssize_t got = read_some(restore->in, &more, 1);
    return got == 0 ? ERR_NONE : got < 0 ? ERR_IO : ERR_CORRUPT;
}

/* ---- The vault ---------------------------------------------------------- */

static bool vault_fits(
    const struct restore *restore, const struct vault_look *look)
{
    return memcmp(look->identity, restore->head.vault_identity,
               sizeof look->identity) == 0 &&
           look->changes >= restore->head.vault_changes;
}

/* The vault that is there has all erasures that were made since. */
static enum err vault_choose(struct restore *restore)
{
    struct keys_problem problem;
    struct vault_look look;
    enum err err = vault_file_look(restore->vault, &look, &problem);
    if (err == ERR_NONE)
        return vault_fits(restore, &look)
                   ? ERR_NONE
                   : says(restore, ERR_CONFLICT,
                         "the vault that is there is another one, or older",
                         "move DATA/vault and DATA/store away, and give the "
                         "vault's copy: --vault FILE");
    if (err != ERR_NOT_FOUND)
        return says(restore, err,
            pool_text(restore->session->pool, problem.text), NULL);
    if (restore->vault_copy == NULL)
        return says(restore, ERR_NOT_FOUND,
            "the vault is gone: without it nothing that was said about "
            "people can be read",
            "give its copy: --vault FILE. Without one begin anew, and take all "
            "back from the other agencies: see referd(8)");
    err = vault_file_look(restore->vault_copy, &look, &problem);
    if (err != ERR_NONE)
        return says(restore, err,
            pool_text(restore->session->pool, problem.text), NULL);
    restore->needs_vault = true;
    return vault_fits(restore, &look)
               ? ERR_NONE
               : says(restore, ERR_CONFLICT,
                     "that copy is of another vault, or older than the backup",
                     "give the one that was renewed with this backup, or "
                     "later, or restore an older backup");
}

/* ---- The store ---------------------------------------------------------- */

static enum err take_head(void *user, const struct backup_head *head)
{
    struct restore *restore = user;
    restore->head = *head;
    if (head->store_format != STORE_LMDB_VERSION)
        return says(restore, ERR_VERSION, "it is of a store of another version",
            "use the program that made it, or see CHANGELOG.md");
    return vault_choose(restore);
}

static enum err txn_end(struct restore *restore)
{
    struct store_txn *txn = restore->txn;
    restore->txn = NULL;
    restore->txn_size = 0;
    return txn == NULL ? ERR_NONE : restore->store->ops->commit(txn);
}

static enum err take_row(void *user, struct slice key, struct slice value)
{
    struct restore *restore = user;
    enum err err = ERR_NONE;
    if (restore->txn == NULL)
        err = restore->store->ops->begin(restore->store, true, &restore->txn);
    if (err != ERR_NONE)
        return err;
    store_put(restore->txn, key, value);
    restore->txn_size += key.size + value.size;
    return restore->txn->err;
}

static enum err go_on(void *user, const struct backup_total *total)
{
    struct restore *restore = user;
    progress_show(restore->session, total->size, restore->file_size);
    return restore->txn_size < COMMIT_SIZE_MIN ? ERR_NONE : txn_end(restore);
}

static enum exit_code made_open(struct restore *restore)
{
    struct session *session = restore->session;
    struct store_problem problem;
    struct store_lmdb_options options = store_lmdb_options_default();
    const char *made =
        pool_format(session->pool, "%s/" MADE_NAME, restore->home.paths.data);
    options.map_size = (uint64_t)restore->home.paths.map_size_mib << 20;
    enum err err =
        store_folder_open(restore->home.paths.data, &restore->folder, &problem);
    restore->has_folder = err == ERR_NONE;
    if (err == ERR_NONE)
        err = store_folder_discard(&restore->folder, MADE_NAME, &problem);
    if (err == ERR_NONE && mkdir(made, S_IRWXU) != 0)
        err = store_problem_set(
            &problem, ERR_IO, "cannot make %s: %s", made, strerror(errno));
    if (err == ERR_NONE)
        err = store_lmdb_open(made, &options, &restore->store, &problem);
    if (err == ERR_NONE)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_LOCAL,
        err == ERR_BUSY ? "stop the gateway first: systemctl stop referd"
                        : "see to the disk, its free space and the owner",
        "%s", problem.text);
}

static enum exit_code made_fail(const struct restore *restore, enum err err)
{
    static const char torn[] =
        "it is cut short or damaged, or is no backup at all";
    const char *path = words_printable(restore->session->pool, restore->path);
    if (restore->problem != NULL)
        return session_fail(restore->session, EXIT_CODE_REFUSED,
            restore->remedy, "%s: %s", path, restore->problem);
    if (err == ERR_CORRUPT || err == ERR_MALFORMED)
        return session_fail(restore->session, EXIT_CODE_REFUSED,
            "take another copy of it, or an older backup", "%s: %s", path,
            torn);
    if (err == ERR_FULL)
        return session_fail(restore->session, EXIT_CODE_LOCAL,
            "raise map_size_mib in the configuration, or make room on the disk",
            "there is no room for the store");
    return session_fail(restore->session, EXIT_CODE_LOCAL,
        "make room where the store is, and see to the disk", "%s: %s", path,
        err_text(err));
}

static enum exit_code made_fill(struct restore *restore)
{
    const struct backup_source source = { source_get, source_end, take_head,
        take_row, go_on, restore };
    enum err err = backup_read(&source, &restore->total);
    progress_hide(restore->session);
    if (err == ERR_NONE)
        err = txn_end(restore);
    return err == ERR_NONE ? EXIT_CODE_DONE : made_fail(restore, err);
}

/* That this gateway can read it: any row shows it. Closes it. */
static enum exit_code made_check(struct restore *restore)
{
    struct keys_problem problem;
    struct store_keys keys;
    struct store *sealed = NULL;
    const struct store_slot slot =
        home_slot(&restore->home.paths, restore->passphrase);
    enum err err = store_keys_load(&slot, &keys, &problem);
    if (err != ERR_NONE)
        return session_fail(restore->session, EXIT_CODE_LOCAL,
            "put the key of the store back first", "%s", problem.text);
    err = store_sealed_open(restore->store, keys.rows, &sealed);
    store_keys_wipe(&keys);
    if (err == ERR_NONE) {
        sealed->ops->close(sealed);
        restore->store = NULL;
        return EXIT_CODE_DONE;
    }
    return session_fail(restore->session, EXIT_CODE_REFUSED,
        "put that key back first: see KEYS in referd(8)",
        "%s: it was sealed with another key than this gateway's (%s)",
        words_printable(restore->session->pool, restore->path), err_text(err));
}

static void made_drop(struct restore *restore)
{
    struct store_problem problem;
    if (restore->txn != NULL)
        restore->store->ops->abort(restore->txn);
    if (restore->store != NULL)
        restore->store->ops->close(restore->store);
    if (restore->has_folder) {
        if (store_folder_discard(&restore->folder, MADE_NAME, &problem) !=
            ERR_NONE)
            display_note(restore->session, "%s", problem.text);
        store_folder_close(&restore->folder);
    }
}

/* ---- Putting it in place ------------------------------------------------ */

/* The mark first: whatever comes after it, the store counts as one that was put
 * back. */
static enum exit_code put_in_place(struct restore *restore)
{
    struct keys_problem said;
    struct store_problem problem;
    const struct instance_mark mark = { .is_there = true };
    enum err err = ERR_NONE;
    if (restore->needs_vault)
        err = vault_copy_renew(restore->vault_copy, restore->vault, &said);
    if (err == ERR_NONE)
        err = instance_file_write(restore->home.paths.keys, &mark, &said);
    if (err != ERR_NONE)
        return session_fail(
            restore->session, EXIT_CODE_LOCAL, NULL, "%s", said.text);
    err = store_folder_take(&restore->folder, MADE_NAME, KEPT_NAME, &problem);
    return err == ERR_NONE ? EXIT_CODE_DONE
                           : session_fail(restore->session, EXIT_CODE_LOCAL,
                                 "run it again", "%s", problem.text);
}

static void tell(const struct restore *restore)
{
    static const struct column columns[] = {
        { "file", "restored", 0 },
        { "made_ms", "of", COLUMN_TIME },
        { "rows", "rows", 0 },
    };
    struct session *session = restore->session;
    struct record record = { .type = "restore" };
    record_put_text(session->pool, &record, "file",
        words_printable(session->pool, restore->path));
    record_put_number(session->pool, &record, "made_ms", restore->head.made_ms);
    record_put_number(
        session->pool, &record, "rows", (int64_t)restore->total.row_count);
    if (session->json)
        display_json_record(session, &record);
    else
        display_fields(session, &record, columns, DISPLAY_COUNT(columns));
    display_hint(session,
        "Start the gateway: it takes back what the other agencies hold, and "
        "referctl status says\nhow far it is. The store that was there is in "
        "%s/" KEPT_NAME ": remove it when all is well.",
        restore->home.paths.data);
}

static enum exit_code restore_all(struct restore *restore)
{
    enum exit_code code = home_enter(restore->session, &restore->home);
    if (code != EXIT_CODE_DONE)
        return code;
    restore->vault = pool_format(
        restore->session->pool, "%s/" VAULT_NAME, restore->home.paths.data);
    code = made_open(restore);
    if (code == EXIT_CODE_DONE)
        code = made_fill(restore);
    if (code == EXIT_CODE_DONE)
        code = made_check(restore);
    if (code == EXIT_CODE_DONE)
        code = put_in_place(restore);
    made_drop(restore);
    home_leave(&restore->home);
    return code;
}

enum exit_code run_restore(
    struct session *session, const struct arguments *arguments)
{
    struct restore restore = { .session = session,
        .path = arguments->values[0],
        .vault_copy = arguments_option(arguments, "vault"),
        .passphrase = arguments_option(arguments, "passphrase-file"),
        .in = -1 };
    enum exit_code code = home_find(session, arguments, &restore.home);
    if (code == EXIT_CODE_DONE)
        code = input_open(&restore);
    if (code == EXIT_CODE_DONE)
        code = home_confirm(session, arguments,
            pool_format(session->pool,
                "The store in %s is to be replaced by the backup.",
                restore.home.paths.data));
    if (code == EXIT_CODE_DONE)
        code = restore_all(&restore);
    if (restore.in > STDIN_FILENO)
        (void)close(restore.in);
    if (code == EXIT_CODE_DONE)
        tell(&restore);
    return code;
}
