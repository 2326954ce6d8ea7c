/*
 * marks.h - what programs truly took, against what gateways say they did.
 *
 *   mark.early  a gateway says that its programs took what none acknowledged,
 *               or what it does not hold
 *   mark.lost   at the end, its programs took everything, and it says less
 *   mark.above  at the end, an author believes more than its reader did
 */
#ifndef SIM_MARKS_H
#define SIM_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/message.h"
#include "core/request.h"

struct world;

/* A message leaves one gateway for another. */
void marks_request(struct world *world, size_t from, size_t to,
    enum request_kind kind, struct slice body);
void marks_reply(struct world *world, size_t from, size_t to,
    enum reply_kind kind, struct slice body);

/* When all is at rest: of one ledger, as both ends tell it. */
void marks_end(struct world *world, size_t author, size_t recipient,
    int64_t size, int64_t author_knows, int64_t recipient_says);

#endif
