/*
 * store_locked.h - a store of one thread for several: one operation at a time.
 * And a place to stand when a commit comes.
 */
#ifndef SUPPORT_STORE_LOCKED_H
#define SUPPORT_STORE_LOCKED_H

#include "core/port.h"

/* From then on `inner` belongs to it. `commits`, if any, is called with `user`
 * before each writing transaction is committed, by who commits. */
struct store *store_locked_new(
    struct store *inner, void (*commits)(void *user), void *user);

#endif
