/* Keys: there, for their owner alone, on the card, not over. */
#include "referctl/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "referctl/file.h"
#include "referctl/words.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define RENEW "a new card with new keys is made with the root key"

static const char *path_of(
    struct doctor *doctor, const char *folder, const char *name)
{
    return pool_format(doctor->session->pool, "%s/%s", folder, name);
}

/* ---- The card file ------------------------------------------------------ */

static bool read_card(struct doctor *doctor, const char *path)
{
    struct card_problem problem = { .where = "card", .what = "" };
    struct arena *arena = &doctor->offline.arena;
    uint8_t *bytes = arena_take(arena, SIGNED_CARD_SIZE_MAX);
    struct card *card = arena_take(arena, sizeof *card);
    struct keys_problem file_problem = { .text = "" };
    size_t size = 0;
    if (bytes == NULL || card == NULL)
        return false;
    enum err err = private_file_read(path, PRIVATE_FILE_PUBLIC, bytes,
        SIGNED_CARD_SIZE_MAX, &size, &file_problem);
    if (err != ERR_NONE) {
        doctor_find(doctor, FINDING_PROBLEM, "card", path,
            "put the file back that referctl init made", "%s",
            file_problem.text);
        return false;
    }
    err = card_read(
        doctor->offline.crypto, slice_of(bytes, size), arena, card, &problem);
    if (err != ERR_NONE) {
        doctor_find(doctor, FINDING_PROBLEM, "card", path,
            "put the file back that referctl init made",
            "it is not a valid card: %s: %s %s", err_text(err), problem.where,
            problem.what);
        return false;
    }
    doctor->card_file = card;
    return true;
}

static void look_at_card(struct doctor *doctor)
{
    const char *path = path_of(doctor, doctor->data, "card");
    char issued[WORDS_TIME_SIZE];
    if (!read_card(doctor, path))
        return;
    const struct card *card = doctor->card_file;
    if (doctor->session->now_ms < card->issued.unix_ms)
        doctor_find(doctor, FINDING_PROBLEM, "clock", "",
            "set the clock: timedatectl set-ntp true",
            "it is before the card was made, on %s",
            words_time(card->issued.unix_ms, issued));
    doctor_find_validity(doctor, "card",
        pool_format(
            doctor->session->pool, "%s serial %" PRIu64, path, card->serial),
        card->issued.unix_ms, card->valid_until.unix_ms,
        "make a new card with the root key");
}

static void look_at_revocation(struct doctor *doctor)
{
    const char *path = path_of(doctor, doctor->data, "revocation");
    if (file_exists(path))
        doctor_find(doctor, FINDING_WARNING, "revocation", path,
            pool_format(doctor->session->pool,
                "print it or copy it to a stick, then: rm %s", path),
            "it lies beside what it is to revoke");
}

/* ---- The root key ------------------------------------------------------- */

static void look_at_root(struct doctor *doctor)
{
    struct stat status;
    uint8_t root_key[KEY_SIZE];
    struct keys_problem problem = { .text = "" };
    const char *path = path_of(doctor, doctor->keys, KEYS_ROOT_NAME);
    if (lstat(path, &status) != 0)
        doctor_find(
            doctor, FINDING_OK, "root key", path, "", "it is kept elsewhere");
    else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        doctor_find(doctor, FINDING_PROBLEM, "root key", path,
            pool_format(doctor->session->pool, "chmod 600 %s", path),
            "others may read it");
    else
        doctor_find(doctor, FINDING_OK, "root key", path, "",
            "for its owner alone; it may as well live offline");
    if (root_public(doctor->keys, root_key, &problem) != ERR_NONE)
        doctor_find(doctor, FINDING_WARNING, "root key",
            path_of(doctor, doctor->keys, KEYS_ROOT_PUBLIC_NAME),
            "put the file back that referctl init made", "%s", problem.text);
    else if (doctor->card_file != NULL &&
             memcmp(root_key, doctor->card_file->root_key, KEY_SIZE) != 0)
        doctor_find(doctor, FINDING_PROBLEM, "root key",
            path_of(doctor, doctor->keys, KEYS_ROOT_PUBLIC_NAME),
            "use the card and the keys that were made together",
            "it is another agency's than the card");
}

/* ---- The keys in use ---------------------------------------------------- */

static void look_at_key(struct doctor *doctor, const char *name,
    enum key_purpose purpose, const uint8_t key[KEY_SIZE])
{
    struct crypto *crypto = doctor->offline.crypto;
    if (doctor->card_file == NULL)
        return;
    const struct card_key *shown = card_key_find(
        crypto, doctor->card_file, purpose, crypto_key_id(crypto, key));
    if (shown == NULL)
        doctor_find(doctor, FINDING_PROBLEM, "key", name,
            "use the card and the keys that were made together",
            "the card does not show it");
    else
        doctor_find_validity(doctor, "key", name, shown->from.unix_ms,
            shown->until.unix_ms, RENEW);
}

static void look_at_days(struct doctor *doctor, struct keyring *keyring)
{
    struct keyring_day_key days[KEYRING_DAY_COUNT_MAX];
    int64_t now_ms = doctor->session->now_ms;
    uint32_t today = now_ms < 0 ? 0 : (uint32_t)(now_ms / DAY_MS);
    size_t count =
        keyring_day_keys(keyring, today, days, KEYRING_DAY_COUNT_MAX);
    if (count == 0 || days[0].day != today)
        doctor_find(doctor, FINDING_PROBLEM, "key", "sealing",
            "start the gateway: it makes them", "there is none for today");
    else
        doctor_find(doctor, FINDING_OK, "key", "sealing", "",
            "there is one for today, and for %zu days to come", count - 1);
}

/* As the gateway chooses; what the card does not show is told of each key. */
static void choose_keys(struct doctor *doctor, struct keyring *keyring)
{
    struct keys_problem problem = { .text = "" };
    struct instant now = { doctor->session->now_ms };
    bool changed;
    enum err err = ERR_NONE;
    if (doctor->card_file != NULL)
        err = keyring_use(keyring, doctor->card_file, now, &changed, &problem);
    if (err != ERR_NONE && err != ERR_KEY)
        doctor_find(doctor, FINDING_PROBLEM, "key", doctor->keys,
            "put the keys back that belong to this card", "%s", problem.text);
}

static void look_at_keyring(struct doctor *doctor, struct keyring *keyring)
{
    static const struct {
        const char *name;
        enum key_purpose purpose;
    } signers[CRYPTO_SIGNER_COUNT] = {
        [CRYPTO_SIGNER_LOG] = { "log", KEY_LOG },
        [CRYPTO_SIGNER_WITNESS] = { "witness", KEY_WITNESS },
        [CRYPTO_SIGNER_OPERATION] = { "operation", KEY_OPERATION },
    };
    struct pool *pool = doctor->session->pool;
    const char *key_path = NULL;
    const char *certificate_path = NULL;
    uint8_t key[KEY_SIZE];
    choose_keys(doctor, keyring);
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        keyring_signer_public(keyring, (enum crypto_signer)i, key);
        look_at_key(doctor, signers[i].name, signers[i].purpose, key);
    }
    keyring_last_resort_public(keyring, key);
    look_at_key(doctor, "last-resort", KEY_LAST_RESORT, key);
    keyring_tls_spki_hash(keyring, key);
    look_at_key(doctor, "tls", KEY_TLS, key);
    look_at_days(doctor, keyring);
    keyring_tls_paths(keyring, &key_path, &certificate_path);
    doctor->key_path = pool_text(pool, key_path);
    doctor->certificate_path = pool_text(pool, certificate_path);
}

/* Opening the keyring would make the folder of days, which is not for us. */
static void open_keyring(struct doctor *doctor)
{
    struct keyring *keyring = NULL;
    struct keys_problem problem = { .text = "" };
    if (!file_exists(path_of(doctor, doctor->keys, KEYS_DAY_NAME))) {
        doctor_find(doctor, FINDING_WARNING, "key", "sealing",
            "start the gateway: it makes them",
            "there are none yet; the other keys were not looked at");
        return;
    }
    enum err err = keyring_open(doctor->keys, &keyring, &problem);
    if (err != ERR_NONE) {
        doctor_find(doctor, FINDING_PROBLEM, "key", doctor->keys,
            "do that, or put the keys back that belong to this card", "%s",
            problem.text);
        return;
    }
    look_at_keyring(doctor, keyring);
    keyring_close(keyring);
}

void doctor_look_at_keys(struct doctor *doctor)
{
    if (doctor->data == NULL)
        return;
    if (access(doctor->keys, R_OK | X_OK) != 0 && errno == EACCES) {
        doctor_find(doctor, FINDING_WARNING, "key", doctor->keys,
            "run it as the gateway's user, or as root",
            "this user may not look at them");
        return;
    }
    look_at_card(doctor);
    look_at_revocation(doctor);
    look_at_root(doctor);
    open_keyring(doctor);
    doctor_look_at_slot(doctor);
}
