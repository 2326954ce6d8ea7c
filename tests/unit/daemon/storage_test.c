/* Do store, vault and key belong together, and is it said when they do not? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/storage.h"
#include "io/keys_file.h"
#include "io/panic_file.h"
#include "io/store_key.h"
#include "support/scratch.h"

#define MAP_SIZE (4u << 20)

struct bench {
    struct scratch scratch;
    char data[400];
    char keys[400];
    struct storage storage;
    struct store_problem problem;
};

static void file_in(const char *folder, const char *name, char path[400])
{
    int size = snprintf(path, 400, "%s/%s", folder, name);
    assert_in_range(size, 1, 399);
}

static enum err open_storage(struct bench *bench)
{
    bench->problem.text[0] = '\0';
    const struct store_slot slot = { .keys = bench->keys };
    enum err err = storage_open(
        bench->data, &slot, MAP_SIZE, &bench->storage, &bench->problem);
    assert_int_equal(err == ERR_NONE, bench->storage.store != NULL);
    assert_int_equal(err == ERR_NONE, bench->problem.text[0] == '\0');
    return err;
}

static void assert_says(const struct bench *bench, const char *words)
{
    if (strstr(bench->problem.text, words) == NULL)
        fail_msg("\"%s\" lacks %s", bench->problem.text, words);
}

/* With a row, and a content sealed in its vault. */
static void bench_open(struct bench *bench, uint8_t sealed[64])
{
    struct keys_problem problem;
    struct store_txn *txn;
    scratch_open(&bench->scratch);
    file_in(bench->scratch.path, "data", bench->data);
    file_in(bench->scratch.path, "keys", bench->keys);
    assert_int_equal(mkdir(bench->data, 0700), 0);
    assert_int_equal(keys_create(bench->keys, NULL, &problem), ERR_NONE);
    assert_int_equal(open_storage(bench), ERR_NONE);
    struct store *store = bench->storage.store;
    struct vault *vault = bench->storage.vault;
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    store_put(txn, SLICE_LITERAL("a"), SLICE_LITERAL("CANARY"));
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
    assert_int_equal(vault->ops->reserve(vault, 1), ERR_NONE);
    assert_int_equal(
        vault->ops->seal(vault, 0, SLICE_NONE, SLICE_LITERAL("CANARY"), sealed),
        ERR_NONE);
    storage_close(&bench->storage);
}

static void bench_close(struct bench *bench)
{
    storage_close(&bench->storage);
    scratch_close(&bench->scratch);
}

static void what_was_stored_is_there_after_a_restart(void **state)
{
    struct bench bench;
    struct store_txn *txn;
    uint8_t sealed[64];
    uint8_t plain[64];
    (void)state;
    bench_open(&bench, sealed);
    assert_int_equal(open_storage(&bench), ERR_NONE);
    struct store *store = bench.storage.store;
    struct vault *vault = bench.storage.vault;
    assert_int_equal(store->ops->begin(store, false, &txn), ERR_NONE);
    assert_true(slice_is(store_get(txn, SLICE_LITERAL("a")), "CANARY"));
    store->ops->abort(txn);
    assert_int_equal(vault->ops->open(vault, 0, SLICE_NONE,
                         slice_of(sealed, 6 + VAULT_OVERHEAD), plain),
        ERR_NONE);
    assert_memory_equal(plain, "CANARY", 6);
    bench_close(&bench);
}

static bool file_has(const char *path, const char *words)
{
    static char bytes[8u << 20];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    for (size_t i = 0; i + strlen(words) <= size; i++)
        if (memcmp(bytes + i, words, strlen(words)) == 0)
            return true;
    return false;
}

static void nothing_is_readable_on_the_disk(void **state)
{
    struct bench bench;
    char path[400];
    uint8_t sealed[64];
    (void)state;
    bench_open(&bench, sealed);
    file_in(bench.data, "store/data.mdb", path);
    assert_false(file_has(path, "CANARY"));
    bench_close(&bench);
}

static void a_store_without_its_vault_is_a_loss(void **state)
{
    struct bench bench;
    char path[400];
    uint8_t sealed[64];
    (void)state;
    bench_open(&bench, sealed);
    file_in(bench.data, STORAGE_VAULT_NAME, path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(open_storage(&bench), ERR_NOT_FOUND);
    assert_says(&bench, path);
    assert_says(&bench, "restore both");
    assert_int_equal(access(path, F_OK), -1);
    bench_close(&bench);
}

static void a_store_without_its_key_or_with_another_is_refused(void **state)
{
    struct bench bench;
    struct keys_problem problem;
    char path[400];
    char away[400];
    char others[400];
    char other_key[400];
    uint8_t sealed[64];
    (void)state;
    bench_open(&bench, sealed);
    file_in(bench.keys, STORE_KEY_NAME, path);
    file_in(bench.scratch.path, "away", away);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(open_storage(&bench), ERR_NOT_FOUND);
    assert_says(&bench, path);

    file_in(bench.scratch.path, "others", others);
    assert_int_equal(keys_create(others, NULL, &problem), ERR_NONE);
    file_in(others, STORE_KEY_NAME, other_key);
    assert_int_equal(link(other_key, path), 0);
    assert_int_equal(open_storage(&bench), ERR_KEY);
    assert_says(&bench, bench.data);
    assert_says(&bench, path);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(away, path), 0);
    assert_int_equal(open_storage(&bench), ERR_NONE);
    bench_close(&bench);
}

static void after_a_panic_it_says_so(void **state)
{
    struct bench bench;
    struct keys_problem problem;
    uint8_t sealed[64];
    (void)state;
    bench_open(&bench, sealed);
    assert_int_equal(
        panic_file_destroy(bench.data, bench.keys, &problem), ERR_NONE);
    assert_int_equal(open_storage(&bench), ERR_STATE);
    assert_says(&bench, "referctl key slot new");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_stored_is_there_after_a_restart),
        cmocka_unit_test(nothing_is_readable_on_the_disk),
        cmocka_unit_test(a_store_without_its_vault_is_a_loss),
        cmocka_unit_test(a_store_without_its_key_or_with_another_is_refused),
        cmocka_unit_test(after_a_panic_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
