/*
 * A page of rows with any contents, and what a store does to one that reads.
 * The first byte is the size of the lower bound, the second that of the tape;
 * then the bound, the tape, and the page. What reads writes the same bytes;
 * rows rise, within the bounds, and are found where they stand. Each pair on
 * the tape puts, takes out or divides, and the page is whole afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "io/row_page.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take(struct slice *rest, size_t size)
{
    size = size < rest->size ? size : rest->size;
    struct slice part = slice_of(rest->bytes, size);
    *rest = slice_of(rest->bytes + size, rest->size - size);
    return part;
}

static void check(const struct row_page *page)
{
    size_t bytes = 0;
    for (size_t i = 0; i < page->count; i++) {
        size_t index;
        struct slice key = row_page_key(page, i);
        MUST(row_page_covers(page, key));
        MUST(i == 0 || row_compare(row_page_key(page, i - 1), key) < 0);
        MUST(row_page_find(page, key, &index) && index == i);
        MUST(key.bytes + key.size == row_page_value(page, i).bytes);
        bytes += 5 + key.size + row_page_value(page, i).size;
    }
    MUST(bytes == page->size);
}

/* Written, and read as another page, it is the same. */
static void check_again(struct row_page *page)
{
    struct row_page *again = row_page_new(row_bound_key(&page->first));
    struct slice bytes = row_page_write(page);
    MUST(again != NULL && bytes.bytes != NULL);
    MUST(row_page_size(page) == bytes.size);
    MUST(row_page_read(again, bytes) == ERR_NONE);
    MUST(again->count == page->count);
    MUST(row_compare(row_bound_key(&again->end), row_bound_key(&page->end)) ==
         0);
    check(again);
    row_page_free(again);
}

/* A key of that many bytes of such a letter, where it belongs into the page. */
static void put(struct row_page *page, uint8_t what, uint8_t how)
{
    uint8_t bytes[64];
    uint8_t value[256] = { 0 };
    size_t index;
    memset(bytes, what, sizeof bytes);
    struct slice key = slice_of(bytes, 1 + what % sizeof bytes);
    if (!row_page_covers(page, key))
        return;
    bool was_there = row_page_find(page, key, &index);
    size_t count = page->count;
    MUST(row_page_put(page, key, slice_of(value, how)) == ERR_NONE);
    MUST(page->count == count + !was_there);
    MUST(row_page_find(page, key, &index));
    MUST(row_page_value(page, index).size == how);
}

static void divide(struct row_page *page, size_t index)
{
    size_t count = page->count;
    struct row_page *right = row_page_split(page, index);
    MUST(right != NULL);
    MUST(page->count == index && right->count == count - index);
    check(right);
    check_again(right);
    row_page_free(right);
}

static void play(struct row_page *page, struct slice tape)
{
    while (tape.size >= 2) {
        struct slice deed = take(&tape, 2);
        uint8_t what = deed.bytes[0];
        uint8_t how = deed.bytes[1];
        if (what < 0x80)
            put(page, what, how);
        else if (what < 0xe0 && page->count > 0)
            row_page_del(page, how % page->count);
        else if (page->count > 1)
            divide(page, 1 + how % (page->count - 1));
        check(page);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size);
    struct slice sizes = take(&rest, 2);
    if (sizes.size < 2)
        return 0;
    struct slice bound = take(&rest, sizes.bytes[0]);
    struct slice tape = take(&rest, sizes.bytes[1]);
    struct row_page *page = row_page_new(bound);
    MUST(page != NULL);
    enum err err = row_page_read(page, rest);
    MUST(err == ERR_NONE || err == ERR_CORRUPT);
    if (err == ERR_NONE) {
        MUST(slice_equal(row_page_write(page), rest));
        check(page);
        play(page, tape);
        check_again(page);
    }
    row_page_free(page);
    return 0;
}
