/* A rotation from keys to card, ended at every step. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/card_file.h"
#include "io/crypto_openssl.h"
#include "io/key_renewal.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "support/agency_folder.h"
#include "support/scratch.h"

#define DAY_MS AGENCY_FOLDER_DAY_MS
#define EXIT_ENDED 42

/* ---- The process ends before the n-th change of a directory or file ---- */

static int steps_left = -1; /* -1: never */

static void step(void)
{
    if (steps_left >= 0 && steps_left-- == 0)
        _exit(EXIT_ENDED);
}

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file)
{
    step();
    return __real_fsync(file);
}

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    step();
    return __real_link(from, to);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    step();
    return __real_rename(from, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    step();
    return __real_unlink(path);
}

/* ---- A gateway's folder ---- */

struct fixture {
    struct scratch scratch;
    struct crypto *crypto;
    struct arena arena;
    struct slice bytes;
    struct card card;
    struct keys_problem problem;
};

static const char *path_in(const struct fixture *it, const char *name)
{
    return scratch_path(&it->scratch, name);
}

static void fixture_make(struct fixture *it)
{
    *it = (struct fixture){ 0 };
    scratch_open(&it->scratch);
    agency_folder_make(it->scratch.path);
    assert_int_equal(arena_init(&it->arena, 4 << 20), ERR_NONE);
    assert_int_equal(crypto_openssl_new(NULL, &it->crypto), ERR_NONE);
}

static void fixture_end(struct fixture *it)
{
    crypto_openssl_free(it->crypto);
    arena_release(&it->arena);
    scratch_close(&it->scratch);
}

/* As a start does: the card, and keys that it shows. */
static bool starts(struct fixture *it)
{
    struct card_problem card_problem;
    struct keyring *keyring = NULL;
    bool changed;
    enum err err =
        card_file_read(it->scratch.path, &it->arena, &it->bytes, &it->problem);
    if (err == ERR_NONE)
        err = card_read(
            it->crypto, it->bytes, &it->arena, &it->card, &card_problem);
    if (err == ERR_NONE)
        err = keyring_open(path_in(it, "keys"), &keyring, &it->problem);
    if (err == ERR_NONE)
        err = keyring_use(
            keyring, &it->card, it->card.issued, &changed, &it->problem);
    keyring_close(keyring);
    return err == ERR_NONE;
}

static enum err renew(struct fixture *it)
{
    struct card draft;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t root_key[KEY_SIZE];
    struct key_renewal renewal = { .purposes = { false, true, true, true, true,
                                       true },
        .now = { it->card.issued.unix_ms + 2 * DAY_MS },
        .from = { it->card.issued.unix_ms + 2 * DAY_MS },
        .key_life_ms = 90 * DAY_MS,
        .card_life_ms = 730 * DAY_MS };
    enum err err = key_renewal_draft(it->crypto, path_in(it, "keys"), &it->card,
        it->bytes, &renewal, &it->arena, &draft, &it->problem);
    if (err != ERR_NONE)
        return err;
    struct slice bytes = card_bytes(&draft, &it->arena);
    err = root_sign(path_in(it, "keys/" KEYS_ROOT_NAME), NULL,
        card_statement(bytes, &it->arena), signature, root_key, &it->problem);
    if (err != ERR_NONE)
        return err;
    return card_file_install(it->scratch.path, &it->card, it->bytes,
        card_assemble(bytes, signature, &it->arena), &it->problem);
}

static void a_renewal_shows_a_new_key_of_each_purpose_asked_for(void **state)
{
    struct fixture it;
    struct slice earlier[CARD_FILE_EARLIER_COUNT_MAX];
    (void)state;
    fixture_make(&it);
    for (uint64_t serial = 1; serial <= 3; serial++) {
        assert_true(starts(&it));
        assert_int_equal(it.card.serial, serial);
        assert_int_equal(it.card.key_count, 5 * serial);
        assert_int_equal(
            card_file_read_earlier(it.scratch.path, serial, &it.arena, earlier),
            serial - 1);
        assert_int_equal(renew(&it), ERR_NONE);
    }
    fixture_end(&it);
}

static void ended_at_any_step_it_starts_and_goes_on(void **state)
{
    (void)state;
    int ended_count = 0;
    for (int steps = 0;; steps++) {
        struct fixture it;
        int status = 0;
        fixture_make(&it);
        assert_true(starts(&it));
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            steps_left = steps;
            _exit(renew(&it) == ERR_NONE ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (!starts(&it))
            fail_msg("ended at %d: %s", steps, it.problem.text);
        assert_int_equal(renew(&it), ERR_NONE);
        assert_true(starts(&it));
        assert_int_equal(it.card.serial,
            2 + (WEXITSTATUS(status) == 0 || it.card.serial == 3));
        fixture_end(&it);
        if (WEXITSTATUS(status) == 0)
            break;
        assert_int_equal(WEXITSTATUS(status), EXIT_ENDED);
        ended_count++;
    }
    assert_true(ended_count > 20); /* it has that many steps */
}

static void keys_of_an_ended_try_are_taken_up(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    assert_true(starts(&it));
    struct card draft[2];
    struct key_renewal renewal = {
        .purposes = { [KEY_LOG] = true, [KEY_TLS] = true },
        .now = it.card.issued,
        .from = it.card.issued,
        .key_life_ms = DAY_MS,
        .card_life_ms = DAY_MS
    };
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            key_renewal_draft(it.crypto, path_in(&it, "keys"), &it.card,
                it.bytes, &renewal, &it.arena, &draft[i], &it.problem),
            ERR_NONE);
    assert_int_equal(draft[0].key_count, it.card.key_count + 2);
    for (size_t i = 0; i < draft[0].key_count; i++)
        assert_memory_equal(
            draft[0].keys[i].key, draft[1].keys[i].key, KEY_SIZE);
    assert_int_equal(access(path_in(&it, "keys/log-3.pem"), F_OK), -1);
    fixture_end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_renewal_shows_a_new_key_of_each_purpose_asked_for),
        cmocka_unit_test(ended_at_any_step_it_starts_and_goes_on),
        cmocka_unit_test(keys_of_an_ended_try_are_taken_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
