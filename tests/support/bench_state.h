/*
 * bench_state.h - what bench_node.h hides, for its parts: agencies with their
 * nodes, and the line between them.
 */
#ifndef SUPPORT_BENCH_STATE_H
#define SUPPORT_BENCH_STATE_H

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "io/store_memory.h"
#include "support/bench_node.h"
#include "support/must.h"

#define MESSAGE_COUNT_MAX 256
#define REPLY_COUNT_MAX 64
#define ID_COUNT 16
#define LOG_LINE_SIZE 256
#define SERVED_COUNT_MAX 16u
#define CARD_COUNT_MAX 100u

/* What a node announced of another. */
struct known {
    bool accepted;
    uint8_t operation_keys[8][KEY_SIZE];
    size_t operation_key_count;
    uint64_t card_serial;
};

struct agency {
    struct crypto *crypto;
    struct store *store;
    struct vault *vault;
    struct store_txn *txn;
    struct arena memory;
    struct arena batch;
    struct arena scratch;
    struct node *node;
    struct agency_id id;
    struct slice card;
    struct slice cards[CARD_COUNT_MAX]; /* made last, by serial */
    uint64_t life;                      /* counts its starts */
    uint32_t day;                       /* of its sheet */
    bool disk_fails;                    /* that is planned */
    uint64_t ballast;                   /* bytes of its store */
    struct instance_mark *mark;         /* of its store; NULL: none */
    struct known known[FEDERATION_COUNT_MAX];
    struct slice replies[REPLY_COUNT_MAX]; /* to local clients, in order */
    size_t reply_count;
    uint64_t logged[LOG_EVENT_COUNT];
    char log_lines[LOG_EVENT_COUNT][LOG_LINE_SIZE];
};

struct message {
    struct bench_message shown;
    struct slice envelope; /* sealed; owned, as shown.body is */
    uint64_t token;        /* of the request, at its sender */
    uint64_t life;         /* of the sender of the request */
    struct request_secret secret;
};

/* A request that was opened and not answered yet; a Collect waits for long. */
struct served {
    bool open;
    struct message request; /* without its envelope and body */
    struct request_secret secret;
};

/* An agency as it was: all that changes in it. */
struct agency_mark {
    struct store_memory_snapshot *store;
    struct vault *vault;
    struct slice memory; /* owned; of its node, to be put where it was */
    struct node *node;
    struct slice card;
    struct slice cards[CARD_COUNT_MAX];
    struct known known[FEDERATION_COUNT_MAX];
    uint64_t life;
    uint32_t day;
};

/* What federation_return goes back to. */
struct mark {
    struct agency_mark agencies[FEDERATION_COUNT_MAX];
    struct prng prng;
    size_t papers_used;
    int64_t elapsed_ms;
    struct served served[SERVED_COUNT_MAX];
};

struct federation {
    bool sets_up; /* what all tests do alike */
    size_t count;
    struct mark mark;
    struct agency agencies[FEDERATION_COUNT_MAX];
    struct message messages[MESSAGE_COUNT_MAX];
    size_t message_count;
    struct prng prng;
    struct arena papers;
    struct arena call[2]; /* replies, by turns */
    unsigned call_turn;
    struct arena work; /* of one message on its way */
    int64_t elapsed_ms;
    struct slice mou;
    struct mou_id mou_id;
    struct served served[SERVED_COUNT_MAX];
    struct bench_reply *direct;
    struct slice direct_body;
    char ids[ID_COUNT][UUID_URN_SIZE + 1];
    unsigned id_turn;
};

static inline struct slice owned(struct slice bytes)
{
    uint8_t *copy = malloc(bytes.size + 1);
    MUST(copy != NULL);
    if (bytes.size > 0)
        memcpy(copy, bytes.bytes, bytes.size);
    return slice_of(copy, bytes.size);
}

static inline void disown(struct slice *bytes)
{
    free((void *)(uintptr_t)bytes->bytes);
    *bytes = SLICE_NONE;
}

#endif
