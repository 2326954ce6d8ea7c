#include "fuzz/shortage.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define SHORT_CALL_COUNT_MAX (2u * 65536)

static struct {
    uint64_t nth; /* 0: none fails */
    uint64_t allocations;
    bool came;
    bool moves_little;
    unsigned call_count;
} shortage;

/* What stands behind --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
_Noreturn void __real_abort(void);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __real_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
_Noreturn void __wrap_abort(void);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);

/* ---- Memory -------------------------------------------------------------- */

static bool is_denied(void)
{
    if (++shortage.allocations != shortage.nth)
        return false;
    shortage.came = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return is_denied() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_denied() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return is_denied() ? NULL : __real_realloc(block, size);
}

void __wrap_abort(void)
{
    if (shortage.came)
        _exit(EXIT_SUCCESS);
    __real_abort();
}

/* OpenSSL's, where the target has it. */
static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_denied() ? NULL : __real_malloc(size);
}

static void *openssl_realloc(
    void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size == 0) {
        free(block);
        return NULL;
    }
    return is_denied() ? NULL : __real_realloc(block, size);
}

static void openssl_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

__attribute__((weak)) int CRYPTO_set_mem_functions(
    void *(*allocate)(size_t, const char *, int),
    void *(*reallocate)(void *, size_t, const char *, int),
    void (*release)(void *, const char *, int));

/* Before it has taken any, also for what a target makes before main(). */
__attribute__((constructor(101))) static void openssl_divert(void)
{
    if (CRYPTO_set_mem_functions != NULL &&
        CRYPTO_set_mem_functions(
            openssl_malloc, openssl_realloc, openssl_free) != 1)
        abort();
}

void shortage_of_memory(uint64_t nth)
{
    shortage.nth = nth;
    shortage.allocations = 0;
    shortage.came = false;
}

uint64_t shortage_allocations(void)
{
    return shortage.allocations;
}

bool shortage_came(void)
{
    return shortage.came;
}

/* ---- Reads and writes ---------------------------------------------------- */

void shortage_of_bytes(bool is_short)
{
    shortage.moves_little = is_short;
    shortage.call_count = 0;
}

/* False: interrupted, before anything has moved. */
static bool may_move(size_t *size)
{
    if (!shortage.moves_little || shortage.call_count >= SHORT_CALL_COUNT_MAX)
        return true;
    if (++shortage.call_count % 2 == 1) {
        errno = EINTR;
        return false;
    }
    if (*size > 1)
        *size = 1;
    return true;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    return may_move(&size) ? __real_read(fd, bytes, size) : -1;
}

ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset)
{
    return may_move(&size) ? __real_pread(fd, bytes, size, offset) : -1;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    return may_move(&size) ? __real_recv(fd, bytes, size, flags) : -1;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    return may_move(&size) ? __real_write(fd, bytes, size) : -1;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return may_move(&size) ? __real_pwrite(fd, bytes, size, offset) : -1;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
    return may_move(&size) ? __real_send(fd, bytes, size, flags) : -1;
}
