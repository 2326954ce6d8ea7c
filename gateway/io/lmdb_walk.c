#include "io/lmdb_file.h"

#include <pthread.h>
#include <stdlib.h>

#include "io/file_view.h"
#include "io/lmdb_layout.h"

struct walk {
    int fd;
    const struct lmdb_head *head;
    const char **reason;
    uint8_t *seen; /* one bit a page: reached, or free */
    struct file_view *view;
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

static enum err not_seen(struct walk *walk, enum err err)
{
    *walk->reason = err == ERR_IO ? "the disk cannot be read" : "out of memory";
    return err;
}

static enum err read_page(
    struct walk *walk, uint64_t number, const uint8_t **page)
{
    size_t page_size = walk->head->page_size;
    enum err err = mark_seen(walk, number, 1);
    if (err != ERR_NONE)
        return err;
    if (number >= walk->view->size / page_size)
        return corrupt(walk->reason, "the file ends too early");
    err = file_view_at(walk->view, number * page_size, page_size, page);
    if (err != ERR_NONE)
        return not_seen(walk, err);
    if (read_u64(*page + PAGE_NUMBER) != number)
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

static uint64_t child_at(const uint8_t *page, size_t offset)
{
    /* 48 bits: where a leaf's node has its value's size and flags */
    return read_u32(page + offset) |
           (uint64_t)read_u16(page + offset + NODE_FLAGS) << 32;
}

static enum err check_page(struct walk *walk, uint64_t number, unsigned level);

/* A child's bytes, which nobody has looked at yet; NULL when there are none:
 * who walks there says why. */
static const uint8_t *child_peek(
    struct walk *walk, const uint8_t *page, size_t index)
{
    const uint8_t *child;
    size_t page_size = walk->head->page_size;
    size_t offset = node_at(walk, page, index);
    uint64_t number = offset == 0 ? 0 : child_at(page, offset);
    bool is_there =
        number >= META_COUNT && number < walk->view->size / page_size &&
        file_view_at(walk->view, number * page_size, page_size, &child) ==
            ERR_NONE;
    return is_there ? child : NULL;
}

/* So many leaves before: the leaf itself, its nodes, and how many of these. */
#define AHEAD_LEAF 3u
#define AHEAD_NODES 1u
#define AHEAD_NODE_COUNT_MAX 8u

/* Leaves lie all over memory, which takes longer to answer than a leaf takes
 * to check: it is asked before, first for what says where a leaf's nodes are,
 * and then for these. */
static void look_ahead(struct walk *walk, const uint8_t *page, size_t index)
{
    size_t count = node_count(page);
    const uint8_t *leaf = index + AHEAD_LEAF < count
                              ? child_peek(walk, page, index + AHEAD_LEAF)
                              : NULL;
    if (leaf != NULL)
        __builtin_prefetch(leaf);
    leaf = index + AHEAD_NODES < count
               ? child_peek(walk, page, index + AHEAD_NODES)
               : NULL;
    if (leaf == NULL || !bounds_are_sound(walk, leaf))
        return;
    size_t nodes = node_count(leaf);
    for (size_t i = 0; i < nodes && i < AHEAD_NODE_COUNT_MAX; i++) {
        size_t offset = read_u16(leaf + PAGE_HEADER_SIZE + 2 * i);
        if (offset < walk->head->page_size)
            __builtin_prefetch(leaf + offset);
    }
}

/* Of a branch `level` steps above the leaves: all below these of its nodes. */
static enum err check_children(struct walk *walk, const uint8_t *page,
    size_t begin, size_t end, unsigned level)
{
    for (size_t i = begin; i < end; i++) {
        size_t offset = node_at(walk, page, i);
        if (offset == 0)
            return corrupt(walk->reason, "a page is damaged inside");
        /* the first child has no key: it is what is below the second's */
        if (i > 0 && !key_rises(walk, page + offset + NODE_HEADER_SIZE,
                         read_u16(page + offset + NODE_KEY_SIZE), true))
            return corrupt(walk->reason, "the keys are out of order");
        if (level == 1)
            look_ahead(walk, page, i);
        enum err err = check_page(walk, child_at(page, offset), level - 1);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

/* A page that is looked into next, sound at its edges. */
static enum err open_page(
    struct walk *walk, uint64_t number, unsigned level, const uint8_t **page)
{
    enum err err = read_page(walk, number, page);
    if (err != ERR_NONE)
        return err;
    if (read_u16(*page + PAGE_FLAGS) !=
            (level == 0 ? PAGE_LEAF : PAGE_BRANCH) ||
        !bounds_are_sound(walk, *page))
        return corrupt(walk->reason, "a page is damaged inside");
    return ERR_NONE;
}

/*
 * All below one page, `level` steps above the leaves. Depth-first, so that
 * keys come in order; as deep as the tree, which is DEPTH_MAX at most.
 */
static enum err check_page(struct walk *walk, uint64_t number, unsigned level)
{
    const uint8_t *page;
    enum err err = open_page(walk, number, level, &page);
    if (err != ERR_NONE)
        return err;
    if (level == 0)
        return check_leaf(walk, page);
    walk->found.branch_count++;
    return check_children(walk, page, 0, node_count(page), level);
}

/* ---- In two threads ----------------------------------------------------- */

/*
 * What is below a root, divided within one of its children: all before a node
 * of that is the first half, it and the rest are the second.
 */
struct halves {
    const uint8_t *root;
    size_t index; /* of that child */
    const uint8_t *child;
    size_t node; /* within it; not 0, which has no key */
    unsigned level;
    struct walk second;
    const char *reason; /* of what is wrong in the second */
    enum err err;
};

/* A child that is a branch; NULL when not. */
static const uint8_t *branch_peek(
    struct walk *walk, const uint8_t *root, size_t index)
{
    const uint8_t *page = child_peek(walk, root, index);
    bool is_branch = page != NULL &&
                     read_u16(page + PAGE_FLAGS) == PAGE_BRANCH &&
                     bounds_are_sound(walk, page) && node_count(page) > 1;
    return is_branch ? page : NULL;
}

/* Where as much is to do before as after, by the children's counts: before are
 * the contents, which have pages of their own. */
static bool divide(struct walk *walk, struct halves *halves)
{
    size_t count = node_count(halves->root);
    size_t sum = 0;
    size_t before = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *page = branch_peek(walk, halves->root, i);
        if (page == NULL)
            return false;
        sum += node_count(page);
    }
    size_t half = sum * 9 / 20;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *page = branch_peek(walk, halves->root, i);
        size_t here = page == NULL ? 0 : node_count(page);
        if (here > 1 && before + here > half) {
            size_t node = half - before;
            halves->index = i;
            halves->child = page;
            halves->node = node == 0 ? 1 : node;
            return true;
        }
        before += here;
    }
    return false;
}

static enum err first_check(struct walk *walk, const struct halves *halves)
{
    const uint8_t *page;
    size_t offset = node_at(walk, halves->root, halves->index);
    enum err err =
        check_children(walk, halves->root, 0, halves->index, halves->level);
    if (err != ERR_NONE)
        return err;
    if (halves->index > 0 &&
        !key_rises(walk, halves->root + offset + NODE_HEADER_SIZE,
            read_u16(halves->root + offset + NODE_KEY_SIZE), true))
        return corrupt(walk->reason, "the keys are out of order");
    err = open_page(
        walk, child_at(halves->root, offset), halves->level - 1, &page);
    if (err != ERR_NONE)
        return err;
    walk->found.branch_count++;
    return check_children(walk, page, 0, halves->node, halves->level - 1);
}

static void *second_check(void *argument)
{
    struct halves *halves = argument;
    struct walk *walk = &halves->second;
    halves->err = check_children(walk, halves->child, halves->node,
        node_count(halves->child), halves->level - 1);
    if (halves->err == ERR_NONE)
        halves->err = check_children(walk, halves->root, halves->index + 1,
            node_count(halves->root), halves->level);
    return NULL;
}

static bool second_begin(
    struct halves *halves, struct walk *walk, pthread_t *thread)
{
    halves->second = (struct walk){ .fd = walk->fd,
        .head = walk->head,
        .view = walk->view,
        .reason = &halves->reason,
        .seen = calloc(walk->head->page_count / 8 + 1, 1),
        .is_free_tree = walk->is_free_tree };
    bool is_ready = halves->second.seen != NULL && divide(walk, halves) &&
                    pthread_create(thread, NULL, second_check, halves) == 0;
    if (!is_ready)
        free(halves->second.seen);
    return is_ready;
}

/* What both found, as if one had gone all the way. */
static enum err join(struct walk *walk, const struct halves *halves)
{
    const struct walk *second = &halves->second;
    size_t offset = node_at(walk, halves->child, halves->node);
    if (halves->err != ERR_NONE) {
        *walk->reason = halves->reason;
        return halves->err;
    }
    if (!key_rises(walk, halves->child + offset + NODE_HEADER_SIZE,
            read_u16(halves->child + offset + NODE_KEY_SIZE), true))
        return corrupt(walk->reason, "the keys are out of order");
    for (uint64_t i = 0; i <= walk->head->page_count / 8; i++) {
        if ((walk->seen[i] & second->seen[i]) != 0)
            return corrupt(walk->reason, "a page is used twice");
        walk->seen[i] |= second->seen[i];
    }
    walk->found.branch_count += second->found.branch_count;
    walk->found.leaf_count += second->found.leaf_count;
    walk->found.overflow_count += second->found.overflow_count;
    walk->found.entry_count += second->found.entry_count;
    return ERR_NONE;
}

/* As check_page(), of a root whose children are branches. */
static enum err check_root(struct walk *walk, uint64_t number, unsigned level)
{
    struct halves halves = { .level = level };
    pthread_t thread;
    enum err err = open_page(walk, number, level, &halves.root);
    if (err != ERR_NONE)
        return err;
    walk->found.branch_count++;
    if (!second_begin(&halves, walk, &thread))
        return check_children(
            walk, halves.root, 0, node_count(halves.root), level);
    err = first_check(walk, &halves);
    (void)pthread_join(thread, NULL);
    if (err == ERR_NONE)
        err = join(walk, &halves);
    free(halves.second.seen);
    return err;
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
    unsigned level = tree->depth - 1u;
    enum err err = level > 1 ? check_root(walk, tree->root, level)
                             : check_page(walk, tree->root, level);
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
    struct file_view view = { .fd = fd };
    struct walk walk = {
        .fd = fd, .head = head, .view = &view, .reason = reason
    };
    walk.seen = calloc(head->page_count / 8 + 1, 1);
    enum err err = walk.seen == NULL
                       ? ERR_NO_MEMORY
                       : file_view_open(fd, head->file_size, &view);
    if (err != ERR_NONE)
        err = not_seen(&walk, err);
    if (err == ERR_NONE)
        err = check_tree(&walk, &head->data, false);
    if (err == ERR_NONE)
        err = check_tree(&walk, &head->free, true);
    file_view_close(&view);
    free(walk.seen);
    return err;
}
