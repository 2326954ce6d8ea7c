#include "referctl/pool.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "referctl/exit_code.h"

struct pool_chunk {
    struct pool_chunk *older;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static _Noreturn void out_of_memory(void)
{
    (void)fputs("referctl: out of memory\n"
                "remedy: free some memory on this machine, then try again\n",
        stderr);
    exit(EXIT_CODE_LOCAL);
}

void *pool_take(struct pool *pool, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct pool_chunk))
        out_of_memory();
    struct pool_chunk *chunk = calloc(1, sizeof *chunk + size);
    if (chunk == NULL)
        out_of_memory();
    chunk->older = pool->newest;
    chunk->size = size;
    pool->newest = chunk;
    return chunk->bytes;
}

char *pool_copy(struct pool *pool, const void *bytes, size_t size)
{
    if (size == SIZE_MAX)
        out_of_memory();
    char *copy = pool_take(pool, size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *pool_text(struct pool *pool, const char *text)
{
    return pool_copy(pool, text, strlen(text));
}

char *pool_format_list(struct pool *pool, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    assert(size >= 0);
    char *text = pool_take(pool, (size_t)size + 1);
    (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

char *pool_format(struct pool *pool, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = pool_format_list(pool, format, arguments);
    va_end(arguments);
    return text;
}

void *pool_grow(
    struct pool *pool, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wished = *capacity == 0 ? 8 : *capacity * 2;
    if (wished > SIZE_MAX / size)
        out_of_memory();
    void *moved = pool_take(pool, wished * size);
    if (count > 0)
        memcpy(moved, items, count * size);
    *capacity = wished;
    return moved;
}

void pool_release(struct pool *pool)
{
    while (pool->newest != NULL) {
        struct pool_chunk *chunk = pool->newest;
        pool->newest = chunk->older;
        memset(chunk->bytes, 0, chunk->size);
        /* the compiler must not drop the wipe of memory that is freed next */
        __asm__ volatile("" : : "r"(chunk) : "memory");
        free(chunk);
    }
}
