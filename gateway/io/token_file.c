#include "io/token_file.h"

#include <string.h>

static const uint8_t magic[] = { 'r', 'e', 'f', 'e', 'r', 't', 'o', 'k' };
#define VERSION 1u
#define VERSION_AT (sizeof magic)
#define SCHEME_AT (VERSION_AT + 1)
#define KEY_AT (SCHEME_AT + 1)
#define SIZE_AT (KEY_AT + HASH_SIZE)

size_t token_file_begin(
    const struct token_file *file, uint8_t bytes[TOKEN_FILE_SIZE_MAX])
{
    memcpy(bytes, magic, sizeof magic);
    bytes[VERSION_AT] = VERSION;
    bytes[SCHEME_AT] = (uint8_t)file->scheme;
    memcpy(bytes + KEY_AT, file->key, HASH_SIZE);
    bytes[SIZE_AT] = (uint8_t)(file->wrapped.size >> 8);
    bytes[SIZE_AT + 1] = (uint8_t)file->wrapped.size;
    memcpy(
        bytes + TOKEN_FILE_HEAD_SIZE, file->wrapped.bytes, file->wrapped.size);
    return TOKEN_FILE_HEAD_SIZE + file->wrapped.size;
}

size_t token_file_end(const struct token_file *file, size_t size,
    uint8_t bytes[TOKEN_FILE_SIZE_MAX])
{
    memcpy(bytes + size, file->sealed, TOKEN_FILE_SEALED_SIZE);
    return size + TOKEN_FILE_SEALED_SIZE;
}

enum err token_file_read(
    struct slice bytes, struct token_file *file, struct slice *aad)
{
    *file = (struct token_file){ .wrapped = SLICE_NONE };
    *aad = SLICE_NONE;
    if (bytes.size < TOKEN_FILE_HEAD_SIZE + TOKEN_FILE_SEALED_SIZE ||
        bytes.size > TOKEN_FILE_SIZE_MAX ||
        memcmp(bytes.bytes, magic, sizeof magic) != 0)
        return ERR_MALFORMED;
    if (bytes.bytes[VERSION_AT] != VERSION)
        return ERR_VERSION;
    size_t wrapped_size =
        (size_t)bytes.bytes[SIZE_AT] << 8 | bytes.bytes[SIZE_AT + 1];
    unsigned scheme = bytes.bytes[SCHEME_AT];
    if (scheme == 0 || scheme >= TOKEN_SCHEME_END || wrapped_size == 0 ||
        bytes.size !=
            TOKEN_FILE_HEAD_SIZE + wrapped_size + TOKEN_FILE_SEALED_SIZE)
        return ERR_MALFORMED;
    file->scheme = (enum token_scheme)scheme;
    memcpy(file->key, bytes.bytes + KEY_AT, HASH_SIZE);
    file->wrapped = slice_of(bytes.bytes + TOKEN_FILE_HEAD_SIZE, wrapped_size);
    *aad = slice_of(bytes.bytes, TOKEN_FILE_HEAD_SIZE + wrapped_size);
    memcpy(file->sealed, bytes.bytes + aad->size, TOKEN_FILE_SEALED_SIZE);
    return ERR_NONE;
}
