#include "io/file_view.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/file_read.h"

/* What is asked for lies together, mostly; what does not is brought in for
 * nothing. A multiple of the system's page. */
#define PART_SIZE ((size_t)64 * 1024)
#define PAGE_SIZE_MIN ((size_t)4096)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum err file_view_open(int fd, uint64_t size, struct file_view *view)
{
    *view = (struct file_view){ .fd = fd, .size = size };
    void *bytes = mmap(NULL, view->size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return errno == ENOMEM ? ERR_NO_MEMORY : ERR_IO;
    view->bytes = bytes;
    view->present = calloc(view->size / PART_SIZE / 8 + 1, 1);
    return view->present == NULL ? ERR_NO_MEMORY : ERR_NONE;
}

void file_view_close(struct file_view *view)
{
    if (view->bytes != NULL)
        (void)munmap((void *)(uintptr_t)view->bytes, view->size);
    free(view->present);
    *view = (struct file_view){ 0 };
}

/* A kernel that does not know how: what was read once is in its cache. */
static enum err part_read(
    const struct file_view *view, size_t begin, size_t size)
{
    uint8_t part[PART_SIZE];
    return file_read(view->fd, begin, part, size) == ERR_NONE ? ERR_NONE
                                                              : ERR_IO;
}

static int populate(void *at, size_t size)
{
    int result;
    do
        result = madvise(at, size, MADV_POPULATE_READ);
    while (result != 0 && (errno == EINTR || errno == EAGAIN));
    return result;
}

static bool is_all_present(void *at, size_t size)
{
    unsigned char pages[PART_SIZE / PAGE_SIZE_MIN];
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    size_t count = (size + page_size - 1) / page_size;
    if (page_size < PAGE_SIZE_MIN || mincore(at, size, pages) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if ((pages[i] & 1) == 0)
            return false;
    return true;
}

/* With one page the kernel shows those around it that it has: mostly all, at
 * a fraction of what it takes to ask for each. */
static enum err part_bring(struct file_view *view, size_t part)
{
    size_t begin = part * PART_SIZE;
    size_t size =
        view->size - begin < PART_SIZE ? view->size - begin : PART_SIZE;
    void *at = (void *)(uintptr_t)(view->bytes + begin);
    enum err err = ERR_NONE;
    int result = populate(at, 1);
    if (result == 0 && !is_all_present(at, size))
        result = populate(at, size);
    if (result != 0)
        err = errno == EINVAL ? part_read(view, begin, size) : ERR_IO;
    if (err == ERR_NONE)
        atomic_fetch_or(&view->present[part / 8], (uint8_t)(1u << part % 8));
    return err;
}

enum err file_view_at(
    struct file_view *view, uint64_t offset, size_t size, const uint8_t **bytes)
{
    assert(size > 0 && offset <= view->size && size <= view->size - offset);
    size_t last = (offset + size - 1) / PART_SIZE;
    for (size_t part = offset / PART_SIZE; part <= last; part++)
        if ((atomic_load_explicit(
                 &view->present[part / 8], memory_order_relaxed) &
                1u << part % 8) == 0) {
            enum err err = part_bring(view, part);
            if (err != ERR_NONE)
                return err;
        }
    *bytes = view->bytes + offset;
    return ERR_NONE;
}
