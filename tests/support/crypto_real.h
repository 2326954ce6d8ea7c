/*
 * crypto_real.h - the keys of a seed, as crypto_fake.h has them, with the
 * mathematics of the gateway: Ed25519, HPKE, ChaCha20-Poly1305 by OpenSSL. The
 * same seed gives the same bytes here, too. All functions of crypto_fake.h
 * take it.
 */
#ifndef SUPPORT_CRYPTO_REAL_H
#define SUPPORT_CRYPTO_REAL_H

#include <stdint.h>

#include "core/port.h"

/* As crypto_fake_new(); to be freed with crypto_fake_free(). */
struct crypto *crypto_real_new(
    uint64_t seed, uint32_t first_day, uint32_t day_count);

#endif
