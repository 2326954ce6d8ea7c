#include "io/row_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "io/openssl.h"

#define ROW_HEAD_SIZE 5
#define ROOM_MIN 2048u /* bytes; most pages stay below */
#define ROW_ROOM_MIN 32u

int row_compare(struct slice one, struct slice other)
{
    size_t shorter = one.size < other.size ? one.size : other.size;
    int order = shorter == 0 ? 0 : memcmp(one.bytes, other.bytes, shorter);
    if (order != 0)
        return order;
    return one.size < other.size ? -1 : one.size > other.size;
}

void row_bound_set(struct row_bound *bound, struct slice key)
{
    /* it may be the bound's own key */
    if (key.size > 0)
        memmove(bound->bytes, key.bytes, key.size);
    bound->size = key.size;
}

struct slice row_bound_key(const struct row_bound *bound)
{
    return slice_of(bound->bytes, bound->size);
}

struct row_page *row_page_new(struct slice first)
{
    struct row_page *page = calloc(1, sizeof *page);
    if (page != NULL)
        row_bound_set(&page->first, first);
    return page;
}

void row_page_free(struct row_page *page)
{
    if (page == NULL)
        return;
    if (page->bytes != NULL)
        OPENSSL_cleanse(page->bytes, page->capacity);
    free(page->bytes);
    free(page->rows);
    OPENSSL_cleanse(page, sizeof *page);
    free(page);
}

/* ---- Room --------------------------------------------------------------- */

static bool bytes_fit(struct row_page *page, size_t size)
{
    if (size <= page->capacity)
        return true;
    size_t capacity = size < ROOM_MIN ? ROOM_MIN : size + size / 4;
    uint8_t *bytes = malloc(capacity);
    if (bytes == NULL)
        return false;
    if (page->size > 0)
        memcpy(bytes, page->bytes, page->size);
    if (page->bytes != NULL)
        OPENSSL_cleanse(page->bytes, page->capacity);
    free(page->bytes);
    page->bytes = bytes;
    page->capacity = capacity;
    return true;
}

static bool rows_fit(struct row_page *page, size_t count)
{
    if (count <= page->row_capacity)
        return true;
    size_t capacity = count < ROW_ROOM_MIN ? ROW_ROOM_MIN : 2 * count;
    struct row_place *rows = realloc(page->rows, capacity * sizeof *page->rows);
    if (rows == NULL)
        return false;
    page->rows = rows;
    page->row_capacity = capacity;
    return true;
}

/* ---- As bytes ----------------------------------------------------------- */

size_t row_page_size(const struct row_page *page)
{
    return page->size + page->end.size + 1;
}

struct slice row_page_write(struct row_page *page)
{
    size_t size = row_page_size(page);
    if (!bytes_fit(page, size))
        return SLICE_NONE;
    memcpy(page->bytes + page->size, page->end.bytes, page->end.size);
    page->bytes[size - 1] = (uint8_t)page->end.size;
    return slice_of(page->bytes, size);
}

static bool end_read(struct row_page *page, struct slice *bytes)
{
    size_t size = bytes->size == 0 ? 0 : bytes->bytes[bytes->size - 1];
    if (bytes->size < size + 1)
        return false;
    bytes->size -= size + 1;
    row_bound_set(&page->end, slice_of(bytes->bytes + bytes->size, size));
    return true;
}

enum err row_page_read(struct row_page *page, struct slice bytes)
{
    if (!end_read(page, &bytes))
        return ERR_CORRUPT;
    if (!bytes_fit(page, bytes.size + 1))
        return ERR_NO_MEMORY;
    if (bytes.size > 0)
        memcpy(page->bytes, bytes.bytes, bytes.size);
    page->size = bytes.size;
    struct unpacker in = unpack_from(slice_of(page->bytes, page->size));
    while (in.rest.size > 0) {
        struct row_place row = { .key_size = unpack_u8(&in) };
        row.value_size = unpack_u32(&in);
        row.at = page->size - in.rest.size;
        if (in.err != ERR_NONE || row.key_size == 0 ||
            in.rest.size < row.key_size ||
            in.rest.size - row.key_size < row.value_size)
            return ERR_CORRUPT;
        if (!rows_fit(page, page->count + 1))
            return ERR_NO_MEMORY;
        page->rows[page->count++] = row;
        in.rest = slice_of(in.rest.bytes + row.key_size + row.value_size,
            in.rest.size - row.key_size - row.value_size);
        struct slice key = row_page_key(page, page->count - 1);
        if (!row_page_covers(page, key) ||
            (page->count > 1 &&
                row_compare(row_page_key(page, page->count - 2), key) >= 0))
            return ERR_CORRUPT;
    }
    return ERR_NONE;
}

/* ---- Rows --------------------------------------------------------------- */

bool row_page_covers(const struct row_page *page, struct slice key)
{
    return row_compare(row_bound_key(&page->first), key) <= 0 &&
           (page->end.size == 0 ||
               row_compare(key, row_bound_key(&page->end)) < 0);
}

struct slice row_page_key(const struct row_page *page, size_t index)
{
    const struct row_place *row = &page->rows[index];
    return slice_of(page->bytes + row->at, row->key_size);
}

struct slice row_page_value(const struct row_page *page, size_t index)
{
    const struct row_place *row = &page->rows[index];
    return slice_of(page->bytes + row->at + row->key_size, row->value_size);
}

bool row_page_find(const struct row_page *page, struct slice key, size_t *index)
{
    size_t low = 0;
    size_t high = page->count;
    /* most that is written comes last */
    if (high > 0 && row_compare(row_page_key(page, high - 1), key) < 0)
        low = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = row_compare(row_page_key(page, middle), key);
        if (order == 0) {
            *index = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    return false;
}

/* Where the row's bytes begin, its head included; past the last: the end. */
static size_t row_begin(const struct row_page *page, size_t index)
{
    return index == page->count ? page->size
                                : page->rows[index].at - ROW_HEAD_SIZE;
}

/* Rows from `index` on move by that much. */
static void rows_shift(
    struct row_page *page, size_t index, size_t from, size_t to)
{
    memmove(page->bytes + to, page->bytes + from, page->size - from);
    page->size = page->size - from + to;
    for (size_t i = index; i < page->count; i++)
        page->rows[i].at = page->rows[i].at - from + to;
}

static void row_write(uint8_t *bytes, struct slice key, struct slice value)
{
    struct packer out = pack_into(bytes, ROW_HEAD_SIZE);
    pack_u8(&out, (uint8_t)key.size);
    pack_u32(&out, (uint32_t)value.size);
    memcpy(bytes + ROW_HEAD_SIZE, key.bytes, key.size);
    if (value.size > 0)
        memcpy(bytes + ROW_HEAD_SIZE + key.size, value.bytes, value.size);
}

enum err row_page_put(
    struct row_page *page, struct slice key, struct slice value)
{
    size_t index;
    bool is_there = row_page_find(page, key, &index);
    size_t size = ROW_HEAD_SIZE + key.size + value.size;
    size_t begin = row_begin(page, index);
    size_t end = is_there ? row_begin(page, index + 1) : begin;
    /* one byte more, so that an empty page has some */
    if (!bytes_fit(page, page->size - (end - begin) + size + 1) ||
        (!is_there && !rows_fit(page, page->count + 1)))
        return ERR_NO_MEMORY;
    rows_shift(page, index + is_there, end, begin + size);
    if (!is_there) {
        memmove(page->rows + index + 1, page->rows + index,
            (page->count - index) * sizeof *page->rows);
        page->count++;
    }
    page->rows[index] = (struct row_place){ .at = begin + ROW_HEAD_SIZE,
        .key_size = key.size,
        .value_size = value.size };
    row_write(page->bytes + begin, key, value);
    page->is_changed = true;
    return ERR_NONE;
}

void row_page_del(struct row_page *page, size_t index)
{
    size_t begin = row_begin(page, index);
    rows_shift(page, index + 1, row_begin(page, index + 1), begin);
    memmove(page->rows + index, page->rows + index + 1,
        (page->count - index - 1) * sizeof *page->rows);
    page->count--;
    page->is_changed = true;
}

struct row_page *row_page_split(struct row_page *page, size_t index)
{
    size_t begin = row_begin(page, index);
    struct row_page *right = row_page_new(row_page_key(page, index));
    if (right == NULL || !rows_fit(right, page->count - index) ||
        !bytes_fit(right, page->size - begin + 1)) {
        row_page_free(right);
        return NULL;
    }
    right->end = page->end;
    right->size = page->size - begin;
    memcpy(right->bytes, page->bytes + begin, right->size);
    right->count = page->count - index;
    for (size_t i = 0; i < right->count; i++) {
        right->rows[i] = page->rows[index + i];
        right->rows[i].at -= begin;
    }
    right->is_changed = true;
    page->end = right->first;
    page->size = begin;
    page->count = index;
    page->is_changed = true;
    return right;
}
