/*
 * store_sealed.h - a store whose values are sealed with XAES-256-GCM, around
 * any other: without the key nothing of a value can be read, and none can be
 * changed, or moved to another key, without being found when it is read. Keys
 * of the store stay as they are: they must name nobody.
 *
 * A value is a nonce (24 bytes), the ciphertext and a tag (16 bytes); its key
 * is authenticated with it. An older value of the same key, put back, is not
 * found: what that could undo, peers' ledgers show.
 */
#ifndef IO_STORE_SEALED_H
#define IO_STORE_SEALED_H

#include <stdint.h>

#include "core/port.h"

/* What a value takes beside itself. */
#define STORE_SEALED_OVERHEAD 40u

/*
 * Seals `inner` with the key, which is copied. From then on `inner` belongs to
 * the new store: closing that closes both. After an error it is still the
 * caller's.
 *   ERR_KEY      what is in the store was sealed with another key, or not at
 *                all
 *   ERR_NO_MEMORY, and what reading `inner` says
 *
 * Threads as in `inner`; a value handed out is wiped with its end.
 */
MUST_USE enum err store_sealed_open(
    struct store *inner, const uint8_t key[KEY_SIZE], struct store **store);

#endif
