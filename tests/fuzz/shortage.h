/*
 * shortage.h - what the system may deny to a target, linked in between (see
 * CMakeLists.txt): an allocation, or all but a byte of a read or a write.
 *
 * Only calls from our own code are met, and those of OpenSSL for memory.
 */
#ifndef FUZZ_SHORTAGE_H
#define FUZZ_SHORTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The n-th allocation from now (1 is the next) fails, and no other; 0: none.
 * An abort() of our own after it is a target that says so, and ends the process
 * with success; what a sanitizer or an assert() says still ends it badly. */
void shortage_of_memory(uint64_t nth);
/* Allocations since the last call of shortage_of_memory(). */
uint64_t shortage_allocations(void);
bool shortage_came(void);

/* Reads and writes are interrupted every other time, and else move one byte,
 * up to 64 KiB of them; then as many as there are. */
void shortage_of_bytes(bool is_short);

#endif
