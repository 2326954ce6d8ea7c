#include "io/lmdb_file.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(size_t) == 8, "the layout is that of 64-bit LMDB");

#define MAGIC 0xBEEFC0DEu
#define DATA_VERSION 1u
#define DEPTH_MAX 32
#define PAGE_SIZE_MIN 512u
#define PAGE_SIZE_MAX 32768u
#define KEY_SIZE_LIMIT 511u
/* No store is larger; keeps a damaged head from asking for that much memory. */
#define FILE_SIZE_LIMIT ((uint64_t)1 << 44)
#define META_COUNT 2

/* Page flags. */
#define PAGE_BRANCH 0x01u
#define PAGE_LEAF 0x02u
#define PAGE_OVERFLOW 0x04u
#define PAGE_META 0x08u
#define NODE_BIG 0x01u        /* the value is on overflow pages */
#define FREE_FLAGS_KEPT 0x08u /* MDB_INTEGERKEY */

/* Offsets within a page. */
enum {
    PAGE_NUMBER = 0,
    PAGE_FLAGS = 10,
    PAGE_LOWER = 12,
    PAGE_UPPER = 14,
    PAGE_RUN = 12, /* of an overflow page: how many pages */
    PAGE_HEADER_SIZE = 16,
    META_MAGIC = 16,
    META_VERSION = 20,
    META_MAP_SIZE = 32,
    META_FREE = 40,
    META_DATA = 88,
    META_LAST_PAGE = 136,
    META_TXN_ID = 144,
    META_END = 152,
    TREE_FLAGS = 4,
    TREE_DEPTH = 6,
    TREE_BRANCH_COUNT = 8,
    TREE_LEAF_COUNT = 16,
    TREE_OVERFLOW_COUNT = 24,
    TREE_ENTRY_COUNT = 32,
    TREE_ROOT = 40,
    NODE_FLAGS = 4,
    NODE_KEY_SIZE = 6,
    NODE_HEADER_SIZE = 8
};

static uint16_t read_u16(const uint8_t *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint64_t read_u64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static enum err corrupt(const char **reason, const char *text)
{
    *reason = text;
    return ERR_CORRUPT;
}

static enum err read_at(
    int fd, uint64_t offset, void *bytes, size_t size, const char **reason)
{
    ssize_t got = pread(fd, bytes, size, (off_t)offset);
    if (got < 0) {
        *reason = "the disk cannot be read";
        return ERR_IO;
    }
    return (size_t)got == size ? ERR_NONE
                               : corrupt(reason, "the file ends too early");
}

/* ---- The head --------------------------------------------------------- */

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

/* ---- The walk --------------------------------------------------------- */

struct walk {
    int fd;
    const struct lmdb_head *head;
    const char **reason;
    uint8_t *seen;          /* one bit a page: reached, or free */
    uint8_t *pages;         /* one page for each level of the tree */
    struct lmdb_tree found; /* counts so far */
    bool is_free_tree;
    /* What the next key may not be below: the last key, which it may not
     * equal either, or a branch's word on what is to come. */
    bool may_equal;
    size_t floor_size;
    uint8_t floor[KEY_SIZE_LIMIT];
};

static enum err mark_seen(struct walk *walk, uint64_t first, uint64_t count)
{
    uint64_t page_count = walk->head->page_count;
    if (first < META_COUNT || first >= page_count || count > page_count - first)
        return corrupt(walk->reason, "a page number is out of range");
    for (uint64_t page = first; page < first + count; page++) {
        uint8_t bit = (uint8_t)(1u << page % 8);
        if ((walk->seen[page / 8] & bit) != 0)
            return corrupt(walk->reason, "a page is used twice");
        walk->seen[page / 8] |= bit;
    }
    return ERR_NONE;
}

static enum err read_page(struct walk *walk, uint64_t number, uint8_t *page)
{
    enum err err = mark_seen(walk, number, 1);
    if (err != ERR_NONE)
        return err;
    err = read_at(walk->fd, number * walk->head->page_size, page,
        walk->head->page_size, walk->reason);
    if (err != ERR_NONE)
        return err;
    if (read_u64(page + PAGE_NUMBER) != number)
        return corrupt(walk->reason, "a page is not in its place");
    return ERR_NONE;
}

static size_t node_count(const uint8_t *page)
{
    return (read_u16(page + PAGE_LOWER) - PAGE_HEADER_SIZE) / 2u;
}

static bool bounds_are_sound(const struct walk *walk, const uint8_t *page)
{
    uint16_t lower = read_u16(page + PAGE_LOWER);
    uint16_t upper = read_u16(page + PAGE_UPPER);
    return lower > PAGE_HEADER_SIZE && lower % 2 == 0 && lower <= upper &&
           upper <= walk->head->page_size;
}

/* Where node `index` begins; 0 when its header or key leaves the page. */
static size_t node_at(
    const struct walk *walk, const uint8_t *page, size_t index)
{
    size_t offset = read_u16(page + PAGE_HEADER_SIZE + 2 * index);
    size_t end = walk->head->page_size;
    if (offset < read_u16(page + PAGE_UPPER) || offset % 2 != 0 ||
        offset + NODE_HEADER_SIZE > end)
        return 0;
    size_t key_size = read_u16(page + offset + NODE_KEY_SIZE);
    return offset + NODE_HEADER_SIZE + key_size <= end ? offset : 0;
}

static int key_order(const struct walk *walk, const uint8_t *key, size_t size)
{
    if (walk->is_free_tree && walk->floor_size > 0) {
        uint64_t floor = read_u64(walk->floor);
        uint64_t value = read_u64(key);
        return value > floor ? 1 : value < floor ? -1 : 0;
    }
    size_t shorter = size < walk->floor_size ? size : walk->floor_size;
    int order = memcmp(key, walk->floor, shorter);
    if (order == 0 && size != walk->floor_size)
        order = size > walk->floor_size ? 1 : -1;
    return order;
}

/* Raises the floor to this key; false when it is below. */
static bool key_rises(
    struct walk *walk, const uint8_t *key, size_t size, bool is_branch)
{
    if (size == 0 || size > KEY_SIZE_LIMIT ||
        (walk->is_free_tree && size != sizeof(uint64_t)))
        return false;
    int order = key_order(walk, key, size);
    if (order < 0 || (order == 0 && !walk->may_equal))
        return false;
    memcpy(walk->floor, key, size);
    walk->floor_size = size;
    walk->may_equal = is_branch;
    return true;
}

/* A list of free pages: its count, then the numbers. */
static enum err mark_free(struct walk *walk, const uint8_t *list, size_t size)
{
    uint64_t count = size < 8 ? 0 : read_u64(list);
    if (size < 8 || count > size / 8 - 1)
        return corrupt(walk->reason, "a list of free pages is damaged");
    for (uint64_t i = 1; i <= count; i++) {
        enum err err = mark_seen(walk, read_u64(list + 8 * i), 1);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

/* A value on pages of its own; only the free tree's are read. */
static enum err check_overflow(struct walk *walk, uint64_t first, size_t size)
{
    uint8_t header[PAGE_HEADER_SIZE];
    size_t page_size = walk->head->page_size;
    uint64_t count = (size + PAGE_HEADER_SIZE + page_size - 1) / page_size;
    enum err err = mark_seen(walk, first, count);
    if (err != ERR_NONE)
        return err;
    if ((first + count) * page_size > walk->head->file_size)
        return corrupt(walk->reason, "the file ends too early");
    err = read_at(
        walk->fd, first * page_size, header, sizeof header, walk->reason);
    if (err != ERR_NONE)
        return err;
    if (read_u64(header + PAGE_NUMBER) != first ||
        read_u16(header + PAGE_FLAGS) != PAGE_OVERFLOW ||
        read_u32(header + PAGE_RUN) != count)
        return corrupt(walk->reason, "a page is not in its place");
    walk->found.overflow_count += count;
    if (!walk->is_free_tree)
        return ERR_NONE;

    uint8_t *list = malloc(size);
    if (list == NULL) {
        *walk->reason = "out of memory";
        return ERR_NO_MEMORY;
    }
    err = read_at(walk->fd, first * page_size + PAGE_HEADER_SIZE, list, size,
        walk->reason);
    if (err == ERR_NONE)
        err = mark_free(walk, list, size);
    free(list);
    return err;
}

static enum err check_leaf(struct walk *walk, const uint8_t *page)
{
    walk->found.leaf_count++;
    for (size_t i = 0; i < node_count(page); i++) {
        size_t offset = node_at(walk, page, i);
        if (offset == 0)
            return corrupt(walk->reason, "a page is damaged inside");
        const uint8_t *node = page + offset;
        size_t key_size = read_u16(node + NODE_KEY_SIZE);
        const uint8_t *data = node + NODE_HEADER_SIZE + key_size;
        size_t room = (size_t)(page + walk->head->page_size - data);
        size_t size = read_u32(node);
        uint16_t flags = read_u16(node + NODE_FLAGS);
        if (!key_rises(walk, node + NODE_HEADER_SIZE, key_size, false))
            return corrupt(walk->reason, "the keys are out of order");
        enum err err = ERR_NONE;
        if (flags == NODE_BIG && room >= sizeof(uint64_t))
            err = check_overflow(walk, read_u64(data), size);
        else if (flags != 0 || size > room)
            return corrupt(walk->reason, "a page is damaged inside");
        else if (walk->is_free_tree)
            err = mark_free(walk, data, size);
        if (err != ERR_NONE)
            return err;
        walk->found.entry_count++;
    }
    return ERR_NONE;
}

/*
 * All below one page, `level` steps above the leaves. Depth-first, so that
 * keys come in order; as deep as the tree, which is DEPTH_MAX at most.
 */
static enum err check_page(struct walk *walk, uint64_t number, unsigned level)
{
    uint8_t *page = walk->pages + (size_t)level * walk->head->page_size;
    enum err err = read_page(walk, number, page);
    if (err != ERR_NONE)
        return err;
    uint16_t flags = read_u16(page + PAGE_FLAGS);
    if (flags != (level == 0 ? PAGE_LEAF : PAGE_BRANCH) ||
        !bounds_are_sound(walk, page))
        return corrupt(walk->reason, "a page is damaged inside");
    if (level == 0)
        return check_leaf(walk, page);

    walk->found.branch_count++;
    for (size_t i = 0; i < node_count(page); i++) {
        size_t offset = node_at(walk, page, i);
        if (offset == 0)
            return corrupt(walk->reason, "a page is damaged inside");
        /* the first child has no key: it is what is below the second's */
        if (i > 0 && !key_rises(walk, page + offset + NODE_HEADER_SIZE,
                         read_u16(page + offset + NODE_KEY_SIZE), true))
            return corrupt(walk->reason, "the keys are out of order");
        /* 48 bits: where a leaf's node has its value's size and flags */
        uint64_t child = read_u32(page + offset) |
                         (uint64_t)read_u16(page + offset + NODE_FLAGS) << 32;
        err = check_page(walk, child, level - 1);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

static enum err check_tree(
    struct walk *walk, const struct lmdb_tree *tree, bool is_free_tree)
{
    walk->is_free_tree = is_free_tree;
    walk->found = (struct lmdb_tree){ 0 };
    walk->may_equal = false;
    walk->floor_size = 0;
    if (tree->root == LMDB_NO_PAGE)
        return ERR_NONE;
    enum err err = check_page(walk, tree->root, tree->depth - 1u);
    if (err != ERR_NONE)
        return err;
    if (walk->found.branch_count != tree->branch_count ||
        walk->found.leaf_count != tree->leaf_count ||
        walk->found.overflow_count != tree->overflow_count ||
        walk->found.entry_count != tree->entry_count)
        return corrupt(walk->reason, "entries or pages are missing");
    return ERR_NONE;
}

enum err lmdb_file_check(
    int fd, const struct lmdb_head *head, const char **reason)
{
    struct walk walk = { .fd = fd, .head = head, .reason = reason };
    enum err err = ERR_NO_MEMORY;
    *reason = "out of memory";
    walk.seen = calloc(head->page_count / 8 + 1, 1);
    walk.pages = malloc((size_t)DEPTH_MAX * head->page_size);
    if (walk.seen != NULL && walk.pages != NULL) {
        err = check_tree(&walk, &head->data, false);
        if (err == ERR_NONE)
            err = check_tree(&walk, &head->free, true);
    }
    free(walk.seen);
    free(walk.pages);
    return err;
}
