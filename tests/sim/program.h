/*
 * program.h - a local program with one connection to its gateway, and the loop
 * that an SDK's caller has around it: what brought no reply is asked again
 * with the same bytes, the same key among them, on a new connection, until
 * there is an answer. Programs lose replies and connections too.
 */
#ifndef SIM_PROGRAM_H
#define SIM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/local.h"
#include "sim/clerk.h"
#include "sim/operator.h"
#include "sim/reader.h"
#include "sim/scheduler.h"

struct gateway;
struct program;

/* The reply lives in the world's `talk` arena until the handler returns. */
typedef void reply_handler(struct world *world, struct program *program,
    const struct local_reply *reply);

struct program {
    size_t index;
    struct gateway *gateway;
    uint32_t uid;
    uint32_t rights;
    uint64_t client; /* connection; 0: none */
    uint64_t ticket; /* changes with everything: what is late is not for us */

    uint8_t *frame; /* the request under way; NULL: none */
    size_t frame_size;
    uint32_t number;
    int64_t patience_ms;
    reply_handler *on_reply;
    /* Called instead of asking again, where the connection itself matters. */
    event_handler *on_lost;

    union {
        struct operator_state operator_state;
        struct clerk clerk;
        struct reader reader;
    } of;
};

/* Begins a call; the frame is copied. One at a time. */
void program_call(struct world *world, struct program *program,
    struct slice frame, int64_t patience_ms, reply_handler *on_reply);

/* Something later, unless the program is interrupted before. */
void program_later(struct world *world, struct program *program,
    int64_t delay_ms, event_handler *handle);

/* The gateway answered that connection. */
void program_reply(struct world *world, struct gateway *gateway,
    uint64_t client, struct slice frame);

/* The gateway died. */
void programs_cut_off(struct world *world, struct gateway *gateway);

void program_release(struct program *program);

#endif
