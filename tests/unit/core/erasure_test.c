/* Is what is to be destroyed destroyed after the commit, whatever happens? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/erasure.h"
#include "core/keys.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "io/store_memory.h"
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

/* Nor does one that all went well in until the disk refused it. */
static void a_commit_that_fails_destroys_nothing(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    (void)state;
    doom(federation, work);
    store_memory_fail_commit(
        federation_store(federation, 0), 1, STORE_MEMORY_FAIL_BEFORE);
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

/* ---- Of a life that was lost --------------------------------------------- */

#define SPAN_COUNT (2 * ERASURE_PIECE_COUNT + 100)

/* Entries from entry_next on, of which the store does not know. */
static uint64_t lose(struct federation *federation)
{
    struct work *work = federation_begin(federation, 0);
    struct node *node = federation_node(federation, 0);
    struct vault *vault = vault_of(federation);
    uint64_t first = node->entry_next;
    assert_int_equal(vault->ops->reserve(vault, first + SPAN_COUNT), ERR_NONE);
    node->loss = LOSS_OLDER;
    erasure_doom_unknown(work);
    assert_int_equal(node->entry_next, vault->ops->count(vault));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return first;
}

static uint64_t destroyed_from(struct federation *federation, uint64_t first)
{
    uint64_t count = 0;
    struct vault *vault = vault_of(federation);
    for (uint64_t i = first; i < vault->ops->count(vault); i++)
        count += vault_plain_is_destroyed(vault, i);
    return count;
}

static size_t batch(struct federation *federation)
{
    struct work *work = federation_begin(federation, 0);
    size_t rows = row_count(work);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return rows;
}

static void entries_of_a_lost_life_go_when_all_is_back(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    uint64_t first = lose(federation);
    uint64_t all =
        vault_of(federation)->ops->count(vault_of(federation)) - first;
    for (int i = 0; i < 3; i++)
        assert_int_equal(batch(federation), 1);
    assert_int_equal(destroyed_from(federation, first), 0);
    federation_node(federation, 0)->loss = LOSS_NONE;
    assert_int_equal(batch(federation), 1);
    assert_int_equal(destroyed_from(federation, first), ERASURE_PIECE_COUNT);
    for (int i = 0; batch(federation) > 0; i++)
        assert_true(i < 1000);
    assert_int_equal(destroyed_from(federation, first), all);
    assert_false(federation_node(federation, 0)->erasure.has_spans);
    federation_free(federation);
}

static void a_crash_between_pieces_goes_on_after_it(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    uint64_t first = lose(federation);
    uint64_t second = lose(federation); /* twice: nothing is forgotten */
    assert_true(second > first);
    uint64_t all =
        vault_of(federation)->ops->count(vault_of(federation)) - first;
    federation_node(federation, 0)->loss = LOSS_NONE;
    federation_node(federation, 0)->changed = true;
    (void)batch(federation);
    federation_crash(federation, 0);
    assert_true(destroyed_from(federation, first) < all);
    for (int i = 0; batch(federation) > 0; i++)
        assert_true(i < 1000);
    assert_int_equal(destroyed_from(federation, first), all);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            entries_are_destroyed_after_the_commit_and_then_forgotten),
        cmocka_unit_test(a_batch_that_fails_destroys_nothing),
        cmocka_unit_test(a_commit_that_fails_destroys_nothing),
        cmocka_unit_test(what_a_crash_left_is_done_at_the_next_start),
        cmocka_unit_test(entries_of_a_lost_life_go_when_all_is_back),
        cmocka_unit_test(a_crash_between_pieces_goes_on_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
