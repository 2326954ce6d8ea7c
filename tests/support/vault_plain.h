/*
 * vault_plain.h - a struct vault for unit tests and the simulator that hides
 * nothing: what is sealed stays readable, so that a test can look for words in
 * a store, but opens only with its entry, in its place, undamaged, and never
 * again once the entry was destroyed. Never linked into the product.
 *
 * Belongs to one thread. Running out of memory ends the process.
 */
#ifndef SUPPORT_VAULT_PLAIN_H
#define SUPPORT_VAULT_PLAIN_H

#include <stdint.h>

#include "core/port.h"

/* To be closed with its own operation. */
struct vault *vault_plain_new(void);

/* The same entries as in the other one, destroyed and not. */
void vault_plain_become(struct vault *vault, const struct vault *other);

bool vault_plain_is_destroyed(const struct vault *vault, uint64_t entry);
/* The entry that something was sealed with; UINT64_MAX when it is no such
 * thing. */
uint64_t vault_plain_entry_of(struct slice sealed);

#endif
