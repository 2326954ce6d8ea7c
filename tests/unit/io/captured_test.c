/*
 * Forward secrecy, with real keys in real files: what was captured on the wire
 * cannot be opened once its day's key is destroyed, whoever has all the files
 * that are left. Every refusal has its control: the same capture did open.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/card.h"
#include "core/request.h"
#include "io/crypto_openssl.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "support/agency_folder.h"
#include "support/open_copy.h"
#include "support/scratch.h"

#define DAY_MS AGENCY_FOLDER_DAY_MS
#define CONTENT "someone asked for help at this door"

enum { SENDER, RECIPIENT, AGENCY_COUNT };

struct agency {
    char folder[512];
    char keys[560];
    struct keyring *keyring;
    struct crypto *crypto;
    struct agency_id id;
    uint8_t operation[KEY_SIZE];
};

struct fixture {
    struct scratch scratch;
    struct agency agencies[AGENCY_COUNT];
    struct arena arena;
    int64_t now_ms;
    struct slice capture;
    struct request_secret secret; /* the sender's, of the capture */
};

static void keys_open(struct agency *agency)
{
    struct keys_problem problem;
    if (keyring_open(agency->keys, &agency->keyring, &problem) != ERR_NONE)
        fail_msg("%s", problem.text);
    assert_int_equal(
        crypto_openssl_new(agency->keyring, &agency->crypto), ERR_NONE);
}

static void keys_close(struct agency *agency)
{
    crypto_openssl_free(agency->crypto);
    keyring_close(agency->keyring);
}

static void refresh(struct agency *agency, int64_t now_ms, bool may_destroy)
{
    struct keys_problem problem;
    bool changed;
    assert_int_equal(keyring_refresh_days(agency->keyring, now_ms, may_destroy,
                         &changed, &problem),
        ERR_NONE);
}

static void agency_make(struct fixture *it, int which)
{
    static const char *const names[AGENCY_COUNT] = { "sender", "recipient" };
    struct agency *agency = &it->agencies[which];
    uint8_t root[KEY_SIZE];
    struct keys_problem problem;
    (void)snprintf(agency->keys, sizeof agency->keys, "%s/%s/keys",
        it->scratch.path, names[which]);
    (void)snprintf(agency->folder, sizeof agency->folder, "%s/%s",
        it->scratch.path, names[which]);
    assert_int_equal(mkdir(agency->folder, 0700), 0);
    agency_folder_make(agency->folder);
    keys_open(agency);
    refresh(agency, it->now_ms, false);
    assert_int_equal(root_public(agency->keys, root, &problem), ERR_NONE);
    agency_id_of(agency->crypto, root, &agency->id);
    keyring_signer_public(
        agency->keyring, CRYPTO_SIGNER_OPERATION, agency->operation);
}

/* The sender asks with what it read on the recipient's key sheet. */
static void capture(struct fixture *it)
{
    static const uint8_t seed[SEED_SIZE] = { 7 };
    struct keyring_day_key today;
    struct agency *sender = &it->agencies[SENDER];
    struct agency *recipient = &it->agencies[RECIPIENT];
    assert_int_equal(keyring_day_keys(recipient->keyring,
                         (uint32_t)(it->now_ms / DAY_MS), &today, 1),
        1);
    assert_int_equal(request_seal(sender->crypto, &sender->id, &recipient->id,
                         today.public_key, REQUEST_DELIVER,
                         (struct instant){ it->now_ms }, SLICE_LITERAL(CONTENT),
                         seed, &it->arena, &it->secret, &it->capture),
        ERR_NONE);
}

static void fixture_make(struct fixture *it)
{
    *it = (struct fixture){ .now_ms = (int64_t)time(NULL) * 1000 };
    scratch_open(&it->scratch);
    assert_int_equal(arena_init(&it->arena, 4u << 20), ERR_NONE);
    for (int i = 0; i < AGENCY_COUNT; i++)
        agency_make(it, i);
    capture(it);
}

static void fixture_end(struct fixture *it)
{
    for (int i = 0; i < AGENCY_COUNT; i++)
        keys_close(&it->agencies[i]);
    arena_release(&it->arena);
    scratch_close(&it->scratch);
}

static bool find(void *user, const struct agency_id *agency, uint64_t key_id,
    uint8_t key[KEY_SIZE])
{
    const struct agency *sender = user;
    (void)key_id;
    memcpy(key, sender->operation, KEY_SIZE);
    return agency_id_equal(agency, &sender->id);
}

/* What whoever has these keys gets to see. */
static enum err try_open(struct fixture *it, struct crypto *crypto)
{
    struct request_secret secret;
    struct request request;
    enum err err =
        request_open_copy(crypto, &it->agencies[RECIPIENT].id, it->capture,
            &it->arena, find, &it->agencies[SENDER], &secret, &request);
    if (err == ERR_NONE)
        assert_true(slice_is(request.body, CONTENT));
    return err;
}

/* As long as the days are kept, and as one more starts. */
static void a_capture_opens_until_its_day_is_destroyed(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    struct agency *recipient = &it.agencies[RECIPIENT];
    for (int day = 0; day <= SEALING_DAYS_KEPT; day++) {
        refresh(recipient, it.now_ms + day * DAY_MS, true);
        assert_int_equal(try_open(&it, recipient->crypto), ERR_NONE);
    }
    refresh(recipient, it.now_ms + (SEALING_DAYS_KEPT + 1) * DAY_MS, true);
    assert_int_equal(try_open(&it, recipient->crypto), ERR_KEY);
    /* nor after a start, from files alone */
    keys_close(recipient);
    keys_open(recipient);
    assert_int_equal(try_open(&it, recipient->crypto), ERR_KEY);
    fixture_end(&it);
}

/* A keyring of one key after the other: everything that has the form of one of
 * ours and is left, at both ends, is put into the place of the lost day. */
static void try_file(struct fixture *it, const char *path, const char *lost)
{
    struct agency *recipient = &it->agencies[RECIPIENT];
    struct keyring *keyring;
    struct keys_problem problem;
    struct crypto *crypto;
    assert_int_equal(link(path, lost), 0);
    if (keyring_open(recipient->keys, &keyring, &problem) == ERR_NONE) {
        assert_int_equal(crypto_openssl_new(keyring, &crypto), ERR_NONE);
        assert_int_equal(try_open(it, crypto), ERR_KEY);
        crypto_openssl_free(crypto);
        keyring_close(keyring);
    }
    assert_int_equal(unlink(lost), 0);
}

static size_t try_folder(
    struct fixture *it, const char *folder, const char *lost)
{
    size_t count = 0;
    struct dirent **entries;
    int entry_count = scandir(folder, &entries, NULL, alphasort);
    assert_true(entry_count >= 0);
    for (int i = 0; i < entry_count; i++) {
        char path[1024];
        struct stat status;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        assert_int_equal(stat(path, &status), 0);
        if (entries[i]->d_name[0] == '.')
            count += 0;
        else if (S_ISDIR(status.st_mode))
            count += try_folder(it, path, lost);
        else {
            try_file(it, path, lost);
            count++;
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

static void no_file_that_is_left_opens_it(void **state)
{
    struct fixture it;
    char lost[640];
    char aside[640];
    (void)state;
    fixture_make(&it);
    struct agency *recipient = &it.agencies[RECIPIENT];
    unsigned day = (unsigned)(it.now_ms / DAY_MS);
    (void)snprintf(lost, sizeof lost, "%s/day/%05u.pem", recipient->keys, day);
    (void)snprintf(aside, sizeof aside, "%s/kept.pem", it.scratch.path);
    assert_int_equal(access(lost, F_OK), 0);

    /* the control: who took the file in time opens it, by the same way */
    char bytes[1024];
    FILE *file = fopen(lost, "re");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    refresh(recipient, it.now_ms + (SEALING_DAYS_KEPT + 1) * DAY_MS, true);
    assert_int_equal(access(lost, F_OK), -1);
    keys_close(recipient);
    file = fopen(aside, "we");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(aside, lost), 0);
    keys_open(recipient);
    assert_int_equal(try_open(&it, recipient->crypto), ERR_NONE);
    keys_close(recipient);
    assert_int_equal(unlink(lost), 0);

    keys_open(recipient);
    assert_int_equal(try_open(&it, recipient->crypto), ERR_KEY);
    size_t count = try_folder(&it, recipient->folder, lost);
    count += try_folder(&it, it.agencies[SENDER].folder, lost);
    assert_true(count > 20); /* all of both, and the days that are left */
    fixture_end(&it);
}

/* Not even by who asked: what it keeps until the reply is in no file. */
static void the_sender_keeps_nothing_that_opens_it(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    assert_int_equal(try_open(&it, it.agencies[SENDER].crypto), ERR_KEY);
    assert_int_equal(try_open(&it, it.agencies[RECIPIENT].crypto), ERR_NONE);
    fixture_end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_opens_until_its_day_is_destroyed),
        cmocka_unit_test(no_file_that_is_left_opens_it),
        cmocka_unit_test(the_sender_keeps_nothing_that_opens_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
