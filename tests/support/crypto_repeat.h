/*
 * crypto_repeat.h - real cryptography with keys that anybody can type: each
 * private key is one byte, 32 times. For the worked examples of PROTOCOL.md.
 * Everything of struct crypto is there but decapsulate.
 */
#ifndef SUPPORT_CRYPTO_REPEAT_H
#define SUPPORT_CRYPTO_REPEAT_H

#include "core/port.h"

/* A gateway that signs with these three keys. Ends the process on failure. */
struct crypto *crypto_repeat_new(
    uint8_t log, uint8_t witness, uint8_t operation);
void crypto_repeat_free(struct crypto *crypto);

void crypto_repeat_sign(
    uint8_t key, struct slice message, uint8_t signature[SIGNATURE_SIZE]);
void crypto_repeat_ed25519(uint8_t key, uint8_t public_key[KEY_SIZE]);
void crypto_repeat_x25519(uint8_t key, uint8_t public_key[KEY_SIZE]);

#endif
