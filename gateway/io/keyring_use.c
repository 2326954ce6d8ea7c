/* Which keys are used: what appears, what the card says, what is over. */
#include "io/keyring_state.h"

#include <stdlib.h>
#include <string.h>

#include "io/key_file.h"
#include "io/must_openssl.h"
#include "io/tls_certificate.h"

#define NUMBER_COUNT_MAX 256 /* files of one name */
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

/* ---- Reading ---- */

static bool is_tls_key(EVP_PKEY *key)
{
    char group[32] = "";
    size_t size = 0;
    if (EVP_PKEY_is_a(key, "ED25519") == 1)
        return true;
    bool is_p256 =
        EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
        strcmp(group, "prime256v1") == 0;
    ERR_clear_error();
    return is_p256;
}

static enum err tls_load(struct keyring *keyring, uint32_t number,
    struct held_key *held, struct keys_problem *problem)
{
    char key_path[PRIVATE_PATH_SIZE];
    char path[PRIVATE_PATH_SIZE];
    EVP_PKEY *key = NULL;
    *held = (struct held_key){ .number = number };
    enum err err = key_name_path(
        keyring->dir, &key_name_of[KEY_TLS], number, key_path, problem);
    if (err == ERR_NONE)
        err = key_name_path(
            keyring->dir, &key_name_certificate, number, path, problem);
    if (err == ERR_NONE)
        err = key_file_load(key_path, NULL, NULL, &key, problem);
    if (err == ERR_NONE && !is_tls_key(key)) {
        keys_problem_set(problem,
            "%s: TLS takes a key for Ed25519 or P-256; make such a one",
            key_path);
        err = ERR_KEY;
    }
    if (err == ERR_NONE)
        err = tls_certificate_spki_hash(path, key, held->public_key, problem);
    EVP_PKEY_free(key);
    return err;
}

static enum err load(struct keyring *keyring, enum key_purpose purpose,
    uint32_t number, struct held_key *held, struct keys_problem *problem)
{
    if (purpose == KEY_TLS)
        return tls_load(keyring, number, held, problem);
    return keyring_load_key(keyring->dir, &key_name_of[purpose], number,
        purpose == KEY_LAST_RESORT ? "X25519" : "ED25519", held, problem);
}

static bool is_held(const struct held_keys *keys, uint32_t number)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].number == number)
            return true;
    return false;
}

/* One key that is not there yet. A certificate is made after its key: where it
 * lacks, that key was never on a card. */
static enum err add(struct keyring *keyring, enum key_purpose purpose,
    uint32_t number, struct keys_problem *problem)
{
    struct held_keys *keys = &keyring->purposes[purpose];
    struct held_key held;
    enum err err = load(keyring, purpose, number, &held, problem);
    if (err == ERR_NOT_FOUND && purpose == KEY_TLS && keys->count > 0)
        return ERR_NONE;
    if (err != ERR_NONE)
        return err;
    keyring_lock(keyring);
    keys->items[keys->count++] = held;
    keyring_unlock(keyring);
    return ERR_NONE;
}

/* The newest of a purpose, as many as are kept in memory. */
static enum err purpose_scan(struct keyring *keyring, enum key_purpose purpose,
    struct keys_problem *problem)
{
    struct held_keys *keys = &keyring->purposes[purpose];
    const struct key_name *name = &key_name_of[purpose];
    uint32_t numbers[NUMBER_COUNT_MAX];
    size_t count = 0;
    enum err err = key_name_list(
        keyring->dir, name, numbers, NUMBER_COUNT_MAX, &count, problem);
    if (err == ERR_NONE && count == 0) {
        keys_problem_set(problem,
            "%s/%s1%s: there is no such file; restore it from the backup of "
            "the keys",
            keyring->dir, name->prefix, name->suffix);
        return ERR_NOT_FOUND;
    }
    size_t first =
        count > KEYRING_SIGNER_COUNT_MAX ? count - KEYRING_SIGNER_COUNT_MAX : 0;
    for (size_t i = first; err == ERR_NONE && i < count; i++)
        if (!is_held(keys, numbers[i]) &&
            keys->count < KEYRING_SIGNER_COUNT_MAX)
            err = add(keyring, purpose, numbers[i], problem);
    return err;
}

enum err keyring_rescan(struct keyring *keyring, struct keys_problem *problem)
{
    enum err err = ERR_NONE;
    for (int i = KEY_LOG; i < KEY_PURPOSE_COUNT && err == ERR_NONE; i++)
        err = purpose_scan(keyring, (enum key_purpose)i, problem);
    return err;
}

/* ---- Choosing ---- */

static const struct card_key *on_card(
    const struct card *card, enum key_purpose purpose, const uint8_t *key)
{
    for (size_t i = 0; i < card->key_count; i++)
        if (card->keys[i].purpose == purpose &&
            memcmp(card->keys[i].key, key, KEY_SIZE) == 0)
            return &card->keys[i];
    return NULL;
}

/* 2: valid, 1: it was, 0: not begun. */
static int rank_of(const struct card_key *key, struct instant now)
{
    if (instant_before(now, key->from))
        return 0;
    return instant_before(now, key->until) ? 2 : 1;
}

static bool is_better(
    const struct card_key *key, const struct card_key *best, struct instant now)
{
    if (best == NULL)
        return true;
    int rank = rank_of(key, now);
    int rank_best = rank_of(best, now);
    if (rank != rank_best)
        return rank > rank_best;
    return rank == 0 ? instant_before(key->from, best->from)
                     : !instant_before(key->from, best->from);
}

/* Index of the key to use; count when none is on the card. */
static size_t choose(const struct held_keys *keys, enum key_purpose purpose,
    const struct card *card, struct instant now)
{
    const struct card_key *best = NULL;
    size_t index = keys->count;
    for (size_t i = 0; i < keys->count; i++) {
        const struct card_key *shown =
            on_card(card, purpose, keys->items[i].public_key);
        if (shown == NULL || !is_better(shown, best, now))
            continue;
        best = shown;
        index = i;
    }
    return index;
}

enum err keyring_use(struct keyring *keyring, const struct card *card,
    struct instant now, bool *changed, struct keys_problem *problem)
{
    size_t used[KEY_PURPOSE_COUNT];
    *changed = false;
    for (int i = KEY_LOG; i < KEY_PURPOSE_COUNT; i++) {
        const struct held_keys *keys = &keyring->purposes[i];
        used[i] = choose(keys, (enum key_purpose)i, card, now);
        if (used[i] == keys->count) {
            keys_problem_set(problem,
                "%s: the card shows none of the keys %s*; use the card and the "
                "keys that were made together",
                keyring->dir, key_name_of[i].prefix);
            return ERR_KEY;
        }
        *changed |= used[i] != keys->used;
    }
    enum err err = keyring_tls_name(keyring,
        keyring->purposes[KEY_TLS].items[used[KEY_TLS]].number, problem);
    if (err != ERR_NONE || !*changed)
        return err;
    keyring_lock(keyring);
    for (int i = KEY_LOG; i < KEY_PURPOSE_COUNT; i++)
        keyring->purposes[i].used = used[i];
    keyring_unlock(keyring);
    atomic_fetch_add(&keyring->version, 1);
    return ERR_NONE;
}

/* ---- Retiring ---- */

static enum err destroy(struct keyring *keyring, enum key_purpose purpose,
    uint32_t number, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    enum err err = key_name_path(
        keyring->dir, &key_name_of[purpose], number, path, problem);
    if (err == ERR_NONE)
        err = private_file_destroy(path, problem);
    if (err != ERR_NONE || purpose != KEY_TLS)
        return err;
    err = key_name_path(
        keyring->dir, &key_name_certificate, number, path, problem);
    return err == ERR_NONE ? private_file_destroy(path, problem) : err;
}

static void forget(struct keyring *keyring, struct held_keys *keys)
{
    keyring_lock(keyring);
    EVP_PKEY *key = keys->items[0].key;
    keys->count--;
    keys->used--;
    memmove(
        &keys->items[0], &keys->items[1], keys->count * sizeof *keys->items);
    OPENSSL_cleanse(&keys->items[keys->count], sizeof *keys->items);
    keyring_unlock(keyring);
    EVP_PKEY_free(key);
}

/* A last-resort key is kept while the card shows it, long after its end. */
static bool is_past(enum key_purpose purpose, const struct held_key *held,
    const struct card *card, struct instant now)
{
    const struct card_key *shown = on_card(card, purpose, held->public_key);
    if (shown == NULL || purpose == KEY_LAST_RESORT)
        return shown == NULL;
    return shown->until.unix_ms + SIGNER_DAYS_KEPT * DAY_MS <= now.unix_ms;
}

enum err keyring_retire(struct keyring *keyring, const struct card *card,
    struct instant now, size_t *count, struct keys_problem *problem)
{
    *count = 0;
    for (int i = KEY_LOG; i < KEY_PURPOSE_COUNT; i++) {
        struct held_keys *keys = &keyring->purposes[i];
        enum key_purpose purpose = (enum key_purpose)i;
        while (keys->used > 0 && is_past(purpose, &keys->items[0], card, now)) {
            enum err err =
                destroy(keyring, purpose, keys->items[0].number, problem);
            if (err != ERR_NONE)
                return err; /* still in memory, so that it is tried again */
            forget(keyring, keys);
            (*count)++;
        }
    }
    return ERR_NONE;
}
