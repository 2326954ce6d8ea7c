/*
 * token_file.h - the bytes of KEYS/store-1.token: the secret of the store,
 * sealed under a key that is encrypted for an RSA key of a token. All of it may
 * be read by anybody who does not have the token and its PIN.
 *
 *   "refertok" 01    what it is, and its version
 *   scheme           1 byte, enum token_scheme
 *   key              32 bytes: SHA-256 of the RSA key's modulus
 *   size             2 bytes, big-endian
 *   wrapped          that many: the sealing key, as that scheme has it
 *   sealed           48 bytes: AES-256-GCM under the sealing key, the nonce
 *                    zeros (the key seals once), and all before it as AAD
 *
 * The secret is not what RSA encrypts: with PKCS #1 v1.5 a token may answer
 * damage with random bytes instead of an error, and the seal tells them apart.
 */
#ifndef IO_TOKEN_FILE_H
#define IO_TOKEN_FILE_H

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"
#include "io/token_p11kit.h"

#define TOKEN_FILE_SEALED_SIZE (KEY_SIZE + AEAD_TAG_SIZE)
#define TOKEN_FILE_HEAD_SIZE (9u + 1u + HASH_SIZE + 2u)
#define TOKEN_FILE_SIZE_MAX                                                    \
    (TOKEN_FILE_HEAD_SIZE + TOKEN_MODULUS_SIZE_MAX + TOKEN_FILE_SEALED_SIZE)

struct token_file {
    enum token_scheme scheme;
    uint8_t key[HASH_SIZE];
    struct slice wrapped; /* 1 to TOKEN_MODULUS_SIZE_MAX bytes */
    uint8_t sealed[TOKEN_FILE_SEALED_SIZE];
};

/* All but the seal, which is for token_file_end() when it is made. */
size_t token_file_begin(
    const struct token_file *file, uint8_t bytes[TOKEN_FILE_SIZE_MAX]);
/* `size` is what token_file_begin() said; the size of all of it. */
size_t token_file_end(const struct token_file *file, size_t size,
    uint8_t bytes[TOKEN_FILE_SIZE_MAX]);

/* *file borrows; *aad is what the seal covers. ERR_MALFORMED, ERR_VERSION. */
MUST_USE enum err token_file_read(
    struct slice bytes, struct token_file *file, struct slice *aad);

#endif
