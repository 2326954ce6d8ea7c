/*
 * client.h - the public library, for a program that ends at the first error.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <refer/refer.h>
#include <stdbool.h>

#include "bench.h"

refer_client *client_new(const char *socket);
/* A number by its name, wherever it is in an answer of many. */
int64_t client_number(const refer_listing *listing, const char *name);
/* A referral to options->to, with options->content bytes in it. */
refer_referral *client_referral(const struct options *options);
/* True when the peer signed for all that was told to it. */
bool client_is_cosigned(refer_client *client);

#endif
