#include "daemon/settings.h"

#include "core/card.h"
#include "core/limits.h"
#include "daemon/clock.h"
#include "daemon/journal.h"
#include "io/card_file.h"
#include "io/crypto_openssl.h"
#include "io/token_uri_p11kit.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define USER_BUFFER_SIZE 16384

static bool complain(const char *where, const char *what, const char *remedy)
{
    (void)fprintf(stderr, "referd: %s: %s\nremedy: %s\n", where, what, remedy);
    return false;
}

/* ---- Users -------------------------------------------------------------- */

static bool user_find(
    const struct config_client *client, struct settings *settings, uid_t *uid)
{
    struct passwd entry;
    struct passwd *found = NULL;
    if (client->is_uid) {
        *uid = client->uid;
        return true;
    }
    char *buffer = arena_take(&settings->arena, USER_BUFFER_SIZE);
    if (buffer == NULL)
        return complain("clients", "too many", "name fewer users");
    if (getpwnam_r(client->user, &entry, buffer, USER_BUFFER_SIZE, &found) !=
            0 ||
        found == NULL)
        return complain(client->user, "there is no such user on this machine",
            "correct clients in the configuration, or add the user");
    *uid = found->pw_uid;
    return true;
}

static bool users_load(struct settings *settings)
{
    const struct config *config = &settings->config;
    settings->users = arena_take_array(
        &settings->arena, config->client_count, sizeof *settings->users);
    if (settings->users == NULL)
        return complain("clients", "too many", "name fewer users");
    for (size_t i = 0; i < config->client_count; i++) {
        struct local_socket_user *user =
            &settings->users[settings->user_count++];
        user->rights = config->clients[i].rights;
        if (!user_find(&config->clients[i], settings, &user->uid))
            return false;
    }
    return true;
}

/* ---- The card ----------------------------------------------------------- */

static bool card_file_load(struct settings *settings, const char *path)
{
    struct keys_problem problem;
    enum err err = card_file_read(
        settings->config.data, &settings->arena, &settings->card, &problem);
    if (err == ERR_NONE)
        return true;
    if (err == ERR_NOT_FOUND)
        return complain(path, strerror(ENOENT),
            "make the gateway with referctl init, or correct data in the "
            "configuration");
    return complain(path, "it cannot be read as a card",
        "put the file back that referctl init or card install made");
}

static bool keys_use(
    struct settings *settings, const char *path, const struct card *card)
{
    struct keys_problem problem;
    bool changed;
    if (keyring_use(settings->keyring, card, clock_wall(), &changed,
            &problem) == ERR_NONE)
        return true;
    (void)fprintf(stderr, "referd: %s\n", problem.text);
    return complain(path, "it does not show the keys of this gateway",
        "use the card and the keys that were made together");
}

/* One that is over is taken: the next may be made here, and then a clock that
 * is wrong does not keep the gateway down. */
static bool card_check(
    struct settings *settings, const char *path, struct crypto *crypto)
{
    struct card card;
    struct card_problem problem;
    if (card_read(crypto, settings->card, &settings->arena, &card, &problem) !=
        ERR_NONE)
        return complain(path, "it is not a valid card",
            "put the file back that referctl init or card install made");
    if (settings->keyring != NULL && !keys_use(settings, path, &card))
        return false;
    settings->agency = card.agency;
    settings->earlier_count = card_file_read_earlier(settings->config.data,
        card.serial, &settings->arena, settings->earlier);
    return true;
}

static bool card_load(struct settings *settings)
{
    struct crypto *crypto;
    char path[PRIVATE_PATH_SIZE];
    (void)snprintf(
        path, sizeof path, "%s/" CARD_FILE_NAME, settings->config.data);
    if (crypto_openssl_new(NULL, &crypto) != ERR_NONE)
        return complain("card", err_text(ERR_NO_MEMORY), "free some memory");
    bool good =
        card_file_load(settings, path) && card_check(settings, path, crypto);
    crypto_openssl_free(crypto);
    return good;
}

/* One that is gone is no reason against the rest. */
static bool card_load_again(struct settings *settings)
{
    struct keys_problem problem;
    size_t used = settings->arena.used;
    enum err err = card_file_read(
        settings->config.data, &settings->arena, &settings->card, &problem);
    arena_rewind(&settings->arena, used);
    settings->card = SLICE_NONE;
    return err == ERR_NOT_FOUND || card_load(settings);
}

/* ---- All of it ---------------------------------------------------------- */

/* What its URI says; whether it is there, the start of a gateway finds out. */
static bool token_check(const struct config *config)
{
    struct token_uri uri;
    struct keys_problem problem;
    if (config->store_token[0] == '\0' ||
        token_uri_read(config->store_token, &uri, &problem) == ERR_NONE)
        return true;
    (void)fprintf(stderr, "referd: %s\n", problem.text);
    return false;
}

bool settings_load_config(const char *config_path, struct settings *settings)
{
    struct yaml_problem problem;
    char text[YAML_PROBLEM_TEXT_SIZE];
    if (arena_init(&settings->arena, SETTINGS_ARENA_SIZE) != ERR_NONE)
        return complain("memory", err_text(ERR_NO_MEMORY), "free some memory");
    if (yaml_config_load(config_path, &settings->arena, &settings->config,
            &problem) == ERR_NONE)
        return token_check(&settings->config);
    yaml_problem_format(&problem, text);
    (void)fprintf(stderr, "referd: %s\n", text);
    return false;
}

bool settings_load(const char *config_path, struct settings *settings)
{
    struct keys_problem problem;
    if (!settings_load_config(config_path, settings))
        return false;
    journal_set_level((enum log_level)settings->config.log_level);
    if (keyring_open(settings->config.keys, &settings->keyring, &problem) !=
        ERR_NONE) {
        (void)fprintf(stderr, "referd: %s\n", problem.text);
        return false;
    }
    return card_load(settings) && users_load(settings);
}

bool settings_load_again(const char *config_path, struct settings *settings)
{
    return settings_load_config(config_path, settings) &&
           card_load_again(settings) && users_load(settings);
}

void settings_release(struct settings *settings)
{
    keyring_close(settings->keyring);
    if (settings->arena.block != NULL)
        arena_release(&settings->arena);
    *settings = (struct settings){ 0 };
}
