/*
 * gateway.h - what referctl asks of the running gateway: one operation with
 * fields and records, one reply. gateway_sdk.c asks over the socket with
 * librefer; tests answer from a script.
 */
#ifndef REFERCTL_GATEWAY_H
#define REFERCTL_GATEWAY_H

#include "referctl/exit_code.h"
#include "referctl/record.h"

struct request {
    const char *operation;
    struct record fields; /* its type is not sent */
    struct records records;
};

struct reply {
    enum exit_code code;
    const char *message; /* what went wrong; "" when nothing did */
    const char *problem; /* "ELEMENT_NOT_ALLOWED", or "" */
    const char *clause;  /* a path in the MOU, the file or the request, or "" */
    const char *remedy;  /* what to do next, or "" */
    bool in_time;        /* false: nothing came within timeout_ms */
    struct records records;
};

enum gateway_add {
    GATEWAY_ADDED,
    GATEWAY_FULL,   /* submit first, then add it again */
    GATEWAY_REFUSED /* the reply says why */
};

struct gateway {
    /* Fills *reply, whatever happens; everything in it is the pool's. */
    void (*call)(struct gateway *gateway, const struct request *request,
        int timeout_ms, struct pool *pool, struct reply *reply);
    /* Puts a referral, in the records of "submit", into a batch. */
    enum gateway_add (*add)(struct gateway *gateway,
        const struct records *referral, const char *key, struct pool *pool,
        struct reply *reply);
    /* Hands the batch over, which is then empty. With EXIT_CODE_DONE there is a
     * record for each, in their order: "referral" {id} or "refusal" {message,
     * problem, clause, remedy}. Else it is not known which are stored. */
    void (*submit)(struct gateway *gateway, int timeout_ms, struct pool *pool,
        struct reply *reply);
    void (*close)(struct gateway *gateway);
};

/*
 * Connects to the socket. NULL on failure with *reply saying why
 * (EXIT_CODE_UNREACHABLE, or EXIT_CODE_LOCAL without memory).
 */
struct gateway *gateway_connect(const char *socket_path, int timeout_ms,
    struct pool *pool, struct reply *reply);

#endif
