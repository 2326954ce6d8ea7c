/*
 * memory_seen.h - what MemorySanitizer has to be told where it looks away: in
 * OpenSSL, which is not compiled with it. Without it these do nothing.
 */
#ifndef SUPPORT_MEMORY_SEEN_H
#define SUPPORT_MEMORY_SEEN_H

#include <stddef.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define MEMORY_IS_SEEN
#endif
#endif

#ifdef MEMORY_IS_SEEN
#include <sanitizer/msan_interface.h>
#endif

/* By code that it cannot see. */
static inline void memory_is_written(void *bytes, size_t size)
{
#ifdef MEMORY_IS_SEEN
    __msan_unpoison(bytes, size);
#else
    (void)bytes;
    (void)size;
#endif
}

/* Such code is going to read it. */
static inline void memory_must_be_written(const void *bytes, size_t size)
{
#ifdef MEMORY_IS_SEEN
    __msan_check_mem_is_initialized(bytes, size);
#else
    (void)bytes;
    (void)size;
#endif
}

#endif
