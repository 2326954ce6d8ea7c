/*
 * program.h - a local program: the real librefer, on a stack of its own, over a
 * connection inside this process (channel.c), and around it the loop that a
 * caller has: what the library says may be tried again is tried again, with the
 * same key, until there is an answer. Programs lose replies and connections,
 * and die, too.
 */
#ifndef SIM_PROGRAM_H
#define SIM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/local.h"
#include "refer/refer.h"
#include "sim/caretaker.h"
#include "sim/clerk.h"
#include "sim/closer.h"
#include "sim/fiber.h"
#include "sim/mender.h"
#include "sim/operator.h"
#include "sim/reader.h"
#include "sim/say.h"
#include "sim/scheduler.h"

struct gateway;
struct letter;
struct program;

/* The reply lives in the world's `talk` arena until the handler returns. */
typedef void reply_handler(struct world *world, struct program *program,
    const struct local_reply *reply);

struct program {
    size_t index;
    struct world *world;
    struct gateway *gateway;
    uint32_t uid;
    uint32_t rights;
    uint64_t client; /* connection; 0: none */
    uint64_t connection_count;
    uint64_t ticket;      /* of what comes later: changes with each call */
    struct letter *first; /* replies that it has not read */
    struct letter *last;

    struct fiber *fiber;
    uint64_t wait; /* changes with each wait */
    bool is_waiting;
    bool is_killed; /* it starts again with an empty memory */
    refer_client *library;

    refer_query *query;       /* of the call under way; NULL: none */
    refer_batch *batch;       /* that a submit goes in; NULL: it goes alone */
    refer_referral *referral; /* what is in it, twice under one key */
    char operation[32];
    char key[32]; /* of the call; empty: none */
    int64_t patience_ms;
    reply_handler *on_reply;

    bool is_reader;
    union {
        struct operator_state operator_state;
        struct clerk clerk;
        struct reader reader;
        struct mender mender;
        struct closer closer;
        struct caretaker caretaker;
    } of;
};

/* Gives it its stack; its handlers, or the reader's loop, follow. */
void program_begin(struct world *world, struct program *program);

/* Begins a call, which takes as long as it takes. One at a time. */
void program_call(struct world *world, struct program *program,
    const struct say *say, int64_t patience_ms, reply_handler *on_reply);

/* Something later. */
void program_later(struct world *world, struct program *program,
    int64_t delay_ms, event_handler *handle);

/* The gateway answered that connection. */
void program_reply(struct world *world, struct gateway *gateway,
    uint64_t client, struct slice frame);

/* The gateway died. */
void programs_cut_off(struct world *world, struct gateway *gateway);

/* ---- Inside of its fiber ---- */

/* Until something happens to it, or the time has come; negative: no time.
 * What it waits for may not be there yet. */
void program_wait(struct program *program, int64_t until_ms);
void program_pause(struct program *program, int64_t pause_ms);
/* Starts the program again when it was killed, and its library with it. */
bool program_is_reborn(struct program *program);

/* ---- For channel.c ---- */

/* Whose code runs; NULL outside of fibers. */
struct program *program_running(void);
bool program_connect(struct program *program);
void program_disconnect(struct program *program);
/* Not of a connection any more: false. */
bool program_send(struct program *program, struct slice message);

/* Lets its code come to its end, and takes its memory. */
void program_release(struct program *program);

#endif
