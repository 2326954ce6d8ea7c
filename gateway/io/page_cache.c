#include "io/page_cache.h"

#include <stdlib.h>
#include <string.h>

#define AGE_MAX 64u

/* How many begin at or below that key. */
static size_t count_up_to(const struct page_cache *cache, struct slice key)
{
    size_t low = 0;
    size_t high = cache->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct row_page *page = cache->pages[middle];
        if (row_compare(row_bound_key(&page->first), key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_for(const struct row_page *page, struct slice key)
{
    return page != NULL && page->first.bytes[0] == key.bytes[0] &&
           row_page_covers(page, key);
}

struct row_page *page_cache_find(struct page_cache *cache, struct slice key)
{
    struct row_page **last = &cache->last[key.bytes[0] % PAGE_CACHE_LAST_COUNT];
    if (is_for(*last, key))
        return *last;
    size_t count = count_up_to(cache, key);
    struct row_page *page = count == 0 ? NULL : cache->pages[count - 1];
    if (!is_for(page, key))
        return NULL;
    *last = page;
    return page;
}

static void last_forget(struct page_cache *cache)
{
    memset(cache->last, 0, sizeof cache->last);
}

enum err page_cache_add(struct page_cache *cache, struct row_page *page)
{
    struct slice first = row_bound_key(&page->first);
    size_t at = count_up_to(cache, first);
    if (at > 0 &&
        row_compare(row_bound_key(&cache->pages[at - 1]->first), first) == 0)
        return ERR_CORRUPT;
    if (cache->count == cache->capacity) {
        size_t capacity = cache->capacity == 0 ? 64 : 2 * cache->capacity;
        struct row_page **pages =
            realloc(cache->pages, capacity * sizeof(struct row_page *));
        if (pages == NULL)
            return ERR_NO_MEMORY;
        cache->pages = pages;
        cache->capacity = capacity;
    }
    memmove(cache->pages + at + 1, cache->pages + at,
        (cache->count - at) * sizeof(struct row_page *));
    cache->pages[at] = page;
    cache->count++;
    return ERR_NONE;
}

void page_cache_drop(struct page_cache *cache, struct row_page *page)
{
    size_t at = count_up_to(cache, row_bound_key(&page->first)) - 1;
    memmove(cache->pages + at, cache->pages + at + 1,
        (cache->count - at - 1) * sizeof(struct row_page *));
    cache->count--;
    last_forget(cache);
    row_page_free(page);
}

static size_t size_of(const struct row_page *page)
{
    return sizeof *page + page->capacity +
           page->row_capacity * sizeof(struct row_place);
}

/* How many transactions ago it was touched; AGE_MAX for all above. What changed
 * is as new. */
static uint64_t age_of(const struct row_page *page, uint64_t now)
{
    uint64_t age = page->is_changed ? 0 : now - page->touched;
    return age < AGE_MAX ? age : AGE_MAX;
}

/* Those that are so old, or older. */
static void drop_old(struct page_cache *cache, uint64_t now, uint64_t age)
{
    size_t kept = 0;
    last_forget(cache);
    for (size_t i = 0; i < cache->count; i++) {
        struct row_page *page = cache->pages[i];
        if (page->is_changed || age_of(page, now) < age)
            cache->pages[kept++] = page;
        else
            row_page_free(page);
    }
    cache->count = kept;
}

void page_cache_trim(struct page_cache *cache, uint64_t now, size_t size)
{
    size_t sizes[AGE_MAX + 1] = { 0 }; /* of the pages of each age */
    size_t kept = 0;
    for (size_t i = 0; i < cache->count; i++)
        sizes[age_of(cache->pages[i], now)] += size_of(cache->pages[i]);
    for (size_t age = 0; age <= AGE_MAX; age++)
        kept += sizes[age];
    if (kept <= size)
        return;
    /* halved until what is left fits: there is room for the next ones then */
    uint64_t age_end = 2 * AGE_MAX;
    do {
        age_end /= 2;
        kept = 0;
        for (size_t age = 0; age < age_end; age++)
            kept += sizes[age];
    } while (kept > size && age_end > 0);
    drop_old(cache, now, age_end);
}

void page_cache_clear(struct page_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        row_page_free(cache->pages[i]);
    free(cache->pages);
    *cache = (struct page_cache){ 0 };
}
