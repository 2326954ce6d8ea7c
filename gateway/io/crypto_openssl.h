/*
 * crypto_openssl.h - struct crypto by OpenSSL 3.0's EVP, with a keyring behind
 * it. Algorithms are fetched once, contexts reused and wiped. It verifies with
 * any public key: whether one may be believed, public_key_is_sound() is asked
 * when a card is read.
 *
 * What cannot fail in a sound process (hashing, HKDF) ends the process when it
 * does. No call leaves anything in OpenSSL's error queue.
 */
#ifndef IO_CRYPTO_OPENSSL_H
#define IO_CRYPTO_OPENSSL_H

#include "base/err.h"
#include "core/port.h"
#include "io/keyring.h"

/*
 * For one thread at a time; many may share a keyring, which must outlive them.
 * With NULL for a keyring it has no keys of its own: signing, signers' public
 * keys and decapsulating are then ERR_KEY. ERR_NO_MEMORY, also where this
 * OpenSSL lacks an algorithm.
 */
MUST_USE enum err crypto_openssl_new(
    struct keyring *keyring, struct crypto **out);
/* Signs from now on with the keys that its keyring uses now. Until then it goes
 * on with those it has, so that a signature and the name of its key belong
 * together. ERR_NO_MEMORY: it signs no more. */
MUST_USE enum err crypto_openssl_refresh(struct crypto *crypto);
/* Accepts NULL. */
void crypto_openssl_free(struct crypto *crypto);

#endif
