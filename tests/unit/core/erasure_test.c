/* Is what is to be destroyed destroyed after the commit, whatever happens? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/erasure.h"
#include "core/keys.h"
#include "core/node_state.h"
#include "support/bench_node.h"
#include "support/vault_plain.h"

#define ENTRY_FIRST 100

static size_t row_count(struct work *work)
{
    struct key from = key_doomed(0);
    struct slice key = key_slice(&from);
    struct slice row;
    size_t count = 0;
    while (store_seek(work->txn, KEY_TABLE_SIZE, &key, &row)) {
        from = key_doomed(key_number(key) + 1);
        key = key_slice(&from);
        count++;
    }
    return count;
}

static struct vault *vault_of(struct federation *federation)
{
    return federation_node(federation, 0)->vault;
}

static size_t destroyed_count(struct federation *federation)
{
    size_t count = 0;
    for (uint64_t i = 0; i < 50; i++)
        count +=
            vault_plain_is_destroyed(vault_of(federation), ENTRY_FIRST + i);
    return count;
}

static void doom(struct federation *federation, struct work *work)
{
    assert_int_equal(
        vault_of(federation)->ops->reserve(vault_of(federation), 1000),
        ERR_NONE);
    for (uint64_t i = 0; i < 50; i++)
        erasure_doom(work, ENTRY_FIRST + i);
}

static void entries_are_destroyed_after_the_commit_and_then_forgotten(
    void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    (void)state;
    doom(federation, work);
    assert_int_equal(row_count(work), 50);
    assert_int_equal(destroyed_count(federation), 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(destroyed_count(federation), 50);
    work = federation_begin(federation, 0);
    assert_int_equal(row_count(work), 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_batch_that_fails_destroys_nothing(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    (void)state;
    doom(federation, work);
    work->txn->err = ERR_IO;
    assert_int_equal(federation_end(federation, 0), ERR_IO);
    federation_crash(federation, 0);
    assert_int_equal(destroyed_count(federation), 0);
    federation_free(federation);
}

/* The commit was the last thing that an earlier life did. */
static void what_a_crash_left_is_done_at_the_next_start(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    (void)state;
    doom(federation, work);
    federation_node(federation, 0)->erasure.count = 0;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(destroyed_count(federation), 0);
    federation_crash(federation, 0);
    assert_int_equal(destroyed_count(federation), 50);
    work = federation_begin(federation, 0);
    assert_int_equal(row_count(work), 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            entries_are_destroyed_after_the_commit_and_then_forgotten),
        cmocka_unit_test(a_batch_that_fails_destroys_nothing),
        cmocka_unit_test(what_a_crash_left_is_done_at_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
