#include "io/keyring_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/key_file.h"
#include "io/keys_file.h"
#include "io/must_openssl.h"
#include "io/raw_key_openssl.h"

#define DAY_MS (24 * 60 * 60 * 1000)

enum key_purpose keyring_purpose(enum crypto_signer signer)
{
    static const enum key_purpose purposes[CRYPTO_SIGNER_COUNT] = {
        [CRYPTO_SIGNER_LOG] = KEY_LOG,
        [CRYPTO_SIGNER_WITNESS] = KEY_WITNESS,
        [CRYPTO_SIGNER_OPERATION] = KEY_OPERATION,
    };
    return purposes[signer];
}

/* ---- Locking ---- */

void keyring_lock(struct keyring *keyring)
{
    must(pthread_rwlock_wrlock(&keyring->lock) == 0);
}

void keyring_lock_read(struct keyring *keyring)
{
    must(pthread_rwlock_rdlock(&keyring->lock) == 0);
}

void keyring_unlock(struct keyring *keyring)
{
    must(pthread_rwlock_unlock(&keyring->lock) == 0);
}

/* ---- Key ids: crypto_key_id() over a crypto that can only hash ---- */

static void plain_hash(struct crypto *crypto, const struct slice *parts,
    size_t count, uint8_t digest[HASH_SIZE])
{
    EVP_MD_CTX *hashing = EVP_MD_CTX_new();
    (void)crypto;
    must(
        hashing != NULL && EVP_DigestInit_ex(hashing, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(hashing, parts[i].bytes, parts[i].size) == 1);
    must(EVP_DigestFinal_ex(hashing, digest, NULL) == 1);
    EVP_MD_CTX_free(hashing);
}

static uint64_t key_id(const uint8_t public_key[KEY_SIZE])
{
    static const struct crypto_ops hash_only = { .hash = plain_hash };
    struct crypto crypto = { .ops = &hash_only };
    return crypto_key_id(&crypto, public_key);
}

/* ---- Opening ---- */

static enum err no_public(const char *path, struct keys_problem *problem)
{
    keys_problem_set(
        problem, "%s: the key cannot be used: out of memory", path);
    return ERR_NO_MEMORY;
}

enum err keyring_load_key(const char *dir, const struct key_name *name,
    uint32_t number, const char *algorithm, struct held_key *held,
    struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    *held = (struct held_key){ .number = number };
    enum err err = key_name_path(dir, name, number, path, problem);
    if (err == ERR_NONE)
        err = key_file_load(path, algorithm, NULL, &held->key, problem);
    if (err != ERR_NONE)
        return err;
    if (!raw_key_get_public(held->key, held->public_key)) {
        EVP_PKEY_free(held->key);
        held->key = NULL;
        return no_public(path, problem);
    }
    held->id = key_id(held->public_key);
    return ERR_NONE;
}

static enum err days_load(struct keyring *keyring, struct keys_problem *problem)
{
    uint32_t numbers[KEYRING_DAY_COUNT_MAX];
    size_t count = 0;
    enum err err =
        private_path(keyring->dir, KEYS_DAY_NAME, keyring->day_dir, problem);
    /* keys of days are in no backup: after a restore there are none */
    if (err == ERR_NONE)
        err = private_dir_make(keyring->day_dir, problem);
    if (err == ERR_NONE)
        err = key_name_sweep(keyring->day_dir, problem);
    if (err == ERR_NONE)
        err = key_name_list(keyring->day_dir, &key_name_day, numbers,
            KEYRING_DAY_COUNT_MAX, &count, problem);
    for (size_t i = 0; err == ERR_NONE && i < count; i++) {
        err = keyring_load_key(keyring->day_dir, &key_name_day, numbers[i],
            "X25519", &keyring->days[keyring->day_count], problem);
        if (err == ERR_NONE)
            keyring->day_count++;
        else if (err == ERR_MALFORMED) /* and in no backup */
            keys_problem_set(problem,
                "%s/%05u.pem: holds no private key in PEM; remove it, what is "
                "sealed to it will be sent again under another",
                keyring->day_dir, (unsigned)numbers[i]);
    }
    return err;
}

enum err keyring_tls_name(
    struct keyring *keyring, uint32_t number, struct keys_problem *problem)
{
    enum err err = key_name_path(keyring->dir, &key_name_of[KEY_TLS], number,
        keyring->tls_key_path, problem);
    if (err == ERR_NONE)
        err = key_name_path(keyring->dir, &key_name_certificate, number,
            keyring->tls_certificate_path, problem);
    return err;
}

/* The highest number of each purpose, until a card says more. */
static enum err newest_use(
    struct keyring *keyring, struct keys_problem *problem)
{
    for (int i = KEY_LOG; i < KEY_PURPOSE_COUNT; i++)
        keyring->purposes[i].used = keyring->purposes[i].count - 1;
    const struct held_keys *tls = &keyring->purposes[KEY_TLS];
    return keyring_tls_name(keyring, tls->items[tls->used].number, problem);
}

enum err keyring_open(
    const char *dir, struct keyring **keyring, struct keys_problem *problem)
{
    struct keyring *opened = NULL;
    *keyring = NULL;
    enum err err = private_dir_check(dir, problem);
    if (err != ERR_NONE)
        return err;
    opened = calloc(1, sizeof *opened);
    if (opened == NULL || pthread_rwlock_init(&opened->lock, NULL) != 0) {
        free(opened);
        keys_problem_set(problem, "%s: out of memory", dir);
        return ERR_NO_MEMORY;
    }
    int size = snprintf(opened->dir, sizeof opened->dir, "%s", dir);
    if (size < 0 || (size_t)size >= sizeof opened->dir) {
        keys_problem_set(problem, "the path of the keys is too long");
        err = ERR_INVALID;
    }
    if (err == ERR_NONE)
        err = keyring_rescan(opened, problem);
    if (err == ERR_NONE)
        err = newest_use(opened, problem);
    if (err == ERR_NONE)
        err = days_load(opened, problem);
    if (err == ERR_NONE)
        *keyring = opened;
    else
        keyring_close(opened);
    return err;
}

void keyring_close(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    for (int i = 0; i < KEY_PURPOSE_COUNT; i++)
        for (size_t k = 0; k < keyring->purposes[i].count; k++)
            EVP_PKEY_free(keyring->purposes[i].items[k].key);
    for (size_t i = 0; i < keyring->day_count; i++)
        EVP_PKEY_free(keyring->days[i].key);
    must(pthread_rwlock_destroy(&keyring->lock) == 0);
    OPENSSL_cleanse(keyring, sizeof *keyring);
    free(keyring);
}

/* ---- Days ---- */

/* Where a day is, or would be. */
static size_t day_position(const struct keyring *keyring, uint32_t day)
{
    size_t position = 0;
    while (
        position < keyring->day_count && keyring->days[position].number < day)
        position++;
    return position;
}

static void day_insert(
    struct keyring *keyring, size_t position, const struct held_key *opener)
{
    struct held_key *days = keyring->days;
    keyring_lock(keyring);
    memmove(&days[position + 1], &days[position],
        (keyring->day_count - position) * sizeof *days);
    days[position] = *opener;
    keyring->day_count++;
    keyring_unlock(keyring);
}

static void oldest_remove(struct keyring *keyring)
{
    struct held_key *days = keyring->days;
    keyring_lock(keyring);
    EVP_PKEY *key = days[0].key;
    keyring->day_count--;
    memmove(&days[0], &days[1], keyring->day_count * sizeof *days);
    keyring_unlock(keyring);
    EVP_PKEY_free(key); /* wiped with the last thread's reference */
}

static enum err day_make(struct keyring *keyring, uint32_t day, size_t position,
    struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    struct held_key opener;
    if (keyring->day_count == KEYRING_DAY_COUNT_MAX) {
        keys_problem_set(problem,
            "%s: holds %d keys of days; set the clock right, then let the old "
            "ones be destroyed",
            keyring->day_dir, KEYRING_DAY_COUNT_MAX);
        return ERR_LIMIT;
    }
    enum err err =
        key_name_path(keyring->day_dir, &key_name_day, day, path, problem);
    if (err != ERR_NONE)
        return err;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    if (key == NULL) {
        ERR_clear_error();
        keys_problem_set(
            problem, "%s: the key cannot be made: no randomness", path);
        return ERR_NO_MEMORY;
    }
    err = key_file_create(path, key, NULL, problem);
    EVP_PKEY_free(key);
    /* One that appeared since we looked is as good. Read back either way: what
     * is published is what a restart will find. */
    if (err == ERR_NONE || err == ERR_EXISTS)
        err = keyring_load_key(
            keyring->day_dir, &key_name_day, day, "X25519", &opener, problem);
    if (err == ERR_NONE)
        day_insert(keyring, position, &opener);
    return err;
}

static enum err days_destroy(struct keyring *keyring, uint32_t today,
    bool *changed, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    while (keyring->day_count > 0 &&
           keyring->days[0].number + SEALING_DAYS_KEPT < today) {
        enum err err = key_name_path(keyring->day_dir, &key_name_day,
            keyring->days[0].number, path, problem);
        if (err == ERR_NONE)
            err = private_file_destroy(path, problem);
        if (err != ERR_NONE)
            return err; /* still in memory, so that it is tried again */
        oldest_remove(keyring);
        *changed = true;
    }
    return ERR_NONE;
}

enum err keyring_refresh_days(struct keyring *keyring, int64_t now_ms,
    bool may_destroy, bool *changed, struct keys_problem *problem)
{
    enum err destroyed = ERR_NONE;
    *changed = false;
    if (now_ms < 0 || now_ms / DAY_MS > KEYRING_DAY_MAX - SEALING_DAYS_AHEAD) {
        keys_problem_set(problem,
            "%s: no keys are made for the day that the clock shows; set the "
            "clock right",
            keyring->day_dir);
        return ERR_INVALID;
    }
    uint32_t today = (uint32_t)(now_ms / DAY_MS);
    if (may_destroy)
        destroyed = days_destroy(keyring, today, changed, problem);
    for (uint32_t day = today; day < today + SEALING_DAYS_AHEAD; day++) {
        size_t position = day_position(keyring, day);
        if (position < keyring->day_count &&
            keyring->days[position].number == day)
            continue;
        enum err err = day_make(keyring, day, position, problem);
        if (err != ERR_NONE)
            return err;
        *changed = true;
    }
    return destroyed;
}

size_t keyring_day_keys(struct keyring *keyring, uint32_t day_first,
    struct keyring_day_key *keys, size_t capacity)
{
    size_t count = 0;
    keyring_lock_read(keyring);
    for (size_t i = day_position(keyring, day_first);
         i < keyring->day_count && count < capacity; i++, count++) {
        keys[count].day = keyring->days[i].number;
        memcpy(keys[count].public_key, keyring->days[i].public_key, KEY_SIZE);
    }
    keyring_unlock(keyring);
    return count;
}

/* ---- Looking up ---- */

static void public_of(struct keyring *keyring, enum key_purpose purpose,
    uint8_t public_key[KEY_SIZE])
{
    const struct held_keys *keys = &keyring->purposes[purpose];
    keyring_lock_read(keyring);
    memcpy(public_key, keys->items[keys->used].public_key, KEY_SIZE);
    keyring_unlock(keyring);
}

void keyring_last_resort_public(
    struct keyring *keyring, uint8_t public_key[KEY_SIZE])
{
    public_of(keyring, KEY_LAST_RESORT, public_key);
}

void keyring_signer_public(struct keyring *keyring, enum crypto_signer signer,
    uint8_t public_key[KEY_SIZE])
{
    public_of(keyring, keyring_purpose(signer), public_key);
}

void keyring_tls_spki_hash(struct keyring *keyring, uint8_t hash[HASH_SIZE])
{
    public_of(keyring, KEY_TLS, hash);
}

bool keyring_has(struct keyring *keyring, const struct card_key *key)
{
    const struct held_keys *keys = &keyring->purposes[key->purpose];
    bool found = false;
    keyring_lock_read(keyring);
    for (size_t i = 0; i < keys->count; i++)
        found |= memcmp(keys->items[i].public_key, key->key, KEY_SIZE) == 0;
    keyring_unlock(keyring);
    return found;
}

uint64_t keyring_version(struct keyring *keyring)
{
    return atomic_load(&keyring->version);
}

void keyring_tls_paths(const struct keyring *keyring, const char **key_path,
    const char **certificate_path)
{
    *key_path = keyring->tls_key_path;
    *certificate_path = keyring->tls_certificate_path;
}

EVP_PKEY *keyring_take_signer(struct keyring *keyring,
    enum crypto_signer signer, uint8_t public_key[KEY_SIZE])
{
    const struct held_keys *keys = &keyring->purposes[keyring_purpose(signer)];
    keyring_lock_read(keyring);
    const struct held_key *used = &keys->items[keys->used];
    memcpy(public_key, used->public_key, KEY_SIZE);
    EVP_PKEY *key = EVP_PKEY_up_ref(used->key) == 1 ? used->key : NULL;
    keyring_unlock(keyring);
    return key;
}

static EVP_PKEY *opener_find(
    const struct held_key *openers, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (openers[i].id == id)
            return EVP_PKEY_up_ref(openers[i].key) == 1 ? openers[i].key : NULL;
    return NULL;
}

EVP_PKEY *keyring_take_opener(
    struct keyring *keyring, uint64_t key_id_wanted, enum crypto_opener *opener)
{
    const struct held_keys *last = &keyring->purposes[KEY_LAST_RESORT];
    *opener = CRYPTO_OPENER_DAY;
    keyring_lock_read(keyring);
    EVP_PKEY *key =
        opener_find(keyring->days, keyring->day_count, key_id_wanted);
    if (key == NULL) {
        *opener = CRYPTO_OPENER_LAST_RESORT;
        key = opener_find(last->items, last->count, key_id_wanted);
    }
    keyring_unlock(keyring);
    return key;
}
