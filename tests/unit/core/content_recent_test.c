/*
 * Are recent contents handed over once, in place of what the store has, and
 * never what was erased, destroyed, or given up with its batch?
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/content.h"
#include "core/keys.h"
#include "io/store_memory.h"
#include "support/vault_plain.h"

#define ENTRY 5
#define SIZE 65536u /* of what keeps them */

struct desk {
    struct store *store;
    struct store_txn *txn;
    struct vault *vault;
    struct arena memory;
    struct arena arena;
    struct content_recent recent;
    struct content_log log;
    uint64_t segment;
};

static void batch_begin(struct desk *desk)
{
    assert_int_equal(
        desk->store->ops->begin(desk->store, true, &desk->txn), ERR_NONE);
    content_begin(&desk->log, desk->vault, &desk->recent, desk->segment);
}

static void batch_end(struct desk *desk)
{
    desk->segment += content_flush(&desk->log, desk->txn, &desk->arena);
    assert_int_equal(desk->store->ops->commit(desk->txn), ERR_NONE);
    arena_reset(&desk->arena);
    batch_begin(desk);
}

/* Nothing of it was, but for what was kept by mistake. */
static void batch_give_up(struct desk *desk)
{
    (void)content_flush(&desk->log, desk->txn, &desk->arena);
    desk->store->ops->abort(desk->txn);
    arena_reset(&desk->arena);
    batch_begin(desk);
}

static void desk_open(struct desk *desk, size_t size)
{
    const struct store_memory_options options = { .capacity = 8u << 20 };
    *desk = (struct desk){ .segment = 1 };
    assert_int_equal(store_memory_open(&options, &desk->store), ERR_NONE);
    desk->vault = vault_plain_new();
    assert_int_equal(arena_init(&desk->memory, 1u << 20), ERR_NONE);
    assert_int_equal(arena_init(&desk->arena, 4u << 20), ERR_NONE);
    content_recent_init(&desk->recent, &desk->memory, size);
    batch_begin(desk);
}

static void desk_close(struct desk *desk)
{
    desk->store->ops->abort(desk->txn);
    desk->store->ops->close(desk->store);
    desk->vault->ops->close(desk->vault);
    arena_release(&desk->memory);
    arena_release(&desk->arena);
}

static struct content_ref put(struct desk *desk, const char *text)
{
    static const uint8_t salt[SALT_SIZE];
    return content_put(&desk->log, &desk->arena, ENTRY, SLICE_ARRAY(salt),
        slice_of_text(text));
}

static void assert_holds(
    struct desk *desk, struct content_ref ref, const char *text)
{
    struct slice got = content_get(&desk->log, desk->txn, &desk->arena, ref);
    assert_int_equal(desk->txn->err, ERR_NONE);
    if (text == NULL)
        assert_null(got.bytes);
    else
        assert_true(got.bytes != NULL && slice_is(got, text));
}

static bool is_kept(struct desk *desk, struct content_ref ref)
{
    return content_recent_find(&desk->recent, ref.segment, ref.slot) != NULL;
}

static bool is_in(struct slice bytes, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= bytes.size; i++)
        if (memcmp(bytes.bytes + i, text, size) == 0)
            return true;
    return false;
}

static bool is_in_memory(const struct desk *desk, const char *text)
{
    return is_in(slice_of(desk->memory.block, desk->memory.used), text);
}

static void what_was_not_read_is_kept_until_it_is(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, SIZE);
    struct content_ref read = put(&desk, "read in its batch");
    struct content_ref unread = put(&desk, "to be read");
    assert_holds(&desk, read, "read in its batch");
    batch_end(&desk);
    assert_false(is_kept(&desk, read));
    assert_true(is_kept(&desk, unread));
    for (int i = 0; i < 2; i++) {
        assert_holds(&desk, read, "read in its batch");
        assert_holds(&desk, unread, "to be read");
        assert_false(is_kept(&desk, unread));
        assert_false(is_in_memory(&desk, "to be read"));
    }
    desk_close(&desk);
}

static void it_needs_neither_the_store_nor_the_key(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, SIZE);
    struct content_ref ref = put(&desk, "to be read");
    batch_end(&desk);
    struct key key = key_content(ref.segment);
    store_del(desk.txn, key_slice(&key));
    assert_holds(&desk, ref, "to be read");
    desk_close(&desk);
}

static void what_was_erased_is_not_kept(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, SIZE);
    struct content_ref one = put(&desk, "one of them");
    struct content_ref other = put(&desk, "the other");
    batch_end(&desk);
    content_erase(&desk.log, desk.txn, &desk.arena, one);
    assert_false(is_kept(&desk, one));
    assert_false(is_in_memory(&desk, "one of them"));
    assert_holds(&desk, one, NULL);
    assert_holds(&desk, other, "the other");
    batch_end(&desk);
    assert_holds(&desk, one, NULL);
    desk_close(&desk);
}

static void what_was_destroyed_is_not_handed_over(void **state)
{
    static const uint64_t entries[] = { ENTRY };
    struct desk desk;
    (void)state;
    desk_open(&desk, SIZE);
    struct content_ref ref = put(&desk, "to be read");
    batch_end(&desk);
    assert_int_equal(
        desk.vault->ops->destroy(desk.vault, entries, 1), ERR_NONE);
    assert_holds(&desk, ref, NULL);
    desk_close(&desk);
}

static void what_its_batch_gave_up_is_not_there(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, SIZE);
    struct content_ref before = put(&desk, "before");
    batch_end(&desk);
    struct content_ref given_up = put(&desk, "given up");
    batch_give_up(&desk);
    assert_false(is_in_memory(&desk, "given up"));
    struct content_ref again = put(&desk, "instead");
    assert_true(content_equal(given_up, again));
    batch_end(&desk);
    assert_holds(&desk, again, "instead");
    assert_holds(&desk, before, "before");
    desk_close(&desk);
}

static struct content_ref put_number(struct desk *desk, unsigned number)
{
    char text[200];
    (void)snprintf(text, sizeof text, "%0100u", number);
    return put(desk, text);
}

/* More than there is room for, a batch each; how many were kept. */
static unsigned fill(
    struct desk *desk, struct content_ref *refs, unsigned count)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++) {
        refs[i] = put_number(desk, i);
        batch_end(desk);
        kept += is_kept(desk, refs[i]);
    }
    return kept;
}

static void what_waits_longest_is_not_pushed_out(void **state)
{
    enum { COUNT = 200 };
    struct content_ref refs[COUNT];
    struct desk desk;
    (void)state;
    desk_open(&desk, SIZE);
    unsigned kept = fill(&desk, refs, COUNT);
    assert_in_range(kept, 10, COUNT - 1);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(is_kept(&desk, refs[i]), i < kept);
    assert_non_null(
        content_get(&desk.log, desk.txn, &desk.arena, refs[0]).bytes);
    struct content_ref next = put_number(&desk, COUNT);
    batch_end(&desk);
    assert_true(is_kept(&desk, next));
    desk_close(&desk);
}

static void what_nobody_takes_makes_room(void **state)
{
    enum { COUNT = 200, LONG = 1500 };
    static struct content_ref refs[COUNT + LONG];
    struct desk desk;
    (void)state;
    desk_open(&desk, SIZE);
    unsigned kept = fill(&desk, refs, COUNT);
    assert_true(fill(&desk, refs + COUNT, LONG) > 0);
    for (unsigned i = 0; i < kept; i++)
        assert_false(is_kept(&desk, refs[i]));
    desk_close(&desk);
}

/* Many more than there is room for, some too large; read late, in any order. */
static void all_are_read_whether_kept_or_not(void **state)
{
    enum { COUNT = 900 };
    static char large[SIZE];
    static struct content_ref refs[COUNT];
    static const size_t sizes[] = { 0, SIZE / 2, SIZE };
    (void)state;
    memset(large, 'x', sizeof large - 1);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct desk desk;
        size_t kept = 0;
        desk_open(&desk, sizes[s]);
        for (unsigned i = 0; i < COUNT; i++) {
            char text[200];
            (void)snprintf(text, sizeof text, "%0100u", i);
            refs[i] = put(&desk, i % 100 == 99 ? large : text);
            if (i % 7 == 6)
                batch_end(&desk);
        }
        batch_end(&desk);
        for (unsigned i = 0; i < COUNT; i++) {
            char text[200];
            unsigned number = i * 769 % COUNT;
            kept += is_kept(&desk, refs[number]);
            (void)snprintf(text, sizeof text, "%0100u", number);
            assert_holds(
                &desk, refs[number], number % 100 == 99 ? large : text);
            arena_reset(&desk.arena);
        }
        assert_true(kept < COUNT / 2 && (kept > 0) == (sizes[s] > 0));
        desk_close(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_read_is_kept_until_it_is),
        cmocka_unit_test(it_needs_neither_the_store_nor_the_key),
        cmocka_unit_test(what_was_erased_is_not_kept),
        cmocka_unit_test(what_was_destroyed_is_not_handed_over),
        cmocka_unit_test(what_its_batch_gave_up_is_not_there),
        cmocka_unit_test(what_waits_longest_is_not_pushed_out),
        cmocka_unit_test(what_nobody_takes_makes_room),
        cmocka_unit_test(all_are_read_whether_kept_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
