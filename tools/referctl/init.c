/* referctl init - a new agency in a folder. */
#include "referctl/command.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "core/armor.h"
#include "core/card.h"
#include "core/limits.h"
#include "core/revocation.h"
#include "io/key_renewal.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/init.h"
#include "referctl/offline.h"
#include "referctl/owner.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
/* As rotation in referd.yaml has it by default. */
#define KEY_DAYS 90
#define CARD_DAYS 730

struct plan {
    struct session *session;
    const struct arguments *arguments;
    const char *dir;
    const char *keys_dir;
    const char *root_dir;
    const char *card_path;
    const char *revocation_path;
    const char *config_path;
    const char *passphrase;
    struct owner owner;
    struct card card;
    struct slice signed_card;
    struct offline offline;
};

static enum exit_code fail_after_keys(
    struct plan *plan, enum err err, const char *doing)
{
    return session_fail(plan->session, EXIT_CODE_LOCAL,
        pool_format(plan->session->pool,
            "nothing uses the new keys yet: rm -r %s, then repeat",
            plan->keys_dir),
        "cannot %s: %s", doing, err_text(err));
}

static enum exit_code fail_owner(struct plan *plan)
{
    return session_fail(plan->session, EXIT_CODE_LOCAL,
        pool_format(plan->session->pool,
            "run it as the user to whom %s belongs", plan->dir),
        "cannot become the user to whom %s belongs: %s", plan->dir,
        strerror(errno));
}

static enum exit_code plan_paths(struct plan *plan)
{
    struct session *session = plan->session;
    const char *paths[] = { plan->keys_dir, plan->card_path,
        plan->revocation_path };
    const char *export = arguments_option(plan->arguments, "export");
    for (size_t i = 0; i < DISPLAY_COUNT(paths); i++) {
        if (file_exists(paths[i]))
            return session_fail(session, EXIT_CODE_LOCAL,
                "choose another folder: keys are never overwritten",
                "%s exists already", paths[i]);
    }
    if (export != NULL && file_exists(export))
        return session_fail(session, EXIT_CODE_LOCAL,
            "give --export the name of a file that is not there yet",
            "%s exists already", export);
    return EXIT_CODE_DONE;
}

static enum exit_code plan_card(struct plan *plan)
{
    struct session *session = plan->session;
    const char *problem =
        init_read_options(session->pool, plan->arguments, &plan->card);
    if (problem != NULL)
        return session_fail(session, EXIT_CODE_USAGE, "referctl init --help",
            "init: %s", problem);
    plan->card.serial = 1;
    plan->card.issued.unix_ms = session->now_ms;
    plan->card.valid_until.unix_ms = session->now_ms + CARD_DAYS * DAY_MS;
    return offline_passphrase(session,
        arguments_option(plan->arguments, "passphrase-file"), false,
        &plan->passphrase);
}

static void add_key(struct plan *plan, struct card_key *keys,
    enum key_purpose purpose, const uint8_t public_key[KEY_SIZE])
{
    struct card_key *key = &keys[plan->card.key_count++];
    int64_t now_ms = plan->session->now_ms;
    key->purpose = purpose;
    memcpy(key->key, public_key, KEY_SIZE);
    key->from.unix_ms = now_ms - KEY_EARLY_MS;
    /* nobody pins a TLS key for less than a card */
    key->until.unix_ms =
        now_ms + (purpose == KEY_TLS ? CARD_DAYS : KEY_DAYS) * DAY_MS;
}

static enum err add_keys(struct plan *plan, struct keys_problem *problem)
{
    struct keyring *keyring = NULL;
    uint8_t public_key[KEY_SIZE];
    struct card_key *keys =
        pool_take(plan->session->pool, KEY_PURPOSE_COUNT * sizeof *keys);
    enum err err = keyring_open(plan->keys_dir, &keyring, problem);
    if (err == ERR_NONE)
        err = root_public(plan->keys_dir, plan->card.root_key, problem);
    if (err == ERR_NONE) {
        keyring_signer_public(keyring, CRYPTO_SIGNER_LOG, public_key);
        add_key(plan, keys, KEY_LOG, public_key);
        keyring_signer_public(keyring, CRYPTO_SIGNER_WITNESS, public_key);
        add_key(plan, keys, KEY_WITNESS, public_key);
        keyring_signer_public(keyring, CRYPTO_SIGNER_OPERATION, public_key);
        add_key(plan, keys, KEY_OPERATION, public_key);
        keyring_last_resort_public(keyring, public_key);
        add_key(plan, keys, KEY_LAST_RESORT, public_key);
        keyring_tls_spki_hash(keyring, public_key);
        add_key(plan, keys, KEY_TLS, public_key);
        plan->card.keys = keys;
    }
    keyring_close(keyring);
    return err;
}

static enum exit_code make_keys(struct plan *plan)
{
    struct session *session = plan->session;
    struct keys_problem problem = { .text = "" };
    enum err err = private_dir_make(plan->dir, &problem);
    if (err == ERR_NONE)
        err = keys_create_apart(
            plan->keys_dir, plan->root_dir, plan->passphrase, &problem);
    if (err != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "check the folder and its rights, then repeat",
            "cannot make the keys: %s", problem.text);
    err = add_keys(plan, &problem);
    if (err != ERR_NONE)
        return fail_after_keys(plan, err, problem.text);
    return EXIT_CODE_DONE;
}

static enum err root_sign_here(struct plan *plan, struct slice statement,
    uint8_t signature[SIGNATURE_SIZE])
{
    struct keys_problem problem = { .text = "" };
    uint8_t root_key[KEY_SIZE];
    if (statement.bytes == NULL)
        return ERR_LIMIT;
    return root_sign(pool_format(plan->session->pool, "%s/%s", plan->root_dir,
                         KEYS_ROOT_NAME),
        plan->passphrase, statement, signature, root_key, &problem);
}

/* As text, where it was asked for: what is given to other agencies. */
static enum exit_code export_card(struct plan *plan)
{
    const char *path = arguments_option(plan->arguments, "export");
    if (path == NULL)
        return EXIT_CODE_DONE;
    struct slice text =
        armor_write(ARMOR_CARD, plan->signed_card, &plan->offline.arena);
    if (text.bytes == NULL)
        return fail_after_keys(plan, ERR_LIMIT, "write the card as text");
    return file_write(plan->session, path, text.bytes, text.size, 0644, false);
}

static enum exit_code write_card(struct plan *plan)
{
    struct arena *arena = &plan->offline.arena;
    uint8_t signature[SIGNATURE_SIZE];
    struct card_problem problem = { .where = "", .what = "" };
    struct slice bytes = card_bytes(&plan->card, arena);
    struct slice signed_card = SLICE_NONE;
    enum err err = bytes.bytes == NULL ? ERR_LIMIT : ERR_NONE;
    if (err == ERR_NONE)
        err = root_sign_here(plan, card_statement(bytes, arena), signature);
    if (err == ERR_NONE) {
        signed_card = card_assemble(bytes, signature, arena);
        err = signed_card.bytes == NULL ? ERR_LIMIT : ERR_NONE;
    }
    /* what others will refuse must not be written here */
    if (err == ERR_NONE)
        err = card_read(
            plan->offline.crypto, signed_card, arena, &plan->card, &problem);
    if (err != ERR_NONE)
        return fail_after_keys(plan, err,
            pool_format(plan->session->pool, "make the card %s %s",
                problem.where, problem.what));
    plan->signed_card = signed_card;
    return file_write(plan->session, plan->card_path, signed_card.bytes,
        signed_card.size, 0600, false);
}

static enum exit_code write_revocation(struct plan *plan)
{
    struct arena *arena = &plan->offline.arena;
    uint8_t signature[SIGNATURE_SIZE];
    struct slice text = SLICE_NONE;
    struct revocation revocation = { .agency = plan->card.agency,
        .issued = plan->card.issued,
        .reason = SLICE_LITERAL("made with the keys") };
    struct slice bytes = revocation_bytes(&revocation, arena);
    enum err err = bytes.bytes == NULL ? ERR_LIMIT : ERR_NONE;
    if (err == ERR_NONE)
        err =
            root_sign_here(plan, revocation_statement(bytes, arena), signature);
    if (err == ERR_NONE) {
        struct slice whole = revocation_assemble(bytes, signature, arena);
        text = whole.bytes == NULL
                   ? SLICE_NONE
                   : armor_write(ARMOR_REVOCATION, whole, arena);
        err = text.bytes == NULL ? ERR_LIMIT : ERR_NONE;
    }
    if (err != ERR_NONE)
        return fail_after_keys(plan, err, "make the revocation");
    return file_write(plan->session, plan->revocation_path, text.bytes,
        text.size, 0600, false);
}

/* The daemon is started elsewhere than here. */
static const char *absolute(struct pool *pool, const char *path)
{
    char here[PATH_MAX];
    if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
        return path;
    return pool_format(pool, "%s/%s", here, path);
}

/* Is it elsewhere than in DIR? Then it is ours, and the owner reads it. */
static bool config_is_apart(const struct plan *plan)
{
    return plan->session->config_path != NULL;
}

static enum exit_code write_config(struct plan *plan)
{
    struct session *session = plan->session;
    if (file_exists(plan->config_path))
        return EXIT_CODE_DONE;
    struct passwd *user = getpwuid(getuid());
    const char *text = init_config_text(session->pool, plan->arguments,
        absolute(session->pool, plan->dir), session->socket_path,
        user == NULL ? "root" : user->pw_name);
    enum exit_code code =
        file_write(session, plan->config_path, text, strlen(text), 0600, false);
    if (code == EXIT_CODE_DONE && config_is_apart(plan) &&
        !owner_share(&plan->owner, plan->config_path))
        return session_fail(session, EXIT_CODE_LOCAL,
            "let the gateway's user read it", "cannot give %s away: %s",
            plan->config_path, strerror(errno));
    return code;
}

/* What is in DIR, as its owner. */
static enum exit_code fill_folder(struct plan *plan)
{
    if (!owner_enter(&plan->owner))
        return fail_owner(plan);
    enum exit_code code = make_keys(plan);
    if (code == EXIT_CODE_DONE)
        code = write_card(plan);
    if (code == EXIT_CODE_DONE)
        code = write_revocation(plan);
    if (code == EXIT_CODE_DONE && !config_is_apart(plan))
        code = write_config(plan);
    if (!owner_leave(&plan->owner))
        return fail_owner(plan);
    return code;
}

static void say_what_is_next(struct plan *plan)
{
    struct session *session = plan->session;
    struct record result = { .type = "agency" };
    record_put_text(session->pool, &result, "agency", plan->card.agency.text);
    record_put_text(session->pool, &result, "card", plan->card_path);
    record_put_text(
        session->pool, &result, "revocation", plan->revocation_path);
    record_put_text(session->pool, &result, "config", plan->config_path);
    if (session->json) {
        display_json_record(session, &result);
        return;
    }
    static const struct column columns[] = { { "agency", "agency", 0 },
        { "card", "card", 0 }, { "revocation", "revocation", 0 },
        { "config", "configuration", 0 } };
    display_fields(session, &result, columns, DISPLAY_COUNT(columns));
    display_note(session,
        "\nKeep %s elsewhere, on paper or a stick, and delete it here: it "
        "ends\n"
        "this agency's card for good, even when every other key is lost.\n"
        "The root key %s/%s signs cards and agreements and is needed for\n"
        "nothing else: %s.\n\n"
        "Next: look at %s, then\n"
        "  referd -c %s\n"
        "  referctl -c %s peer invite -o our.invitation",
        plan->revocation_path, plan->root_dir, KEYS_ROOT_NAME,
        plan->root_dir == plan->keys_dir
            ? "while it lies there without a passphrase, the\n"
              "gateway renews its keys by itself; else it asks for it by "
              "card.due"
            : "keep it away from the gateway. Every three\n"
              "months a card is to be signed: card request, card sign, card "
              "install",
        plan->config_path, plan->config_path, plan->config_path);
}

enum exit_code run_init(
    struct session *session, const struct arguments *arguments)
{
    struct pool *pool = session->pool;
    const char *dir = arguments->values[0];
    const char *root_dir = arguments_option(arguments, "root-dir");
    struct plan plan = {
        .session = session,
        .arguments = arguments,
        .dir = dir,
        .owner = owner_of(dir),
        .keys_dir = pool_format(pool, "%s/keys", dir),
        .card_path = pool_format(pool, "%s/card", dir),
        .revocation_path = pool_format(
            pool, "%s/revocation", root_dir == NULL ? dir : root_dir),
        .config_path = session->config_path != NULL
                           ? session->config_path
                           : pool_format(pool, "%s/referd.yaml", dir),
    };
    plan.root_dir = root_dir == NULL ? plan.keys_dir : root_dir;
    enum exit_code code = offline_open(session, &plan.offline);
    if (code == EXIT_CODE_DONE)
        code = plan_card(&plan);
    if (code == EXIT_CODE_DONE)
        code = plan_paths(&plan);
    if (code == EXIT_CODE_DONE)
        code = fill_folder(&plan);
    if (code == EXIT_CODE_DONE)
        code = export_card(&plan);
    if (code == EXIT_CODE_DONE && config_is_apart(&plan))
        code = write_config(&plan);
    if (code == EXIT_CODE_DONE)
        say_what_is_next(&plan);
    offline_close(&plan.offline);
    return code;
}
