#include "io/store_lmdb_behind.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "io/lmdb_layout.h"

static uint64_t step_begin(uint64_t at)
{
    return at / LMDB_BEHIND_STEP_SIZE * LMDB_BEHIND_STEP_SIZE;
}

void lmdb_behind_begin(struct lmdb_behind *behind, int fd, const void *mapped,
    size_t page_size, uint64_t file_size)
{
    const uint8_t *at = mapped;
    const uint8_t *page = at - (uintptr_t)at % page_size;
    uint64_t before = read_u64(page + PAGE_NUMBER) * page_size;
    *behind = (struct lmdb_behind){
        .fd = fd,
        /* cast: nothing is written there */
        .map = (uint8_t *)(uintptr_t)page - before,
        .end = step_begin(file_size),
    };
}

/* The kernel keeps what is mapped: that goes first. An advice that is not taken
 * is no error. */
static void let_go(const struct lmdb_behind *behind, uint64_t begin)
{
    (void)madvise(behind->map + begin, LMDB_BEHIND_STEP_SIZE, MADV_DONTNEED);
    (void)posix_fadvise(
        behind->fd, (off_t)begin, LMDB_BEHIND_STEP_SIZE, POSIX_FADV_DONTNEED);
}

/* But for the last one: whoever reads on is in the middle of it. */
static void let_go_again(struct lmdb_behind *behind)
{
    if (behind->again_count == 0)
        return;
    size_t last = behind->again_count - 1;
    for (size_t i = 0; i < last; i++)
        let_go(behind, behind->again[i]);
    behind->again[0] = behind->again[last];
    behind->again_count = 1;
}

void lmdb_behind_read(struct lmdb_behind *behind, const void *value)
{
    /* one that LMDB has not written yet is outside of the map */
    uint64_t begin = step_begin((uintptr_t)value - (uintptr_t)behind->map);
    if (begin >= behind->end)
        return;
    for (size_t i = behind->again_count; i > 0; i--)
        if (behind->again[i - 1] == begin)
            return;
    if (behind->again_count == LMDB_BEHIND_AGAIN_COUNT)
        let_go_again(behind);
    behind->again[behind->again_count++] = begin;
}

void lmdb_behind_trim(struct lmdb_behind *behind, uint64_t file_size)
{
    uint64_t kept = LMDB_BEHIND_KEPT_SIZE + LMDB_BEHIND_STEP_SIZE;
    if (file_size < behind->end + kept)
        return;
    let_go_again(behind);
    for (; file_size >= behind->end + kept;
         behind->end += LMDB_BEHIND_STEP_SIZE)
        let_go(behind, behind->end);
}
