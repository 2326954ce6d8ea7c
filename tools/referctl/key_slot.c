/* referctl key slot: where the key of the store is. */
#include "referctl/command.h"

#include <string.h>
#include <unistd.h>

#include "io/panic_file.h"
#include "io/store_folder.h"
#include "io/store_key.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/home.h"

#define MADE_NAME "store"
#define MARKER_NAME "store.made"

struct slot_work {
    struct session *session;
    const struct arguments *arguments;
    struct home home;
    struct store_slot slot;
};

static enum exit_code fail(
    const struct slot_work *work, const struct keys_problem *problem)
{
    return session_fail(
        work->session, EXIT_CODE_LOCAL, NULL, "%s", problem->text);
}

static enum exit_code show(struct slot_work *work)
{
    static const struct column columns[] = {
        { "slot", "the key of the store", 0 },
        { "place", "in", 0 },
        { "token", "which is opened by", 0 },
    };
    struct session *session = work->session;
    struct record record = { .type = "slot" };
    char place[PRIVATE_PATH_SIZE];
    enum store_slot_kind kind = store_slot_find(&work->slot);
    record_put_text(session->pool, &record, "slot", store_slot_kind_name(kind));
    store_slot_place(&work->slot, kind, place);
    record_put_text(session->pool, &record, "place", place);
    if (kind == STORE_SLOT_TOKEN)
        record_put_text(session->pool, &record, "token", work->slot.token);
    if (session->json)
        display_json_record(session, &record);
    else
        display_fields(session, &record, columns, DISPLAY_COUNT(columns));
    return EXIT_CODE_DONE;
}

static enum exit_code to_file(struct slot_work *work)
{
    struct keys_problem problem;
    return store_key_reseal(&work->slot, NULL, &problem) == ERR_NONE
               ? show(work)
               : fail(work, &problem);
}

static enum exit_code to_passphrase(struct slot_work *work)
{
    struct keys_problem problem;
    const char *file = arguments_option(work->arguments, "new-passphrase-file");
    if (file == NULL)
        return session_fail(work->session, EXIT_CODE_USAGE,
            "name the file with the new passphrase: --new-passphrase-file FILE",
            "which passphrase?");
    return store_key_reseal(&work->slot, file, &problem) == ERR_NONE
               ? show(work)
               : fail(work, &problem);
}

static enum exit_code to_token(struct slot_work *work)
{
    struct keys_problem problem;
    if (work->slot.token[0] == '\0')
        return session_fail(work->session, EXIT_CODE_USAGE,
            "set store_token in the configuration, see referd.yaml(5)",
            "which token?");
    if (store_key_to_token(&work->slot, &problem) != ERR_NONE)
        return fail(work, &problem);
    display_note(work->session,
        "When the token is lost, so is the store: keep a copy of its key "
        "elsewhere,\n"
        "  referctl key slot credential -o /media/stick/store-1.pem\n"
        "and not on this machine. Backups of %s from before open the store "
        "without the token: destroy them.",
        work->slot.keys);
    return show(work);
}

static enum exit_code to_credential(struct slot_work *work)
{
    struct keys_problem problem;
    const char *output = arguments_option(work->arguments, "output");
    if (output == NULL)
        return session_fail(work->session, EXIT_CODE_USAGE,
            "name a file on a disk in memory: -o /run/store-key",
            "where to write it?");
    if (store_key_export(&work->slot, output, &problem) != ERR_NONE)
        return fail(work, &problem);
    display_note(work->session,
        "%s holds the key, not encrypted. As root:\n"
        "  systemd-creds encrypt --name=" STORE_KEY_CREDENTIAL
        " %s /etc/credstore.encrypted/" STORE_KEY_CREDENTIAL "\n"
        "  shred -u %s\n"
        "take the LoadCredentialEncrypted line of referd.service into use, "
        "restart, and when it works:\n"
        "  referctl key slot drop",
        output, output, output);
    return EXIT_CODE_DONE;
}

static enum exit_code drop(struct slot_work *work)
{
    struct keys_problem problem;
    enum exit_code code = home_confirm(work->session, work->arguments,
        "What is in KEYS of the store's key is to be destroyed. Without the "
        "credential nothing that is\nstored can be read any more.");
    if (code != EXIT_CODE_DONE)
        return code;
    return store_key_destroy(work->slot.keys, &problem) == ERR_NONE
               ? show(work)
               : fail(work, &problem);
}

/* What nobody can read any more goes. */
static enum exit_code store_discard(struct slot_work *work)
{
    struct store_folder folder;
    struct store_problem problem;
    const char *data = work->home.paths.data;
    enum err err = store_folder_open(data, &folder, &problem);
    if (err != ERR_NONE)
        return session_fail(
            work->session, EXIT_CODE_LOCAL, NULL, "%s", problem.text);
    err = store_folder_remove(&folder, MADE_NAME, &problem);
    store_folder_close(&folder);
    if (err != ERR_NONE)
        return session_fail(
            work->session, EXIT_CODE_LOCAL, NULL, "%s", problem.text);
    (void)unlink(pool_format(work->session->pool, "%s/" MARKER_NAME, data));
    return EXIT_CODE_DONE;
}

static enum exit_code begin_anew(struct slot_work *work)
{
    struct keys_problem problem;
    const char *data = work->home.paths.data;
    bool was_panic = panic_file_is_there(data);
    if (!was_panic &&
        file_exists(pool_format(work->session->pool, "%s/" MADE_NAME, data)))
        return session_fail(work->session, EXIT_CODE_REFUSED,
            "put the key that belongs to it back",
            "%s/" MADE_NAME " is a store that another key opens", data);
    if (store_slot_find(&work->slot) != STORE_SLOT_NONE)
        return session_fail(work->session, EXIT_CODE_REFUSED, NULL,
            "there is a key of the store: it is never overwritten");
    enum exit_code code = was_panic ? store_discard(work) : EXIT_CODE_DONE;
    if (code != EXIT_CODE_DONE)
        return code;
    if (store_key_make(&work->slot, &problem) != ERR_NONE ||
        panic_file_clear(data, &problem) != ERR_NONE)
        return fail(work, &problem);
    return show(work);
}

static const struct {
    const char *name;
    enum exit_code (*run)(struct slot_work *work);
} forms[] = {
    { "file", to_file },
    { "passphrase", to_passphrase },
    { "token", to_token },
    { "credential", to_credential },
    { "drop", drop },
    { "new", begin_anew },
};

enum exit_code run_key_slot(
    struct session *session, const struct arguments *arguments)
{
    struct slot_work work = { .session = session, .arguments = arguments };
    enum exit_code (*run)(struct slot_work *) =
        arguments->count == 0 ? show : NULL;
    for (size_t i = 0; arguments->count > 0 && i < DISPLAY_COUNT(forms); i++)
        if (strcmp(arguments->values[0], forms[i].name) == 0)
            run = forms[i].run;
    if (run == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "file, passphrase, token, credential, drop or new",
            "the key of the store cannot be there");
    enum exit_code code = home_find(session, arguments, &work.home);
    if (code != EXIT_CODE_DONE)
        return code;
    work.slot = home_slot(
        &work.home.paths, arguments_option(arguments, "passphrase-file"));
    work.slot.pin_path = arguments_option(arguments, "pin-file");
    code = home_enter(session, &work.home);
    if (code == EXIT_CODE_DONE)
        code = run(&work);
    home_leave(&work.home);
    return code;
}
