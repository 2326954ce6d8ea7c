/*
 * Which pages are let go of: those that were touched longest ago, as many as it
 * takes, and none that changed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/prng.h"
#include "io/page_cache.h"

#define PAGE_COUNT 200u
#define NOW 1000u
#define AGE_MAX 64u
#define ROUND_COUNT 400
#define FIND_ROUND_COUNT 40

static void page_add(struct page_cache *cache, uint16_t number,
    uint64_t touched, bool is_changed)
{
    uint8_t key[3] = { 'f', (uint8_t)(number >> 8), (uint8_t)number };
    uint8_t end[3] = { 'f', (uint8_t)((number + 1) >> 8),
        (uint8_t)(number + 1) };
    struct row_page *page = row_page_new(SLICE_ARRAY(key));
    assert_non_null(page);
    row_bound_set(&page->end, SLICE_ARRAY(end));
    assert_int_equal(
        row_page_put(page, SLICE_ARRAY(key), SLICE_LITERAL("value")), ERR_NONE);
    page->touched = touched;
    page->is_changed = is_changed;
    assert_int_equal(page_cache_add(cache, page), ERR_NONE);
}

static size_t size_of(const struct row_page *page)
{
    return sizeof *page + page->capacity +
           page->row_capacity * sizeof(struct row_place);
}

/* Of pages that changed, or were touched less than so many ago. */
static size_t size_within(const struct page_cache *cache, uint64_t age)
{
    size_t size = 0;
    for (size_t i = 0; i < cache->count; i++)
        if (cache->slots[i].page->is_changed ||
            NOW - cache->slots[i].page->touched < age)
            size += size_of(cache->slots[i].page);
    return size;
}

static void the_oldest_go_until_the_rest_fits(void **state)
{
    struct prng prng = prng_from_seed(7);
    size_t trimmed_count = 0;
    (void)state;
    for (int round = 0; round < ROUND_COUNT; round++) {
        struct page_cache cache = { 0 };
        uint64_t span = 1 + prng_below(&prng, round % 2 == 0 ? 12 : 200);
        for (uint16_t i = 0; i < PAGE_COUNT; i++)
            page_add(&cache, i, NOW - prng_below(&prng, span),
                prng_below(&prng, 20) == 0);
        size_t all = size_within(&cache, UINT64_MAX);
        size_t size = prng_below(&prng, all + all / 8);
        uint64_t age = AGE_MAX;
        while (age > 0 && size_within(&cache, age) > size)
            age /= 2;
        size_t kept = all <= size ? all : size_within(&cache, age);
        page_cache_trim(&cache, NOW, size);
        assert_int_equal(size_within(&cache, UINT64_MAX), kept);
        if (all > size)
            assert_int_equal(size_within(&cache, age), kept);
        trimmed_count += kept < all;
        page_cache_clear(&cache);
    }
    assert_true(trimmed_count > ROUND_COUNT / 2);
}

static void what_is_left_is_found(void **state)
{
    struct page_cache cache = { 0 };
    uint8_t old[3] = { 'f', 0, 1 };
    uint8_t changed[3] = { 'f', 0, 2 };
    uint8_t young[3] = { 'f', 0, 3 };
    (void)state;
    page_add(&cache, 1, NOW - 2 * AGE_MAX, false);
    page_add(&cache, 2, NOW - 2 * AGE_MAX, true);
    page_add(&cache, 3, NOW, false);
    assert_non_null(page_cache_find(&cache, SLICE_ARRAY(old)));
    page_cache_trim(&cache, NOW, size_within(&cache, UINT64_MAX));
    assert_int_equal(cache.count, 3);
    page_cache_trim(&cache, NOW, size_within(&cache, UINT64_MAX) - 1);
    assert_int_equal(cache.count, 2);
    assert_ptr_equal(
        page_cache_find(&cache, SLICE_ARRAY(changed)), cache.slots[0].page);
    assert_ptr_equal(
        page_cache_find(&cache, SLICE_ARRAY(young)), cache.slots[1].page);
    page_cache_trim(&cache, NOW, 0); /* what changed stays whatever it takes */
    assert_int_equal(cache.count, 1);
    assert_true(cache.slots[0].page->is_changed);
    page_cache_clear(&cache);
}

/* Of few different bytes, so that many begin alike, and beyond the head. */
static size_t key_draw(struct prng *prng, uint8_t key[24])
{
    size_t size = 1 + (size_t)prng_below(prng, 24);
    key[0] = 'f';
    for (size_t i = 1; i < size; i++)
        key[i] = prng_below(prng, 8) == 0;
    return size;
}

static struct row_page *found_by_looking_at_all(
    const struct page_cache *cache, struct slice key)
{
    struct row_page *best = NULL;
    for (size_t i = 0; i < cache->count; i++) {
        struct row_page *page = cache->slots[i].page;
        struct slice first = row_bound_key(&page->first);
        if (row_compare(first, key) <= 0 &&
            (best == NULL ||
                row_compare(row_bound_key(&best->first), first) < 0))
            best = page;
    }
    return best;
}

static void the_page_of_a_key_is_found(void **state)
{
    struct prng prng = prng_from_seed(8);
    size_t found_count = 0;
    (void)state;
    for (int round = 0; round < FIND_ROUND_COUNT; round++) {
        struct page_cache cache = { 0 };
        uint8_t key[24];
        for (unsigned i = 0; i < PAGE_COUNT; i++) {
            size_t size = key_draw(&prng, key);
            struct row_page *page = row_page_new(slice_of(key, size));
            assert_non_null(page);
            if (page_cache_add(&cache, page) != ERR_NONE)
                row_page_free(page); /* one begins there */
        }
        for (size_t i = 0; i + 1 < cache.count; i++)
            cache.slots[i].page->end = cache.slots[i + 1].page->first;
        for (unsigned i = 0; i < PAGE_COUNT; i++) {
            size_t size = key_draw(&prng, key);
            struct slice wanted = slice_of(key, size);
            struct row_page *page = page_cache_find(&cache, wanted);
            assert_ptr_equal(page, found_by_looking_at_all(&cache, wanted));
            found_count += page != NULL;
        }
        page_cache_clear(&cache);
    }
    assert_true(found_count > FIND_ROUND_COUNT * PAGE_COUNT / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_go_until_the_rest_fits),
        cmocka_unit_test(what_is_left_is_found),
        cmocka_unit_test(the_page_of_a_key_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
