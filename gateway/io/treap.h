/*
 * treap.h - an ordered map from bytes to bytes whose versions share what they
 * have in common: a copy is one count, a change copies the path to it. The
 * shape follows from the keys alone, so equal contents are equal trees.
 *
 * Caveats: not for several threads. Operations recurse as deep as the tree,
 * about twice the logarithm of its size.
 */
#ifndef IO_TREAP_H
#define IO_TREAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct treap_node;

/* One version; zero-initialised it is empty. */
struct treap {
    struct treap_node *root;
    uint64_t size; /* keys and values, in bytes */
    uint64_t count;
    uint64_t hash; /* of all entries, whatever their history */
};

/* Another version with the same contents; each is released on its own. */
struct treap treap_share(const struct treap *treap);

void treap_release(struct treap *treap);

/*
 * Key and value may borrow from the map. ERR_NO_MEMORY: the version is then
 * good for nothing but to be released.
 */
MUST_USE enum err treap_put(
    struct treap *treap, struct slice key, struct slice value);

/* Nothing happens when absent. ERR_NO_MEMORY as above. */
MUST_USE enum err treap_del(struct treap *treap, struct slice key);

/* False when absent. Values borrow until the version changes or goes; their
 * bytes are never NULL. */
bool treap_get(
    const struct treap *treap, struct slice key, struct slice *value);

/* The first entry whose key is not below `bound`. */
bool treap_at_or_after(const struct treap *treap, struct slice bound,
    struct slice *key, struct slice *value);

/* The last entry whose key is not above `bound`. */
bool treap_at_or_before(const struct treap *treap, struct slice bound,
    struct slice *key, struct slice *value);

#endif
