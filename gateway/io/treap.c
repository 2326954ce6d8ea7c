#include "io/treap.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

#define PRIORITY_SEED 0x7265666572u
#define HASH_SEED 0x64u

/* Key and value, written once. */
struct entry {
    uint64_t reference_count;
    size_t key_size;
    size_t value_size;
    uint64_t hash;
    uint8_t bytes[];
};

/*
 * Heap-ordered by priority, which is a hash of the key. A node that only one
 * version reaches is changed in place; it is so when it and all nodes above
 * it have one reference.
 */
struct treap_node {
    uint64_t reference_count;
    uint64_t priority;
    struct entry *entry;
    struct treap_node *left;
    struct treap_node *right;
};

static struct slice key_of(const struct entry *entry)
{
    return slice_of(entry->bytes, entry->key_size);
}

static struct slice value_of(const struct entry *entry)
{
    return slice_of(entry->bytes + entry->key_size, entry->value_size);
}

static int compare(struct slice a, struct slice b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.bytes, b.bytes, shorter);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

/* ---- References ------------------------------------------------------- */

static struct entry *entry_new(struct slice key, struct slice value)
{
    if (value.size > SIZE_MAX - sizeof(struct entry) - key.size - 1)
        return NULL;
    /* one byte more, so that an empty value has an address inside */
    struct entry *entry =
        malloc(sizeof(struct entry) + key.size + value.size + 1);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){ .reference_count = 1,
        .key_size = key.size,
        .value_size = value.size,
        .hash = checksum(checksum(HASH_SEED, key), value) };
    memcpy(entry->bytes, key.bytes, key.size);
    if (value.size > 0)
        memcpy(entry->bytes + key.size, value.bytes, value.size);
    return entry;
}

static void entry_release(struct entry *entry)
{
    if (--entry->reference_count == 0)
        free(entry);
}

static struct treap_node *node_share(struct treap_node *node)
{
    if (node != NULL)
        node->reference_count++;
    return node;
}

static void node_release(struct treap_node *node)
{
    while (node != NULL && --node->reference_count == 0) {
        struct treap_node *right = node->right;
        node_release(node->left);
        entry_release(node->entry);
        free(node);
        node = right;
    }
}

/*
 * Gives back a node that only the caller holds: the same or a copy. Takes the
 * caller's reference; NULL when memory is short, which then is gone.
 */
static struct treap_node *node_own(struct treap_node *node)
{
    if (node->reference_count == 1)
        return node;
    struct treap_node *copy = malloc(sizeof *copy);
    if (copy != NULL) {
        *copy = *node;
        copy->reference_count = 1;
        copy->entry->reference_count++;
        node_share(copy->left);
        node_share(copy->right);
    }
    node_release(node);
    return copy;
}

/* ---- Changes ---------------------------------------------------------- */

/* The part of the tree that a change came to, and what went wrong. */
struct change {
    struct treap *treap;
    struct slice key;
    struct entry *entry;
    uint64_t priority;
    enum err err;
};

static void count_entry(struct treap *treap, const struct entry *entry)
{
    treap->count++;
    treap->size += entry->key_size + entry->value_size;
    treap->hash += entry->hash;
}

static void discount_entry(struct treap *treap, const struct entry *entry)
{
    treap->count--;
    treap->size -= entry->key_size + entry->value_size;
    treap->hash -= entry->hash;
}

static struct treap_node *node_new(struct change *change)
{
    struct treap_node *node = malloc(sizeof *node);
    if (node == NULL) {
        change->err = ERR_NO_MEMORY;
        return NULL;
    }
    change->entry->reference_count++;
    count_entry(change->treap, change->entry);
    *node = (struct treap_node){ .reference_count = 1,
        .priority = change->priority,
        .entry = change->entry };
    return node;
}

/* `child` rises above `node`; both are the caller's own. */
static struct treap_node *rise(
    struct treap_node *node, struct treap_node *child)
{
    if (child == node->left) {
        node->left = child->right;
        child->right = node;
    } else {
        node->right = child->left;
        child->left = node;
    }
    return child;
}

static struct treap_node *insert(struct change *change, struct treap_node *node)
{
    if (node == NULL)
        return node_new(change);
    node = node_own(node);
    if (node == NULL) {
        change->err = ERR_NO_MEMORY;
        return NULL;
    }
    int order = compare(change->key, key_of(node->entry));
    if (order == 0) {
        discount_entry(change->treap, node->entry);
        entry_release(node->entry);
        count_entry(change->treap, change->entry);
        node->entry = change->entry;
        change->entry->reference_count++;
        return node;
    }
    struct treap_node **side = order < 0 ? &node->left : &node->right;
    *side = insert(change, *side);
    if (*side != NULL && (*side)->priority > node->priority)
        return rise(node, *side);
    return node;
}

enum err treap_put(struct treap *treap, struct slice key, struct slice value)
{
    struct entry *entry = entry_new(key, value);
    if (entry == NULL)
        return ERR_NO_MEMORY;
    struct change change = { .treap = treap,
        .key = key_of(entry),
        .entry = entry,
        .priority = checksum(PRIORITY_SEED, key_of(entry)) };
    treap->root = insert(&change, treap->root);
    entry_release(entry);
    return change.err;
}

/* All of `left` is below all of `right`; takes both references. */
static struct treap_node *join(
    struct change *change, struct treap_node *left, struct treap_node *right)
{
    if (left == NULL)
        return right;
    if (right == NULL)
        return left;
    if (left->priority > right->priority) {
        left = node_own(left);
        if (left != NULL) {
            left->right = join(change, left->right, right);
            return left;
        }
    } else {
        right = node_own(right);
        if (right != NULL) {
            right->left = join(change, left, right->left);
            return right;
        }
    }
    change->err = ERR_NO_MEMORY;
    node_release(left);
    node_release(right);
    return NULL;
}

/* The key is there. */
static struct treap_node *delete_from(
    struct change *change, struct treap_node *node)
{
    node = node_own(node);
    if (node == NULL) {
        change->err = ERR_NO_MEMORY;
        return NULL;
    }
    int order = compare(change->key, key_of(node->entry));
    if (order == 0) {
        struct treap_node *left = node->left;
        struct treap_node *right = node->right;
        discount_entry(change->treap, node->entry);
        entry_release(node->entry);
        free(node);
        return join(change, left, right);
    }
    struct treap_node **side = order < 0 ? &node->left : &node->right;
    *side = delete_from(change, *side);
    return node;
}

enum err treap_del(struct treap *treap, struct slice key)
{
    struct slice value;
    if (!treap_get(treap, key, &value))
        return ERR_NONE;
    struct change change = { .treap = treap, .key = key };
    treap->root = delete_from(&change, treap->root);
    return change.err;
}

/* ---- Versions and searches -------------------------------------------- */

struct treap treap_share(const struct treap *treap)
{
    struct treap other = *treap;
    node_share(other.root);
    return other;
}

void treap_release(struct treap *treap)
{
    node_release(treap->root);
    *treap = (struct treap){ 0 };
}

bool treap_get(const struct treap *treap, struct slice key, struct slice *value)
{
    const struct treap_node *node = treap->root;
    while (node != NULL) {
        int order = compare(key, key_of(node->entry));
        if (order == 0) {
            *value = value_of(node->entry);
            return true;
        }
        node = order < 0 ? node->left : node->right;
    }
    return false;
}

static bool hand_out(
    const struct treap_node *node, struct slice *key, struct slice *value)
{
    if (node == NULL)
        return false;
    *key = key_of(node->entry);
    *value = value_of(node->entry);
    return true;
}

bool treap_at_or_after(const struct treap *treap, struct slice bound,
    struct slice *key, struct slice *value)
{
    const struct treap_node *best = NULL;
    const struct treap_node *node = treap->root;
    while (node != NULL) {
        bool is_below = compare(key_of(node->entry), bound) < 0;
        if (!is_below)
            best = node;
        node = is_below ? node->right : node->left;
    }
    return hand_out(best, key, value);
}

bool treap_at_or_before(const struct treap *treap, struct slice bound,
    struct slice *key, struct slice *value)
{
    const struct treap_node *best = NULL;
    const struct treap_node *node = treap->root;
    while (node != NULL) {
        bool is_above = compare(key_of(node->entry), bound) > 0;
        if (!is_above)
            best = node;
        node = is_above ? node->left : node->right;
    }
    return hand_out(best, key, value);
}
