/*
 * crypto_plain.h - real SHA-256 and Ed25519 by OpenSSL with fixed keys, for
 * golden vectors: log key from seed 00..1f, witness key from seed 20..3f. Only
 * hash, sign, signer_public and verify are there.
 */
#ifndef SUPPORT_CRYPTO_PLAIN_H
#define SUPPORT_CRYPTO_PLAIN_H

#include "core/port.h"

struct crypto *crypto_plain_new(void);
void crypto_plain_free(struct crypto *crypto);

#endif
