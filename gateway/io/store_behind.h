/*
 * store_behind.h - a store whose commits can be carried out behind the next
 * transaction: what one changed is kept in memory, in order, while a thread
 * writes it to the store around which this is, and the next sees it already.
 * One commit at a time is on its way: nothing of a transaction is durable
 * before all of the one before it.
 *
 * A commit is durable when it returns, as in any store, unless
 * store_behind_defer() said otherwise. Closing waits for a deferred one that
 * the thread has; where there is no thread it is lost, as in a crash.
 */
#ifndef IO_STORE_BEHIND_H
#define IO_STORE_BEHIND_H

#include <stdbool.h>

#include "core/port.h"

/*
 * From then on `inner` belongs to the new store: closing that closes both.
 * After ERR_NO_MEMORY it is still the caller's. Nothing is behind yet.
 *
 * Writing transactions and all calls below belong to one thread; reading ones
 * are those of `inner`.
 */
MUST_USE enum err store_behind_open(struct store *inner, struct store **store);

/* Starts the thread that writes. `done` is called on it, with `user`, whenever
 * a deferred commit is over. ERR_NO_MEMORY. */
MUST_USE enum err store_behind_start(
    struct store *store, void (*done)(void *user), void *user);

/* The next commit returns at once. It is durable when store_behind_settle()
 * says so; where no thread was started, that carries it out. */
void store_behind_defer(struct store *store);

/* Nothing is on its way: store_behind_settle() would not wait. */
bool store_behind_is_idle(struct store *store);

/* Waits for the deferred commit, if there is one. Its errors; from the first
 * on, the same for ever. */
MUST_USE enum err store_behind_settle(struct store *store);

#endif
