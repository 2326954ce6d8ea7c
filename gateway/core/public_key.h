/*
 * public_key.h - which Ed25519 public keys may be believed at all. Asked when a
 * card or an agreement is read, never when a signature is verified.
 */
#ifndef CORE_PUBLIC_KEY_H
#define CORE_PUBLIC_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"

/*
 * False for the keys under which a signature proves nothing: those of low order
 * (one constant signature verifies for every message), in all their 14
 * encodings, and for every encoding that is not the canonical one (RFC 8032
 * 5.1.3: y below p, and no sign bit where x is zero), so that one key has one
 * name.
 *
 * Not asked: whether the point is on the curve (a key that is not verifies
 * nothing) and whether it has a low-order part (its owner harms nobody else by
 * it). Any thread; the key is public, so its timing may show.
 */
bool public_key_is_sound(const uint8_t key[KEY_SIZE]);

#endif
