/* Do both stores behave as a sorted array would, whatever is asked? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/port.h"
#include "io/store_lmdb.h"
#include "io/store_memory.h"
#include "io/store_pages.h"
#include "support/folder.h"

#define MODEL_ROW_COUNT_MAX 600
#define MODEL_KEY_SIZE_MAX 4

struct model_row {
    uint8_t key[MODEL_KEY_SIZE_MAX];
    size_t key_size;
    uint32_t seed; /* of the value */
};

/* A sorted array: too simple to be wrong. */
struct model {
    struct model_row rows[MODEL_ROW_COUNT_MAX];
    size_t count;
};

static struct store_txn *begin(struct store *store)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    return txn;
}

static uint32_t draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* Sizes around what fits one, two, and no row in a page. */
static struct slice model_value(uint32_t seed, uint8_t buffer[9000])
{
    static const size_t sizes[] = { 0, 1, 40, 300, 1000, 2010, 4070, 9000 };
    size_t size = sizes[seed % (sizeof sizes / sizeof *sizes)];
    memset(buffer, (int)(seed >> 8 & 0xff), size);
    return slice_of(buffer, size);
}

static int model_compare(const struct model_row *row, struct slice key)
{
    size_t shorter = row->key_size < key.size ? row->key_size : key.size;
    int order = memcmp(row->key, key.bytes, shorter);
    return order != 0 ? order : (int)row->key_size - (int)key.size;
}

static size_t model_first_not_below(const struct model *model, struct slice key)
{
    size_t index = 0;
    while (index < model->count && model_compare(&model->rows[index], key) < 0)
        index++;
    return index;
}

static bool model_has(const struct model *model, size_t index, struct slice key)
{
    return index < model->count && model_compare(&model->rows[index], key) == 0;
}

static void model_put(struct model *model, struct slice key, uint32_t seed)
{
    size_t index = model_first_not_below(model, key);
    if (!model_has(model, index, key)) {
        assert_true(model->count < MODEL_ROW_COUNT_MAX);
        memmove(&model->rows[index + 1], &model->rows[index],
            (model->count - index) * sizeof *model->rows);
        memcpy(model->rows[index].key, key.bytes, key.size);
        model->rows[index].key_size = key.size;
        model->count++;
    }
    model->rows[index].seed = seed;
}

static void model_del(struct model *model, struct slice key)
{
    size_t index = model_first_not_below(model, key);
    if (!model_has(model, index, key))
        return;
    model->count--;
    memmove(&model->rows[index], &model->rows[index + 1],
        (model->count - index) * sizeof *model->rows);
}

static void assert_row(const struct model_row *expected, bool is_found,
    struct slice key, struct slice value)
{
    uint8_t buffer[9000];
    assert_int_equal(is_found, expected != NULL);
    if (expected == NULL)
        return;
    assert_true(slice_equal(key, slice_of(expected->key, expected->key_size)));
    assert_non_null(value.bytes);
    assert_true(slice_equal(value, model_value(expected->seed, buffer)));
}

static const struct model_row *with_prefix(
    const struct model_row *row, struct slice key, size_t prefix_size)
{
    return row->key_size >= prefix_size &&
                   memcmp(row->key, key.bytes, prefix_size) == 0
               ? row
               : NULL;
}

static void compare_searches(const struct model *model, struct store_txn *txn,
    struct slice bound, size_t prefix_size)
{
    const struct model_row *expected = NULL;
    struct slice key = bound;
    struct slice value = SLICE_NONE;
    size_t index = model_first_not_below(model, bound);
    if (index < model->count)
        expected = with_prefix(&model->rows[index], bound, prefix_size);
    bool is_found = store_seek(txn, prefix_size, &key, &value);
    assert_row(expected, is_found, key, value);

    expected = NULL;
    key = bound;
    if (model_has(model, index, bound))
        index++;
    if (index > 0)
        expected = with_prefix(&model->rows[index - 1], bound, prefix_size);
    is_found = store_seek_back(txn, prefix_size, &key, &value);
    assert_row(expected, is_found, key, value);

    value = store_get(txn, bound);
    index = model_first_not_below(model, bound);
    if (model_has(model, index, bound))
        assert_row(&model->rows[index], value.bytes != NULL, bound, value);
    else
        assert_null(value.bytes);
}

static void change(struct model *model, struct store_txn *txn, struct slice key,
    uint64_t *seed)
{
    uint8_t buffer[9000];
    if (draw(seed) % 5 < 3) {
        uint32_t value_seed = draw(seed);
        model_put(model, key, value_seed);
        store_put(txn, key, model_value(value_seed, buffer));
    } else {
        model_del(model, key);
        store_del(txn, key);
    }
}

static void compare(struct store *store)
{
    struct model *live = calloc(1, sizeof *live);
    struct model *committed = calloc(1, sizeof *committed);
    assert_true(live != NULL && committed != NULL);
    uint64_t seed = 20261122;
    struct store_txn *txn = begin(store);
    for (int i = 0; i < 10000; i++) {
        uint8_t bytes[MODEL_KEY_SIZE_MAX];
        size_t size = 1 + draw(&seed) % MODEL_KEY_SIZE_MAX;
        for (size_t b = 0; b < size; b++)
            bytes[b] = (uint8_t)("\x00\x01\x80\xff"[draw(&seed) % 4]);
        struct slice key = slice_of(bytes, size);
        if (draw(&seed) % 2 == 0)
            change(live, txn, key, &seed);
        else
            compare_searches(live, txn, key, draw(&seed) % (size + 1));
        assert_int_equal(txn->err, ERR_NONE);
        if (draw(&seed) % 64 == 0) {
            bool keeps = draw(&seed) % 4 != 0;
            if (keeps)
                assert_int_equal(store->ops->commit(txn), ERR_NONE);
            else
                store->ops->abort(txn);
            memcpy(keeps ? committed : live, keeps ? live : committed,
                sizeof *live);
            txn = begin(store);
        }
    }
    assert_true(live->count > 100);
    store->ops->abort(txn);
    free(live);
    free(committed);
}

static void ten_thousand_operations_on_disk_agree(void **state)
{
    (void)state;
    struct store_lmdb_options options = store_lmdb_options_default();
    struct store_problem problem;
    struct store *store = NULL;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    assert_int_equal(
        store_lmdb_open(path, &options, &store, &problem), ERR_NONE);
    compare(store);
    store->ops->close(store);
    folder_remove(path);
}

static struct store *memory(void)
{
    struct store_memory_options options = { .capacity = UINT64_MAX };
    struct store *store = NULL;
    assert_int_equal(store_memory_open(&options, &store), ERR_NONE);
    return store;
}

static void ten_thousand_operations_in_memory_agree(void **state)
{
    (void)state;
    struct store *store = memory();
    compare(store);
    store->ops->close(store);
}

/* The keys of compare() begin with these four bytes. */
static void ten_thousand_operations_in_pages_agree(void **state)
{
    static const char *const tables[] = { "", "\x01", "\x80\xff", "\x01\x80",
        "\x01\x80\xff" };
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct store *store = NULL;
        assert_int_equal(
            store_pages_open(memory(), tables[i], &store), ERR_NONE);
        compare(store);
        store->ops->close(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_operations_on_disk_agree),
        cmocka_unit_test(ten_thousand_operations_in_memory_agree),
        cmocka_unit_test(ten_thousand_operations_in_pages_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
