/*
 * memory.h - the library's only way to the heap, so that a test can make the
 * n-th allocation fail. What is released may have held personal data and is
 * wiped.
 */
#ifndef SDK_MEMORY_H
#define SDK_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed; NULL when there is none. Never of size 0: one byte then. */
void *sdk_memory_take(size_t size);
/* The same, with anything in it. */
void *sdk_memory_take_raw(size_t size);
/* The block with room for `size` bytes, of which the first `used` are kept and
 * the others anything; NULL for want of memory, the block then as it was. NULL
 * is an empty one. */
void *sdk_memory_grow(void *block, size_t used, size_t size);
/* A copy of `size` bytes and a zero byte after them. */
void *sdk_memory_copy(const void *bytes, size_t size);
/* Accepts NULL. Wipes what was taken. */
void sdk_memory_free(void *block);

#ifdef SDK_MEMORY_TEST
/* The n-th allocation from now (1 is the next) fails, and all after it; 0:
 * none does. In the tests' build of the library only. */
void sdk_memory_fail_after(uint64_t count);
/* Blocks taken and not freed. */
size_t sdk_memory_held(void);
#endif

#endif
