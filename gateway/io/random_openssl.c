#include "io/random_openssl.h"

#include <limits.h>
#include <string.h>

#include "io/openssl.h"

enum err random_fill(void *bytes, size_t size)
{
    if (size <= INT_MAX && RAND_bytes(bytes, (int)size) == 1)
        return ERR_NONE;
    memset(bytes, 0, size);
    ERR_clear_error();
    return ERR_IO;
}
