/* Is a backup read as it was written, and refused when it is anything else? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "io/backup_file.h"
#include "io/store_memory.h"

struct stream {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    size_t at;
    size_t block_count;
    size_t fails_after; /* bytes; 0: never */
    struct store *store;
    struct store_txn *txn;
    struct backup_head head;
};

static enum err put(void *user, struct slice bytes)
{
    struct stream *stream = user;
    if (stream->fails_after > 0 &&
        stream->size + bytes.size > stream->fails_after)
        return ERR_IO;
    if (stream->size + bytes.size > stream->capacity) {
        stream->capacity = 2 * (stream->size + bytes.size);
        stream->bytes = realloc(stream->bytes, stream->capacity);
        assert_non_null(stream->bytes);
    }
    memcpy(stream->bytes + stream->size, bytes.bytes, bytes.size);
    stream->size += bytes.size;
    return ERR_NONE;
}

static enum err go_on(void *user, const struct backup_total *total)
{
    struct stream *stream = user;
    assert_true(total->size > 0);
    stream->block_count++;
    return ERR_NONE;
}

static enum err get(void *user, uint8_t *bytes, size_t size)
{
    struct stream *stream = user;
    if (stream->size - stream->at < size)
        return ERR_CORRUPT;
    memcpy(bytes, stream->bytes + stream->at, size);
    stream->at += size;
    return ERR_NONE;
}

static enum err end(void *user)
{
    const struct stream *stream = user;
    return stream->at == stream->size ? ERR_NONE : ERR_CORRUPT;
}

static enum err take_head(void *user, const struct backup_head *head)
{
    ((struct stream *)user)->head = *head;
    return ERR_NONE;
}

static enum err row(void *user, struct slice key, struct slice value)
{
    struct stream *stream = user;
    if (stream->txn != NULL)
        store_put(stream->txn, key, value);
    return ERR_NONE;
}

static struct store *store_new(void)
{
    const struct store_memory_options options = { .capacity = 256u << 20 };
    struct store *store;
    assert_int_equal(store_memory_open(&options, &store), ERR_NONE);
    return store;
}

/* Rows of several sizes, one of them empty, some larger than a block. */
static struct store *filled(size_t count, size_t large)
{
    struct store *store = store_new();
    struct store_txn *txn;
    uint8_t *value = calloc(1, large);
    assert_non_null(value);
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        char key[24];
        int size = snprintf(key, sizeof key, "row %zu", i);
        memset(value, (int)i, large);
        store_put(txn, slice_of(key, (size_t)size),
            slice_of(value, i == 0       ? 0
                            : i % 3 == 0 ? large
                                         : i));
    }
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
    free(value);
    return store;
}

static const struct backup_head head = { .store_format = 7,
    .made_ms = 1234567890123,
    .commits = 99,
    .vault_changes = 4096,
    .vault_identity = { 1, 2, 3 } };

static enum err write_all(
    struct store *store, struct stream *stream, struct backup_total *total)
{
    const struct backup_sink sink = { put, go_on, stream };
    struct store_txn *txn;
    assert_int_equal(store->ops->begin(store, false, &txn), ERR_NONE);
    enum err err = backup_write(txn, &head, &sink, total);
    store->ops->abort(txn);
    return err;
}

static enum err read_all(struct stream *stream, struct backup_total *total)
{
    const struct backup_source source = { get, end, take_head, row, go_on,
        stream };
    stream->at = 0;
    return backup_read(&source, total);
}

static void a_store_comes_back_as_it_was(void **state)
{
    struct stream stream = { 0 };
    struct backup_total written;
    struct backup_total read;
    (void)state;
    struct store *store = filled(100, BACKUP_BLOCK_SIZE_MIN + 5);
    struct store *copy = store_new();
    assert_int_equal(write_all(store, &stream, &written), ERR_NONE);
    assert_int_equal(written.row_count, 100);
    assert_int_equal(written.size, stream.size);
    assert_true(stream.block_count > 10);
    assert_int_equal(copy->ops->begin(copy, true, &stream.txn), ERR_NONE);
    assert_int_equal(read_all(&stream, &read), ERR_NONE);
    assert_int_equal(copy->ops->commit(stream.txn), ERR_NONE);
    assert_memory_equal(&read, &written, sizeof read);
    assert_int_equal(stream.head.store_format, head.store_format);
    assert_int_equal(stream.head.made_ms, head.made_ms);
    assert_int_equal(stream.head.commits, head.commits);
    assert_int_equal(stream.head.vault_changes, head.vault_changes);
    assert_memory_equal(stream.head.vault_identity, head.vault_identity,
        sizeof head.vault_identity);
    assert_true(store_memory_hash(store) == store_memory_hash(copy));
    store->ops->close(store);
    copy->ops->close(copy);
    free(stream.bytes);
}

static void whatever_is_not_whole_is_refused(void **state)
{
    struct stream stream = { 0 };
    struct backup_total total;
    (void)state;
    struct store *store = filled(10, 50);
    assert_int_equal(write_all(store, &stream, &total), ERR_NONE);
    size_t size = stream.size;
    for (stream.size = 0; stream.size < size; stream.size++) {
        enum err err = read_all(&stream, &total);
        assert_true(err == ERR_CORRUPT || err == ERR_MALFORMED);
    }
    for (size_t at = 0; at < size; at++)
        for (int bit = 0; bit < 8; bit++) {
            stream.bytes[at] ^= (uint8_t)(1 << bit);
            enum err err = read_all(&stream, &total);
            assert_true(err == ERR_CORRUPT || err == ERR_MALFORMED ||
                        err == ERR_VERSION);
            stream.bytes[at] ^= (uint8_t)(1 << bit);
        }
    assert_int_equal(read_all(&stream, &total), ERR_NONE);
    assert_int_equal(put(&stream, SLICE_LITERAL("x")), ERR_NONE);
    assert_int_equal(read_all(&stream, &total), ERR_CORRUPT);
    store->ops->close(store);
    free(stream.bytes);
}

/* Both are whole; the second half of the one is not the first half's. */
static void parts_of_two_backups_are_none(void **state)
{
    struct stream one = { 0 };
    struct stream two = { 0 };
    struct backup_total total;
    (void)state;
    struct store *store = filled(10, 50);
    struct store *other = filled(10, 51);
    assert_int_equal(write_all(store, &one, &total), ERR_NONE);
    assert_int_equal(write_all(other, &two, &total), ERR_NONE);
    memcpy(one.bytes + one.size - 44, two.bytes + two.size - 44, 44);
    assert_int_equal(read_all(&one, &total), ERR_CORRUPT);
    store->ops->close(store);
    other->ops->close(other);
    free(one.bytes);
    free(two.bytes);
}

static void an_empty_store_and_a_full_disk(void **state)
{
    struct stream stream = { 0 };
    struct backup_total total;
    (void)state;
    struct store *empty = store_new();
    assert_int_equal(write_all(empty, &stream, &total), ERR_NONE);
    assert_int_equal(read_all(&stream, &total), ERR_NONE);
    assert_int_equal(total.row_count, 0);
    size_t size = stream.size;
    for (stream.fails_after = 1; stream.fails_after < size;
         stream.fails_after++) {
        stream.size = 0;
        assert_int_equal(write_all(empty, &stream, &total), ERR_IO);
    }
    empty->ops->close(empty);
    free(stream.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_comes_back_as_it_was),
        cmocka_unit_test(whatever_is_not_whole_is_refused),
        cmocka_unit_test(parts_of_two_backups_are_none),
        cmocka_unit_test(an_empty_store_and_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
