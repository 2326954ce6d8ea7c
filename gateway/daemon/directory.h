/*
 * directory.h - what transport and workers know of the accepted agencies:
 * where each is reached, whose TLS keys and operation keys are whose. Filled
 * from the node's outputs; read by any thread.
 */
#ifndef DAEMON_DIRECTORY_H
#define DAEMON_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/node.h"

struct directory;

MUST_USE enum err directory_new(struct directory **directory);
void directory_free(struct directory *directory);

/* Replaces or removes what is known of that agency. ERR_NO_MEMORY. */
MUST_USE enum err directory_set(
    struct directory *directory, const struct node_directory *entry);

/* A request_key_find: `user` is the directory. */
bool directory_operation_key(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE]);

/* A copy of one agency's entry, in one block that free() releases; NULL when
 * it is not known (or memory ended). */
struct node_directory *directory_get(
    struct directory *directory, const struct agency_id *agency);

/* All TLS keys of all agencies, for free(); NULL with count 0: none. */
uint8_t (
    *directory_pins(struct directory *directory, size_t *count))[HASH_SIZE];

#endif
