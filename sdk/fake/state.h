/*
 * state.h - what a fake remembers. One lock guards all of it: functions here
 * are called with it held, by the fake's thread for a client's request and by
 * the test's threads for what is scripted. What changes something first takes
 * all the memory it needs, so that for want of it nothing has changed.
 */
#ifndef FAKE_STATE_H
#define FAKE_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refer/fake.h"
#include "sdk/message.h"
#include "sdk/record.h"

#define FAKE_NAME_SIZE 65u /* codes and keys, with the zero byte */
#define FAKE_AGENCY_SIZE 27u
#define FAKE_OPTION_SIZE 128u
#define FAKE_SOCKET_SIZE 108u /* of a socket's address */
/* Connections at a time: a test has a few programs. */
#define FAKE_LINK_COUNT_MAX 64u
/* Requests that nobody took: the oldest are forgotten first. A batch fits. */
#define FAKE_RECEIVED_COUNT_MAX (REFER_BATCH_COUNT_MAX + 4096u)

/* Every referral names an agreement; this one says nothing. */
#define FAKE_MOU                                                               \
    "fa4efa4efa4efa4efa4efa4efa4efa4efa4efa4efa4efa4efa4efa4efa4efa4e"

/* What a fake can be set to. */
struct fake_options {
    char agency[FAKE_OPTION_SIZE];
    char name[FAKE_OPTION_SIZE];
    char peer[FAKE_OPTION_SIZE];
    char peer_name[FAKE_OPTION_SIZE];
    char rights[FAKE_OPTION_SIZE];
    char reachable[FAKE_OPTION_SIZE];
    char full[FAKE_OPTION_SIZE];
};

/* The newest that was wanted of a referral. */
struct fake_erasure {
    int64_t at_ms;
    char reason[16]; /* "": none was */
    bool is_whole;
    const char *notice; /* what the other agency makes of it; static */
};

/* A referral, ours or theirs. */
struct fake_case {
    struct fake_case *next; /* by id */
    char id[REFER_ID_SIZE];
    char peer[FAKE_AGENCY_SIZE];
    const char *state; /* static storage */
    bool is_outgoing;
    bool is_frozen; /* consent was taken back */
    bool is_erased; /* the request is gone */
    bool has_offer;
    uint32_t
        pending; /* steps of ours that the other agency has yet to answer */
    int64_t created_ms;
    int64_t updated_ms;
    struct fake_erasure erasure;
    struct sdk_records request; /* "referral", then its elements and grants */
};

/* One of the feed, in the order of positions. */
struct fake_event {
    struct fake_event *next;
    struct fake_case *of; /* NULL: of none */
    uint64_t position;
    bool is_exempt;             /* keeps its contents when others lose them */
    struct sdk_records records; /* "event", its details, its elements */
};

struct fake_key {
    struct fake_key *next;
    char key[FAKE_NAME_SIZE];
    uint8_t *request; /* as bytes without its number */
    size_t size;
    struct fake_case *of;
    bool is_pending; /* as it was answered first */
};

struct fake_cursor {
    struct fake_cursor *next; /* by name */
    char name[FAKE_NAME_SIZE];
    uint64_t acknowledged;
    uint64_t handed_out;
    uint64_t handed_max;
    uint32_t passes; /* how often what was handed out came again */
    uint64_t link;   /* who holds it, 0: nobody */
};

/* A "cursor.next" that waits. */
struct fake_waiter {
    struct fake_waiter *next;
    struct fake_cursor *cursor;
    uint64_t link;
    uint32_t number;
    uint32_t count;
    int64_t until_ms; /* steady */
};

/* A step of ours that is on its way to the other agency. */
struct fake_told {
    struct fake_told *next;
    struct fake_case *of;
    const char *step; /* static storage */
    char party;
};

/* Something else than the ordinary answer, once. */
struct fake_surprise {
    struct fake_surprise *next;
    char name[FAKE_NAME_SIZE]; /* operation here, step there */
    int fault;                 /* enum fake_fault; FAKE_FAULT_COUNT: none */
    uint32_t error;
    char problem[SDK_PROBLEM_SIZE];
    char clause[SDK_TEXT_SIZE];
    char remedy[SDK_TEXT_SIZE];
};

enum fake_fault {
    FAKE_LOSE_REQUEST,
    FAKE_LOSE_REPLY,
    FAKE_IGNORE,
    FAKE_NO_REPLY,
    FAKE_CUT_REPLY,
    FAKE_GARBAGE,
    FAKE_FAULT_COUNT
};

struct refer_fake_request {
    struct refer_fake_request *next;
    struct sdk_records records; /* "request" and the records that came */
    char operation[FAKE_NAME_SIZE];
    refer_status status;
    bool is_repeat;
    refer_referral *referral;
};

struct fake_server; /* serve.h */

struct refer_fake {
    pthread_mutex_t lock;
    pthread_cond_t came; /* something was received */
    char folder[FAKE_SOCKET_SIZE];
    char socket[FAKE_SOCKET_SIZE];
    struct fake_options options;
    char error[SDK_TEXT_SIZE];
    struct fake_server *server;
    bool is_up; /* it is to run, though a start may have failed */
    uint64_t epoch;
    uint64_t head; /* position of the last event */
    uint64_t id_count;
    struct fake_case *cases;
    struct fake_event *events;
    struct fake_event *last_event;
    struct fake_key *keys;
    struct fake_cursor *cursors;
    struct fake_waiter *waiters;
    struct fake_told *told; /* the oldest first */
    struct fake_surprise *surprises;
    struct fake_surprise *surprises_there;
    refer_fake_request *received; /* the oldest first */
    size_t received_count;
};

/* A request, as it came. */
struct fake_request {
    uint32_t number;
    char operation[FAKE_NAME_SIZE];
    struct sdk_records records; /* "request" with its fields, then the rest */
    uint8_t *bytes;             /* without the number; to tell repeats by */
    size_t size;
    uint64_t link;
    bool is_repeat; /* found out when it is served */
};

int64_t fake_wall_ms(void);
int64_t fake_steady_ms(void);

/* Numbers of the gateway's errors in replies. */
enum fake_error {
    FAKE_ERR_NONE = 0,
    FAKE_ERR_STATE = 1,
    FAKE_ERR_FORBIDDEN = 2,
    FAKE_ERR_MALFORMED = 4,
    FAKE_ERR_LIMIT = 5,
    FAKE_ERR_NO_MEMORY = 7,
    FAKE_ERR_FULL = 8,
    FAKE_ERR_NOT_FOUND = 9,
    FAKE_ERR_EXISTS = 10,
    FAKE_ERR_POLICY = 14,
    FAKE_ERR_CONFLICT = 15,
    FAKE_ERR_INVALID = 16,
    FAKE_ERR_TIMEOUT = 17,
    FAKE_ERR_CORRUPT = 19,
    FAKE_ERR_BUSY = 20,
    FAKE_ERR_VERSION = 22
};

/* Makes an error of the reply; always false, so that checks can return it. */
bool fake_refuse(struct sdk_reply *reply, uint32_t error, const char *problem,
    const char *clause, const char *remedy);
/* The same for want of memory. */
bool fake_exhausted(struct sdk_reply *reply);

/* Copies of `count` records from `start`, at the end of `records`. */
refer_status fake_records_copy(struct sdk_records *records,
    const struct sdk_records *from, size_t start, size_t count);

/* The first surprise of that name, or NULL. */
struct fake_surprise *fake_surprise_find(
    struct fake_surprise *list, const char *name);
/* Takes it out of the list and releases it. Accepts NULL. */
void fake_surprise_drop(
    struct fake_surprise **list, struct fake_surprise *surprise);

#endif
