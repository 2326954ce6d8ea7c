#include "io/keyring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/key_file.h"
#include "io/key_names.h"
#include "io/keys_file.h"
#include "io/must_openssl.h"
#include "io/openssl.h"
#include "io/raw_key_openssl.h"
#include "io/tls_certificate.h"

#define DAY_MS (24 * 60 * 60 * 1000)
#define NUMBER_COUNT_MAX 256 /* files of one name */

struct signer {
    EVP_PKEY *key;
    uint8_t public_key[KEY_SIZE];
};

struct opener {
    uint32_t number; /* the day, for keys of days */
    uint64_t id;
    EVP_PKEY *key;
    uint8_t public_key[KEY_SIZE];
};

struct keyring {
    char dir[PRIVATE_PATH_SIZE];
    char day_dir[PRIVATE_PATH_SIZE];
    struct signer signers[CRYPTO_SIGNER_COUNT];
    struct opener last_resort[KEYRING_LAST_RESORT_COUNT_MAX];
    size_t last_resort_count;
    char tls_key_path[PRIVATE_PATH_SIZE];
    char tls_certificate_path[PRIVATE_PATH_SIZE];
    uint8_t tls_spki_hash[HASH_SIZE];

    /* Guards what follows; the refreshing thread alone writes, so it reads
     * without. Nothing slow happens under it. */
    pthread_rwlock_t lock;
    struct opener days[KEYRING_DAY_COUNT_MAX]; /* by number, ascending */
    size_t day_count;
};

/* clang-format off */
static const struct key_name signer_names[CRYPTO_SIGNER_COUNT] = {
    [CRYPTO_SIGNER_LOG]       = { "log-",       1, ".pem" },
    [CRYPTO_SIGNER_WITNESS]   = { "witness-",   1, ".pem" },
    [CRYPTO_SIGNER_OPERATION] = { "operation-", 1, ".pem" },
};
static const struct key_name last_resort_name = { "last-resort-", 1, ".pem" };
static const struct key_name tls_key_name     = { "tls-",         1, ".pem" };
static const struct key_name tls_name         = { "tls-",         1, ".crt" };
static const struct key_name day_name         = { "",             5, ".pem" };
/* clang-format on */

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

/* The numbers of a name in the directory, at least one. */
static enum err numbers_find(const struct keyring *keyring,
    const struct key_name *name, uint32_t numbers[NUMBER_COUNT_MAX],
    size_t *count, struct keys_problem *problem)
{
    enum err err = key_name_list(
        keyring->dir, name, numbers, NUMBER_COUNT_MAX, count, problem);
    if (err != ERR_NONE || *count > 0)
        return err;
    keys_problem_set(problem,
        "%s/%s1%s: there is no such file; restore it from the backup of the "
        "keys",
        keyring->dir, name->prefix, name->suffix);
    return ERR_NOT_FOUND;
}

/* Signers of lower numbers sign no more, so they stay out of memory. */
static enum err signers_load(
    struct keyring *keyring, struct keys_problem *problem)
{
    for (size_t i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        struct signer *signer = &keyring->signers[i];
        uint32_t numbers[NUMBER_COUNT_MAX];
        char path[PRIVATE_PATH_SIZE];
        size_t count = 0;
        enum err err =
            numbers_find(keyring, &signer_names[i], numbers, &count, problem);
        if (err == ERR_NONE)
            err = key_name_path(keyring->dir, &signer_names[i],
                numbers[count - 1], path, problem);
        if (err == ERR_NONE)
            err = key_file_load(path, "ED25519", NULL, &signer->key, problem);
        if (err != ERR_NONE)
            return err;
        if (!raw_key_get_public(signer->key, signer->public_key))
            return no_public(path, problem);
    }
    return ERR_NONE;
}

static enum err opener_load(const char *dir, const struct key_name *name,
    uint32_t number, struct opener *opener, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    *opener = (struct opener){ .number = number };
    enum err err = key_name_path(dir, name, number, path, problem);
    if (err == ERR_NONE)
        err = key_file_load(path, "X25519", NULL, &opener->key, problem);
    if (err != ERR_NONE)
        return err;
    if (!raw_key_get_public(opener->key, opener->public_key)) {
        EVP_PKEY_free(opener->key);
        opener->key = NULL;
        return no_public(path, problem);
    }
    opener->id = key_id(opener->public_key);
    return ERR_NONE;
}

static enum err last_resort_load(
    struct keyring *keyring, struct keys_problem *problem)
{
    uint32_t numbers[NUMBER_COUNT_MAX];
    size_t count = 0;
    enum err err =
        numbers_find(keyring, &last_resort_name, numbers, &count, problem);
    /* the newest ones, should there be more than anybody can still know */
    size_t first = count > KEYRING_LAST_RESORT_COUNT_MAX
                       ? count - KEYRING_LAST_RESORT_COUNT_MAX
                       : 0;
    for (size_t i = first; err == ERR_NONE && i < count; i++) {
        err = opener_load(keyring->dir, &last_resort_name, numbers[i],
            &keyring->last_resort[keyring->last_resort_count], problem);
        if (err == ERR_NONE)
            keyring->last_resort_count++;
    }
    return err;
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
        err = key_name_list(keyring->day_dir, &day_name, numbers,
            KEYRING_DAY_COUNT_MAX, &count, problem);
    for (size_t i = 0; err == ERR_NONE && i < count; i++) {
        err = opener_load(keyring->day_dir, &day_name, numbers[i],
            &keyring->days[keyring->day_count], problem);
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

static enum err tls_load(struct keyring *keyring, struct keys_problem *problem)
{
    uint32_t numbers[NUMBER_COUNT_MAX];
    size_t count = 0;
    EVP_PKEY *key = NULL;
    enum err err =
        numbers_find(keyring, &tls_key_name, numbers, &count, problem);
    if (err == ERR_NONE)
        err = key_name_path(keyring->dir, &tls_key_name, numbers[count - 1],
            keyring->tls_key_path, problem);
    if (err == ERR_NONE)
        err = key_name_path(keyring->dir, &tls_name, numbers[count - 1],
            keyring->tls_certificate_path, problem);
    if (err == ERR_NONE)
        err = key_file_load(keyring->tls_key_path, NULL, NULL, &key, problem);
    if (err == ERR_NONE && !is_tls_key(key)) {
        keys_problem_set(problem,
            "%s: TLS takes a key for Ed25519 or P-256; make such a one",
            keyring->tls_key_path);
        err = ERR_KEY;
    }
    if (err == ERR_NONE)
        err = tls_certificate_spki_hash(keyring->tls_certificate_path, key,
            keyring->tls_spki_hash, problem);
    EVP_PKEY_free(key); /* the TLS engine reads the file itself */
    return err;
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
        err = signers_load(opened, problem);
    if (err == ERR_NONE)
        err = last_resort_load(opened, problem);
    if (err == ERR_NONE)
        err = tls_load(opened, problem);
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
    for (size_t i = 0; i < CRYPTO_SIGNER_COUNT; i++)
        EVP_PKEY_free(keyring->signers[i].key);
    for (size_t i = 0; i < keyring->last_resort_count; i++)
        EVP_PKEY_free(keyring->last_resort[i].key);
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
    struct keyring *keyring, size_t position, const struct opener *opener)
{
    struct opener *days = keyring->days;
    must(pthread_rwlock_wrlock(&keyring->lock) == 0);
    memmove(&days[position + 1], &days[position],
        (keyring->day_count - position) * sizeof *days);
    days[position] = *opener;
    keyring->day_count++;
    must(pthread_rwlock_unlock(&keyring->lock) == 0);
}

static void oldest_remove(struct keyring *keyring)
{
    struct opener *days = keyring->days;
    must(pthread_rwlock_wrlock(&keyring->lock) == 0);
    EVP_PKEY *key = days[0].key;
    keyring->day_count--;
    memmove(&days[0], &days[1], keyring->day_count * sizeof *days);
    must(pthread_rwlock_unlock(&keyring->lock) == 0);
    EVP_PKEY_free(key); /* wiped with the last thread's reference */
}

static enum err day_make(struct keyring *keyring, uint32_t day, size_t position,
    struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    struct opener opener;
    if (keyring->day_count == KEYRING_DAY_COUNT_MAX) {
        keys_problem_set(problem,
            "%s: holds %d keys of days; set the clock right, then let the old "
            "ones be destroyed",
            keyring->day_dir, KEYRING_DAY_COUNT_MAX);
        return ERR_LIMIT;
    }
    enum err err =
        key_name_path(keyring->day_dir, &day_name, day, path, problem);
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
        err = opener_load(keyring->day_dir, &day_name, day, &opener, problem);
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
        enum err err = key_name_path(keyring->day_dir, &day_name,
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
    must(pthread_rwlock_rdlock(&keyring->lock) == 0);
    for (size_t i = day_position(keyring, day_first);
         i < keyring->day_count && count < capacity; i++, count++) {
        keys[count].day = keyring->days[i].number;
        memcpy(keys[count].public_key, keyring->days[i].public_key, KEY_SIZE);
    }
    must(pthread_rwlock_unlock(&keyring->lock) == 0);
    return count;
}

/* ---- Looking up ---- */

void keyring_last_resort_public(
    const struct keyring *keyring, uint8_t public_key[KEY_SIZE])
{
    const struct opener *newest =
        &keyring->last_resort[keyring->last_resort_count - 1];
    memcpy(public_key, newest->public_key, KEY_SIZE);
}

void keyring_signer_public(const struct keyring *keyring,
    enum crypto_signer signer, uint8_t public_key[KEY_SIZE])
{
    memcpy(public_key, keyring->signers[signer].public_key, KEY_SIZE);
}

void keyring_tls_paths(const struct keyring *keyring, const char **key_path,
    const char **certificate_path)
{
    *key_path = keyring->tls_key_path;
    *certificate_path = keyring->tls_certificate_path;
}

void keyring_tls_spki_hash(
    const struct keyring *keyring, uint8_t hash[HASH_SIZE])
{
    memcpy(hash, keyring->tls_spki_hash, HASH_SIZE);
}

EVP_PKEY *keyring_signer_key(
    const struct keyring *keyring, enum crypto_signer signer)
{
    return keyring->signers[signer].key;
}

static EVP_PKEY *opener_find(
    const struct opener *openers, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (openers[i].id == id)
            return EVP_PKEY_up_ref(openers[i].key) == 1 ? openers[i].key : NULL;
    return NULL;
}

EVP_PKEY *keyring_take_opener(
    struct keyring *keyring, uint64_t key_id_wanted, enum crypto_opener *opener)
{
    *opener = CRYPTO_OPENER_DAY;
    must(pthread_rwlock_rdlock(&keyring->lock) == 0);
    EVP_PKEY *key =
        opener_find(keyring->days, keyring->day_count, key_id_wanted);
    must(pthread_rwlock_unlock(&keyring->lock) == 0);
    if (key != NULL)
        return key;
    *opener = CRYPTO_OPENER_LAST_RESORT;
    return opener_find(
        keyring->last_resort, keyring->last_resort_count, key_id_wanted);
}
