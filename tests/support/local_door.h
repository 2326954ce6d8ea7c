/*
 * local_door.h - a local socket in a folder of its own, what it told, and
 * programs that knock at it.
 */
#ifndef SUPPORT_LOCAL_DOOR_H
#define SUPPORT_LOCAL_DOOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "io/local_socket.h"

#ifndef DOOR_PATIENCE_MS /* where a mistake is planted, less */
#define DOOR_PATIENCE_MS 300000
#endif
#define DOOR_RIGHTS 5u

/* The last request, and how many there were. */
struct door_seen {
    uint64_t client;
    uint32_t rights;
    uid_t uid;
    uint8_t first_byte;
    size_t request_count;
};

/* What the socket's thread told, for the test to wait for. */
struct door_log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct local_socket *local;
    bool echoes; /* replies at once, on the socket's thread */
    size_t room; /* requests taken before "no" */
    size_t request_count;
    size_t refused_room_count;
    size_t gone_count;
    size_t refusal_counts[LOCAL_REFUSAL_COUNT];
    struct door_seen seen;
};

struct door {
    char folder[32];
    char path[64];
    struct door_log log;
    struct local_socket *local;
};

/* The folder is there, and no socket yet. */
void door_init(struct door *door);
enum err door_open_with(struct door *door, struct local_socket_options options);
/* Both. */
void door_open(struct door *door, struct local_socket_options options);
void door_close(struct door *door);

/* Waits until the number is reached; never for ever. */
void door_await(struct door *door, const size_t *count, size_t at);
struct door_seen door_last(struct door *door);

/* ---- The other end ---- */

int door_dial(const struct door *door);
void door_put(int fd, const void *bytes, size_t size);
/* A frame of that many bytes, all the same. */
void door_put_frame(int fd, char byte, size_t size);
/* Reads up to that many bytes; fewer when the other end closes. */
size_t door_get(int fd, uint8_t *bytes, size_t size);
void door_assert_frame(int fd, char byte, size_t size);
/* Everything that comes until the end, thrown away. */
void door_assert_closed(int fd);
void door_assert_answers(int fd);

#endif
