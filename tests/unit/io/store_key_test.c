/* Is the store's key the same wherever it is, and gone when it is destroyed? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/keys_file.h"
#include "io/panic_file.h"
#include "io/store_key.h"
#include "support/scratch.h"

struct bench {
    struct scratch scratch;
    char keys[400];
    char credentials[400];
    char passphrase[400];
    struct store_slot slot;
    struct store_keys first; /* as it was made */
};

static void path_in(const struct bench *bench, const char *name, char path[400])
{
    int size = snprintf(path, 400, "%s/%s", bench->scratch.path, name);
    assert_in_range(size, 1, 399);
}

static void write_file(const char *path, const char *words)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(words, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct store_keys load(struct bench *bench)
{
    struct store_keys keys;
    struct keys_problem problem = { "" };
    if (store_keys_load(&bench->slot, &keys, &problem) != ERR_NONE)
        fail_msg("%s", problem.text);
    return keys;
}

static void bench_open(struct bench *bench)
{
    struct keys_problem problem;
    memset(bench, 0, sizeof *bench);
    scratch_open(&bench->scratch);
    path_in(bench, "keys", bench->keys);
    path_in(bench, "credentials", bench->credentials);
    path_in(bench, "passphrase", bench->passphrase);
    assert_int_equal(keys_create(bench->keys, NULL, &problem), ERR_NONE);
    assert_int_equal(mkdir(bench->credentials, 0700), 0);
    write_file(bench->passphrase, "several words of one\nand more\n");
    bench->slot = (struct store_slot){ .keys = bench->keys };
    bench->first = load(bench);
}

static void assert_same(struct bench *bench, enum store_slot_kind kind)
{
    struct store_keys keys = load(bench);
    assert_memory_equal(&keys, &bench->first, sizeof keys);
    assert_int_equal(store_slot_find(&bench->slot), kind);
}

static const char *key_path(const struct bench *bench, const char *name)
{
    static char path[500];
    (void)snprintf(path, sizeof path, "%s/%s", bench->keys, name);
    return path;
}

static void it_can_be_under_a_passphrase_and_out_again(void **state)
{
    struct bench bench;
    struct store_keys keys;
    struct keys_problem problem;
    (void)state;
    bench_open(&bench);
    assert_same(&bench, STORE_SLOT_FILE);
    assert_int_equal(
        store_key_reseal(&bench.slot, bench.passphrase, &problem), ERR_NONE);
    assert_int_not_equal(
        access(key_path(&bench, STORE_KEY_NEXT_NAME), F_OK), 0);
    assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_PASSPHRASE);
    assert_int_equal(store_keys_load(&bench.slot, &keys, &problem), ERR_KEY);
    assert_non_null(strstr(problem.text, "give the passphrase"));
    bench.slot.passphrase_path = bench.passphrase;
    assert_same(&bench, STORE_SLOT_PASSPHRASE);
    write_file(bench.passphrase, "other words\n");
    assert_int_equal(store_keys_load(&bench.slot, &keys, &problem), ERR_KEY);
    assert_int_equal(store_key_reseal(&bench.slot, NULL, &problem), ERR_KEY);
    write_file(bench.passphrase, "several words of one");
    assert_int_equal(store_key_reseal(&bench.slot, NULL, &problem), ERR_NONE);
    assert_same(&bench, STORE_SLOT_FILE);
    scratch_close(&bench.scratch);
}

static void a_passphrase_can_come_as_a_credential(void **state)
{
    struct bench bench;
    struct keys_problem problem;
    char path[500];
    (void)state;
    bench_open(&bench);
    assert_int_equal(
        store_key_reseal(&bench.slot, bench.passphrase, &problem), ERR_NONE);
    bench.slot.credentials = bench.credentials;
    (void)snprintf(path, sizeof path, "%s/" STORE_KEY_PASSPHRASE_CREDENTIAL,
        bench.credentials);
    write_file(path, "several words of one\n");
    assert_same(&bench, STORE_SLOT_PASSPHRASE);
    scratch_close(&bench.scratch);
}

static void the_key_can_be_a_credential_with_rights_of_a_group(void **state)
{
    struct bench bench;
    struct keys_problem problem;
    char path[500];
    (void)state;
    bench_open(&bench);
    (void)snprintf(
        path, sizeof path, "%s/" STORE_KEY_CREDENTIAL, bench.credentials);
    assert_int_equal(store_key_export(&bench.slot, path, &problem), ERR_NONE);
    assert_int_equal(store_key_export(&bench.slot, path, &problem), ERR_EXISTS);
    assert_int_equal(chmod(path, 0440), 0);
    assert_int_equal(store_key_destroy(bench.keys, &problem), ERR_NONE);
    assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_NONE);
    bench.slot.credentials = bench.credentials;
    assert_same(&bench, STORE_SLOT_CREDENTIAL);
    /* and back */
    assert_int_equal(store_key_reseal(&bench.slot, NULL, &problem), ERR_NONE);
    bench.slot.credentials = NULL;
    assert_same(&bench, STORE_SLOT_FILE);
    scratch_close(&bench.scratch);
}

static void a_panic_leaves_no_secret_and_a_new_key_is_another(void **state)
{
    static const char *const gone[] = { STORE_KEY_NAME, STORE_KEY_NEXT_NAME,
        "day/20000.pem" };
    struct bench bench;
    struct store_keys keys;
    struct keys_problem problem;
    (void)state;
    bench_open(&bench);
    const char *data = bench.scratch.path;
    write_file(key_path(&bench, "day/20000.pem"), "a key");
    write_file(key_path(&bench, STORE_KEY_NEXT_NAME), "a key half made");
    write_file(scratch_path(&bench.scratch, "vault"), "numbers");
    assert_false(panic_file_is_there(data));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            panic_file_destroy(data, bench.keys, &problem), ERR_NONE);
        assert_true(panic_file_is_there(data));
    }
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        assert_int_not_equal(access(key_path(&bench, gone[i]), F_OK), 0);
    assert_int_not_equal(
        access(scratch_path(&bench.scratch, "vault"), F_OK), 0);
    assert_int_equal(access(key_path(&bench, "operation-1.pem"), F_OK), 0);
    assert_int_equal(
        store_keys_load(&bench.slot, &keys, &problem), ERR_NOT_FOUND);
    assert_int_equal(store_key_make(&bench.slot, &problem), ERR_NONE);
    assert_int_equal(store_key_make(&bench.slot, &problem), ERR_EXISTS);
    assert_int_equal(panic_file_clear(data, &problem), ERR_NONE);
    assert_false(panic_file_is_there(data));
    keys = load(&bench);
    assert_memory_not_equal(&keys, &bench.first, sizeof keys);
    scratch_close(&bench.scratch);
}

static void what_cannot_be_destroyed_is_named(void **state)
{
    struct bench bench;
    struct keys_problem problem;
    (void)state;
    bench_open(&bench);
    const char *vault = scratch_path(&bench.scratch, "vault");
    assert_int_equal(mkdir(vault, 0700), 0); /* no file: it stays */
    assert_int_equal(
        panic_file_destroy(bench.scratch.path, bench.keys, &problem), ERR_IO);
    assert_non_null(strstr(problem.text, "vault"));
    /* all else is gone nevertheless */
    assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_NONE);
    assert_true(panic_file_is_there(bench.scratch.path));
    scratch_close(&bench.scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_can_be_under_a_passphrase_and_out_again),
        cmocka_unit_test(a_passphrase_can_come_as_a_credential),
        cmocka_unit_test(the_key_can_be_a_credential_with_rights_of_a_group),
        cmocka_unit_test(a_panic_leaves_no_secret_and_a_new_key_is_another),
        cmocka_unit_test(what_cannot_be_destroyed_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
