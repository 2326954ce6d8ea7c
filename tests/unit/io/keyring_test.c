#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/crypto_openssl.h"
#include "io/key_file.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "io/openssl.h"
#include "io/tls_certificate.h"
#include "support/hex.h"
#include "support/scratch.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define DAY_MS INT64_C(86400000)
#define TODAY 20779 /* 2026-11-22 */
#define TODAY_MS (TODAY * DAY_MS + DAY_MS / 2)

struct fixture {
    struct scratch scratch;
    struct keyring *keyring;
    struct crypto *crypto;
    struct keys_problem problem;
};

static const char *path_in(const struct fixture *it, const char *name)
{
    return scratch_path(&it->scratch, name);
}

static void fixture_open(struct fixture *it)
{
    assert_int_equal(
        keyring_open(path_in(it, "keys"), &it->keyring, &it->problem),
        ERR_NONE);
    assert_int_equal(crypto_openssl_new(it->keyring, &it->crypto), ERR_NONE);
}

static void fixture_close(struct fixture *it)
{
    crypto_openssl_free(it->crypto);
    keyring_close(it->keyring);
}

static void fixture_make(struct fixture *it)
{
    *it = (struct fixture){ 0 };
    scratch_open(&it->scratch);
    assert_int_equal(
        keys_create(path_in(it, "keys"), NULL, &it->problem), ERR_NONE);
    fixture_open(it);
}

static void fixture_reopen(struct fixture *it)
{
    fixture_close(it);
    fixture_open(it);
}

static void fixture_end(struct fixture *it)
{
    fixture_close(it);
    scratch_close(&it->scratch);
}

static void problem_names(
    const struct keys_problem *problem, const char *path, const char *remedy)
{
    if (strstr(problem->text, path) == NULL ||
        strstr(problem->text, remedy) == NULL)
        fail_msg("\"%s\" lacks %s or %s", problem->text, path, remedy);
}

static bool refresh(struct fixture *it, int64_t now_ms, bool may_destroy)
{
    bool changed = false;
    enum err err = keyring_refresh_days(
        it->keyring, now_ms, may_destroy, &changed, &it->problem);
    if (err != ERR_NONE)
        fail_msg("%s", it->problem.text);
    return changed;
}

/* The days that have keys are exactly these. */
static void days_expect(struct fixture *it, uint32_t first, size_t count)
{
    struct keyring_day_key keys[KEYRING_DAY_COUNT_MAX];
    assert_int_equal(
        keyring_day_keys(it->keyring, 0, keys, COUNT(keys)), count);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        assert_int_equal(keys[i].day, first + i);
        (void)snprintf(name, sizeof name, "keys/day/%05u.pem", keys[i].day);
        assert_int_equal(access(path_in(it, name), F_OK), 0);
    }
    struct keyring_day_key last = keys[count - 1];
    char name[64];
    (void)snprintf(name, sizeof name, "keys/day/%05u.pem", first - 1);
    assert_int_equal(access(path_in(it, name), F_OK), -1);
    (void)snprintf(name, sizeof name, "keys/day/%05u.pem", last.day + 1);
    assert_int_equal(access(path_in(it, name), F_OK), -1);
}

static struct keyring_day_key key_of_day(struct fixture *it, uint32_t day)
{
    struct keyring_day_key key;
    assert_int_equal(keyring_day_keys(it->keyring, day, &key, 1), 1);
    assert_int_equal(key.day, day);
    return key;
}

/* Seals to the key; the recipient's context must be the sender's. */
static enum err try_to_open(struct fixture *it,
    const uint8_t public_key[KEY_SIZE], enum crypto_opener *opener)
{
    static const uint8_t seed[SEED_SIZE] = { 1, 2, 3 };
    struct slice info = SLICE_LITERAL("info");
    uint8_t enc[KEY_SIZE];
    struct hpke sender;
    struct hpke receiver;
    assert_int_equal(it->crypto->ops->encapsulate(
                         it->crypto, public_key, info, seed, enc, &sender),
        ERR_NONE);
    enum err err = it->crypto->ops->decapsulate(it->crypto,
        crypto_key_id(it->crypto, public_key), enc, info, opener, &receiver);
    if (err == ERR_NONE)
        assert_memory_equal(&sender, &receiver, sizeof sender);
    return err;
}

/* ---- Signers, last resort, TLS ---- */

static void each_purpose_has_a_key_of_its_own(void **state)
{
    struct fixture it;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t keys[CRYPTO_SIGNER_COUNT][KEY_SIZE];
    struct slice message = SLICE_LITERAL("a checkpoint");
    (void)state;
    fixture_make(&it);
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++)
        assert_int_equal(it.crypto->ops->signer_public(
                             it.crypto, (enum crypto_signer)i, keys[i]),
            ERR_NONE);
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        assert_int_equal(it.crypto->ops->sign(it.crypto, (enum crypto_signer)i,
                             message, signature),
            ERR_NONE);
        for (int j = 0; j < CRYPTO_SIGNER_COUNT; j++)
            assert_int_equal(
                it.crypto->ops->verify(it.crypto, keys[j], message, signature),
                i == j);
    }
    fixture_end(&it);
}

static void signatures_are_those_of_rfc_8032(void **state)
{
    /* RFC 8032 7.1 test 1 in the PKCS#8 of RFC 8410 */
    static const char pem[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n";
    struct fixture it;
    uint8_t bytes[SIGNATURE_SIZE];
    (void)state;
    fixture_make(&it);
    assert_int_equal(private_file_create(path_in(&it, "keys/log-10.pem"),
                         slice_of_text(pem), &it.problem),
        ERR_NONE);
    assert_int_equal(private_file_create(path_in(&it, "keys/log-09.pem"),
                         SLICE_LITERAL("not read"), &it.problem),
        ERR_NONE);
    fixture_reopen(&it); /* the highest number signs, 10 above 1 */
    assert_int_equal(
        it.crypto->ops->signer_public(it.crypto, CRYPTO_SIGNER_LOG, bytes),
        ERR_NONE);
    assert_hex_equal(bytes, KEY_SIZE,
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_int_equal(
        it.crypto->ops->sign(it.crypto, CRYPTO_SIGNER_LOG, SLICE_NONE, bytes),
        ERR_NONE);
    assert_hex_equal(bytes, SIGNATURE_SIZE,
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    fixture_end(&it);
}

static void keys_of_last_resort_all_open_and_the_newest_is_shown(void **state)
{
    struct fixture it;
    uint8_t first[KEY_SIZE];
    uint8_t second[KEY_SIZE];
    enum crypto_opener opener = CRYPTO_OPENER_DAY;
    (void)state;
    fixture_make(&it);
    keyring_last_resort_public(it.keyring, first);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_int_equal(key_file_create(path_in(&it, "keys/last-resort-2.pem"),
                         key, NULL, &it.problem),
        ERR_NONE);
    EVP_PKEY_free(key);
    fixture_reopen(&it);
    keyring_last_resort_public(it.keyring, second);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(try_to_open(&it, first, &opener), ERR_NONE);
    assert_int_equal(opener, CRYPTO_OPENER_LAST_RESORT);
    assert_int_equal(try_to_open(&it, second, &opener), ERR_NONE);
    assert_int_equal(opener, CRYPTO_OPENER_LAST_RESORT);
    fixture_end(&it);
}

static void tls_paths_and_pin_belong_together(void **state)
{
    struct fixture it;
    const char *key_path = NULL;
    const char *certificate_path = NULL;
    uint8_t pin[HASH_SIZE];
    uint8_t digest[HASH_SIZE];
    EVP_PKEY *key = NULL;
    uint8_t *der = NULL;
    (void)state;
    fixture_make(&it);
    keyring_tls_paths(it.keyring, &key_path, &certificate_path);
    assert_string_equal(key_path, path_in(&it, "keys/tls-1.pem"));
    assert_string_equal(certificate_path, path_in(&it, "keys/tls-1.crt"));
    keyring_tls_spki_hash(it.keyring, pin);
    assert_int_equal(
        key_file_load(key_path, "ED25519", NULL, &key, &it.problem), ERR_NONE);
    int size = i2d_PUBKEY(key, &der);
    assert_int_equal(size, 44);
    struct slice spki = slice_of(der, (size_t)size);
    crypto_hash(it.crypto, &spki, 1, digest);
    assert_memory_equal(pin, digest, sizeof pin);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    fixture_end(&it);
}

static void a_certificate_of_another_key_is_refused(void **state)
{
    struct fixture it;
    struct keyring *keyring = NULL;
    (void)state;
    fixture_make(&it);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(
        key_file_create(path_in(&it, "keys/tls-2.pem"), key, NULL, &it.problem),
        ERR_NONE);
    /* its certificate was not made yet when something ended: not used */
    fixture_reopen(&it);
    const char *key_path = NULL;
    const char *certificate_path = NULL;
    keyring_tls_paths(it.keyring, &key_path, &certificate_path);
    assert_string_equal(key_path, path_in(&it, "keys/tls-1.pem"));
    assert_int_equal(tls_certificate_create(
                         path_in(&it, "keys/tls-2.crt"), other, &it.problem),
        ERR_NONE);
    assert_int_equal(
        keyring_open(path_in(&it, "keys"), &keyring, &it.problem), ERR_KEY);
    problem_names(&it.problem, "tls-2.crt", "not the certificate");
    assert_null(keyring);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    fixture_end(&it);
}

/* ---- What is refused when opening ---- */

static const char *const names[] = { "log-1.pem", "witness-1.pem",
    "operation-1.pem", "last-resort-1.pem", "tls-1.pem", "tls-1.crt",
    "day/20779.pem" };

static void every_missing_loose_or_broken_file_is_named(void **state)
{
    struct fixture it;
    struct keyring *keyring = NULL;
    char dir[512];
    (void)state;
    fixture_make(&it);
    assert_true(refresh(&it, TODAY_MS, true));
    (void)snprintf(dir, sizeof dir, "%s", path_in(&it, "keys"));
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[1024];
        char aside[1032];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)snprintf(aside, sizeof aside, "%s.aside", path);
        bool is_secret = strstr(names[i], ".crt") == NULL;
        bool is_day = strstr(names[i], "day/") != NULL;

        assert_int_equal(chmod(path, 0644), 0);
        enum err err = keyring_open(dir, &keyring, &it.problem);
        assert_int_equal(err, is_secret ? ERR_KEY : ERR_NONE);
        if (is_secret)
            problem_names(&it.problem, names[i], "chmod 600");
        keyring_close(keyring);
        assert_int_equal(chmod(path, 0600), 0);

        assert_int_equal(rename(path, aside), 0);
        err = keyring_open(dir, &keyring, &it.problem);
        assert_int_equal(err, is_day ? ERR_NONE : ERR_NOT_FOUND);
        if (!is_day)
            problem_names(&it.problem, names[i], "restore it");
        keyring_close(keyring);

        assert_int_equal(
            private_file_create(path, SLICE_LITERAL("torn"), &it.problem),
            ERR_NONE);
        err = keyring_open(dir, &keyring, &it.problem);
        assert_int_equal(err, ERR_MALFORMED);
        problem_names(
            &it.problem, names[i], is_day ? "remove it" : "restore it");
        assert_null(keyring);
        assert_int_equal(rename(aside, path), 0);
    }
    assert_int_equal(keyring_open(dir, &keyring, &it.problem), ERR_NONE);
    keyring_close(keyring);
    assert_int_equal(ERR_peek_error(), 0);
    fixture_end(&it);
}

static void a_key_of_the_wrong_kind_is_refused(void **state)
{
    struct fixture it;
    struct keyring *keyring = NULL;
    (void)state;
    fixture_make(&it);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_int_equal(key_file_create(path_in(&it, "keys/witness-2.pem"), key,
                         NULL, &it.problem),
        ERR_NONE);
    EVP_PKEY_free(key);
    assert_int_equal(
        keyring_open(path_in(&it, "keys"), &keyring, &it.problem), ERR_KEY);
    problem_names(&it.problem, "witness-2.pem", "ED25519");
    fixture_end(&it);
}

static void a_missing_or_loose_directory_is_refused(void **state)
{
    struct fixture it;
    struct keyring *keyring = NULL;
    (void)state;
    fixture_make(&it);
    assert_int_equal(
        keyring_open(path_in(&it, "nowhere"), &keyring, &it.problem),
        ERR_NOT_FOUND);
    problem_names(&it.problem, "nowhere", "make the keys first");
    assert_int_equal(chmod(path_in(&it, "keys"), 0711), 0);
    assert_int_equal(
        keyring_open(path_in(&it, "keys"), &keyring, &it.problem), ERR_KEY);
    problem_names(&it.problem, "keys", "chmod 700");
    assert_int_equal(chmod(path_in(&it, "keys"), 0700), 0);
    fixture_end(&it);
}

/* ---- Days ---- */

static void a_fortnight_has_keys_and_each_is_made_once(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    struct keyring_day_key none;
    assert_int_equal(keyring_day_keys(it.keyring, 0, &none, 1), 0);
    assert_true(refresh(&it, TODAY_MS, true));
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD);
    struct keyring_day_key key = key_of_day(&it, TODAY + 1);
    assert_false(refresh(&it, TODAY_MS, true));
    assert_false(refresh(&it, TODAY * DAY_MS, true));
    assert_false(refresh(&it, (TODAY + 1) * DAY_MS - 1, true));
    assert_true(refresh(&it, (TODAY + 1) * DAY_MS, true));
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD + 1);
    fixture_reopen(&it);
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD + 1);
    assert_memory_equal(
        key_of_day(&it, TODAY + 1).public_key, key.public_key, KEY_SIZE);
    fixture_end(&it);
}

static void a_day_key_opens_until_seven_days_have_followed(void **state)
{
    struct fixture it;
    enum crypto_opener opener = CRYPTO_OPENER_LAST_RESORT;
    (void)state;
    fixture_make(&it);
    assert_true(refresh(&it, TODAY_MS, true));
    struct keyring_day_key key = key_of_day(&it, TODAY);
    assert_int_equal(try_to_open(&it, key.public_key, &opener), ERR_NONE);
    assert_int_equal(opener, CRYPTO_OPENER_DAY);

    assert_true(refresh(&it, (TODAY + 8) * DAY_MS - 1, true));
    assert_int_equal(try_to_open(&it, key.public_key, &opener), ERR_NONE);
    days_expect(&it, TODAY, SEALING_DAYS_KEPT + SEALING_DAYS_AHEAD);

    assert_true(refresh(&it, (TODAY + 8) * DAY_MS, true));
    assert_int_equal(try_to_open(&it, key.public_key, &opener), ERR_KEY);
    days_expect(&it, TODAY + 1, SEALING_DAYS_KEPT + SEALING_DAYS_AHEAD);
    fixture_reopen(&it);
    assert_int_equal(try_to_open(&it, key.public_key, &opener), ERR_KEY);
    days_expect(&it, TODAY + 1, SEALING_DAYS_KEPT + SEALING_DAYS_AHEAD);
    fixture_end(&it);
}

static void nothing_is_destroyed_while_the_clock_is_in_doubt(void **state)
{
    struct fixture it;
    enum crypto_opener opener = CRYPTO_OPENER_DAY;
    (void)state;
    fixture_make(&it);
    assert_true(refresh(&it, TODAY_MS, true));
    struct keyring_day_key key = key_of_day(&it, TODAY);
    /* ten years ahead, then back: all keys are still there */
    assert_true(refresh(&it, TODAY_MS + 3652 * DAY_MS, false));
    assert_int_equal(try_to_open(&it, key.public_key, &opener), ERR_NONE);
    assert_false(refresh(&it, TODAY_MS, true));
    assert_int_equal(try_to_open(&it, key.public_key, &opener), ERR_NONE);
    struct keyring_day_key keys[64];
    assert_int_equal(keyring_day_keys(it.keyring, 0, keys, COUNT(keys)),
        2 * SEALING_DAYS_AHEAD);
    assert_int_equal(
        keyring_day_keys(it.keyring, TODAY + 3652, keys, COUNT(keys)),
        SEALING_DAYS_AHEAD);
    /* ten years back: what is there now is of the future, and stays */
    assert_true(refresh(&it, TODAY_MS - 3652 * DAY_MS, true));
    assert_int_equal(try_to_open(&it, key.public_key, &opener), ERR_NONE);
    fixture_end(&it);
}

static void clocks_that_cannot_be_right_change_nothing(void **state)
{
    static const int64_t times[] = { -1, INT64_MIN, INT64_MAX,
        (KEYRING_DAY_MAX - 13) * DAY_MS };
    struct fixture it;
    (void)state;
    fixture_make(&it);
    assert_true(refresh(&it, TODAY_MS, true));
    for (size_t i = 0; i < COUNT(times); i++) {
        bool changed = true;
        assert_int_equal(keyring_refresh_days(
                             it.keyring, times[i], true, &changed, &it.problem),
            ERR_INVALID);
        problem_names(&it.problem, "day", "set the clock right");
        assert_false(changed);
    }
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD);
    fixture_end(&it);
}

static void jumps_without_end_reach_a_limit(void **state)
{
    struct fixture it;
    enum err err = ERR_NONE;
    bool changed = false;
    int64_t now_ms = TODAY_MS;
    (void)state;
    fixture_make(&it);
    for (int jump = 0; jump < 100 && err == ERR_NONE; jump++) {
        err = keyring_refresh_days(
            it.keyring, now_ms, false, &changed, &it.problem);
        now_ms += SEALING_DAYS_AHEAD * DAY_MS;
    }
    assert_int_equal(err, ERR_LIMIT);
    problem_names(&it.problem, "day", "set the clock right");
    struct keyring_day_key keys[KEYRING_DAY_COUNT_MAX + 1];
    assert_int_equal(keyring_day_keys(it.keyring, 0, keys, COUNT(keys)),
        KEYRING_DAY_COUNT_MAX);
    fixture_reopen(&it); /* still opens */
    assert_true(refresh(&it, now_ms, true));
    days_expect(&it, (uint32_t)(now_ms / DAY_MS), SEALING_DAYS_AHEAD);
    fixture_end(&it);
}

static void remnants_and_copies_are_no_keys(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    assert_true(refresh(&it, TODAY_MS, true));
    const char *remnant = path_in(&it, "keys/day/20900.pem.new");
    assert_int_equal(
        private_file_create(remnant, SLICE_LITERAL("torn"), &it.problem),
        ERR_NONE);
    const char *copy = path_in(&it, "keys/day/020900.pem");
    assert_int_equal(
        private_file_create(copy, SLICE_LITERAL("torn"), &it.problem),
        ERR_NONE);
    fixture_close(&it);
    fixture_open(&it);
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD);
    assert_int_equal(access(path_in(&it, "keys/day/20900.pem.new"), F_OK), -1);
    fixture_end(&it);
}

/* A restore: its backup has no keys of days, and must not. */
static void a_missing_day_directory_is_made(void **state)
{
    struct fixture it;
    struct stat status;
    (void)state;
    fixture_make(&it);
    assert_int_equal(rmdir(path_in(&it, "keys/day")), 0);
    fixture_reopen(&it);
    assert_int_equal(stat(path_in(&it, "keys/day"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_true(refresh(&it, TODAY_MS, true));
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD);
    fixture_end(&it);
}

static void a_key_that_cannot_be_made_is_reported_and_made_later(void **state)
{
    struct fixture it;
    bool changed = false;
    (void)state;
    fixture_make(&it);
    assert_int_equal(rmdir(path_in(&it, "keys/day")), 0);
    assert_int_equal(
        keyring_refresh_days(it.keyring, TODAY_MS, true, &changed, &it.problem),
        ERR_IO);
    problem_names(&it.problem, "20779.pem", "see to the disk");
    assert_false(changed);
    struct keyring_day_key key;
    assert_int_equal(keyring_day_keys(it.keyring, 0, &key, 1), 0);
    assert_int_equal(mkdir(path_in(&it, "keys/day"), 0700), 0);
    assert_true(refresh(&it, TODAY_MS, true));
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD);
    fixture_end(&it);
}

/* A crash came between the file and the list, or a backup was put back. */
static void a_key_that_is_there_already_is_taken(void **state)
{
    struct fixture it;
    uint8_t public_key[KEY_SIZE];
    size_t size = sizeof public_key;
    (void)state;
    fixture_make(&it);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, public_key, &size), 1);
    assert_int_equal(key_file_create(path_in(&it, "keys/day/20780.pem"), key,
                         NULL, &it.problem),
        ERR_NONE);
    EVP_PKEY_free(key);
    assert_true(refresh(&it, TODAY_MS, true));
    days_expect(&it, TODAY, SEALING_DAYS_AHEAD);
    assert_memory_equal(
        key_of_day(&it, 20780).public_key, public_key, KEY_SIZE);
    fixture_end(&it);
}

/* ---- Threads ---- */

struct opener_thread {
    struct fixture *it;
    struct keyring_day_key keys[SEALING_DAYS_AHEAD];
    atomic_bool is_done;
    size_t opened_count;
    size_t failed_count; /* neither opened nor unknown */
};

static void *open_until_done(void *argument)
{
    struct opener_thread *self = argument;
    static const uint8_t seed[SEED_SIZE] = { 9 };
    struct crypto *crypto = NULL;
    if (crypto_openssl_new(self->it->keyring, &crypto) != ERR_NONE) {
        self->failed_count++;
        return NULL;
    }
    for (size_t i = 0; !atomic_load(&self->is_done); i++) {
        const uint8_t *key = self->keys[i % COUNT(self->keys)].public_key;
        struct keyring_day_key listed[4];
        struct hpke sender;
        struct hpke receiver;
        uint8_t enc[KEY_SIZE];
        enum crypto_opener opener = CRYPTO_OPENER_DAY;
        enum err err = crypto->ops->encapsulate(
            crypto, key, SLICE_NONE, seed, enc, &sender);
        if (err == ERR_NONE)
            err = crypto->ops->decapsulate(crypto, crypto_key_id(crypto, key),
                enc, SLICE_NONE, &opener, &receiver);
        if (err == ERR_NONE)
            self->opened_count++;
        else if (err != ERR_KEY)
            self->failed_count++;
        if (keyring_day_keys(self->it->keyring, 0, listed, COUNT(listed)) == 0)
            self->failed_count++;
    }
    crypto_openssl_free(crypto);
    return NULL;
}

static void days_pass_while_others_open(void **state)
{
    struct fixture it;
    struct opener_thread other = { .it = &it };
    pthread_t thread;
    enum crypto_opener opener = CRYPTO_OPENER_DAY;
    (void)state;
    fixture_make(&it);
    assert_true(refresh(&it, TODAY_MS, true));
    assert_int_equal(
        keyring_day_keys(it.keyring, TODAY, other.keys, SEALING_DAYS_AHEAD),
        SEALING_DAYS_AHEAD);
    assert_int_equal(pthread_create(&thread, NULL, open_until_done, &other), 0);
    for (int day = 1; day <= 30; day++)
        assert_true(refresh(&it, TODAY_MS + day * DAY_MS, true));
    atomic_store(&other.is_done, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(other.failed_count, 0);
    for (size_t i = 0; i < COUNT(other.keys); i++)
        assert_int_equal(
            try_to_open(&it, other.keys[i].public_key, &opener), ERR_KEY);
    days_expect(&it, TODAY + 30 - SEALING_DAYS_KEPT,
        SEALING_DAYS_KEPT + SEALING_DAYS_AHEAD);
    fixture_end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_purpose_has_a_key_of_its_own),
        cmocka_unit_test(signatures_are_those_of_rfc_8032),
        cmocka_unit_test(keys_of_last_resort_all_open_and_the_newest_is_shown),
        cmocka_unit_test(tls_paths_and_pin_belong_together),
        cmocka_unit_test(a_certificate_of_another_key_is_refused),
        cmocka_unit_test(every_missing_loose_or_broken_file_is_named),
        cmocka_unit_test(a_key_of_the_wrong_kind_is_refused),
        cmocka_unit_test(a_missing_or_loose_directory_is_refused),
        cmocka_unit_test(a_fortnight_has_keys_and_each_is_made_once),
        cmocka_unit_test(a_day_key_opens_until_seven_days_have_followed),
        cmocka_unit_test(nothing_is_destroyed_while_the_clock_is_in_doubt),
        cmocka_unit_test(clocks_that_cannot_be_right_change_nothing),
        cmocka_unit_test(jumps_without_end_reach_a_limit),
        cmocka_unit_test(remnants_and_copies_are_no_keys),
        cmocka_unit_test(a_missing_day_directory_is_made),
        cmocka_unit_test(a_key_that_cannot_be_made_is_reported_and_made_later),
        cmocka_unit_test(a_key_that_is_there_already_is_taken),
        cmocka_unit_test(days_pass_while_others_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
