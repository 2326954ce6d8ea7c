/*
 * local_socket.h - the door for programs of the agency: a Unix stream socket
 * of the gateway's own, one thread, frames as in frame.h. Knows nothing of
 * what a frame says.
 *
 * Who may: the socket file is open to all (0666); the mode of the directory it
 * is in decides which users reach it, and after that the kernel's word on the
 * caller's uid (SO_PEERCRED), against a table of uids and rights. A mode on
 * the file as well would be a second, weaker list to keep equal to the first.
 *
 * A client that breaks a rule costs itself its connection and nobody else
 * anything: one that opens too many, sends a frame too large or half of one,
 * or does not read its replies. Where all together leave too much unread, those
 * go that have read longest ago, and of them none that leaves little. One that
 * asks too much at once is not read until replies have gone out. Large frames
 * are read as far as there is room for them; others wait for their turn, and
 * small ones for none of them.
 *
 * Caveat: a client that closes its sending side is taken to be gone.
 */
#ifndef IO_LOCAL_SOCKET_H
#define IO_LOCAL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct local_socket_user {
    uid_t uid;
    uint32_t rights; /* handed on with each request */
};

/* 0 in a limit: the one of limits.h. */
struct local_socket_options {
    const char *path;
    const struct local_socket_user *users; /* copied */
    size_t user_count;
    size_t client_count_max;
    size_t client_count_max_per_user;
    size_t frame_size_max; /* of a request */
    size_t reply_size_max;
    size_t reading_size_max; /* of large requests being read, of all */
    size_t reading_size_max_per_user;
    size_t outstanding_count_max; /* of one client */
    size_t backlog_size_max;      /* of one client, bytes of replies */
    size_t unread_size_max;       /* of all with more than a small one */
    uint32_t frame_ms_max;        /* for a frame begun, either way */
    /* A clock that never goes back and never shows 0, asked by the socket's
     * thread; NULL: the machine's. */
    int64_t (*steady_ms)(void);
};

enum local_socket_refusal {
    LOCAL_REFUSAL_USER,       /* not in the table (any more) */
    LOCAL_REFUSAL_CLIENTS,    /* client_count_max are connected */
    LOCAL_REFUSAL_SHARE,      /* ... of this user */
    LOCAL_REFUSAL_FRAME_SIZE, /* a frame too large, or empty */
    LOCAL_REFUSAL_FRAME_SLOW, /* a frame begun and not ended in time */
    LOCAL_REFUSAL_READ_SLOW,  /* replies not read in time, or too many */
    LOCAL_REFUSAL_MEMORY,
    LOCAL_REFUSAL_COUNT
};

/* "user", "clients", "share", ...; static storage, "?" out of range. */
const char *local_socket_refusal_name(enum local_socket_refusal refusal);

/* All are called on the socket's thread, without a lock: they may call
 * local_socket_reply() and local_socket_resume(), never _close(). */
struct local_socket_events {
    void *user;
    /*
     * A request, borrowed for the call. False: there is no room for it now;
     * the same frame is given again after local_socket_resume(), and nobody
     * is read until then.
     */
    bool (*on_request)(void *user, uint64_t client, uint32_t rights, uid_t uid,
        const uint8_t *frame, size_t size);
    /* No request of this client comes any more, no reply reaches it. */
    void (*on_gone)(void *user, uint64_t client);
    /* A connection was closed for that reason (on_gone follows when requests
     * could come from it). For the log and a counter. */
    void (*on_refused)(
        void *user, uid_t uid, enum local_socket_refusal refusal);
};

struct local_socket;

/* What could not be done; `error` is the operating system's number, or 0. */
struct local_problem {
    const char *what; /* static storage */
    int error;
};

/*
 * Binds, listens, starts the thread. The file of a dead gateway is replaced.
 *   ERR_INVALID    the path is empty or too long for a socket
 *   ERR_BUSY       a gateway listens there
 *   ERR_EXISTS     something that is no socket is there
 *   ERR_IO         the operating system refused
 *   ERR_NO_MEMORY
 */
MUST_USE enum err local_socket_open(const struct local_socket_options *options,
    const struct local_socket_events *events, struct local_socket **out,
    struct local_problem *problem);

/* Ends the thread, closes all, removes the file if it is still ours. Accepts
 * NULL. No event is called once this has returned, on_gone is not for the
 * clients that were left. */
void local_socket_close(struct local_socket *socket);

/*
 * Sends a reply to a client: copied, and one request of its less outstanding.
 * Any thread. A client that cannot be told is closed, so that it knows.
 *   ERR_NOT_FOUND  the client is gone
 *   ERR_LIMIT      larger than a reply may be, or it does not read
 *   ERR_NO_MEMORY
 */
MUST_USE enum err local_socket_reply(struct local_socket *socket,
    uint64_t client, const uint8_t *bytes, size_t size);

/* Between the two, replies wait for each other: the socket's thread is woken
 * once for all of them. One thread at a time. */
void local_socket_hold(struct local_socket *socket);
void local_socket_release(struct local_socket *socket);

/* There is room again after on_request said no. Any thread. */
void local_socket_resume(struct local_socket *socket);

/* A new table: clients of users that are not in it are closed, the rights of
 * the others change with their next request. Any thread. ERR_NO_MEMORY: the
 * old table stays. */
MUST_USE enum err local_socket_set_clients(struct local_socket *socket,
    const struct local_socket_user *users, size_t user_count);

/* Programs that are connected now. Any thread. */
size_t local_socket_client_count(const struct local_socket *socket);

#endif
