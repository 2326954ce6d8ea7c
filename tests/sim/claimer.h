/*
 * claimer.h - the last agency's messages claim times far in the past or to
 * come, by the command line (--claim_permille): its requests, its replies, its
 * receipts, what its entries are dated. Its clock itself is right. Times that
 * others claim move nothing: everybody goes by a clock of its own.
 *
 * A receipt is the same bytes each time, whatever keys come meanwhile.
 */
#ifndef SIM_CLAIMER_H
#define SIM_CLAIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/slice.h"
#include "core/limits.h"
#include "core/message.h"
#include "core/note.h"

struct gateway;
struct world;

struct claimer {
    struct claimed {
        uint8_t root[HASH_SIZE]; /* of what it is a receipt for */
        size_t size;
        char text[NOTE_SIZE_MAX];
    } * receipts;
    size_t count;
    size_t capacity;
};

void claimer_release(struct claimer *claimer);

/* What it tells waits since whenever it claims. */
bool claimer_is_at(const struct world *world, size_t at);

/* When a message leaves, as it says. */
struct instant claimer_now(struct world *world, const struct gateway *gateway);
/* What leaves instead of that request or reply: its receipts dated anew. */
struct slice claimer_request(struct world *world, const struct gateway *gateway,
    enum request_kind kind, struct slice body);
struct slice claimer_reply(struct world *world, const struct gateway *gateway,
    enum reply_kind kind, struct slice body);

/* Entries that say nothing, at such times, told in its batch. */
void claimer_tell(struct world *world, struct gateway *gateway);

#endif
