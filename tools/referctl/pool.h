/*
 * pool.h - memory that lives until a command, or one turn of its loop, ends.
 * A command of the operator handles a few thousand small values; freeing them
 * one by one would only hide what it does. Everything is wiped on release,
 * since it may have held what a person said. Running out of memory ends the
 * program with status 5: nothing useful is left to do.
 */
#ifndef REFERCTL_POOL_H
#define REFERCTL_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool_chunk;

struct pool {
    struct pool_chunk *newest;
};

/* Zeroed memory, aligned for any type; never NULL. */
void *pool_take(struct pool *pool, size_t size);
/* A zero-terminated copy. */
char *pool_copy(struct pool *pool, const void *bytes, size_t size);
char *pool_text(struct pool *pool, const char *text);
/* Formatted text. */
__attribute__((format(printf, 2, 3))) char *pool_format(
    struct pool *pool, const char *format, ...);
__attribute__((format(printf, 2, 0))) char *pool_format_list(
    struct pool *pool, const char *format, va_list arguments);
/*
 * Room for one more item of `size` bytes in an array that holds `count`;
 * returns the array, moved or not. The capacity doubles.
 */
void *pool_grow(struct pool *pool, void *items, size_t count, size_t *capacity,
    size_t size);
/* Wipes and frees everything; the pool is then empty and usable. */
void pool_release(struct pool *pool);

#endif
