#include "io/lmdb_file.h"

#include <sys/stat.h>

#include "io/lmdb_layout.h"

static struct lmdb_tree read_tree(const uint8_t *bytes)
{
    return (struct lmdb_tree){
        .flags = read_u16(bytes + TREE_FLAGS),
        .depth = read_u16(bytes + TREE_DEPTH),
        .branch_count = read_u64(bytes + TREE_BRANCH_COUNT),
        .leaf_count = read_u64(bytes + TREE_LEAF_COUNT),
        .overflow_count = read_u64(bytes + TREE_OVERFLOW_COUNT),
        .entry_count = read_u64(bytes + TREE_ENTRY_COUNT),
        .root = read_u64(bytes + TREE_ROOT),
    };
}

static bool tree_is_sound(
    const struct lmdb_tree *tree, uint64_t page_count, uint16_t flags)
{
    if (tree->flags != flags || tree->depth > DEPTH_MAX)
        return false;
    if (tree->root == LMDB_NO_PAGE)
        return tree->depth == 0 && tree->entry_count == 0;
    return tree->depth > 0 && tree->root >= META_COUNT &&
           tree->root < page_count;
}

static enum err read_meta(const uint8_t *page, uint64_t index,
    struct lmdb_head *head, const char **reason)
{
    if (read_u32(page + META_MAGIC) != MAGIC ||
        read_u64(page + PAGE_NUMBER) != index ||
        (read_u16(page + PAGE_FLAGS) & PAGE_META) == 0)
        return corrupt(reason, "the head of the file is not one of LMDB");
    if (read_u32(page + META_VERSION) != DATA_VERSION)
        return corrupt(reason, "the file is of another version of LMDB");

    uint64_t last_page = read_u64(page + META_LAST_PAGE);
    uint64_t map_size = read_u64(page + META_MAP_SIZE);
    head->page_size = read_u32(page + META_FREE);
    head->free = read_tree(page + META_FREE);
    head->data = read_tree(page + META_DATA);
    head->txn_id = read_u64(page + META_TXN_ID);
    head->page_count = last_page + 1;
    if (head->page_size < PAGE_SIZE_MIN || head->page_size > PAGE_SIZE_MAX ||
        (head->page_size & (head->page_size - 1)) != 0 ||
        last_page < META_COUNT - 1 ||
        last_page >= FILE_SIZE_LIMIT / head->page_size ||
        last_page >= map_size / head->page_size ||
        !tree_is_sound(&head->free, head->page_count, FREE_FLAGS_KEPT) ||
        !tree_is_sound(&head->data, head->page_count, 0))
        return corrupt(reason, "the head of the file is damaged");
    return ERR_NONE;
}

/* Commit n is described by meta page n mod 2; the other is the one before. */
static bool metas_belong_together(
    const struct lmdb_head *even, const struct lmdb_head *odd)
{
    if (even->page_size != odd->page_size)
        return false;
    if (even->txn_id == 0 && odd->txn_id == 0)
        return true;
    return even->txn_id % 2 == 0 && odd->txn_id % 2 == 1 &&
           (even->txn_id + 1 == odd->txn_id || odd->txn_id + 1 == even->txn_id);
}

enum err lmdb_file_read_head(
    int fd, struct lmdb_head *head, const char **reason)
{
    struct lmdb_head metas[META_COUNT] = { 0 };
    struct stat status;
    if (fstat(fd, &status) != 0) {
        *reason = "the disk cannot be read";
        return ERR_IO;
    }
    for (uint64_t i = 0; i < META_COUNT; i++) {
        uint8_t page[META_END];
        enum err err =
            read_at(fd, i * metas[0].page_size, page, sizeof page, reason);
        if (err == ERR_NONE)
            err = read_meta(page, i, &metas[i], reason);
        if (err != ERR_NONE)
            return err;
    }
    if (!metas_belong_together(&metas[0], &metas[1]))
        return corrupt(reason, "the two heads of the file contradict");
    *head = metas[metas[1].txn_id > metas[0].txn_id];
    head->file_size = (uint64_t)status.st_size;
    return ERR_NONE;
}
