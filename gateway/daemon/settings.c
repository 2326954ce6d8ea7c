#include "daemon/settings.h"

#include "core/card.h"
#include "core/limits.h"
#include "daemon/clock.h"
#include "daemon/journal.h"
#include "io/crypto_openssl.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define SETTINGS_ARENA_SIZE (4u * 1024 * 1024)
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

static bool card_file_read(struct settings *settings, const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return complain(path, strerror(errno),
            "make the gateway with referctl init, or correct data in the "
            "configuration");
    uint8_t *bytes = arena_take(&settings->arena, SIGNED_CARD_SIZE_MAX + 1);
    size_t size =
        bytes == NULL ? 0 : fread(bytes, 1, SIGNED_CARD_SIZE_MAX + 1, file);
    bool failed = bytes == NULL || ferror(file) != 0;
    (void)fclose(file);
    if (failed || size > SIGNED_CARD_SIZE_MAX)
        return complain(path, "it cannot be read as a card",
            "put the file back that referctl init made");
    settings->card = slice_of(bytes, size);
    return true;
}

/* Every key that the card shows and that this gateway works with is there. */
static bool card_matches(
    const struct card *card, struct settings *settings, struct crypto *crypto)
{
    static const enum key_purpose purposes[CRYPTO_SIGNER_COUNT] = {
        [CRYPTO_SIGNER_LOG] = KEY_LOG,
        [CRYPTO_SIGNER_WITNESS] = KEY_WITNESS,
        [CRYPTO_SIGNER_OPERATION] = KEY_OPERATION,
    };
    uint8_t key[KEY_SIZE];
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        keyring_signer_public(settings->keyring, (enum crypto_signer)i, key);
        if (card_key_find(
                crypto, card, purposes[i], crypto_key_id(crypto, key)) == NULL)
            return false;
    }
    keyring_last_resort_public(settings->keyring, key);
    if (card_key_find(
            crypto, card, KEY_LAST_RESORT, crypto_key_id(crypto, key)) == NULL)
        return false;
    keyring_tls_spki_hash(settings->keyring, key);
    return card_key_find(crypto, card, KEY_TLS, crypto_key_id(crypto, key)) !=
           NULL;
}

static bool card_check(
    struct settings *settings, const char *path, struct crypto *crypto)
{
    struct card card;
    struct card_problem problem;
    if (card_read(crypto, settings->card, &settings->arena, &card, &problem) !=
        ERR_NONE)
        return complain(path, "it is not a valid card",
            "put the file back that referctl init made");
    if (!card_matches(&card, settings, crypto))
        return complain(path, "it does not show the keys of this gateway",
            "use the card and the keys that were made together");
    if (!instant_before(clock_wall(), card.valid_until))
        return complain(path, "it is no longer valid, or the clock is wrong",
            "set the clock; else make a new card with the root key");
    settings->agency = card.agency;
    return true;
}

static bool card_load(struct settings *settings)
{
    struct crypto *crypto;
    size_t size = strlen(settings->config.data) + sizeof "/card";
    char *path = arena_take(&settings->arena, size);
    if (path == NULL ||
        crypto_openssl_new(settings->keyring, &crypto) != ERR_NONE)
        return complain("card", err_text(ERR_NO_MEMORY), "free some memory");
    (void)snprintf(path, size, "%s/card", settings->config.data);
    bool good =
        card_file_read(settings, path) && card_check(settings, path, crypto);
    crypto_openssl_free(crypto);
    return good;
}

/* ---- All of it ---------------------------------------------------------- */

bool settings_load_config(const char *config_path, struct settings *settings)
{
    struct yaml_problem problem;
    char text[YAML_PROBLEM_TEXT_SIZE];
    if (arena_init(&settings->arena, SETTINGS_ARENA_SIZE) != ERR_NONE)
        return complain("memory", err_text(ERR_NO_MEMORY), "free some memory");
    if (yaml_config_load(config_path, &settings->arena, &settings->config,
            &problem) == ERR_NONE)
        return true;
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
    return settings_load_config(config_path, settings) && users_load(settings);
}

void settings_release(struct settings *settings)
{
    keyring_close(settings->keyring);
    if (settings->arena.block != NULL)
        arena_release(&settings->arena);
    *settings = (struct settings){ 0 };
}
