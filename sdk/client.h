/*
 * client.h - a connection that comes back by itself, and the requests under
 * way on it. Replies are told apart by their numbers, so that a cursor's wait
 * for the next event stands in nobody's way.
 */
#ifndef SDK_CLIENT_H
#define SDK_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "message.h"
#include "refer/refer.h"

/* A request that was sent. An idle one is all zero. */
struct sdk_pending {
    struct sdk_pending *next;
    uint32_t number; /* 0: idle */
    bool is_answered;
    struct sdk_reply reply;
};

#define SDK_SOCKET_SIZE 108
#define SDK_APPLICATION_SIZE 64

struct refer_client {
    struct sdk_channel channel;
    uint64_t generation; /* of the connection: rises when it is lost */
    uint32_t number;
    bool is_greeted;
    struct sdk_pending hello;
    struct sdk_pending *pending;
    char socket[SDK_SOCKET_SIZE];
    char application[SDK_APPLICATION_SIZE];
    char error[2 * SDK_TEXT_SIZE];
    char problem[SDK_PROBLEM_SIZE];
    char clause[SDK_TEXT_SIZE];
    char remedy[SDK_TEXT_SIZE];
};

/* Opens a public call: forgets the last error. REFER_INVALID without a client,
 * REFER_INTERRUPTED after an interrupt. */
refer_status sdk_client_begin(refer_client *client);
/* Says what went wrong, in English; returns the status. */
refer_status sdk_client_fail(
    refer_client *client, refer_status status, const char *text);
/* Closes the connection; what was under way on it becomes idle. */
void sdk_client_disconnect(refer_client *client);
/* Connected and greeted. After REFER_TIMEOUT and REFER_INTERRUPTED it goes on
 * from where it was. */
refer_status sdk_client_ready(
    refer_client *client, struct sdk_deadline deadline);
/* Sends a request on a ready connection; its number is filled in. An error has
 * closed the connection, but for REFER_TOO_LARGE and REFER_NO_MEMORY. */
refer_status sdk_client_send(refer_client *client, struct sdk_pending *pending,
    struct sdk_request request, struct sdk_deadline deadline);
/* Waits for the reply and takes it over into *reply (release it); the pending
 * is idle again. After REFER_TIMEOUT and REFER_INTERRUPTED it is as before,
 * after any other error of the connection that is closed. An error that the
 * gateway reports is that error's status, and the client's texts. */
refer_status sdk_client_await(refer_client *client, struct sdk_pending *pending,
    struct sdk_deadline deadline, struct sdk_reply *reply);
/* Forgets an unanswered request; that costs the connection. */
void sdk_client_abandon(refer_client *client, struct sdk_pending *pending);
/* All of it: ready, send, await. REFER_TIMEOUT or REFER_INTERRUPTED once the
 * request is under way closes the connection. */
refer_status sdk_client_call(refer_client *client, struct sdk_request request,
    struct sdk_deadline deadline, struct sdk_reply *reply);

#endif
