/* random_openssl.h - entropy for node inputs, from OpenSSL's generator. */
#ifndef IO_RANDOM_OPENSSL_H
#define IO_RANDOM_OPENSSL_H

#include <stddef.h>

#include "base/err.h"

/* Fills all of it or, with ERR_IO, none: then zeroes, which must not be used.
 * Any thread. */
MUST_USE enum err random_fill(void *bytes, size_t size);

#endif
