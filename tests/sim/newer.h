/*
 * newer.h - the last agency speaks a later minor schema, by the command line
 * (--newer_permille): what it asks or answers may have a field that nobody else
 * knows, be of a kind that nobody else knows, or come in an envelope of the
 * next version; all of it well signed and sealed. Nothing of that is taken, and
 * whoever asked is told; what is said again in today's words gets through, so
 * that nothing is lost: all else is promised as ever.
 *
 *   newer.believed   such a request was opened, or answered as if it were known
 *                    (kinds are numbers of an enum: others do not decode)
 *   newer.misjudged  it was refused for another reason
 */
#ifndef SIM_NEWER_H
#define SIM_NEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/message.h"

struct gateway;
struct reply;
struct served;
struct world;

#define NEWER_REQUEST_COUNT 256

/* What left in other words, the newest of it; zeros stand for none. */
struct newer {
    uint64_t requests[NEWER_REQUEST_COUNT];
    uint8_t ways[NEWER_REQUEST_COUNT];
    bool brings[NEWER_REQUEST_COUNT]; /* what the other may not want any more */
    size_t request_next;
};

/* What leaves instead of that request, and of what kind; mostly the same. */
struct slice newer_request(struct world *world, const struct gateway *gateway,
    uint64_t id, enum request_kind *kind, struct slice body);
/* Its envelope's version, in place; false: it stays as it is. */
bool newer_frame(struct world *world, uint64_t id, struct slice frame);
/* What leaves instead of that reply. */
struct slice newer_reply(struct world *world, const struct gateway *gateway,
    enum reply_kind *kind, struct slice body);

/* ---- Checkers ---- */

/* That frame was opened. */
void newer_opened(
    struct world *world, size_t at, uint64_t id, struct slice frame);
/* It was answered so. */
void newer_answered(struct world *world, size_t at, const struct served *served,
    enum reply_kind kind, struct slice body);
/* Its sender hears an answer. */
void newer_told(struct world *world, uint64_t id, const struct reply *reply);

#endif
