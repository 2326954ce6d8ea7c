/*
 * flooder.h - the last agency asks so many times what it has to ask, by the
 * command line (--flood): each of its requests brings that many more, the same
 * again, greetings, empty hands, everything from the beginning, introductions,
 * nonsense; and entries that say nothing go into its ledgers. It hears no
 * answer. Others go on as if it was not there, and hold no more for it.
 *
 *   flood.held     an agency holds more open requests of it than it answers
 *   flood.starved  two others do not hear of each other, on lines without fault
 *   memory.grows   an agency remembers more of it than of any other
 */
#ifndef SIM_FLOODER_H
#define SIM_FLOODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/message.h"

struct gateway;
struct world;

#define FLOODER_HEAD_SIZE_MAX 8192

struct flooder {
    uint8_t head[FLOODER_HEAD_SIZE_MAX]; /* its last Head, to anybody */
    size_t head_size;
};

/* Plans the looks at what others hold. */
void flooder_begin(struct world *world);

/* That request left for that agency. */
void flooder_repeat(struct world *world, struct gateway *gateway, size_t to,
    enum request_kind kind, struct slice body);
/* Entries, told in its batch. */
void flooder_tell(struct world *world, struct gateway *gateway);

/* It is the one that floods. */
bool flooder_is(const struct world *world, size_t at);

#endif
