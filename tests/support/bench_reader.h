/*
 * bench_reader.h - a program of an agency of bench_node.h that follows the
 * feed by a cursor of that name, over client 1, and what gateways make of it.
 */
#ifndef SUPPORT_BENCH_READER_H
#define SUPPORT_BENCH_READER_H

#include "support/bench_node.h"

/* Opens the cursor, made where there is none. */
void reader_follow(
    struct federation *federation, size_t agency, const char *name);
/* Opens it and acknowledges so many events from the first on, at most all. */
void reader_take(struct federation *federation, size_t agency, const char *name,
    uint64_t count);
/* The same of all that there are. */
void reader_take_all(
    struct federation *federation, size_t agency, const char *name);
void reader_delete(
    struct federation *federation, size_t agency, const char *name);

/* A copy of the ledger's row as it is stored: what it borrows is gone. */
struct ledger reader_ledger(struct federation *federation, size_t agency,
    size_t other, enum ledger_direction direction);

#endif
