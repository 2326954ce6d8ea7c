#include "io/page_cache.h"

#include <stdlib.h>
#include <string.h>

#define AGE_MAX 64u

static void head_of(struct slice key, uint8_t head[PAGE_CACHE_HEAD_SIZE])
{
    size_t size =
        key.size < PAGE_CACHE_HEAD_SIZE ? key.size : PAGE_CACHE_HEAD_SIZE;
    memset(head, 0, PAGE_CACHE_HEAD_SIZE);
    memcpy(head, key.bytes, size);
}

/* Where heads differ, keys are in the same order. */
static bool begins_up_to(const struct page_cache_slot *slot,
    const uint8_t head[PAGE_CACHE_HEAD_SIZE], struct slice key)
{
    int order = memcmp(slot->head, head, PAGE_CACHE_HEAD_SIZE);
    if (order == 0)
        order = row_compare(row_bound_key(&slot->page->first), key);
    return order <= 0;
}

/* How many begin at or below that key. */
static size_t count_up_to(const struct page_cache *cache, struct slice key)
{
    uint8_t head[PAGE_CACHE_HEAD_SIZE];
    size_t low = 0;
    size_t high = cache->count;
    head_of(key, head);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (begins_up_to(&cache->slots[middle], head, key))
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
    struct row_page *page = count == 0 ? NULL : cache->slots[count - 1].page;
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
    if (at > 0 && row_compare(row_bound_key(&cache->slots[at - 1].page->first),
                      first) == 0)
        return ERR_CORRUPT;
    if (cache->count == cache->capacity) {
        size_t capacity = cache->capacity == 0 ? 64 : 2 * cache->capacity;
        struct page_cache_slot *slots =
            realloc(cache->slots, capacity * sizeof *slots);
        if (slots == NULL)
            return ERR_NO_MEMORY;
        cache->slots = slots;
        cache->capacity = capacity;
    }
    memmove(cache->slots + at + 1, cache->slots + at,
        (cache->count - at) * sizeof *cache->slots);
    head_of(first, cache->slots[at].head);
    cache->slots[at].page = page;
    cache->count++;
    return ERR_NONE;
}

void page_cache_drop(struct page_cache *cache, struct row_page *page)
{
    size_t at = count_up_to(cache, row_bound_key(&page->first)) - 1;
    memmove(cache->slots + at, cache->slots + at + 1,
        (cache->count - at - 1) * sizeof *cache->slots);
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
        struct row_page *page = cache->slots[i].page;
        if (page->is_changed || age_of(page, now) < age)
            cache->slots[kept++] = cache->slots[i];
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
        sizes[age_of(cache->slots[i].page, now)] +=
            size_of(cache->slots[i].page);
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
        row_page_free(cache->slots[i].page);
    free(cache->slots);
    *cache = (struct page_cache){ 0 };
}
