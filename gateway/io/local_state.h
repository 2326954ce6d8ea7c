/*
 * local_state.h - the inside of the local socket: what its thread alone looks
 * at (local_turn.c), and what any thread may, under the lock.
 */
#ifndef IO_LOCAL_STATE_H
#define IO_LOCAL_STATE_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/local_client.h"
#include "io/local_path.h"
#include "io/local_socket.h"

/* Of the polled descriptors: the two below, then one a client. */
enum { POLLED_WAKE, POLLED_LISTENER, POLLED_CLIENTS };

struct local_socket {
    struct local_socket_events events;
    struct local_socket_options limits; /* path and users: see below */
    char *path;
    struct local_path_mark mark;
    int listener;
    int wake[2];
    pthread_t thread;

    /* the thread's alone */
    struct local_client *clients; /* limits.client_count_max places */
    struct pollfd *polled;
    _Atomic size_t client_count; /* others may look */
    uint64_t serial;
    int64_t accept_at_ms;
    bool is_paused;      /* somebody's frame found no room */
    size_t reading_size; /* reserved for large frames */
    bool has_freed;      /* some of it was given back */
    size_t room_turn;    /* the place to be asked first */

    pthread_mutex_t lock; /* for what follows and parts of the clients */
    struct local_socket_user *users;
    size_t user_count;
    uint64_t read_serial; /* counts when one began to wait, or read */
    size_t unread_size;   /* of backlogs above LOCAL_LARGE_SIZE_MIN */
    bool has_new_users;
    bool has_room;
    bool is_held;  /* replies wait for local_socket_release() */
    bool has_held; /* ... and some do */
    bool is_awake; /* a byte is in the wake pipe */
    bool is_ending;
};

void local_lock(struct local_socket *local);
void local_unlock(struct local_socket *local);
/* Under the lock: so many bytes wait for the client to be read. */
void local_backlog_set(
    struct local_socket *local, struct local_client *client, size_t size);
/* Under the lock: dooms clients until what all leave is within the bound.
 * Returns frames to be freed without it; the thread closes. */
struct local_frame *local_unread_shed(struct local_socket *local);
/* Under the lock: the thread takes a turn. */
void local_wake(struct local_socket *local);

/* The thread: turns until it is told to end. Its argument is the socket. */
void *local_turn_run(void *user);

#endif
