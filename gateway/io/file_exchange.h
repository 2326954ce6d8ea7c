/* file_exchange.h - two names in one folder change places, in one step. */
#ifndef IO_FILE_EXCHANGE_H
#define IO_FILE_EXCHANGE_H

#include <stdbool.h>

/*
 * False with errno; both are then what they were, but where the file system
 * has no such step and a crash comes among the three that stand in for it:
 * what `b` was is then at `b` with ".aside" behind it.
 */
bool file_exchange(int folder, const char *a, const char *b);

#endif
