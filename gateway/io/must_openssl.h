/*
 * must_openssl.h - for steps of OpenSSL that cannot fail in a sound process:
 * the algorithm is fetched, the context made, the arguments checked, and the
 * caller could not be told. Going on with bytes that were not computed would
 * be worse than ending, so the process ends, loudly.
 */
#ifndef IO_MUST_OPENSSL_H
#define IO_MUST_OPENSSL_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/openssl.h"

static inline void must(bool is_done)
{
    if (is_done)
        return;
    (void)fputs("ending: a step failed that cannot fail\n", stderr);
    ERR_print_errors_fp(stderr);
    abort();
}

#endif
