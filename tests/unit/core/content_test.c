#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/content.h"
#include "core/keys.h"
#include "io/store_memory.h"
#include "support/vault_plain.h"

#define ENTRY 5

static const uint8_t salt_bytes[SALT_SIZE] = "grains";
static const struct slice salt = { salt_bytes, SALT_SIZE };

/* A log over a store, and the transaction of the batch under way. */
struct desk {
    struct store *store;
    struct store_txn *txn;
    struct vault *vault;
    struct arena arena;
    struct content_recent recent; /* keeps nothing: see content_recent_test.c */
    struct content_log log;
};

static void batch_begin(struct desk *desk, uint64_t segment)
{
    assert_int_equal(
        desk->store->ops->begin(desk->store, true, &desk->txn), ERR_NONE);
    content_begin(&desk->log, desk->vault, &desk->recent, segment);
}

static bool batch_end(struct desk *desk)
{
    bool wrote = content_flush(&desk->log, desk->txn, &desk->arena);
    assert_int_equal(desk->store->ops->commit(desk->txn), ERR_NONE);
    arena_reset(&desk->arena);
    return wrote;
}

static void desk_open(struct desk *desk)
{
    const struct store_memory_options options = { .capacity = 8u << 20 };
    *desk = (struct desk){ 0 };
    assert_int_equal(store_memory_open(&options, &desk->store), ERR_NONE);
    desk->vault = vault_plain_new();
    assert_int_equal(arena_init(&desk->arena, 1u << 20), ERR_NONE);
    batch_begin(desk, 1);
}

static void desk_close(struct desk *desk)
{
    desk->store->ops->abort(desk->txn);
    desk->store->ops->close(desk->store);
    desk->vault->ops->close(desk->vault);
    arena_release(&desk->arena);
}

static struct content_ref put(struct desk *desk, const char *text)
{
    struct content_ref ref =
        content_put(&desk->log, &desk->arena, ENTRY, salt, slice_of_text(text));
    assert_false(content_is_none(ref));
    return ref;
}

static void erase(struct desk *desk, struct content_ref ref)
{
    content_erase(&desk->log, desk->txn, &desk->arena, ref);
    assert_int_equal(desk->txn->err, ERR_NONE);
}

/* NULL: there is nothing (any more). */
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

static void what_was_put_is_there_before_and_after_the_commit(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref first = put(&desk, "first");
    struct content_ref second = put(&desk, "second");
    assert_int_equal(first.segment, 1);
    assert_int_not_equal(first.slot, second.slot);
    assert_holds(&desk, first, "first");
    assert_holds(&desk, second, "second");
    assert_true(batch_end(&desk));
    batch_begin(&desk, 2);
    struct content_ref third = put(&desk, "third");
    assert_int_equal(third.segment, 2);
    assert_holds(&desk, first, "first");
    assert_holds(&desk, second, "second");
    assert_holds(&desk, third, "third");
    desk_close(&desk);
}

static void the_list_grows_without_losing_any(void **state)
{
    struct desk desk;
    struct content_ref refs[300];
    (void)state;
    desk_open(&desk);
    for (uint8_t turn = 0; turn < 2; turn++) {
        for (unsigned i = 0; i < 300 && turn == 0; i++)
            refs[i] = content_put(
                &desk.log, &desk.arena, i, salt, slice_of(&i, sizeof i));
        for (unsigned i = 0; i < 300; i++) {
            struct slice got =
                content_get(&desk.log, desk.txn, &desk.arena, refs[i]);
            assert_int_equal(refs[i].slot, i);
            assert_true(slice_equal(got, slice_of(&i, sizeof i)));
        }
        if (turn == 0) {
            (void)batch_end(&desk);
            batch_begin(&desk, 2);
        }
    }
    desk_close(&desk);
}

static void assert_bytes(
    struct desk *desk, struct content_ref ref, uint8_t byte, size_t size)
{
    size_t used = desk->arena.used;
    struct slice got = content_get(&desk->log, desk->txn, &desk->arena, ref);
    assert_int_equal(got.size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(got.bytes[i], byte);
    arena_rewind(&desk->arena, used);
}

/* Of a batch of thousands no blob is so large that reading one content of it
 * would cost more than the content is worth. */
static void a_large_batch_is_written_as_several_blobs(void **state)
{
    enum { COUNT = 60, SIZE = 10000 };
    static uint8_t bytes[SIZE];
    struct desk desk;
    struct content_ref refs[COUNT];
    (void)state;
    desk_open(&desk);
    for (uint8_t i = 0; i < COUNT; i++) {
        memset(bytes, i, SIZE);
        refs[i] = content_put(
            &desk.log, &desk.arena, i, salt, slice_of(bytes, SIZE - i));
    }
    assert_int_equal(refs[0].segment, 1);
    assert_int_equal(refs[COUNT - 1].segment, 5);
    for (uint8_t i = 0; i < COUNT; i++)
        assert_bytes(&desk, refs[i], i, SIZE - i);
    erase(&desk, refs[COUNT / 2]);
    assert_int_equal(content_flush(&desk.log, desk.txn, &desk.arena), 5);
    assert_int_equal(desk.store->ops->commit(desk.txn), ERR_NONE);
    arena_reset(&desk.arena);
    batch_begin(&desk, 6);
    erase(&desk, refs[0]);
    for (uint8_t i = 0; i < COUNT; i++)
        if (i == 0 || i == COUNT / 2)
            assert_holds(&desk, refs[i], NULL);
        else
            assert_bytes(&desk, refs[i], i, SIZE - i);
    desk_close(&desk);
}

/* What is read one behind the other is right, whatever was written between. */
static void a_blob_that_is_held_is_given_up_at_the_next_write(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref first = put(&desk, "first");
    struct content_ref second = put(&desk, "second");
    assert_true(batch_end(&desk));
    batch_begin(&desk, 2);
    assert_holds(&desk, first, "first");
    assert_holds(&desk, second, "second");
    erase(&desk, first);
    assert_holds(&desk, first, NULL);
    assert_holds(&desk, second, "second");
    struct key key = key_content(1);
    store_del(desk.txn, key_slice(&key));
    struct slice its_salt;
    struct slice plain;
    assert_int_equal(content_try_salted(&desk.log, desk.txn, &desk.arena,
                         second, &its_salt, &plain),
        ERR_CORRUPT);
    assert_null(plain.bytes);
    assert_null(its_salt.bytes);
    desk_close(&desk);
}

static void a_batch_without_contents_writes_nothing(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_false(batch_end(&desk));
    batch_begin(&desk, 1);
    struct key key = key_content(1);
    assert_null(store_get(desk.txn, key_slice(&key)).bytes);
    desk_close(&desk);
}

static void an_empty_content_is_not_an_erased_one(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref empty = put(&desk, "");
    struct content_ref gone = put(&desk, "gone");
    erase(&desk, gone);
    (void)batch_end(&desk);
    batch_begin(&desk, 2);
    assert_holds(&desk, empty, "");
    assert_holds(&desk, gone, NULL);
    desk_close(&desk);
}

static bool store_has(struct desk *desk, uint64_t segment, const char *text)
{
    struct key key = key_content(segment);
    struct slice blob = store_get(desk->txn, key_slice(&key));
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= blob.size; i++)
        if (memcmp(blob.bytes + i, text, size) == 0)
            return true;
    return false;
}

static void erasing_takes_the_bytes_out_and_leaves_the_others(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref refs[] = { put(&desk, "one"), put(&desk, "two"),
        put(&desk, "three") };
    const char *want[] = { "one", "two", "three" };
    (void)batch_end(&desk);
    for (uint64_t i = 0; i < 3; i++) {
        size_t victim = (size_t[]){ 1, 0, 2 }[i];
        batch_begin(&desk, 2 + i);
        assert_true(store_has(&desk, 1, want[victim]));
        erase(&desk, refs[victim]);
        assert_false(store_has(&desk, 1, want[victim]));
        want[victim] = NULL;
        for (size_t k = 0; k < 3; k++)
            assert_holds(&desk, refs[k], want[k]);
        erase(&desk, refs[victim]); /* again is the same */
        (void)batch_end(&desk);
    }
    batch_begin(&desk, 9);
    for (size_t k = 0; k < 3; k++)
        assert_holds(&desk, refs[k], NULL);
    desk_close(&desk);
}

/* A referral's events lie in as many blobs as it had steps, and all of them
 * are erased in one step. */
static void erasing_in_many_blobs_keeps_no_memory_of_the_batch(void **state)
{
    struct desk desk;
    struct content_ref refs[16];
    static uint8_t large[200 * 1024];
    (void)state;
    desk_open(&desk);
    for (uint64_t i = 0; i < 16; i++) {
        refs[i] = put(&desk, "of the person");
        assert_false(content_is_none(content_put(
            &desk.log, &desk.arena, ENTRY, salt, SLICE_ARRAY(large))));
        (void)batch_end(&desk);
        batch_begin(&desk, 2 + i);
    }
    size_t used = desk.arena.used;
    for (uint64_t i = 0; i < 16; i++)
        erase(&desk, refs[i]);
    assert_int_equal(desk.arena.used, used);
    for (uint64_t i = 0; i < 16; i++)
        assert_holds(&desk, refs[i], NULL);
    desk_close(&desk);
}

/* All that was sealed with it, whether or not its slot was emptied. */
static void a_destroyed_entry_erases_what_it_sealed(void **state)
{
    struct desk desk;
    const uint64_t entry = 1;
    (void)state;
    desk_open(&desk);
    struct content_ref refs[8];
    for (uint64_t i = 0; i < 8; i++)
        refs[i] = content_put(&desk.log, &desk.arena, i % 2, salt,
            SLICE_LITERAL("of the person"));
    (void)batch_end(&desk);
    assert_int_equal(desk.vault->ops->destroy(desk.vault, &entry, 1), ERR_NONE);
    batch_begin(&desk, 2);
    for (uint64_t i = 0; i < 8; i++)
        assert_holds(&desk, refs[i], i % 2 == 1 ? NULL : "of the person");
    desk_close(&desk);
}

/* It made the process end, and end again after each start. */
static void what_is_said_of_a_destroyed_entry_is_dropped(void **state)
{
    const uint64_t entry = ENTRY;
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref before = put(&desk, "before the copy was made");
    assert_true(batch_end(&desk));
    assert_int_equal(desk.vault->ops->destroy(desk.vault, &entry, 1), ERR_NONE);
    batch_begin(&desk, 2);
    struct content_ref after = put(&desk, "by a store that is older");
    assert_true(batch_end(&desk));
    batch_begin(&desk, 3);
    assert_holds(&desk, before, NULL);
    assert_holds(&desk, after, NULL);
    desk_close(&desk);
}

static void a_flipped_bit_of_a_content_is_found(void **state)
{
    struct desk desk;
    uint8_t bytes[256];
    struct key key = key_content(1);
    (void)state;
    desk_open(&desk);
    struct content_ref ref = put(&desk, "of the person");
    (void)batch_end(&desk);
    batch_begin(&desk, 2);
    struct slice blob = store_get(desk.txn, key_slice(&key));
    size_t size = blob.size;
    memcpy(bytes, blob.bytes, size);
    desk.store->ops->abort(desk.txn);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        batch_begin(&desk, 2);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        store_put(desk.txn, key_slice(&key), slice_of(bytes, size));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bool is_damaged =
            content_is_damaged(&desk.log, desk.txn, &desk.arena, ref);
        assert_true(is_damaged !=
                    content_is_gone(&desk.log, desk.txn, &desk.arena, ref));
        assert_null(content_get(&desk.log, desk.txn, &desk.arena, ref).bytes);
        assert_int_equal(desk.txn->err, is_damaged ? ERR_CORRUPT : ERR_NONE);
        desk.store->ops->abort(desk.txn);
    }
    batch_begin(&desk, 2);
    assert_false(content_is_damaged(&desk.log, desk.txn, &desk.arena, ref));
    assert_false(content_is_gone(&desk.log, desk.txn, &desk.arena, ref));
    assert_holds(&desk, ref, "of the person");
    desk_close(&desk);
}

static void nothing_can_be_asked_for_and_erased(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_true(content_is_none(CONTENT_NONE));
    assert_holds(&desk, CONTENT_NONE, NULL);
    erase(&desk, CONTENT_NONE);
    struct content_ref beyond = { 1, 7 }; /* of this batch */
    assert_holds(&desk, beyond, NULL);
    erase(&desk, beyond);
    desk_close(&desk);
}

/* clang-format off */
static const struct {
    const char *it;
    uint8_t blob[16];
    size_t size;
    uint32_t slot;
} damages[] = {
    { "no blob at all",       { 0 }, 0, 0 },
    { "no count",             { 0, 0, 0 }, 3, 0 },
    { "slot beyond",          { 0, 0, 0, 1, 0, 0, 0, 1, 'x' }, 9, 1 },
    { "ends cut off",         { 0, 0, 0, 2, 0, 0, 0, 0 }, 8, 0 },
    { "end beyond the blob",  { 0, 0, 0, 1, 0, 0, 0, 2, 'x' }, 9, 0 },
    { "end before its start", { 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 'x' }, 13, 1 },
    { "count without end",    { 255, 255, 255, 255, 0, 0, 0, 0 }, 8, 0 },
};
/* clang-format on */

static void a_damaged_blob_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct content_ref ref = { 7, damages[i].slot };
        for (int erasing = 0; erasing < 2; erasing++) {
            struct desk desk;
            struct key key = key_content(7);
            desk_open(&desk);
            if (damages[i].size > 0)
                store_put(desk.txn, key_slice(&key),
                    slice_of(damages[i].blob, damages[i].size));
            struct slice got = SLICE_NONE;
            if (erasing)
                content_erase(&desk.log, desk.txn, &desk.arena, ref);
            else
                got = content_get(&desk.log, desk.txn, &desk.arena, ref);
            assert_null(got.bytes);
            /* erasing what is not there is nothing */
            if (!erasing)
                assert_int_equal(desk.txn->err, ERR_CORRUPT);
            desk_close(&desk);
        }
    }
}

static void a_full_arena_is_told(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref kept = put(&desk, "kept");
    desk.arena.capacity = desk.arena.used + 8;
    assert_true(content_is_none(content_put(&desk.log, &desk.arena, ENTRY, salt,
        SLICE_LITERAL("more than eight"))));
    assert_holds(&desk, kept, "kept");
    assert_true(content_flush(&desk.log, desk.txn, &desk.arena));
    assert_int_equal(desk.txn->err, ERR_NO_MEMORY);
    desk_close(&desk);
}

static void a_full_arena_erases_nothing_by_half(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref ref = put(&desk, "a rather long content");
    (void)put(&desk, "and another");
    (void)batch_end(&desk);
    batch_begin(&desk, 2);
    desk.arena.capacity = 16;
    content_erase(&desk.log, desk.txn, &desk.arena, ref);
    assert_int_equal(desk.txn->err, ERR_NO_MEMORY);
    desk_close(&desk);
}

static void a_reference_packs_and_unpacks(void **state)
{
    uint8_t bytes[12];
    struct packer packer = pack_into(bytes, sizeof bytes);
    const struct content_ref ref = { UINT64_C(0x0102030405060708), 0x090a0b0c };
    (void)state;
    content_ref_pack(&packer, ref);
    assert_int_equal(packed(&packer).size, sizeof bytes);
    struct unpacker unpacker = unpack_from(packed(&packer));
    struct content_ref again = content_ref_unpack(&unpacker);
    assert_int_equal(unpack_end(&unpacker), ERR_NONE);
    assert_int_equal(again.segment, ref.segment);
    assert_int_equal(again.slot, ref.slot);
}

/* What is erased or gone says nothing; what opens says that it fits. */
static void another_vault_is_told_from_its_own(void **state)
{
    struct desk desk;
    struct vault *other = vault_plain_new();
    (void)state;
    desk_open(&desk);
    assert_true(content_vault_fits(&desk.log, desk.txn, &desk.arena));
    struct content_ref first = put(&desk, "first");
    assert_true(batch_end(&desk));
    batch_begin(&desk, 2);
    struct content_ref second = put(&desk, "second");
    assert_true(batch_end(&desk));
    batch_begin(&desk, 3);
    assert_true(content_vault_fits(&desk.log, desk.txn, &desk.arena));
    /* entries that it never had are as if destroyed */
    desk.log.vault = other;
    assert_true(content_vault_fits(&desk.log, desk.txn, &desk.arena));
    /* one content of many is damaged */
    desk.log.vault = desk.vault;
    struct key key = key_content(second.segment);
    uint8_t bytes[128];
    struct slice blob = store_get(desk.txn, key_slice(&key));
    assert_true(blob.size < sizeof bytes);
    memcpy(bytes, blob.bytes, blob.size);
    bytes[blob.size - 1] ^= 1;
    store_put(desk.txn, key_slice(&key), slice_of(bytes, blob.size));
    assert_true(content_vault_fits(&desk.log, desk.txn, &desk.arena));
    /* and the others are erased: nothing opens */
    erase(&desk, first);
    assert_false(content_vault_fits(&desk.log, desk.txn, &desk.arena));
    store_del(desk.txn, key_slice(&key));
    assert_true(content_vault_fits(&desk.log, desk.txn, &desk.arena));
    other->ops->close(other);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_there_before_and_after_the_commit),
        cmocka_unit_test(the_list_grows_without_losing_any),
        cmocka_unit_test(a_large_batch_is_written_as_several_blobs),
        cmocka_unit_test(a_blob_that_is_held_is_given_up_at_the_next_write),
        cmocka_unit_test(a_batch_without_contents_writes_nothing),
        cmocka_unit_test(an_empty_content_is_not_an_erased_one),
        cmocka_unit_test(erasing_takes_the_bytes_out_and_leaves_the_others),
        cmocka_unit_test(erasing_in_many_blobs_keeps_no_memory_of_the_batch),
        cmocka_unit_test(a_destroyed_entry_erases_what_it_sealed),
        cmocka_unit_test(what_is_said_of_a_destroyed_entry_is_dropped),
        cmocka_unit_test(a_flipped_bit_of_a_content_is_found),
        cmocka_unit_test(nothing_can_be_asked_for_and_erased),
        cmocka_unit_test(a_damaged_blob_is_found),
        cmocka_unit_test(a_full_arena_is_told),
        cmocka_unit_test(a_full_arena_erases_nothing_by_half),
        cmocka_unit_test(a_reference_packs_and_unpacks),
        cmocka_unit_test(another_vault_is_told_from_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
