#include "memory.h"

#include <stdlib.h>
#include <string.h>
#ifdef SDK_MEMORY_TEST
#include <stdatomic.h>
#endif

/* Before each block: its size, in a place that keeps any alignment. */
union prefix {
    size_t size;
    max_align_t align;
};

#ifdef SDK_MEMORY_TEST
static _Atomic uint64_t failing_in; /* of all threads together */
static _Atomic size_t held;

void sdk_memory_fail_after(uint64_t count)
{
    failing_in = count;
}

size_t sdk_memory_held(void)
{
    return held;
}

static int is_refused(void)
{
    uint64_t left = failing_in;
    while (
        left > 1 && !atomic_compare_exchange_weak(&failing_in, &left, left - 1))
        continue;
    return left == 1;
}
#endif

/* A call through a volatile pointer is one that no compiler leaves out, or
 * makes into another. */
static void *(*const volatile fill)(void *, int, size_t) = memset;

void *sdk_memory_take_raw(size_t size)
{
#ifdef SDK_MEMORY_TEST
    if (is_refused())
        return NULL;
#endif
    if (size > SIZE_MAX - sizeof(union prefix) - 1)
        return NULL;
    union prefix *prefix = malloc(sizeof *prefix + size + (size == 0));
    if (prefix == NULL)
        return NULL;
#ifdef SDK_MEMORY_TEST
    held++;
#endif
    prefix->size = size;
    return prefix + 1;
}

void *sdk_memory_take(size_t size)
{
    void *block = sdk_memory_take_raw(size);
    /* malloc() and memset() would become calloc(), which passes over the blocks
     * that glibc keeps at hand for a thread */
    if (block != NULL)
        fill(block, 0, size);
    return block;
}

void *sdk_memory_grow(void *block, size_t used, size_t size)
{
    void *larger = sdk_memory_take_raw(size);
    if (larger == NULL)
        return NULL;
    if (used > 0)
        memcpy(larger, block, used);
    sdk_memory_free(block);
    return larger;
}

void *sdk_memory_copy(const void *bytes, size_t size)
{
    if (size == SIZE_MAX)
        return NULL;
    uint8_t *copy = sdk_memory_take_raw(size + 1);
    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = 0;
    return copy;
}

void sdk_memory_free(void *block)
{
    if (block == NULL)
        return;
    union prefix *prefix = (union prefix *)block - 1;
#ifdef SDK_MEMORY_TEST
    held--;
#endif
    fill(block, 0, prefix->size);
    free(prefix);
}
