/*
 * The file for a token with any contents: what is taken is written again byte
 * for byte. Input: the file.
 */
#include <stdlib.h>
#include <string.h>

#include "io/token_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[TOKEN_FILE_SIZE_MAX];
    struct token_file file;
    struct slice aad;
    enum err err = token_file_read(slice_of(data, size), &file, &aad);
    MUST(err == ERR_NONE || err == ERR_MALFORMED || err == ERR_VERSION);
    if (err != ERR_NONE)
        return 0;
    size_t again_size = token_file_begin(&file, again);
    MUST(again_size == aad.size && memcmp(again, aad.bytes, aad.size) == 0);
    again_size = token_file_end(&file, again_size, again);
    MUST(again_size == size && memcmp(again, data, size) == 0);
    return 0;
}
