/* Does the kernel let go of what was written long ago, and only of that? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "io/store_lmdb_behind.h"
#include "support/store_folder_words.h"

#define VALUE_SIZE (256u * 1024)
#define VALUES_A_COMMIT 16u
#define STEP_COUNT_MAX 64u

/* ---- What the kernel is told -------------------------------------------- */

static unsigned advised[STEP_COUNT_MAX];
static unsigned unmapped;

int __real_posix_fadvise(int fd, off_t at, off_t size, int advice);
int __wrap_posix_fadvise(int fd, off_t at, off_t size, int advice);
int __wrap_posix_fadvise(int fd, off_t at, off_t size, int advice)
{
    assert_int_equal(advice, POSIX_FADV_DONTNEED);
    assert_int_equal(size, LMDB_BEHIND_STEP_SIZE);
    assert_int_equal(at % LMDB_BEHIND_STEP_SIZE, 0);
    assert_true(at / LMDB_BEHIND_STEP_SIZE < STEP_COUNT_MAX);
    advised[at / LMDB_BEHIND_STEP_SIZE]++;
    return __real_posix_fadvise(fd, at, size, advice);
}

int __real_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice)
{
    unmapped += advice == MADV_DONTNEED && size == LMDB_BEHIND_STEP_SIZE;
    return __real_madvise(at, size, advice);
}

static unsigned advised_sum(void)
{
    unsigned sum = 0;
    for (size_t i = 0; i < STEP_COUNT_MAX; i++)
        sum += advised[i];
    return sum;
}

/* ---- A store that grows ------------------------------------------------- */

struct grown {
    char path[FOLDER_PATH_SIZE];
    struct store *store;
    uint8_t *value;
    unsigned count;
};

static struct store *open_large(const char *path)
{
    struct store *store = NULL;
    struct store_problem problem;
    struct store_lmdb_options options = store_lmdb_options_default();
    assert_int_equal(
        store_lmdb_open(path, &options, &store, &problem), ERR_NONE);
    return store;
}

static void grown_begin(struct grown *grown)
{
    memset(advised, 0, sizeof advised);
    unmapped = 0;
    *grown = (struct grown){ .value = malloc(VALUE_SIZE) };
    assert_non_null(grown->value);
    folder_make(grown->path);
    grown->store = open_large(grown->path);
}

static void grown_end(struct grown *grown)
{
    grown->store->ops->close(grown->store);
    folder_remove(grown->path);
    free(grown->value);
}

static void grow(struct grown *grown, unsigned commit_count)
{
    char key[16];
    for (unsigned i = 0; i < commit_count; i++) {
        struct store_txn *txn;
        assert_int_equal(
            grown->store->ops->begin(grown->store, true, &txn), ERR_NONE);
        for (unsigned k = 0; k < VALUES_A_COMMIT; k++, grown->count++) {
            memset(grown->value, (int)(grown->count % 251), VALUE_SIZE);
            store_put(txn, number_key(grown->count, key),
                slice_of(grown->value, VALUE_SIZE));
        }
        assert_int_equal(grown->store->ops->commit(txn), ERR_NONE);
    }
}

/* Read by the one that writes, as the core does. */
static void expect_values(struct grown *grown, unsigned begin, unsigned end)
{
    char key[16];
    struct store_txn *txn;
    assert_int_equal(
        grown->store->ops->begin(grown->store, true, &txn), ERR_NONE);
    for (unsigned i = begin; i < end; i++) {
        struct slice value = store_get(txn, number_key(i, key));
        memset(grown->value, (int)(i % 251), VALUE_SIZE);
        assert_int_equal(value.size, VALUE_SIZE);
        assert_memory_equal(value.bytes, grown->value, VALUE_SIZE);
    }
    grown->store->ops->abort(txn);
}

/* One that is in the second step, a little behind its begin. */
#define SECOND (VALUES_A_COMMIT + 4)

#define KEPT_STEPS (LMDB_BEHIND_KEPT_SIZE / LMDB_BEHIND_STEP_SIZE)

/* ---- Cases -------------------------------------------------------------- */

static void a_small_store_stays_in_memory(void **state)
{
    (void)state;
    struct grown grown;
    grown_begin(&grown);
    grow(&grown, KEPT_STEPS);
    expect_values(&grown, 0, grown.count);
    assert_int_equal(advised_sum(), 0);
    grown_end(&grown);
}

static void what_was_written_long_ago_goes_once_and_can_be_read(void **state)
{
    (void)state;
    struct grown grown;
    grown_begin(&grown);
    grow(&grown, KEPT_STEPS + 4);
    expect_values(&grown, 0, 0);
    assert_true(advised_sum() >= 4);
    assert_int_equal(unmapped, advised_sum());
    for (size_t i = 0; i < STEP_COUNT_MAX; i++)
        assert_int_equal(advised[i], i < advised_sum());
    /* the file is a little longer than its values */
    assert_true(advised_sum() <= 5);
    expect_values(&grown, 0, grown.count);
    grown_end(&grown);
}

static void what_is_read_again_goes_again_when_the_reader_is_past_it(
    void **state)
{
    (void)state;
    struct grown grown;
    grown_begin(&grown);
    grow(&grown, KEPT_STEPS + 4);
    expect_values(&grown, 0, 2);
    expect_values(&grown, 0, 2);
    grow(&grown, 3);
    assert_int_equal(advised[0], 1); /* it is in the middle of it */
    expect_values(&grown, SECOND, SECOND + 1);
    grow(&grown, 3);
    assert_int_equal(advised[0], 2);
    assert_int_equal(advised[1], 1);
    grow(&grown, 3);
    assert_int_equal(advised[0], 2);
    assert_int_equal(advised[1], 1);
    grown_end(&grown);
}

static void more_than_is_noted_goes_at_once(void **state)
{
    (void)state;
    struct grown grown;
    grown_begin(&grown);
    grow(&grown, KEPT_STEPS + LMDB_BEHIND_AGAIN_COUNT + 4);
    expect_values(&grown, 0, (LMDB_BEHIND_AGAIN_COUNT + 2) * VALUES_A_COMMIT);
    assert_int_equal(advised[0], 2);
    assert_int_equal(advised[LMDB_BEHIND_AGAIN_COUNT - 2], 2);
    assert_int_equal(advised[LMDB_BEHIND_AGAIN_COUNT - 1], 1);
    grown_end(&grown);
}

static void what_is_there_at_the_start_stays_until_it_is_read(void **state)
{
    (void)state;
    struct grown grown;
    grown_begin(&grown);
    grow(&grown, KEPT_STEPS + 4);
    grown.store->ops->close(grown.store);
    grown.store = open_large(grown.path);
    memset(advised, 0, sizeof advised);
    grow(&grown, KEPT_STEPS - 1);
    assert_int_equal(advised_sum(), 0);
    expect_values(&grown, 0, 1);
    expect_values(&grown, SECOND, SECOND + 1);
    grow(&grown, 4);
    assert_int_equal(advised[0], 1);
    assert_int_equal(advised[1], 0);
    expect_values(&grown, 0, grown.count);
    grown_end(&grown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_store_stays_in_memory),
        cmocka_unit_test(what_was_written_long_ago_goes_once_and_can_be_read),
        cmocka_unit_test(
            what_is_read_again_goes_again_when_the_reader_is_past_it),
        cmocka_unit_test(more_than_is_noted_goes_at_once),
        cmocka_unit_test(what_is_there_at_the_start_stays_until_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
