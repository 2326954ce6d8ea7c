#include "referctl/tree.h"

#include <assert.h>

void tree_init(struct tree *tree, struct pool *pool, struct crypto *crypto)
{
    *tree = (struct tree){ .pool = pool, .crypto = crypto };
}

static const struct merkle_hash *node_at(
    const struct tree *tree, size_t level, uint64_t index)
{
    assert(index < tree->levels[level].count);
    return &tree->levels[level]
                .blocks[index / TREE_BLOCK_COUNT][index % TREE_BLOCK_COUNT];
}

static void node_add(
    struct tree *tree, size_t at, const struct merkle_hash *node)
{
    struct tree_level *level = &tree->levels[at];
    if (level->count == (uint64_t)level->block_count * TREE_BLOCK_COUNT) {
        level->blocks = pool_grow(tree->pool, level->blocks, level->block_count,
            &level->block_capacity, sizeof *level->blocks);
        level->blocks[level->block_count++] =
            pool_take(tree->pool, TREE_BLOCK_COUNT * sizeof *node);
    }
    level->blocks[level->count / TREE_BLOCK_COUNT]
                 [level->count % TREE_BLOCK_COUNT] = *node;
    level->count++;
}

void tree_append(struct tree *tree, const struct merkle_hash *leaf)
{
    struct merkle_hash node = *leaf;
    size_t level = 0;
    node_add(tree, 0, &node);
    /* two complete subtrees of one size are one of the next */
    while (tree->levels[level].count % 2 == 0) {
        uint64_t right = tree->levels[level].count - 1;
        merkle_node_hash(tree->crypto, node_at(tree, level, right - 1),
            node_at(tree, level, right), &node);
        node_add(tree, ++level, &node);
    }
}

uint64_t tree_size(const struct tree *tree)
{
    return tree->levels[0].count;
}

/* The range falls into complete subtrees, the largest first. */
static enum err range_root(
    void *user, uint64_t start, uint64_t end, struct merkle_hash *root)
{
    const struct tree *tree = user;
    const struct merkle_hash *nodes[MERKLE_DEPTH_MAX];
    size_t count = 0;
    for (size_t level = MERKLE_DEPTH_MAX; level-- > 0;)
        if (((end - start) >> level & 1) != 0) {
            nodes[count++] = node_at(tree, level, start >> level);
            start += UINT64_C(1) << level;
        }
    assert(count > 0 && start == end);
    *root = *nodes[--count];
    while (count > 0)
        merkle_node_hash(tree->crypto, nodes[--count], root, root);
    return ERR_NONE;
}

void tree_root(const struct tree *tree, uint64_t size, struct merkle_hash *root)
{
    if (size == 0)
        merkle_root_of(tree->crypto, NULL, 0, root);
    else
        (void)range_root((void *)(uintptr_t)tree, 0, size, root);
}

static struct merkle_source source_of(const struct tree *tree)
{
    return (struct merkle_source){ .user = (void *)(uintptr_t)tree,
        .range = range_root };
}

enum err tree_prove_inclusion(const struct tree *tree, uint64_t index,
    uint64_t size, struct merkle_proof *proof)
{
    struct merkle_source source = source_of(tree);
    return size > tree_size(tree) ? ERR_INVALID
                                  : merkle_prove_inclusion(tree->crypto,
                                        &source, index, size, proof);
}

enum err tree_prove_consistency(const struct tree *tree, uint64_t old_size,
    uint64_t size, struct merkle_proof *proof)
{
    struct merkle_source source = source_of(tree);
    return size > tree_size(tree) ? ERR_INVALID
                                  : merkle_prove_consistency(tree->crypto,
                                        &source, old_size, size, proof);
}
